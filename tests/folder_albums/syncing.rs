//! Real folders: what scans find, and what is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use albumen::v1::folder_album_options::Sync;
use albumen::v1::folder_rule_run::State;
use albumen::v1::{
    CreateLibraryRequest, FolderAlbumOptions, FolderRuleRun, Library, ListAssetsRequest,
    ScanLibraryRequest,
};
use futures::TryStreamExt as _;

use crate::support::folders::last;
use crate::support::{Person, TestServer, fixtures, test_with};

struct Disk {
    server: Arc<TestServer>,
    ann: Person,
    root: PathBuf,
    libraries: Vec<Library>,
}

/// Runs a test with a library of Ann's in each of some folders.
async fn test<F: Future<Output = ()>>(folders: &[&str], body: impl FnOnce(Disk) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    let roots = vec![root.clone()];
    let run = test_with(
        |config| config.library_roots = roots,
        |server| async move {
            let (admin, ann) = (server.admin().await, server.user("ann").await);
            let mut libraries = Vec::new();
            for name in folders {
                fs::create_dir(root.join(name)).unwrap();
                let library = Library {
                    owner_id: ann.user.id.clone(),
                    display_name: (*name).to_owned(),
                    import_paths: vec![root.join(name).to_str().unwrap().to_owned()],
                    ..Library::default()
                };
                let request = CreateLibraryRequest { library: Some(library), ..Default::default() };
                let library = admin.libraries().create_library(request).await.unwrap();
                libraries.push(library.into_inner());
            }
            body(Disk { server, ann, root, libraries }).await;
        },
    );
    Box::pin(run).await;
}

impl Disk {
    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a photo, long ago.
    fn photo(&self, path: &str, number: u32) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, fixtures::photo(number)).unwrap();
        self.age(&path);
    }

    fn age(&self, path: &Path) {
        let now = Duration::from_micros(self.server.now_us().try_into().unwrap());
        let time = SystemTime::UNIX_EPOCH + now - Duration::from_secs(3600);
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    }

    async fn scan(&self) {
        for library in &self.libraries {
            let request =
                ScanLibraryRequest { library_id: library.id.clone(), ..Default::default() };
            let scan = self.ann.libraries().scan_library(request).await.unwrap();
            self.server.run_jobs().await;
            let scans: Vec<_> = scan.into_inner().try_collect().await.unwrap();
            assert!(!scans.is_empty());
        }
    }

    fn options(&self) -> FolderAlbumOptions {
        let roots = self.libraries.iter().flat_map(|library| library.import_paths.clone());
        FolderAlbumOptions { root_path: roots.collect(), ..Default::default() }
    }

    async fn apply(&self, options: FolderAlbumOptions) -> FolderRuleRun {
        self.server.sleep(Duration::from_secs(1));
        let run = self.ann.apply("", Some(options), "").await.unwrap();
        self.server.run_jobs().await;
        last(run).await.unwrap()
    }
}

#[tokio::test]
async fn a_folder_that_is_renamed_on_disk_keeps_its_album() {
    test(&["photos"], |disk| async move {
        disk.photo("photos/old/1.jpg", 1);
        disk.photo("photos/old/2.jpg", 2);
        disk.photo("photos/other/3.jpg", 3);
        disk.scan().await;
        assert_eq!(disk.apply(disk.options()).await.counts.unwrap().created_albums, 2);
        let before = disk.ann.album_named("old").await;
        fs::rename(disk.path("photos/old"), disk.path("photos/new")).unwrap();
        disk.scan().await;
        let counts = disk.apply(disk.options()).await.counts.unwrap();
        assert_eq!((counts.created_albums, counts.renamed_albums, counts.moved_assets), (0, 1, 0));
        let after = disk.ann.album_named("new").await;
        assert_eq!((after.id, after.asset_count), (before.id, 2));
    })
    .await;
}

#[tokio::test]
async fn missing_assets_are_removed_and_then_empty_albums_go() {
    test(&["photos"], |disk| async move {
        disk.photo("photos/a/1.jpg", 1);
        disk.photo("photos/b/2.jpg", 2);
        disk.scan().await;
        disk.apply(disk.options()).await;
        fs::remove_file(disk.path("photos/a/1.jpg")).unwrap();
        disk.scan().await;
        assert_eq!(disk.ann.shelf().await["a"].len(), 1, "what is missing stays in albums");
        let sync = FolderAlbumOptions {
            root_path: vec!["/dummy".to_owned()],
            sync: Sync::OfflineAssets.into(),
            ..disk.options()
        };
        let run = disk.apply(sync).await;
        let counts = run.counts.unwrap();
        assert_eq!((counts.removed_assets, counts.deleted_albums), (1, 1));
        assert_eq!(run.problems, []);
        let albums = disk.ann.shelf().await;
        assert_eq!(albums.into_keys().collect::<Vec<_>>(), ["b"]);
        let request = ListAssetsRequest { only_deleted: true, ..Default::default() };
        let trash = disk.ann.assets().list_assets(request).await.unwrap().into_inner().assets;
        assert_eq!(trash.len(), 1, "nothing is deleted for good");
    })
    .await;
}

#[tokio::test]
async fn a_library_that_cannot_be_reached_is_left_alone_and_reported() {
    test(&["here", "away"], |disk| async move {
        disk.photo("here/a/1.jpg", 1);
        disk.photo("here/a/2.jpg", 2);
        disk.photo("away/b/3.jpg", 3);
        disk.photo("away/b/4.jpg", 4);
        disk.scan().await;
        disk.apply(disk.options()).await;
        fs::remove_file(disk.path("here/a/1.jpg")).unwrap();
        fs::remove_file(disk.path("away/b/3.jpg")).unwrap();
        disk.scan().await;
        fs::rename(disk.path("away"), disk.path("gone")).unwrap();
        let sync = FolderAlbumOptions { sync: Sync::OfflineAssets.into(), ..disk.options() };
        let run = disk.apply(sync).await;
        assert_eq!(run.state(), State::Succeeded);
        assert_eq!(run.counts.unwrap().removed_assets, 1);
        assert_eq!(run.problems.len(), 1);
        assert_eq!(run.problems[0].subject, disk.path("away").to_str().unwrap());
        let albums = disk.ann.shelf().await;
        assert_eq!((albums["a"].len(), albums["b"].len()), (1, 2));
    })
    .await;
}
