//! The packed list of an archive's entries, as it is stored.
//!
//! A header, then a record of fixed length for each entry, then all names in UTF-8, one after the
//! other. Numbers are little-endian:
//!
//! | header | bytes | | record | bytes |
//! |---|---|---|---|---|
//! | `AZM` | 3 | | source: id, variant | 16 + 1 |
//! | format version | 1 | | size of the file | 8 |
//! | number of entries | 4 | | CRC-32 | 4 |
//! | | | | Unix time, signed | 8 |
//! | | | | DOS time | 4 |
//! | | | | offset of the local header in the archive | 8 |
//! | | | | offset of the directory header in the central directory | 8 |
//! | | | | end of the name among the names | 4 |

use super::headers::Extent;
use super::time::EntryTime;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Range;

/// Version of the manifest and of the archive made from it.
///
/// It belongs into the entity tag of an archive: it changes with every change of the bytes that a
/// list of entries leads to.
pub const FORMAT_VERSION: u8 = 1;

const MAGIC: &[u8; 3] = b"AZM";
const HEADER_LEN: usize = 8;
const RECORD_LEN: usize = 61;

/// Longest name in bytes that a zip header can carry (APPNOTE 4.4.10).
const MAX_HEADER_NAME: usize = u16::MAX as usize;

/// Most bytes before the central directory, so that every length in the archive fits an `i64`.
const MAX_ENTRIES_LEN: u64 = 1 << 62;

/// Which bytes an entry holds: a key that this module carries and never interprets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// The asset.
    pub id: [u8; 16],
    /// Which of its files.
    pub variant: u8,
}

/// A file on its way into an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where its bytes come from.
    pub source: Source,
    /// Path in the archive with `/` between folders, 1 to 65 535 bytes, made safe by
    /// [`Names`](super::Names).
    pub name: String,
    /// Length in bytes.
    pub size: u64,
    /// CRC-32 of all bytes (APPNOTE 4.4.7).
    pub crc32: u32,
    /// Time of modification.
    pub time: EntryTime,
}

/// An entry read from a [`Manifest`], at its place in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRef<'a> {
    /// Where its bytes come from.
    pub source: Source,
    /// Path in the archive.
    pub name: &'a str,
    /// Length of the file in bytes.
    pub size: u64,
    /// CRC-32 of the file.
    pub crc32: u32,
    /// Time of modification in seconds since 1970-01-01 UTC.
    pub unix_seconds: i64,
    /// Local time of modification in MS-DOS form: date in the upper 16 bits, time in the lower.
    pub dos_time: u32,
    /// Where its local header starts, in bytes from the start of the archive.
    pub offset: u64,
    /// Where its directory header starts, in bytes from the start of the central directory.
    pub directory_offset: u64,
}

/// Why there is no manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The bytes are not what a manifest of this version consists of.
    #[error("malformed archive manifest")]
    Malformed,
    /// The bytes are a manifest of another format version.
    #[error("archive manifest of version {0}, not {FORMAT_VERSION}")]
    Version(u8),
    /// A name that no zip header can carry.
    #[error("name of {0} bytes in an archive, not 1 to {MAX_HEADER_NAME}")]
    NameLength(usize),
    /// More than 2⁶² bytes of entries, 2³² − 1 entries, or 4 GiB of names.
    #[error("archive too large")]
    TooLarge,
}

/// The entries of one archive in order, packed into the bytes that are stored.
///
/// Cloning is cheap: clones share the bytes. A manifest is always consistent: the offsets in it are
/// the ones that its own sizes and names lead to.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest {
    bytes: Bytes,
    extent: Extent,
}

impl Manifest {
    /// Packs the entries of an archive, in the order they will have in it.
    ///
    /// # Errors
    ///
    /// [`ManifestError::NameLength`] and [`ManifestError::TooLarge`].
    pub fn new(entries: impl IntoIterator<Item: Borrow<Entry>>) -> Result<Self, ManifestError> {
        let mut records = BytesMut::new();
        let mut names = BytesMut::new();
        let mut extent = Extent::default();
        for entry in entries {
            let entry = extent.place(entry.borrow());
            push(&mut extent, &entry)?;
            names.put_slice(entry.name.as_bytes());
            let name_end = u32::try_from(names.len()).map_err(|_| ManifestError::TooLarge)?;
            put_record(&mut records, &entry, name_end);
        }
        let count = u32::try_from(extent.count).map_err(|_| ManifestError::TooLarge)?;
        let mut bytes = BytesMut::with_capacity(HEADER_LEN + records.len() + names.len());
        bytes.put_slice(MAGIC);
        bytes.put_u8(FORMAT_VERSION);
        bytes.put_u32_le(count);
        bytes.put(records);
        bytes.put(names);
        Ok(Self { bytes: bytes.freeze(), extent })
    }

