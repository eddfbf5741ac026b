//! Files that lie in libraries: they are read where they are, and never written.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};

use crate::id::BlobId;

/// The bytes of an asset that lie in libraries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryFile {
    /// What the bytes are called.
    pub blob_id: BlobId,
    /// Where they were found: each place holds all of them.
    pub places: Vec<Place>,
}

/// A file as a scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The absolute path, without symbolic links.
    pub path: PathBuf,
    /// What it looked like when its bytes were read.
    pub stamp: Stamp,
}

/// What changes with a file's bytes, as long as nobody goes out of their way to hide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The size.
    pub size_bytes: i64,
    /// The time of the last change in nanoseconds since 1970.
    pub modify_time_ns: i64,
    /// The number of the file in its file system, bit for bit.
    pub inode: i64,
}

impl Stamp {
    /// What a file looks like.
    #[must_use]
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        let seconds = metadata.mtime().saturating_mul(1_000_000_000);
        Self {
            size_bytes: metadata.len().cast_signed(),
            modify_time_ns: seconds.saturating_add(metadata.mtime_nsec()),
            inode: metadata.ino().cast_signed(),
        }
    }
}

/// Opens a file for reading, if no part of its path is a symbolic link: what somebody puts in the
/// way of a path that was checked leads nowhere. Fails if it is no ordinary file.
pub fn open_without_links(path: &Path) -> io::Result<File> {
    // Without waiting, should it be a pipe by now.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = match rustix::fs::openat2(CWD, path, flags, Mode::empty(), resolve) {
        // Kernels before Linux 5.6, and some sandboxes.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => open_canonical(path, flags)?,
        result => File::from(result?),
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

fn open_canonical(path: &Path, flags: OFlags) -> io::Result<File> {
    if path.canonicalize()? != path {
        return Err(rustix::io::Errno::LOOP.into());
    }
    Ok(rustix::fs::open(path, flags | OFlags::NOFOLLOW, Mode::empty())?.into())
}

impl LibraryFile {
    /// Appends a range to the buffer, which has room for it. Fails with `NotFound` if no place
    /// holds the file as it was.
    pub(super) fn read(&self, range: &Range<u64>, buffer: &mut Vec<u8>) -> io::Result<()> {
        let mut file = self.open()?;
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start))?;
        }
        let length = range.end - range.start;
        let read = file.take(length).read_to_end(buffer)?;
        if read as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn open(&self) -> io::Result<File> {
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for place in &self.places {
            match open_without_links(&place.path) {
                Ok(file) if Stamp::of(&file.metadata()?) == place.stamp => return Ok(file),
                Ok(_) => {}
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn place(path: PathBuf) -> Place {
        Place { stamp: Stamp::of(&fs::metadata(&path).unwrap()), path }
    }

    fn read(places: Vec<Place>) -> io::Result<Vec<u8>> {
        let mut buffer = Vec::new();
        LibraryFile { blob_id: BlobId::NIL, places }.read(&(1..3), &mut buffer)?;
        Ok(buffer)
    }

    #[test]
    fn any_place_that_still_holds_the_file_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let places = ["a", "b"].map(|name| {
            fs::write(root.join(name), b"0123").unwrap();
            place(root.join(name))
        });
        assert_eq!(read(places.to_vec()).unwrap(), b"12");
        fs::remove_file(root.join("a")).unwrap();
        assert_eq!(read(places.to_vec()).unwrap(), b"12");
        fs::write(root.join("b"), b"45678").unwrap();
        assert_eq!(read(places.to_vec()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_symbolic_link_anywhere_in_the_path_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("real")).unwrap();
        fs::write(root.join("real/file"), b"0123").unwrap();
        symlink(root.join("real"), root.join("folder")).unwrap();
        symlink(root.join("real/file"), root.join("file")).unwrap();
        for path in ["folder/file", "file"] {
            assert!(read(vec![place(root.join(path))]).is_err(), "{path}");
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            assert!(open_canonical(&root.join(path), flags).is_err(), "{path}");
        }
        assert!(open_without_links(&root).is_err());
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        assert!(open_canonical(&root.join("real/file"), flags).is_ok());
    }
}
