//! What guests of links get to know, how links are counted, and what ends what guests do.

use std::time::Duration;

use albumen::v1::{
    DeleteAlbumRequest, DeleteSharedLinkRequest, DownloadAssetRequest, DownloadAssetResponse,
    GetOpenedLinkRequest, GetSharedLinkStatsRequest, GuestActivity, OpenSharedLinkRequest,
    OpenedLink, SharedLink, SharedLinkKind, SharedLinkMetadata, SharedLinkQuality, SharedLinkStats,
    StreamExportRequest, UpdateSharedLinkRequest,
};
use albumen_server::entity::shared_link::{self, Column};
use albumen_server::events::write_link_uses;
use albumen_server::id::SharedLinkId;
use prost_types::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tonic::{Code, Response, Status, Streaming};

use crate::support::person::address;
use crate::support::{Person, TestServer, expect_code, expect_fields, fixtures, test};

async fn opened(who: &Person, link: Option<&SharedLink>) -> Result<Response<OpenedLink>, Status> {
    let shared_link_id = link.map(|link| link.id.clone()).unwrap_or_default();
    who.links().get_opened_link(GetOpenedLinkRequest { shared_link_id }).await
}

async fn stats(who: &Person, link: &SharedLink) -> SharedLinkStats {
    let request = GetSharedLinkStatsRequest { shared_link_id: link.id.clone() };
    who.links().get_shared_link_stats(request).await.unwrap().into_inner()
}

async fn update(who: &Person, link: &SharedLink, values: SharedLink) {
    let request = UpdateSharedLinkRequest {
        shared_link_id: link.id.clone(),
        shared_link: Some(values),
        update_mask: None,
    };
    who.links().update_shared_link(request).await.unwrap();
}

fn in_seconds(server: &TestServer, seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: server.now_us() / 1_000_000 + seconds, nanos: 0 })
}

/// Opens a link as a browser does, and returns its cookie.
async fn browse(browser: &Person, link: &SharedLink, password: &str) -> String {
    let request = OpenSharedLinkRequest {
        key_or_slug: address(link).to_owned(),
        password: password.to_owned(),
        use_cookies: true,
    };
    let answer = browser.links().open_shared_link(request).await.unwrap();
    let cookie = answer.metadata().get("set-cookie").unwrap().to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

mod get_opened_link {
    use super::*;

    /// A link that allows and hides what it can.
    fn generous(server: &TestServer) -> SharedLink {
        SharedLink {
            allow_upload: Some(true),
            allow_undo: Some(true),
            max_upload_bytes: Some(10_000),
            max_upload_count: Some(3),
            metadata: SharedLinkMetadata::Hidden.into(),
            quality: SharedLinkQuality::Previews.into(),
            guest_activity: GuestActivity::Write.into(),
            allow_download: Some(false),
            expire_time: in_seconds(server, 3600),
            description: "from us".to_owned(),
            ..SharedLink::default()
        }
    }

    #[tokio::test]
    async fn a_guest_learns_what_the_link_allows_now() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &ann.photos(0..2).await).await;
            let link = ann.link(&album, generous(&server)).await;
            let guest = server.guest(&link, "").await;
            let seen = opened(&guest, None).await.unwrap().into_inner();
            let expected = OpenedLink {
                album_id: album.id.clone(),
                display_name: "Summer".to_owned(),
                description: "from us".to_owned(),
                asset_count: 2,
                allow_download: false,
                expire_time: link.expire_time,
                kind: SharedLinkKind::Album.into(),
                shared_link_id: link.id.clone(),
                cover_asset_id: link.cover_asset_id.clone(),
                first_time: seen.first_time,
                last_time: seen.last_time,
                metadata: SharedLinkMetadata::Hidden.into(),
                quality: SharedLinkQuality::Previews.into(),
                guest_activity: GuestActivity::Write.into(),
                allow_upload: true,
                allow_undo: true,
                remaining_upload_bytes: Some(10_000),
                remaining_upload_count: Some(3),
            };
            assert_eq!(seen, expected);
            assert!(seen.first_time.is_some() && !seen.cover_asset_id.is_empty());
            let id = SharedLinkId::parse(&link.id).unwrap();
            let used = server.app.transact(move |transaction| async move {
                let update = shared_link::Entity::update_many()
                    .col_expr(Column::UploadedBytes, 4_000_i64.into())
                    .col_expr(Column::UploadedCount, 5_i32.into())
                    .filter(Column::Id.eq(id));
                Ok(update.exec(&*transaction).await?.rows_affected)
            });
            assert_eq!(used.await.unwrap(), 1);
            update(
                &ann,
                &link,
                SharedLink { description: "x".to_owned(), ..SharedLink::default() },
            )
            .await;
            let seen = opened(&guest, Some(&link)).await.unwrap().into_inner();
            assert_eq!(seen.description, "x");
            assert_eq!(seen.remaining_upload_bytes, Some(6_000));
            assert_eq!(seen.remaining_upload_count, Some(0));
        })
        .await;
    }

    #[tokio::test]
    async fn only_those_who_opened_or_see_a_link_get_it() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let album = ann.album("Summer", &[]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let other = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            expect_code(opened(&guest, Some(&other)).await, Code::NotFound);
            expect_code(opened(&bob, Some(&link)).await, Code::NotFound);
            expect_code(opened(&server.anonymous(), None).await, Code::Unauthenticated);
            expect_fields(opened(&ann, None).await, &["shared_link_id"]);
            let seen = opened(&ann, Some(&link)).await.unwrap().into_inner();
            assert_eq!(seen.display_name, "Summer");
        })
        .await;
    }
}

