//! `UploadService`.

use std::time::Duration;

use albumen::v1::stream_upload_request::Part;
use albumen::v1::{
    AppendUploadRequest, Asset, AssetKind, AssetVisibility, CancelUploadRequest,
    CreateUploadRequest, FinishUploadRequest, GetAlbumRequest, GetUploadRequest,
    StreamUploadRequest, Upload, UploadHeader, UploadState,
};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Response, Status};

use crate::support::{
    Person, expect_code, expect_fields, expect_reason, fixtures, metadata, test, test_with,
};

async fn create(who: &Person, upload: Upload) -> Result<Response<Upload>, Status> {
    let request = CreateUploadRequest { upload: Some(upload), request_id: String::new() };
    who.uploads().create_upload(request).await
}

fn upload(bytes: &[u8]) -> Upload {
    Upload {
        file_name: "a.jpg".to_owned(),
        size_bytes: bytes.len().try_into().unwrap(),
        ..Upload::default()
    }
}

async fn append(who: &Person, id: &str, offset: i64, chunk: &[u8]) -> Result<i64, Status> {
    let request =
        AppendUploadRequest { upload_id: id.to_owned(), offset, chunk: chunk.to_vec().into() };
    Ok(who.uploads().append_upload(request).await?.into_inner().committed_size_bytes)
}

async fn get(who: &Person, id: &str) -> Upload {
    let request = GetUploadRequest { upload_id: id.to_owned() };
    who.uploads().get_upload(request).await.unwrap().into_inner()
}

fn sha256(bytes: &[u8]) -> prost::bytes::Bytes {
    Sha256::digest(bytes).to_vec().into()
}

mod create_upload {
    use super::*;

