//! `AlbumService`.

use albumen::v1::list_albums_request::Order;
use albumen::v1::{
    AddAlbumAssetsRequest, Album, AlbumOrder, AlbumRole, Asset, CreateAlbumRequest,
    DeleteAlbumRequest, GetAlbumRequest, ListAlbumsRequest, ListAssetsRequest,
    RemoveAlbumAssetsRequest, ReorderAlbumAssetsRequest, RestoreAlbumRequest, UpdateAlbumRequest,
};
use prost_types::FieldMask;
use tonic::{Code, Response, Status};

use crate::support::person::ids;
use crate::support::{Person, expect_code, expect_fields, expect_reason, metadata, test};

const UNKNOWN: &str = "0192d3a0-0000-7000-8000-00000000dead";

async fn get(who: &Person, id: &str) -> Album {
    let request = GetAlbumRequest { album_id: id.to_owned() };
    who.albums().get_album(request).await.unwrap().into_inner()
}

async fn add(who: &Person, album: &Album, assets: &[Asset]) -> Result<i32, Status> {
    let request = AddAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(assets) };
    Ok(who.albums().add_album_assets(request).await?.into_inner().added_count)
}

async fn names(who: &Person, album: &Album) -> Vec<String> {
    let album_id = album.id.clone();
    let request = ListAssetsRequest { album_id, page_size: 1000, ..Default::default() };
    let page = who.assets().list_assets(request).await.unwrap().into_inner();
    page.assets.into_iter().map(|asset| asset.file_name).collect()
}

fn update(album: &Album, values: Album, paths: &[&str]) -> UpdateAlbumRequest {
    let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
    UpdateAlbumRequest {
        album_id: album.id.clone(),
        album: Some(values),
        update_mask: (!paths.is_empty()).then_some(FieldMask { paths }),
    }
}

async fn delete(who: &Person, album: &Album) -> Result<Response<Album>, Status> {
    let request = DeleteAlbumRequest { album_id: album.id.clone(), etag: String::new() };
    who.albums().delete_album(request).await
}

mod create_album {
    use super::*;

