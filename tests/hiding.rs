//! Links that hide where photos were taken, or all that their files say.

use albumen::v1::create_export_request::{Folders, Source};
use albumen::v1::download_asset_response::Part;
use albumen::v1::get_timeline_buckets_request::Unit;
use albumen::v1::skipped_asset::Reason;
use albumen::v1::stream_export_response::Part as ExportPart;
use albumen::v1::{
    Album, Asset, AssetSelection, AssetVisibility, CreateExportRequest, CreateUploadRequest, Date,
    DownloadAssetRequest, DownloadHeader, Export, GetTimelineBucketsRequest, ListAssetsRequest,
    Location, OpenSharedLinkRequest, Rendition, SharedLink, StreamExportRequest, Upload,
};
use albumen_server::blob::{Call, Fault, Faults};
use albumen_server::entity::album_member::Role;
use albumen_server::entity::shared_link::{self, Metadata, Quality};
use albumen_server::entity::{asset_file, asset_variant, job};
use albumen_server::events;
use albumen_server::id::SharedLinkId;
use http::StatusCode;
use sea_orm::{
    ActiveModelTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, Set,
};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use crate::stripping::{found, says_nothing};
use crate::support::person::{address, ids};
use crate::support::{
    Person, TestServer, expect_code, expect_reason, fixtures, metadata, test, test_with_faults,
};

/// A photo with a place, and its name.
const PLACED: &str = "photos/IMG_2041.jpg";

/// Sets what a link tells and gives out, as its owner would.
async fn set(server: &TestServer, link: &SharedLink, metadata: Metadata, quality: Quality) {
    let change = shared_link::ActiveModel {
        id: Set(SharedLinkId::parse(&link.id).unwrap()),
        metadata: Set(metadata),
        quality: Set(quality),
        ..Default::default()
    };
    let app = server.app.clone();
    let update = server.app.transact(move |transaction| async move {
        change.update(&*transaction).await?;
        events::revoke(&app, &transaction).await
    });
    update.await.unwrap();
}

/// A guest of a new link to an album, which tells so much.
async fn guest_of(
    server: &TestServer,
    owner: &Person,
    album: &Album,
    metadata: Metadata,
) -> (Person, SharedLink) {
    let link = owner.link(album, SharedLink::default()).await;
    set(server, &link, metadata, Quality::Originals).await;
    (server.guest(&link, "").await, link)
}

async fn download_from(
    who: &Person,
    asset: &Asset,
    offset: usize,
) -> Result<(DownloadHeader, Vec<u8>), Status> {
    let offset = offset.try_into().unwrap();
    let request = DownloadAssetRequest { asset_id: asset.id.clone(), offset, ..Default::default() };
    let mut stream = who.assets().download_asset(request).await?.into_inner();
    let Part::Header(header) = stream.message().await?.unwrap().part.unwrap() else {
        panic!("the header comes first")
    };
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        let Some(Part::Chunk(chunk)) = message.part else { panic!("only chunks follow") };
        bytes.extend(chunk);
    }
    Ok((header, bytes))
}

async fn download(who: &Person, asset: &Asset) -> Result<(DownloadHeader, Vec<u8>), Status> {
    download_from(who, asset, 0).await
}

async fn seen(who: &Person, asset: &Asset) -> Asset {
    who.asset(asset).await.unwrap().into_inner()
}

async fn archive(who: &Person, export: &Export, offset: usize) -> Result<Vec<u8>, Status> {
    let request = StreamExportRequest {
        export_id: export.id.clone(),
        part: 1,
        offset: offset.try_into().unwrap(),
        limit_bytes: None,
    };
    let mut stream = who.exports().stream_export(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(ExportPart::Chunk(chunk)) = message.part {
            bytes.extend(chunk);
        }
    }
    Ok(bytes)
}

