//! A file as pieces of another one, and of bytes between them.

use std::io::{Read, Seek};
use std::ops::Range;

use bytes::Bytes;

use crate::media::digest::{Checksums, Digest};

/// The first byte of the packed form.
const VERSION: u8 = 1;

/// Pieces of one file. A camera's picture takes about five; a file that takes more than this was
/// made to waste time.
const MAX_PIECES: usize = 256;

/// Bytes between the pieces of one file: what they can be is an EXIF block in a JPEG.
const MAX_BYTES: usize = 64 * 1024;

/// Bytes read at once.
const WINDOW_BYTES: usize = 256 * 1024;

/// A stretch of a file that is made of another one. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Splice {
    /// These bytes of the other file.
    File(Range<u64>),
    /// These bytes.
    Bytes(Bytes),
}

/// The stretches that together are a file. Those of the other file are in its order and do not
/// overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splices {
    pieces: Vec<Splice>,
}

/// The bytes are none that this version of [`Splices::encode`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid splices")]
pub struct InvalidSplices;

impl Splice {
    /// The number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::File(range) => range.end - range.start,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

impl Splices {
    /// The number of bytes of the whole.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.pieces.iter().map(Splice::size).sum()
    }

    /// What lies in a range of the whole; what is beyond its end is left out.
    pub fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = Splice> + use<'_> {
        let mut start = 0;
        self.pieces.iter().filter_map(move |piece| {
            let from = range.start.clamp(start, start + piece.size()) - start;
            let to = range.end.clamp(start, start + piece.size()) - start;
            start += piece.size();
            (from < to).then(|| match piece {
                Splice::File(file) => Splice::File(file.start + from..file.start + to),
                Splice::Bytes(bytes) => Splice::Bytes(bytes.slice(from as usize..to as usize)),
            })
        })
    }

    /// All of a file of a size.
    pub(super) fn whole(size: u64) -> Self {
        Self { pieces: vec![Splice::File(0..size)] }
    }

    /// Adds a range of the file behind those before it; nothing if there are too many.
    pub(super) fn keep(&mut self, range: Range<u64>) -> Option<()> {
        match self.pieces.last_mut() {
            _ if range.is_empty() => {}
            Some(Splice::File(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Splice::File(range)),
        }
        (self.pieces.len() <= MAX_PIECES).then_some(())
    }

    /// Adds bytes; nothing if they are too many.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Option<()> {
        match self.pieces.last_mut() {
            _ if bytes.is_empty() => {}
            Some(Splice::Bytes(last)) => *last = [last.as_ref(), bytes].concat().into(),
            _ => self.pieces.push(Splice::Bytes(Bytes::copy_from_slice(bytes))),
        }
        let put = |piece: &Splice| if matches!(piece, Splice::Bytes(_)) { piece.size() } else { 0 };
        let all: u64 = self.pieces.iter().map(put).sum();
        (all <= MAX_BYTES as u64 && self.pieces.len() <= MAX_PIECES).then_some(())
    }

    /// The same behind some bytes.
    pub(super) fn behind(self, bytes: &[u8]) -> Option<Self> {
        let mut whole = Self::default();
        whole.put(bytes)?;
        for piece in self.pieces {
            match piece {
                Splice::File(range) => whole.keep(range)?,
                Splice::Bytes(bytes) => whole.put(&bytes)?,
            }
        }
        Some(whole)
    }

    /// The packed form: for each piece its length and kind, then the distance from the end of the
    /// last range of the file, or the bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut packed = vec![VERSION];
        let mut end = 0;
        for piece in &self.pieces {
            let is_bytes = matches!(piece, Splice::Bytes(_));
            put_number(&mut packed, piece.size() << 1 | u64::from(is_bytes));
            match piece {
                Splice::File(range) => {
                    put_number(&mut packed, range.start - end);
                    end = range.end;
                }
                Splice::Bytes(bytes) => packed.extend(bytes),
            }
        }
        packed
    }

    /// What [`encode`](Self::encode) packed.
    ///
    /// # Errors
    ///
    /// [`InvalidSplices`] if the bytes are nothing that it packs.
    pub fn decode(packed: &[u8]) -> Result<Self, InvalidSplices> {
        Self::parse(packed).ok_or(InvalidSplices)
    }

    fn parse(packed: &[u8]) -> Option<Self> {
        let mut rest = packed.strip_prefix(&[VERSION])?;
        let (mut splices, mut end) = (Self::default(), 0_u64);
        while !rest.is_empty() {
            let head = take_number(&mut rest)?;
            let size = head >> 1;
            if head & 1 == 1 {
                let (bytes, others) = rest.split_at_checked(usize::try_from(size).ok()?)?;
                splices.put(bytes)?;
                rest = others;
            } else {
                let start = end.checked_add(take_number(&mut rest)?)?;
                end = start.checked_add(size).filter(|end| *end <= i64::MAX as u64)?;
                splices.keep(start..end)?;
            }
        }
        Some(splices)
    }
}

