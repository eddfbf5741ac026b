//! A disk that cannot be read for a while: what lies on it is neither lost nor damaged.

use std::fs;
use std::path::Path;
use std::process::Command;

use fastrand::Rng;
use tonic::Code;

use crate::load::reason;
use crate::photo;
use crate::site::{MIB, Site};

/// Builds what stands between the server and its files.
fn build(folder: &Path) -> String {
    let library = folder.join("unreadable.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/unreadable.c");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"]).arg(&library).arg(source).arg("-ldl");
    assert!(cc.status().unwrap().success(), "the linker of Rust programs compiles C too");
    library.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_cannot_be_read_for_a_while_is_neither_lost_nor_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (library, marker) = (build(folder.path()), folder.path().join("unreadable"));
    let environment = [("LD_PRELOAD", library.as_str()), ("UNREADABLE", marker.to_str().unwrap())];
    let site = Site::start_in(&environment).await;
    let mut rng = Rng::with_seed(7);
    let (stored, bytes) = (photo::sized(&mut rng, MIB), photo::sized(&mut rng, 2 * MIB));
    let asset = site.store(&stored).await;
    let id = site.create(&bytes).await;
    site.stream(&id, 0, &bytes).await.unwrap();

    fs::write(&marker, "").unwrap();
    for _ in 0..2 {
        let status = site.finish(&id).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(reason(&status), "STORAGE_UNAVAILABLE");
        let status = site.read(&asset).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
    assert_eq!(site.committed(&id).await, bytes.len());

    fs::remove_file(&marker).unwrap();
    let finished = site.finish(&id).await.unwrap();
    site.holds(&finished, &bytes).await;
    site.holds(&asset, &stored).await;
    site.remove().await;
}