    #[tokio::test]
    async fn a_repeated_call_finds_the_same_upload() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let request = CreateUploadRequest {
                upload: Some(upload(b"12345")),
                request_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
            };
            let first = ann.uploads().create_upload(request.clone()).await.unwrap().into_inner();
            assert_eq!(first.id, request.request_id);
            let mut other = request.clone();
            other.upload.as_mut().unwrap().size_bytes = 77;
            let again = ann.uploads().create_upload(other).await.unwrap().into_inner();
            assert_eq!(again, first);
            let bob = server.user("bob").await;
            let taken = bob.uploads().create_upload(request).await;
            expect_reason(taken, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
        })
        .await;
    }

    #[tokio::test]
    async fn a_known_digest_needs_no_bytes() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let asset = ann.upload("a.jpg", &bytes).await;
            let announced = Upload { sha256: sha256(&bytes), ..upload(&bytes) };
            let known = create(&ann, announced.clone()).await.unwrap().into_inner();
            assert_eq!(known.state(), UploadState::Finished);
            assert_eq!((known.asset_id.as_str(), known.duplicate), (asset.id.as_str(), true));
            assert_eq!(ann.finish(&known.id).await.unwrap(), asset);

            let odd = Upload { size_bytes: 77, ..announced.clone() };
            let odd = create(&ann, odd).await.unwrap().into_inner();
            assert_eq!(odd.state(), UploadState::Active, "no file has this digest and size");

            let bob = server.user("bob").await;
            let unknown = create(&bob, announced).await.unwrap().into_inner();
            assert_eq!(unknown.state(), UploadState::Active);
        })
        .await;
    }

    #[tokio::test]
    async fn every_bad_field_is_named() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bad = Upload {
                file_name: String::new(),
                size_bytes: 0,
                sha256: vec![0; 31].into(),
                album_id: "x".to_owned(),
                motion_of_asset_id: "y".to_owned(),
                ..Upload::default()
            };
            let fields = ["file_name", "size_bytes", "sha256", "album_id", "motion_of_asset_id"];
            let fields = fields.map(|field| format!("upload.{field}"));
            expect_fields(create(&ann, bad).await, &fields.each_ref().map(String::as_str));
            let late = prost_types::Timestamp { seconds: 7_258_118_400, nanos: 0 };
            let late = Upload { capture_time_hint: Some(late), ..upload(b"x") };
            expect_fields(create(&ann, late).await, &["upload.capture_time_hint"]);
            let none = ann.uploads().create_upload(CreateUploadRequest::default()).await;
            expect_fields(none, &["upload"]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_is_refused() {
        test_with(
            |config| config.max_file_size_bytes = 100,
            |server| async move {
                let ann = server.user("ann").await;
                assert!(create(&ann, upload(&[0; 100])).await.is_ok());
                let answer = create(&ann, upload(&[0; 101])).await;
                let status = expect_reason(answer, Code::ResourceExhausted, "FILE_TOO_LARGE");
                assert_eq!(metadata(&status, "limit_bytes"), "100");
            },
        )
        .await;
    }

    #[tokio::test]
    async fn open_uploads_reserve_their_size() {
        test_with(
            |config| config.default_quota_bytes = Some(10_000),
            |server| async move {
                let ann = server.user("ann").await;
                ann.upload("a.jpg", &fixtures::sized_photo(1, 4000)).await;
                let open = create(&ann, upload(&[0; 5000])).await.unwrap().into_inner();
                let answer = create(&ann, upload(&[0; 1001])).await;
                let status = expect_reason(answer, Code::ResourceExhausted, "QUOTA_EXCEEDED");
                assert_eq!(metadata(&status, "used_bytes"), "9000");
                assert_eq!(metadata(&status, "limit_bytes"), "10000");
                let cancel = CancelUploadRequest { upload_id: open.id };
                ann.uploads().cancel_upload(cancel).await.unwrap();
                assert!(create(&ann, upload(&[0; 6000])).await.is_ok());
                server.sleep(Duration::from_secs(86_401));
                let ann = server.login("ann@example.org").await;
                assert!(create(&ann, upload(&[0; 6000])).await.is_ok(), "expired ones do not");
            },
        )
        .await;
    }

    #[tokio::test]
    async fn quotas_hold_under_concurrency() {
        test_with(
            |config| config.default_quota_bytes = Some(10_000),
            |server| async move {
                let ann = server.user("ann").await;
                let tries = (0..16).map(|_| create(&ann, upload(&[0; 2500])));
                let answers = futures::future::join_all(tries).await;
                assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 4);
            },
        )
        .await;
    }

    #[tokio::test]
    async fn names_lose_their_folders() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let named = Upload { file_name: "C:\\DCIM/a\u{7}b.jpg".to_owned(), ..upload(b"x") };
            let created = create(&ann, named).await.unwrap().into_inner();
            assert_eq!(created.file_name, "ab.jpg");
        })
        .await;
    }
}

mod append_upload {
    use super::*;

