//! The pages behind the addresses of links.

use std::time::Duration;

use albumen::v1::{
    Album, CreateAlbumRequest, DeleteAlbumRequest, DeleteSharedLinkRequest,
    GetSharedLinkStatsRequest, SharedLink, SharedLinkMetadata, SharedLinkQuality,
};
use http::{HeaderMap, Request};
use prost_types::Timestamp;

use crate::support::person::{address, ids};
use crate::support::{Person, TestServer, fixtures, test};

async fn page(who: &Person, address: &str) -> (u16, HeaderMap, String) {
    let (status, mut headers, body) = who.get(&format!("/share/{address}"), &[]).await;
    headers.remove("x-request-id");
    (status.as_u16(), headers, String::from_utf8(body).unwrap())
}

async fn cover(who: &Person, address: &str) -> (u16, Vec<u8>) {
    let (status, _, body) = who.get(&format!("/share/{address}/cover"), &[]).await;
    (status.as_u16(), body)
}

fn in_seconds(server: &TestServer, seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: server.now_us() / 1_000_000 + seconds, nanos: 0 })
}

#[tokio::test]
async fn a_preview_has_title_count_and_cover() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let assets = ann.photos(0..2).await;
        let album = ann.album("Summer <b>& Co</b>", &assets).await;
        let link = SharedLink {
            slug: "summer".to_owned(),
            description: "\"><script>alert(1)</script>".to_owned(),
            ..SharedLink::default()
        };
        let link = ann.link(&album, link).await;
        let (status, headers, body) = page(&server.anonymous(), "summer").await;
        assert_eq!(status, 200);
        for expected in [
            "<meta property=\"og:title\" content=\"Summer &lt;b&gt;&amp; Co&lt;/b&gt;\">",
            "<meta property=\"og:site_name\" content=\"Albumen\">",
            "<meta property=\"og:url\" content=\"https://photos.example.org/share/summer\">",
            "<meta property=\"og:image\" content=\"https://photos.example.org/share/summer/cover\">",
            "<meta name=\"twitter:card\" content=\"summary_large_image\">",
            "<meta name=\"robots\" content=\"noindex\">",
            "content=\"2 photos and videos, 2027-01-15. &quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\"",
        ] {
            assert!(body.contains(expected), "{expected} is not in {body}");
        }
        assert!(!body.contains("<script"));
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("x-robots-tag"), "noindex");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "private, no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
        let (status, bytes) = cover(&server.anonymous(), "summer").await;
        assert_eq!((status, bytes), (200, fixtures::photo(0)));
        // Neither opens the link nor downloads from it, as its owner counts.
        albumen_server::events::write_link_uses(&server.app).await.unwrap();
        let request = GetSharedLinkStatsRequest { shared_link_id: link.id };
        let stats = ann.links().get_shared_link_stats(request).await.unwrap().into_inner();
        assert_eq!((stats.open_count, stats.download_count), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn behind_a_password_there_is_nothing_to_read() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let assets = ann.photos(0..1).await;
        let album = Album {
            display_name: "Summer".to_owned(),
            description: "Secret place".to_owned(),
            ..Album::default()
        };
        let request = CreateAlbumRequest {
            album: Some(album),
            asset_ids: ids(&assets),
            ..CreateAlbumRequest::default()
        };
        let album = ann.albums().create_album(request).await.unwrap().into_inner();
        let link = SharedLink { password: "sesame".to_owned(), ..SharedLink::default() };
        let link = ann.link(&album, link).await;
        let (status, _, body) = page(&server.anonymous(), address(&link)).await;
        assert_eq!(status, 200);
        assert!(body.contains("Password required"));
        for hidden in ["Summer", "Secret", "photos and videos", "2027", "og:", "twitter:", "<img"] {
            assert!(!body.contains(hidden), "{hidden} is in {body}");
        }
        assert_eq!(cover(&server.anonymous(), address(&link)).await.0, 404);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_open_looks_the_same_byte_for_byte() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let assets = ann.photos(0..1).await;
        let album = ann.album("Summer", &assets).await;
        let trashed = ann.album("Trashed", &assets).await;
        let expired = SharedLink { expire_time: in_seconds(&server, 1), ..SharedLink::default() };
        let expired = ann.link(&album, expired).await;
        let revoked = ann.link(&album, SharedLink::default()).await;
        let of_trashed = ann.link(&trashed, SharedLink::default()).await;
        let request = DeleteSharedLinkRequest { shared_link_id: revoked.id.clone() };
        ann.links().delete_shared_link(request).await.unwrap();
        let request = DeleteAlbumRequest { album_id: trashed.id, etag: String::new() };
        ann.albums().delete_album(request).await.unwrap();
        server.sleep(Duration::from_secs(2));
        let unknown = page(&server.anonymous(), "unknown").await;
        assert_eq!(unknown.0, 404);
        for gone in [address(&expired), address(&revoked), address(&of_trashed), "%FF", "a%2Fb"] {
            assert_eq!(page(&server.anonymous(), gone).await, unknown, "{gone}");
            assert_eq!(page(&server.anonymous(), &format!("{gone}/cover")).await, unknown);
        }
    })
    .await;
}

