//! What nobody needs any more goes, and nothing else does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use albumen::v1::stream_upload_request::Part;
use albumen::v1::{
    Asset, CancelUploadRequest, DeleteSharedLinkRequest, GetUploadRequest, SharedLink,
    StreamUploadRequest, Upload, UploadHeader, UploadState,
};
use albumen_server::blob::BlobKey;
use albumen_server::config::Config;
use albumen_server::entity::{export, export_part, job, session, shared_link, upload};
use albumen_server::id::{BlobId, UploadId};
use albumen_server::jobs::lease;
use sea_orm::{EntityTrait, PaginatorTrait as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::support::{Person, TestServer, expect_code, fixtures, test_with};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Runs a test whose people stay signed in while days pass.
async fn test<F: Future<Output = ()>>(body: impl FnOnce(Arc<TestServer>) -> F) {
    let change = |config: &mut Config| {
        config.access_token_ttl = 100 * DAY;
        config.session_ttl = 100 * DAY;
        config.upload_ttl = DAY;
    };
    test_with(change, body).await;
}

async fn get(person: &Person, id: &str) -> Upload {
    let request = GetUploadRequest { upload_id: id.to_owned() };
    person.uploads().get_upload(request).await.unwrap().into_inner()
}

async fn row(server: &TestServer, id: &str) -> upload::Model {
    let find = upload::Entity::find_by_id(UploadId::parse(id).unwrap());
    find.one(server.app.database.reader()).await.unwrap().unwrap()
}

fn spool_file(server: &TestServer, id: &str) -> PathBuf {
    server.app.spool_dir().join(id)
}

fn has_spool_file(server: &TestServer, id: &str) -> bool {
    spool_file(server, id).exists()
}

/// Stores some bytes that no row names, as a crash can leave them.
async fn orphan(server: &TestServer) -> BlobKey {
    let key = BlobKey::Original(BlobId::generate());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, b"left behind").unwrap();
    server.app.blobs.put(key, file.path()).await.unwrap();
    key
}

async fn is_stored(server: &TestServer, key: BlobKey) -> bool {
    server.app.blobs.size(key).await.unwrap().is_some()
}

mod uploads {
    use super::*;