    #[tokio::test]
    async fn counts_dates_and_cover_are_there_at_once() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Summer", &assets).await;
            assert_eq!(album.asset_count, 3);
            assert_eq!(album.cover_asset_id, assets[0].id);
            assert_eq!(album.first_time, assets[0].create_time);
            assert_eq!(album.role(), AlbumRole::Owner);
            assert_eq!(album.order(), AlbumOrder::NewestFirst);
            assert_eq!(album.owner_id, ann.user.id);
            assert_eq!(get(&ann, &album.id).await, album);
        })
        .await;
    }

    #[tokio::test]
    async fn one_asset_of_somebody_else_makes_no_album() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let mut assets = ann.photos(0..1).await;
            assets.extend(bob.photos(5..6).await);
            let album = Album { display_name: "x".to_owned(), ..Album::default() };
            let request = CreateAlbumRequest {
                album: Some(album),
                asset_ids: ids(&assets),
                ..CreateAlbumRequest::default()
            };
            let answer = ann.albums().create_album(request).await;
            let status = expect_reason(answer, Code::NotFound, "RESOURCE_NOT_FOUND");
            assert_eq!(metadata(&status, "resource_id"), assets[1].id);
            let albums = ann.albums().list_albums(ListAlbumsRequest::default()).await.unwrap();
            assert!(albums.into_inner().albums.is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn a_name_of_spaces_is_none() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let named = |name: &str| Album { display_name: name.to_owned(), ..Album::default() };
            let album = ann.album("x", &[]).await;
            for name in ["", " \t\u{3000}"] {
                let request = CreateAlbumRequest { album: Some(named(name)), ..Default::default() };
                expect_fields(ann.albums().create_album(request).await, &["album.display_name"]);
                let request = update(&album, named(name), &["display_name"]);
                expect_fields(ann.albums().update_album(request).await, &["album.display_name"]);
            }
            assert_eq!(get(&ann, &album.id).await.display_name, "x");
        })
        .await;
    }

    #[tokio::test]
    async fn a_repeated_call_gives_the_current_album() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let request = CreateAlbumRequest {
                album: Some(Album { display_name: "x".to_owned(), ..Album::default() }),
                request_id: UNKNOWN.to_uppercase(),
                ..CreateAlbumRequest::default()
            };
            let first = ann.albums().create_album(request.clone()).await.unwrap().into_inner();
            assert_eq!(first.id, UNKNOWN);
            let renamed = Album { display_name: "y".to_owned(), ..Album::default() };
            ann.albums().update_album(update(&first, renamed, &[])).await.unwrap();
            let again = ann.albums().create_album(request.clone()).await.unwrap().into_inner();
            assert_eq!(again.display_name, "y");
            let bob = server.user("bob").await;
            expect_code(bob.albums().create_album(request).await, Code::AlreadyExists);
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_are_named() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = Album {
                display_name: "x".repeat(256),
                description: "x".repeat(4001),
                order: 9,
                ..Album::default()
            };
            let request = CreateAlbumRequest {
                album: Some(album),
                asset_ids: vec![UNKNOWN.to_owned(), UNKNOWN.to_owned(), "x".to_owned()],
                request_id: "x".to_owned(),
                ..CreateAlbumRequest::default()
            };
            let fields = [
                "album.display_name",
                "album.description",
                "album.order",
                "asset_ids",
                "asset_ids[2]",
                "request_id",
            ];
            let answer = ann.albums().create_album(request).await.unwrap_err();
            let details = tonic_types::StatusExt::get_error_details(&answer);
            let mut found: Vec<_> = details
                .bad_request()
                .unwrap()
                .field_violations
                .iter()
                .map(|violation| violation.field.clone())
                .collect();
            found.sort();
            let mut fields = fields.map(str::to_owned);
            fields.sort();
            assert_eq!(found, fields);
            let request =
                CreateAlbumRequest { album: Some(Album::default()), ..Default::default() };
            expect_fields(ann.albums().create_album(request).await, &["album.display_name"]);
        })
        .await;
    }
}

mod list_albums {
    use super::*;

    async fn list(who: &Person, request: ListAlbumsRequest) -> Vec<String> {
        let mut found = Vec::new();
        let mut request = request;
        loop {
            let page = who.albums().list_albums(request.clone()).await.unwrap().into_inner();
            found.extend(page.albums.into_iter().map(|album| album.display_name));
            if page.next_page_token.is_empty() {
                return found;
            }
            request.page_token = page.next_page_token;
        }
    }

    #[tokio::test]
    async fn every_order_gives_every_album_once() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            for (name, asset) in [("b", Some(0)), ("Ä", None), ("a", Some(1)), ("C", None)] {
                server.sleep(std::time::Duration::from_secs(1));
                let assets: Vec<_> =
                    asset.map(|index: usize| assets[index].clone()).into_iter().collect();
                ann.album(name, &assets).await;
            }
            for (order, expected) in [
                (Order::Unspecified, ["C", "a", "Ä", "b"]),
                (Order::CreateTimeAsc, ["b", "Ä", "a", "C"]),
                (Order::UpdateTimeDesc, ["C", "a", "Ä", "b"]),
                (Order::DisplayName, ["a", "b", "C", "Ä"]),
            ] {
                for page_size in [1, 3, 0] {
                    let request =
                        ListAlbumsRequest { order: order.into(), page_size, ..Default::default() };
                    assert_eq!(list(&ann, request).await, expected, "{order:?}");
                }
            }
            let request = ListAlbumsRequest {
                order: Order::LastTimeDesc.into(),
                page_size: 1,
                ..Default::default()
            };
            let found = list(&ann, request).await;
            assert_eq!(found.len(), 4);
            assert!(["a", "b"].contains(&found[0].as_str()), "empty albums come last: {found:?}");
            assert!(["a", "b"].contains(&found[1].as_str()), "empty albums come last: {found:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn filters_narrow_the_list() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            ann.album("100% Summer", &assets).await;
            ann.album("100 Winter", &[]).await;
            let named = |text: &str| ListAlbumsRequest {
                display_name_contains: text.to_owned(),
                ..Default::default()
            };
            assert_eq!(list(&ann, named("SUMM")).await, ["100% Summer"]);
            assert_eq!(list(&ann, named("0% ")).await, ["100% Summer"]);
            assert_eq!(list(&ann, named("0_W")).await, Vec::<String>::new());
            let with = ListAlbumsRequest { asset_id: assets[0].id.clone(), ..Default::default() };
            assert_eq!(list(&ann, with).await, ["100% Summer"]);
            let owner =
                ListAlbumsRequest { min_role: AlbumRole::Owner.into(), ..Default::default() };
            assert_eq!(list(&ann, owner).await.len(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn the_trash_is_shown_on_request() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Gone", &[]).await;
            delete(&ann, &album).await.unwrap();
            assert!(list(&ann, ListAlbumsRequest::default()).await.is_empty());
            let trash = ListAlbumsRequest { show_deleted: true, ..Default::default() };
            assert_eq!(list(&ann, trash).await, ["Gone"]);
        })
        .await;
    }
}

