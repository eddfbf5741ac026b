//! The bytes of unfinished uploads, one file each.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::app::App;
use crate::error::{Error, Result};
use crate::id::UploadId;
use crate::media::{Digest, SNIFF_BYTES};

/// How many bytes are read at once.
const READ_BYTES: usize = 1 << 20;
/// What tries whether the disk takes bytes: no name of an upload.
const PROBE: &str = "probe";
/// The least that takes room on most file systems.
const PROBE_BYTES: usize = 4096;

/// An open spool file with the running digest of its bytes. While one is open, nobody else can
/// open it, in this process or another.
#[derive(Debug)]
pub(super) struct Spool {
    id: UploadId,
    path: PathBuf,
    file: File,
    digest: Digest,
}

impl Spool {
    /// Opens the file of an upload. Fails with `CONFLICT` while somebody else has it open.
    ///
    /// What its bytes are, [`Spool::resume`] says: the row must be read after the file is open, or
    /// whoever had it before may have moved the row on.
    pub(super) async fn open(app: &App, id: UploadId) -> Result<Self> {
        let path = path(app, id);
        blocking(move || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(unavailable)?;
            }
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).open(&path);
            let file = file.map_err(unavailable)?;
            match file.try_lock() {
                // Whoever had it before may have removed it meanwhile.
                Ok(()) if !is_at(&file, &path)? => Err(Error::Conflict),
                Ok(()) => Ok(Self { id, path, file, digest: Digest::new() }),
                Err(TryLockError::WouldBlock) => Err(Error::Conflict),
                Err(TryLockError::Error(error)) => Err(unavailable(error)),
            }
        })
        .await
    }

    /// Removes the file that opening made, if the upload was finished or cancelled meanwhile. Any
    /// other failure leaves the bytes alone: they are safe.
    pub(super) async fn discard_unless_active(&self, app: &App, error: &Error) {
        if matches!(error, Error::UploadNotActive(_)) {
            remove(app, self.id).await;
        }
    }

    /// Goes on behind the bytes that the row's digest is of: what lies beyond them is cut off.
    ///
    /// A file that is shorter lost its end in a power cut: it starts again from nothing.
    pub(super) async fn resume(mut self, digest: Digest) -> Result<Self> {
        blocking(move || {
            let length = self.file.metadata().map_err(unavailable)?.len();
            self.digest = if length < digest.len() { Digest::new() } else { digest };
            self.cut()?;
            Ok(self)
        })
        .await
    }

    /// Cuts off what lies behind the bytes that the digest is of.
    fn cut(&mut self) -> Result<()> {
        self.file.set_len(self.digest.len()).map_err(unavailable)?;
        self.file.seek(SeekFrom::End(0)).map_err(unavailable)?;
        Ok(())
    }

    /// Appends chunks, and tells whether that went well. If not, as on a full disk, the chunks
    /// before the one that failed are there, and nothing of it takes room.
    pub(super) async fn append(mut self, chunks: Vec<Bytes>) -> Result<(Self, Result<()>)> {
        blocking(move || {
            for chunk in &chunks {
                if let Err(error) = self.file.write_all(chunk) {
                    self.cut()?;
                    return Ok((self, Err(unavailable(error))));
                }
                self.digest.update(chunk);
            }
            Ok((self, Ok(())))
        })
        .await
    }

    /// Reads the file, and tells whether it has the bytes that came, as far as their CRC-32 says.
    pub(super) async fn compare(mut self) -> Result<(Self, bool)> {
        blocking(move || {
            let mut crc32 = crc32fast::Hasher::new();
            let mut buffer = Vec::with_capacity(READ_BYTES);
            self.file.seek(SeekFrom::Start(0)).map_err(unavailable)?;
            loop {
                buffer.clear();
                let limit = (&self.file).take(READ_BYTES as u64);
                { limit }.read_to_end(&mut buffer).map_err(unavailable)?;
                if buffer.is_empty() {
                    break;
                }
                crc32.update(&buffer);
            }
            let is_intact = crc32.finalize() == self.digest.crc32();
            Ok((self, is_intact))
        })
        .await
    }

    /// The first bytes, as many as decide what kind of file it is.
    pub(super) async fn head(mut self) -> Result<(Self, Vec<u8>)> {
        blocking(move || {
            let mut head = Vec::with_capacity(SNIFF_BYTES);
            self.file.seek(SeekFrom::Start(0)).map_err(unavailable)?;
            let limit = (&self.file).take(SNIFF_BYTES as u64);
            { limit }.read_to_end(&mut head).map_err(unavailable)?;
            self.file.seek(SeekFrom::End(0)).map_err(unavailable)?;
            Ok((self, head))
        })
        .await
    }

    /// Makes the bytes survive a power cut.
    pub(super) async fn sync(&self) -> Result<()> {
        let file = self.file.try_clone().map_err(unavailable)?;
        blocking(move || file.sync_data().map_err(unavailable)).await
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> i64 {
        self.digest.len().cast_signed()
    }

    /// The digest of the bytes.
    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where the file lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spool {
    /// Closing the file is not enough: a process that is being started has it open for a moment
    /// too, and with it the lock.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(upload.id = %self.id, %error, "cannot unlock a spool file");
        }
    }
}

/// Removes the file of an upload that nobody needs any more. What is left behind by a failure the
/// sweep finds: it has no active upload.
pub(super) async fn remove(app: &App, id: UploadId) {
    if let Err(error) = tokio::fs::remove_file(path(app, id)).await
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(upload.id = %id, %error, "cannot remove a spool file");
    }
}

/// The uploads that have a file.
pub(super) async fn list(app: &App) -> Result<Vec<UploadId>> {
    let folder = app.spool_dir();
    blocking(move || {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(unavailable)?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(unavailable)?.file_name();
            ids.extend(name.to_str().and_then(UploadId::parse));
        }
        Ok(ids)
    })
    .await
}

/// Writes a little where uploads go, and removes it. Fails if that is not possible, as on a disk
/// that is full or was made read-only.
pub(super) async fn probe(app: &App) -> Result<()> {
    let folder = app.spool_dir();
    blocking(move || {
        fs::create_dir_all(&folder).map_err(unavailable)?;
        let path = folder.join(PROBE);
        let written = fs::write(&path, [0; PROBE_BYTES]);
        match fs::remove_file(&path) {
            // Others may try at the same time.
            Err(error) if error.kind() != io::ErrorKind::NotFound => written.and(Err(error)),
            _ => written,
        }
        .map_err(unavailable)
    })
    .await
}

/// Whether a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> Result<bool> {
    let open = file.metadata().map_err(unavailable)?;
    match fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unavailable(error)),
    }
}

fn path(app: &App, id: UploadId) -> PathBuf {
    app.spool_dir().join(id.to_string())
}

/// Runs file work off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn unavailable(error: io::Error) -> Error {
    Error::StorageUnavailable(format!("spool: {error}"))
}