    #[tokio::test]
    async fn chunks_go_where_the_upload_ends() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            assert_eq!(append(&ann, &id, 0, &bytes[..10]).await.unwrap(), 10);
            for offset in [0, 9, 11] {
                let answer = append(&ann, &id, offset, &bytes[10..20]).await.map(Response::new);
                let status = expect_reason(answer, Code::OutOfRange, "OFFSET_OUT_OF_RANGE");
                assert_eq!(metadata(&status, "committed_size_bytes"), "10");
            }
            assert_eq!(append(&ann, &id, 10, &bytes[10..]).await.unwrap(), 4096);
            let asset = ann.finish(&id).await.unwrap();
            assert_eq!(asset.sha256, sha256(&bytes));
        })
        .await;
    }

    #[tokio::test]
    async fn a_chunk_beyond_the_size_is_refused_and_nothing_kept() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let id = ann.create_upload("a.jpg", 4000).await.id;
            let answer = append(&ann, &id, 0, &bytes).await.map(Response::new);
            expect_fields(answer, &["chunk"]);
            assert_eq!(get(&ann, &id).await.committed_size_bytes, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn empty_and_oversized_chunks_are_refused() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let id = ann.create_upload("a.jpg", 8 << 20).await.id;
            expect_fields(append(&ann, &id, 0, &[]).await.map(Response::new), &["chunk"]);
            let large = vec![0; (3 << 20) + 1];
            expect_fields(append(&ann, &id, 0, &large).await.map(Response::new), &["chunk"]);
            expect_fields(append(&ann, &id, -1, &[1]).await.map(Response::new), &["offset"]);
        })
        .await;
    }

    #[tokio::test]
    async fn of_appenders_at_the_same_offset_one_wins() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let id = ann.create_upload("a.jpg", 8192).await.id;
            let photos: Vec<_> = (0..8).map(fixtures::photo).collect();
            let tries = photos.iter().map(|photo| append(&ann, &id, 0, photo));
            let answers = futures::future::join_all(tries).await;
            let winners: Vec<_> = (0..8).filter(|index| answers[*index].is_ok()).collect();
            assert_eq!(winners.len(), 1, "{answers:?}");
            for answer in answers.into_iter().filter(Result::is_err) {
                let code = answer.unwrap_err().code();
                assert!(matches!(code, Code::Aborted | Code::OutOfRange), "{code:?}");
            }
            let rest = vec![7; 4096];
            append(&ann, &id, 4096, &rest).await.unwrap();
            let asset = ann.finish(&id).await.unwrap();
            assert_eq!(asset.sha256, sha256(&[&photos[winners[0]][..], &rest].concat()));
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_no_photo_is_refused_after_its_first_bytes() {
        test(|server| async move {
            let ann = server.user("ann").await;
            for (file, kind) in [("page.html", "text/html"), ("document.pdf", "application/pdf")] {
                let mut bytes = fixtures::read(&format!("other/{file}"));
                bytes.resize(5000, b' ');
                let id = ann.create_upload("a.jpg", 1 << 20).await.id;
                let answer = append(&ann, &id, 0, &bytes).await.map(Response::new);
                let status = expect_reason(answer, Code::InvalidArgument, "UNSUPPORTED_TYPE");
                assert_eq!(metadata(&status, "detected_type"), kind);
                assert_eq!(get(&ann, &id).await.state(), UploadState::Cancelled);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn an_expired_upload_takes_nothing() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let id = ann.create_upload("a.jpg", 8192).await.id;
            server.sleep(Duration::from_secs(86_400));
            let ann = server.login("ann@example.org").await;
            let answer = append(&ann, &id, 0, &fixtures::photo(1)).await.map(Response::new);
            let status = expect_reason(answer, Code::FailedPrecondition, "UPLOAD_NOT_ACTIVE");
            assert_eq!(metadata(&status, "state"), "expired");
            let answer = ann.finish(&id).await.map(Response::new);
            expect_reason(answer, Code::FailedPrecondition, "UPLOAD_NOT_ACTIVE");
        })
        .await;
    }
}

mod stream_upload {
    use super::*;

