//! Files that stay where they are: reading them, archiving them, and what they are not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;

use albumen::v1::{
    Album, Asset, CheckAssetsRequest, CreateLibraryRequest, CreateUploadRequest,
    DeleteAssetsRequest, DownloadAssetRequest, FinishUploadRequest, GetMeRequest, Library,
    LibraryScan, ListAssetsRequest, ScanLibraryRequest, SharedLink, SharedLinkMetadata, Upload,
    UploadState,
};
use futures::TryStreamExt as _;
use http::Request;
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use crate::support::person::ids;
use crate::support::{Person, TestServer, expect_code, fixtures, reason, test_with};

/// A library of Ann's with one photo, `2026/a.jpg`, scanned.
struct Shelf {
    server: Arc<TestServer>,
    admin: Person,
    ann: Person,
    root: PathBuf,
    library: Library,
}

async fn shelf<F: Future<Output = ()>>(body: impl FnOnce(Shelf) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let roots = vec![root.clone()];
    test_with(
        |config| config.library_roots = roots,
        |server| async move {
            let (admin, ann) = (server.admin().await, server.user("ann").await);
            fs::create_dir(root.join("2026")).unwrap();
            write(&root.join("2026/a.jpg"), &fixtures::photo(1));
            let library = Library {
                owner_id: ann.user.id.clone(),
                display_name: "Shelf".to_owned(),
                import_paths: vec![root.to_str().unwrap().to_owned()],
                ..Library::default()
            };
            let request =
                CreateLibraryRequest { library: Some(library), request_id: String::new() };
            let library = admin.libraries().create_library(request).await.unwrap().into_inner();
            let shelf = Shelf { server, admin, ann, root, library };
            shelf.scan().await;
            body(shelf).await;
        },
    )
    .await;
}

/// Writes a file that nobody is writing any more.
#[expect(clippy::disallowed_methods, reason = "files have the time of the machine")]
fn write(path: &std::path::Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    let settled = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::options().write(true).open(path).unwrap().set_modified(settled).unwrap();
}

impl Shelf {
    async fn scan(&self) -> LibraryScan {
        self.scan_with(false).await
    }

    async fn scan_with(&self, restore_excluded: bool) -> LibraryScan {
        let library_id = self.library.id.clone();
        let request = ScanLibraryRequest { library_id, restore_excluded };
        let messages = self.ann.libraries().scan_library(request).await.unwrap().into_inner();
        let (messages, ()) = tokio::join!(messages.try_collect::<Vec<_>>(), self.server.run_jobs());
        messages.unwrap().pop().unwrap().scan.unwrap()
    }

    fn photo(&self) -> PathBuf {
        self.root.join("2026/a.jpg")
    }

    async fn assets(&self) -> Vec<Asset> {
        let request = ListAssetsRequest::default();
        self.ann.assets().list_assets(request).await.unwrap().into_inner().assets
    }

    async fn asset(&self) -> Asset {
        let assets = self.assets().await;
        assert_eq!(assets.len(), 1);
        assets.into_iter().next().unwrap()
    }

    /// The whole file; none if it does not come whole.
    async fn read(&self, who: &Person, asset: &Asset) -> Option<Vec<u8>> {
        let path = format!("/api/assets/{}/original", asset.id);
        let (status, _, body) = who.http(Request::get(path)).await;
        body.ok().filter(|_| status == 200)
    }

    /// How a download ends that does not end well.
    async fn cut(&self, asset: &Asset) -> Status {
        let asset_id = asset.id.clone();
        let request = DownloadAssetRequest { asset_id, ..Default::default() };
        let mut stream = self.ann.assets().download_asset(request).await.unwrap().into_inner();
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the file was sent whole"),
                Err(status) => return status,
            }
        }
    }

    async fn used_bytes(&self) -> i64 {
        self.ann.users().get_me(GetMeRequest {}).await.unwrap().into_inner().used_bytes
    }

    /// An album with the photo, and a guest of it.
    async fn shared(&self, link: SharedLink) -> (Album, Person) {
        let album = self.ann.album("Shelf", &[self.asset().await]).await;
        let link = self.ann.link(&album, link).await;
        (album, self.server.guest(&link, "").await)
    }
}

fn upload(bytes: &[u8]) -> CreateUploadRequest {
    let upload = Upload {
        file_name: "b.jpg".to_owned(),
        size_bytes: bytes.len().try_into().unwrap(),
        sha256: Sha256::digest(bytes).to_vec().into(),
        ..Upload::default()
    };
    CreateUploadRequest { upload: Some(upload), request_id: String::new() }
}

