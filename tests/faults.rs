//! What happens when callers leave in the middle, and when the database is in trouble.

use std::panic::AssertUnwindSafe;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use albumen::v1::{
    AddAlbumAssetsRequest, Album, AppendUploadRequest, CreateAlbumRequest, GetAssetRequest,
    GetMeRequest, GetUploadRequest, ListAlbumsRequest, UpdateMeRequest, User,
};
use albumen_server::entity::user;
use futures::FutureExt as _;
use sea_orm::{
    ConnectionTrait as _, DbBackend, EntityTrait as _, Statement, TransactionTrait as _,
};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use crate::support::person::ids;
use crate::support::{TestServer, fixtures, test, test_with};

/// Connections in the pool: few, so that a spoilt one is met again soon.
const CONNECTIONS: u32 = 3;

/// A `begin` that is cancelled leaves its PostgreSQL connection inside an open transaction, and the
/// next writes on it are lost (launchbadge/sqlx#4385). Units of work run in tasks of their own so
/// that no caller can cancel one.
#[tokio::test]
async fn cancelled_calls_leave_clean_connections() {
    test_with(
        |config| config.database_connections = CONNECTIONS,
        |server| async move {
            let ann = server.user("ann").await;
            let album = ann.album("Summer", &[]).await;
            let assets = ann.photos(0..3).await;
            for round in 0..400_u64 {
                let mut users = ann.users();
                let mut albums = ann.albums();
                let user = User { display_name: format!("round {round}"), ..User::default() };
                let update = UpdateMeRequest { user: Some(user), update_mask: None };
                let add =
                    AddAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(&assets) };
                let calls =
                    async { tokio::join!(users.update_me(update), albums.add_album_assets(add)) };
                // From not yet begun to long committed.
                let patience = Duration::from_micros(round * 37 % 6000);
                drop(timeout(patience, calls).await);
            }
            for _ in 0..CONNECTIONS * 2 {
                let user = User { display_name: "last".to_owned(), ..User::default() };
                let update = UpdateMeRequest { user: Some(user), update_mask: None };
                ann.users().update_me(update).await.unwrap();
            }
            let rows = user::Entity::find().all(server.app.database.reader()).await.unwrap();
            assert!(rows.iter().any(|row| row.display_name == "last"));
            assert_eq!(open_transactions(&server).await, 0);
        },
    )
    .await;
}

/// Connections of this database that are inside a transaction although nobody works.
async fn open_transactions(server: &TestServer) -> i64 {
    let database = &server.app.database;
    if database.backend() == DbBackend::Sqlite {
        // SQLite has one writer: had it stayed in a transaction, the next would have failed.
        return 0;
    }
    let sql = "SELECT count(*) AS open FROM pg_stat_activity \
               WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = database.reader().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "open").unwrap()
}

#[tokio::test]
async fn uploads_that_are_cancelled_anywhere_give_the_same_bytes() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let bytes = fixtures::sized_photo(1, 400_000);
        let id = ann.create_upload("a.jpg", bytes.len()).await.id;
        let (mut committed, mut rounds) = (0, 0_u64);
        while committed < bytes.len() {
            rounds += 1;
            let end = (committed + 20_000).min(bytes.len());
            let request = AppendUploadRequest {
                upload_id: id.clone(),
                offset: committed.try_into().unwrap(),
                chunk: bytes[committed..end].to_vec().into(),
            };
            let mut uploads = ann.uploads();
            let patience = Duration::from_micros(rounds * 733 % 9000);
            drop(timeout(patience, uploads.append_upload(request)).await);
            let request = GetUploadRequest { upload_id: id.clone() };
            let upload = ann.uploads().get_upload(request).await.unwrap().into_inner();
            let found = usize::try_from(upload.committed_size_bytes).unwrap();
            assert!(found >= committed, "bytes that were safe are gone");
            committed = found;
        }
        let asset = loop {
            // An append that lost its caller may hold the file for a moment.
            match ann.finish(&id).await {
                Ok(asset) => break asset,
                Err(status) => assert_eq!(status.code(), tonic::Code::Aborted, "{status:?}"),
            }
        };
        assert_eq!(asset.sha256, Sha256::digest(&bytes).to_vec());
    })
    .await;
}

mod database {
    use super::*;

