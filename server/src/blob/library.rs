//! Files that lie in libraries: they are read where they are, and never written.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::beneath;
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
            match beneath::open_absolute(&place.path) {
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
}