#[tokio::test]
async fn they_are_read_where_they_are() {
    shelf(|shelf| async move {
        let asset = shelf.asset().await;
        assert_eq!((asset.file_name.as_str(), asset.offline_time), ("a.jpg", None));
        assert!(shelf.read(&shelf.ann, &asset).await.unwrap() == fixtures::photo(1));
        assert_eq!(shelf.used_bytes().await, 0, "what is not stored counts towards no quota");
        assert_eq!(fs::read(shelf.photo()).unwrap(), fixtures::photo(1));
    })
    .await;
}

#[tokio::test]
async fn any_copy_will_do_and_none_is_no_damage() {
    shelf(|shelf| async move {
        let copy = shelf.root.join("b.jpg");
        write(&copy, &fixtures::photo(1));
        shelf.scan().await;
        let asset = shelf.asset().await;
        let aside = shelf.root.with_extension("aside");
        fs::rename(shelf.photo(), &aside).unwrap();
        assert!(shelf.read(&shelf.ann, &asset).await.is_some(), "the copy is there");
        fs::remove_file(copy).unwrap();
        let status = shelf.cut(&asset).await;
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "ASSET_OFFLINE");
        fs::rename(&aside, shelf.photo()).unwrap();
        assert!(shelf.read(&shelf.ann, &asset).await.is_some(), "nothing was marked as damaged");
    })
    .await;
}