mod update_album {
    use super::*;

    #[tokio::test]
    async fn the_mask_says_what_changes() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let album = ann.album("Summer", &assets).await;
            let values = Album {
                display_name: "Winter".to_owned(),
                description: "snow".to_owned(),
                order: AlbumOrder::OldestFirst.into(),
                cover_asset_id: assets[1].id.clone(),
                ..Album::default()
            };
            let request = update(&album, values.clone(), &["description"]);
            let updated = ann.albums().update_album(request).await.unwrap().into_inner();
            assert_eq!(
                (updated.display_name.as_str(), updated.description.as_str()),
                ("Summer", "snow")
            );
            let updated = ann.albums().update_album(update(&album, values, &[])).await.unwrap();
            let updated = updated.into_inner();
            assert_eq!(updated.display_name, "Winter");
            assert_eq!(updated.order(), AlbumOrder::OldestFirst);
            assert_eq!(updated.cover_asset_id, assets[1].id);
            let paths = ["description", "cover_asset_id"];
            let request = update(&album, Album::default(), &paths);
            let cleared = ann.albums().update_album(request).await.unwrap().into_inner();
            assert_eq!(cleared.description, "");
            assert_eq!(cleared.cover_asset_id, assets[0].id, "the first in order");
            let values = Album { order: AlbumOrder::NewestFirst.into(), ..Album::default() };
            let request = update(&album, values, &["cover_asset_id", "order"]);
            let turned = ann.albums().update_album(request).await.unwrap().into_inner();
            assert_eq!(turned.cover_asset_id, assets[1].id, "the first in the new order");
        })
        .await;
    }

    #[tokio::test]
    async fn an_old_etag_changes_nothing() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let values = |etag: &str| Album {
                display_name: "Winter".to_owned(),
                etag: etag.to_owned(),
                ..Album::default()
            };
            let request = update(&album, values(&album.etag), &[]);
            let updated = ann.albums().update_album(request.clone()).await.unwrap().into_inner();
            assert_ne!(updated.etag, album.etag);
            let status = expect_reason(
                ann.albums().update_album(request).await,
                Code::Aborted,
                "ETAG_MISMATCH",
            );
            assert_eq!(metadata(&status, "etag"), updated.etag);
            let request = DeleteAlbumRequest { album_id: album.id.clone(), etag: album.etag };
            expect_code(ann.albums().delete_album(request).await, Code::Aborted);
        })
        .await;
    }

    #[tokio::test]
    async fn a_cover_from_elsewhere_and_unknown_paths_are_refused() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &[]).await;
            let cover = Album { cover_asset_id: assets[0].id.clone(), ..Album::default() };
            let answer = ann.albums().update_album(update(&album, cover, &[])).await;
            expect_fields(answer, &["album.cover_asset_id"]);
            for path in ["*", "id", "asset_count", "album.display_name", ""] {
                let request = update(&album, Album::default(), &[path]);
                expect_fields(ann.albums().update_album(request).await, &["update_mask"]);
            }
            let request = update(&album, Album::default(), &["display_name"]);
            expect_fields(ann.albums().update_album(request).await, &["album.display_name"]);
        })
        .await;
    }
}

