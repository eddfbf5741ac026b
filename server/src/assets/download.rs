//! The bytes of an asset's file, from any offset.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{Stream, StreamExt as _, iter};

use super::{AssetView, Content};
use crate::access::{self, Actor, Interest};
use crate::app::App;
use crate::blob::{BlobError, BlobKey, Piece, Source};
use crate::entity::asset_file::{Kind, Model as AssetFile};
use crate::entity::shared_link::Metadata;
use crate::error::{Error, Resource, Result};
use crate::id::{AssetId, SharedLinkId};
use crate::media::{Splice, Splices};

/// How many bytes are read and sent at once. Larger windows cost memory for each slow client and
/// gain nothing; gRPC clients refuse messages over 4 MiB.
const WINDOW_BYTES: u64 = 1 << 20;
/// How many windows are read ahead of the one being sent.
const READ_AHEAD: usize = 2;

/// A file that the caller may have.
#[derive(Debug)]
pub struct Download {
    /// The file, in the form that the caller may have.
    pub file: AssetFile,
    /// Where its bytes, or those that it is made of, lie.
    source: Source,
    /// Its pieces, if it is not stored as it is.
    splices: Option<Splices>,
    /// How much it says.
    told: Metadata,
    app: App,
    actor: Actor,
    /// The link whose statistics count it.
    counted_by: Option<SharedLinkId>,
}

/// Grants the caller a file of an asset. Requires to see the asset and, of a guest, a link that
/// allows downloads; the file is then without what the link hides.
///
/// Fails with `VARIANT_NOT_READY` and `METADATA_NOT_REMOVABLE` if there is no such file yet, or none
/// at all, and with `ASSET_OFFLINE` if it is missing from its library.
pub async fn download(app: &App, actor: &Actor, id: AssetId, kind: Kind) -> Result<Download> {
    let connection = app.database.reader();
    let asset = access::asset(connection, actor, id).await?.downloadable()?;
    let counted_by = access::link_of_asset(connection, actor, id).await?;
    let sight = asset.sight();
    let mut views = super::with_files(app, actor, vec![asset.into_row()]).await?;
    let view = views.pop().ok_or_else(|| Error::not_found("asset", id))?;
    let (file, splices) = match kind {
        Kind::Still => {
            let splices = splices(app, &view).await?;
            (Some(view.still), splices)
        }
        Kind::Motion if sight.file() < Metadata::Full => {
            return Err(Error::MetadataNotRemovable(resource(id)));
        }
        Kind::Motion => (view.motion, None),
    };
    let file = file.ok_or_else(|| Error::not_found("asset", id))?;
    let source = source(app, &file).await?;
    let (app, actor, told) = (app.clone(), actor.clone(), sight.file());
    Ok(Download { file, source, splices, told, app, actor, counted_by })
}

/// Where the bytes of a file that the caller was granted lie. Fails with `ASSET_OFFLINE` if it is
/// missing from its library.
pub(super) async fn source(app: &App, file: &AssetFile) -> Result<Source> {
    if !file.is_library {
        return Ok(Source::Blob(BlobKey::Original(file.blob_id)));
    }
    let found = access::library_sources(app.database.reader(), &[file.blob_id]).await?;
    let found = found.into_iter().next();
    let found = found.ok_or_else(|| Error::AssetOffline(resource(file.asset_id)))?;
    Ok(Source::Library(Arc::new(found)))
}

/// Of which pieces of the stored bytes the file consists that the caller may have, if it is not all
/// of them.
async fn splices(app: &App, view: &AssetView) -> Result<Option<Splices>> {
    let id = view.asset.id;
    let variant = match view.content {
        Content::Original => return Ok(None),
        Content::Variant(variant) => variant,
        Content::NotReady => return Err(Error::VariantNotReady(resource(id))),
        Content::NotRemovable => return Err(Error::MetadataNotRemovable(resource(id))),
    };
    let row = access::variant(app.database.reader(), id, variant).await?;
    // Made anew since it was looked up.
    let row = row.filter(|row| row.sha256 == view.still.sha256).ok_or(Error::Conflict)?;
    Splices::decode(&row.splices).map(Some).map_err(Error::internal)
}

