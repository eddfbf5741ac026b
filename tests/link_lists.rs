//! Links to lists of assets.

use std::time::Duration;

use albumen::v1::create_export_request::Source;
use albumen::v1::{
    AddAlbumAssetsRequest, AddSharedLinkAssetsRequest, AddSharedLinkAssetsResponse, Asset,
    AssetVisibility, CreateExportRequest, CreateSharedLinkRequest, DeleteAlbumRequest,
    DeleteSharedLinkRequest, DownloadAssetRequest, GetAlbumRequest, GetOpenedLinkRequest,
    GetSharedLinkRequest, GetTimelineBucketsRequest, GuestActivity, ListAlbumsRequest,
    ListAssetsRequest, ListSharedLinksRequest, OpenedLink, RemoveSharedLinkAssetsRequest,
    RestoreAssetsRequest, SharedLink, SharedLinkKind, TrashAssetsRequest, UpdateAssetsRequest,
    UpdateSharedLinkRequest,
};
use albumen_server::entity::{album, shared_link};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use tonic::{Code, Response, Status};

use crate::support::person::ids;
use crate::support::{
    Person, TestServer, expect_code, expect_fields, expect_reason, fixtures, metadata, test,
};

async fn shown(who: &Person, link: &SharedLink) -> Result<Vec<String>, Status> {
    let request =
        ListAssetsRequest { shared_link_id: link.id.clone(), ..ListAssetsRequest::default() };
    let answer = who.assets().list_assets(request).await?.into_inner();
    Ok(ids(&answer.assets))
}

async fn add(
    who: &Person,
    link: &SharedLink,
    assets: &[Asset],
) -> Result<Response<AddSharedLinkAssetsResponse>, Status> {
    let request =
        AddSharedLinkAssetsRequest { shared_link_id: link.id.clone(), asset_ids: ids(assets) };
    who.links().add_shared_link_assets(request).await
}

async fn remove(who: &Person, link: &SharedLink, assets: &[Asset]) -> Result<i32, Status> {
    let request =
        RemoveSharedLinkAssetsRequest { shared_link_id: link.id.clone(), asset_ids: ids(assets) };
    Ok(who.links().remove_shared_link_assets(request).await?.into_inner().removed_count)
}

async fn opened(guest: &Person) -> OpenedLink {
    let request = GetOpenedLinkRequest::default();
    guest.links().get_opened_link(request).await.unwrap().into_inner()
}

async fn lists(server: &TestServer) -> Vec<album::Model> {
    let lists = album::Entity::find().filter(album::Column::IsList.eq(true));
    lists.all(server.app.database.reader()).await.unwrap()
}

mod create_shared_link {
    use super::*;

    #[tokio::test]
    async fn guests_see_a_list_in_its_order_and_export_it() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut assets = ann.photos(0..3).await;
            assets.swap(0, 2);
            let link = ann.list_link(&assets, SharedLink::default()).await;
            assert_eq!(link.kind(), SharedLinkKind::List);
            assert_eq!((link.album_id.as_str(), link.album_display_name.as_str()), ("", ""));
            assert_eq!((link.title.as_str(), link.asset_count), ("3 photos and videos", 3));
            assert_eq!(link.cover_asset_id, assets[0].id);

