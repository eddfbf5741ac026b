//! Scans that start because files change.

use std::time::Duration;

use albumen::v1::*;
use albumen_server::entity::library_scan::{self, Cause};
use albumen_server::entity::{asset, library_file};
use albumen_server::libraries;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use tokio_util::sync::CancellationToken;

use super::shelf::{Shelf, test};

/// Lets time go by until there are so many assets.
async fn until(shelf: &Shelf, count: u64) {
    let reader = shelf.server.app.database.reader();
    while asset::Entity::find().count(reader).await.unwrap() != count {
        shelf.server.sleep(Duration::from_secs(2));
        shelf.server.run_jobs().await;
        // The operating system tells in its own time.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn changes_of_files_start_scans() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        shelf.update(Library { watched: Some(true), ..Library::default() }).await;
        let stopping = CancellationToken::new();
        libraries::watch(&shelf.server.app, &stopping);
        // What was there before it was watched.
        until(&shelf, 1).await;
        shelf.photo("photos/2.jpg", 2);
        until(&shelf, 2).await;
        // In a folder that is new itself.
        shelf.photo("photos/a/b/3.jpg", 3);
        until(&shelf, 3).await;
        shelf.rename("photos/a", "photos/c");
        let reader = shelf.server.app.database.reader();
        let is_moved = async || {
            let files = library_file::Entity::find().all(reader).await.unwrap();
            files.iter().any(|file| file.path == shelf.text("photos/c/b/3.jpg"))
        };
        while !is_moved().await {
            shelf.server.sleep(Duration::from_secs(2));
            shelf.server.run_jobs().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stopping.cancel();
        let scans = library_scan::Entity::find().all(reader).await.unwrap();
        assert!(scans.iter().all(|scan| scan.cause == Cause::Change), "{scans:?}");
    })
    .await;
}
