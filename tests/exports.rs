//! `ExportService` and the HTTP route for archives.

use std::io::Read as _;
use std::process::{Command, Stdio};

use albumen::v1::create_export_request::{Folders, Source};
use albumen::v1::stream_export_response::Part;
use albumen::v1::{
    AssetSelection, CreateExportRequest, DeleteExportRequest, Export, ExportHeader,
    GetExportRequest, RemoveAlbumAssetsRequest, SharedLink, StreamExportRequest, UpdateMeRequest,
    UpdateSharedLinkRequest, Upload, User,
};
use albumen_server::blob::BlobKey;
use albumen_server::entity::asset_file;
use http::StatusCode;
use sea_orm::EntityTrait as _;
use tonic::{Code, Response, Status};

use crate::support::person::ids;
use crate::support::{
    Person, TestServer, expect_code, expect_fields, expect_reason, fixtures, test,
};

async fn create(who: &Person, request: CreateExportRequest) -> Result<Export, Status> {
    who.exports().create_export(request).await.map(Response::into_inner)
}

async fn stream(
    who: &Person,
    export: &Export,
    part: i32,
    offset: usize,
    limit: Option<usize>,
) -> Result<(ExportHeader, Vec<u8>), Status> {
    let request = StreamExportRequest {
        export_id: export.id.clone(),
        part,
        offset: offset.try_into().unwrap(),
        limit_bytes: limit.map(|limit| limit.try_into().unwrap()),
    };
    let mut stream = who.exports().stream_export(request).await?.into_inner();
    let Part::Header(header) = stream.message().await?.unwrap().part.unwrap() else {
        panic!("the header comes first")
    };
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        let Some(Part::Chunk(chunk)) = message.part else { panic!("only chunks follow") };
        assert!(chunk.len() <= 1 << 20);
        bytes.extend(chunk);
    }
    Ok((header, bytes))
}

async fn whole(who: &Person, export: &Export, part: i32) -> Vec<u8> {
    stream(who, export, part, 0, None).await.unwrap().1
}

/// What somebody else's tool finds in an archive: name and bytes of each entry, in order.
fn unpack(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    std::fs::write(&path, archive).unwrap();
    let test = Command::new("unzip").arg("-tqq").arg(&path).status();
    assert!(test.expect("unzip is missing: run `make setup`").success());
    let listing = Command::new("unzip").arg("-Z1").arg(&path).output().unwrap().stdout;
    let names = String::from_utf8(listing).unwrap();
    let read = |name: &str| {
        let mut child = Command::new("unzip")
            .arg("-p")
            .arg(&path)
            .arg(name.replace('[', "\\["))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut bytes = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut bytes).unwrap();
        assert!(child.wait().unwrap().success());
        bytes
    };
    names.lines().map(|name| (name.to_owned(), read(name))).collect()
}

mod create_export {
    use super::*;

