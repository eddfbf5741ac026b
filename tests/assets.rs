//! `AssetService` and the HTTP routes for originals.

use albumen::v1::download_asset_response::Part;
use albumen::v1::list_assets_request::Order;
use albumen::v1::{
    Album, AlbumOrder, AssetKind, CreateAlbumRequest, Date, DownloadAssetRequest, DownloadHeader,
    ListAssetsRequest, Rendition,
};
use http::StatusCode;
use tonic::{Code, Status};

use crate::support::person::ids;
use crate::support::{Person, expect_code, expect_fields, expect_reason, fixtures, test};

async fn list(who: &Person, request: ListAssetsRequest) -> Vec<String> {
    let mut found = Vec::new();
    let mut request = request;
    loop {
        let page = who.assets().list_assets(request.clone()).await.unwrap().into_inner();
        found.extend(page.assets.into_iter().map(|asset| asset.file_name));
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn download(
    who: &Person,
    request: DownloadAssetRequest,
) -> Result<(DownloadHeader, Vec<u8>), Status> {
    let mut stream = who.assets().download_asset(request).await?.into_inner();
    let first = stream.message().await?.unwrap().part.unwrap();
    let Part::Header(header) = first else { panic!("the header comes first") };
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        let Some(Part::Chunk(chunk)) = message.part else { panic!("only chunks follow") };
        assert!(chunk.len() <= 1 << 20);
        bytes.extend(chunk);
    }
    Ok((header, bytes))
}

mod list_assets {
    use super::*;

    #[tokio::test]
    async fn pages_of_any_size_give_every_asset_once_in_order() {
        test(|server| async move {
            let ann = server.user("ann").await;
            ann.photos(0..7).await;
            let newest: Vec<_> = (0..7).rev().map(|number| format!("{number}.jpg")).collect();
            for page_size in [1, 2, 3, 7, 50] {
                let request = ListAssetsRequest { page_size, ..Default::default() };
                assert_eq!(list(&ann, request.clone()).await, newest, "page size {page_size}");
                let mut oldest =
                    list(&ann, ListAssetsRequest { order: Order::OldestFirst.into(), ..request })
                        .await;
                oldest.reverse();
                assert_eq!(oldest, newest);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn assets_are_sorted_by_capture_time() {
        test(|server| async move {
            let ann = server.user("ann").await;
            for file in ["IMG_2041.jpg", "IMG_2042.jpg", "dunes.webp", "evening.mp4"] {
                ann.upload(file, &fixtures::read(&format!("photos/{file}"))).await;
            }
            let found = list(&ann, ListAssetsRequest::default()).await;
            assert_eq!(found, ["evening.mp4", "IMG_2041.jpg", "IMG_2042.jpg", "dunes.webp"]);
            let videos = ListAssetsRequest { kind: AssetKind::Video.into(), ..Default::default() };
            assert_eq!(list(&ann, videos).await, ["evening.mp4"]);
        })
        .await;
    }

    #[tokio::test]
    async fn an_album_is_listed_in_its_own_order() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..4).await;
            for (order, expected) in [
                (AlbumOrder::Unspecified, ["3.jpg", "2.jpg", "1.jpg", "0.jpg"]),
                (AlbumOrder::OldestFirst, ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]),
                (AlbumOrder::Manual, ["2.jpg", "0.jpg", "3.jpg", "1.jpg"]),
            ] {
                let manual = [2, 0, 3, 1].map(|index: usize| assets[index].clone());
                let album =
                    Album { display_name: "a".to_owned(), order: order.into(), ..Album::default() };
                let request = CreateAlbumRequest {
                    album: Some(album),
                    asset_ids: ids(&manual),
                    ..CreateAlbumRequest::default()
                };
                let album = ann.albums().create_album(request).await.unwrap().into_inner();
                let request =
                    ListAssetsRequest { album_id: album.id, page_size: 3, ..Default::default() };
                assert_eq!(list(&ann, request).await, expected, "{order:?}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_token_is_good_for_its_own_list_only() {
        test(|server| async move {
            let ann = server.user("ann").await;
            ann.photos(0..3).await;
            let request = ListAssetsRequest { page_size: 1, ..Default::default() };
            let page = ann.assets().list_assets(request).await.unwrap().into_inner();
            let mut other = ListAssetsRequest {
                page_token: page.next_page_token,
                page_size: 2,
                ..Default::default()
            };
            assert_eq!(
                ann.assets().list_assets(other.clone()).await.unwrap().into_inner().assets.len(),
                2
            );
            other.kind = AssetKind::Photo.into();
            let answer = ann.assets().list_assets(other).await;
            expect_reason(answer, Code::InvalidArgument, "PAGE_TOKEN_MISMATCH");
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_are_named() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bad = ListAssetsRequest {
                page_size: -1,
                page_token: String::new(),
                album_id: "x".to_owned(),
                kind: 99,
                order: 99,
                visibility: 99,
                start_date: Some(Date { year: 0, month: 13, day: 32 }),
                ..Default::default()
            };
            let fields = [
                "page_size",
                "album_id",
                "kind",
                "order",
                "visibility",
                "start_date.year",
                "start_date.month",
                "start_date.day",
            ];
            expect_fields(ann.assets().list_assets(bad).await, &fields);
            let bad = ListAssetsRequest { page_token: "%%".to_owned(), ..Default::default() };
            expect_fields(ann.assets().list_assets(bad).await, &["page_token"]);
        })
        .await;
    }
}

mod download_asset {
    use super::*;

    #[tokio::test]
    async fn any_offset_gives_the_rest() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(1, (2 << 20) + 17);
            let asset = ann.upload("a.jpg", &bytes).await;
            for offset in [0, 1, 1 << 20, bytes.len() - 1, bytes.len()] {
                let request = DownloadAssetRequest {
                    asset_id: asset.id.clone(),
                    offset: offset.try_into().unwrap(),
                    ..Default::default()
                };
                let (header, rest) = download(&ann, request).await.unwrap();
                assert!(rest == bytes[offset..], "offset {offset}");
                assert_eq!(header.size_bytes, asset.size_bytes);
                assert_eq!(header.sha256, asset.sha256);
                assert_eq!(header.file_name, "a.jpg");
            }
            let behind = DownloadAssetRequest {
                asset_id: asset.id,
                offset: asset.size_bytes + 1,
                ..Default::default()
            };
            let answer = ann.assets().download_asset(behind).await;
            expect_reason(answer, Code::OutOfRange, "OFFSET_OUT_OF_RANGE");
        })
        .await;
    }

    #[tokio::test]
    async fn an_asset_without_motion_has_none() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.photos(0..1).await.remove(0);
            let request = DownloadAssetRequest {
                asset_id: asset.id,
                rendition: Rendition::Motion.into(),
                offset: 0,
            };
            expect_code(ann.assets().download_asset(request).await, Code::NotFound);
        })
        .await;
    }
}