/// Name, size and bytes of each entry of an archive whose entries are stored as they are.
fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = archive;
    while let Some(header) = rest.strip_prefix(b"PK\x03\x04") {
        let number = |at: usize, len: usize| {
            header[at..at + len].iter().rfold(0, |n, byte| n << 8 | usize::from(*byte))
        };
        let (crc32, size, name_len, extra_len) =
            (number(10, 4), number(18, 4), number(22, 2), number(24, 2));
        let name = String::from_utf8(header[26..26 + name_len].to_vec()).unwrap();
        let start = 26 + name_len + extra_len;
        let bytes = header[start..start + size].to_vec();
        assert_eq!(crc32fast::hash(&bytes) as usize, crc32, "{name}");
        found.push((name, bytes));
        rest = &header[start + size..];
    }
    found
}

async fn live_photo(who: &Person) -> Asset {
    let still = who.upload("IMG_2050.HEIC", &fixtures::read("photos/IMG_2050.HEIC")).await;
    attach_motion(who, &still).await
}

async fn attach_motion(who: &Person, still: &Asset) -> Asset {
    let bytes = fixtures::read("photos/IMG_2050.MOV");
    let upload = Upload {
        file_name: "IMG_2050.MOV".to_owned(),
        size_bytes: bytes.len().try_into().unwrap(),
        motion_of_asset_id: still.id.clone(),
        ..Upload::default()
    };
    let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
    let upload = who.uploads().create_upload(request).await.unwrap().into_inner();
    who.stream(&upload.id, 0, &bytes).await.unwrap();
    who.finish(&upload.id).await.unwrap()
}

mod answers {
    use super::*;

    #[tokio::test]
    async fn do_not_tell_by_the_date_where_the_clock_stood() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            // At 23:30 in UTC, and the next day where it was taken.
            let values = Asset {
                capture_time: Some(prost_types::Timestamp { seconds: 1_719_790_200, nanos: 0 }),
                capture_utc_offset: Some(prost_types::Duration { seconds: 7200, nanos: 0 }),
                ..Asset::default()
            };
            ann.update(std::slice::from_ref(&asset), values, &[]).await.unwrap();
            let album = ann.album("Summer", &[asset]).await;
            let (full, _) = guest_of(&server, &ann, &album, Metadata::Full).await;
            let (hidden, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            for (guest, day, other) in [(full, 1, 30), (hidden, 30, 1)] {
                let request = GetTimelineBucketsRequest {
                    album_id: album.id.clone(),
                    unit: Unit::Day.into(),
                    ..Default::default()
                };
                let answer = guest.assets().get_timeline_buckets(request).await.unwrap();
                let days: Vec<_> = answer.into_inner().buckets;
                assert_eq!(days.len(), 1);
                assert_eq!(days[0].date.as_ref().unwrap().day, day);
                for (day, count) in [(day, 1), (other, 0)] {
                    let month = if day == 1 { 7 } else { 6 };
                    let date = Some(Date { year: 2024, month, day });
                    let request = ListAssetsRequest {
                        album_id: album.id.clone(),
                        start_date: date,
                        end_date: date,
                        ..Default::default()
                    };
                    let answer = guest.assets().list_assets(request).await.unwrap();
                    assert_eq!(answer.into_inner().assets.len(), count);
                }
            }
        })
        .await;
    }

    #[tokio::test]
    async fn tell_guests_what_the_link_does_and_members_all() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let asset = ann.upload("Siena with Eve.jpg", &fixtures::read(PLACED)).await;
            let values =
                Asset { description: "at Eve's".to_owned(), rating: Some(5), ..Asset::default() };
            ann.update(std::slice::from_ref(&asset), values, &[]).await.unwrap();
            let asset = seen(&ann, &asset).await;
            assert!(asset.location.is_some() && asset.capture_utc_offset.is_some());
            let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
            server.member(&album, &bob, Role::Viewer).await;
            server.run_jobs().await;

            // Rating and visibility are the owner's alone.
            let shown = Asset { rating: None, visibility: 0, ..asset.clone() };
            assert_eq!(seen(&bob, &asset).await, shown);
            let (full, _) = guest_of(&server, &ann, &album, Metadata::Full).await;
            assert_eq!(seen(&full, &asset).await, shown);

            let (guest, _) = guest_of(&server, &ann, &album, Metadata::WithoutLocation).await;
            let without_location = seen(&guest, &asset).await;
            let Asset { size_bytes, sha256, .. } = without_location.clone();
            let expected = Asset { location: None, size_bytes, sha256, ..shown.clone() };
            assert_eq!(without_location, expected);
            assert_ne!(without_location.sha256, asset.sha256);

            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            let hidden = seen(&guest, &asset).await;
            let Asset { size_bytes, sha256, .. } = hidden.clone();
            let expected = Asset {
                owner_id: String::new(),
                file_name: "photo-2024-06-15.jpg".to_owned(),
                description: String::new(),
                capture_utc_offset: None,
                size_bytes,
                sha256,
                ..expected
            };
            assert_eq!(hidden, expected);
            assert!(hidden.size_bytes < without_location.size_bytes);
            let request =
                ListAssetsRequest { album_id: album.id.clone(), ..ListAssetsRequest::default() };
            let listed = guest.assets().list_assets(request).await.unwrap().into_inner();
            assert_eq!(listed.assets, [hidden]);
        })
        .await;
    }

    #[tokio::test]
    async fn have_no_size_where_there_is_no_file_to_give_out() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let photo = ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            let video = ann.upload("b.mp4", &fixtures::read("photos/evening.mp4")).await;
            let live = live_photo(&ann).await;
            let assets = [photo, video, live];
            assert!(assets[2].motion.is_some());
            let album = ann.album("Summer", &assets).await;
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            for asset in &assets {
                let hidden = seen(&guest, asset).await;
                assert_eq!((hidden.size_bytes, hidden.sha256.len()), (0, 0));
                assert_eq!(hidden.motion, None);
                assert!(hidden.capture_time.is_some());
            }
            server.run_jobs().await;
            let sizes = [seen(&guest, &assets[0]).await, seen(&guest, &assets[2]).await];
            assert!(sizes[0].size_bytes > 0 && sizes[1].size_bytes == 0);
        })
        .await;
    }
}

