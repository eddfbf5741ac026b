//! Blob stores: one suite for every backend, and what a store that goes wrong does to callers.

use std::io;
use std::path::{Path, PathBuf};

use albumen_server::blob::{BlobKey, BlobStore, Call, Fault, Faults, Piece};
use albumen_server::config::{Config, S3Config};
use albumen_server::id::BlobId;
use albumen_server::time::Micros;
use tempfile::TempDir;

use crate::support::bucket::{Bucket, Mood};
use crate::support::fixtures;

/// More than two parts of an object in a bucket, the last not full.
const LARGE_BYTES: usize = (18 << 20) + 5;

fn new_key() -> BlobKey {
    BlobKey::Original(BlobId::generate())
}

fn file(folder: &TempDir, bytes: &[u8]) -> PathBuf {
    let file = folder.path().join("upload");
    std::fs::write(&file, bytes).unwrap();
    file
}

fn on_disk(folder: &Path) -> BlobStore {
    let mut config = Config::read(&Default::default(), &Default::default()).unwrap();
    config.data_dir = folder.to_owned();
    BlobStore::open(&config).unwrap()
}

fn in_bucket(s3: S3Config) -> BlobStore {
    let mut config = Config::read(&Default::default(), &Default::default()).unwrap();
    config.s3 = Some(s3);
    BlobStore::open(&config).unwrap()
}

/// A time of the file system's clock that is not later than now.
fn now(folder: &TempDir) -> Micros {
    let time = std::fs::metadata(file(folder, b"now")).unwrap().modified().unwrap();
    let time = time.duration_since(std::time::UNIX_EPOCH).unwrap();
    Micros(time.as_micros().try_into().unwrap())
}

async fn suite(store: BlobStore) {
    let folder = tempfile::tempdir().unwrap();
    let (key, other) = (new_key(), new_key());
    store.ping().await.unwrap();
    assert_eq!(store.size(key).await.unwrap(), None);
    assert!(store.list().await.unwrap().is_empty());

    let before = now(&folder);
    let file = file(&folder, b"0123456789");
    for _ in 0..2 {
        store.put(key, &file).await.unwrap();
        assert!(file.exists(), "the caller removes the file");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(store.size(key).await.unwrap(), Some(10));
    let stored = store.list().await.unwrap();
    assert!(stored.len() == 1 && stored[0].key == key, "{stored:?}");
    // Services tell whole seconds.
    assert!(stored[0].modify_time.seconds() >= before.seconds(), "{stored:?} {before:?}");

    reads(&store, key, other).await;
    assert!(store.put(other, &file).await.is_err(), "there is no such file");
    assert_eq!(store.size(other).await.unwrap(), None);

    store.delete(key).await.unwrap();
    store.delete(key).await.unwrap();
    assert_eq!(store.size(key).await.unwrap(), None);
    assert!(store.list().await.unwrap().is_empty());
    large(&store, &folder).await;
}

async fn reads(store: &BlobStore, key: BlobKey, other: BlobKey) {
    let pieces = vec![
        Piece::Blob(key, 2..5),
        Piece::Bytes("-".into()),
        Piece::Blob(key, 0..10),
        Piece::Blob(key, 10..10),
    ];
    let window = store.read(pieces).await.unwrap();
    assert_eq!(&window.bytes[..], b"234-0123456789");
    let expected = [crc32fast::hash(b"234"), crc32fast::hash(b"0123456789"), crc32fast::hash(b"")];
    assert_eq!(window.checksums, expected);

    for range in [8..11, 10..11, 12..13] {
        let short = store.read(vec![Piece::Blob(key, range.clone())]).await.unwrap_err();
        assert!(short.is_loss() && short.key == key, "{range:?}: {short}");
        assert_eq!(short.cause.kind(), io::ErrorKind::UnexpectedEof, "{range:?}");
    }
    let missing = store.read(vec![Piece::Blob(other, 0..1)]).await.unwrap_err();
    assert!(missing.is_loss() && missing.key == other);
    assert_eq!(missing.cause.kind(), io::ErrorKind::NotFound);
}

async fn large(store: &BlobStore, folder: &TempDir) {
    let (key, bytes) = (new_key(), fixtures::sized_photo(1, LARGE_BYTES));
    store.put(key, &file(folder, &bytes)).await.unwrap();
    let size = bytes.len() as u64;
    assert_eq!(store.size(key).await.unwrap(), Some(size));
    let window = store.read(vec![Piece::Blob(key, 0..size)]).await.unwrap();
    assert!(window.bytes == bytes, "the bytes differ");
    assert_eq!(window.checksums, [crc32fast::hash(&bytes)]);
    store.delete(key).await.unwrap();
}

#[tokio::test]
async fn local_disk_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    suite(on_disk(folder.path())).await;
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    suite(BlobStore::in_memory()).await;
}