mod http_originals {
    use super::*;

    #[tokio::test]
    async fn the_whole_and_its_ranges_have_the_right_headers() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(1, 10_000);
            let asset = ann.upload("Zürich \"1\".jpg", &bytes).await;
            let path = format!("/api/assets/{}/original", asset.id);
            let (status, headers, body) = ann.get(&path, &[]).await;
            assert_eq!(status, StatusCode::OK);
            assert!(body == bytes);
            assert_eq!(headers["content-type"], "image/jpeg");
            assert_eq!(headers["content-length"], "10000");
            assert_eq!(headers["accept-ranges"], "bytes");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(
                headers["content-disposition"],
                "inline; filename=\"Z_rich _1_.jpg\"; filename*=UTF-8''Z%C3%BCrich%20%221%22.jpg"
            );
            let etag = headers["etag"].to_str().unwrap();

            let (status, headers, body) = ann.get(&path, &[("range", "bytes=10-19")]).await;
            assert_eq!(status, StatusCode::PARTIAL_CONTENT);
            assert_eq!(body, bytes[10..20]);
            assert_eq!(headers["content-range"], "bytes 10-19/10000");
            let (status, _, body) = ann.get(&path, &[("if-none-match", etag)]).await;
            assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
            let (status, headers, _) = ann.get(&path, &[("range", "bytes=10000-")]).await;
            assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
            assert_eq!(headers["content-range"], "bytes */10000");
        })
        .await;
    }

    #[tokio::test]
    async fn head_is_get_without_the_body() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.photos(0..1).await.remove(0);
            let path = format!("/api/assets/{}/original", asset.id);
            let (status, headers, body) = ann.http(http::Request::head(path)).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers["content-length"], "4096");
            assert!(body.unwrap().is_empty());
        })
        .await;
    }

    #[tokio::test]
    async fn errors_are_a_status_in_json() {
        test(|server| async move {
            let ann = server.user("ann").await;
            for id in ["x", "0192d3a0-0000-7000-8000-000000000001"] {
                let (status, headers, body) =
                    ann.get(&format!("/api/assets/{id}/original"), &[]).await;
                assert_eq!(status, StatusCode::NOT_FOUND);
                assert_eq!(headers["content-type"], "application/json");
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(body["code"], 5);
                assert_eq!(body["details"][0]["reason"], "RESOURCE_NOT_FOUND");
            }
        })
        .await;
    }
}