mod downloads {
    use super::*;

    #[tokio::test]
    async fn have_no_metadata_and_the_announced_size_and_digest() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let files = [PLACED, "photos/IMG_2042.jpg", "photos/dunes.webp", "photos/harbour.png"];
            let mut assets = Vec::new();
            for file in files {
                assets.push(ann.upload("a", &fixtures::read(file)).await);
            }
            let album = ann.album("Summer", &assets).await;
            server.run_jobs().await;
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            for asset in &assets {
                let shown = seen(&guest, asset).await;
                let (header, bytes) = download(&guest, asset).await.unwrap();
                assert_eq!(header.size_bytes, shown.size_bytes);
                assert_eq!(header.sha256, shown.sha256);
                assert_eq!(header.file_name, shown.file_name);
                assert_eq!(Sha256::digest(&bytes).as_slice(), shown.sha256);
                says_nothing(&bytes);
                for offset in [1, 20, 21, 30, 700, bytes.len() - 1, bytes.len()] {
                    let (_, rest) = download_from(&guest, asset, offset).await.unwrap();
                    assert!(rest == bytes[offset..], "offset {offset}");
                }
                assert_eq!(download(&ann, asset).await.unwrap().0.sha256, asset.sha256);
            }
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::WithoutLocation).await;
            let (_, bytes) = download(&guest, &assets[0]).await.unwrap();
            if let Some(tags) = found(&bytes) {
                assert_eq!(tags["IFD0:Make"], "Example Optics");
                assert!(!tags.keys().any(|name| name.starts_with("GPS:")), "{tags:?}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn over_http_have_the_same_bytes_and_say_nothing_in_their_headers() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("Siena.jpg", &fixtures::read(PLACED)).await;
            let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
            server.run_jobs().await;
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            let (_, bytes) = download(&guest, &asset).await.unwrap();
            let path = format!("/api/assets/{}/original", asset.id);
            let (status, headers, body) = guest.get(&path, &[]).await;
            assert_eq!(status, StatusCode::OK);
            assert!(body == bytes);
            assert_eq!(headers["content-length"], bytes.len().to_string().as_str());
            assert_eq!(
                headers["content-disposition"],
                "inline; filename=\"photo-2024-06-15.jpg\"; filename*=UTF-8''photo-2024-06-15.jpg"
            );
            let (_, original, _) = ann.get(&path, &[]).await;
            assert_ne!(headers["etag"], original["etag"]);
            for (range, expected) in [
                ("bytes=0-0", 0..1),
                ("bytes=15-40", 15..41),
                ("bytes=-3", bytes.len() - 3..bytes.len()),
            ] {
                let (status, _, body) = guest.get(&path, &[("range", range)]).await;
                assert_eq!(status, StatusCode::PARTIAL_CONTENT);
                assert_eq!(body, bytes[expected], "{range}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn wait_until_the_file_is_made() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            let answer = guest.assets().download_asset(request(&asset, 0)).await;
            let status = expect_reason(answer, Code::Unavailable, "VARIANT_NOT_READY");
            assert_eq!(metadata(&status, "resource_id"), asset.id);
            let path = format!("/api/assets/{}/original", asset.id);
            let (status, headers, _) = guest.get(&path, &[]).await;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(headers.contains_key("retry-after"));
            download(&ann, &asset).await.unwrap();
            server.run_jobs().await;
            download(&guest, &asset).await.unwrap();
        })
        .await;
    }

    fn request(asset: &Asset, rendition: i32) -> DownloadAssetRequest {
        DownloadAssetRequest { asset_id: asset.id.clone(), rendition, offset: 0 }
    }

    #[tokio::test]
    async fn are_refused_where_metadata_cannot_be_taken_out() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let video = ann.upload("b.mp4", &fixtures::read("photos/evening.mp4")).await;
            let live = live_photo(&ann).await;
            let cut = ann.upload("c.jpg", &fixtures::photo(1)).await;
            let album = ann.album("Summer", &[video.clone(), live.clone(), cut.clone()]).await;
            server.run_jobs().await;
            for metadata in [Metadata::Hidden, Metadata::WithoutLocation] {
                let (guest, _) = guest_of(&server, &ann, &album, metadata).await;
                let motion = Rendition::Motion.into();
                for request in [
                    request(&video, 0),
                    request(&live, 0),
                    request(&live, motion),
                    request(&cut, 0),
                ] {
                    let answer = guest.assets().download_asset(request).await;
                    expect_reason(answer, Code::PermissionDenied, "METADATA_NOT_REMOVABLE");
                }
                let path = format!("/api/assets/{}/motion", live.id);
                assert_eq!(guest.get(&path, &[]).await.0, StatusCode::FORBIDDEN);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn of_originals_are_refused_by_links_that_give_out_previews() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
            server.run_jobs().await;
            let (guest, link) = guest_of(&server, &ann, &album, Metadata::Full).await;
            download(&guest, &asset).await.unwrap();
            set(&server, &link, Metadata::Full, Quality::Previews).await;
            let answer = guest.assets().download_asset(request(&asset, 0)).await;
            expect_reason(answer, Code::PermissionDenied, "PREVIEWS_ONLY");
            let answer = guest.export(&album).await.map(tonic::Response::new);
            expect_reason(answer, Code::PermissionDenied, "PREVIEWS_ONLY");
            assert!(seen(&guest, &asset).await.location.is_some());
        })
        .await;
    }

    #[tokio::test]
    async fn end_when_the_link_hides_more_than_it_did() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut bytes = fixtures::read(PLACED);
            bytes.resize(5 << 20, 0);
            let asset = ann.upload("a.jpg", &bytes).await;
            let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
            server.run_jobs().await;
            let (guest, link) = guest_of(&server, &ann, &album, Metadata::Full).await;
            let stream = guest.assets().download_asset(request(&asset, 0)).await.unwrap();
            let mut stream = stream.into_inner();
            stream.message().await.unwrap();
            stream.message().await.unwrap();
            set(&server, &link, Metadata::Hidden, Quality::Originals).await;
            let end = loop {
                match stream.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the whole original came"),
                    Err(status) => break status,
                }
            };
            assert_eq!(end.code(), Code::PermissionDenied, "{end:?}");
            assert!(download(&guest, &asset).await.unwrap().1.len() < 1 << 20);
        })
        .await;
    }

    #[tokio::test]
    async fn by_several_links_are_those_of_the_most_open_one_that_shows_the_photo() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let one = ann.upload("1.jpg", &fixtures::read(PLACED)).await;
            let two = ann.upload("2.jpg", &fixtures::read("photos/IMG_2042.jpg")).await;
            let three = ann.upload("3.jpg", &fixtures::read("strip/baseline.jpg")).await;
            server.run_jobs().await;
            // All are in an album that hides, the first also in one that hides nothing, the second
            // also in one that hides nothing and gives nothing out.
            let all = [one.clone(), two.clone(), three.clone()];
            let albums = [
                (&all[..], Metadata::Hidden, true),
                (&all[..1], Metadata::Full, true),
                (&all[1..2], Metadata::Full, false),
            ];
            let mut cookies = Vec::new();
            for (assets, metadata, allow_download) in albums {
                let album = ann.album("Summer", assets).await;
                let link =
                    SharedLink { allow_download: Some(allow_download), ..SharedLink::default() };
                let link = ann.link(&album, link).await;
                set(&server, &link, metadata, Quality::Originals).await;
                let request = OpenSharedLinkRequest {
                    key_or_slug: address(&link).to_owned(),
                    use_cookies: true,
                    ..Default::default()
                };
                let answer = server.anonymous().links().open_shared_link(request).await.unwrap();
                let cookie = answer.metadata().get("set-cookie").unwrap().to_str().unwrap();
                cookies.push(cookie.split(';').next().unwrap().to_owned());
            }
            let cookie = cookies.join("; ");
            let get = async |asset: &Asset| {
                let path = format!("/api/assets/{}/original", asset.id);
                let answer = server.anonymous().get(&path, &[("cookie", &cookie)]).await;
                assert_eq!(answer.0, StatusCode::OK);
                answer
            };
            assert!(get(&one).await.2 == fixtures::read(PLACED));
            let (_, headers, bytes) = get(&two).await;
            says_nothing(&bytes);
            // Its name is told by the link that gives nothing out.
            assert!(headers["content-disposition"].to_str().unwrap().contains("\"2.jpg\""));
            let (_, headers, bytes) = get(&three).await;
            says_nothing(&bytes);
            assert!(headers["content-disposition"].to_str().unwrap().contains("\"photo-20"));
        })
        .await;
    }

    #[tokio::test]
    async fn of_damaged_bytes_fail_and_are_remembered() {
        let faults = Faults::plan();
        test_with_faults(faults.clone(), |server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
            server.run_jobs().await;
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            faults.add(Call::Read, 1, Fault::Damage);
            let answer = download(&guest, &asset).await;
            assert_eq!(answer.unwrap_err().code(), Code::DataLoss);
            let file = asset_file::Entity::find().one(server.app.database.reader()).await.unwrap();
            assert!(file.unwrap().damage_time.is_some());
        })
        .await;
    }
}