    /// Opens stored bytes, without copying them. Every entry is checked once, in one pass.
    ///
    /// # Errors
    ///
    /// [`ManifestError`] unless the bytes are a consistent manifest of this version.
    pub fn from_bytes(bytes: Bytes) -> Result<Self, ManifestError> {
        let count = read_header(&bytes)?;
        let mut manifest = Self { bytes, extent: Extent { count, ..Extent::default() } };
        let mut extent = Extent::default();
        for index in 0..manifest.len() {
            let entry = manifest.entry(index).ok_or(ManifestError::Malformed)?;
            if (entry.offset, entry.directory_offset) != (extent.entries, extent.directory) {
                return Err(ManifestError::Malformed);
            }
            push(&mut extent, &entry)?;
        }
        if manifest.name_end(manifest.len()) != manifest.bytes.len() {
            return Err(ManifestError::Malformed);
        }
        manifest.extent = extent;
        Ok(manifest)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.extent.count as usize
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.extent.count == 0
    }

    /// The entry at `index`, counted from 0.
    #[must_use]
    pub fn entry(&self, index: usize) -> Option<EntryRef<'_>> {
        let (entry, _) = get_record(self.records().get(index)?);
        let name = self.bytes.get(self.name_range(index))?;
        Some(EntryRef { name: str::from_utf8(name).ok()?, ..entry })
    }

    /// All entries in order.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        (0..self.len()).filter_map(|index| self.entry(index))
    }

    /// Index of the entry whose local header or file covers this offset in the archive, by binary
    /// search; `None` from the start of the central directory on.
    #[must_use]
    pub fn find(&self, offset: u64) -> Option<usize> {
        if offset >= self.extent.entries {
            return None;
        }
        let records = self.records();
        records.partition_point(|record| get_record(record).0.offset <= offset).checked_sub(1)
    }

    /// Index of the entry whose directory header covers this offset in the central directory.
    pub(super) fn find_in_directory(&self, offset: u64) -> Option<usize> {
        if offset >= self.extent.directory {
            return None;
        }
        let records = self.records();
        records
            .partition_point(|record| get_record(record).0.directory_offset <= offset)
            .checked_sub(1)
    }

    /// How much the archive holds.
    pub(super) fn extent(&self) -> Extent {
        self.extent
    }

    fn records(&self) -> &[[u8; RECORD_LEN]] {
        self.bytes[HEADER_LEN..self.names_start()].as_chunks().0
    }

    fn names_start(&self) -> usize {
        HEADER_LEN + self.len() * RECORD_LEN
    }

    /// Where the name of an entry lies in the bytes.
    fn name_range(&self, index: usize) -> Range<usize> {
        self.name_end(index)..self.name_end(index + 1)
    }

    /// Where the names of the first `count` entries end.
    fn name_end(&self, count: usize) -> usize {
        let last = count.checked_sub(1).and_then(|index| self.records().get(index));
        self.names_start() + last.map_or(0, |record| get_record(record).1 as usize)
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest").field("extent", &self.extent).finish_non_exhaustive()
    }
}

/// Counts one more entry, if an archive can hold it.
fn push(extent: &mut Extent, entry: &EntryRef<'_>) -> Result<(), ManifestError> {
    if !(1..=MAX_HEADER_NAME).contains(&entry.name.len()) {
        return Err(ManifestError::NameLength(entry.name.len()));
    }
    extent.push(entry);
    if extent.entries > MAX_ENTRIES_LEN {
        return Err(ManifestError::TooLarge);
    }
    Ok(())
}

/// Number of entries that the header announces and the length has room for.
fn read_header(bytes: &[u8]) -> Result<u64, ManifestError> {
    let mut header = bytes.strip_prefix(MAGIC).ok_or(ManifestError::Malformed)?;
    match header.try_get_u8() {
        Ok(FORMAT_VERSION) => {}
        Ok(other) => return Err(ManifestError::Version(other)),
        Err(_) => return Err(ManifestError::Malformed),
    }
    let count = header.try_get_u32_le().map_err(|_| ManifestError::Malformed)?;
    if header.len() / RECORD_LEN < count as usize {
        return Err(ManifestError::Malformed);
    }
    Ok(u64::from(count))
}

fn put_record(out: &mut BytesMut, entry: &EntryRef<'_>, name_end: u32) {
    out.put_slice(&entry.source.id);
    out.put_u8(entry.source.variant);
    out.put_u64_le(entry.size);
    out.put_u32_le(entry.crc32);
    out.put_i64_le(entry.unix_seconds);
    out.put_u32_le(entry.dos_time);
    out.put_u64_le(entry.offset);
    out.put_u64_le(entry.directory_offset);
    out.put_u32_le(name_end);
}