    #[tokio::test]
    async fn an_expired_upload_is_given_up_and_later_forgotten() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(1, 100_000);
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            ann.stream(&id, 0, &bytes[..50_000]).await.unwrap();
            server.sleep(DAY - HOUR);
            server.run_jobs().await;
            assert_eq!(get(&ann, &id).await.committed_size_bytes, 50_000, "not before its time");
            assert!(has_spool_file(&server, &id));
            server.sleep(HOUR);
            server.run_jobs().await;
            let upload = get(&ann, &id).await;
            assert_eq!(upload.state(), UploadState::Cancelled);
            assert!(!has_spool_file(&server, &id));
            server.sleep(DAY - HOUR);
            server.run_jobs().await;
            get(&ann, &id).await;
            server.sleep(HOUR);
            server.run_jobs().await;
            let request = GetUploadRequest { upload_id: id };
            expect_code(ann.uploads().get_upload(request).await, Code::NotFound);
        })
        .await;
    }

    #[tokio::test]
    async fn uploads_that_ended_are_forgotten_a_day_later() {
        test(|server| async move {
            let ann = server.user("ann").await;
            ann.upload("a.jpg", &fixtures::photo(1)).await;
            let cancelled = ann.create_upload("b.jpg", 4096).await.id;
            let request = CancelUploadRequest { upload_id: cancelled };
            ann.uploads().cancel_upload(request).await.unwrap();
            let count =
                async || upload::Entity::find().count(server.app.database.reader()).await.unwrap();
            server.sleep(DAY - HOUR);
            server.run_jobs().await;
            assert_eq!(count().await, 2);
            server.sleep(HOUR);
            server.run_jobs().await;
            assert_eq!(count().await, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn bytes_that_a_cut_off_finish_stored_go_with_the_upload() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let key = stored_too_early(&server, &ann, 1).await.1;
            server.run_jobs().await;
            assert!(is_stored(&server, key).await);
            server.sleep(DAY);
            server.run_jobs().await;
            assert!(!is_stored(&server, key).await);
        })
        .await;
    }

    /// An upload whose finish was cut off between storing the bytes and writing the rows.
    async fn stored_too_early(server: &TestServer, ann: &Person, photo: u32) -> (String, BlobKey) {
        let bytes = fixtures::photo(photo);
        let id = ann.create_upload("a.jpg", bytes.len()).await.id;
        ann.stream(&id, 0, &bytes).await.unwrap();
        let key = BlobKey::Original(row(server, &id).await.blob_id);
        server.app.blobs.put(key, &spool_file(server, &id)).await.unwrap();
        (id, key)
    }

    #[tokio::test]
    async fn a_finish_that_was_cut_off_can_be_repeated_for_as_long_as_the_upload_lives() {
        let change = |config: &mut Config| {
            config.access_token_ttl = 100 * DAY;
            config.session_ttl = 100 * DAY;
            config.upload_ttl = 20 * DAY;
        };
        let body = async |server: Arc<TestServer>| {
            let ann = server.user("ann").await;
            let (id, key) = stored_too_early(&server, &ann, 1).await;
            for _ in 0..10 {
                server.sleep(DAY);
                server.run_jobs().await;
                assert!(is_stored(&server, key).await);
            }
            let asset = ann.finish(&id).await.unwrap();
            assert_eq!(asset.sha256, Sha256::digest(fixtures::photo(1)).to_vec());
        };
        test_with(change, body).await;
    }

    #[tokio::test]
    async fn an_upload_that_takes_bytes_is_not_given_up() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::sized_photo(1, 3 << 20);
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            let (sender, receiver) = mpsc::channel(1);
            let header = Part::Header(UploadHeader { upload_id: id.clone(), offset: 0 });
            let mut uploads = ann.uploads();
            let stream = uploads.stream_upload(ReceiverStream::new(receiver));
            let body = async {
                let send = async |part| {
                    sender.send(StreamUploadRequest { part: Some(part) }).await.unwrap();
                };
                send(header).await;
                send(Part::Chunk(bytes[..1 << 20].to_vec().into())).await;
                // Written down, though not yet said in the row.
                while spool_file(&server, &id).metadata().map_or(0, |file| file.len()) < 1 << 20 {
                    tokio::task::yield_now().await;
                }
                server.sleep(2 * DAY);
                server.run_jobs().await;
                assert!(has_spool_file(&server, &id));
                for chunk in bytes[1 << 20..].chunks(1 << 20) {
                    send(Part::Chunk(chunk.to_vec().into())).await;
                }
                drop(sender);
            };
            let (streamed, ()) = tokio::join!(stream, body);
            assert_eq!(streamed.unwrap().into_inner().committed_size_bytes, 3 << 20);
            server.run_jobs().await;
            let asset = ann.finish(&id).await.unwrap();
            assert_eq!(asset.sha256, Sha256::digest(&bytes).to_vec());
        })
        .await;
    }

    #[tokio::test]
    async fn spool_files_without_an_upload_go() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let live = ann.create_upload("a.jpg", 100_000).await.id;
            ann.stream(&live, 0, &fixtures::sized_photo(1, 100_000)[..10]).await.unwrap();
            let stray = UploadId::generate().to_string();
            std::fs::write(spool_file(&server, &stray), b"left behind").unwrap();
            server.run_jobs().await;
            assert!(!has_spool_file(&server, &stray));
            assert!(has_spool_file(&server, &live));
        })
        .await;
    }
}

mod blobs {
    use super::*;

    #[tokio::test]
    async fn bytes_that_no_row_names_go_a_day_after_they_were_found() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let asset = ann.upload("a.jpg", &fixtures::photo(1)).await;
            let key = orphan(&server).await;
            server.run_jobs().await;
            server.sleep(DAY - HOUR);
            server.run_jobs().await;
            assert!(is_stored(&server, key).await);
            server.sleep(HOUR);
            server.run_jobs().await;
            assert!(!is_stored(&server, key).await);
            let path = format!("/api/assets/{}/original", asset.id);
            assert_eq!(ann.get(&path, &[]).await.2, fixtures::photo(1));
        })
        .await;
    }

    #[tokio::test]
    async fn no_bytes_go_while_a_backup_is_made() {
        test(|server| async move {
            let backup =
                lease::acquire(&server.app.database, server.app.now(), lease::BACKUP, 4 * DAY)
                    .await
                    .unwrap();
            let key = orphan(&server).await;
            for _ in 0..3 {
                server.run_jobs().await;
                server.sleep(DAY);
            }
            server.run_jobs().await;
            assert!(is_stored(&server, key).await);
            backup.unwrap().release(&server.app.database).await.unwrap();
            server.sleep(HOUR);
            server.run_jobs().await;
            assert!(!is_stored(&server, key).await);
        })
        .await;
    }
}