#[tokio::test]
async fn a_cover_is_public_only_where_guests_may_download_that_very_file() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("Summer", &ann.photos(0..1).await).await;
        let large = ann.upload("large.jpg", &fixtures::sized_photo(9, (8 << 20) + 1)).await;
        let large = ann.album("Large", &[large]).await;
        let empty = ann.album("Empty", &[]).await;
        let cases = [
            (&album, SharedLink { allow_download: Some(false), ..SharedLink::default() }),
            (
                &album,
                SharedLink { quality: SharedLinkQuality::Previews.into(), ..SharedLink::default() },
            ),
            (
                &album,
                SharedLink { metadata: SharedLinkMetadata::Hidden.into(), ..SharedLink::default() },
            ),
            (
                &album,
                SharedLink {
                    metadata: SharedLinkMetadata::WithoutLocation.into(),
                    ..SharedLink::default()
                },
            ),
            (&large, SharedLink::default()),
            (&empty, SharedLink::default()),
        ];
        for (album, link) in cases {
            let link = ann.link(album, link).await;
            let (status, _, body) = page(&server.anonymous(), address(&link)).await;
            assert_eq!(status, 200);
            assert!(!body.contains("image") && !body.contains("<img"), "{body}");
            assert!(body.contains("<meta name=\"twitter:card\" content=\"summary\">"));
            assert_eq!(cover(&server.anonymous(), address(&link)).await.0, 404);
        }
    })
    .await;
}

#[tokio::test]
async fn guesses_at_addresses_are_put_off() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let link = ann.link(&ann.album("Summer", &[]).await, SharedLink::default()).await;
        let guesser = server.from([203, 0, 113, 7]);
        let mut last = 0;
        for guess in 0..102 {
            last = page(&guesser, &format!("guess-{guess}")).await.0;
        }
        assert_eq!(last, 429);
        assert_eq!(page(&guesser, address(&link)).await.0, 429, "a right one has to wait too");
        let (_, headers, _) = page(&guesser, address(&link)).await;
        assert!(headers.contains_key("retry-after"));
        assert_eq!(page(&server.anonymous(), address(&link)).await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("Summer", &ann.photos(0..1).await).await;
        let link = ann.link(&album, SharedLink::default()).await;
        let path = format!("/share/{}", address(&link));
        let anonymous = server.anonymous();
        for path in [path.clone(), format!("{path}/cover")] {
            let (status, _, body) = anonymous.http(Request::head(&path)).await;
            assert_eq!((status.as_u16(), body.unwrap().len()), (200, 0));
            let (status, ..) = anonymous.http(Request::post(&path)).await;
            assert_eq!(status.as_u16(), 405);
        }
    })
    .await;
}
