//! Notes about uploads under way, so that a later run can go on with them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use albumen_client::v1::{GetUploadRequest, UploadState};
use albumen_client::{Client, Error};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::failure::Result;
use crate::folders;

/// A younger note may be of a command that has not told the server yet.
const MIN_AGE: Duration = Duration::from_secs(60 * 60);
/// No server waits longer for the bytes of an upload.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A folder with a file for each upload that has begun and not ended. Each file is written and
/// removed as a whole, so that any number of commands can share the folder.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    url: String,
}

/// What distinguishes an upload from others to the same server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) sha256: &'a [u8],
    pub(super) album_id: &'a str,
    pub(super) motion_of: &'a str,
}

impl Journal {
    /// Opens the notes about uploads to a server, and drops those that are of no use any more.
    pub(super) async fn open(client: &Client, url: &str) -> Result<Self> {
        let folder = folders::state()?.join("uploads");
        fs::create_dir_all(&folder)?;
        let journal = Self { folder, url: url.to_owned() };
        for path in fs::read_dir(&journal.folder)?.flatten().map(|entry| entry.path()) {
            if journal.is_useless(client, &path).await {
                // What cannot be dropped does no harm.
                drop(fs::remove_file(path));
            }
        }
        Ok(journal)
    }

    /// The id of the upload that has begun; a new one, which is noted first, if there is none.
    pub(super) fn id(&self, key: Key<'_>) -> io::Result<String> {
        let path = self.path(key);
        if let Some((id, _)) = read(&path) {
            return Ok(id);
        }
        let id = Uuid::now_v7().to_string();
        fs::write(path, format!("{id}\n{}\n", self.url))?;
        Ok(id)
    }

    /// Forgets an upload that has ended.
    pub(super) fn forget(&self, key: Key<'_>) {
        // If it stays, the next upload of these bytes finds that its id is taken, and forgets it.
        drop(fs::remove_file(self.path(key)));
    }

    fn path(&self, key: Key<'_>) -> PathBuf {
        let mut digest = Sha256::new();
        for part in [self.url.as_bytes(), key.sha256, key.album_id.as_bytes()] {
            digest.update(part);
            digest.update([0]);
        }
        digest.update(key.motion_of);
        let digest = digest.finalize();
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name)
    }

    /// Whether an upload cannot go on: nobody waits for it any more.
    async fn is_useless(&self, client: &Client, path: &Path) -> bool {
        let modified = path.metadata().and_then(|metadata| metadata.modified());
        let age = modified.map(|modified| SystemTime::now().duration_since(modified));
        let Ok(Ok(age)) = age else { return false };
        match read(path) {
            Some((id, url)) if url == self.url && (MIN_AGE..MAX_AGE).contains(&age) => {
                is_over(client, id).await
            }
            _ => age > MAX_AGE,
        }
    }
}

/// The id of an upload and the server that a note is about.
fn read(path: &Path) -> Option<(String, String)> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let id = Uuid::try_parse(lines.next()?).ok()?;
    Some((id.to_string(), lines.next().unwrap_or_default().to_owned()))
}

/// Whether the server takes no more bytes of an upload.
async fn is_over(client: &Client, upload_id: String) -> bool {
    match client.uploads().get_upload(GetUploadRequest { upload_id }).await {
        Ok(upload) => upload.into_inner().state() != UploadState::Active,
        Err(status) => Error::from(status).reason() == Some("RESOURCE_NOT_FOUND"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upload_keeps_its_id_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let journal = |url: &str| Journal { folder: folder.path().to_owned(), url: url.to_owned() };
        let (here, there) = (journal("http://a"), journal("http://b"));
        let key = Key { sha256: &[1; 32], album_id: "", motion_of: "" };
        let id = here.id(key).unwrap();
        assert_eq!(here.id(key).unwrap(), id);
        assert_ne!(there.id(key).unwrap(), id);
        assert_ne!(here.id(Key { album_id: "x", ..key }).unwrap(), id);
        assert_ne!(here.id(Key { motion_of: "x", ..key }).unwrap(), id);
        here.forget(key);
        assert_ne!(here.id(key).unwrap(), id);
    }
}
