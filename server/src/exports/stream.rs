//! The bytes of an archive, from any offset.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crc32fast::Hasher;
use futures::stream::{Stream, StreamExt as _};

use crate::access::{self, Actor, Interest};
use crate::app::App;
use crate::assets;
use crate::blob::{BlobError, BlobKey, Piece};
use crate::entity::export::Model as Export;
use crate::entity::export_part::Model as Part;
use crate::error::{Error, Resource, Result};
use crate::id::{BlobId, ExportId};
use crate::zip::{self, Layout, Manifest};

/// How many bytes are read and sent at once.
const WINDOW_BYTES: u64 = 1 << 20;
/// How far the clocks of the servers of an installation may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// An archive that the caller may have.
#[derive(Debug)]
pub struct ExportPart {
    /// The archive's row, without its manifest.
    pub row: Part,
    layout: Layout,
    export: Export,
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
    Ok(ExportPart { row, layout, export, app: app.clone(), actor: actor.clone() })
}

impl ExportPart {
    /// The size of the whole archive in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layout.size()
    }

    /// The bytes of a range, in chunks of at most 1 MiB.
    ///
    /// Fails with `EXPORT_STALE` at once if an asset of the range is gone or withdrawn. The stream
    /// ends with it at the next chunk once one is withdrawn, with `DATA_DAMAGED` before the end of
    /// an entry that it sent from its start if the entry's bytes do not match its checksum, and with
    /// an error when the caller loses the right to it.
    pub async fn stream(
        self,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + use<>> {
        let Self { layout, app, actor, export, .. } = self;
        let blobs: Arc<[BlobId]> = blobs(&layout, &range).into();
        let connection = app.database.reader();
        if !access::has_all_blobs(connection, &blobs, selected_by(&actor, &export)).await? {
            return Err(Error::ExportStale(export.id.to_string()));
        }
        refuse_withdrawn(&app, &actor, &export, &blobs).await?;
        metrics::counter!("albumen_export_streams_total").increment(1);
        if let Some(link_id) = export.shared_link_id
            && range.start == 0
        {
            app.link_uses.note_download(link_id, app.now());
        }
        let windows = Windows { layout: layout.clone(), position: range.start, end: range.end };
        let mut check = Check { layout, position: range.start, running: None };
        let (app_, export_id) = (app.clone(), export.id);
        let stream = assets::read_windows(&app, windows).then(move |window| {
            let checked = match window {
                Ok((bytes, checksums)) => check.window(bytes, &checksums),
                Err(error) => Err(Failure::Read(error)),
            };
            let app = app_.clone();
            async move {
                match checked {
                    Ok(bytes) => Ok(bytes),
                    Err(failure) => Err(explain(&app, export_id, failure).await),
                }
            }
        });
        Ok(access::guard(app, actor, Interest::Bytes, stream, move |app, actor| {
            let blobs = Arc::clone(&blobs);
            async move {
                let connection = app.database.reader();
                let export = access::export(connection, &actor, export_id, app.now()).await?;
                if let Some(actor) = selected_by(&actor, &export)
                    && !access::has_all_blobs(connection, &blobs, Some(actor)).await?
                {
                    return Err(Error::ExportStale(export_id.to_string()));
                }
                refuse_withdrawn(&app, &actor, &export, &blobs).await
            }
        }))
    }
}

/// The caller, if the export is of a selection: that is what they may still see. What an album had
/// when it was exported stays in its export instead, unless it is withdrawn.
fn selected_by<'a>(actor: &'a Actor, export: &Export) -> Option<&'a Actor> {
    export.album_id.is_none().then_some(actor)
}

/// Fails with `EXPORT_STALE` if one of the blobs was withdrawn since the export was made.
async fn refuse_withdrawn(
    app: &App,
    actor: &Actor,
    export: &Export,
    blobs: &[BlobId],
) -> Result<()> {
    let since = export.create_time.before(CLOCK_SKEW);
    let is_stale = access::is_withdrawn(app.database.reader(), actor, blobs, since).await?;
    if is_stale { Err(Error::ExportStale(export.id.to_string())) } else { Ok(()) }
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
async fn explain(app: &App, export_id: ExportId, failure: Failure) -> Error {
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
    match assets::mark_damaged(app, blob).await {
        Ok(Some(id)) => Error::DataDamaged(Resource { kind: "asset", id: id.to_string() }),
        Ok(None) => Error::ExportStale(export_id.to_string()),
        Err(error) => error,
    }
}