mod together {
    use super::*;

    /// Days pass and sweeps run while people upload: each answer must hold.
    #[tokio::test]
    async fn uploads_and_sweeps_do_not_disturb_each_other() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let is_done = std::cell::Cell::new(false);
            let uploads = async {
                for round in 0..10 {
                    // Two of each, so that some are duplicates.
                    let uploads = (0..8).map(|number| upload(&ann, round * 4 + number / 2));
                    futures::future::join_all(uploads).await;
                }
                is_done.set(true);
            };
            let sweeps = async {
                while !is_done.get() {
                    server.run_jobs().await;
                    server.sleep(13 * HOUR);
                    tokio::task::yield_now().await;
                }
            };
            tokio::join!(uploads, sweeps);
        })
        .await;
    }

    /// Uploads a photo, however often it is given up on the way, and looks at what was stored.
    async fn upload(ann: &Person, number: u32) {
        let bytes = fixtures::photo(number);
        let id = loop {
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            let streamed = ann.stream(&id, 0, &bytes).await;
            let finished = match streamed {
                Ok(_) => finish(ann, &id).await,
                Err(status) => Err(status),
            };
            match finished {
                Ok(asset) => break asset.id,
                // It was given up in between, for days have passed.
                Err(status) => assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}"),
            }
        };
        let path = format!("/api/assets/{id}/original");
        assert_eq!(ann.get(&path, &[]).await.2, bytes);
    }

    async fn finish(ann: &Person, id: &str) -> Result<Asset, tonic::Status> {
        loop {
            match ann.finish(id).await {
                // The sweep looks at the file.
                Err(status) if status.code() == Code::Aborted => {}
                finished => break finished,
            }
        }
    }
}

mod rows {
    use super::*;

    async fn count<E: EntityTrait>(server: &TestServer) -> u64
    where
        E::Model: Sync,
    {
        E::find().count(server.app.database.reader()).await.unwrap()
    }

    #[tokio::test]
    async fn expired_exports_are_forgotten() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &ann.photos(0..2).await).await;
            ann.export(&album).await.unwrap();
            server.sleep(7 * DAY - HOUR);
            server.run_jobs().await;
            assert_eq!(count::<export::Entity>(&server).await, 1);
            server.sleep(HOUR);
            server.run_jobs().await;
            assert_eq!(count::<export::Entity>(&server).await, 0);
            assert_eq!(count::<export_part::Entity>(&server).await, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn revoked_links_are_forgotten_a_month_later() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Trip", &ann.photos(0..1).await).await;
            ann.link(&album, SharedLink::default()).await;
            let link = ann.link(&album, SharedLink::default()).await;
            let request = DeleteSharedLinkRequest { shared_link_id: link.id };
            ann.links().delete_shared_link(request).await.unwrap();
            server.sleep(29 * DAY);
            server.run_jobs().await;
            assert_eq!(count::<shared_link::Entity>(&server).await, 2);
            server.sleep(DAY);
            server.run_jobs().await;
            assert_eq!(count::<shared_link::Entity>(&server).await, 1);
        })
        .await;
    }

    #[tokio::test]
    async fn sessions_that_ended_are_forgotten() {
        test(|server| async move {
            server.user("ann").await;
            let before = count::<session::Entity>(&server).await;
            server.sleep(99 * DAY);
            server.login("ann@example.org").await;
            server.run_jobs().await;
            assert_eq!(count::<session::Entity>(&server).await, before + 1);
            server.sleep(DAY);
            server.run_jobs().await;
            assert_eq!(count::<session::Entity>(&server).await, 1);
        })
        .await;
    }

    #[tokio::test]
    async fn jobs_that_ended_are_forgotten_a_week_later() {
        test(|server| async move {
            server.run_jobs().await;
            let first =
                job::Entity::find().one(server.app.database.reader()).await.unwrap().unwrap();
            let find = async || {
                let find = job::Entity::find_by_id(first.id);
                find.one(server.app.database.reader()).await.unwrap()
            };
            server.sleep(6 * DAY);
            server.run_jobs().await;
            assert!(find().await.is_some());
            server.sleep(DAY);
            server.run_jobs().await;
            assert!(find().await.is_none());
        })
        .await;
    }
}
