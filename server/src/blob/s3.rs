//! Blobs as objects in a bucket of an S3-compatible service.

use std::io;
use std::ops::Range;
use std::path::Path as FilePath;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{StreamExt as _, TryStreamExt as _, iter, try_unfold};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error, MultipartUpload, ObjectStore as _, ObjectStoreExt as _,
    RetryConfig,
};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::{BlobError, BlobKey, Piece, Stored};
use crate::config::S3Config;
use crate::time::Micros;

/// The size of a part. Services take no parts below 5 MiB; all but the last must be equal for some.
const PART_BYTES: u64 = 8 << 20;
/// How many parts an object has at most.
const MAX_PARTS: u64 = 10_000;
/// How many parts are sent at once: they are held in memory.
const PARTS_AT_ONCE: usize = 2;
/// How many pieces of a window are fetched at once.
const PIECES_AT_ONCE: usize = 4;
/// How long everything but sending bytes may take, repeats included.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long one request may take: a part on a slow line.
const PART_PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct S3 {
    store: AmazonS3,
    /// Comes before every key; ends with a slash unless it is empty.
    prefix: String,
}

impl S3 {
    pub(super) fn open(config: &S3Config) -> io::Result<Self> {
        // The client looks it up in the process. It may have been set before: there is only one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = ClientOptions::new()
            .with_allow_http(config.endpoint.as_ref().is_some_and(|url| url.starts_with("http:")))
            .with_connect_timeout(Duration::from_secs(3))
            .with_timeout(PART_PATIENCE);
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 3,
            retry_timeout: PATIENCE,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(config.secret_access_key.expose())
            .with_virtual_hosted_style_request(config.virtual_host)
            // Not every service has the call that deletes many.
            .with_disable_bulk_delete(true)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = config.bucket_endpoint() {
            builder = builder.with_endpoint(endpoint);
        }
        let prefix = match config.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self { store: builder.build().map_err(explain)?, prefix })
    }

    /// Sends the file, and asks what arrived.
    pub(super) async fn put(&self, key: BlobKey, file: &FilePath) -> io::Result<()> {
        let file = File::open(file).await?;
        let size = file.metadata().await?.len();
        // An earlier call came this far.
        if self.size(key).await? == Some(size) {
            return Ok(());
        }
        if size <= PART_BYTES {
            let bytes = read_part(file, size).await?.0;
            self.store.put(&self.path(key), bytes.into()).await.map_err(explain)?;
        } else {
            self.put_parts(key, file, part_bytes(size)).await?;
        }
        match self.size(key).await? {
            Some(stored) if stored == size => Ok(()),
            stored => Err(io::Error::other(format!("sent {size} bytes, stored {stored:?}"))),
        }
    }

    async fn put_parts(&self, key: BlobKey, file: File, part_bytes: u64) -> io::Result<()> {
        let mut upload = self.store.put_multipart(&self.path(key)).await.map_err(explain)?;
        let sent = match send_parts(upload.as_mut(), file, part_bytes).await {
            Ok(()) => upload.complete().await.map(drop).map_err(explain),
            Err(error) => Err(error),
        };
        if sent.is_err()
            && let Err(error) = upload.abort().await
        {
            tracing::warn!(%error, "parts of an object stay in the bucket");
        }
        sent
    }

    pub(super) async fn size(&self, key: BlobKey) -> io::Result<Option<u64>> {
        match within(self.store.head(&self.path(key))).await {
            Ok(object) => Ok(Some(object.size)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The bytes of the pieces that are of blobs, in order.
    pub(super) async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Bytes>, BlobError> {
        let ranges = pieces.iter().filter_map(|piece| match piece {
            Piece::Blob(key, range) => Some((*key, range.clone())),
            Piece::Bytes(_) | Piece::Library(..) => None,
        });
        let gets = ranges.map(|(key, range)| async move {
            self.get(key, range).await.map_err(|cause| BlobError { key, cause })
        });
        // A list first: a stream of borrowing closures does not pass through a spawned task.
        let gets: Vec<_> = gets.collect();
        iter(gets).buffered(PIECES_AT_ONCE).try_collect().await
    }

    async fn get(&self, key: BlobKey, range: Range<u64>) -> io::Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match within(self.store.get_range(&self.path(key), range.clone())).await {
            Ok(bytes) if (bytes.len() as u64) < range.end - range.start => {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            // Services refuse a range that begins beyond the end in ways of their own: the size
            // tells.
            Err(error) if error.kind() == io::ErrorKind::Other => match self.size(key).await {
                Ok(Some(size)) if size < range.end => Err(io::ErrorKind::UnexpectedEof.into()),
                _ => Err(error),
            },
            result => result,
        }
    }

    pub(super) async fn delete(&self, key: BlobKey) -> io::Result<()> {
        match within(self.store.delete(&self.path(key))).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) async fn list(&self) -> io::Result<Vec<Stored>> {
        let prefix = Path::from(self.prefix.as_str());
        let mut objects = self.store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(object) = within(objects.try_next()).await? {
            let path = object.location.as_ref().strip_prefix(&self.prefix);
            let modify_time = Micros(object.last_modified.timestamp_micros());
            let key = path.and_then(BlobKey::parse);
            found.extend(key.map(|key| Stored { key, modify_time }));
        }
        Ok(found)
    }

    /// Asks for the first key only.
    pub(super) async fn ping(&self) -> io::Result<()> {
        let options = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        within(self.store.list_paginated(Some(&self.prefix), options)).await.map(drop)
    }

    fn path(&self, key: BlobKey) -> Path {
        Path::from(format!("{}{key}", self.prefix))
    }
}

/// Equal parts of whole MiB, few enough.
fn part_bytes(size: u64) -> u64 {
    size.div_ceil(MAX_PARTS).next_multiple_of(1 << 20).max(PART_BYTES)
}

async fn send_parts(
    upload: &mut dyn MultipartUpload,
    file: File,
    part_bytes: u64,
) -> io::Result<()> {
    let parts = try_unfold(file, move |file| async move {
        let (bytes, file) = read_part(file, part_bytes).await?;
        Ok((!bytes.is_empty()).then_some((bytes, file)))
    });
    parts
        .map_ok(|bytes| {
            let sent = upload.put_part(bytes.into());
            async { sent.await.map_err(explain) }
        })
        .try_buffer_unordered(PARTS_AT_ONCE)
        .try_collect()
        .await
}

async fn read_part(file: File, size: u64) -> io::Result<(Vec<u8>, File)> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    let mut part = file.take(size);
    part.read_to_end(&mut bytes).await?;
    Ok((bytes, part.into_inner()))
}

async fn within<T>(call: impl Future<Output = object_store::Result<T>>) -> io::Result<T> {
    match timeout(PATIENCE, call).await {
        Ok(result) => result.map_err(explain),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Only an object that is not there is `NotFound`; a bucket that is not there loses nothing.
fn explain(error: Error) -> io::Error {
    match &error {
        Error::NotFound { source, .. } if !source.to_string().contains("NoSuchBucket") => {
            io::Error::new(io::ErrorKind::NotFound, error)
        }
        _ => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_large_enough_and_few_enough() {
        for size in [PART_BYTES + 1, 1 << 30, 16 << 30, 5 << 40] {
            let part = part_bytes(size);
            assert!(part >= PART_BYTES && part.is_multiple_of(1 << 20), "{size}");
            assert!(size.div_ceil(part) <= MAX_PARTS, "{size}");
        }
    }
}
