//! The bytes of an archive, from any offset.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use crc32fast::Hasher;
use futures::stream::{Stream, StreamExt as _};

use crate::access::{self, Actor};
use crate::app::App;
use crate::assets;
use crate::blob::{BlobError, BlobKey, Piece};
use crate::entity::export_part::Model as Part;
use crate::error::{Error, Resource, Result};
use crate::id::{BlobId, ExportId};
use crate::zip::{self, Layout, Manifest};

/// How many bytes are read and sent at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// An archive that the caller may have.
#[derive(Debug)]
pub struct ExportPart {
    /// The archive's row, without its manifest.
    pub row: Part,
    layout: Layout,
    export_id: ExportId,
    is_selection: bool,
    app: App,
    actor: Actor,
}

/// Grants the caller an archive of an export. Requires what creating the export did, still.
pub async fn part(app: &App, actor: &Actor, id: ExportId, number: i32) -> Result<ExportPart> {
    let connection = app.database.reader();
    let export = access::export(connection, actor, id, app.now()).await?;
    let mut row = access::export_part(connection, &export, number).await?;
    let manifest = Bytes::from(std::mem::take(&mut row.manifest));
    let layout = Layout::new(Manifest::from_bytes(manifest).map_err(Error::internal)?);
    let is_selection = export.album_id.is_none();
    let (app, actor) = (app.clone(), actor.clone());
    Ok(ExportPart { row, layout, export_id: id, is_selection, app, actor })
}

impl ExportPart {
    /// The size of the whole archive in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layout.size()
    }

    /// The bytes of a range, in chunks of at most 1 MiB.
    ///
    /// Fails with `EXPORT_STALE` at once if an asset of the range is gone. The stream ends with
    /// `DATA_DAMAGED` before the end of an entry that it sent from its start if the entry's bytes
    /// do not match its checksum, and with an error when the caller loses the right to it.
    pub async fn stream(
        self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + use<>> {
        let connection = self.app.database.reader();
        let visible_to = self.is_selection.then_some(&self.actor);
        let blobs = blobs(&self.layout, &range);
        if !access::has_all_blobs(connection, &blobs, visible_to).await? {
            return Err(Error::ExportStale(self.export_id.to_string()));
        }
        metrics::counter!("albumen_export_streams_total").increment(1);
        let Self { layout, app, actor, export_id, is_selection, .. } = self;
        let blobs: Arc<[BlobId]> = blobs.into();
        let windows = Windows { layout: layout.clone(), position: range.start, end: range.end };
        let mut check = Check { layout, position: range.start, running: None };
        let app_ = app.clone();
        let stream = assets::read_windows(&app, windows).then(move |window| {
            let checked = match window {
                Ok((bytes, checksums)) => check.window(bytes, &checksums),
                Err(error) => Err(Failure::Read(error)),
            };
            let app = app_.clone();
            async move {
                match checked {
                    Ok(bytes) => Ok(bytes),
                    Err(failure) => Err(explain(&app, failure).await),
                }
            }
        });
        Ok(access::guard(app, actor, stream, move |app, actor| {
            let blobs = Arc::clone(&blobs);
            async move {
                let connection = app.database.reader();
                access::export(connection, &actor, export_id, app.now()).await?;
                // What an album had when it was exported stays in its export; a selection is what
                // the caller may still see.
                if is_selection && !access::has_all_blobs(connection, &blobs, Some(&actor)).await? {
                    return Err(Error::ExportStale(export_id.to_string()));
                }
                Ok(())
            }
        }))
    }
}

/// The blobs whose bytes lie in a range of an archive.
fn blobs(layout: &Layout, range: &Range<u64>) -> Vec<BlobId> {
    let manifest = layout.manifest();
    let Some(first) = manifest.find(range.start) else { return Vec::new() };
    (first..manifest.len())
        .map_while(|index| manifest.entry(index))
        .take_while(|entry| entry.offset < range.end)
        .map(|entry| BlobId::from_bytes(entry.source.id))
        .collect()
}

/// The windows of a range, each as the pieces that lie in it.
struct Windows {
    layout: Layout,
    position: u64,
    end: u64,
}

impl Iterator for Windows {
    type Item = Vec<Piece>;

    fn next(&mut self) -> Option<Vec<Piece>> {
        if self.position >= self.end {
            return None;
        }
        let window = self.position..(self.position + WINDOW_BYTES).min(self.end);
        self.position = window.end;
        let manifest = self.layout.manifest();
        let pieces = self.layout.pieces(window).filter_map(|piece| match piece {
            zip::Piece::Bytes(bytes) => Some(Piece::Bytes(bytes)),
            zip::Piece::File { entry, range } => {
                let id = BlobId::from_bytes(manifest.entry(entry)?.source.id);
                Some(Piece::Blob(BlobKey::Original(id), range))
            }
        });
        Some(pieces.collect())
    }
}

enum Failure {
    /// A blob could not be read.
    Read(BlobError),
    /// A blob's bytes do not match their checksum.
    Checksum(BlobId),
}

/// Follows the bytes of a stream and compares each entry that passes whole with its checksum.
struct Check {
    layout: Layout,
    position: u64,
    /// The entry that is passing, if it began in this stream.
    running: Option<(usize, Hasher)>,
}

impl Check {
    /// A window that holds the end of a damaged entry is not sent at all: what comes before it
    /// stays short of that end.
    fn window(&mut self, bytes: Bytes, checksums: &[u32]) -> Result<Bytes, Failure> {
        let window = self.position..self.position + bytes.len() as u64;
        self.position = window.end;
        let layout = self.layout.clone();
        let files = layout.pieces(window).filter_map(|piece| match piece {
            zip::Piece::File { entry, range } => Some((entry, range)),
            zip::Piece::Bytes(_) => None,
        });
        for ((entry, range), checksum) in files.zip(checksums) {
            self.file(entry, &range, *checksum)?;
        }
        Ok(bytes)
    }

    fn file(&mut self, index: usize, range: &Range<u64>, checksum: u32) -> Result<(), Failure> {
        let Some(entry) = self.layout.manifest().entry(index) else { return Ok(()) };
        if range.start == 0 {
            self.running = Some((index, Hasher::new()));
        }
        let Some((running, hasher)) = &mut self.running else { return Ok(()) };
        if *running != index {
            return Ok(());
        }
        hasher.combine(&Hasher::new_with_initial_len(checksum, range.end - range.start));
        if range.end == entry.size && hasher.clone().finalize() != entry.crc32 {
            return Err(Failure::Checksum(BlobId::from_bytes(entry.source.id)));
        }
        Ok(())
    }
}

/// Finds out whose bytes failed, and remembers damage.
async fn explain(app: &App, failure: Failure) -> Error {
    let (blob, error) = match &failure {
        Failure::Checksum(blob) => (*blob, None),
        Failure::Read(error) => {
            let BlobKey::Original(blob) = error.key;
            (blob, Some(error))
        }
    };
    if let Some(error) = error
        && !error.is_loss()
    {
        return Error::StorageUnavailable(error.to_string());
    }
    match access::asset_of_blob(app.database.reader(), blob).await {
        Ok(Some(file)) => match assets::mark_damaged(app, &file).await {
            Ok(()) => Error::DataDamaged(Resource { kind: "asset", id: file.asset_id.to_string() }),
            Err(error) => error,
        },
        Ok(None) => Error::internal("an export streams bytes that no asset has"),
        Err(error) => error,
    }
}
