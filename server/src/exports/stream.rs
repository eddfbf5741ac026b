//! The bytes of an archive, from any offset.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crc32fast::Hasher;
use futures::stream::{Stream, StreamExt as _, TryStreamExt as _, iter};

use super::entries::{self, Stretch};
use crate::access::{self, Actor, Interest};
use crate::app::App;
use crate::assets;
use crate::blob::{BlobError, BlobKey, Piece};
use crate::entity::export::Model as Export;
use crate::entity::export_part::Model as Part;
use crate::entity::shared_link::Metadata;
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
        let files: Arc<[(BlobId, Metadata)]> = entries::blobs(&layout, &range)?.into();
        if export.album_id.is_some() {
            let blobs: Vec<_> = files.iter().map(|(blob, _)| *blob).collect();
            if !access::has_all_blobs(app.database.reader(), &blobs, None).await? {
                return Err(Error::ExportStale(export.id.to_string()));
            }
        }
        refuse_stale(&app, &actor, &export, &files).await?;
        metrics::counter!("albumen_export_streams_total").increment(1);
        if let Some(link_id) = export.shared_link_id
            && range.start == 0
        {
            app.link_uses.note_download(link_id, app.now());
        }
        let mut check = Check { position: range.start, running: None };
        let export_id = export.id;
        let (app_, stretches) = (app.clone(), entries::stretches(&layout, range));
        let windows = iter(stretches)
            .then(move |range| windows(app_.clone(), layout.clone(), export_id, range));
        let app_ = app.clone();
        let stream = windows.try_flatten().then(move |window| {
            let checked =
                window.and_then(|(stretch, bytes, sums)| check.window(&stretch, bytes, &sums));
            let app = app_.clone();
            async move {
                match checked {
                    Ok(bytes) => Ok(bytes),
                    Err(failure) => Err(explain(&app, export_id, failure).await),
                }
            }
        });
        Ok(access::guard(app, actor, Interest::Bytes, stream, move |app, actor| {
            let files = Arc::clone(&files);
            async move {
                let connection = app.database.reader();
                let export = access::export(connection, &actor, export_id, app.now()).await?;
                refuse_stale(&app, &actor, &export, &files).await
            }
        }))
    }
}

/// Fails with `EXPORT_STALE` if the caller may no longer have one of the files: of a selection, what
/// they no longer see; what an album had when it was exported stays in its export instead. Nobody
/// has what was withdrawn since, nor what now shows more than the link does.
async fn refuse_stale(
    app: &App,
    actor: &Actor,
    export: &Export,
    files: &[(BlobId, Metadata)],
) -> Result<()> {
    let blobs: Vec<_> = files.iter().map(|(blob, _)| *blob).collect();
    let connection = app.database.reader();
    let since = export.create_time.before(CLOCK_SKEW);
    let is_good = (export.album_id.is_some()
        || access::has_all_blobs(connection, &blobs, Some(actor)).await?)
        && access::may_have_blobs(connection, actor, export, files).await?
        && !access::is_withdrawn(connection, actor, &blobs, since).await?;
    if is_good { Ok(()) } else { Err(Error::ExportStale(export.id.to_string())) }
}

/// Reads the windows of a stretch.
async fn windows(
    app: App,
    layout: Layout,
    export_id: ExportId,
    range: Range<u64>,
) -> Result<impl Stream<Item = Result<(Stretch, Bytes, Vec<u32>), Failure>> + Send, Failure> {
    let stale = || Error::ExportStale(export_id.to_string());
    let stretch = Stretch::load(&app, layout, &range, stale).await.map_err(Failure::Refused)?;
    let windows = Windows { stretch: stretch.clone(), position: range.start, end: range.end };
    Ok(assets::read_windows(&app, windows).map(move |window| match window {
        Ok((bytes, checksums)) => Ok((stretch.clone(), bytes, checksums)),
        Err(error) => Err(Failure::Read(error)),
    }))
}

