//! A server whose disk is full, for real: a file system of a few megabytes.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use albumen::v1::UploadState;
use fastrand::Rng;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::load::reason;
use crate::photo;
use crate::site::{MIB, Site};

/// A file system of its own, and what takes its room.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Puts one over a folder; none if this process may not.
    pub(crate) fn mount(folder: &Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "albumen-test"]).arg(folder);
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        if !is_mounted {
            eprintln!("skipped: this user may not mount a file system");
        }
        is_mounted.then(|| Self(folder.to_owned()))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Takes all room but some bytes.
    fn fill(&self, room: usize) {
        let mut ballast =
            OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        for size in [MIB, 4096] {
            let chunk = vec![0; size];
            while is_done(ballast.write_all(&chunk)) {}
        }
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length - room as u64).unwrap();
    }

    /// Takes all names that files can have.
    fn take_names(&self) {
        fs::create_dir(self.ballast()).unwrap();
        let mut numbers = 0..;
        while is_done(File::create(self.ballast().join(numbers.next().unwrap().to_string()))) {}
    }

    fn clear(&self) {
        if self.ballast().is_dir() {
            fs::remove_dir_all(self.ballast()).unwrap();
        } else {
            fs::remove_file(self.ballast()).unwrap();
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(&self.0).status().ok();
    }
}

fn is_done<T>(result: std::io::Result<T>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
            false
        }
    }
}

/// There was no room, which may change.
#[track_caller]
fn is_full<T>(result: Result<T, Status>) {
    let Err(status) = result else { panic!("there was room") };
    assert_eq!(reason(&status), "STORAGE_UNAVAILABLE", "{status:?}");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_details_retry_info().is_some(), "{status:?}");
}

#[tokio::test]
async fn an_upload_that_fills_the_disk_goes_on_when_there_is_room() {
    let Some(site) = Site::on_disk("size=64m").await else { return };
    let mut rng = Rng::with_seed(1);
    let (first, second) = (photo::sized(&mut rng, MIB), photo::sized(&mut rng, 12 * MIB + 5));
    let asset = site.store(&first).await;
    let id = site.create(&second).await;
    assert!(site.is_ready().await);

    // Three chunks fit, and the row that says so.
    site.disk().fill(3 * MIB + MIB / 2);
    is_full(site.stream(&id, 0, &second).await);
    assert_eq!(site.committed(&id).await, 3 * MIB);
    site.disk().fill(0);
    is_full(site.append(&id, 3 * MIB, &second[3 * MIB..5 * MIB]).await);
    is_full(site.stream(&id, 3 * MIB, &second).await);
    assert_eq!(site.committed(&id).await, 3 * MIB);
    assert!(!site.is_ready().await);
    site.holds(&asset, &first).await;

    site.disk().clear();
    assert!(site.is_ready().await);
    site.append(&id, 3 * MIB, &second[3 * MIB..5 * MIB]).await.unwrap();
    site.stream(&id, 5 * MIB, &second).await.unwrap();
    let asset = site.finish(&id).await.unwrap();
    site.holds(&asset, &second).await;
    site.remove().await;
}

#[tokio::test]
async fn an_upload_that_finds_no_room_for_its_name_is_finished_later() {
    let Some(site) = Site::on_disk("size=64m,nr_inodes=2000").await else { return };
    let bytes = photo::sized(&mut Rng::with_seed(2), 2 * MIB);
    let (id, other) = (site.create(&bytes).await, site.create(&bytes).await);
    site.stream(&id, 0, &bytes).await.unwrap();

    site.disk().take_names();
    is_full(site.finish(&id).await);
    is_full(site.append(&other, 0, &bytes[..10]).await);
    assert!(!site.is_ready().await);
    let upload = site.upload(&id).await;
    assert_eq!((upload.state(), upload.committed_size_bytes), (UploadState::Active, 2 << 20));

    site.disk().clear();
    let asset = site.finish(&id).await.unwrap();
    site.holds(&asset, &bytes).await;
    site.stream(&other, 0, &bytes).await.unwrap();
    assert_eq!(site.finish(&other).await.unwrap().id, asset.id);
    site.remove().await;
}

#[tokio::test]
async fn a_database_on_a_full_disk_takes_nothing_and_loses_nothing() {
    let Some(mut site) = Site::on_disk("size=64m").await else { return };
    if site.installation.is_postgres() {
        // PostgreSQL's disk is not ours to fill.
        return site.remove().await;
    }
    let mut rng = Rng::with_seed(3);
    let (first, second) = (photo::sized(&mut rng, MIB), photo::sized(&mut rng, MIB));
    let asset = site.store(&first).await;
    let (id, other) = (site.create(&second).await, site.create(&second).await);
    site.stream(&id, 0, &second).await.unwrap();

    site.disk().fill(0);
    let mut count = 0;
    let refused = loop {
        match site.create_album().await {
            Ok(()) => count += 1,
            Err(status) => break Err::<(), _>(status),
        }
    };
    is_full(refused);
    is_full(site.create_album().await);
    // Its bytes have their place by now, but no row.
    is_full(site.finish(&id).await);
    is_full(site.stream(&other, 0, &second).await);
    assert_eq!(site.upload(&id).await.state(), UploadState::Active);
    assert!(!site.is_ready().await);
    assert_eq!(site.count_albums().await, count);
    site.holds(&asset, &first).await;

    site.disk().clear();
    site.create_album().await.unwrap();
    let later = site.finish(&id).await.unwrap();
    site.restart(async |_| {}).await;
    assert_eq!(site.count_albums().await, count + 1);
    site.holds(&asset, &first).await;
    site.holds(&later, &second).await;
    site.remove().await;
}
