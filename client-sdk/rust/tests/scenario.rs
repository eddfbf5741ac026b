//! The ten steps of `client-sdk/SCENARIO.md`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::HashSet;
use std::env;
use std::iter::repeat_with;
use std::path::PathBuf;

use albumen_client::v1::stream_upload_request::Part;
use albumen_client::v1::{
    AddAlbumAssetsRequest, Album, Asset, CreateAlbumRequest, CreateSharedLinkRequest,
    CreateUploadRequest, GetAlbumRequest, GetMeRequest, ListAssetsRequest, Rendition, SharedLink,
    StreamUploadRequest, Upload, UploadHeader,
};
use albumen_client::{Client, Code, Error, Progress, UploadOptions};
use bytes::Bytes;
use futures::{TryStreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use uuid::Uuid;

const MIB: usize = 1 << 20;
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00";

/// A file that no server has seen.
struct File {
    path: PathBuf,
    bytes: Bytes,
}

impl File {
    fn new(folder: &TempDir, name: &str, size: usize) -> Self {
        let noise = repeat_with(|| fastrand::u8(..)).take(size - JPEG.len() - 2);
        let bytes: Bytes = JPEG.iter().copied().chain(noise).chain([0xff, 0xd9]).collect();
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        Self { path, bytes }
    }

    fn sha256(&self) -> Bytes {
        Bytes::copy_from_slice(&Sha256::digest(&self.bytes))
    }
}

#[tokio::test]
async fn scenario() {
    let variable = |name| env::var(name).ok();
    let url = variable("ALBUMEN_TEST_URL");
    let email = variable("ALBUMEN_TEST_EMAIL");
    let password = variable("ALBUMEN_TEST_PASSWORD");
    let (Some(url), Some(email), Some(password)) = (url, email, password) else {
        eprintln!("skipped: ALBUMEN_TEST_URL, _EMAIL and _PASSWORD are not set");
        return;
    };
    let folder = TempDir::new().unwrap();
    let small = File::new(&folder, "small.jpg", 100_000);
    let large = File::new(&folder, "large.jpg", 3 * MIB);
    let client = Client::connect(&url).await.unwrap();

    sign_in(&client, &email, &password).await;
    let album = create_album(&client).await;
    let assets = [upload(&client, &small).await, resume_a_cut_upload(&client, &large).await];
    list_by_pages(&client, &assets).await;
    add_to_album(&client, &album, &assets).await;
    let guest = share_by_link(&client, &album, &assets).await;
    for (file, asset) in [&small, &large].into_iter().zip(&assets) {
        download_and_compare_digest(&guest, file, asset, &folder).await;
    }
    read_a_field_violation(&client).await;
    sign_out(&client).await;
}

async fn sign_in(client: &Client, email: &str, password: &str) {
    client.login(email, password, "scenario").await.unwrap();
    let me = client.users().get_me(GetMeRequest {}).await.unwrap().into_inner();
    assert_eq!(me.email.to_lowercase(), email.to_lowercase());
}

async fn create_album(client: &Client) -> Album {
    let request_id = Uuid::now_v7().to_string();
    let request = CreateAlbumRequest {
        album: Some(Album { display_name: "Scenario".to_owned(), ..Album::default() }),
        request_id: request_id.clone(),
        ..CreateAlbumRequest::default()
    };
    let album = client.albums().create_album(request.clone()).await.unwrap().into_inner();
    let again = client.albums().create_album(request).await.unwrap().into_inner();
    assert_eq!(album.id, request_id);
    assert_eq!(album, again);
    album
}

async fn upload(client: &Client, file: &File) -> Asset {
    let first = client.upload(&file.path, UploadOptions::default()).await.unwrap();
    assert_eq!(first.asset.sha256, file.sha256());
    assert_eq!((first.duplicate, first.sent_bytes), (false, 100_000));
    let second = client.upload(&file.path, UploadOptions::default()).await.unwrap();
    assert_eq!(second.asset.id, first.asset.id);
    assert_eq!((second.duplicate, second.sent_bytes), (true, 0));
    first.asset
}

async fn resume_a_cut_upload(client: &Client, file: &File) -> Asset {
    let upload_id = Uuid::now_v7().to_string();
    let request = CreateUploadRequest {
        upload: Some(Upload {
            file_name: "large.jpg".to_owned(),
            size_bytes: i64::try_from(file.bytes.len()).unwrap(),
            ..Upload::default()
        }),
        request_id: upload_id.clone(),
    };
    client.uploads().create_upload(request).await.unwrap();
    let header = UploadHeader { upload_id: upload_id.clone(), offset: 0 };
    let parts = [Part::Header(header), Part::Chunk(file.bytes.slice(..MIB))];
    let parts = parts.map(|part| StreamUploadRequest { part: Some(part) });
    client.uploads().stream_upload(stream::iter(parts)).await.unwrap();

    let options = UploadOptions { request_id: Some(upload_id), ..UploadOptions::default() };
    let uploaded = client.upload(&file.path, options).await.unwrap();
    assert_eq!(uploaded.sent_bytes, 2 * MIB as u64);
    assert_eq!(uploaded.asset.sha256, file.sha256());
    uploaded.asset
}

async fn list_by_pages(client: &Client, assets: &[Asset]) {
    let request = ListAssetsRequest { page_size: 1, ..ListAssetsRequest::default() };
    let listed = client.list_assets(request).map_ok(|asset| asset.id);
    let ids: Vec<_> = listed.try_collect().await.unwrap();
    let different: HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len());
    assert!(assets.iter().all(|asset| different.contains(&asset.id)));
}