impl Download {
    /// The size of the whole file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.file.size_bytes.cast_unsigned()
    }

    /// The same, but no download as the statistics of links count them.
    #[must_use]
    pub fn uncounted(self) -> Self {
        Self { counted_by: None, ..self }
    }

    /// The bytes of a range, in chunks of at most 1 MiB. Ends with an error when the caller loses
    /// the right to them, and before the last chunk of a whole file if it is damaged.
    pub fn stream(self, range: Range<u64>) -> impl Stream<Item = Result<Bytes>> + Send {
        let Self { file, source, splices, told, app, actor, counted_by } = self;
        if let Some(link_id) = counted_by
            && range.start == 0
        {
            app.link_uses.note_download(link_id, app.now());
        }
        let checked = range == (0..file.size_bytes.cast_unsigned());
        let windows = windows(range).map(move |range| match &splices {
            None => vec![source.piece(range)],
            Some(splices) => spliced(splices, &source, range).collect(),
        });
        let (id, size) = (file.asset_id, file.size_bytes.cast_unsigned());
        let (mut hasher, mut sent) = (crc32fast::Hasher::new(), 0);
        let crc32 = file.crc32;
        let app_ = app.clone();
        let stream = read_windows(&app, windows).then(move |window| {
            let result = window.map_err(|error| lost(&error, id)).and_then(|(bytes, _)| {
                sent += bytes.len() as u64;
                if checked {
                    hasher.update(&bytes);
                    if sent == size && i64::from(hasher.clone().finalize()) != crc32 {
                        return Err(Error::DataDamaged(resource(id)));
                    }
                }
                Ok(bytes)
            });
            let (app, blob_id) = (app_.clone(), file.blob_id);
            async move {
                if matches!(result, Err(Error::DataDamaged(_)))
                    && super::mark_damaged(&app, blob_id).await?.is_none()
                {
                    return Err(Error::not_found("asset", id));
                }
                result
            }
        });
        access::guard(app, actor, Interest::Bytes, stream, move |app, actor| async move {
            let asset = access::asset(app.database.reader(), &actor, id).await?.downloadable()?;
            // A link that hides more than it did gives out another file.
            if asset.sight().gives(told) { Ok(()) } else { Err(Error::DownloadNotAllowed) }
        })
    }
}

/// The pieces of a range of a file that is made of a stored one.
pub fn spliced<'a>(
    splices: &'a Splices,
    source: &'a Source,
    range: Range<u64>,
) -> impl Iterator<Item = Piece> + use<'a> {
    splices.pieces(range).map(move |piece| match piece {
        Splice::File(range) => source.piece(range),
        Splice::Bytes(bytes) => Piece::Bytes(bytes),
    })
}

/// Cuts a range into windows.
fn windows(range: Range<u64>) -> impl Iterator<Item = Range<u64>> + Send {
    let step = usize::try_from(WINDOW_BYTES).unwrap_or(usize::MAX);
    let end = range.end;
    range.step_by(step).map(move |start| start..(start + WINDOW_BYTES).min(end))
}

/// Reads windows in order, ahead of whoever takes them. Each comes with its checksums, one for each
/// piece that is of a blob.
pub fn read_windows<I: Iterator<Item = Vec<Piece>> + Send>(
    app: &App,
    windows: I,
) -> impl Stream<Item = Result<(Bytes, Vec<u32>), BlobError>> + Send + use<I> {
    let blobs = app.blobs.clone();
    iter(windows)
        .map(move |pieces| {
            let blobs = blobs.clone();
            async move { blobs.read(pieces).await.map(|window| (window.bytes, window.checksums)) }
        })
        .buffered(READ_AHEAD)
}

/// Bytes that are gone are damage, unless they are others' to keep; a store that does not answer
/// may yet.
fn lost(error: &BlobError, id: AssetId) -> Error {
    match error.key {
        _ if !error.is_loss() => Error::StorageUnavailable(error.to_string()),
        BlobKey::Original(_) => Error::DataDamaged(resource(id)),
        BlobKey::Library(_) => Error::AssetOffline(resource(id)),
    }
}

fn resource(id: AssetId) -> Resource {
    Resource { kind: "asset", id: id.to_string() }
}