            let guest = server.guest(&link, "").await;
            for who in [&guest, &ann] {
                assert_eq!(shown(who, &link).await.unwrap(), ids(&assets));
                let request = GetTimelineBucketsRequest {
                    shared_link_id: link.id.clone(),
                    ..GetTimelineBucketsRequest::default()
                };
                let buckets = who.assets().get_timeline_buckets(request).await.unwrap();
                let counts = buckets.into_inner().buckets;
                assert_eq!(counts.iter().map(|bucket| bucket.asset_count).sum::<i32>(), 3);
                let source = Some(Source::SharedLinkId(link.id.clone()));
                let request = CreateExportRequest { source, ..CreateExportRequest::default() };
                let export = who.exports().create_export(request).await.unwrap().into_inner();
                assert_eq!(export.display_name, "3 photos and videos");
                assert_eq!(export.parts[0].entry_count, 3);
                assert_eq!(who.get(&export.parts[0].http_path, &[]).await.0.as_u16(), 200);
            }
            let seen = opened(&guest).await;
            assert_eq!((seen.album_id.as_str(), seen.kind()), ("", SharedLinkKind::List));
            assert_eq!(seen.shared_link_id, link.id);
        })
        .await;
    }

    #[tokio::test]
    async fn the_description_of_a_list_is_its_title() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let described =
                SharedLink { description: "From us".to_owned(), ..SharedLink::default() };
            let link = ann.list_link(&assets, described).await;
            assert_eq!(link.title, "From us");
            let seen = opened(&server.guest(&link, "").await).await;
            assert_eq!((seen.display_name.as_str(), seen.description.as_str()), ("From us", ""));
            let plain = ann.list_link(&assets, SharedLink::default()).await;
            assert_eq!(plain.title, "1 photo or video");
        })
        .await;
    }

    #[tokio::test]
    async fn takes_own_assets_only_and_an_album_or_assets() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let (own, foreign) = (ann.photos(0..1).await, bob.photos(1..2).await);
            let album = ann.album("Summer", &[]).await;
            let create = async |album_id: &str, asset_ids: Vec<String>| {
                let link = SharedLink { album_id: album_id.to_owned(), ..SharedLink::default() };
                let request = CreateSharedLinkRequest {
                    shared_link: Some(link),
                    asset_ids,
                    ..CreateSharedLinkRequest::default()
                };
                ann.links().create_shared_link(request).await
            };
            let refused = create("", ids(&[own[0].clone(), foreign[0].clone()])).await;
            assert_eq!(
                metadata(&expect_code(refused, Code::NotFound), "resource_id"),
                foreign[0].id
            );
            expect_fields(create(&album.id, ids(&own)).await, &["asset_ids"]);
            expect_fields(create("", vec![]).await, &["shared_link.album_id"]);
            let request = TrashAssetsRequest { asset_ids: ids(&own) };
            ann.assets().trash_assets(request).await.unwrap();
            let refused = create("", ids(&own)).await;
            expect_reason(refused, Code::FailedPrecondition, "TRASHED");
            assert!(lists(&server).await.is_empty(), "nothing is left of what was refused");
        })
        .await;
    }

    #[tokio::test]
    async fn equal_calls_at_the_same_time_make_one_list() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let request = CreateSharedLinkRequest {
                shared_link: Some(SharedLink::default()),
                request_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
                asset_ids: ids(&ann.photos(0..2).await),
            };
            let tries = (0..6).map(|_| {
                let (mut links, request) = (ann.links(), request.clone());
                async move { links.create_shared_link(request).await }
            });
            for answer in futures::future::join_all(tries).await {
                assert_eq!(answer.unwrap().into_inner().id, request.request_id);
            }
            assert_eq!(lists(&server).await.len(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn a_list_takes_no_uploads_and_no_comments() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let plain = ann.list_link(&assets, SharedLink::default()).await;
            let cases = [
                ("allow_upload", SharedLink { allow_upload: Some(true), ..SharedLink::default() }),
                (
                    "guest_activity",
                    SharedLink {
                        guest_activity: GuestActivity::Read.into(),
                        ..SharedLink::default()
                    },
                ),
            ];
            for (field, link) in cases {
                let field = format!("shared_link.{field}");
                let request = CreateSharedLinkRequest {
                    shared_link: Some(link.clone()),
                    asset_ids: ids(&assets),
                    ..CreateSharedLinkRequest::default()
                };
                expect_fields(ann.links().create_shared_link(request).await, &[&field]);
                let request = UpdateSharedLinkRequest {
                    shared_link_id: plain.id.clone(),
                    shared_link: Some(link),
                    update_mask: None,
                };
                expect_fields(ann.links().update_shared_link(request).await, &[&field]);
            }
        })
        .await;
    }
}

mod albums {
    use super::*;

