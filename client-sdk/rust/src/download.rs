//! Downloading files: into `NAME.part`, which an interruption leaves for the next run, verified, and
//! only then under their own name.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use albumen::v1::download_asset_response::Part;
use albumen::v1::{Asset, DownloadAssetRequest, Rendition};
use bytes::Bytes;
use futures::future;
use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tonic::{Status, Streaming};

use crate::error::Patience;
use crate::upload::unsigned;
use crate::{Client, Error, Progress, Result};

/// A file that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// Whether it was there before, whole.
    pub existed: bool,
}

impl Client {
    /// Downloads the original of an asset, or its motion part, to `path`. What an earlier call left
    /// unfinished goes on. At the end the SHA-256 is checked.
    ///
    /// Fails with [`Error::Exists`] rather than overwrite a different file, and with
    /// [`Error::Damaged`] if the digest differs.
    pub async fn download(
        &self,
        asset: &Asset,
        rendition: Rendition,
        path: impl AsRef<Path>,
        progress: Progress,
    ) -> Result<Saved> {
        let (size_bytes, digest) = match (rendition, &asset.motion) {
            (Rendition::Motion, Some(motion)) => (unsigned(motion.size_bytes), &motion.sha256),
            (Rendition::Motion, None) => return Err(Error::Answer("no motion part")),
            _ => (unsigned(asset.size_bytes), &asset.sha256),
        };
        let open = |offset| self.original(&asset.id, rendition, offset);
        let fault = |path: PathBuf| async move {
            let is_same = sha256(&path).await? == *digest;
            Ok((!is_same).then(|| "its SHA-256 differs".to_owned()))
        };
        let tell = |done| progress.tell(done, size_bytes);
        save(path.as_ref(), size_bytes, open, fault, tell).await
    }

    /// The bytes of an asset's file from `offset` on.
    async fn original(
        &self,
        asset_id: &str,
        rendition: Rendition,
        offset: i64,
    ) -> Result<Chunks, Status> {
        let (asset_id, rendition) = (asset_id.to_owned(), rendition.into());
        let request = DownloadAssetRequest { asset_id, rendition, offset };
        let parts = self.assets().download_asset(request).await?.into_inner();
        Ok(chunks(parts, |message| match message.part {
            Some(Part::Chunk(chunk)) => Some(chunk),
            _ => None,
        }))
    }
}

pub(crate) type Chunks = BoxStream<'static, Result<Bytes, Status>>;

/// The chunks among the parts of a stream; a header says nothing that is not known.
pub(crate) fn chunks<M: Send + 'static>(
    parts: Streaming<M>,
    chunk: impl Fn(M) -> Option<Bytes> + Send + 'static,
) -> Chunks {
    parts.try_filter_map(move |part| future::ok(chunk(part))).boxed()
}

/// Brings a file of `size` bytes to `path`. `open` streams it from an offset on, `fault` says what
/// is wrong with a whole one, `tell` is told how much there is.
pub(crate) async fn save<O, F>(
    path: &Path,
    size: u64,
    open: impl Fn(i64) -> O,
    fault: impl Fn(PathBuf) -> F,
    tell: impl Fn(u64),
) -> Result<Saved>
where
    O: Future<Output = Result<Chunks, Status>>,
    F: Future<Output = Result<Option<String>>>,
{
    let saved = |existed| Saved { path: path.to_owned(), size_bytes: size, existed };
    if let Ok(metadata) = tokio::fs::symlink_metadata(path).await {
        if metadata.len() != size || fault(path.to_owned()).await?.is_some() {
            return Err(Error::Exists(path.to_owned()));
        }
        tell(size);
        return Ok(saved(true));
    }
    loop {
        let mut part = Unfinished::open(path, size).await?;
        let is_resumed = part.length > 0;
        part.fill(size, &open, &tell).await?;
        let Some(what) = fault(part.path.clone()).await? else {
            tokio::fs::rename(&part.path, path).await.map_err(Error::file(path))?;
            return Ok(saved(false));
        };
        tokio::fs::remove_file(&part.path).await.map_err(Error::file(&part.path))?;
        // What was left from earlier may have belonged to something else.
        if !is_resumed {
            return Err(Error::Damaged { path: path.to_owned(), what });
        }
    }
}

/// `NAME.part`: a file on its way in.
struct Unfinished {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Unfinished {
    /// Opens what is there of a file of `size` bytes; more than that cannot belong to it.
    async fn open(target: &Path, size: u64) -> Result<Self> {
        let mut path = target.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        let opened = async {
            let file = File::options().create(true).append(true).open(&path).await?;
            let mut length = file.metadata().await?.len();
            if length > size {
                file.set_len(0).await?;
                length = 0;
            }
            Ok((file, length))
        };
        let (file, length) = opened.await.map_err(Error::file(&path))?;
        Ok(Self { path, file, length })
    }

    /// Appends up to `size` bytes, in as many streams as it takes.
    async fn fill<O>(
        &mut self,
        size: u64,
        open: impl Fn(i64) -> O,
        tell: impl Fn(u64),
    ) -> Result<()>
    where
        O: Future<Output = Result<Chunks, Status>>,
    {
        let mut patience = Patience::default();
        while self.length < size {
            let offset = i64::try_from(self.length).unwrap_or(i64::MAX);
            let appended = match open(offset).await {
                Ok(chunks) => self.append(size, chunks, &tell).await,
                Err(status) => Err(status.into()),
            };
            if let Err(error) = appended {
                patience.pause(self.length, error).await?;
            }
        }
        self.file.sync_all().await.map_err(Error::file(&self.path))
    }

    /// Appends a stream that ends at `size` bytes.
    async fn append(&mut self, size: u64, mut chunks: Chunks, tell: impl Fn(u64)) -> Result<()> {
        while let Some(chunk) = chunks.try_next().await? {
            let length = self.length + chunk.len() as u64;
            if length > size {
                return Err(Error::Answer("more bytes than the file has"));
            }
            self.file.write_all(&chunk).await.map_err(Error::file(&self.path))?;
            self.length = length;
            tell(length);
        }
        if self.length < size {
            return Err(Error::Answer("fewer bytes than the file has"));
        }
        Ok(())
    }
}

/// The SHA-256 of a file, 32 bytes. Fails with [`Error::File`].
pub async fn sha256(path: &Path) -> Result<Bytes> {
    let file = path.to_owned();
    let digest = blocking(move || {
        let (mut digest, mut file) = (Sha256::new(), fs::File::open(file)?);
        let mut buffer = vec![0; 256 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Bytes::copy_from_slice(&digest.finalize())),
                length => digest.update(&buffer[..length]),
            }
        }
    });
    digest.await.map_err(Error::file(path))
}

/// Runs what would block for long on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
