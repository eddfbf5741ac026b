//! Making files without their metadata.
//!
//! A variant is a row and no bytes: which pieces of the stored file it consists of, and what its
//! size and checksums are, so that downloads and exports know them beforehand.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, Set};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::download::source;
use super::mark_damaged;
use crate::access;
use crate::app::App;
use crate::blob::{BlobError, BlobKey, BlobStore, Source};
use crate::entity::asset_file::Model as AssetFile;
use crate::entity::asset_variant::{ActiveModel, Column, Entity, Variant};
use crate::error::{Error, Result};
use crate::id::AssetId;
use crate::jobs::{self, Context, Job};
use crate::media::{self, Stripped, Variants};

/// How many stills are looked up at once.
const BATCH: u64 = 100;
/// How many stills have their turn before other jobs have theirs.
const TURN: i64 = 500;
/// How many bytes are read at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// Makes the variants of every photo that has none yet: of those just uploaded, and of those that
/// were there before there were variants. One job for all, however many arrive at once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct MakeVariants;

impl Job for MakeVariants {
    const KIND: &'static str = "make-variants";

    fn unique_key(&self) -> Option<String> {
        Some("all".to_owned())
    }

    async fn run(self, app: App, context: Context) -> Result<()> {
        let (mut last, mut done) = (None, 0);
        loop {
            let connection = app.database.reader();
            let stills = access::stills_without_variants(connection, last, BATCH).await?;
            let Some(end) = stills.last() else { return Ok(()) };
            last = Some(end.asset_id);
            for still in stills {
                // Those that cannot be made now do not count, or some of them would be all there
                // is of every turn.
                done += i64::from(make(&app, &context, still).await?);
            }
            context.progress(done, None).await?;
            if done >= TURN {
                return again(&app).await;
            }
        }
    }
}

async fn again(app: &App) -> Result<()> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        jobs::enqueue(&app_, &transaction, MakeVariants).await
    })
    .await
}

/// Makes the variants of a photo; `false` if that cannot be now.
async fn make(app: &App, context: &Context, still: AssetFile) -> Result<bool> {
    let id = still.asset_id;
    let source = match source(app, &still).await {
        // The next scan sees to it.
        Err(Error::AssetOffline(_)) => return Ok(false),
        source => source?,
    };
    let mut reader = Reader::new(app.blobs.clone(), source, still.size_bytes.cast_unsigned());
    let made = tokio::task::spawn_blocking(move || {
        let variants = media::strip(&mut reader);
        reader.error.map_or(Ok(variants), Err)
    });
    match made.await.map_err(Error::internal)? {
        // Bytes that came wrong must not be what downloads are compared with.
        Ok(Some(variants)) if i64::from(variants.original.crc32) != still.crc32 => {
            mark_damaged(app, still.blob_id).await.map(|_| false)
        }
        Ok(variants) => store(app, context, id, variants).await,
        Err(error) if error.is_loss() && matches!(error.key, BlobKey::Library(_)) => Ok(false),
        Err(error) if error.is_loss() => mark_damaged(app, still.blob_id).await.map(|_| false),
        Err(error) => Err(Error::StorageUnavailable(error.to_string())),
    }
}

async fn store(
    app: &App,
    context: &Context,
    id: AssetId,
    variants: Option<Variants>,
) -> Result<bool> {
    let [location, metadata] = match variants {
        Some(variants) => [Some(variants.without_location), Some(variants.without_metadata)],
        None => [None, None],
    };
    let rows = [
        row(id, Variant::WithoutLocation, location)?,
        row(id, Variant::WithoutMetadata, metadata)?,
    ];
    let context = context.clone();
    let stored = app.transact(move |transaction| async move {
        context.check(&transaction).await?;
        let known = OnConflict::columns([Column::AssetId, Column::Variant]).do_nothing().to_owned();
        let insert = Entity::insert_many(rows).on_conflict(known);
        insert.exec_without_returning(&*transaction).await?;
        Ok(true)
    });
    match stored.await {
        // The asset was deleted meanwhile, or the job is another worker's, as it finds out itself.
        Err(Error::Conflict) => Ok(false),
        other => other,
    }
}

fn row(id: AssetId, variant: Variant, stripped: Option<Stripped>) -> Result<ActiveModel> {
    let checksums = stripped.as_ref().map(|stripped| stripped.checksums);
    let size = checksums.map_or(0, |checksums| checksums.size);
    Ok(ActiveModel {
        asset_id: Set(id),
        variant: Set(variant),
        is_available: Set(stripped.is_some()),
        size_bytes: Set(i64::try_from(size).map_err(Error::internal)?),
        sha256: Set(checksums.map(|checksums| checksums.sha256.to_vec()).unwrap_or_default()),
        crc32: Set(checksums.map_or(0, |checksums| checksums.crc32.into())),
        splices: Set(stripped.map(|stripped| stripped.splices.encode()).unwrap_or_default()),
    })
}

/// A file as code that waits for its bytes reads it: on a thread that may block.
#[derive(Debug)]
struct Reader {
    blobs: BlobStore,
    source: Source,
    size: u64,
    handle: Handle,
    position: u64,
    /// Bytes that were read, and where they begin.
    window: (u64, Bytes),
    /// Why reading failed.
    error: Option<BlobError>,
}

impl Reader {
    fn new(blobs: BlobStore, source: Source, size: u64) -> Self {
        let handle = Handle::current();
        Self { blobs, source, size, handle, position: 0, window: (0, Bytes::new()), error: None }
    }

    /// What is at hand of the bytes from here on.
    fn rest(&self) -> &[u8] {
        let (start, bytes) = &self.window;
        let passed = self.position.checked_sub(*start).map(usize::try_from);
        passed.and_then(|passed| bytes.get(passed.ok()?..)).unwrap_or_default()
    }

    fn fetch(&mut self) -> io::Result<()> {
        let end = (self.position + WINDOW_BYTES).min(self.size);
        let pieces = vec![self.source.piece(self.position..end)];
        match self.handle.block_on(self.blobs.read(pieces)) {
            Ok(window) => {
                self.window = (self.position, window.bytes);
                Ok(())
            }
            Err(error) => {
                let kind = error.cause.kind();
                self.error = Some(error);
                Err(kind.into())
            }
        }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest().is_empty() && self.position < self.size {
            self.fetch()?;
        }
        let rest = self.rest();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