mod get_shared_link_stats {
    use super::*;

    #[tokio::test]
    async fn opens_and_visitors_are_counted() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let link = SharedLink { password: "sesame".to_owned(), ..SharedLink::default() };
            let link = ann.link(&album, link).await;
            assert_eq!(stats(&ann, &link).await.last_use_time, None);
            let cookie = browse(&server.anonymous(), &link, "sesame").await;
            let again = browse(&server.with_cookie(&cookie), &link, "").await;
            browse(&server.with_cookie(&again), &link, "").await;
            let request = OpenSharedLinkRequest {
                key_or_slug: address(&link).to_owned(),
                password: "wrong".to_owned(),
                use_cookies: false,
            };
            let refused = server.anonymous().links().open_shared_link(request).await;
            expect_code(refused, Code::Unauthenticated);
            server.sleep(Duration::from_secs(60));
            server.guest(&link, "sesame").await;
            let found = stats(&ann, &link).await;
            assert_eq!((found.open_count, found.visitor_count), (4, 2));
            assert_eq!(found.last_use_time, in_seconds(&server, 0));
        })
        .await;
    }

    #[tokio::test]
    async fn downloads_of_guests_are_counted_when_they_begin() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let album = ann.album("Summer", &assets).await;
            let other = ann.link(&ann.album("Other", &[]).await, SharedLink::default()).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let original = format!("/api/assets/{}/original", assets[0].id);
            for who in [&guest, &ann] {
                assert_eq!(who.get(&original, &[]).await.0.as_u16(), 200);
                assert_eq!(who.get(&original, &[("range", "bytes=100-")]).await.0.as_u16(), 206);
                let head = http::Request::head(&original);
                assert_eq!(who.http(head).await.0.as_u16(), 200);
                let request =
                    DownloadAssetRequest { asset_id: assets[1].id.clone(), ..Default::default() };
                who.assets().download_asset(request).await.unwrap();
                let export = who.export(&album).await.unwrap();
                let request = StreamExportRequest {
                    export_id: export.id.clone(),
                    part: 1,
                    ..StreamExportRequest::default()
                };
                who.exports().stream_export(request.clone()).await.unwrap();
                let request = StreamExportRequest { offset: 10, ..request };
                who.exports().stream_export(request).await.unwrap();
            }
            // A browser that holds two links: the one that shows the picture counts.
            let cookies = [
                browse(&server.anonymous(), &other, "").await,
                browse(&server.anonymous(), &link, "").await,
            ];
            let browser = server.anonymous();
            let (status, ..) = browser.get(&original, &[("cookie", &cookies.join("; "))]).await;
            assert_eq!(status.as_u16(), 200);
            write_link_uses(&server.app).await.unwrap();
            write_link_uses(&server.app).await.unwrap();
            assert_eq!(stats(&ann, &link).await.download_count, 4);
            assert_eq!(stats(&ann, &other).await.download_count, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_not_written_yet_is_written_at_shutdown() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let link = ann.link(&ann.album("Summer", &assets).await, SharedLink::default()).await;
            let original = format!("/api/assets/{}/original", assets[0].id);
            server.guest(&link, "").await.get(&original, &[]).await;
            assert_eq!(stats(&ann, &link).await.download_count, 0);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            albumen_server::serve(server.app.clone(), listener, async {}).await.unwrap();
            assert_eq!(stats(&ann, &link).await.download_count, 1);
        })
        .await;
    }

    #[tokio::test]
    async fn are_for_those_who_see_the_link() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let link = ann.link(&ann.album("Summer", &[]).await, SharedLink::default()).await;
            let request = GetSharedLinkStatsRequest { shared_link_id: link.id.clone() };
            let answer = bob.links().get_shared_link_stats(request.clone()).await;
            expect_code(answer, Code::NotFound);
            let guest = server.guest(&link, "").await;
            let answer = guest.links().get_shared_link_stats(request).await;
            expect_code(answer, Code::PermissionDenied);
        })
        .await;
    }
}

