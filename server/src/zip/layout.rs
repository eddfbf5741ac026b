//! What lies where in an archive.

use super::Manifest;
use bytes::{Bytes, BytesMut};
use std::iter::FusedIterator;
use std::ops::Range;

/// Central directory headers are made in pieces of about this many bytes.
const DIRECTORY_PIECE_LEN: u64 = 64 * 1024;

/// An archive as bytes that are made when asked for.
#[derive(Clone, Debug)]
pub struct Layout {
    manifest: Manifest,
}

/// A stretch of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes: headers or end records, or a slice of them.
    Bytes(Bytes),
    /// Bytes of a file.
    File {
        /// Index of the entry in the manifest.
        entry: usize,
        /// Which bytes of the file, counted from its first; never empty.
        range: Range<u64>,
    },
}

/// The pieces of a range of an archive, in order and without gaps. None is empty.
///
/// Each is found by binary search when it is asked for, so the first one costs as little as any
/// other. Memory is that of one piece: about 64 KiB at most, unless a single header is longer.
#[derive(Clone, Debug)]
pub struct Pieces {
    layout: Layout,
    range: Range<u64>,
}

impl Layout {
    /// The archive of these entries.
    #[must_use]
    pub fn new(manifest: Manifest) -> Self {
        Self { manifest }
    }

    /// The entries.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Exact length of the archive in bytes, below 2⁶³.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.manifest.extent().archive_len()
    }

    /// What lies in this range of the archive; what is beyond its end is left out.
    #[must_use]
    pub fn pieces(&self, range: Range<u64>) -> Pieces {
        let end = range.end.min(self.size());
        Pieces { layout: self.clone(), range: range.start..end }
    }

    /// The first piece of a range that is neither empty nor beyond the end.
    fn first_piece(&self, range: &Range<u64>) -> Piece {
        self.entry_piece(range)
            .or_else(|| self.directory_piece(range))
            .unwrap_or_else(|| self.end_piece(range))
    }

    /// The piece if the range starts in an entry: the rest of its local header, or of its file.
    fn entry_piece(&self, range: &Range<u64>) -> Option<Piece> {
        let index = self.manifest.find(range.start)?;
        let entry = self.manifest.entry(index)?;
        let file_start = entry.offset + entry.local_header_len();
        if range.start < file_start {
            let mut header = BytesMut::with_capacity(entry.local_header_len() as usize);
            entry.put_local_header(&mut header);
            return Some(bytes_piece(header, entry.offset, range));
        }
        let end = entry.size.min(range.end - file_start);
        Some(Piece::File { entry: index, range: range.start - file_start..end })
    }

    /// The piece if the range starts in the central directory: as many headers as make a piece.
    fn directory_piece(&self, range: &Range<u64>) -> Option<Piece> {
        let directory = self.manifest.extent().entries;
        let first = self.manifest.find_in_directory(range.start.checked_sub(directory)?)?;
        let start = directory + self.manifest.entry(first)?.directory_offset;
        let wanted = DIRECTORY_PIECE_LEN.min(range.end - start);
        let mut headers = BytesMut::with_capacity(wanted as usize);
        for entry in (first..).map_while(|index| self.manifest.entry(index)) {
            entry.put_directory_header(&mut headers);
            if headers.len() as u64 >= wanted {
                break;
            }
        }
        Some(bytes_piece(headers, start, range))
    }

    /// The piece behind the central directory.
    fn end_piece(&self, range: &Range<u64>) -> Piece {
        let extent = self.manifest.extent();
        let mut records = BytesMut::new();
        extent.put_end_records(&mut records);
        bytes_piece(records, extent.entries + extent.directory, range)
    }
}

impl Piece {
    /// Number of bytes, at least 1.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { range, .. } => range.end - range.start,
        }
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.range.is_empty() {
            return None;
        }
        let piece = self.layout.first_piece(&self.range);
        self.range.start += piece.size();
        Some(piece)
    }
}

