//! TIFF directories: the tables that TIFF files, most raw formats and every
//! EXIF block are made of (TIFF 6.0, section 2).

use std::io::{Read, Seek};

use super::source::{Source, be, le};

/// Entries read of one directory; cameras write a few dozen.
const MAX_ENTRIES: u64 = 1024;

/// Bytes read of one value; dates, maker names and lists of offsets are short.
const MAX_VALUE_BYTES: u64 = 256;

const ENTRY_BYTES: usize = 12;

/// One table of tags.
#[derive(Debug)]
pub(super) struct Directory {
    /// Where the TIFF header lies; every offset counts from there.
    base: u64,
    big_endian: bool,
    entries: Vec<u8>,
}

impl Directory {
    /// The first directory of the TIFF structure at `base`.
    ///
    /// The number that follows the byte order is not checked: it is 42, but
    /// Olympus and Panasonic put their own.
    pub(super) fn first<R: Read + Seek>(source: &mut Source<R>, base: u64) -> Option<Self> {
        let header = source.array::<8>(base)?;
        let big_endian = match &header[..2] {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let offset = number(&header[4..], big_endian);
        Self::read(source, base, big_endian, offset)
    }

    /// The directories whose offsets `tag` holds, in order.
    pub(super) fn linked<R: Read + Seek>(&self, source: &mut Source<R>, tag: u16) -> Vec<Self> {
        self.numbers(source, tag)
            .into_iter()
            .filter_map(|offset| Self::read(source, self.base, self.big_endian, offset))
            .collect()
    }

    /// The numbers of an integer tag; none if it is absent or something else.
    pub(super) fn numbers<R: Read + Seek>(&self, source: &mut Source<R>, tag: u16) -> Vec<u64> {
        let integer_width = |kind| match kind {
            1 | 2 | 7 => Some(1), // BYTE, ASCII, UNDEFINED
            3 => Some(2),         // SHORT
            4 | 13 => Some(4),    // LONG, IFD
            _ => None,
        };
        let Some((width, bytes)) = self.value(source, tag, integer_width) else {
            return Vec::new();
        };
        bytes.chunks_exact(width).map(|bytes| number(bytes, self.big_endian)).collect()
    }

    /// The fractions of a RATIONAL tag; none if it is absent or something else. One without a
    /// denominator is not a number.
    pub(super) fn fractions<R: Read + Seek>(&self, source: &mut Source<R>, tag: u16) -> Vec<f64> {
        let Some((width, bytes)) = self.value(source, tag, |kind| (kind == 5).then_some(8)) else {
            return Vec::new();
        };
        let half = |bytes: &[u8]| number(bytes, self.big_endian) as u32;
        bytes
            .chunks_exact(width)
            .map(|bytes| match (half(&bytes[..4]), half(&bytes[4..])) {
                (_, 0) => f64::NAN,
                (numerator, denominator) => f64::from(numerator) / f64::from(denominator),
            })
            .collect()
    }

    /// The first number of an integer tag.
    pub(super) fn number<R: Read + Seek>(&self, source: &mut Source<R>, tag: u16) -> Option<u64> {
        self.numbers(source, tag).first().copied()
    }

    /// The text of a tag up to its terminating zero; empty if absent.
    pub(super) fn text<R: Read + Seek>(&self, source: &mut Source<R>, tag: u16) -> String {
        let text_width = |kind| matches!(kind, 1 | 2 | 7).then_some(1);
        let (_, bytes) = self.value(source, tag, text_width).unwrap_or_default();
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }

    fn read<R: Read + Seek>(
        source: &mut Source<R>,
        base: u64,
        big_endian: bool,
        offset: u64,
    ) -> Option<Self> {
        let start = base + offset;
        let count = number(&source.array::<2>(start)?, big_endian).min(MAX_ENTRIES);
        let entries = source.piece(start + 2, count as usize * ENTRY_BYTES)?;
        Some(Self { base, big_endian, entries })
    }

    /// The width of `tag`'s elements in bytes, which `width` gives for their type, and the elements.
    fn value<R: Read + Seek>(
        &self,
        source: &mut Source<R>,
        tag: u16,
        width: impl Fn(u64) -> Option<u64>,
    ) -> Option<(usize, Vec<u8>)> {
        let number = |bytes: &[u8]| number(bytes, self.big_endian);
        let entry = self
            .entries
            .chunks_exact(ENTRY_BYTES)
            .find(|entry| number(&entry[..2]) == u64::from(tag))?;
        let width = width(number(&entry[2..4]))?;
        let len = number(&entry[4..8]) * width;
        let bytes = if len <= 4 {
            entry[8..8 + len as usize].to_vec()
        } else {
            let offset = number(&entry[8..]);
            source.piece(self.base + offset, len.min(MAX_VALUE_BYTES) as usize)?
        };
        Some((width as usize, bytes))
    }
}

fn number(bytes: &[u8], big_endian: bool) -> u64 {
    if big_endian { be(bytes) } else { le(bytes) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const BIG_ENDIAN: &[u8] = b"MM\0*\0\0\0\x08\0\x03\
        \x01\x00\0\x03\0\0\0\x01\x12\x34\0\0\
        \x01\x0f\0\x02\0\0\0\x06\0\0\0\x32\
        \x01\x4a\0\x04\0\0\0\x01\0\0\0\x08\
        \0\0\0\0Nikon\0";

    #[test]
    fn tags_are_read_by_type() {
        let mut source = Source::new(Cursor::new(BIG_ENDIAN));
        let directory = Directory::first(&mut source, 0).unwrap();
        assert_eq!(directory.number(&mut source, 0x0100), Some(0x1234));
        assert_eq!(directory.text(&mut source, 0x010f), "Nikon");
        assert_eq!(directory.number(&mut source, 0x0101), None);
        assert_eq!(directory.text(&mut source, 0x0101), "");
        let linked = directory.linked(&mut source, 0x014a);
        assert_eq!(linked.len(), 1);
        assert_eq!(linked[0].number(&mut source, 0x0100), Some(0x1234));
    }

    #[test]
    fn cut_files_have_fewer_tags() {
        let cut = &BIG_ENDIAN[..BIG_ENDIAN.len() - 1];
        let mut source = Source::new(Cursor::new(cut));
        let directory = Directory::first(&mut source, 0).unwrap();
        assert_eq!(directory.number(&mut source, 0x0100), Some(0x1234));
        assert_eq!(directory.text(&mut source, 0x010f), "");
        let mut source = Source::new(Cursor::new(&cut[..40]));
        assert!(Directory::first(&mut source, 0).is_none());
    }
}
