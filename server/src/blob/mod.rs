//! Where bytes are kept: on local disk, in an S3-compatible service, or in memory. Bytes never
//! change once they are here. Those of libraries are read where others keep them, and may.

pub mod beneath;
mod faults;
mod key;
mod library;
mod local;
mod memory;
mod s3;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::Config;
use crate::time::Micros;

use faults::Effect;
pub use faults::{Call, Fault, Faults};
pub use key::BlobKey;
pub use library::{LibraryFile, Place, Stamp};
use local::Local;
use memory::Memory;
use s3::S3;

/// A store of blobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BlobStore {
    backend: Backend,
    faults: Faults,
}

#[derive(Debug, Clone)]
enum Backend {
    Local(Arc<Local>),
    Memory(Arc<Memory>),
    S3(Arc<S3>),
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Source {
    /// In the store.
    Blob(BlobKey),
    /// In libraries.
    Library(Arc<LibraryFile>),
}

impl Source {
    /// A range of the file.
    #[must_use]
    pub fn piece(&self, range: Range<u64>) -> Piece {
        match self {
            Self::Blob(key) => Piece::Blob(*key, range),
            Self::Library(file) => Piece::Library(Arc::clone(file), range),
        }
    }
}

/// A piece of what is to be read.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Bytes that are already there.
    Bytes(Bytes),
    /// A range of a blob.
    Blob(BlobKey, Range<u64>),
    /// A range of a file in libraries.
    Library(Arc<LibraryFile>, Range<u64>),
}

/// What was read for some pieces.
#[derive(Debug)]
pub struct Window {
    /// The bytes of all pieces, one behind the other.
    pub bytes: Bytes,
    /// The CRC-32 of each piece that was read, in order.
    pub checksums: Vec<u32>,
}

/// A blob that is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The blob.
    pub key: BlobKey,
    /// When it was put there, or later: never earlier, so that what is young is not taken for old.
    pub modify_time: Micros,
}

/// A blob that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}{cause}", self.prefix())]
pub struct BlobError {
    /// The blob.
    pub key: BlobKey,
    /// Why. `NotFound`: it is not there; `UnexpectedEof`: it is shorter than what was asked for.
    pub cause: io::Error,
}

impl BlobError {
    fn prefix(&self) -> String {
        if self.key == BlobKey::NONE { String::new() } else { format!("blob {}: ", self.key) }
    }

    /// Whether the bytes themselves are gone, in whole or in part.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self.cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
    }
}

impl BlobStore {
    /// The store that the settings name. Makes its folder; whether a service answers, only
    /// [`BlobStore::ping`] tells.
    pub fn open(config: &Config) -> io::Result<Self> {
        Ok(Self::new(match &config.s3 {
            Some(s3) => Backend::S3(Arc::new(S3::open(s3)?)),
            None => Backend::Local(Arc::new(Local::open(config.data_dir.join("blobs"))?)),
        }))
    }

