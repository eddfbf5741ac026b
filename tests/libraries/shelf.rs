//! A library on real folders.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use albumen::v1::*;
use albumen_server::config::Config;

use crate::support::{Person, TestServer, fixtures, test_with};

/// A server that may read a folder, with a library of Ann's on `photos` in it.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) server: Arc<TestServer>,
    pub(super) admin: Person,
    pub(super) ann: Person,
    pub(super) library: Library,
    pub(super) root: PathBuf,
}

/// Runs a test with an empty library.
pub(super) async fn test<F: Future<Output = ()>>(body: impl FnOnce(Shelf) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    fs::create_dir(root.join("photos")).unwrap();
    let roots = vec![root.clone()];
    let change = |config: &mut Config| config.library_roots = roots;
    Box::pin(test_with(change, |server| async move {
        body(Shelf::new(server, root).await).await;
    }))
    .await;
}

impl Shelf {
    async fn new(server: Arc<TestServer>, root: PathBuf) -> Self {
        let admin = server.admin().await;
        let ann = server.user("ann").await;
        let library = Library::default();
        let mut shelf = Self { server, admin, ann, library, root };
        shelf.library = shelf.create("Archive", &["photos"]).await;
        shelf
    }

    /// The same after access tokens have ended.
    pub(super) async fn signed_in_again(self) -> Self {
        Self { ann: self.server.login("ann@example.org").await, ..self }
    }

    /// Another library of Ann's.
    pub(super) async fn create(&self, name: &str, folders: &[&str]) -> Library {
        let library = Library {
            owner_id: self.ann.user.id.clone(),
            display_name: name.to_owned(),
            import_paths: folders.iter().map(|folder| self.text(folder)).collect(),
            ..Library::default()
        };
        let request = CreateLibraryRequest { library: Some(library), ..Default::default() };
        self.admin.libraries().create_library(request).await.unwrap().into_inner()
    }

    /// A path below the root.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The same as text.
    pub(super) fn text(&self, path: &str) -> String {
        self.path(path).to_str().unwrap().to_owned()
    }

    /// Writes a file, and the folders that it needs.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes a small photo, another one for each number.
    pub(super) fn photo(&self, path: &str, number: u32) {
        self.write(path, &fixtures::photo(number));
    }

    /// Writes a live photo, another one for each number.
    pub(super) fn pair(&self, path: &str, number: u32) {
        self.photo(&format!("{path}.jpg"), number);
        self.write(&format!("{path}.MOV"), &fixtures::motion(number));
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        let to = self.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.path(from), to).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// Sets the time of a file's last change to so long before the server's now.
    pub(super) fn age(&self, path: &str, age: Duration) {
        let now = Duration::from_micros(self.server.now_us().try_into().unwrap());
        let time = SystemTime::UNIX_EPOCH + now - age;
        fs::File::open(self.path(path)).unwrap().set_modified(time).unwrap();
    }

    /// Scans the library to the end.
    pub(super) async fn scan(&self) -> LibraryScan {
        self.scan_of(&self.library, false).await
    }

    /// The same; files come back whose assets were deleted.
    pub(super) async fn restore(&self) -> LibraryScan {
        self.scan_of(&self.library, true).await
    }

    pub(super) async fn scan_of(&self, library: &Library, restore_excluded: bool) -> LibraryScan {
        let request = ScanLibraryRequest { library_id: library.id.clone(), restore_excluded };
        let answer = self.ann.libraries().scan_library(request).await.unwrap();
        self.server.run_jobs().await;
        last(answer.into_inner()).await
    }

    /// The counts of a scan that went well.
    pub(super) async fn counts(&self) -> LibraryScanCounts {
        let scan = self.scan().await;
        assert_eq!(scan.state(), library_scan::State::Succeeded, "{scan:?}");
        assert_eq!(scan.problems, [], "{scan:?}");
        sum(scan.counts.unwrap())
    }

    /// The same a minute later.
    pub(super) async fn later(&self) -> LibraryScanCounts {
        self.server.sleep(Duration::from_secs(60));
        self.counts().await
    }

    /// Ann's assets by their file names.
    pub(super) async fn assets(&self) -> Vec<Asset> {
        let request = ListAssetsRequest { page_size: 1000, ..Default::default() };
        let mut assets = self.ann.assets().list_assets(request).await.unwrap().into_inner().assets;
        assets.sort_by_key(|asset| asset.file_name.clone());
        assets
    }

    /// What Ann has in the trash.
    pub(super) async fn trash(&self) -> Vec<Asset> {
        let request = ListAssetsRequest { only_deleted: true, ..Default::default() };
        self.ann.assets().list_assets(request).await.unwrap().into_inner().assets
    }

    /// The one asset with a file name.
    pub(super) async fn asset(&self, name: &str) -> Asset {
        let mut assets = self.assets().await;
        assets.retain(|asset| asset.file_name == name);
        assert_eq!(assets.len(), 1, "{name}");
        assets.remove(0)
    }

    /// The motion part of an asset, as its owner downloads it.
    pub(super) async fn motion(&self, asset: &Asset) -> Result<Vec<u8>, tonic::Status> {
        let request = DownloadAssetRequest {
            asset_id: asset.id.clone(),
            rendition: Rendition::Motion.into(),
            ..Default::default()
        };
        let mut stream = self.ann.assets().download_asset(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(message) = stream.message().await? {
            if let Some(download_asset_response::Part::Chunk(chunk)) = message.part {
                bytes.extend(chunk);
            }
        }
        Ok(bytes)
    }

    /// The one asset that there is.
    pub(super) async fn only(&self) -> Asset {
        let mut assets = self.assets().await;
        assert_eq!(assets.len(), 1, "{assets:?}");
        assets.remove(0)
    }

    /// The names of the files of all assets.
    pub(super) async fn names(&self) -> Vec<String> {
        self.assets().await.into_iter().map(|asset| asset.file_name).collect()
    }

    pub(super) async fn get(&self) -> Library {
        let request = GetLibraryRequest { library_id: self.library.id.clone() };
        self.ann.libraries().get_library(request).await.unwrap().into_inner()
    }

    /// Changes what is set in `library`.
    pub(super) async fn update(&self, library: Library) -> Library {
        let library = Library { id: self.library.id.clone(), ..library };
        let request = UpdateLibraryRequest { library: Some(library), update_mask: None };
        self.admin.libraries().update_library(request).await.unwrap().into_inner()
    }

    pub(super) async fn remove_offline(&self) -> RemoveOfflineAssetsResponse {
        let request = RemoveOfflineAssetsRequest { library_id: self.library.id.clone() };
        self.ann.libraries().remove_offline_assets(request).await.unwrap().into_inner()
    }
}

/// How a scan that is followed has ended.
pub(super) async fn last(mut stream: tonic::Streaming<ScanLibraryResponse>) -> LibraryScan {
    let mut last = None;
    while let Some(message) = stream.message().await.unwrap() {
        last = message.scan;
    }
    let scan = last.unwrap();
    assert!(scan.finish_time.is_some(), "{scan:?}");
    scan
}

/// Checks that every file that was found is counted once.
fn sum(counts: LibraryScanCounts) -> LibraryScanCounts {
    let LibraryScanCounts {
        found,
        unchanged,
        added,
        copied,
        moved,
        changed,
        returned,
        refused,
        excluded,
        unsettled,
        unreadable,
        ..
    } = counts;
    let parts = [
        unchanged, added, copied, moved, changed, returned, refused, excluded, unsettled,
        unreadable,
    ];
    assert_eq!(found, parts.iter().sum::<i64>(), "{counts:?}");
    counts
}