mod exports {
    use super::*;

    #[tokio::test]
    async fn of_a_hiding_link_have_files_and_names_that_say_nothing() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let one = ann.upload("Siena.jpg", &fixtures::read(PLACED)).await;
            let two = ann.upload("Eve.jpg", &fixtures::read("photos/IMG_2042.jpg")).await;
            attach_motion(&ann, &two).await;
            let video = ann.upload("b.mp4", &fixtures::read("photos/evening.mp4")).await;
            let heic = live_photo(&ann).await;
            let album = ann.album("Summer", &[one.clone(), two.clone(), video, heic]).await;
            server.run_jobs().await;
            let late = ann.upload("late.webp", &fixtures::read("photos/dunes.webp")).await;
            ann.add(&album, &[late]).await.unwrap();
            let (guest, link) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            let request = CreateExportRequest {
                source: Some(Source::AlbumId(album.id.clone())),
                folders: Folders::Day.into(),
                ..Default::default()
            };
            let export = guest.exports().create_export(request).await.unwrap().into_inner();
            let skipped: Vec<_> = export
                .skipped_assets
                .iter()
                .map(|skipped| (skipped.file_name.as_str(), skipped.reason()))
                .collect();
            assert_eq!(
                skipped,
                [
                    ("video-2024-06-15.mp4", Reason::MetadataNotRemovable),
                    ("photo-2024-02-11.heic", Reason::MetadataNotRemovable),
                    ("photo-2022-04-19.webp", Reason::VariantNotReady),
                ]
            );
            let whole = archive(&guest, &export, 0).await.unwrap();
            assert_eq!(whole.len(), usize::try_from(export.size_bytes).unwrap());
            let entries = entries(&whole);
            let names: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
            let expected = ["2024-06-15/photo-2024-06-15.jpg", "2023-10-08/photo-2023-10-08.jpg"];
            assert_eq!(names, expected);
            for ((_, bytes), asset) in entries.iter().zip([&one, &two]) {
                says_nothing(bytes);
                assert!(*bytes == download(&guest, asset).await.unwrap().1);
            }
            // 18:41:06 UTC of 2024-06-15 in MS-DOS form: no more of the offset than in an answer.
            assert_eq!(whole[10..14], [0x23, 0x95, 0xcf, 0x58]);
            for offset in [1, 60, 100, 1000, whole.len() / 2, whole.len() - 1] {
                assert!(archive(&guest, &export, offset).await.unwrap() == whole[offset..]);
            }
            let path = &export.parts[0].http_path;
            let (status, _, body) = guest.get(path, &[("range", "bytes=90-900")]).await;
            assert_eq!(status, StatusCode::PARTIAL_CONTENT);
            assert!(body == whole[90..=900]);
            // What hid before still does, and what it is then, it was before.
            set(&server, &link, Metadata::Full, Quality::Originals).await;
            assert!(archive(&guest, &export, 0).await.unwrap() == whole);
        })
        .await;
    }

    #[tokio::test]
    async fn of_photos_that_are_still_being_made_can_be_tried_again() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            let album = ann.album("Summer", &[asset]).await;
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            let answer = guest.export(&album).await.map(tonic::Response::new);
            expect_reason(answer, Code::Unavailable, "VARIANT_NOT_READY");
            server.run_jobs().await;
            guest.export(&album).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn made_before_the_link_hid_anything_are_stale() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
            server.run_jobs().await;
            let (guest, link) = guest_of(&server, &ann, &album, Metadata::Full).await;
            let of_album = guest.export(&album).await.unwrap();
            let source = Source::Selection(AssetSelection { asset_ids: ids(&[asset]) });
            let request = CreateExportRequest { source: Some(source), ..Default::default() };
            let of_selection = guest.exports().create_export(request).await.unwrap().into_inner();
            for export in [&of_album, &of_selection] {
                archive(&guest, export, 0).await.unwrap();
            }
            set(&server, &link, Metadata::WithoutLocation, Quality::Originals).await;
            for export in [&of_album, &of_selection] {
                let answer = archive(&guest, export, 0).await.map(tonic::Response::new);
                expect_reason(answer, Code::FailedPrecondition, "EXPORT_STALE");
                // Nor its directory alone, which has all names.
                let end = usize::try_from(export.parts[0].size_bytes).unwrap() - 10;
                let answer = archive(&guest, export, end).await.map(tonic::Response::new);
                expect_reason(answer, Code::FailedPrecondition, "EXPORT_STALE");
            }
            archive(&ann, &ann.export(&album).await.unwrap(), 0).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn of_more_photos_than_are_looked_up_at_once_come_whole_from_any_offset() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let file = fixtures::read("strip/gray.jpg");
            let mut assets = Vec::new();
            for number in 0..300_u16 {
                // Each another file, and all the same picture.
                let comment = [&[0xff, 0xfe, 0, 4][..], &number.to_be_bytes()].concat();
                let bytes = [&file[..2], &comment, &file[2..]].concat();
                assets.push(ann.upload("a.jpg", &bytes).await);
            }
            let album = ann.album("Summer", &assets).await;
            server.run_jobs().await;
            let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
            let export = guest.export(&album).await.unwrap();
            let whole = archive(&guest, &export, 0).await.unwrap();
            let entries = entries(&whole);
            assert_eq!(entries.len(), 300);
            assert!(entries.iter().all(|(_, bytes)| *bytes == entries[0].1));
            for offset in [whole.len() / 3, whole.len() * 9 / 10] {
                assert!(archive(&guest, &export, offset).await.unwrap() == whole[offset..]);
            }
        })
        .await;
    }
}

