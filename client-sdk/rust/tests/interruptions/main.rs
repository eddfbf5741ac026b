//! The client against a server of its own and a network that breaks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod fake;
mod network;

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albumen_client::v1::{
    Asset, Export, ExportPart, GetAssetRequest, ListAssetsRequest, Rendition,
};
use albumen_client::{
    Client, Credential, Error, Progress, SavedSession, SessionFile, UploadOptions,
};
use bytes::Bytes;
use fake::{Fake, tokens};
use futures::{TryStreamExt as _, future};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const MIB: usize = 1 << 20;
/// Where the first connections break.
const CUTS: &[usize] = &[MIB, 100, 2 * MIB, 100_000];

async fn client(fake: &Fake, cuts: &'static [usize]) -> Client {
    Client::connect(&network::breaking(fake.start().await, cuts).await).await.unwrap()
}

/// Bytes without a pattern.
fn noise(count: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(count).collect()
}

/// An archive of `count` stored files.
fn archive(count: usize, file: &[u8]) -> Bytes {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for number in 0..count {
        writer.start_file(format!("{number}.jpg"), options).unwrap();
        writer.write_all(file).unwrap();
    }
    writer.finish().unwrap().into_inner().into()
}

/// An export of one archive, which the server then has.
fn export(fake: &Fake, archive: &Bytes, entry_count: i32) -> Export {
    *fake.archive.lock().unwrap() = archive.clone();
    let size_bytes = i64::try_from(archive.len()).unwrap();
    let file_name = "Summer.zip".to_owned();
    let part =
        ExportPart { number: 1, file_name, size_bytes, entry_count, ..ExportPart::default() };
    Export { parts: vec![part], size_bytes, ..Export::default() }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).collect()
}

#[tokio::test]
async fn upload_goes_on_where_the_server_has_got_to() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let (path, bytes) = (folder.path().join("a.jpg"), noise(5 * MIB + 17));
    std::fs::write(&path, &bytes).unwrap();
    let told = Arc::new(Mutex::new((0, 0)));
    let progress = {
        let told = Arc::clone(&told);
        Progress::new(move |done, total| *told.lock().unwrap() = (done, total))
    };
    let options = UploadOptions { progress, ..UploadOptions::default() };

    let uploaded = client(&fake, CUTS).await.upload(&path, options).await.unwrap();

    assert!(*fake.received.lock().unwrap() == bytes);
    assert_eq!(uploaded.sent_bytes, bytes.len() as u64);
    assert_eq!(*told.lock().unwrap(), (uploaded.sent_bytes, uploaded.sent_bytes));
}

#[tokio::test]
async fn upload_that_gets_nowhere_ends_with_an_error() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let path = folder.path().join("a.jpg");
    std::fs::write(&path, noise(5 * MIB)).unwrap();
    let client = client(&fake, &[MIB, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]).await;
    let error = client.upload(&path, UploadOptions::default()).await.unwrap_err();
    assert!(error.code().is_some(), "{error:?}");
}

#[tokio::test]
async fn download_goes_on_where_it_stopped() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let bytes = noise(5 * MIB + 17);
    *fake.archive.lock().unwrap() = bytes.clone().into();
    let asset = Asset {
        size_bytes: i64::try_from(bytes.len()).unwrap(),
        sha256: Bytes::copy_from_slice(&Sha256::digest(&bytes)),
        ..Asset::default()
    };
    let client = client(&fake, CUTS).await;
    let path = folder.path().join("a.jpg");
    let download =
        async || client.download(&asset, Rendition::Original, &path, Progress::default()).await;

    let saved = download().await.unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes);
    assert!(!saved.existed);
    assert!(download().await.unwrap().existed);
    std::fs::write(&path, "something else").unwrap();
    assert!(matches!(download().await.unwrap_err(), Error::Exists(_)));
}

#[tokio::test]
async fn export_goes_on_where_it_stopped() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let archive = archive(6, &noise(MIB));
    let export = export(&fake, &archive, 6);
    let client = client(&fake, CUTS).await;
    let most = Arc::new(AtomicU64::new(0));
    let progress = {
        let most = Arc::clone(&most);
        Progress::new(move |done, _| most.store(done, Ordering::Relaxed))
    };

    let saved = client.export_to(&export, folder.path(), progress).await.unwrap();

    assert!(std::fs::read(&saved[0].path).unwrap() == archive);
    assert_eq!(most.load(Ordering::Relaxed), archive.len() as u64);
    assert_eq!(names(folder.path()), ["Summer.zip"]);
    let again = client.export_to(&export, folder.path(), Progress::default()).await.unwrap();
    assert!(again[0].existed);
}

#[tokio::test]
async fn archive_of_a_later_run_replaces_what_was_left_of_another() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let archive = archive(2, &noise(MIB));
    let export = export(&fake, &archive, 2);
    std::fs::write(folder.path().join("Summer.zip.part"), vec![0; MIB]).unwrap();
    let client = client(&fake, &[]).await;
    let saved = client.export_to(&export, folder.path(), Progress::default()).await.unwrap();
    assert!(std::fs::read(&saved[0].path).unwrap() == archive);
}

