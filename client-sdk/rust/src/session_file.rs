//! A session kept in a file that several programs share.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use albumen::v1::SessionTokens;
use prost_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::download::blocking;
use crate::{Error, Result};

/// A session as it is kept. It never prints its tokens.
#[derive(Clone, PartialEq)]
pub struct SavedSession {
    /// The address of the server: tokens are shown to no other.
    pub url: String,
    /// The tokens.
    pub tokens: SessionTokens,
}

impl fmt::Debug for SavedSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SavedSession").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A file that holds one session, for
/// [`Client::with_saved_session`](crate::Client::with_saved_session). Only its user may read it. It
/// is replaced as a whole, under the lock of a second file, `NAME.lock`.
#[derive(Debug, Clone)]
pub struct SessionFile {
    path: PathBuf,
}

impl SessionFile {
    /// The file at `path`, which need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The session; `None` if there is no file. Fails with [`Error::File`] if it cannot be read.
    pub fn load(&self) -> Result<Option<SavedSession>> {
        // It is replaced as a whole, so reading needs no lock.
        let text = match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(Error::file(&self.path))?,
        };
        let form: Form = serde_json::from_slice(&text)
            .map_err(|error| Error::file(&self.path)(io::Error::other(error)))?;
        Ok(Some(form.session()))
    }

    /// Keeps a session in place of what is there. Makes folders that are missing, for their user
    /// alone.
    pub async fn save(&self, session: &SavedSession) -> Result<()> {
        self.lock().await?.save(session)
    }

    /// Forgets the session. Does nothing if there is none.
    pub async fn remove(&self) -> Result<()> {
        let _locked = self.lock().await?;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(Error::file(&self.path)),
        }
    }

    /// Waits until no other program is changing the session.
    pub(crate) async fn lock(&self) -> Result<Locked<'_>> {
        let path = beside(&self.path, ".lock");
        let open = path.clone();
        let locked = blocking(move || {
            if let Some(folder) = open.parent() {
                make_folder(folder)?;
            }
            let file = private().write(true).create(true).truncate(false).open(open)?;
            file.lock()?;
            Ok(file)
        });
        Ok(Locked { file: self, _lock: locked.await.map_err(Error::file(&path))? })
    }
}

/// The file while no other program changes it. The lock goes with the process at the latest.
pub(crate) struct Locked<'a> {
    file: &'a SessionFile,
    _lock: File,
}

impl Locked<'_> {
    pub(crate) fn load(&self) -> Result<Option<SavedSession>> {
        self.file.load()
    }

    /// Writes beside the file and renames: after a crash there is the old session or the new one.
    pub(crate) fn save(&self, session: &SavedSession) -> Result<()> {
        let path = &self.file.path;
        let new = beside(path, ".new");
        let write = || {
            // A leftover may have other rights.
            match fs::remove_file(&new) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = private().write(true).create_new(true).open(&new)?;
            file.write_all(&serde_json::to_vec_pretty(&Form::of(session))?)?;
            file.sync_all()?;
            fs::rename(&new, path)
        };
        write().map_err(Error::file(path))
    }
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form {
    url: String,
    access_token: String,
    access_expire_time: Option<String>,
    refresh_token: String,
    refresh_expire_time: Option<String>,
}

impl Form {
    fn of(session: &SavedSession) -> Self {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Self {
            url: session.url.clone(),
            access_token: session.tokens.access_token.clone(),
            access_expire_time: time(session.tokens.access_expire_time),
            refresh_token: session.tokens.refresh_token.clone(),
            refresh_expire_time: time(session.tokens.refresh_expire_time),
        }
    }

    /// A time that cannot be read is taken as unknown: the server knows it.
    fn session(self) -> SavedSession {
        let time = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let tokens = SessionTokens {
            access_token: self.access_token,
            access_expire_time: time(self.access_expire_time),
            refresh_token: self.refresh_token,
            refresh_expire_time: time(self.refresh_expire_time),
        };
        SavedSession { url: self.url, tokens }
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

/// Opens files that only their user may read.
fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes"))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SavedSession {
        let time = |seconds| Some(Timestamp { seconds, nanos: 5000 });
        let tokens = SessionTokens {
            access_token: "access".to_owned(),
            access_expire_time: time(1_800_000_000),
            refresh_token: "refresh".to_owned(),
            refresh_expire_time: time(1_900_000_000),
        };
        SavedSession { url: "http://127.0.0.1:8420".to_owned(), tokens }
    }

    #[tokio::test]
    async fn what_is_saved_is_loaded_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = SessionFile::new(folder.path().join("new/session.json"));
        assert_eq!(file.load().unwrap(), None);
        file.save(&session()).await.unwrap();
        assert_eq!(file.load().unwrap(), Some(session()));
        file.remove().await.unwrap();
        file.remove().await.unwrap();
        assert_eq!(file.load().unwrap(), None);
    }

    #[tokio::test]
    async fn damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = SessionFile::new(folder.path().join("session.json"));
        fs::write(file.path(), "{").unwrap();
        let complaint = file.load().unwrap_err().to_string();
        assert!(complaint.contains("session.json"), "{complaint}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_its_user_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = SessionFile::new(folder.path().join("albumen/session.json"));
        fs::create_dir(folder.path().join("albumen")).unwrap();
        fs::write(beside(file.path(), ".new"), "a leftover").unwrap();
        file.save(&session()).await.unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file.path()), 0o600);
        assert_eq!(mode(&beside(file.path(), ".lock")), 0o600);
    }

    #[test]
    fn tokens_are_not_printed() {
        let printed = format!("{:?}", session());
        assert!(printed.contains("8420") && !printed.contains("refresh\""), "{printed}");
    }
}