#[tokio::test]
async fn what_somebody_puts_in_their_place_is_not_given_out() {
    shelf(|shelf| async move {
        let asset = shelf.asset().await;
        let secret = tempfile::NamedTempFile::new().unwrap();
        fs::write(secret.path(), fixtures::photo(2)).unwrap();
        fs::remove_file(shelf.photo()).unwrap();
        symlink(secret.path(), shelf.photo()).unwrap();
        assert!(shelf.read(&shelf.ann, &asset).await.is_none());
        fs::remove_file(shelf.photo()).unwrap();
        fs::remove_dir(shelf.root.join("2026")).unwrap();
        symlink(secret.path().parent().unwrap(), shelf.root.join("2026")).unwrap();
        assert!(shelf.read(&shelf.ann, &asset).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn archives_hold_them_and_leave_out_what_is_missing() {
    shelf(|shelf| async move {
        let stored = shelf.ann.photos(2..3).await;
        let mut assets = shelf.assets().await;
        assets.retain(|asset| asset.id != stored[0].id);
        let album = shelf.ann.album("Both", &[assets[0].clone(), stored[0].clone()]).await;
        let export = shelf.ann.export(&album).await.unwrap();
        let (status, _, archive) = shelf.ann.get(&export.parts[0].http_path, &[]).await;
        assert_eq!(status, 200);
        let photo = fixtures::photo(1);
        assert!(archive.windows(photo.len()).any(|window| window == photo), "stored as it is");

        fs::remove_file(shelf.photo()).unwrap();
        write(&shelf.root.join("other.jpg"), &fixtures::photo(3));
        shelf.scan().await;
        let export = shelf.ann.export(&album).await.unwrap();
        assert_eq!(export.parts[0].entry_count, 1);
        assert_eq!(export.skipped_assets.len(), 1);
        assert_eq!(export.skipped_assets[0].asset_id, assets[0].id);
    })
    .await;
}

#[tokio::test]
async fn guests_do_not_see_what_is_missing_and_members_do() {
    shelf(|shelf| async move {
        write(&shelf.root.join("other.jpg"), &fixtures::photo(3));
        let (album, guest) = shelf.shared(SharedLink::default()).await;
        let asset = shelf.asset().await;
        assert_eq!(guest.album_names(&album).await, ["a.jpg"]);
        fs::remove_file(shelf.photo()).unwrap();
        let scan = shelf.scan().await;
        assert_eq!(scan.counts.unwrap().missing, 1);
        assert!(guest.album_names(&album).await.is_empty());
        expect_code(guest.asset(&asset).await, Code::NotFound);
        assert_eq!(shelf.ann.album_names(&album).await, ["a.jpg"]);
        assert!(shelf.ann.asset(&asset).await.unwrap().get_ref().offline_time.is_some());
        write(&shelf.photo(), &fixtures::photo(1));
        shelf.scan().await;
        assert_eq!(guest.album_names(&album).await, ["a.jpg"]);
        assert!(shelf.ann.asset(&asset).await.unwrap().get_ref().offline_time.is_none());
    })
    .await;
}

#[tokio::test]
async fn links_that_hide_metadata_give_them_out_without() {
    shelf(|shelf| async move {
        fs::remove_file(shelf.photo()).unwrap();
        write(&shelf.photo(), &fixtures::read("photos/IMG_2041.jpg"));
        shelf.scan().await;
        let hiding =
            SharedLink { metadata: SharedLinkMetadata::Hidden.into(), ..SharedLink::default() };
        let (_, guest) = shelf.shared(hiding).await;
        shelf.server.run_jobs().await;
        let bytes = shelf.read(&guest, &shelf.asset().await).await.unwrap();
        let whole = fs::read(shelf.photo()).unwrap();
        assert!(bytes.len() < whole.len());
        assert!(bytes.ends_with(&whole[whole.len() - 1000..]), "the picture itself is the same");
    })
    .await;
}

#[tokio::test]
async fn an_upload_of_the_same_bytes_is_stored_for_the_asset_that_is_there() {
    shelf(|shelf| async move {
        let (asset, bytes) = (shelf.asset().await, fixtures::photo(1));
        let check = CheckAssetsRequest { sha256: vec![asset.sha256.clone()] };
        let known = shelf.ann.assets().check_assets(check.clone()).await.unwrap().into_inner();
        assert!(known.known_assets.is_empty(), "whoever hears of it may delete their copy");
        let begun = shelf.ann.uploads().create_upload(upload(&bytes)).await.unwrap().into_inner();
        assert_eq!(begun.state(), UploadState::Active);
        shelf.ann.stream(&begun.id, 0, &bytes).await.unwrap();
        let request = FinishUploadRequest { upload_id: begun.id };
        let finished = shelf.ann.uploads().finish_upload(request).await.unwrap().into_inner();
        assert!(finished.duplicate);
        assert_eq!(finished.asset.unwrap().id, asset.id);
        assert_eq!(shelf.used_bytes().await, 4096);

        fs::remove_file(shelf.photo()).unwrap();
        write(&shelf.root.join("other.jpg"), &fixtures::photo(3));
        shelf.scan().await;
        let asset = shelf.ann.asset(&asset).await.unwrap().into_inner();
        assert_eq!(asset.offline_time, None);
        assert!(shelf.read(&shelf.ann, &asset).await.unwrap() == bytes);
        let known = shelf.ann.assets().check_assets(check).await.unwrap().into_inner();
        assert_eq!(known.known_assets.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_for_good_stays_on_the_disk_and_out() {
    shelf(|shelf| async move {
        let asset = shelf.asset().await;
        shelf.ann.trash(std::slice::from_ref(&asset)).await.unwrap();
        let request = DeleteAssetsRequest { asset_ids: ids(std::slice::from_ref(&asset)) };
        shelf.ann.assets().delete_assets(request).await.unwrap();
        shelf.server.run_jobs().await;
        assert_eq!(shelf.used_bytes().await, 0);
        assert!(shelf.photo().exists());
        write(&shelf.root.join("copy.jpg"), &fixtures::photo(1));
        shelf.scan().await;
        assert!(shelf.assets().await.is_empty(), "nor a copy of it");
        shelf.scan_with(true).await;
        assert_eq!(shelf.asset().await.sha256, asset.sha256);
    })
    .await;
}

#[tokio::test]
async fn bytes_that_changed_unseen_are_damage_until_they_are_read_again() {
    shelf(|shelf| async move {
        let asset = shelf.asset().await;
        let time = fs::metadata(shelf.photo()).unwrap().modified().unwrap();
        let file = fs::File::options().write(true).open(shelf.photo()).unwrap();
        std::os::unix::fs::FileExt::write_at(&file, &fixtures::photo(9)[100..], 100).unwrap();
        file.set_modified(time).unwrap();
        assert_eq!(reason(&shelf.cut(&asset).await), "DATA_DAMAGED");
        let scan = shelf.scan().await;
        assert_eq!(scan.counts.unwrap().changed, 1);
        let changed = shelf.asset().await;
        assert_eq!(changed.id, asset.id);
        let bytes = shelf.read(&shelf.ann, &changed).await.unwrap();
        assert!(bytes == fs::read(shelf.photo()).unwrap());
        expect_code(shelf.admin.asset(&asset).await, Code::NotFound);
    })
    .await;
}
