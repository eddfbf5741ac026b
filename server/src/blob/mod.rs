//! Where bytes are kept: on local disk or in memory. Bytes never change once they are here.

mod key;
mod local;
mod memory;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::Config;

pub use key::BlobKey;
use local::Local;
use memory::Memory;

/// A store of blobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BlobStore(Arc<Backend>);

#[derive(Debug)]
enum Backend {
    Local(Local),
    Memory(Memory),
}

/// A piece of what is to be read.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Bytes that are already there.
    Bytes(Bytes),
    /// A range of a blob.
    Blob(BlobKey, Range<u64>),
}

/// What was read for some pieces.
#[derive(Debug)]
pub struct Window {
    /// The bytes of all pieces, one behind the other.
    pub bytes: Bytes,
    /// The CRC-32 of each piece that is of a blob, in order.
    pub checksums: Vec<u32>,
}

/// A blob that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("blob {key}: {cause}")]
pub struct BlobError {
    /// The blob.
    pub key: BlobKey,
    /// Why. `NotFound`: it is not there; `UnexpectedEof`: it is shorter than what was asked for.
    pub cause: io::Error,
}

impl BlobError {
    /// Whether the bytes themselves are gone, in whole or in part.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self.cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
    }
}

impl BlobStore {
    /// The store that the settings name. Makes its folder.
    pub fn open(config: &Config) -> io::Result<Self> {
        let local = Local::open(config.data_dir.join("blobs"))?;
        Ok(Self(Arc::new(Backend::Local(local))))
    }

    /// A store that lasts as long as the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Arc::new(Backend::Memory(Memory::default())))
    }

    /// Takes a finished file in. When this returns, the bytes survive a power cut.
    ///
    /// The file stays, so that a call that is cut off anywhere can be repeated; the caller removes
    /// it once a row names the blob, and does not write to it again: they may be the same bytes.
    pub async fn put(&self, key: BlobKey, file: &Path) -> Result<(), BlobError> {
        let file = file.to_owned();
        self.blocking(key, move |backend| match backend {
            Backend::Local(local) => local.put(key, &file),
            Backend::Memory(memory) => memory.put(key, &file),
        })
        .await
    }

    /// The size of a blob in bytes; `None` if it is not there.
    pub async fn size(&self, key: BlobKey) -> Result<Option<u64>, BlobError> {
        self.blocking(key, move |backend| match backend {
            Backend::Local(local) => local.size(key),
            Backend::Memory(memory) => Ok(memory.size(key)),
        })
        .await
    }

    /// Removes a blob. Succeeds if there is none.
    pub async fn delete(&self, key: BlobKey) -> Result<(), BlobError> {
        self.blocking(key, move |backend| match backend {
            Backend::Local(local) => local.delete(key),
            Backend::Memory(memory) => {
                memory.delete(key);
                Ok(())
            }
        })
        .await
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), BlobError> {
        self.blocking(BlobKey::NONE, |backend| match backend {
            Backend::Local(local) => local.ping(),
            Backend::Memory(_) => Ok(()),
        })
        .await
    }

    /// Every blob, in no order.
    pub async fn list(&self) -> io::Result<Vec<BlobKey>> {
        let backend = Arc::clone(&self.0);
        let list = move || match backend.as_ref() {
            Backend::Local(local) => local.list(),
            Backend::Memory(memory) => Ok(memory.list()),
        };
        tokio::task::spawn_blocking(list).await?
    }

    /// Reads some pieces into one buffer, and takes the checksums while the bytes are at hand.
    ///
    /// The buffer is as large as the pieces together: the caller bounds it.
    pub async fn read(&self, pieces: Vec<Piece>) -> Result<Window, BlobError> {
        let backend = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || read(&backend, &pieces));
        read.await.unwrap_or_else(|panic| Err(failed(BlobKey::NONE, panic.into())))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        key: BlobKey,
        work: impl FnOnce(&Backend) -> io::Result<T> + Send + 'static,
    ) -> Result<T, BlobError> {
        let backend = Arc::clone(&self.0);
        let result = tokio::task::spawn_blocking(move || work(&backend)).await;
        result.map_err(io::Error::from).flatten().map_err(|cause| failed(key, cause))
    }
}

fn failed(key: BlobKey, cause: io::Error) -> BlobError {
    metrics::counter!("albumen_blob_errors_total").increment(1);
    BlobError { key, cause }
}

fn read(backend: &Backend, pieces: &[Piece]) -> Result<Window, BlobError> {
    let length = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => bytes.len(),
        Piece::Blob(_, range) => usize::try_from(range.end - range.start).unwrap_or(0),
    };
    let mut buffer = Vec::with_capacity(pieces.iter().map(length).sum());
    let mut checksums = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => buffer.extend_from_slice(bytes),
            Piece::Blob(key, range) => {
                let start = buffer.len();
                let result = match backend {
                    Backend::Local(local) => local.read(*key, range, &mut buffer),
                    Backend::Memory(memory) => memory.read(*key, range, &mut buffer),
                };
                result.map_err(|cause| failed(*key, cause))?;
                checksums.push(crc32fast::hash(buffer.get(start..).unwrap_or_default()));
            }
        }
    }
    Ok(Window { bytes: buffer.into(), checksums })
}
