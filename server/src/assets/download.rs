//! The bytes of an asset's file, from any offset.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::{Stream, StreamExt as _, iter};

use super::AssetView;
use crate::access::{self, Actor, Interest};
use crate::app::App;
use crate::blob::{BlobError, BlobKey, Piece};
use crate::entity::asset_file::{Kind, Model as AssetFile};
use crate::error::{Error, Resource, Result};
use crate::id::{AssetId, SharedLinkId};

/// How many bytes are read and sent at once. Larger windows cost memory for each slow client and
/// gain nothing; gRPC clients refuse messages over 4 MiB.
const WINDOW_BYTES: u64 = 1 << 20;
/// How many windows are read ahead of the one being sent.
const READ_AHEAD: usize = 2;

/// A file that the caller may have.
#[derive(Debug)]
pub struct Download {
    /// The file.
    pub file: AssetFile,
    app: App,
    actor: Actor,
    /// The link whose statistics count it.
    counted_by: Option<SharedLinkId>,
}

/// Grants the caller a file of an asset. Requires to see the asset and, of a guest, a link that
/// allows downloads.
pub async fn download(app: &App, actor: &Actor, id: AssetId, kind: Kind) -> Result<Download> {
    let connection = app.database.reader();
    let asset = access::asset(connection, actor, id).await?.downloadable()?;
    let counted_by = access::link_of_asset(connection, actor, id).await?;
    let mut views = super::with_files(app, vec![asset.into_row()]).await?;
    let file = match (views.pop(), kind) {
        (Some(AssetView { still, .. }), Kind::Still) => Some(still),
        (Some(AssetView { motion, .. }), Kind::Motion) => motion,
        (None, _) => None,
    };
    let file = file.ok_or_else(|| Error::not_found("asset", id))?;
    Ok(Download { file, app: app.clone(), actor: actor.clone(), counted_by })
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
        let Self { file, app, actor, counted_by } = self;
        if let Some(link_id) = counted_by
            && range.start == 0
        {
            app.link_uses.note_download(link_id, app.now());
        }
        let key = BlobKey::Original(file.blob_id);
        let checked = range == (0..file.size_bytes.cast_unsigned());
        let windows = windows(range).map(move |range| vec![Piece::Blob(key, range)]);
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
            access::asset(app.database.reader(), &actor, id).await?.downloadable()?;
            Ok(())
        })
    }
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

/// Bytes that are gone are damage; a store that does not answer may yet.
fn lost(error: &BlobError, id: AssetId) -> Error {
    if error.is_loss() {
        Error::DataDamaged(resource(id))
    } else {
        Error::StorageUnavailable(error.to_string())
    }
}

fn resource(id: AssetId) -> Resource {
    Resource { kind: "asset", id: id.to_string() }
}