impl FusedIterator for Pieces {}

/// What the range, which starts within them, has of the bytes at offset `at` of the archive.
fn bytes_piece(bytes: BytesMut, at: u64, range: &Range<u64>) -> Piece {
    let end = (range.end - at).min(bytes.len() as u64);
    Piece::Bytes(bytes.freeze().slice((range.start - at) as usize..end as usize))
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, EntryTime, Source};
    use super::*;
    use bytes::Buf;
    use proptest::prelude::*;

    const GIB_4: u64 = 1 << 32;

    fn entry(name: &str, size: u64) -> Entry {
        let time = EntryTime { unix_seconds: 1_720_009_815, local_offset_seconds: 7_200 };
        Entry { source: Source::default(), name: name.into(), size, crc32: 0x1234_5678, time }
    }

    fn file(name: &str, contents: &[u8], unix_seconds: i64) -> (Entry, Vec<u8>) {
        let mut entry = entry(name, contents.len() as u64);
        entry.crc32 = crc32fast::hash(contents);
        entry.time.unix_seconds = unix_seconds;
        (entry, contents.to_vec())
    }

    fn layout(entries: &[Entry]) -> Layout {
        Layout::new(Manifest::new(entries).unwrap())
    }

    /// The bytes of a range of an archive of these files.
    fn read(layout: &Layout, files: &[Vec<u8>], range: Range<u64>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in layout.pieces(range) {
            let before = bytes.len() as u64;
            match &piece {
                Piece::Bytes(piece) => bytes.extend_from_slice(piece),
                Piece::File { entry, range } => {
                    bytes.extend_from_slice(
                        &files[*entry][range.start as usize..range.end as usize],
                    );
                }
            }
            assert!(piece.size() > 0);
            assert_eq!(bytes.len() as u64 - before, piece.size());
        }
        bytes
    }

    /// What an archive says of an entry.
    #[derive(Debug, PartialEq)]
    struct Found {
        name: String,
        size: u64,
        offset: u64,
        zip64_values: usize,
    }

    /// Reads the headers of an archive as a reader would: from its end, by what is written there.
    struct Reader(Layout);

    impl Reader {
        fn at(&self, offset: u64, len: u64) -> Bytes {
            let mut bytes = BytesMut::new();
            for piece in self.0.pieces(offset..offset + len) {
                let Piece::Bytes(piece) = piece else { panic!("{offset} is within a file") };
                bytes.extend_from_slice(&piece);
            }
            bytes.freeze()
        }

        /// Count, length and offset of the directory, and whether they are in zip64 records.
        fn end(&self) -> (u64, u64, u64, bool) {
            let at = self.0.size() - 22;
            let mut end = self.at(at, 22);
            assert_eq!(end.split_to(8), b"PK\x05\x06\0\0\0\0".as_slice());
            assert_eq!(end.get_u16_le(), end.clone().slice(..2).get_u16_le());
            let short = (end.get_u16_le(), end.get_u32_le(), end.get_u32_le());
            assert_eq!(end, b"\0\0".as_slice());
            if short.0 != 0xFFFF && short.1 != u32::MAX && short.2 != u32::MAX {
                return (short.0.into(), short.1.into(), short.2.into(), false);
            }
            let mut locator = self.at(at - 20, 20);
            assert_eq!(locator.split_to(8), b"PK\x06\x07\0\0\0\0".as_slice());
            assert_eq!(locator.get_u64_le(), at - 20 - 56);
            let mut end = self.at(at - 20 - 56, 56);
            assert_eq!(end.split_to(4), b"PK\x06\x06".as_slice());
            assert_eq!(end.get_u64_le(), 44);
            end.advance(12);
            assert_eq!(end.get_u64_le(), end.clone().get_u64_le());
            let long = (end.get_u64_le(), end.get_u64_le(), end.get_u64_le());
            assert!(short.0 == 0xFFFF || u64::from(short.0) == long.0);
            assert!(short.1 == u32::MAX || u64::from(short.1) == long.1);
            assert!(short.2 == u32::MAX || u64::from(short.2) == long.2);
            (long.0, long.1, long.2, true)
        }

        fn entries(&self) -> Vec<Found> {
            let (count, len, offset, _) = self.end();
            let mut directory = self.at(offset, len);
            let found: Vec<_> = (0..count).map(|_| read_directory_header(&mut directory)).collect();
            assert!(directory.is_empty());
            found
        }

        /// Name and sizes of the local header at an offset.
        fn local(&self, offset: u64) -> Found {
            let mut header = self.at(offset, 30);
            assert_eq!(header.split_to(4), b"PK\x03\x04".as_slice());
            let version = header.get_u16_le();
            header.advance(12);
            let (stored, size) = (header.get_u32_le(), header.get_u32_le());
            assert_eq!(stored, size);
            let (name_len, extra_len) = (header.get_u16_le(), header.get_u16_le());
            let mut rest = self.at(offset + 30, u64::from(name_len) + u64::from(extra_len));
            let name = rest.split_to(name_len.into());
            let mut zip64 = read_zip64(&mut rest);
            let zip64_values = zip64.len() / 8;
            assert_eq!(version, if zip64_values > 0 { 45 } else { 10 });
            let sizes =
                [(); 2].map(|()| if size == u32::MAX { zip64.get_u64_le() } else { size.into() });
            assert_eq!(sizes[0], sizes[1]);
            let name = String::from_utf8(name.to_vec()).unwrap();
            Found { name, size: sizes[0], offset, zip64_values }
        }
    }

    fn read_directory_header(directory: &mut Bytes) -> Found {
        assert_eq!(directory.split_to(4), b"PK\x01\x02".as_slice());
        assert_eq!(directory.get_u16_le(), 0x033F);
        let version = directory.get_u16_le();
        assert_eq!(directory.split_to(4), b"\0\x08\0\0".as_slice());
        directory.advance(8);
        let (stored, size) = (directory.get_u32_le(), directory.get_u32_le());
        assert_eq!(stored, size);
        let (name_len, extra_len) = (directory.get_u16_le(), directory.get_u16_le());
        assert_eq!(directory.split_to(6), [0; 6].as_slice());
        assert_eq!(directory.get_u32_le() >> 16, 0o100_644);
        let offset = directory.get_u32_le();
        let name = directory.split_to(name_len.into());
        let mut zip64 = read_zip64(&mut directory.split_to(extra_len.into()));
        let zip64_values = zip64.len() / 8;
        assert_eq!(version, if zip64_values > 0 { 45 } else { 10 });
        let [size, stored, offset] = [size, stored, offset]
            .map(|v| if v == u32::MAX { zip64.get_u64_le() } else { v.into() });
        assert_eq!((size, zip64.len()), (stored, 0));
        Found { name: String::from_utf8(name.to_vec()).unwrap(), size, offset, zip64_values }
    }

    /// The data of the zip64 field, empty without one.
    fn read_zip64(extra: &mut Bytes) -> Bytes {
        let mut zip64 = Bytes::new();
        while extra.has_remaining() {
            let (id, len) = (extra.get_u16_le(), extra.get_u16_le());
            let data = extra.split_to(len.into());
            match id {
                0x0001 => zip64 = data,
                0x5455 => assert_eq!((data.len(), data[0]), (5, 1)),
                _ => panic!("field {id:x}"),
            }
        }
        zip64
    }

    /// Reads back all that was written; returns the numbers of zip64 values in both headers.
    fn check(entries: &[Entry]) -> Vec<(usize, usize)> {
        let layout = layout(entries);
        let reader = Reader(layout.clone());
        let found = reader.entries();
        assert_eq!(found.len(), entries.len());
        let mut values = Vec::new();
        for ((found, entry), placed) in found.iter().zip(entries).zip(layout.manifest().entries()) {
            assert_eq!(
                (&found.name, found.size, found.offset),
                (&entry.name, entry.size, placed.offset)
            );
            let local = reader.local(found.offset);
            assert_eq!((&local.name, local.size), (&entry.name, entry.size));
            values.push((local.zip64_values, found.zip64_values));
        }
        values
    }

    #[test]
    fn sizes_overflow_from_the_largest_32_bit_value_on() {
        assert_eq!(check(&[entry("a", GIB_4 - 2)]), [(0, 0)]);
        assert_eq!(check(&[entry("a", GIB_4 - 1)]), [(2, 2)]);
        assert_eq!(check(&[entry("a", GIB_4)]), [(2, 2)]);
        assert_eq!(check(&[entry("a", 1 << 60)]), [(2, 2)]);
    }

    #[test]
    fn offsets_overflow_from_the_largest_32_bit_value_on() {
        let header = 30 + 1 + 9;
        for (offset, values) in [(GIB_4 - 2, 0), (GIB_4 - 1, 1), (GIB_4, 1)] {
            let entries = [entry("a", offset - header), entry("b", 5)];
            assert_eq!(check(&entries), [(0, 0), (0, values)]);
        }
        let both = [entry("a", GIB_4), entry("b", GIB_4)];
        assert_eq!(check(&both), [(2, 2), (2, 3)]);
    }

    #[test]
    fn the_offset_of_the_directory_overflows() {
        for (offset, zip64) in [(GIB_4 - 2, false), (GIB_4 - 1, true), (GIB_4, true)] {
            let reader = Reader(layout(&[entry("a", offset - 40)]));
            assert_eq!(reader.end(), (1, 46 + 1 + 9, offset, zip64));
        }
    }

    #[test]
    fn counts_overflow_from_the_largest_16_bit_value_on() {
        for (count, zip64) in [(65_534, false), (65_535, true), (65_536, true), (70_000, true)] {
            let entries: Vec<_> = (0..count).map(|i| entry(&i.to_string(), 0)).collect();
            let reader = Reader(layout(&entries));
            assert_eq!(reader.entries().len() as u64, count);
            let end = reader.end();
            assert_eq!((end.0, end.3), (count, zip64));
        }
    }

    #[test]
    fn times_beyond_32_bits_have_no_timestamp_field() {
        for (unix_seconds, len) in [
            (i64::from(i32::MIN) - 1, 31),
            (i64::from(i32::MIN), 40),
            (i64::from(i32::MAX), 40),
            (i64::from(i32::MAX) + 1, 31),
        ] {
            let mut entry = entry("a", 0);
            entry.time.unix_seconds = unix_seconds;
            let extent = layout(&[entry]).manifest().extent();
            assert_eq!((extent.entries, extent.directory), (len, len + 16));
        }
    }

    #[test]
    fn an_empty_archive_is_its_end_record() {
        let layout = layout(&[]);
        assert_eq!(layout.size(), 22);
        assert_eq!(Reader(layout).end(), (0, 0, 0, false));
    }

    #[test]
    fn ranges_beyond_the_end_are_cut() {
        let layout = layout(&[entry("a", 1)]);
        let size = layout.size();
        assert_eq!(layout.pieces(size - 1..u64::MAX).collect::<Vec<_>>().len(), 1);
        assert_eq!(layout.pieces(size..u64::MAX).next(), None);
        assert_eq!(layout.pieces(u64::MAX..u64::MAX).next(), None);
        #[expect(clippy::reversed_empty_ranges, reason = "such a range is empty as well")]
        let reversed = 5..3;
        assert_eq!(layout.pieces(reversed).next(), None);
    }

    #[test]
    fn the_directory_comes_in_pieces_of_bounded_size() {
        let entries: Vec<_> = (0..10_000).map(|i| entry(&format!("{i:05}.jpg"), 1)).collect();
        let layout = layout(&entries);
        let extent = layout.manifest().extent();
        let pieces: Vec<_> = layout.pieces(extent.entries..layout.size()).collect();
        assert_eq!(pieces.iter().map(Piece::size).sum::<u64>(), layout.size() - extent.entries);
        assert!(pieces.len() as u64 > extent.directory / DIRECTORY_PIECE_LEN);
        assert!(pieces.iter().all(|piece| piece.size() < DIRECTORY_PIECE_LEN + 100));
    }

    #[test]
    fn headers_longer_than_a_piece_are_whole() {
        let long = "n".repeat(65_535);
        let entries = [entry(&long, 3), entry(&long, 4)];
        check(&entries);
        let layout = layout(&entries);
        let files = [vec![1; 3], vec![2; 4]];
        let whole = read(&layout, &files, 0..layout.size());
        for start in (0..layout.size()).step_by(997) {
            assert_eq!(read(&layout, &files, start..layout.size()), whole[start as usize..]);
        }
    }

    #[test]
    fn a_small_archive_is_the_golden_one() {
        let (entries, files): (Vec<_>, Vec<_>) = [
            file("hello.txt", b"Hello, world!\n", 1_720_009_815),
            file("empty.bin", b"", 0),
            file("Süden/日本 🌸.txt", "春\n".as_bytes(), 4_102_444_800),
        ]
        .into_iter()
        .unzip();
        let layout = layout(&entries);
        let golden = include_bytes!("golden/small.zip");
        assert_eq!(read(&layout, &files, 0..layout.size()), golden);
    }

    #[test]
    fn the_headers_of_a_large_archive_are_the_golden_ones() {
        let layout = layout(&[entry("huge.mov", GIB_4), entry("after.jpg", 3)]);
        let hex: Vec<_> = layout
            .pieces(0..layout.size())
            .filter_map(|piece| match piece {
                Piece::Bytes(bytes) => {
                    Some(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
                }
                Piece::File { .. } => None,
            })
            .collect();
        let golden = include_str!("golden/zip64.hex").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(hex, golden.collect::<Vec<_>>());
    }

    fn files() -> impl Strategy<Value = Vec<(Entry, Vec<u8>)>> {
        let name = "[a-zé日🌸/]{1,12}";
        let contents = prop::collection::vec(any::<u8>(), 0..40);
        let file = (name, contents, any::<i64>())
            .prop_map(|(name, contents, t)| file(&name, &contents, t));
        prop::collection::vec(file, 0..12)
    }

    proptest! {
        #[test]
        fn ranges_concatenate_to_the_archive(
            files in files(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let (entries, files): (Vec<_>, Vec<_>) = files.into_iter().unzip();
            let layout = layout(&entries);
            let size = layout.size();
            let whole = read(&layout, &files, 0..size);
            prop_assert_eq!(whole.len() as u64, size);

            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(size as usize) as u64).collect();
            cuts.extend([0, size]);
            cuts.sort_unstable();
            let ranges = cuts.windows(2).map(|cut| cut[0]..cut[1]);
            let joined: Vec<_> = ranges.flat_map(|range| read(&layout, &files, range)).collect();
            prop_assert!(joined == whole);
        }

        #[test]
        fn readers_find_what_was_written(sizes in prop::collection::vec(0..3 * GIB_4, 0..20)) {
            let entries = sizes.iter().enumerate().map(|(i, size)| entry(&i.to_string(), *size));
            check(&entries.collect::<Vec<_>>());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn every_offset_starts_a_range(files in files()) {
            let (entries, files): (Vec<_>, Vec<_>) = files.into_iter().unzip();
            let layout = layout(&entries);
            let whole = read(&layout, &files, 0..u64::MAX);
            for start in 0..layout.size() {
                let tail = read(&layout, &files, start..start + 50);
                prop_assert!(tail == whole[start as usize..whole.len().min(start as usize + 50)]);
            }
        }
    }
}