#[tokio::test]
async fn another_archive_of_the_same_size_is_left_alone() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let mine = archive(1, &[1; 1000]);
    let path = folder.path().join("Summer.zip");
    std::fs::write(&path, &mine).unwrap();
    let export = export(&fake, &archive(1, &[2; 1000]), 1);
    let client = client(&fake, &[]).await;
    let error = client.export_to(&export, folder.path(), Progress::default()).await.unwrap_err();
    assert!(matches!(error, Error::Exists(_)), "{error:?}");
    assert!(std::fs::read(&path).unwrap() == mine);
}

#[tokio::test]
async fn damaged_archive_is_not_kept() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let mut bytes = archive(2, &noise(1000)).to_vec();
    bytes[500] ^= 1;
    let export = export(&fake, &bytes.into(), 2);
    let client = client(&fake, &[]).await;
    let error = client.export_to(&export, folder.path(), Progress::default()).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn archive_of_many_files_is_read_back() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let export = export(&fake, &archive(70_000, b""), 70_000);
    let client = client(&fake, &[]).await;
    client.export_to(&export, folder.path(), Progress::default()).await.unwrap();
}

#[tokio::test]
async fn file_names_cannot_lead_out_of_the_folder() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let client = client(&fake, &[]).await;
    for name in ["../Summer.zip", "/Summer.zip", "..", ".", "", "a/b.zip", "a/"] {
        let mut export = export(&fake, &archive(1, b""), 1);
        export.parts[0].file_name = name.to_owned();
        let saved = client.export_to(&export, folder.path(), Progress::default()).await;
        assert!(matches!(saved, Err(Error::Answer(_))), "{name}: {saved:?}");
    }
}

#[tokio::test]
async fn tokens_are_renewed_once_before_they_end() {
    let fake = Fake::default();
    let client = client(&fake, &[]).await;
    let old = tokens("old", Duration::from_secs(20));
    let client = client.with_credential(Credential::Session(old));
    let calls = (0..10).map(|_| async {
        let asset = client.assets().get_asset(GetAssetRequest::default()).await;
        asset.unwrap().into_inner().id
    });
    let shown = future::join_all(calls).await;
    assert_eq!(shown, ["Bearer renewed 1"; 10]);
    assert_eq!(fake.renewals.load(Ordering::Relaxed), 1);
    client.refresh().await.unwrap();
    assert_eq!(fake.renewals.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn saved_session_is_renewed_once_for_all_who_share_it() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let file = SessionFile::new(folder.path().join("session.json"));
    let old = tokens("old", Duration::from_secs(20));
    let saved = SavedSession { url: "http://photos.example.org".to_owned(), tokens: old };
    file.save(&saved).await.unwrap();
    let client = client(&fake, &[]).await;
    let calls = (0..10).map(|_| {
        let client = client.with_saved_session(file.clone(), saved.clone());
        async move {
            let asset = client.assets().get_asset(GetAssetRequest::default()).await;
            asset.unwrap().into_inner().id
        }
    });
    assert_eq!(future::join_all(calls).await, ["Bearer renewed 1"; 10]);
    assert_eq!(fake.renewals.load(Ordering::Relaxed), 1);
    assert_eq!(file.load().unwrap().unwrap().tokens.access_token, "renewed 1");
}

#[tokio::test]
async fn saved_session_that_gave_way_to_another_is_not_brought_back() {
    let (fake, folder) = (Fake::default(), TempDir::new().unwrap());
    let file = SessionFile::new(folder.path().join("session.json"));
    let saved = |url: &str| SavedSession {
        url: url.to_owned(),
        tokens: tokens(url, Duration::from_secs(20)),
    };
    let other = saved("http://other.example.org");
    file.save(&other).await.unwrap();
    let client = client(&fake, &[]).await;
    let client = client.with_saved_session(file.clone(), saved("http://photos.example.org"));
    client.assets().get_asset(GetAssetRequest::default()).await.unwrap();
    assert_eq!(file.load().unwrap(), Some(other));
    file.remove().await.unwrap();
    client.refresh().await.unwrap();
    assert_eq!(file.load().unwrap(), None, "who signed out stays out");
}

#[tokio::test]
async fn lists_are_walked_to_their_end() {
    let client = client(&Fake::default(), &[]).await;
    let assets = client.list_assets(ListAssetsRequest::default());
    let ids: Vec<_> = assets.map_ok(|asset| asset.id).try_collect().await.unwrap();
    assert_eq!(ids, ["1", "2", "3"]);
}

#[tokio::test]
async fn transfers_can_be_given_to_tasks() {
    fn is_send(_: &impl Send) {}
    let client = client(&Fake::default(), &[]).await;
    is_send(&client.upload("a.jpg", UploadOptions::default()));
    let (asset, export) = (Asset::default(), Export::default());
    is_send(&client.download(&asset, Rendition::Original, "a.jpg", Progress::default()));
    is_send(&client.export_to(&export, "folder", Progress::default()));
}
