//! Spool files that change behind the server's back: by a disk that lost them, or by hand.
//!
//! The server then has none of the bytes, and says so. The caller sends them again.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use albumen_server::app::Clock;
use albumen_server::blob::BlobKey;
use albumen_server::entity::upload;
use fastrand::Rng;
use sea_orm::EntityTrait as _;
use tonic::Code;

use crate::installation::close;
use crate::load::{detail, reason};
use crate::photo;
use crate::site::{MIB, Site};

fn spool(site: &Site, id: &str) -> PathBuf {
    site.installation.folder().join("uploads").join(id)
}

/// Finds that no byte is there, and that the upload goes on from nothing.
async fn begins_anew(site: &Site, id: &str, bytes: &[u8]) {
    let status = site.finish(id).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    assert_eq!(reason(&status), "UPLOAD_INCOMPLETE");
    assert_eq!(detail(&status, "committed_size_bytes"), "0");
    assert_eq!(site.committed(id).await, 0);
    site.stream(id, 0, bytes).await.unwrap();
    let asset = site.finish(id).await.unwrap();
    site.holds(&asset, bytes).await;
}

#[tokio::test]
async fn a_file_that_was_cut_or_removed_begins_anew() {
    let site = Site::start().await;
    let mut rng = Rng::with_seed(4);
    for length in [None, Some(0), Some(5000), Some(2 * MIB as u64 - 1)] {
        let bytes = photo::sized(&mut rng, 2 * MIB);
        let id = site.create(&bytes).await;
        site.stream(&id, 0, &bytes).await.unwrap();
        match length {
            Some(length) => {
                let file = OpenOptions::new().write(true).open(spool(&site, &id)).unwrap();
                file.set_len(length).unwrap();
            }
            None => fs::remove_file(spool(&site, &id)).unwrap(),
        }
        begins_anew(&site, &id, &bytes).await;
    }
    site.remove().await;
}

#[tokio::test]
async fn a_file_that_was_damaged_never_becomes_an_asset() {
    let site = Site::start().await;
    let mut rng = Rng::with_seed(5);
    // Its head, which tells what it is, and any other byte; while it grows, and once it is whole.
    for (place, sent) in [(1, 2 * MIB), (MIB, 2 * MIB), (2 * MIB - 1, 2 * MIB), (6000, MIB)] {
        let bytes = photo::sized(&mut rng, 2 * MIB);
        let id = site.create(&bytes).await;
        site.stream(&id, 0, &bytes[..sent]).await.unwrap();
        let file = OpenOptions::new().write(true).open(spool(&site, &id)).unwrap();
        file.write_at(&[!bytes[place]], place as u64).unwrap();
        if sent < bytes.len() {
            site.stream(&id, sent, &bytes).await.unwrap();
        }
        begins_anew(&site, &id, &bytes).await;
    }
    site.remove().await;
}

/// The bytes got their place, but no row; then the file was lost, and its caller has changed it.
#[tokio::test]
async fn what_an_upload_left_before_it_began_anew_is_not_taken_for_its_bytes() {
    let mut site = Site::start().await;
    let mut rng = Rng::with_seed(6);
    let (first, second) = (photo::sized(&mut rng, MIB), photo::sized(&mut rng, MIB));
    let id = site.create(&first).await;
    site.stream(&id, 0, &first).await.unwrap();
    let path = spool(&site, &id);
    site.restart(async |installation| {
        let app = installation.open(Clock::System).await;
        let rows = upload::Entity::find().all(app.database.reader()).await.unwrap();
        app.blobs.put(BlobKey::Original(rows[0].blob_id), &path).await.unwrap();
        close(app).await;
        fs::remove_file(&path).unwrap();
    })
    .await;
    begins_anew(&site, &id, &second).await;
    site.remove().await;
}