mod delete_and_restore_album {
    use super::*;

    #[tokio::test]
    async fn an_album_comes_back_as_it_was() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &ann.photos(0..2).await).await;
            let trashed = delete(&ann, &album).await.unwrap().into_inner();
            assert!(trashed.delete_time.is_some());
            assert_eq!(delete(&ann, &album).await.unwrap().into_inner(), trashed, "again");
            assert_eq!(get(&ann, &album.id).await.delete_time, trashed.delete_time);
            let request = RestoreAlbumRequest { album_id: album.id.clone() };
            for _ in 0..2 {
                let restored = ann.albums().restore_album(request.clone()).await.unwrap();
                assert_eq!(restored.into_inner().album.unwrap().delete_time, None);
            }
            assert_eq!(names(&ann, &album).await, ["1.jpg", "0.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn an_album_in_the_trash_takes_no_change() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &assets).await;
            delete(&ann, &album).await.unwrap();
            let named = Album { display_name: "x".to_owned(), ..Album::default() };
            let renamed = ann.albums().update_album(update(&album, named, &[])).await;
            expect_reason(renamed, Code::FailedPrecondition, "TRASHED");
            let added = add(&ann, &album, &assets).await.map(Response::new);
            expect_reason(added, Code::FailedPrecondition, "TRASHED");
        })
        .await;
    }
}

mod contents {
    use super::*;

    #[tokio::test]
    async fn adding_twice_is_a_success_that_says_so() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Summer", &assets[..1]).await;
            let request =
                AddAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(&assets) };
            let answer = ann.albums().add_album_assets(request).await.unwrap().into_inner();
            assert_eq!(answer.added_count, 2);
            assert_eq!(answer.existing_asset_ids, [assets[0].id.clone()]);
            assert_eq!(get(&ann, &album.id).await.asset_count, 3);
        })
        .await;
    }

    #[tokio::test]
    async fn one_unknown_asset_adds_none() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &[]).await;
            assets.push(Asset { id: UNKNOWN.to_owned(), ..Asset::default() });
            let answer = add(&ann, &album, &assets).await.map(Response::new);
            let status = expect_code(answer, Code::NotFound);
            assert_eq!(metadata(&status, "resource_id"), UNKNOWN);
            assert_eq!(get(&ann, &album.id).await.asset_count, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn counts_hold_when_many_add_and_remove_at_once() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..8).await;
            let album = ann.album("Summer", &[]).await;
            let adds = (0..8).map(|start| add(&ann, &album, &assets[start / 2..start / 2 + 4]));
            let added = futures::future::join_all(adds).await;
            let added: i32 = added.into_iter().map(Result::unwrap).sum();
            assert_eq!(added, 7);
            let removes = (0..4).map(|start| {
                let request = RemoveAlbumAssetsRequest {
                    album_id: album.id.clone(),
                    asset_ids: ids(&assets[start..start + 4]),
                };
                let mut albums = ann.albums();
                async move { albums.remove_album_assets(request).await }
            });
            let removed = futures::future::join_all(removes).await;
            let removed: i32 =
                removed.into_iter().map(|answer| answer.unwrap().into_inner().removed_count).sum();
            assert_eq!(removed, 7);
            assert_eq!(get(&ann, &album.id).await.cover_asset_id, "");
        })
        .await;
    }

    #[tokio::test]
    async fn a_removed_cover_is_replaced() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Summer", &assets).await;
            let request = RemoveAlbumAssetsRequest {
                album_id: album.id.clone(),
                asset_ids: vec![assets[0].id.clone(), UNKNOWN.to_owned()],
            };
            let removed = ann.albums().remove_album_assets(request).await.unwrap().into_inner();
            assert_eq!(removed.removed_count, 1);
            assert_eq!(get(&ann, &album.id).await.cover_asset_id, assets[2].id);
        })
        .await;
    }
}

