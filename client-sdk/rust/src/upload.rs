//! Uploading files: by digest if the server has the bytes, else in a stream that survives
//! interruptions.

use std::io::{self, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use albumen::v1::stream_upload_request::Part;
use albumen::v1::{
    Asset, CheckAssetsRequest, CreateUploadRequest, FinishUploadRequest, GetUploadRequest,
    KnownAsset, StreamUploadRequest, Upload, UploadHeader,
};
use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream, StreamExt as _};
use prost_types::Timestamp;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use uuid::Uuid;

use crate::download::sha256;
use crate::error::Patience;
use crate::{Client, Error, Progress, Result, retry};

const CHUNK_BYTES: usize = 512 << 10;
/// How many files one call may ask about.
const MAX_CHECKED: usize = 1000;
/// The seconds of the years 1800 and 2200, between which times of capture lie.
const CAPTURE_SECONDS: std::ops::Range<i64> = -5_364_662_400..7_258_118_400;

/// How to upload a file. The default is right for most.
#[derive(Debug, Clone, Default)]
pub struct UploadOptions {
    /// The id of the album to put the asset into. Default: none.
    pub album_id: Option<String>,
    /// When it was taken, for files that do not say. Default: when the file was last changed.
    pub capture_time_hint: Option<SystemTime>,
    /// The id of the still whose motion part the file is. Default: none.
    pub motion_of_asset_id: Option<String>,
    /// The name of the guest who uploads; for guests only. Default: none.
    pub guest_name: Option<String>,
    /// The SHA-256 of the file, where [`sha256`] was called already. Default: it is
    /// computed.
    pub sha256: Option<Bytes>,
    /// The id of the upload, a UUID. The id of an unfinished one resumes it. Default: a new one.
    pub request_id: Option<String>,
    /// Is told the bytes sent.
    pub progress: Progress,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Uploaded {
    /// The asset; for a motion part, the still.
    pub asset: Asset,
    /// Whether the caller had the same bytes before.
    pub duplicate: bool,
    /// How many bytes had to be sent.
    pub sent_bytes: u64,
}

impl Client {
    /// Finds out which files the caller has, by their SHA-256; any number, each at most once.
    ///
    /// Gives those that are known, in the order of the question.
    pub async fn check_assets(&self, sha256: &[Bytes]) -> Result<Vec<KnownAsset>> {
        let mut known = Vec::new();
        for batch in sha256.chunks(MAX_CHECKED) {
            let request = CheckAssetsRequest { sha256: batch.to_vec() };
            let check = || async { self.assets().check_assets(request.clone()).await };
            known.extend(retry(check).await?.known_assets);
        }
        Ok(known)
    }

    /// Uploads a file. Its SHA-256 is computed first: if the caller has an asset with these bytes,
    /// none is sent; guests always send all. An interrupted stream goes on where the server has got
    /// to.
    ///
    /// Fails with [`Error::File`] for a file that cannot be read, and, among others, with
    /// `UNSUPPORTED_TYPE`, `FILE_TOO_LARGE` and `QUOTA_EXCEEDED`.
    pub async fn upload(&self, path: impl AsRef<Path>, options: UploadOptions) -> Result<Uploaded> {
        let source = Source::open(path.as_ref(), options.progress.clone()).await?;
        let request_id = options.request_id.clone();
        let request = CreateUploadRequest {
            upload: Some(source.describe(options).await?),
            request_id: request_id.unwrap_or_else(|| Uuid::now_v7().to_string()),
        };
        let create = || async { self.uploads().create_upload(request.clone()).await };
        let upload = retry(create).await?;
        let sent_bytes = source.size_bytes.saturating_sub(unsigned(upload.committed_size_bytes));
        self.send(&source, &upload).await?;
        let request = FinishUploadRequest { upload_id: upload.id };
        let finish = || async { self.uploads().finish_upload(request.clone()).await };
        let finished = retry(finish).await?;
        source.progress.tell(source.size_bytes, source.size_bytes);
        Ok(Uploaded {
            asset: finished.asset.ok_or(Error::Answer("no asset"))?,
            duplicate: finished.duplicate,
            sent_bytes,
        })
    }