    #[tokio::test]
    async fn a_large_file_arrives_whole() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(1, 20 << 20);
            let asset = ann.upload("large.jpg", &bytes).await;
            assert_eq!(asset.sha256, sha256(&bytes));
        })
        .await;
    }

    /// Cuts streams at many points, resumes each where `GetUpload` says, and compares.
    #[tokio::test]
    async fn an_upload_that_is_cut_anywhere_resumes() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(3, 300_000);
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            let mut committed = 0;
            for step in [1, 4095, 4096, 70_000, 65_536, 131_072] {
                let end = (committed + step).min(bytes.len());
                let answer = cut(&ann, &id, committed, &bytes[committed..end]).await;
                expect_code(answer.map(Response::new), Code::InvalidArgument);
                let found = usize::try_from(get(&ann, &id).await.committed_size_bytes).unwrap();
                assert_eq!(found, end, "what arrived before the cut is kept");
                committed = found;
            }
            ann.stream(&id, committed, &bytes[committed..]).await.unwrap();
            assert_eq!(ann.finish(&id).await.unwrap().sha256, sha256(&bytes));
        })
        .await;
    }

    /// A stream that sends some bytes and then something that cannot go on.
    async fn cut(who: &Person, id: &str, offset: usize, bytes: &[u8]) -> Result<i64, Status> {
        let header = Part::Header(UploadHeader {
            upload_id: id.to_owned(),
            offset: offset.try_into().unwrap(),
        });
        let chunks = bytes.chunks(30_000).map(|chunk| Part::Chunk(chunk.to_vec().into()));
        let parts: Vec<_> = std::iter::once(header.clone()).chain(chunks).chain([header]).collect();
        let stream = parts.into_iter().map(|part| StreamUploadRequest { part: Some(part) });
        let answer = who.uploads().stream_upload(futures::stream::iter(stream)).await?;
        Ok(answer.into_inner().committed_size_bytes)
    }

    #[tokio::test]
    async fn the_header_comes_once_and_first() {
        test(|server| async move {
            let ann = server.user("ann").await;
            for part in [Some(Part::Chunk(vec![1].into())), None] {
                let stream = futures::stream::iter([StreamUploadRequest { part }]);
                expect_code(ann.uploads().stream_upload(stream).await, Code::InvalidArgument);
            }
            let empty = futures::stream::iter(Vec::<StreamUploadRequest>::new());
            expect_fields(ann.uploads().stream_upload(empty).await, &["part"]);
            let header = UploadHeader { upload_id: "x".to_owned(), offset: -1 };
            let part = Some(Part::Header(header));
            let stream = futures::stream::iter([StreamUploadRequest { part }]);
            expect_code(ann.uploads().stream_upload(stream).await, Code::InvalidArgument);
        })
        .await;
    }

    #[tokio::test]
    async fn a_chunk_over_a_mebibyte_is_refused() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let id = ann.create_upload("a.jpg", 4 << 20).await.id;
            let header = Part::Header(UploadHeader { upload_id: id, offset: 0 });
            let chunk = Part::Chunk(vec![0; (1 << 20) + 1].into());
            let parts = [header, chunk].map(|part| StreamUploadRequest { part: Some(part) });
            let answer = ann.uploads().stream_upload(futures::stream::iter(parts)).await;
            expect_fields(answer, &["chunk"]);
        })
        .await;
    }
}

mod finish_upload {
    use super::*;