    #[tokio::test]
    async fn an_album_becomes_an_archive_in_its_order() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer: 2024", &ann.photos(0..3).await).await;
            let export = ann.export(&album).await.unwrap();
            assert_eq!(export.parts.len(), 1);
            let part = &export.parts[0];
            assert_eq!(part.file_name, "Summer_ 2024.zip");
            assert_eq!(part.entry_count, 3);
            assert_eq!(export.size_bytes, part.size_bytes);
            let archive = whole(&ann, &export, 1).await;
            assert_eq!(archive.len(), usize::try_from(part.size_bytes).unwrap());
            let expected: Vec<_> =
                [2, 1, 0].map(|number| (format!("{number}.jpg"), fixtures::photo(number))).into();
            assert!(unpack(&archive) == expected);
            let request = GetExportRequest { export_id: export.id.clone() };
            assert_eq!(ann.exports().get_export(request).await.unwrap().into_inner(), export);
        })
        .await;
    }

    #[tokio::test]
    async fn a_selection_is_exported_in_the_order_asked() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let order = [1, 2, 0].map(|index: usize| assets[index].clone());
            let source = Some(Source::Selection(AssetSelection { asset_ids: ids(&order) }));
            let export =
                create(&ann, CreateExportRequest { source, ..Default::default() }).await.unwrap();
            let names: Vec<_> = unpack(&whole(&ann, &export, 1).await);
            let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["1.jpg", "2.jpg", "0.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn equal_names_are_told_apart() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut assets = Vec::new();
            for (number, name) in ["A.jpg", "a.JPG", "A (2).jpg", "CON.jpg"].iter().enumerate() {
                let bytes = fixtures::photo(number.try_into().unwrap());
                assets.push(ann.upload(name, &bytes).await);
            }
            let source = Some(Source::Selection(AssetSelection { asset_ids: ids(&assets) }));
            let export =
                create(&ann, CreateExportRequest { source, ..Default::default() }).await.unwrap();
            let names: Vec<_> = unpack(&whole(&ann, &export, 1).await);
            let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["A.jpg", "a (3).JPG", "A (2).jpg", "CON_.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn parts_stay_below_the_limit_and_hold_everything() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut assets = Vec::new();
            for number in 0..5 {
                let bytes = fixtures::sized_photo(number, 450_000);
                assets.push(ann.upload(&format!("{number}.jpg"), &bytes).await);
            }
            assets.push(ann.upload("big.jpg", &fixtures::sized_photo(9, 1_500_000)).await);
            let album = ann.album("Parts", &assets).await;
            let request = CreateExportRequest {
                source: Some(Source::AlbumId(album.id.clone())),
                max_part_size_bytes: Some(1 << 20),
                ..Default::default()
            };
            let export = create(&ann, request).await.unwrap();
            let names: Vec<_> = export.parts.iter().map(|part| part.file_name.as_str()).collect();
            assert_eq!(names[0], format!("Parts (1 of {}).zip", names.len()));
            let mut found = 0;
            for part in &export.parts {
                let archive = whole(&ann, &export, part.number).await;
                assert_eq!(archive.len(), usize::try_from(part.size_bytes).unwrap());
                assert!(part.size_bytes <= 1 << 20 || part.entry_count == 1, "{part:?}");
                found += unpack(&archive).len();
            }
            assert_eq!(found, 6);
            let prefers = User { export_part_size_bytes: Some(1 << 20), ..User::default() };
            let request = UpdateMeRequest { user: Some(prefers), update_mask: None };
            ann.users().update_me(request).await.unwrap();
            let preferred = ann.export(&album).await.unwrap();
            assert_eq!(preferred.parts.len(), export.parts.len());
            let link = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            assert_eq!(guest.export(&album).await.unwrap().parts.len(), export.parts.len());
        })
        .await;
    }

    #[tokio::test]
    async fn a_live_photo_is_exported_whole() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let still = ann.upload("IMG_2050.HEIC", &fixtures::read("photos/IMG_2050.HEIC")).await;
            let motion = fixtures::read("photos/IMG_2050.MOV");
            let upload = Upload {
                file_name: "IMG_2050.MOV".to_owned(),
                size_bytes: motion.len().try_into().unwrap(),
                motion_of_asset_id: still.id.clone(),
                ..Upload::default()
            };
            let request =
                albumen::v1::CreateUploadRequest { upload: Some(upload), ..Default::default() };
            let id = ann.uploads().create_upload(request).await.unwrap().into_inner().id;
            ann.stream(&id, 0, &motion).await.unwrap();
            let still = ann.finish(&id).await.unwrap();
            let album = ann.album("Live", &[still]).await;
            let export = ann.export(&album).await.unwrap();
            let entries = unpack(&whole(&ann, &export, 1).await);
            assert_eq!(entries.len(), 2);
            assert!(entries[1] == ("IMG_2050.MOV".to_owned(), motion));
        })
        .await;
    }

    #[tokio::test]
    async fn folders_are_days_or_the_album() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut assets = Vec::new();
            for file in ["IMG_2041.jpg", "dunes.webp"] {
                assets.push(ann.upload(file, &fixtures::read(&format!("photos/{file}"))).await);
            }
            let album = ann.album("Trip", &assets).await;
            for (folders, expected) in [
                (Folders::Day, ["2024-06-15/IMG_2041.jpg", "2022-04-19/dunes.webp"]),
                (Folders::Album, ["Trip/IMG_2041.jpg", "Trip/dunes.webp"]),
                (Folders::None, ["IMG_2041.jpg", "dunes.webp"]),
            ] {
                let request = CreateExportRequest {
                    source: Some(Source::AlbumId(album.id.clone())),
                    folders: folders.into(),
                    ..Default::default()
                };
                let export = create(&ann, request).await.unwrap();
                let entries = unpack(&whole(&ann, &export, 1).await);
                let names: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, expected);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_repeated_call_gives_the_same_export() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Summer", &assets).await;
            let request = CreateExportRequest {
                source: Some(Source::AlbumId(album.id.clone())),
                request_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
                ..Default::default()
            };
            let first = create(&ann, request.clone()).await.unwrap();
            let remove =
                RemoveAlbumAssetsRequest { album_id: album.id, asset_ids: ids(&assets[..1]) };
            ann.albums().remove_album_assets(remove).await.unwrap();
            assert_eq!(create(&ann, request.clone()).await.unwrap(), first);
            let bob = server.user("bob").await;
            let album = bob.album("His", &bob.photos(7..8).await).await;
            let taken = CreateExportRequest { source: Some(Source::AlbumId(album.id)), ..request };
            expect_code(create(&bob, taken).await.map(Response::new), Code::AlreadyExists);
        })
        .await;
    }

    #[tokio::test]
    async fn bad_requests_are_refused() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Empty", &[]).await;
            let empty = ann.export(&album).await.map(Response::new);
            expect_reason(empty, Code::FailedPrecondition, "EXPORT_EMPTY");
            let none = create(&ann, CreateExportRequest::default()).await.map(Response::new);
            expect_fields(none, &["source"]);
            let bad = CreateExportRequest {
                source: Some(Source::AlbumId("x".to_owned())),
                max_part_size_bytes: Some(1),
                folders: 9,
                request_id: "x".to_owned(),
            };
            let status = create(&ann, bad).await.unwrap_err();
            let details = tonic_types::StatusExt::get_error_details(&status);
            let found = details.bad_request().unwrap().field_violations.len();
            assert_eq!(found, 4, "{status:?}");
            let bob = server.user("bob").await;
            let theirs = bob.photos(5..6).await;
            let source = Some(Source::Selection(AssetSelection { asset_ids: ids(&theirs) }));
            let answer = create(&ann, CreateExportRequest { source, ..Default::default() }).await;
            expect_code(answer.map(Response::new), Code::NotFound);
        })
        .await;
    }
}

