//! Blobs as files in a folder.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{BlobKey, Stored};
use crate::config::make_folder;
use crate::time::Micros;

/// The extension of a file that is not whole yet; blobs have none.
const ASIDE: &str = "new";

#[derive(Debug)]
pub(super) struct Local {
    root: PathBuf,
}

impl Local {
    pub(super) fn open(root: PathBuf) -> io::Result<Self> {
        let shown =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", root.display()));
        make_folder(&root).map_err(shown)?;
        Ok(Self { root })
    }

    /// Fails if the folder is gone, as when its disk is not mounted.
    pub(super) fn ping(&self) -> io::Result<()> {
        fs::read_dir(&self.root).map(drop)
    }

    /// Durable before visible: the bytes are synced, then named, then the folder is synced.
    pub(super) fn put(&self, key: BlobKey, file: &Path) -> io::Result<()> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        if !folder.exists() {
            fs::create_dir_all(folder)?;
            sync(folder.parent().unwrap_or(&self.root))?;
            sync(&self.root)?;
        }
        File::open(file)?.sync_all()?;
        match fs::hard_link(file, &path) {
            Ok(()) => {}
            // An earlier call came this far.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Some file systems have no links.
            Err(_) => copy(file, &path)?,
        }
        sync(folder)
    }

    pub(super) fn size(&self, key: BlobKey) -> io::Result<Option<u64>> {
        match fs::metadata(self.path(key)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Appends a range to the buffer, which has room for it: reading into spare room spares
    /// filling it with zeros first.
    pub(super) fn read(
        &self,
        key: BlobKey,
        range: &Range<u64>,
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        let mut file = File::open(self.path(key))?;
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start))?;
        }
        let length = range.end - range.start;
        let read = file.take(length).read_to_end(buffer)?;
        if read as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    pub(super) fn delete(&self, key: BlobKey) -> io::Result<()> {
        let path = self.path(key);
        remove(&path.with_extension(ASIDE))?;
        remove(&path)
    }

    /// What a copy that was cut off has left counts as the blob that it was to become.
    pub(super) fn list(&self) -> io::Result<Vec<Stored>> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else if let Some(key) = self.key(&entry.path()) {
                    found.extend(stored(key, entry.metadata())?);
                }
            }
        }
        Ok(found)
    }

    fn key(&self, path: &Path) -> Option<BlobKey> {
        let is_aside = path.extension().is_some_and(|extension| extension == ASIDE);
        let path = if is_aside { path.with_extension("") } else { path.to_owned() };
        BlobKey::parse(path.strip_prefix(&self.root).ok()?.to_str()?)
    }

    fn path(&self, key: BlobKey) -> PathBuf {
        self.root.join(key.path())
    }
}

/// A listed file; none if it was removed since. The time is that of its name. Not of its bytes: an
/// upload writes long before the file is linked into place, which changes only the inode.
fn stored(key: BlobKey, metadata: io::Result<fs::Metadata>) -> io::Result<Option<Stored>> {
    match metadata {
        Ok(metadata) => {
            let micros = metadata.ctime() * 1_000_000 + metadata.ctime_nsec() / 1000;
            Ok(Some(Stored { key, modify_time: Micros(micros) }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Copies aside first, so that the name never stands for half a file.
fn copy(file: &Path, path: &Path) -> io::Result<()> {
    let aside = path.with_extension(ASIDE);
    let copied = fs::copy(file, &aside)
        .and_then(|_| File::open(&aside)?.sync_all())
        .and_then(|()| fs::rename(&aside, path));
    if copied.is_err() {
        // Half a file may have filled the disk.
        remove(&aside)?;
    }
    copied
}

/// Removes a file; succeeds if there is none.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes names in a folder survive a power cut.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::id::BlobId;

    #[test]
    fn a_copy_that_fails_or_is_cut_off_leaves_nothing_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let store = Local::open(folder.path().to_owned()).unwrap();
        let (key, file) = (BlobKey::Original(BlobId::generate()), folder.path().join("file"));
        let path = store.path(key);
        let aside = path.with_extension(ASIDE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&file, [1; 5000]).unwrap();

        symlink("/dev/full", &aside).unwrap();
        assert_eq!(copy(&file, &path).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(store.list().unwrap(), []);

        fs::write(&aside, [1; 10]).unwrap();
        assert_eq!(store.list().unwrap().len(), 1);
        assert_eq!(store.size(key).unwrap(), None);
        store.delete(key).unwrap();
        assert!(!aside.exists());
        copy(&file, &path).unwrap();
        assert_eq!(store.size(key).unwrap(), Some(5000));
    }
}