    /// Takes what the database needs to write: the lock on SQLite, the row on PostgreSQL.
    async fn hold(server: &TestServer, id: &str) -> sea_orm::DatabaseTransaction {
        let url = server.database_url();
        let other = sea_orm::Database::connect(url).await.unwrap();
        let transaction = other.begin().await.unwrap();
        let sql = match server.app.database.backend() {
            DbBackend::Sqlite => "UPDATE installation SET id = id".to_owned(),
            _ => format!("SELECT id FROM \"user\" WHERE id = '{id}' FOR UPDATE"),
        };
        transaction.execute_unprepared(&sql).await.unwrap();
        transaction
    }

    fn rename(name: &str) -> UpdateMeRequest {
        let user = User { display_name: name.to_owned(), ..User::default() };
        UpdateMeRequest { user: Some(user), update_mask: None }
    }

    #[tokio::test]
    async fn that_somebody_holds_locked_makes_writers_wait_and_readers_not() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let held = hold(&server, &ann.user.id).await;
            let mut users = ann.users();
            let waiting = users.update_me(rename("late"));
            let mut reader = ann.users();
            let reading = async {
                let name = reader.get_me(GetMeRequest {}).await.unwrap().into_inner().display_name;
                assert_eq!(name, "ann");
                held.rollback().await.unwrap();
            };
            let (renamed, ()) = tokio::join!(waiting, reading);
            assert_eq!(renamed.unwrap().into_inner().display_name, "late");
        })
        .await;
    }

    #[tokio::test]
    async fn that_drops_its_connections_answers_again_at_once() {
        test(|server| async move {
            if server.app.database.backend() == DbBackend::Sqlite {
                // A file has no connections to drop.
                return;
            }
            let ann = server.user("ann").await;
            for round in 0..5 {
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE datname = current_database() AND pid <> pg_backend_pid()";
                let other = sea_orm::Database::connect(server.database_url()).await.unwrap();
                other.execute_unprepared(sql).await.unwrap();
                other.close().await.unwrap();
                let name = format!("round {round}");
                let renamed = ann.users().update_me(rename(&name)).await.unwrap();
                assert_eq!(renamed.into_inner().display_name, name);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn that_is_full_takes_nothing_loses_nothing_and_goes_on_when_there_is_room() {
        test(|server| async move {
            if server.app.database.backend() != DbBackend::Sqlite {
                // PostgreSQL's disk is not ours to fill.
                return;
            }
            let ann = server.user("ann").await;
            let asset = ann.photos(1..2).await.remove(0);
            let pages = |count: i64| {
                let sql = format!("PRAGMA max_page_count = {count}");
                server.app.transact(|transaction| async move {
                    transaction.execute_unprepared(&sql).await?;
                    Ok(())
                })
            };
            // SQLite takes the number of pages that there are, if it is more.
            pages(1).await.unwrap();
            let text = "x".repeat(4000);
            let album = |number: u32| CreateAlbumRequest {
                album: Some(Album {
                    display_name: format!("{number}"),
                    description: text.clone(),
                    ..Album::default()
                }),
                ..CreateAlbumRequest::default()
            };
            let mut made = 0;
            let refused = loop {
                match ann.albums().create_album(album(made)).await {
                    Ok(_) => made += 1,
                    Err(status) => break status,
                }
            };
            assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused:?}");
            assert_eq!(crate::support::reason(&refused), "STORAGE_UNAVAILABLE");
            let list = ListAlbumsRequest { page_size: 200, ..ListAlbumsRequest::default() };
            let listed = ann.albums().list_albums(list.clone()).await.unwrap().into_inner();
            assert_eq!(listed.albums.len(), made as usize);
            let get = GetAssetRequest { asset_id: asset.id.clone() };
            assert_eq!(ann.assets().get_asset(get).await.unwrap().into_inner(), asset);
            pages(1 << 30).await.unwrap();
            ann.albums().create_album(album(made)).await.unwrap();
            let listed = ann.albums().list_albums(list).await.unwrap().into_inner();
            assert_eq!(listed.albums.len(), made as usize + 1);
        })
        .await;
    }
}

/// A process that is being started holds the locks of its parent's files for a moment.
#[tokio::test]
async fn uploads_do_not_notice_that_processes_are_started() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let starts = std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                assert!(Command::new("true").status().unwrap().success());
            }
        });
        let uploaded = AssertUnwindSafe(ann.photos(0..100)).catch_unwind().await;
        is_done.store(true, Ordering::Relaxed);
        starts.join().unwrap();
        assert_eq!(uploaded.unwrap().len(), 100);
    })
    .await;
}