    #[tokio::test]
    async fn a_list_is_no_album() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let link = ann.list_link(&assets, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let album_id = lists(&server).await[0].id.to_string();
            let request = GetAlbumRequest { album_id: album_id.clone() };
            for who in [&ann, &guest] {
                expect_code(who.albums().get_album(request.clone()).await, Code::NotFound);
                let request =
                    ListAssetsRequest { album_id: album_id.clone(), ..Default::default() };
                expect_code(who.assets().list_assets(request).await, Code::NotFound);
                let source = Some(Source::AlbumId(album_id.clone()));
                let request = CreateExportRequest { source, ..Default::default() };
                expect_code(who.exports().create_export(request).await, Code::NotFound);
            }
            let request = DeleteAlbumRequest { album_id: album_id.clone(), etag: String::new() };
            expect_code(ann.albums().delete_album(request).await, Code::NotFound);
            let asset_ids = ids(&assets);
            let request = AddAlbumAssetsRequest { album_id: album_id.clone(), asset_ids };
            expect_code(ann.albums().add_album_assets(request).await, Code::NotFound);
            let shared = SharedLink { album_id: album_id.clone(), ..SharedLink::default() };
            let request =
                CreateSharedLinkRequest { shared_link: Some(shared), ..Default::default() };
            expect_code(ann.links().create_shared_link(request).await, Code::NotFound);
            let listed = ann.albums().list_albums(ListAlbumsRequest::default()).await.unwrap();
            assert!(listed.into_inner().albums.is_empty());
            let request = ListSharedLinksRequest { album_id, ..ListSharedLinksRequest::default() };
            let listed = ann.links().list_shared_links(request).await.unwrap();
            assert!(listed.into_inner().shared_links.is_empty());
        })
        .await;
    }
}

mod list_shared_links {
    use super::*;

    #[tokio::test]
    async fn can_be_asked_for_one_kind() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            let to_album = ann.link(&album, SharedLink::default()).await;
            let to_list = ann.list_link(&ann.photos(0..1).await, SharedLink::default()).await;
            let list = async |who: &Person, kind: SharedLinkKind| {
                let request = ListSharedLinksRequest { kind: kind.into(), ..Default::default() };
                let answer = who.links().list_shared_links(request).await.unwrap();
                let links = answer.into_inner().shared_links;
                links.into_iter().map(|link| link.id).collect::<Vec<_>>()
            };
            assert_eq!(list(&ann, SharedLinkKind::Album).await, [to_album.id.as_str()]);
            assert_eq!(list(&ann, SharedLinkKind::List).await, [to_list.id.as_str()]);
            let all = list(&ann, SharedLinkKind::Unspecified).await;
            assert_eq!(all, [to_list.id.clone(), to_album.id]);
            assert!(list(&bob, SharedLinkKind::Unspecified).await.is_empty());
            let request = GetSharedLinkRequest { shared_link_id: to_list.id };
            expect_code(bob.links().get_shared_link(request).await, Code::NotFound);
        })
        .await;
    }
}

mod add_shared_link_assets {
    use super::*;

    #[tokio::test]
    async fn guests_see_a_changed_list_at_once() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let link = ann.list_link(&assets[..2], SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let added = add(&ann, &link, &assets[1..]).await.unwrap().into_inner();
            assert_eq!((added.added_count, added.existing_asset_ids), (1, ids(&assets[1..2])));
            assert_eq!(shown(&guest, &link).await.unwrap(), ids(&assets));
            assert_eq!(remove(&ann, &link, &assets[..1]).await.unwrap(), 1);
            assert_eq!(remove(&ann, &link, &assets[..1]).await.unwrap(), 0, "again");
            assert_eq!(shown(&guest, &link).await.unwrap(), ids(&assets[1..]));
            let request =
                DownloadAssetRequest { asset_id: assets[0].id.clone(), ..Default::default() };
            expect_code(guest.assets().download_asset(request).await, Code::NotFound);
        })
        .await;
    }

    #[tokio::test]
    async fn is_for_the_maker_of_a_link_to_a_list() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let (own, foreign) = (ann.photos(0..2).await, bob.photos(2..3).await);
            let link = ann.list_link(&own[..1], SharedLink::default()).await;
            let to_album = ann.link(&ann.album("Summer", &[]).await, SharedLink::default()).await;
            expect_code(add(&bob, &link, &foreign).await, Code::NotFound);
            expect_code(add(&ann, &link, &foreign).await, Code::NotFound);
            expect_fields(add(&ann, &to_album, &own).await, &["shared_link_id"]);
            let guest = server.guest(&link, "").await;
            expect_code(add(&guest, &link, &own).await, Code::PermissionDenied);
            let request = DeleteSharedLinkRequest { shared_link_id: link.id.clone() };
            ann.links().delete_shared_link(request).await.unwrap();
            expect_code(add(&ann, &link, &own).await, Code::NotFound);
        })
        .await;
    }
}

