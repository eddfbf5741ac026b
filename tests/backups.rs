//! Backups: made while the server works, checked, and restored.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use albumen::v1::{Asset, DeleteAlbumRequest, ListAssetsRequest};
use albumen_server::app::Clock;
use albumen_server::assets;
use albumen_server::backups::{
    self, Created, Finding, Installation, KeyAdvice, Manifest, Options, Restored,
};
use albumen_server::blob::{BlobKey, BlobStore, Call, Fault, Faults};
use albumen_server::config::Config;
use albumen_server::entity::asset_file;
use albumen_server::jobs::lease;
use sea_orm::EntityTrait as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::support::bucket::Bucket;
use crate::support::database::{TestDatabase, postgres_server};
use crate::support::{Person, TestServer, fixtures, test, test_with, test_with_faults};

const PLAIN: Options = Options { verify: false, skip_lost: false, include_secret_key: false };

/// PostgreSQL's programs come with its server; who has another one may lack them.
fn has_tools() -> bool {
    let is_there = |name: &str| std::process::Command::new(name).arg("--version").output().is_ok();
    let has_tools = postgres_server().is_none() || is_there("pg_dump") && is_there("pg_restore");
    if !has_tools {
        eprintln!("skipped: pg_dump and pg_restore are not on the PATH");
    }
    has_tools
}

async fn backup(server: &TestServer, to: &Path, options: Options) -> anyhow::Result<Created> {
    let app = &server.app;
    let installation = Installation {
        config: app.config.clone(),
        database: app.database.clone(),
        blobs: app.blobs.clone(),
        clock: app.clock.clone(),
    };
    Box::pin(backups::create(&installation, to, options, &|_| {})).await
}

async fn restore(config: &Config, from: &Path) -> anyhow::Result<Restored> {
    let blobs = BlobStore::open(config).unwrap();
    Box::pin(backups::restore(config, &blobs, from, &|_| {})).await
}

async fn findings(folder: &Path) -> Vec<Finding> {
    backups::verify(folder, &|_| {}).await.unwrap().1
}

fn object(folder: &Path, index: usize) -> (PathBuf, String) {
    let object = &Manifest::read(folder).unwrap().objects[index];
    (object.path(folder), format!("objects/{}", object.key))
}

/// Changes a byte of a file, and not its size.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[7] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

async fn list(who: &Person) -> Vec<Asset> {
    let request = ListAssetsRequest { page_size: 1000, ..Default::default() };
    who.assets().list_assets(request).await.unwrap().into_inner().assets
}

/// Downloads everything that somebody has, and compares it with its digest.
async fn download_all(who: &Person) -> Vec<Asset> {
    let assets = list(who).await;
    for asset in &assets {
        let (_, _, bytes) = who.get(&format!("/api/assets/{}/original", asset.id), &[]).await;
        assert!(Sha256::digest(&bytes)[..] == asset.sha256, "{}", asset.file_name);
    }
    assets
}

/// Somebody who uploads photos, and makes and deletes albums, until the other work is done.
async fn load<T>(who: &Person, work: impl Future<Output = T>) -> T {
    let busy = Box::pin(async {
        for number in 1000.. {
            let asset = who.upload("later.jpg", &fixtures::photo(number)).await;
            let album = who.album("Later", &[asset]).await;
            let request = DeleteAlbumRequest { album_id: album.id, ..Default::default() };
            who.albums().delete_album(request).await.unwrap();
        }
    });
    tokio::select! {
        () = busy => unreachable!(),
        done = work => done,
    }
}

