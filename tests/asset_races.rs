//! What happens to the same assets at once. Whatever wins, nothing fails for reasons of the server,
//! and the closing checks find every count right.

use std::future::Future;
use std::pin::Pin;

use albumen::v1::{
    Album, Asset, AssetVisibility, DownloadAssetRequest, ReorderAlbumAssetsRequest, SharedLink,
    UpdateAlbumRequest,
};
use albumen_server::config::Config;
use albumen_server::entity::album_member::Role;
use futures::future::join_all;
use prost_types::Timestamp;
use tonic::{Code, Status};

use crate::support::person::ids;
use crate::support::{Person, fixtures, test, test_with};

type Call = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

fn call<T: Send>(future: impl Future<Output = Result<T, Status>> + Send + 'static) -> Call {
    Box::pin(async move { future.await.map(drop) })
}

/// Runs calls at once. Each succeeds or fails with one of the codes.
async fn all(calls: Vec<Call>, codes: &[Code]) {
    for answer in join_all(calls).await {
        if let Err(status) = answer {
            assert!(codes.contains(&status.code()), "{status:?}");
        }
    }
}

fn trash(who: &Person, assets: &[Asset]) -> Call {
    let (who, assets) = (who.clone(), assets.to_vec());
    call(async move { who.trash(&assets).await })
}

fn restore(who: &Person, assets: &[Asset]) -> Call {
    let (who, assets) = (who.clone(), assets.to_vec());
    call(async move { who.restore(&assets).await })
}

fn delete(who: &Person, assets: &[Asset]) -> Call {
    let (who, assets) = (who.clone(), assets.to_vec());
    call(async move { who.delete(&assets).await })
}

fn add(who: &Person, album: &Album, assets: &[Asset]) -> Call {
    let (who, album, assets) = (who.clone(), album.clone(), assets.to_vec());
    call(async move { who.add(&album, &assets).await })
}

fn show(who: &Person, assets: &[Asset], visibility: AssetVisibility) -> Call {
    let (who, assets) = (who.clone(), assets.to_vec());
    call(async move { who.show(&assets, visibility).await })
}

#[tokio::test]
async fn one_asset_is_trashed_restored_added_and_locked_at_once() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let assets = ann.photos(0..1).await;
        let albums = [ann.album("a", &assets).await, ann.album("b", &[]).await];
        for _ in 0..15 {
            let calls = vec![
                trash(&ann, &assets),
                add(&ann, &albums[0], &assets),
                restore(&ann, &assets),
                show(&ann, &assets, AssetVisibility::Locked),
                add(&ann, &albums[1], &assets),
                trash(&ann, &assets),
                show(&ann, &assets, AssetVisibility::Timeline),
                restore(&ann, &assets),
            ];
            all(calls, &[Code::FailedPrecondition]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_locked_asset_is_in_no_album_whoever_came_first() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("a", &[]).await;
        for number in 0..15 {
            let assets = ann.photos(number..number + 1).await;
            let lock = show(&ann, &assets, AssetVisibility::Locked);
            all(vec![add(&ann, &album, &assets), lock], &[Code::FailedPrecondition]).await;
            assert_eq!(ann.get_album(&album).await.asset_count, 0);
        }
    })
    .await;
}