mod remove_shared_link_assets {
    use super::*;

    #[tokio::test]
    async fn ends_open_downloads_of_what_was_taken_out() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let big = ann.upload("big.jpg", &fixtures::sized_photo(1, 8 << 20)).await;
            let link = ann.list_link(std::slice::from_ref(&big), SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let request = DownloadAssetRequest { asset_id: big.id.clone(), ..Default::default() };
            let mut stream = guest.assets().download_asset(request).await.unwrap().into_inner();
            stream.message().await.unwrap();
            stream.message().await.unwrap();
            assert_eq!(remove(&ann, &link, &[big]).await.unwrap(), 1);
            let ended = loop {
                match stream.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the stream went on to its end"),
                    Err(status) => break status,
                }
            };
            assert_eq!(ended.code(), Code::NotFound);
        })
        .await;
    }
}

mod assets {
    use super::*;

    #[tokio::test]
    async fn what_is_trashed_or_locked_leaves_lists_as_it_leaves_albums() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let link = ann.list_link(&assets, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let asset_ids = ids(&assets[..1]);
            let request = TrashAssetsRequest { asset_ids: asset_ids.clone() };
            ann.assets().trash_assets(request).await.unwrap();
            assert_eq!(shown(&guest, &link).await.unwrap(), ids(&assets[1..]));
            assert_eq!(opened(&guest).await.cover_asset_id, assets[1].id);
            ann.assets().restore_assets(RestoreAssetsRequest { asset_ids }).await.unwrap();
            assert_eq!(shown(&guest, &link).await.unwrap(), ids(&assets));
            assert_eq!(opened(&guest).await.cover_asset_id, assets[0].id);
            let locked = Asset { visibility: AssetVisibility::Locked.into(), ..Asset::default() };
            let request = UpdateAssetsRequest {
                asset_ids: ids(&assets[2..]),
                asset: Some(locked),
                update_mask: None,
            };
            ann.assets().update_assets(request).await.unwrap();
            assert_eq!(shown(&guest, &link).await.unwrap(), ids(&assets[..2]));
            let refused = add(&ann, &link, &assets[2..]).await;
            expect_reason(refused, Code::FailedPrecondition, "ASSET_LOCKED");
        })
        .await;
    }
}

mod delete_shared_link {
    use super::*;

    #[tokio::test]
    async fn guests_lose_a_revoked_list_at_once_and_it_goes_with_the_link() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let link = ann.list_link(&assets, SharedLink::default()).await;
            let kept = ann.list_link(&assets, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let request = DeleteSharedLinkRequest { shared_link_id: link.id.clone() };
            ann.links().delete_shared_link(request).await.unwrap();
            let lost = shown(&guest, &link).await.unwrap_err();
            assert_eq!(lost.code(), Code::Unauthenticated);
            assert_eq!(lists(&server).await.len(), 2);
            server.sleep(Duration::from_secs(31 * 86_400));
            server.run_jobs().await;
            assert_eq!(lists(&server).await.len(), 1);
            let links = shared_link::Entity::find().count(server.app.database.reader()).await;
            assert_eq!(links.unwrap(), 1);
            let ann = server.login("ann@example.org").await;
            assert_eq!(shown(&ann, &kept).await.unwrap(), ids(&assets));
        })
        .await;
    }
}
