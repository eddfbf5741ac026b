//! Blobs in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use std::{fs, io};

use bytes::Bytes;

use super::{BlobKey, Stored};
use crate::time::Micros;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<BlobKey, Blob>>);

#[derive(Debug, Clone)]
struct Blob {
    bytes: Bytes,
    /// When the file was written: there is no clock here, and nothing outlives the process.
    modify_time: Micros,
}

impl Memory {
    pub(super) fn put(&self, key: BlobKey, file: &Path) -> io::Result<()> {
        let bytes = fs::read(file)?.into();
        let written = fs::metadata(file)?.modified()?.duration_since(SystemTime::UNIX_EPOCH);
        let micros = written.unwrap_or_default().as_micros();
        let modify_time = Micros(i64::try_from(micros).unwrap_or(i64::MAX));
        self.blobs().insert(key, Blob { bytes, modify_time });
        Ok(())
    }

    pub(super) fn size(&self, key: BlobKey) -> Option<u64> {
        self.blobs().get(&key).map(|blob| blob.bytes.len() as u64)
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
        let bytes = blob.bytes.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn delete(&self, key: BlobKey) {
        self.blobs().remove(&key);
    }

    pub(super) fn list(&self) -> Vec<Stored> {
        let stored =
            |(key, blob): (&BlobKey, &Blob)| Stored { key: *key, modify_time: blob.modify_time };
        self.blobs().iter().map(stored).collect()
    }

    /// The map is whole after every step, so a panic elsewhere leaves nothing to fear.
    fn blobs(&self) -> MutexGuard<'_, BTreeMap<BlobKey, Blob>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
