//! Blob stores: one suite for every backend.

use albumen_server::blob::{BlobKey, BlobStore, Piece};
use albumen_server::config::Config;
use albumen_server::id::BlobId;
use tempfile::TempDir;

async fn suite(store: BlobStore, folder: &TempDir) {
    let key = BlobKey::Original(BlobId::generate());
    let other = BlobKey::Original(BlobId::generate());
    let file = folder.path().join("upload");
    std::fs::write(&file, b"0123456789").unwrap();

    assert_eq!(store.size(key).await.unwrap(), None);
    for _ in 0..2 {
        store.put(key, &file).await.unwrap();
        assert!(file.exists(), "the caller removes the file");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(store.size(key).await.unwrap(), Some(10));
    assert_eq!(store.list().await.unwrap(), [key]);

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

    let short = store.read(vec![Piece::Blob(key, 8..11)]).await.unwrap_err();
    assert!(short.is_loss() && short.key == key);
    let missing = store.read(vec![Piece::Blob(other, 0..1)]).await.unwrap_err();
    assert!(missing.is_loss() && missing.key == other);
    assert!(store.put(other, &file).await.is_err(), "there is no such file");

    store.delete(key).await.unwrap();
    store.delete(key).await.unwrap();
    assert_eq!(store.size(key).await.unwrap(), None);
    assert!(store.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn local_disk_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::read(&Default::default(), &Default::default()).unwrap();
    config.data_dir = folder.path().to_owned();
    suite(BlobStore::open(&config).unwrap(), &folder).await;
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    suite(BlobStore::in_memory(), &folder).await;
}