    #[tokio::test]
    async fn the_asset_says_what_the_file_does() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::read("photos/IMG_2041.jpg");
            let asset = ann.upload("IMG_2041.jpg", &bytes).await;
            let expected = Asset {
                offline_time: None,
                id: asset.id.clone(),
                owner_id: ann.user.id.clone(),
                kind: AssetKind::Photo.into(),
                content_type: "image/jpeg".to_owned(),
                file_name: "IMG_2041.jpg".to_owned(),
                size_bytes: bytes.len().try_into().unwrap(),
                sha256: sha256(&bytes),
                width_px: Some(1200),
                height_px: Some(800),
                duration: None,
                capture_time: Some(prost_types::Timestamp {
                    seconds: 1_718_476_867,
                    nanos: 250_000_000,
                }),
                capture_utc_offset: Some(prost_types::Duration { seconds: 7200, nanos: 0 }),
                motion: None,
                create_time: asset.create_time,
                update_time: asset.update_time,
                location: asset.location,
                description: String::new(),
                rating: None,
                visibility: AssetVisibility::Timeline.into(),
                delete_time: None,
                guest_name: String::new(),
            };
            assert_eq!(asset, expected);
            let place = asset.location.unwrap();
            assert!((place.latitude - 43.0759).abs() < 1e-6, "{place:?}");
            assert!((place.longitude - 11.6784).abs() < 1e-6, "{place:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn every_kind_is_found_in_the_bytes_whatever_the_name() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let cases = [
                ("photos/harbour.png", "image/png", AssetKind::Photo, (960, 640)),
                ("photos/dunes.webp", "image/webp", AssetKind::Photo, (1200, 800)),
                ("photos/IMG_2042.jpg", "image/jpeg", AssetKind::Photo, (800, 1200)),
                ("photos/IMG_2050.HEIC", "image/heic", AssetKind::Photo, (1200, 800)),
                ("photos/evening.mp4", "video/mp4", AssetKind::Video, (640, 360)),
                ("other/tiny.gif", "image/gif", AssetKind::Photo, (48, 32)),
                ("other/tiny.avif", "image/avif", AssetKind::Photo, (64, 48)),
                ("other/tiny.tiff", "image/tiff", AssetKind::Photo, (48, 32)),
                ("other/clip.webm", "video/webm", AssetKind::Video, (128, 72)),
                ("other/clip.mkv", "video/x-matroska", AssetKind::Video, (128, 72)),
                ("other/portrait.mp4", "video/mp4", AssetKind::Video, (72, 128)),
            ];
            for (file, content_type, kind, (width, height)) in cases {
                let asset = ann.upload("misnamed.txt", &fixtures::read(file)).await;
                assert_eq!(asset.content_type, content_type, "{file}");
                assert_eq!(asset.kind(), kind, "{file}");
                assert_eq!(
                    (asset.width_px, asset.height_px),
                    (Some(width), Some(height)),
                    "{file}"
                );
                assert_eq!(asset.duration.is_some(), kind == AssetKind::Video, "{file}");
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_hint_counts_where_the_file_says_nothing() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let hint = prost_types::Timestamp { seconds: 1_000_000_000, nanos: 0 };
            for (bytes, expected) in [
                (fixtures::photo(1), 1_000_000_000),
                (fixtures::read("photos/IMG_2041.jpg"), 1_718_476_867),
            ] {
                let hinted = Upload { capture_time_hint: Some(hint), ..upload(&bytes) };
                let id = create(&ann, hinted).await.unwrap().into_inner().id;
                ann.stream(&id, 0, &bytes).await.unwrap();
                let asset = ann.finish(&id).await.unwrap();
                assert_eq!(asset.capture_time.unwrap().seconds, expected);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn finishing_again_gives_the_same_answer() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            ann.stream(&id, 0, &bytes).await.unwrap();
            let request = FinishUploadRequest { upload_id: id.clone() };
            let first = ann.uploads().finish_upload(request.clone()).await.unwrap().into_inner();
            let again = ann.uploads().finish_upload(request).await.unwrap().into_inner();
            assert_eq!(first, again);
            assert!(!first.duplicate);
            let finished = get(&ann, &id).await;
            assert_eq!(finished.state(), UploadState::Finished);
            assert_ne!(finished.asset_id, id);
        })
        .await;
    }

    #[tokio::test]
    async fn finishing_at_once_makes_one_asset() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let mut ids = Vec::new();
            for _ in 0..4 {
                let id = ann.create_upload("a.jpg", bytes.len()).await.id;
                ann.stream(&id, 0, &bytes).await.unwrap();
                ids.extend([id.clone(), id]);
            }
            let finishes = ids.iter().map(|id| ann.finish(id));
            let answers = futures::future::join_all(finishes).await;
            let finished: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
            assert!(
                finished.len() >= 4,
                "each upload is finished by one of its two calls at least"
            );
            let left = std::fs::read_dir(server.app.spool_dir()).unwrap().count();
            assert_eq!(left, 0, "spool files are left behind");
            assert!(finished.iter().all(|asset| asset.id == finished[0].id));
        })
        .await;
    }

    #[tokio::test]
    async fn known_bytes_are_a_success_marked_as_duplicate() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let asset = ann.upload("a.jpg", &bytes).await;
            let id = ann.create_upload("b.jpg", bytes.len()).await.id;
            ann.stream(&id, 0, &bytes).await.unwrap();
            let request = FinishUploadRequest { upload_id: id };
            let answer = ann.uploads().finish_upload(request).await.unwrap().into_inner();
            assert_eq!((answer.asset.unwrap(), answer.duplicate), (asset, true));
        })
        .await;
    }

    #[tokio::test]
    async fn the_asset_is_in_its_album_duplicates_too() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &[]).await;
            let (known, new) = (fixtures::photo(1), fixtures::photo(2));
            ann.upload("a.jpg", &known).await;
            for bytes in [&known, &new] {
                let upload = Upload { album_id: album.id.clone(), ..upload(bytes) };
                let id = create(&ann, upload).await.unwrap().into_inner().id;
                ann.stream(&id, 0, bytes).await.unwrap();
                ann.finish(&id).await.unwrap();
            }
            let shortcut =
                Upload { sha256: sha256(&new), album_id: album.id.clone(), ..upload(&new) };
            create(&ann, shortcut).await.unwrap();
            let request = GetAlbumRequest { album_id: album.id };
            let album = ann.albums().get_album(request).await.unwrap().into_inner();
            assert_eq!(album.asset_count, 2);
        })
        .await;
    }

    #[tokio::test]
    async fn an_incomplete_upload_is_not_finished() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let id = ann.create_upload("a.jpg", 5000).await.id;
            ann.stream(&id, 0, &fixtures::photo(1)).await.unwrap();
            let answer = ann.finish(&id).await.map(Response::new);
            let status = expect_reason(answer, Code::FailedPrecondition, "UPLOAD_INCOMPLETE");
            assert_eq!(metadata(&status, "committed_size_bytes"), "4096");
            assert_eq!(metadata(&status, "size_bytes"), "5000");
        })
        .await;
    }

    #[tokio::test]
    async fn other_bytes_than_announced_cancel_the_upload() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let announced = Upload { sha256: sha256(b"other"), ..upload(&bytes) };
            let id = create(&ann, announced).await.unwrap().into_inner().id;
            ann.stream(&id, 0, &bytes).await.unwrap();
            let answer = ann.finish(&id).await.map(Response::new);
            expect_reason(answer, Code::InvalidArgument, "DIGEST_MISMATCH");
            assert_eq!(get(&ann, &id).await.state(), UploadState::Cancelled);
            let again = ann.finish(&id).await.map(Response::new);
            expect_reason(again, Code::FailedPrecondition, "UPLOAD_NOT_ACTIVE");
        })
        .await;
    }

    #[tokio::test]
    async fn a_motion_part_becomes_part_of_its_still() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let still = ann.upload("IMG_2050.HEIC", &fixtures::read("photos/IMG_2050.HEIC")).await;
            let motion = fixtures::read("photos/IMG_2050.MOV");
            let part = Upload {
                file_name: "IMG_2050.MOV".to_owned(),
                motion_of_asset_id: still.id.clone(),
                ..upload(&motion)
            };
            let id = create(&ann, part.clone()).await.unwrap().into_inner().id;
            ann.stream(&id, 0, &motion).await.unwrap();
            let asset = ann.finish(&id).await.unwrap();
            assert_eq!(asset.id, still.id);
            let found = asset.motion.unwrap();
            assert_eq!(
                (found.content_type.as_str(), found.sha256),
                ("video/quicktime", sha256(&motion))
            );

            let other = create(&ann, part.clone()).await;
            expect_code(other, Code::AlreadyExists);
            let same = Upload { sha256: sha256(&motion), ..part };
            assert!(create(&ann, same).await.unwrap().into_inner().duplicate);
        })
        .await;
    }
}

mod cancel_upload {
    use super::*;

    #[tokio::test]
    async fn a_cancelled_upload_takes_nothing_and_can_be_cancelled_again() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let id = ann.create_upload("a.jpg", 8192).await.id;
            ann.stream(&id, 0, &fixtures::photo(1)).await.unwrap();
            for _ in 0..2 {
                let request = CancelUploadRequest { upload_id: id.clone() };
                let answer = ann.uploads().cancel_upload(request).await.unwrap().into_inner();
                assert_eq!(answer.upload.unwrap().state(), UploadState::Cancelled);
            }
            let answer = append(&ann, &id, 0, &[1]).await.map(Response::new);
            expect_reason(answer, Code::FailedPrecondition, "UPLOAD_NOT_ACTIVE");
        })
        .await;
    }

    #[tokio::test]
    async fn a_finished_upload_cannot_be_cancelled() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::photo(1);
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            ann.stream(&id, 0, &bytes).await.unwrap();
            ann.finish(&id).await.unwrap();
            let request = CancelUploadRequest { upload_id: id };
            let answer = ann.uploads().cancel_upload(request).await;
            expect_reason(answer, Code::FailedPrecondition, "UPLOAD_NOT_ACTIVE");
        })
        .await;
    }
}