/// The entry, still without its name, and the end of the name.
fn get_record(record: &[u8; RECORD_LEN]) -> (EntryRef<'static>, u32) {
    let mut record = record.as_slice();
    let mut source = Source::default();
    record.copy_to_slice(&mut source.id);
    source.variant = record.get_u8();
    let entry = EntryRef {
        source,
        name: "",
        size: record.get_u64_le(),
        crc32: record.get_u32_le(),
        unix_seconds: record.get_i64_le(),
        dos_time: record.get_u32_le(),
        offset: record.get_u64_le(),
        directory_offset: record.get_u64_le(),
    };
    (entry, record.get_u32_le())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let time = (any::<i64>(), any::<i32>()).prop_map(|(unix_seconds, local_offset_seconds)| {
            EntryTime { unix_seconds, local_offset_seconds }
        });
        let size = prop_oneof![Just(0), 0..1_000_u64, 0..1_u64 << 50];
        let entry = (any::<[u8; 16]>(), any::<u8>(), "\\PC{1,20}", size, any::<u32>(), time)
            .prop_map(|(id, variant, name, size, crc32, time)| Entry {
                source: Source { id, variant },
                name,
                size,
                crc32,
                time,
            });
        prop::collection::vec(entry, 0..20)
    }

    fn named(name: &str, size: u64) -> Entry {
        Entry { name: name.into(), size, ..Entry::default() }
    }

    /// Uses all that a manifest offers, to find panics.
    fn exercise(manifest: &Manifest) {
        assert_eq!(manifest.entries().count(), manifest.len());
        for entry in manifest.entries() {
            assert!(manifest.find(entry.offset).is_some());
        }
        let layout = super::super::Layout::new(manifest.clone());
        let total: u64 = layout.pieces(0..u64::MAX).map(|piece| piece.size()).sum();
        assert_eq!(total, layout.size());
    }

    #[test]
    fn names_that_no_header_can_carry_are_refused() {
        assert_eq!(Manifest::new([named("", 0)]), Err(ManifestError::NameLength(0)));
        let long = "n".repeat(65_536);
        assert_eq!(Manifest::new([named(&long, 0)]), Err(ManifestError::NameLength(65_536)));
        assert!(Manifest::new([named(&long[1..], 0)]).is_ok());
    }

    #[test]
    fn archives_beyond_all_lengths_are_refused() {
        assert_eq!(Manifest::new([named("a", u64::MAX)]), Err(ManifestError::TooLarge));
        let halves = [named("a", MAX_ENTRIES_LEN / 2), named("b", MAX_ENTRIES_LEN / 2)];
        assert_eq!(Manifest::new(&halves), Err(ManifestError::TooLarge));
        assert!(Manifest::new(&halves[..1]).is_ok());
    }

    #[test]
    fn other_versions_are_told_apart_from_garbage() {
        let open = |bytes: &'static [u8]| Manifest::from_bytes(Bytes::from_static(bytes));
        assert_eq!(open(b"AZM\x02????"), Err(ManifestError::Version(2)));
        assert_eq!(open(b""), Err(ManifestError::Malformed));
        assert_eq!(open(b"AZM"), Err(ManifestError::Malformed));
        assert_eq!(open(b"AZM\x01\0\0\0"), Err(ManifestError::Malformed));
        assert_eq!(open(b"AZM\x01\xFF\xFF\xFF\xFF"), Err(ManifestError::Malformed));
        assert_eq!(open(b"AZM\x01\0\0\0\0a"), Err(ManifestError::Malformed));
        assert!(open(b"AZM\x01\0\0\0\0").is_ok_and(|manifest| manifest.is_empty()));
    }

    proptest! {
        #[test]
        fn entries_come_back_as_they_were(entries in entries()) {
            let packed = Manifest::new(&entries).unwrap();
            let opened = Manifest::from_bytes(packed.as_bytes().clone()).unwrap();
            prop_assert_eq!(&packed, &opened);
            prop_assert_eq!(opened.len(), entries.len());
            for (found, entry) in opened.entries().zip(&entries) {
                prop_assert_eq!((found.source, found.name), (entry.source, entry.name.as_str()));
                prop_assert_eq!((found.size, found.crc32), (entry.size, entry.crc32));
                let times = (entry.time.unix_seconds, entry.time.dos());
                prop_assert_eq!((found.unix_seconds, found.dos_time), times);
            }
            prop_assert_eq!(opened.entry(entries.len()), None);
            exercise(&opened);
        }

        #[test]
        fn binary_search_agrees_with_a_scan(
            entries in entries(),
            at in any::<prop::sample::Index>(),
            nudge in -2..3_i64,
        ) {
            let manifest = Manifest::new(&entries).unwrap();
            let end = manifest.extent.entries;
            let starts = manifest.entries().map(|entry| entry.offset);
            let starts: Vec<_> = starts.chain([end]).collect();
            for offset in [
                at.get(&starts).saturating_add_signed(nudge),
                at.index(usize::MAX) as u64 % (end + 1),
            ] {
                let scan = starts.windows(2).position(|pair| (pair[0]..pair[1]).contains(&offset));
                prop_assert_eq!(manifest.find(offset), scan);
            }
        }

        #[test]
        fn damaged_bytes_never_panic(
            entries in entries(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in any::<prop::sample::Index>(),
            is_cut: bool,
        ) {
            let mut bytes = Manifest::new(&entries).unwrap().as_bytes().to_vec();
            for (at, value) in damage {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if is_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(manifest) = Manifest::from_bytes(bytes.into()) {
                exercise(&manifest);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(
            count in 0..4_u8,
            body in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let bytes = [b"AZM\x01".as_slice(), &[count, 0, 0, 0], &body].concat();
            if let Ok(manifest) = Manifest::from_bytes(bytes.into()) {
                exercise(&manifest);
            }
        }
    }
}