mod reorder_album_assets {
    use super::*;

    async fn reorder(who: &Person, album: &Album, moved: &[Asset], previous: Option<&Asset>) {
        let request = ReorderAlbumAssetsRequest {
            album_id: album.id.clone(),
            asset_ids: ids(moved),
            previous_asset_id: previous.map(|asset| asset.id.clone()).unwrap_or_default(),
        };
        who.albums().reorder_album_assets(request).await.unwrap();
    }

    async fn manual(who: &Person, assets: &[Asset]) -> Album {
        let album = who.album("Manual", assets).await;
        let values = Album { order: AlbumOrder::Manual.into(), ..Album::default() };
        who.albums().update_album(update(&album, values, &[])).await.unwrap();
        album
    }

    #[tokio::test]
    async fn assets_stand_where_they_were_put() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..5).await;
            let album = manual(&ann, &assets).await;
            let pick = |indices: &[usize]| -> Vec<Asset> {
                indices.iter().map(|index| assets[*index].clone()).collect()
            };
            reorder(&ann, &album, &pick(&[4, 1]), None).await;
            assert_eq!(names(&ann, &album).await, ["4.jpg", "1.jpg", "0.jpg", "2.jpg", "3.jpg"]);
            reorder(&ann, &album, &pick(&[4, 0]), Some(&assets[2])).await;
            assert_eq!(names(&ann, &album).await, ["1.jpg", "2.jpg", "4.jpg", "0.jpg", "3.jpg"]);
            reorder(&ann, &album, &pick(&[1]), Some(&assets[3])).await;
            assert_eq!(names(&ann, &album).await, ["2.jpg", "4.jpg", "0.jpg", "3.jpg", "1.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn one_place_takes_any_number_of_insertions() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..4).await;
            let album = manual(&ann, &assets).await;
            for round in 0..60 {
                let moved = &assets[2 + round % 2..3 + round % 2];
                reorder(&ann, &album, moved, Some(&assets[0])).await;
            }
            assert_eq!(names(&ann, &album).await, ["0.jpg", "3.jpg", "2.jpg", "1.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn large_albums_take_any_number_of_insertions_too() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..210).await;
            let album = manual(&ann, &assets).await;
            // All at once, and then into one place until it is full.
            let backwards: Vec<_> = assets.iter().rev().cloned().collect();
            reorder(&ann, &album, &backwards, None).await;
            let (first, last) = (&assets[209], &assets[..2]);
            for round in 0..24 {
                reorder(&ann, &album, &last[round % 2..=round % 2], Some(first)).await;
            }
            let mut expected: Vec<_> = backwards.iter().map(|it| it.file_name.clone()).collect();
            expected.truncate(208);
            expected.splice(1..1, ["1.jpg".to_owned(), "0.jpg".to_owned()]);
            assert_eq!(names(&ann, &album).await, expected);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_not_in_the_album_cannot_be_moved() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = manual(&ann, &assets[..2]).await;
            let request = |moved: &[Asset], previous: &str| ReorderAlbumAssetsRequest {
                album_id: album.id.clone(),
                asset_ids: ids(moved),
                previous_asset_id: previous.to_owned(),
            };
            let mut albums = ann.albums();
            let answer = albums.reorder_album_assets(request(&assets[1..], "")).await;
            assert_eq!(metadata(&expect_code(answer, Code::NotFound), "resource_id"), assets[2].id);
            let answer = albums.reorder_album_assets(request(&assets[..1], &assets[2].id)).await;
            expect_code(answer, Code::NotFound);
            let answer = albums.reorder_album_assets(request(&assets[..1], &assets[0].id)).await;
            expect_fields(answer, &["previous_asset_id"]);
        })
        .await;
    }
}
