//! Blobs as files in a folder.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{BlobKey, Stored};
use crate::config::make_folder;
use crate::time::Micros;

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
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

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
    let aside = path.with_extension("new");
    fs::copy(file, &aside)?;
    File::open(&aside)?.sync_all()?;
    fs::rename(aside, path)
}

/// Makes names in a folder survive a power cut.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