mod streams {
    use super::*;

    type Stream = Streaming<DownloadAssetResponse>;

    async fn download(guest: &Person, asset_id: &str) -> Stream {
        let request = DownloadAssetRequest { asset_id: asset_id.to_owned(), ..Default::default() };
        let mut stream = guest.assets().download_asset(request).await.unwrap().into_inner();
        stream.message().await.unwrap();
        stream.message().await.unwrap();
        stream
    }

    /// Reads on until the stream fails, and counts what still came.
    async fn end(mut stream: Stream, pause: Duration) -> (usize, Status) {
        let mut rest = 0;
        loop {
            match stream.message().await {
                Ok(Some(_)) => rest += 1,
                Ok(None) => panic!("the stream went on to its end"),
                Err(status) => return (rest, status),
            }
            tokio::time::sleep(pause).await;
        }
    }

    #[tokio::test]
    async fn whatever_ends_a_link_ends_open_downloads_on_all_servers() {
        test(|server| async move {
            let admin = server.admin().await;
            let ann = server.user("ann").await;
            let big = ann.upload("big.jpg", &fixtures::sized_photo(1, 24 << 20)).await;
            let assets = [big.clone()];
            let beside = server.beside().await;
            beside.follow();
            let mut links = Vec::new();
            let mut streams = Vec::new();
            let expiring =
                SharedLink { expire_time: in_seconds(&server, 60), ..Default::default() };
            for number in 0..6 {
                let album = ann.album("Summer", &assets).await;
                let values = if number == 5 { expiring.clone() } else { SharedLink::default() };
                let link = ann.link(&album, values).await;
                let guest = server.guest(&link, "").await;
                let here = download(&guest, &big.id).await;
                streams.push((here, download(&guest.at(&beside), &big.id).await));
                links.push(link);
            }
            let password = SharedLink { password: "new".to_owned(), ..SharedLink::default() };
            update(&ann, &links[0], password).await;
            let soon = SharedLink { expire_time: in_seconds(&server, 30), ..SharedLink::default() };
            update(&ann, &links[1], soon).await;
            let revoke =
                |link: &SharedLink| DeleteSharedLinkRequest { shared_link_id: link.id.clone() };
            ann.links().delete_shared_link(revoke(&links[2])).await.unwrap();
            admin.links().delete_shared_link(revoke(&links[3])).await.unwrap();
            let album_id = links[4].album_id.clone();
            let request = DeleteAlbumRequest { album_id, etag: String::new() };
            ann.albums().delete_album(request).await.unwrap();
            // Both the link that was to expire and the one that now expires earlier.
            server.sleep(Duration::from_secs(61));
            let ends = streams.into_iter().map(|(here, there)| async move {
                let here = end(here, Duration::ZERO).await;
                (here, end(there, Duration::from_millis(200)).await)
            });
            for ((here, first), (there, second)) in futures::future::join_all(ends).await {
                assert!(here <= 2, "{here} more chunks on the same server");
                assert!(there <= 10, "{there} more chunks on another server, five a second");
                for status in [first, second] {
                    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
                }
            }
            beside.leave().await;
        })
        .await;
    }
}