    /// A store that lasts as long as the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Backend::Memory(Arc::default()))
    }

    /// The same store where calls fail as planned, for tests of what happens then.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    fn new(backend: Backend) -> Self {
        Self { backend, faults: Faults::default() }
    }

    /// Takes a finished file in. When this returns, the bytes survive a power cut.
    ///
    /// The file stays, so that a call that is cut off anywhere can be repeated; the caller removes
    /// it once a row names the blob, and does not write to it again: they may be the same bytes.
    pub async fn put(&self, key: BlobKey, file: &Path) -> Result<(), BlobError> {
        let file = file.to_owned();
        self.call(Call::Put, key, async {
            match &self.backend {
                Backend::Local(local) => blocking(local, move |local| local.put(key, &file)).await,
                Backend::Memory(memory) => memory.put(key, &file),
                Backend::S3(s3) => s3.put(key, &file).await,
            }
        })
        .await
    }

    /// The size of a blob in bytes; `None` if it is not there.
    pub async fn size(&self, key: BlobKey) -> Result<Option<u64>, BlobError> {
        self.call(Call::Size, key, async {
            match &self.backend {
                Backend::Local(local) => blocking(local, move |local| local.size(key)).await,
                Backend::Memory(memory) => Ok(memory.size(key)),
                Backend::S3(s3) => s3.size(key).await,
            }
        })
        .await
    }

    /// Removes a blob. Succeeds if there is none.
    pub async fn delete(&self, key: BlobKey) -> Result<(), BlobError> {
        self.call(Call::Delete, key, async {
            match &self.backend {
                Backend::Local(local) => blocking(local, move |local| local.delete(key)).await,
                Backend::Memory(memory) => {
                    memory.delete(key);
                    Ok(())
                }
                Backend::S3(s3) => s3.delete(key).await,
            }
        })
        .await
    }

    /// Every blob, in no order.
    pub async fn list(&self) -> Result<Vec<Stored>, BlobError> {
        self.call(Call::List, BlobKey::NONE, async {
            match &self.backend {
                Backend::Local(local) => blocking(local, Local::list).await,
                Backend::Memory(memory) => Ok(memory.list()),
                Backend::S3(s3) => s3.list().await,
            }
        })
        .await
    }

    /// Whether the store answers, at the price of one small request.
    pub async fn ping(&self) -> Result<(), BlobError> {
        self.call(Call::Ping, BlobKey::NONE, async {
            match &self.backend {
                Backend::Local(local) => blocking(local, Local::ping).await,
                Backend::Memory(_) => Ok(()),
                Backend::S3(s3) => s3.ping().await,
            }
        })
        .await
    }

    /// Reads some pieces into one buffer, and takes the checksums while the bytes are at hand.
    ///
    /// The buffer is as large as the pieces together: the caller bounds it.
    pub async fn read(&self, pieces: Vec<Piece>) -> Result<Window, BlobError> {
        let (backend, faults) = (self.backend.clone(), self.faults.clone());
        let mut fetched = match &backend {
            Backend::S3(s3) => s3.fetch(&pieces).await?.into_iter(),
            Backend::Local(_) | Backend::Memory(_) => Vec::new().into_iter(),
        };
        let read = move || {
            fill(&pieces, &faults, |key, range, to| match &backend {
                Backend::Local(local) => local.read(key, range, to),
                Backend::Memory(memory) => memory.read(key, range, to),
                Backend::S3(_) => {
                    to.extend_from_slice(&fetched.next().unwrap_or_default());
                    Ok(())
                }
            })
        };
        let panicked = |cause: tokio::task::JoinError| failed(BlobKey::NONE, cause.into());
        tokio::task::spawn_blocking(read).await.map_err(panicked)?
    }

    async fn call<T>(
        &self,
        call: Call,
        key: BlobKey,
        work: impl Future<Output = io::Result<T>>,
    ) -> Result<T, BlobError> {
        let result = match self.faults.next(call) {
            Effect::Fail(kind) => Err(kind.into()),
            Effect::None | Effect::Damage => work.await,
        };
        result.map_err(|cause| failed(key, cause))
    }
}

fn failed(key: BlobKey, cause: io::Error) -> BlobError {
    metrics::counter!("albumen_blob_errors_total").increment(1);
    BlobError { key, cause }
}

/// Runs what waits for the disk on a thread that may.
async fn blocking<T: Send + 'static>(
    local: &Arc<Local>,
    work: impl FnOnce(&Local) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let local = Arc::clone(local);
    tokio::task::spawn_blocking(move || work(&local)).await?
}

/// Puts pieces together; `read` appends a range of a blob to the buffer.
fn fill(
    pieces: &[Piece],
    faults: &Faults,
    mut read: impl FnMut(BlobKey, &Range<u64>, &mut Vec<u8>) -> io::Result<()>,
) -> Result<Window, BlobError> {
    let length = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => bytes.len(),
        Piece::Blob(_, range) | Piece::Library(_, range) => {
            usize::try_from(range.end - range.start).unwrap_or(0)
        }
    };
    let mut buffer = Vec::with_capacity(pieces.iter().map(length).sum());
    let mut checksums = Vec::new();
    for piece in pieces {
        let key = match piece {
            Piece::Bytes(bytes) => {
                buffer.extend_from_slice(bytes);
                continue;
            }
            Piece::Blob(key, _) => *key,
            Piece::Library(file, _) => BlobKey::Library(file.blob_id),
        };
        let start = buffer.len();
        let effect = faults.next(Call::Read);
        let result = match (effect, piece) {
            (Effect::Fail(kind), _) => Err(kind.into()),
            (_, Piece::Blob(key, range)) => read(*key, range, &mut buffer),
            (_, Piece::Library(file, range)) => file.read(range, &mut buffer),
            (_, Piece::Bytes(_)) => Ok(()),
        };
        result.map_err(|cause| failed(key, cause))?;
        let bytes = buffer.get_mut(start..).unwrap_or_default();
        effect.spoil(bytes);
        checksums.push(crc32fast::hash(bytes));
    }
    Ok(Window { bytes: buffer.into(), checksums })
}
