//! What happens when callers leave in the middle.

use std::time::Duration;

use albumen::v1::{
    AddAlbumAssetsRequest, AppendUploadRequest, GetUploadRequest, UpdateMeRequest, User,
};
use albumen_server::entity::user;
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, Statement};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use crate::support::person::ids;
use crate::support::{fixtures, test, test_with};

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
async fn open_transactions(server: &crate::support::TestServer) -> i64 {
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