    /// Sends what the server does not have yet, in as many streams as it takes.
    async fn send(&self, source: &Source, upload: &Upload) -> Result<()> {
        let (mut committed, mut is_lost) = (upload.committed_size_bytes, false);
        let mut patience = Patience::default();
        while unsigned(committed) < source.size_bytes {
            let reached = match is_lost {
                true => self.committed(&upload.id).await,
                false => self.stream(source, &upload.id, committed).await,
            };
            match reached {
                Ok(length) if is_lost || length > committed => {
                    (committed, is_lost) = (length, false);
                }
                Ok(_) => return Err(Error::file(&source.path)(ErrorKind::UnexpectedEof.into())),
                Err(error) => {
                    patience.pause(unsigned(committed), error).await?;
                    is_lost = true;
                }
            }
        }
        Ok(())
    }

    /// How many bytes of an upload are safe.
    async fn committed(&self, upload_id: &str) -> Result<i64> {
        let request = GetUploadRequest { upload_id: upload_id.to_owned() };
        Ok(self.uploads().get_upload(request).await?.into_inner().committed_size_bytes)
    }

    /// Sends the rest of a file in one stream. Gives the length that the server has.
    async fn stream(&self, source: &Source, upload_id: &str, offset: i64) -> Result<i64> {
        let failure = Failure::default();
        let header = Part::Header(UploadHeader { upload_id: upload_id.to_owned(), offset });
        let chunks = source.chunks(unsigned(offset), failure.clone()).await?;
        let parts = stream::iter([header]).chain(chunks.map(Part::Chunk));
        let requests = parts.map(|part| StreamUploadRequest { part: Some(part) });
        let answer = self.uploads().stream_upload(requests).await;
        if let Some(error) = failure.take() {
            return Err(Error::file(&source.path)(error));
        }
        Ok(answer?.into_inner().committed_size_bytes)
    }
}

/// Where the stream of a file leaves the error that ended it.
#[derive(Clone, Default)]
struct Failure(Arc<Mutex<Option<io::Error>>>);

impl Failure {
    fn set(&self, error: io::Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A file to upload.
struct Source {
    path: PathBuf,
    size_bytes: u64,
    modified: Option<SystemTime>,
    progress: Progress,
}

impl Source {
    async fn open(path: &Path, progress: Progress) -> Result<Self> {
        let metadata = tokio::fs::metadata(path).await.map_err(Error::file(path))?;
        Ok(Self {
            path: path.to_owned(),
            size_bytes: metadata.len(),
            modified: metadata.modified().ok(),
            progress,
        })
    }

    /// The upload as the server is asked for it.
    async fn describe(&self, options: UploadOptions) -> Result<Upload> {
        let name = self.path.file_name().unwrap_or_default();
        let time = options.capture_time_hint.or(self.modified).map(Timestamp::from);
        Ok(Upload {
            file_name: name.to_string_lossy().into_owned(),
            size_bytes: i64::try_from(self.size_bytes).unwrap_or(i64::MAX),
            sha256: match options.sha256 {
                Some(sha256) => sha256,
                None => sha256(&self.path).await?,
            },
            album_id: options.album_id.unwrap_or_default(),
            capture_time_hint: time.filter(|time| CAPTURE_SECONDS.contains(&time.seconds)),
            motion_of_asset_id: options.motion_of_asset_id.unwrap_or_default(),
            guest_name: options.guest_name.unwrap_or_default(),
            ..Upload::default()
        })
    }

    /// The bytes from `offset` on; an error ends them and is left in `failure`.
    async fn chunks(
        &self,
        offset: u64,
        failure: Failure,
    ) -> Result<impl Stream<Item = Bytes> + Send + 'static> {
        let mut file = File::open(&self.path).await.map_err(Error::file(&self.path))?;
        file.seek(SeekFrom::Start(offset)).await.map_err(Error::file(&self.path))?;
        let (total, progress) = (self.size_bytes, self.progress.clone());
        Ok(stream::unfold((file, offset), move |(mut file, offset)| {
            let (progress, failure) = (progress.clone(), failure.clone());
            async move {
                progress.tell(offset, total);
                match read_chunk(&mut file, total - offset).await {
                    Ok(chunk) if chunk.is_empty() => None,
                    Ok(chunk) => {
                        let next = offset + chunk.len() as u64;
                        Some((chunk, (file, next)))
                    }
                    Err(error) => {
                        failure.set(error);
                        None
                    }
                }
            }
        }))
    }
}

/// A chunk of at most `limit` bytes; empty at the end.
async fn read_chunk(file: &mut File, limit: u64) -> io::Result<Bytes> {
    let size = usize::try_from(limit).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
    let mut chunk = BytesMut::with_capacity(size);
    let mut rest = file.take(size as u64);
    while chunk.len() < size && rest.read_buf(&mut chunk).await? > 0 {}
    Ok(chunk.freeze())
}

/// A size or offset from the server, which never sends negative ones.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
