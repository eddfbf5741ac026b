//! A file read in small, counted pieces.

use std::io::{self, Read, Seek, SeekFrom};

/// Reads one file is given. A long JPEG or PNG takes a few hundred, one for
/// each segment or chunk; a file that asks for more is made to waste time.
const MAX_READS: u32 = 4096;

/// Bytes of the largest single read: the longest block a JPEG can hold, and
/// more than the item table of any HEIC a camera writes.
const MAX_PIECE_BYTES: usize = 64 * 1024;

/// A seekable file that stops answering after [`MAX_READS`] reads.
///
/// Parsers keep nothing but what they read last, so the count bounds their
/// time, their memory and the disk traffic at once, whatever the file claims.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: R,
    reads_left: u32,
}

/// A range of bytes, counted from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Span {
    /// The same range without its first `bytes`; empty if there are no more.
    pub(super) fn skip(self, bytes: u64) -> Self {
        let start = self.start.saturating_add(bytes).min(self.end);
        Self { start, ..self }
    }
}

impl<R: Read + Seek> Source<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, reads_left: MAX_READS }
    }

    /// The whole file.
    pub(super) fn span(&mut self) -> Option<Span> {
        let end = self.reader.seek(SeekFrom::End(0)).ok()?;
        Some(Span { start: 0, end })
    }

    /// Exactly `len` bytes from `offset`, or nothing.
    pub(super) fn piece(&mut self, offset: u64, len: usize) -> Option<Vec<u8>> {
        if len > MAX_PIECE_BYTES {
            return None;
        }
        let mut piece = vec![0; len];
        self.fill(offset, &mut piece)?;
        Some(piece)
    }

    /// Exactly `N` bytes from `offset`, or nothing.
    pub(super) fn array<const N: usize>(&mut self, offset: u64) -> Option<[u8; N]> {
        let mut piece = [0; N];
        self.fill(offset, &mut piece)?;
        Some(piece)
    }

    fn fill(&mut self, offset: u64, piece: &mut [u8]) -> Option<()> {
        self.reads_left = self.reads_left.checked_sub(1)?;
        self.reader.seek(SeekFrom::Start(offset)).ok()?;
        self.reader.read_exact(piece).ok()
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads_left =
            self.reads_left.checked_sub(1).ok_or_else(|| io::Error::other("too many reads"))?;
        self.reader.read(buffer)
    }
}

impl<R: Seek> Seek for Source<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.reader.seek(position)
    }
}

/// `bytes` (at most 8) as a big-endian number.
pub(super) fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// `bytes` (at most 8) as a little-endian number.
pub(super) fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rfold(0, |n, byte| n << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn numbers_follow_their_byte_order() {
        assert_eq!(be(&[1, 2, 3]), 0x01_02_03);
        assert_eq!(le(&[1, 2, 3]), 0x03_02_01);
    }

    #[test]
    fn reads_past_the_end_or_too_large_give_nothing() {
        let mut source = Source::new(Cursor::new(vec![7; 2 * MAX_PIECE_BYTES]));
        assert_eq!(source.piece(3, 2), Some(vec![7, 7]));
        assert_eq!(source.piece(0, MAX_PIECE_BYTES + 1), None);
        assert_eq!(source.array::<2>(2 * MAX_PIECE_BYTES as u64 - 1), None);
        assert_eq!(source.array::<2>(u64::MAX), None);
    }

    #[test]
    fn reads_run_out() {
        let mut source = Source::new(Cursor::new([7; 8]));
        for _ in 0..MAX_READS {
            assert!(source.array::<1>(0).is_some());
        }
        assert_eq!(source.array::<1>(0), None);
        assert!(source.read(&mut [0]).is_err());
    }
}