#[tokio::test]
async fn a_bucket_keeps_the_contract() {
    let bucket = Bucket::start().await;
    suite(in_bucket(bucket.config())).await;
    let mut whole = bucket.config();
    whole.prefix = String::new();
    suite(in_bucket(whole)).await;
}

#[tokio::test]
async fn a_blob_tells_when_it_was_put_not_when_it_was_written() {
    let (folder, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = on_disk(store.path());
    let before = now(&folder);
    let path = file(&folder, b"x");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
    let written = std::fs::File::options().write(true).open(&path).unwrap();
    written.set_modified(long_ago).unwrap();
    store.put(new_key(), &path).await.unwrap();
    assert!(store.list().await.unwrap()[0].modify_time >= before);
}

/// The store is not available, which says nothing about the bytes.
async fn expect_away(store: &BlobStore, key: BlobKey) {
    let read = store.read(vec![Piece::Blob(key, 0..10)]).await.unwrap_err();
    assert!(!read.is_loss(), "{read}");
    for error in [store.size(key).await.map(drop), store.list().await.map(drop)] {
        assert!(!error.unwrap_err().is_loss());
    }
    assert!(store.ping().await.is_err());
}

#[tokio::test]
async fn a_bucket_that_is_away_loses_nothing() {
    let (folder, bucket) = (tempfile::tempdir().unwrap(), Bucket::start().await);
    let (store, key) = (in_bucket(bucket.config()), new_key());
    let file = file(&folder, b"0123456789");
    store.put(key, &file).await.unwrap();

    bucket.set(Mood::Failing);
    expect_away(&store, key).await;
    assert!(store.put(new_key(), &file).await.is_err());
    bucket.set(Mood::Well);
    store.ping().await.unwrap();

    bucket.stop().await;
    expect_away(&store, key).await;
    bucket.resume().await;
    let window = store.read(vec![Piece::Blob(key, 0..10)]).await.unwrap();
    assert_eq!(&window.bytes[..], b"0123456789");

    bucket.set(Mood::Cutting);
    let cut = store.read(vec![Piece::Blob(key, 0..10)]).await.unwrap_err();
    assert!(!cut.is_loss(), "{cut}");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_loses_nothing() {
    let bucket = Bucket::start().await;
    let mut config = bucket.config();
    config.bucket = "another".to_owned();
    let store = in_bucket(config);
    assert!(store.ping().await.is_err());
    let read = store.read(vec![Piece::Blob(new_key(), 0..1)]).await.unwrap_err();
    assert!(!read.is_loss(), "{read}");
}

#[tokio::test]
async fn the_wrong_secret_opens_no_bucket() {
    let bucket = Bucket::start().await;
    let flags = [
        ("s3-bucket", "photos"),
        ("s3-endpoint", &bucket.config().endpoint.unwrap()),
        ("s3-access-key-id", "albumen"),
        ("s3-secret-access-key", "wrong"),
    ];
    let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::read(&flags.into(), &Default::default()).unwrap();
    let error = BlobStore::open(&config).unwrap().ping().await.unwrap_err();
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn planned_faults_happen_once_each() {
    let (folder, faults) = (tempfile::tempdir().unwrap(), Faults::plan());
    let store = BlobStore::in_memory().with_faults(faults.clone());
    let (key, file) = (new_key(), file(&folder, b"0123456789"));
    faults.add(Call::Put, 2, Fault::Error(io::ErrorKind::StorageFull));
    store.put(key, &file).await.unwrap();
    let full = store.put(key, &file).await.unwrap_err();
    assert_eq!(full.cause.kind(), io::ErrorKind::StorageFull);
    assert!(!full.is_loss());
    store.put(key, &file).await.unwrap();

    let read = || store.read(vec![Piece::Blob(key, 0..10)]);
    faults.add(Call::Read, 1, Fault::Error(io::ErrorKind::NotFound));
    faults.add(Call::Read, 2, Fault::Damage);
    assert!(read().await.unwrap_err().is_loss());
    let damaged = read().await.unwrap();
    assert_ne!(&damaged.bytes[..], b"0123456789");
    assert_eq!(damaged.checksums, [crc32fast::hash(&damaged.bytes)]);
    assert_eq!(&read().await.unwrap().bytes[..], b"0123456789");
}
