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
use crate::blob::{BlobKey, LibraryFile, Piece, Source};
use crate::entity::asset_file::Model as AssetFile;
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
/// Added to one of these: the file lies in libraries.
const IN_LIBRARY: u8 = 16;

/// What an entry's bytes come from.
pub(super) fn source(file: &AssetFile, content: Content) -> zip::Source {
    let variant = match content {
        Content::Variant(Variant::WithoutLocation) => WITHOUT_LOCATION,
        Content::Variant(Variant::WithoutMetadata) => WITHOUT_METADATA,
        Content::Original | Content::NotReady | Content::NotRemovable => ORIGINAL,
    };
    let place = if file.is_library { IN_LIBRARY } else { 0 };
    zip::Source { id: *file.blob_id.as_bytes(), variant: variant | place }
}

fn is_in_library(source: zip::Source) -> bool {
    source.variant & IN_LIBRARY != 0
}

fn variant(source: zip::Source) -> Result<Option<Variant>> {
    match source.variant & !IN_LIBRARY {
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
    /// Those that lie in libraries.
    files: Arc<HashMap<BlobId, Arc<LibraryFile>>>,
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
        let files = library_files(app, &layout, range).await?;
        Ok(Self { layout, splices: Arc::new(splices), files: Arc::new(files) })
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
                let blob = BlobId::from_bytes(entry.source.id);
                let source = match self.files.get(&blob) {
                    None => Source::Blob(BlobKey::Original(blob)),
                    Some(file) => Source::Library(Arc::clone(file)),
                };
                match self.splices.get(&entry.source) {
                    None => vec![source.piece(range)],
                    Some(splices) => assets::spliced(splices, &source, range).collect(),
                }
            }
        }
    }
}

/// The files of a stretch that lie in libraries. One that is nowhere now has no places: reading it
/// fails.
async fn library_files(
    app: &App,
    layout: &Layout,
    range: &Range<u64>,
) -> Result<HashMap<BlobId, Arc<LibraryFile>>> {
    let wanted = entries(layout, range).filter(|entry| is_in_library(entry.source));
    let wanted: Vec<_> = wanted.map(|entry| BlobId::from_bytes(entry.source.id)).collect();
    let files = access::library_sources(app.database.reader(), &wanted).await?;
    Ok(files.into_iter().map(|file| (file.blob_id, Arc::new(file))).collect())
}
