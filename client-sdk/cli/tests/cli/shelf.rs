//! A folder of the server with photos, and a library on it.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use albumen_server::config::Config;
use tempfile::TempDir;

use crate::home::Home;
use crate::photos::photo;
use crate::site::Site;

/// A server that may read a folder.
pub(crate) struct Shelf {
    pub(crate) site: Site,
    folder: TempDir,
}

impl Shelf {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(root.join("photos")).unwrap();
        let site = Site::start_with(|config| {
            config.library_roots = vec![root];
            config.shutdown_grace = Duration::ZERO;
        });
        let site = site.await;
        Self { site, folder }
    }

    /// A path below the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    /// The same as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a photo, another one for each number, that is long past.
    pub(crate) fn photo(&self, name: &str, number: u64) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, photo(number, 2000)).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// The server stopped in the middle of whatever it does, and started again with so many workers.
    pub(crate) async fn restart(self, job_workers: u32) -> Self {
        let change = |config: &mut Config| config.job_workers = job_workers;
        Self { site: self.site.restart_with(change).await, ..self }
    }

    /// Makes the library of a user and scans it.
    pub(crate) fn library(&self, admin: &Home) {
        let photos = self.text("photos");
        admin.run(&["libraries", "create", "Photos", "--path", &photos]).ok();
        self.scan(admin);
    }

    pub(crate) fn scan(&self, home: &Home) {
        home.run(&["libraries", "scan", "Photos"]).ok();
    }
}