#[tokio::test]
async fn what_is_backed_up_under_load_comes_back_with_its_digests() {
    if !has_tools() {
        return;
    }
    test(|server| async move {
        let folder = tempfile::tempdir().unwrap();
        let ann = server.user("ann").await;
        ann.upload("large.jpg", &fixtures::sized_photo(1, 3 << 20)).await;
        let before = ann.photos(2..20).await.len() + 1;
        let made = load(&ann, backup(&server, folder.path(), PLAIN)).await.unwrap();
        let objects = made.manifest.objects.len();
        assert!(objects >= before && made.copied == objects);
        assert_eq!(findings(folder.path()).await, []);

        let another = server
            .another_installation(async |config| {
                let restored = restore(config, folder.path()).await.unwrap();
                assert_eq!(restored.key, KeyAdvice::Done);
            })
            .await;
        let ann = another.login(&ann.user.email).await;
        assert_eq!(download_all(&ann).await.len(), objects);
        ann.upload("new.jpg", &fixtures::photo(999)).await;
        another.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_bucket_is_backed_up_and_restored_to_disk_and_back() {
    if !has_tools() {
        return;
    }
    let (bucket, second) = (&Bucket::start().await, &Bucket::start().await);
    test_with(
        |config| config.s3 = Some(bucket.config()),
        |server| async move {
            let folder = tempfile::tempdir().unwrap();
            let ann = server.user("ann").await;
            ann.photos(0..5).await;
            backup(&server, folder.path(), PLAIN).await.unwrap();
            for s3 in [None, Some(second.config())] {
                let another = server
                    .another_installation(async |config| {
                        config.s3 = s3;
                        restore(config, folder.path()).await.unwrap();
                    })
                    .await;
                let ann = another.login(&ann.user.email).await;
                assert_eq!(download_all(&ann).await.len(), 5);
                another.close().await;
            }
        },
    )
    .await;
}

#[tokio::test]
async fn the_next_backup_copies_only_what_is_new() {
    if !has_tools() {
        return;
    }
    test(|server| async move {
        let folder = tempfile::tempdir().unwrap();
        let ann = server.user("ann").await;
        ann.photos(0..3).await;
        assert_eq!(backup(&server, folder.path(), PLAIN).await.unwrap().copied, 3);
        ann.photos(3..5).await;
        assert_eq!(backup(&server, folder.path(), PLAIN).await.unwrap().copied, 2);
        assert_eq!(findings(folder.path()).await, []);
        let names = std::fs::read_dir(folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(names.filter(|name| name.starts_with("database")).count(), 1);

        damage(&object(folder.path(), 1).0);
        assert_eq!(backup(&server, folder.path(), PLAIN).await.unwrap().copied, 0);
        let verifying = Options { verify: true, ..PLAIN };
        assert_eq!(backup(&server, folder.path(), verifying).await.unwrap().copied, 1);
        assert_eq!(findings(folder.path()).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_backup_that_was_interrupted_goes_on_and_spoils_none_before() {
    if !has_tools() {
        return;
    }
    let faults = Faults::plan();
    test_with_faults(faults.clone(), |server| async move {
        let folder = tempfile::tempdir().unwrap();
        let ann = server.user("ann").await;
        ann.photos(0..2).await;
        backup(&server, folder.path(), PLAIN).await.unwrap();
        let first = Manifest::read(folder.path()).unwrap();

        ann.photos(2..12).await;
        faults.add(Call::Read, 6, Fault::Error(ErrorKind::TimedOut));
        let error = backup(&server, folder.path(), PLAIN).await.unwrap_err();
        assert!(format!("{error:#}").contains("the store of photos fails"), "{error:#}");
        let after = Manifest::read(folder.path()).unwrap();
        assert_eq!(after.objects, first.objects);
        assert!(findings(folder.path()).await.iter().all(|finding| !finding.is_fault()));

        let made = backup(&server, folder.path(), PLAIN).await.unwrap();
        assert_eq!(made.manifest.objects.len(), 12);
        assert!(made.copied < 10, "copied {} again", made.copied);
        assert_eq!(findings(folder.path()).await, []);
    })
    .await;
}

#[tokio::test]
async fn objects_that_the_store_lost_fail_the_backup_unless_it_goes_on_without_them() {
    if !has_tools() {
        return;
    }
    let faults = Faults::plan();
    test_with_faults(faults.clone(), |server| async move {
        server.user("ann").await.photos(0..4).await;
        // Objects are copied side by side: which one is damaged on its way is left to chance.
        let damaged = tempfile::tempdir().unwrap();
        faults.add(Call::Read, 1, Fault::Damage);
        let error = backup(&server, damaged.path(), PLAIN).await.unwrap_err().to_string();
        assert!(
            error.starts_with("objects that are missing or damaged in the store of photos: 1, as"),
            "{error}"
        );
        assert!(Manifest::read(damaged.path()).is_err(), "no manifest is written");
        // It is there after all.
        backup(&server, damaged.path(), PLAIN).await.unwrap();

        let folder = tempfile::tempdir().unwrap();
        let files = asset_file::Entity::find().all(server.app.database.reader()).await.unwrap();
        let gone = BlobKey::Original(files[2].blob_id);
        server.app.blobs.delete(gone).await.unwrap();
        let error = backup(&server, folder.path(), PLAIN).await.unwrap_err().to_string();
        assert!(error.contains(": 1, as") && error.contains(&gone.path()), "{error}");
        assert!(Manifest::read(folder.path()).is_err(), "no manifest is written");
        let options = Options { skip_lost: true, ..PLAIN };
        let made = backup(&server, folder.path(), options).await.unwrap();
        assert_eq!(made.manifest.objects.len(), 3);
        assert_eq!(made.manifest.lost[0].key, gone.path());
        assert_eq!(findings(folder.path()).await, []);

        // What the database knows needs no option.
        assets::mark_damaged(&server.app, files[2].blob_id).await.unwrap();
        let made = backup(&server, folder.path(), PLAIN).await.unwrap();
        assert_eq!(made.manifest.lost[0].key, gone.path());
    })
    .await;
}

#[tokio::test]
async fn a_check_tells_what_is_damaged_missing_and_over() {
    if !has_tools() {
        return;
    }
    test(|server| async move {
        let folder = tempfile::tempdir().unwrap();
        server.user("ann").await.photos(0..4).await;
        let made = backup(&server, folder.path(), PLAIN).await.unwrap();
        let ((first, first_name), (second, second_name)) =
            (object(folder.path(), 0), object(folder.path(), 1));
        damage(&first);
        std::fs::remove_file(second).unwrap();
        std::fs::write(folder.path().join("objects/originals/x"), "x").unwrap();
        let expected = [
            Finding::Damaged(first_name.clone()),
            Finding::Missing(second_name),
            Finding::Extra("objects/originals/x".to_owned()),
        ];
        assert_eq!(findings(folder.path()).await, expected);

        let path = folder.path().join("manifest.json");
        let mut manifest: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        manifest["objects"].as_array_mut().unwrap().drain(..2);
        std::fs::write(&path, manifest.to_string()).unwrap();
        let found = findings(folder.path()).await;
        let not_listed = first_name.trim_start_matches("objects/").to_owned();
        assert!(found.contains(&Finding::NotListed(not_listed)), "{found:?}");
        assert!(found.contains(&Finding::Extra(first_name)), "{found:?}");

        damage(&folder.path().join(&made.manifest.database.file));
        let found = findings(folder.path()).await;
        assert!(found.contains(&Finding::Damaged(made.manifest.database.file)), "{found:?}");
    })
    .await;
}

/// Settings with a folder and an empty database of their own.
async fn empty(server: &TestServer) -> (TempDir, TestDatabase, Config) {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::empty(folder.path()).await;
    let mut config = server.app.config.clone();
    config.data_dir = folder.path().to_owned();
    config.database_url = database.url();
    (folder, database, config)
}

async fn refused(config: &Config, from: &Path) -> String {
    format!("{:#}", restore(config, from).await.unwrap_err())
}

#[tokio::test]
async fn a_restore_overwrites_nothing_and_takes_nothing_damaged() {
    if !has_tools() {
        return;
    }
    test(|server| async move {
        let folder = tempfile::tempdir().unwrap();
        server.user("ann").await.photos(0..3).await;
        let error = refused(&server.app.config, folder.path()).await;
        assert!(error.starts_with("no backup is complete"), "{error}");
        backup(&server, folder.path(), PLAIN).await.unwrap();

        let error = refused(&server.app.config, folder.path()).await;
        assert!(error.contains("already"), "{error}");
        let (_folder, database, mut config) = empty(&server).await;
        let own = std::mem::replace(&mut config.data_dir, server.app.config.data_dir.clone());
        let error = refused(&config, folder.path()).await;
        assert!(error.starts_with("there are 3 objects"), "{error}");
        config.data_dir = own;

        damage(&object(folder.path(), 2).0);
        let error = refused(&config, folder.path()).await;
        assert!(error.ends_with("is damaged"), "{error}");
        let opened = albumen_server::open(config, Clock::System).await.unwrap();
        let rows = asset_file::Entity::find().all(opened.database.reader()).await.unwrap();
        assert!(rows.is_empty(), "the database comes last");
        opened.database.close().await.unwrap();
        database.drop().await;
    })
    .await;
}

#[tokio::test]
async fn a_restore_refuses_backups_of_newer_versions_and_other_databases() {
    if !has_tools() {
        return;
    }
    test(|server| async move {
        let folder = tempfile::tempdir().unwrap();
        backup(&server, folder.path(), PLAIN).await.unwrap();
        let path = folder.path().join("manifest.json");
        let whole: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let (_folder, database, config) = empty(&server).await;
        let with = |pointer: &str, value: serde_json::Value| {
            let mut manifest = whole.clone();
            *manifest.pointer_mut(pointer).unwrap() = value;
            std::fs::write(&path, manifest.to_string()).unwrap();
        };
        with("/schema", "m29990101_01_later".into());
        assert!(refused(&config, folder.path()).await.contains("which is newer"));
        with("/format_version", 2.into());
        assert!(refused(&config, folder.path()).await.contains("does not know"));
        let other = if postgres_server().is_none() { "postgres" } else { "sqlite" };
        with("/database/kind", other.into());
        assert!(refused(&config, folder.path()).await.contains("and the settings name"));
        with("/database/file", "../albumen.db".into());
        assert!(refused(&config, folder.path()).await.contains("outside the backup"));
        database.drop().await;
    })
    .await;
}

#[tokio::test]
async fn the_secret_key_is_copied_only_when_asked() {
    use std::os::unix::fs::PermissionsExt as _;
    if !has_tools() {
        return;
    }
    test(|server| async move {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("secret.key");
        let made = backup(&server, folder.path(), PLAIN).await.unwrap();
        assert!(!made.manifest.has_secret_key && !key.exists());
        let (data, database, mut config) = empty(&server).await;
        config.secret_key = None;
        assert_eq!(restore(&config, folder.path()).await.unwrap().key, KeyAdvice::BringIt);
        database.drop().await;
        drop(data);

        let options = Options { include_secret_key: true, ..PLAIN };
        assert!(backup(&server, folder.path(), options).await.unwrap().manifest.has_secret_key);
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        let (data, database, mut config) = empty(&server).await;
        config.secret_key = None;
        let advice = restore(&config, folder.path()).await.unwrap().key;
        let is_sqlite = postgres_server().is_none();
        assert_eq!(advice, if is_sqlite { KeyAdvice::Done } else { KeyAdvice::SetIt });
        assert_eq!(data.path().join("secret.key").exists(), is_sqlite);
        database.drop().await;

        std::fs::remove_file(&key).unwrap();
        let expected = [Finding::Missing("secret.key".to_owned())];
        assert_eq!(findings(folder.path()).await, expected);
    })
    .await;
}

#[tokio::test]
async fn bytes_stay_while_a_backup_is_made_and_no_other_begins() {
    if !has_tools() {
        return;
    }
    test(|server| async move {
        server.user("ann").await.photos(0..1).await;
        let (app, folder) = (&server.app, tempfile::tempdir().unwrap());
        let (database, minute) = (&app.database, Duration::from_secs(60));
        let held = lease::acquire(database, app.now(), lease::BACKUP, minute).await.unwrap();
        let refused = backup(&server, folder.path(), PLAIN).await.unwrap_err();
        assert!(refused.to_string().contains("another backup"), "{refused:#}");
        held.unwrap().release(database).await.unwrap();
        backup(&server, folder.path(), PLAIN).await.unwrap();
        assert!(!lease::is_held(database, app.now(), lease::BACKUP).await.unwrap());
    })
    .await;
}