mod stream_export {
    use super::*;

    #[tokio::test]
    async fn any_pieces_put_together_are_the_archive() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let mut assets = ann.photos(0..4).await;
            assets.push(ann.upload("big.jpg", &fixtures::sized_photo(9, 1_300_000)).await);
            let album = ann.album("Summer", &assets).await;
            let export = ann.export(&album).await.unwrap();
            let archive = whole(&ann, &export, 1).await;
            let (mut offset, mut seed, mut pieced) = (0, 7_usize, Vec::new());
            while offset < archive.len() {
                seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) % 400_000 + 1;
                let (header, piece) = stream(&ann, &export, 1, offset, Some(seed)).await.unwrap();
                assert_eq!(header.offset, i64::try_from(offset).unwrap());
                assert_eq!(header.size_bytes, export.parts[0].size_bytes);
                assert_eq!(header.etag, export.parts[0].etag);
                offset += piece.len();
                pieced.extend(piece);
            }
            assert!(pieced == archive);
            let (_, end) = stream(&ann, &export, 1, archive.len(), None).await.unwrap();
            assert!(end.is_empty());
            let behind = stream(&ann, &export, 1, archive.len() + 1, None).await;
            let behind = behind.map(|_| Response::new(()));
            expect_reason(behind, Code::OutOfRange, "OFFSET_OUT_OF_RANGE");
        })
        .await;
    }

    #[tokio::test]
    async fn an_export_outlives_changes_of_its_album() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Summer", &assets).await;
            let export = ann.export(&album).await.unwrap();
            let before = whole(&ann, &export, 1).await;
            let request = RemoveAlbumAssetsRequest {
                album_id: album.id.clone(),
                asset_ids: ids(&assets[..2]),
            };
            ann.albums().remove_album_assets(request).await.unwrap();
            assert!(whole(&ann, &export, 1).await == before);
        })
        .await;
    }

    #[tokio::test]
    async fn there_is_no_other_part_and_no_export_after_a_week() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &ann.photos(0..1).await).await;
            let export = ann.export(&album).await.unwrap();
            let other = stream(&ann, &export, 2, 0, None).await.map(|_| Response::new(()));
            expect_code(other, Code::NotFound);
            server.sleep(std::time::Duration::from_secs(7 * 86_400));
            let ann = server.login("ann@example.org").await;
            let request = GetExportRequest { export_id: export.id };
            expect_code(ann.exports().get_export(request).await, Code::NotFound);
        })
        .await;
    }

    #[tokio::test]
    async fn a_lost_asset_fails_the_stream_before_its_first_byte() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let export = ann.export(&ann.album("Summer", &assets).await).await.unwrap();
            ann.trash(&assets[..1]).await.unwrap();
            ann.delete(&assets[..1]).await.unwrap();
            let answer = stream(&ann, &export, 1, 0, None).await.map(|_| Response::new(()));
            expect_reason(answer, Code::FailedPrecondition, "EXPORT_STALE");
            // The newest comes first, so the range of the first entry is whole still.
            assert!(stream(&ann, &export, 1, 0, Some(100)).await.is_ok());
            let path = &export.parts[0].http_path;
            assert_eq!(ann.get(path, &[]).await.0, StatusCode::GONE);
        })
        .await;
    }

    #[tokio::test]
    async fn a_damaged_file_ends_the_stream_and_is_left_out_of_the_next_export() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..3).await;
            let album = ann.album("Summer", &assets).await;
            let export = ann.export(&album).await.unwrap();
            damage(&server, &assets[1].sha256).await;
            let answer = stream(&ann, &export, 1, 0, None).await.map(|_| Response::new(()));
            expect_reason(answer, Code::DataLoss, "DATA_DAMAGED");
            let next = ann.export(&album).await.unwrap();
            assert_eq!(next.parts[0].entry_count, 2);
            assert_eq!(next.skipped_assets.len(), 1);
            assert_eq!(next.skipped_assets[0].asset_id, assets[1].id);
            assert_eq!(next.skipped_assets[0].file_name, "1.jpg");
            assert_eq!(unpack(&whole(&ann, &next, 1).await).len(), 2);
        })
        .await;
    }

    /// Changes one byte of a stored file behind the server's back.
    async fn damage(server: &TestServer, sha256: &[u8]) {
        let files = asset_file::Entity::find().all(server.app.database.reader()).await.unwrap();
        let file = files.into_iter().find(|file| file.sha256 == sha256).unwrap();
        let key = BlobKey::Original(file.blob_id);
        let path = server.app.config.data_dir.join("blobs").join(key.path());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }

    #[tokio::test]
    async fn a_link_that_no_longer_allows_downloads_gives_out_no_selection_either() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let album = ann.album("Summer", &assets).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let source = Some(Source::Selection(AssetSelection { asset_ids: ids(&assets) }));
            let request = CreateExportRequest { source, ..Default::default() };
            let export = create(&guest, request).await.unwrap();
            assert!(stream(&guest, &export, 1, 0, None).await.is_ok());
            let request = UpdateSharedLinkRequest {
                shared_link_id: link.id,
                shared_link: Some(SharedLink { allow_download: Some(false), ..Default::default() }),
                update_mask: None,
            };
            ann.links().update_shared_link(request).await.unwrap();
            let answer = stream(&guest, &export, 1, 0, None).await.map(|_| Response::new(()));
            expect_reason(answer, Code::PermissionDenied, "DOWNLOAD_NOT_ALLOWED");
        })
        .await;
    }

    #[tokio::test]
    async fn losing_the_right_ends_an_open_stream() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let big = ann.upload("big.jpg", &fixtures::sized_photo(1, 12 << 20)).await;
            let album = ann.album("Summer", &[big]).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let guest = server.guest(&link, "").await;
            let export = guest.export(&album).await.unwrap();
            let request =
                StreamExportRequest { export_id: export.id.clone(), part: 1, ..Default::default() };
            let mut stream = guest.exports().stream_export(request).await.unwrap().into_inner();
            stream.message().await.unwrap();
            stream.message().await.unwrap();
            let link = SharedLink { allow_download: Some(false), ..link };
            let request = UpdateSharedLinkRequest {
                shared_link_id: link.id.clone(),
                shared_link: Some(SharedLink {
                    allow_download: link.allow_download,
                    ..SharedLink::default()
                }),
                update_mask: None,
            };
            ann.links().update_shared_link(request).await.unwrap();
            let mut rest = 0;
            let ended = loop {
                match stream.message().await {
                    Ok(Some(_)) => rest += 1,
                    Ok(None) => panic!("the stream went on to its end"),
                    Err(status) => break status,
                }
            };
            expect_reason(
                Err::<Response<()>, _>(ended),
                Code::PermissionDenied,
                "DOWNLOAD_NOT_ALLOWED",
            );
            assert!(rest <= 2, "{rest} more chunks");
        })
        .await;
    }
}