#[tokio::test]
async fn a_download_of_an_asset_that_is_deleted_ends_cleanly() {
    test(|server| async move {
        let ann = server.user("ann").await;
        for number in 0..8 {
            let assets = [ann.upload("a.jpg", &fixtures::sized_photo(number, 6 << 20)).await];
            ann.trash(&assets).await.unwrap();
            let (who, asset) = (ann.clone(), assets[0].clone());
            let download = call(async move {
                let asset_id = asset.id.clone();
                let request = DownloadAssetRequest { asset_id, ..Default::default() };
                let mut stream = who.assets().download_asset(request).await?.into_inner();
                let mut count = 0;
                while stream.message().await?.is_some() {
                    count += 1;
                }
                assert_eq!(count, 7);
                Ok(())
            });
            all(vec![download, delete(&ann, &assets)], &[Code::NotFound]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn bytes_that_arrive_while_they_are_deleted_are_there_or_come_back() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let bytes = fixtures::photo(0);
        for _ in 0..10 {
            let assets = [ann.upload("a.jpg", &bytes).await];
            let album = ann.album("a", &assets).await;
            ann.trash(&assets).await.unwrap();
            let upload = ann.create_upload("b.jpg", bytes.len()).await;
            ann.stream(&upload.id, 0, &bytes).await.unwrap();
            let who = ann.clone();
            let finish = call(async move {
                let asset = who.finish(&upload.id).await?;
                assert_eq!(asset.delete_time, None);
                Ok(())
            });
            // Restored by then, it is not in the trash.
            all(vec![finish, delete(&ann, &assets)], &[Code::FailedPrecondition]).await;
            assert_eq!(ann.timeline().await.len(), 1);
            assert!(ann.get_album(&album).await.asset_count <= 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_trash_that_is_emptied_twice_at_once_is_empty() {
    test(|server| async move {
        let ann = server.user("ann").await;
        for _ in 0..3 {
            let assets = ann.photos(0..6).await;
            ann.album("a", &assets).await;
            ann.trash(&assets[..5]).await.unwrap();
            let (one, two) = tokio::join!(ann.empty_trash(), ann.empty_trash());
            assert_eq!(one + two, 5);
            assert_eq!(ann.timeline().await, ["5.jpg"]);
        }
    })
    .await;
}

/// Owners whose assets are in the same albums lock these in the same order.
#[tokio::test]
async fn many_albums_of_many_owners_change_at_once() {
    let change = |config: &mut Config| config.database_connections = 20;
    test_with(change, |server| async move {
        let people = [server.user("ann").await, server.user("bob").await];
        let mut albums = Vec::new();
        for (index, name) in ["a", "b", "c", "d"].iter().enumerate() {
            let (owner, other) = (&people[index % 2], &people[(index + 1) % 2]);
            let album = owner.album(name, &[]).await;
            server.member(&album, other, Role::Editor).await;
            albums.push(album);
        }
        let mut assets = Vec::new();
        for (who, numbers) in people.iter().zip([0..4, 10..14]) {
            assets.push(who.photos(numbers).await);
        }
        for (who, own) in people.iter().zip(&assets) {
            for album in &albums {
                who.add(album, own).await.unwrap();
            }
        }
        for round in 0..8 {
            let mut calls = Vec::new();
            for (who, own) in people.iter().zip(&assets) {
                let first = if own[0].file_name == "0.jpg" { 0 } else { 10 };
                let changes = [
                    trash(who, &own[..3]),
                    restore(who, &own[1..]),
                    retake(who, own, 1_700_000_000 + round),
                    reupload(who, &albums[3], first),
                ];
                for (album, change) in albums.iter().zip(changes) {
                    calls.push(link(who, album));
                    calls.push(change);
                    calls.push(reorder(who, album, &own[3..]));
                    calls.push(add(who, album, &own[2..]));
                    calls.push(cover(who, album, &own[3]));
                }
            }
            let codes = [Code::FailedPrecondition, Code::NotFound, Code::InvalidArgument];
            all(calls, &codes).await;
        }
    })
    .await;
}

fn retake(who: &Person, assets: &[Asset], seconds: i64) -> Call {
    let (who, assets) = (who.clone(), assets.to_vec());
    let capture_time = Some(Timestamp { seconds, nanos: 0 });
    call(async move {
        who.update(&assets, Asset { capture_time, ..Asset::default() }, &["capture_time"]).await
    })
}

/// Sends the bytes of a photo again, which restores it, into an album.
fn reupload(who: &Person, album: &Album, number: u32) -> Call {
    let (who, album_id) = (who.clone(), album.id.clone());
    call(async move {
        let bytes = fixtures::photo(number);
        let upload = albumen::v1::Upload {
            file_name: "again.jpg".to_owned(),
            size_bytes: bytes.len().try_into().unwrap(),
            album_id,
            ..Default::default()
        };
        let request =
            albumen::v1::CreateUploadRequest { upload: Some(upload), ..Default::default() };
        let upload = who.uploads().create_upload(request).await?.into_inner();
        who.stream(&upload.id, 0, &bytes).await?;
        who.finish(&upload.id).await
    })
}

fn reorder(who: &Person, album: &Album, assets: &[Asset]) -> Call {
    let (who, album_id, asset_ids) = (who.clone(), album.id.clone(), ids(assets));
    call(async move {
        let previous_asset_id = String::new();
        let request = ReorderAlbumAssetsRequest { album_id, asset_ids, previous_asset_id };
        who.albums().reorder_album_assets(request).await
    })
}

/// A row that refers to the album and to the person, while both may be locked.
fn link(who: &Person, album: &Album) -> Call {
    let (who, album) = (who.clone(), album.clone());
    call(async move { Ok(who.link(&album, SharedLink::default()).await) })
}

fn cover(who: &Person, album: &Album, asset: &Asset) -> Call {
    let (who, album_id) = (who.clone(), album.id.clone());
    let album = Album { cover_asset_id: asset.id.clone(), ..Album::default() };
    call(async move {
        let request = UpdateAlbumRequest { album_id, album: Some(album), update_mask: None };
        who.albums().update_album(request).await
    })
}