/// The windows of a stretch, each as the pieces that lie in it.
struct Windows {
    stretch: Stretch,
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
        let pieces = self.stretch.layout().pieces(window);
        Some(pieces.flat_map(|piece| self.stretch.read(piece)).collect())
    }
}

enum Failure {
    /// A blob could not be read.
    Read(BlobError),
    /// A blob's bytes do not match their checksum.
    Checksum(BlobId),
    /// Something else, as the caller is told.
    Refused(Error),
}

/// Follows the bytes of a stream and compares each entry that passes whole with its checksum.
struct Check {
    position: u64,
    /// The entry that is passing, if it began in this stream.
    running: Option<(usize, Hasher)>,
}

impl Check {
    /// A window that holds the end of a damaged entry is not sent at all: what comes before it
    /// stays short of that end. `checksums` are those of the pieces that are of blobs.
    fn window(
        &mut self,
        stretch: &Stretch,
        bytes: Bytes,
        checksums: &[u32],
    ) -> Result<Bytes, Failure> {
        let window = self.position..self.position + bytes.len() as u64;
        self.position = window.end;
        let mut checksums = checksums.iter().copied();
        for piece in stretch.layout().pieces(window) {
            let zip::Piece::File { entry, range } = &piece else { continue };
            let (index, range) = (*entry, range.clone());
            if range.start == 0 {
                self.running = Some((index, Hasher::new()));
            }
            for part in stretch.read(piece) {
                let (checksum, len) = match part {
                    Piece::Bytes(bytes) => (crc32fast::hash(&bytes), bytes.len() as u64),
                    Piece::Blob(_, range) | Piece::Library(_, range) => {
                        (checksums.next().unwrap_or_default(), range.end - range.start)
                    }
                };
                if let Some((_, hasher)) = self.running.as_mut().filter(|(of, _)| *of == index) {
                    hasher.combine(&Hasher::new_with_initial_len(checksum, len));
                }
            }
            self.end(stretch.layout(), index, range.end)?;
        }
        Ok(bytes)
    }

    /// Compares an entry that has passed up to `end` with its checksum, if that is all of it.
    fn end(&self, layout: &Layout, index: usize, end: u64) -> Result<(), Failure> {
        let Some(entry) = layout.manifest().entry(index) else { return Ok(()) };
        let Some((_, hasher)) = self.running.as_ref().filter(|(of, _)| *of == index) else {
            return Ok(());
        };
        if end == entry.size && hasher.clone().finalize() != entry.crc32 {
            return Err(Failure::Checksum(BlobId::from_bytes(entry.source.id)));
        }
        Ok(())
    }
}

/// Finds out whose bytes failed, and remembers damage.
async fn explain(app: &App, export_id: ExportId, failure: Failure) -> Error {
    let (blob, error) = match failure {
        Failure::Refused(error) => return error,
        Failure::Checksum(blob) => (blob, None),
        Failure::Read(error) => (error.key.id(), Some(error)),
    };
    if let Some(error) = &error
        && !error.is_loss()
    {
        return Error::StorageUnavailable(error.to_string());
    }
    if let Some(error) = error
        && matches!(error.key, BlobKey::Library(_))
    {
        return offline(app, export_id, blob).await;
    }
    match assets::mark_damaged(app, blob).await {
        Ok(Some(id)) => Error::DataDamaged(Resource { kind: "asset", id: id.to_string() }),
        Ok(None) => Error::ExportStale(export_id.to_string()),
        Err(error) => error,
    }
}

/// A file that is not where a scan found it is no damage: it may be back, or elsewhere.
async fn offline(app: &App, export_id: ExportId, blob: BlobId) -> Error {
    match access::asset_of_blob(app.database.reader(), blob).await {
        Ok(Some(file)) => {
            Error::AssetOffline(Resource { kind: "asset", id: file.asset_id.to_string() })
        }
        Ok(None) => Error::ExportStale(export_id.to_string()),
        Err(error) => error,
    }
}