mod making {
    use super::*;

    #[tokio::test]
    async fn is_one_job_for_many_uploads() {
        test(|server| async move {
            let ann = server.user("ann").await;
            ann.photos(0..5).await;
            let reader = server.app.database.reader();
            let kind = sea_orm::ColumnTrait::eq(&job::Column::Kind, "make-variants");
            let jobs = job::Entity::find().filter(kind);
            assert_eq!(jobs.clone().count(reader).await.unwrap(), 1);
            server.run_jobs().await;
            assert_eq!(asset_variant::Entity::find().count(reader).await.unwrap(), 10);
        })
        .await;
    }

    #[tokio::test]
    async fn reaches_the_photos_that_were_there_before() {
        test(|server| async move {
            let ann = server.user("ann").await;
            ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            server.run_jobs().await;
            let reader = server.app.database.reader();
            let forget = server.app.transact(|transaction| async move {
                asset_variant::Entity::delete_many().exec(&*transaction).await?;
                Ok(())
            });
            forget.await.unwrap();
            server.sleep(std::time::Duration::from_secs(25 * 3600));
            server.run_jobs().await;
            let rows = asset_variant::Entity::find().all(reader).await.unwrap();
            assert_eq!(rows.iter().filter(|row| row.is_available).count(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn waits_for_a_store_that_is_away() {
        let faults = Faults::plan();
        test_with_faults(faults.clone(), |server| async move {
            let ann = server.user("ann").await;
            ann.upload("a.jpg", &fixtures::read(PLACED)).await;
            // Both the job of the upload and the first of its schedule.
            for nth in [1, 2] {
                faults.add(Call::Read, nth, Fault::Error(std::io::ErrorKind::TimedOut));
            }
            server.run_jobs().await;
            let reader = server.app.database.reader();
            assert_eq!(asset_variant::Entity::find().count(reader).await.unwrap(), 0);
            server.sleep(std::time::Duration::from_secs(60));
            server.run_jobs().await;
            assert_eq!(asset_variant::Entity::find().count(reader).await.unwrap(), 2);
        })
        .await;
    }
}

#[tokio::test]
async fn a_link_that_hides_does_not_open_the_photos_of_others() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let inside = ann.upload("1.jpg", &fixtures::read(PLACED)).await;
        let outside = ann.upload("2.jpg", &fixtures::read("photos/IMG_2042.jpg")).await;
        let album = ann.album("Summer", &[inside]).await;
        server.run_jobs().await;
        let (guest, _) = guest_of(&server, &ann, &album, Metadata::Hidden).await;
        expect_code(guest.asset(&outside).await, Code::NotFound);
        assert_eq!(download(&guest, &outside).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn owners_keep_their_rating_and_visibility_to_themselves() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let asset = ann.photos(0..1).await.remove(0);
        let values = Asset { rating: Some(2), ..Asset::default() };
        ann.update(std::slice::from_ref(&asset), values, &[]).await.unwrap();
        ann.show(std::slice::from_ref(&asset), AssetVisibility::Archived).await.unwrap();
        let location = Some(Location { latitude: 1.0, longitude: 2.0 });
        let values = Asset { location, ..Asset::default() };
        ann.update(std::slice::from_ref(&asset), values, &[]).await.unwrap();
        let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
        server.member(&album, &bob, Role::Editor).await;
        let own = seen(&ann, &asset).await;
        assert_eq!((own.rating, own.visibility()), (Some(2), AssetVisibility::Archived));
        let shown = seen(&bob, &asset).await;
        assert_eq!((shown.rating, shown.visibility()), (None, AssetVisibility::Unspecified));
        assert_eq!(shown.location, location);
    })
    .await;
}
