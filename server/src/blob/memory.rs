//! Blobs in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use bytes::Bytes;

use super::BlobKey;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<BlobKey, Bytes>>);

impl Memory {
    pub(super) fn put(&self, key: BlobKey, file: &Path) -> io::Result<()> {
        let bytes = fs::read(file)?;
        self.blobs().insert(key, bytes.into());
        Ok(())
    }

    pub(super) fn size(&self, key: BlobKey) -> Option<u64> {
        self.blobs().get(&key).map(|bytes| bytes.len() as u64)
    }

    pub(super) fn read(
        &self,
        key: BlobKey,
        range: &Range<u64>,
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        let blob = self.blobs().get(&key).cloned().ok_or(io::ErrorKind::NotFound)?;
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        let bytes = blob.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn delete(&self, key: BlobKey) {
        self.blobs().remove(&key);
    }

    pub(super) fn list(&self) -> Vec<BlobKey> {
        self.blobs().keys().copied().collect()
    }

    /// The map is whole after every step, so a panic elsewhere leaves nothing to fear.
    fn blobs(&self) -> MutexGuard<'_, BTreeMap<BlobKey, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