/// Seven bits a byte, lowest first; the highest bit says that more follow.
fn put_number(packed: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        packed.push(number as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, others) = rest.split_first()?;
        *rest = others;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The checksums of files that are made of another one, which is read once and no further than
/// needed; none if it is shorter.
pub(super) fn measure<R: Read + Seek, const N: usize>(
    reader: &mut R,
    files: [&Splices; N],
) -> Option<[Checksums; N]> {
    let mut running =
        files.map(|splices| Running { pieces: &splices.pieces, digest: Digest::new() });
    let mut window = Vec::new();
    let mut position = 0;
    reader.rewind().ok()?;
    loop {
        window.clear();
        reader.by_ref().take(WINDOW_BYTES as u64).read_to_end(&mut window).ok()?;
        for running in &mut running {
            running.pass(position, &window);
        }
        position += window.len() as u64;
        if running.iter().all(|running| running.pieces.is_empty()) {
            return Some(running.map(|running| running.digest.finish()));
        }
        if window.is_empty() {
            return None;
        }
    }
}

/// What is not yet measured of a file.
struct Running<'a> {
    pieces: &'a [Splice],
    digest: Digest,
}

impl Running<'_> {
    /// Takes in what is needed of the bytes at a position of the other file.
    fn pass(&mut self, position: u64, window: &[u8]) {
        let end = position + window.len() as u64;
        while let Some((piece, others)) = self.pieces.split_first() {
            match piece {
                Splice::Bytes(bytes) => self.digest.update(bytes),
                Splice::File(range) => {
                    let from = range.start.clamp(position, end) - position;
                    let to = range.end.clamp(position, end) - position;
                    self.digest.update(&window[from as usize..to as usize]);
                    if range.end > end {
                        return;
                    }
                }
            }
            self.pieces = others;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// Splices of a file of 1000 bytes, and the bytes that they stand for.
    fn splices() -> impl Strategy<Value = (Splices, Vec<u8>)> {
        let piece = prop_oneof![
            (0..40_u64, 0..60_u64).prop_map(|(gap, size)| (gap, size, None)),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| (0, 0, Some(bytes))),
        ];
        prop::collection::vec(piece, 0..10).prop_map(|pieces| {
            let (mut splices, mut whole, mut end) = (Splices::default(), Vec::new(), 0);
            for (gap, size, bytes) in pieces {
                if let Some(bytes) = bytes {
                    splices.put(&bytes).unwrap();
                    whole.extend(bytes);
                } else {
                    let range = end + gap..end + gap + size;
                    whole.extend(&file()[range.start as usize..range.end as usize]);
                    end = range.end;
                    splices.keep(range).unwrap();
                }
            }
            (splices, whole)
        })
    }

    fn file() -> Vec<u8> {
        (0..1000_u32).map(|number| ((number * number) >> 3) as u8).collect()
    }

    #[test]
    fn too_many_pieces_or_bytes_are_refused() {
        let mut splices = Splices::default();
        let kept = (0..).take_while(|number| splices.keep(number * 2..number * 2 + 1).is_some());
        assert_eq!(kept.count(), MAX_PIECES);
        let mut splices = Splices::default();
        assert!(splices.put(&vec![0; MAX_BYTES]).is_some());
        assert!(splices.put(&[0]).is_none());
    }

    #[test]
    fn lengths_that_no_file_has_are_refused() {
        let far = [VERSION, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(Splices::decode(&far), Err(InvalidSplices));
        assert_eq!(Splices::decode(&[VERSION + 1]), Err(InvalidSplices));
        assert_eq!(Splices::decode(&[VERSION]), Ok(Splices::default()));
    }

    proptest! {
        #[test]
        fn packed_ones_come_back((splices, whole) in splices()) {
            prop_assert_eq!(splices.size(), whole.len() as u64);
            prop_assert_eq!(Splices::decode(&splices.encode()), Ok(splices));
        }

        #[test]
        fn any_range_has_the_bytes_of_the_whole(
            (splices, whole) in splices(),
            range in (0..700_usize, 0..700_usize),
        ) {
            let mut bytes = Vec::new();
            for piece in splices.pieces(range.0 as u64..range.1 as u64) {
                prop_assert!(piece.size() > 0);
                match piece {
                    Splice::File(range) => {
                        bytes.extend(&file()[range.start as usize..range.end as usize]);
                    }
                    Splice::Bytes(literal) => bytes.extend(literal),
                }
            }
            let end = range.1.min(whole.len());
            prop_assert_eq!(bytes, whole.get(range.0..end).unwrap_or_default());
        }

        #[test]
        fn checksums_are_those_of_the_whole((splices, whole) in splices()) {
            let mut digest = Digest::new();
            digest.update(&whole);
            let measured = measure(&mut Cursor::new(file()), [&splices]);
            prop_assert_eq!(measured, Some([digest.finish()]));
        }

        #[test]
        fn any_packed_bytes_are_read_or_refused(
            packed in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            if let Ok(splices) = Splices::decode(&[&[VERSION], packed.as_slice()].concat()) {
                prop_assert_eq!(Splices::decode(&splices.encode()), Ok(splices));
            }
        }
    }
}