mod delete_export {
    use super::*;

    #[tokio::test]
    async fn a_deleted_export_is_gone_and_its_assets_stay() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &ann.photos(0..1).await).await;
            let export = ann.export(&album).await.unwrap();
            let request = DeleteExportRequest { export_id: export.id.clone() };
            ann.exports().delete_export(request).await.unwrap();
            let request = GetExportRequest { export_id: export.id };
            expect_code(ann.exports().get_export(request).await, Code::NotFound);
            assert!(ann.export(&album).await.is_ok());
        })
        .await;
    }
}

mod http_archives {
    use super::*;

    #[tokio::test]
    async fn a_broken_download_goes_on_where_it_ended() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &ann.photos(0..3).await).await;
            let export = ann.export(&album).await.unwrap();
            let part = &export.parts[0];
            let (status, headers, first) =
                ann.get(&part.http_path, &[("range", "bytes=0-4999")]).await;
            assert_eq!(status, StatusCode::PARTIAL_CONTENT);
            assert_eq!(headers["content-type"], "application/zip");
            assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
            let etag = format!("\"{}\"", part.etag);
            assert_eq!(headers["etag"], etag);
            let range = [("range", "bytes=5000-"), ("if-range", etag.as_str())];
            let (status, _, rest) = ann.get(&part.http_path, &range).await;
            assert_eq!(status, StatusCode::PARTIAL_CONTENT);
            assert!([first, rest].concat() == whole(&ann, &export, 1).await);
            let changed = [("range", "bytes=5000-"), ("if-range", "\"other\"")];
            let (status, _, all) = ann.get(&part.http_path, &changed).await;
            assert_eq!((status, all.len() as i64), (StatusCode::OK, part.size_bytes));
        })
        .await;
    }
}
