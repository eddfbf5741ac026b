//! Where the bytes of an archive's entries come from.
//!
//! A manifest names a blob, and which form of it. The pieces of a form without metadata are looked
//! up when they are needed, for a few hundred entries at a time.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::access;
use crate::app::App;
use crate::assets::{self, Content};
use crate::blob::{BlobKey, Piece};
use crate::entity::asset_variant::Variant;
use crate::entity::shared_link::Metadata;
use crate::error::{Error, Result};
use crate::id::BlobId;
use crate::media::Splices;
use crate::zip::{self, EntryRef, Layout};

/// How many entries' pieces are looked up at once.
const ENTRIES: usize = 256;

/// A file as it was uploaded.
const ORIGINAL: u8 = 0;
const WITHOUT_LOCATION: u8 = 2;
const WITHOUT_METADATA: u8 = 3;

/// What an entry's bytes come from.
pub(super) fn source(blob: BlobId, content: Content) -> zip::Source {
    let variant = match content {
        Content::Variant(Variant::WithoutLocation) => WITHOUT_LOCATION,
        Content::Variant(Variant::WithoutMetadata) => WITHOUT_METADATA,
        Content::Original | Content::NotReady | Content::NotRemovable => ORIGINAL,
    };
    zip::Source { id: *blob.as_bytes(), variant }
}

fn variant(source: zip::Source) -> Result<Option<Variant>> {
    match source.variant {
        ORIGINAL => Ok(None),
        WITHOUT_LOCATION => Ok(Some(Variant::WithoutLocation)),
        WITHOUT_METADATA => Ok(Some(Variant::WithoutMetadata)),
        other => Err(Error::internal(format!("an entry of the unknown variant {other}"))),
    }
}

/// The entries whose bytes lie in a range of an archive.
fn entries<'a>(
    layout: &'a Layout,
    range: &Range<u64>,
) -> impl Iterator<Item = EntryRef<'a>> + use<'a> {
    let (manifest, end) = (layout.manifest(), range.end);
    let first = manifest.find(range.start).unwrap_or(manifest.len());
    (first..manifest.len())
        .map_while(|index| manifest.entry(index))
        .take_while(move |entry| entry.offset < end)
}

/// The blobs of which a range of an archive tells, and how much the files made of them say. Its end
/// is a directory of all entries, with their names.
pub(super) fn blobs(layout: &Layout, range: &Range<u64>) -> Result<Vec<(BlobId, Metadata)>> {
    let last = range.end.checked_sub(1).filter(|last| *last >= range.start);
    let has_directory = last.is_some_and(|last| layout.manifest().find(last).is_none());
    let range = if has_directory { &(0..layout.size()) } else { range };
    let blobs = entries(layout, range).map(|entry| {
        let variant = variant(entry.source)?;
        let told = variant.map_or(Metadata::Full, Variant::metadata);
        Ok((BlobId::from_bytes(entry.source.id), told))
    });
    blobs.collect()
}

/// Cuts a range of an archive into stretches, of each of which the pieces are looked up at once:
/// the whole, if there is nothing to look up.
pub(super) fn stretches(layout: &Layout, range: Range<u64>) -> Vec<Range<u64>> {
    if entries(layout, &range).all(|entry| entry.source.variant == ORIGINAL) {
        return vec![range];
    }
    let starts = entries(layout, &range).step_by(ENTRIES).skip(1).map(|entry| entry.offset);
    let starts: Vec<_> = std::iter::once(range.start).chain(starts).collect();
    let ends = starts[1..].iter().copied().chain([range.end]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// A layout, with what is needed to read the entries of one stretch.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    layout: Layout,
    splices: Arc<HashMap<zip::Source, Splices>>,
}

impl Stretch {
    /// Looks up the pieces of a stretch. Fails with `stale` if those of an entry are gone, or are
    /// other ones than when the archive was settled.
    pub(super) async fn load(
        app: &App,
        layout: Layout,
        range: &Range<u64>,
        stale: impl Fn() -> Error,
    ) -> Result<Self> {
        let mut wanted = HashMap::new();
        for entry in entries(&layout, range) {
            if let Some(variant) = variant(entry.source)? {
                let made = (entry.size, i64::from(entry.crc32));
                wanted.insert((BlobId::from_bytes(entry.source.id), variant), (made, entry.source));
            }
        }
        let blobs: Vec<_> = wanted.keys().map(|(blob, _)| *blob).collect();
        let rows = match blobs.as_slice() {
            [] => Vec::new(),
            blobs => access::variants_of_blobs(app.database.reader(), blobs).await?,
        };
        let mut splices = HashMap::new();
        for (blob, row) in rows {
            // There are rows of both variants.
            let Some((made, source)) = wanted.get(&(blob, row.variant)) else { continue };
            if *made == (row.size_bytes.cast_unsigned(), row.crc32) {
                splices.insert(*source, Splices::decode(&row.splices).map_err(Error::internal)?);
            }
        }
        if splices.len() < wanted.len() {
            return Err(stale());
        }
        Ok(Self { layout, splices: Arc::new(splices) })
    }

    /// The layout of the whole archive.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What a piece of the archive is read from.
    pub(super) fn read(&self, piece: zip::Piece) -> Vec<Piece> {
        match piece {
            zip::Piece::Bytes(bytes) => vec![Piece::Bytes(bytes)],
            zip::Piece::File { entry, range } => {
                let Some(entry) = self.layout.manifest().entry(entry) else { return Vec::new() };
                let key = BlobKey::Original(BlobId::from_bytes(entry.source.id));
                match self.splices.get(&entry.source) {
                    None => vec![Piece::Blob(key, range)],
                    Some(splices) => assets::spliced(splices, key, range).collect(),
                }
            }
        }
    }
}
