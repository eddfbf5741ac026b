//! Notes about uploads under way, so that a later run can go on with them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::failure::Result;
use crate::folders;

/// The server forgets uploads after a day.
const MAX_AGE: Duration = Duration::from_secs(2 * 24 * 60 * 60);

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
    pub(super) fn open(url: &str) -> Result<Self> {
        let folder = folders::state()?.join("uploads");
        fs::create_dir_all(&folder)?;
        let journal = Self { folder, url: url.to_owned() };
        // What cannot be dropped is no worse than what is forgotten.
        drop(journal.drop_old());
        Ok(journal)
    }

    /// The id of the upload that has begun; a new one, which is noted first, if there is none.
    pub(super) fn id(&self, key: Key<'_>) -> io::Result<String> {
        let path = self.path(key);
        if let Ok(text) = fs::read_to_string(&path)
            && let Ok(id) = Uuid::try_parse(text.trim())
        {
            return Ok(id.to_string());
        }
        let id = Uuid::now_v7().to_string();
        fs::write(path, &id)?;
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

    fn drop_old(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let age = SystemTime::now().duration_since(entry.metadata()?.modified()?);
            if age.is_ok_and(|age| age > MAX_AGE) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
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