async fn add_to_album(client: &Client, album: &Album, assets: &[Asset]) {
    let request = AddAlbumAssetsRequest {
        album_id: album.id.clone(),
        asset_ids: assets.iter().map(|asset| asset.id.clone()).collect(),
    };
    let first = client.albums().add_album_assets(request.clone()).await.unwrap();
    assert_eq!(first.into_inner().added_count, 2);
    let second = client.albums().add_album_assets(request).await.unwrap();
    assert_eq!(second.into_inner().added_count, 0);
}

async fn share_by_link(client: &Client, album: &Album, assets: &[Asset]) -> Client {
    let request = CreateSharedLinkRequest {
        shared_link: Some(SharedLink { album_id: album.id.clone(), ..SharedLink::default() }),
        request_id: Uuid::now_v7().to_string(),
        ..CreateSharedLinkRequest::default()
    };
    let link = client.shared_links().create_shared_link(request).await.unwrap().into_inner();
    let (guest, opened) = client.open_link(&link.url, "").await.unwrap();
    let request = ListAssetsRequest { album_id: opened.album_id, ..ListAssetsRequest::default() };
    let listed = guest.list_assets(request).map_ok(|asset| asset.id);
    let ids: HashSet<_> = listed.try_collect().await.unwrap();
    assert_eq!(ids, assets.iter().map(|asset| asset.id.clone()).collect());
    guest
}

async fn download_and_compare_digest(guest: &Client, file: &File, asset: &Asset, to: &TempDir) {
    let path = to.path().join(&asset.id);
    let download = guest.download(asset, Rendition::Original, &path, Progress::default());
    download.await.unwrap();
    let digest = Sha256::digest(std::fs::read(path).unwrap());
    assert_eq!(digest.as_slice(), file.sha256());
}

async fn read_a_field_violation(client: &Client) {
    let request = GetAlbumRequest { album_id: "not-an-id".to_owned() };
    let error = Error::from(client.albums().get_album(request).await.unwrap_err());
    assert_eq!(error.code(), Some(Code::InvalidArgument));
    assert_eq!(error.reason(), Some("INVALID_REQUEST"));
    assert_eq!(error.violations()[0].field, "album_id");
}

async fn sign_out(client: &Client) {
    let old = client.with_credential(client.credential());
    client.logout().await.unwrap();
    let error = Error::from(old.users().get_me(GetMeRequest {}).await.unwrap_err());
    assert_eq!(error.code(), Some(Code::Unauthenticated));
    assert_eq!(error.reason(), Some("CREDENTIAL_INVALID"));
}
