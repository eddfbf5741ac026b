//! What scans leave alone, and what they say about it.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use albumen::v1::library_problem::Kind;
use albumen::v1::*;

use super::shelf::{Shelf, test};

fn kinds(scan: &LibraryScan) -> Vec<Kind> {
    scan.problems.iter().map(LibraryProblem::kind).collect()
}

async fn online(shelf: &Shelf) -> usize {
    shelf.assets().await.iter().filter(|asset| asset.offline_time.is_none()).count()
}

#[tokio::test]
async fn nothing_is_missing_below_an_import_path_that_is_away() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.counts().await;
        shelf.rename("photos", "away");
        let scan = shelf.scan().await;
        assert_eq!(kinds(&scan), [Kind::Unreachable]);
        assert_eq!(scan.problems[0].path, shelf.text("photos"));
        assert_eq!(online(&shelf).await, 1);
        let removed = shelf.remove_offline().await;
        assert_eq!((removed.removed_count, removed.problems.len()), (0, 1));
        shelf.rename("away", "photos");
        assert_eq!(shelf.counts().await.unchanged, 1);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_missing_below_an_import_path_that_is_empty() {
    test(|shelf| async move {
        shelf.photo("photos/a/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.counts().await;
        shelf.rename("photos", "away");
        fs::create_dir(shelf.path("photos")).unwrap();
        let scan = shelf.scan().await;
        assert_eq!(kinds(&scan), [Kind::Emptied]);
        assert_eq!(online(&shelf).await, 2);
    })
    .await;
}

#[tokio::test]
async fn an_empty_library_is_no_problem() {
    test(|shelf| async move {
        assert_eq!(shelf.counts().await.found, 0);
    })
    .await;
}

#[tokio::test]
async fn what_systems_keep_beside_photos_is_left_alone() {
    test(|shelf| async move {
        for (number, path) in
            ["._1.jpg", "@eaDir/1.jpg", ".stversions/1.jpg", "#recycle/1.jpg", "2.jpg"]
                .iter()
                .enumerate()
        {
            shelf.photo(&format!("photos/a/{path}"), u32::try_from(number).unwrap());
        }
        let counts = shelf.counts().await;
        assert_eq!((counts.found, counts.added), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_longer_taken_in_is_missing() {
    test(|shelf| async move {
        shelf.photo("photos/a/1.jpg", 1);
        shelf.photo("photos/b/2.jpg", 2);
        shelf.counts().await;
        let exclusions = vec!["a".to_owned()];
        shelf.update(Library { exclusions, ..Library::default() }).await;
        let counts = shelf.counts().await;
        assert_eq!((counts.missing, counts.unchanged), (1, 1));
        let import_paths = vec![shelf.text("photos/a")];
        let exclusions = vec!["x".to_owned()];
        shelf.update(Library { import_paths, exclusions, ..Library::default() }).await;
        let counts = shelf.counts().await;
        assert_eq!((counts.missing, counts.returned), (1, 1));
        assert_eq!(online(&shelf).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_scan_follows_no_link_and_leaves_no_root() {
    test(|shelf| async move {
        shelf.photo("outside/secret.jpg", 1);
        shelf.photo("photos/1.jpg", 2);
        symlink(shelf.path("outside/secret.jpg"), shelf.path("photos/file.jpg")).unwrap();
        symlink(shelf.path("outside"), shelf.path("photos/folder")).unwrap();
        symlink("..", shelf.path("photos/up")).unwrap();
        let counts = shelf.counts().await;
        assert_eq!((counts.found, counts.added), (1, 1));
        // An import path that became a link.
        shelf.rename("photos", "moved");
        symlink(shelf.path("outside"), shelf.path("photos")).unwrap();
        let scan = shelf.scan().await;
        assert_eq!(kinds(&scan), [Kind::Unreachable]);
        assert_eq!(shelf.assets().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_became_a_link_is_missing() {
    test(|shelf| async move {
        shelf.photo("photos/a/1.jpg", 1);
        shelf.photo("photos/2.jpg", 2);
        shelf.counts().await;
        shelf.rename("photos/a", "elsewhere");
        symlink(shelf.path("elsewhere"), shelf.path("photos/a")).unwrap();
        assert_eq!(shelf.counts().await.missing, 1);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_missing_below_a_folder_that_cannot_be_read() {
    test(|shelf| async move {
        shelf.photo("photos/a/1.jpg", 1);
        shelf.photo("photos/b.jpg", 2);
        shelf.counts().await;
        let folder = shelf.path("photos/a");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read_dir(&folder).is_ok() {
            eprintln!("skipped: this user reads everything");
        } else {
            let scan = shelf.scan().await;
            assert_eq!(kinds(&scan), [Kind::Unreadable]);
            assert_eq!(online(&shelf).await, 2);
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_no_text_is_a_problem() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        let name = std::ffi::OsStr::from_bytes(b"photos/\xe4.jpg");
        fs::write(shelf.root.join(name), b"x").unwrap();
        let scan = shelf.scan().await;
        assert_eq!(kinds(&scan), [Kind::Name]);
        let counts = scan.counts.unwrap();
        assert_eq!((counts.found, counts.added, counts.unreadable), (2, 1, 1));
    })
    .await;
}

#[tokio::test]
async fn names_are_compared_by_their_bytes_in_whole_paths() {
    test(|shelf| async move {
        // A folder sorts as if a slash stood at its end, between these files.
        let paths = ["a-/1.jpg", "a.jpg", "a/b/c.jpg", "a/b-.jpg", "a/b.jpg", "a0/x.jpg", "ä.jpg"];
        for (number, path) in paths.iter().enumerate() {
            shelf.photo(&format!("photos/{path}"), u32::try_from(number).unwrap());
        }
        assert_eq!(shelf.counts().await.added, 7);
        let counts = shelf.counts().await;
        assert_eq!((counts.unchanged, counts.missing), (7, 0));
    })
    .await;
}
