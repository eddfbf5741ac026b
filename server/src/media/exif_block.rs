//! Where the EXIF block lies in each kind of still.

use std::io::{Read, Seek};

use super::boxes::{Boxes, child, descendant};
use super::kind::Container;
use super::source::{Source, Span, be, le};

/// What some containers put before the TIFF header of an EXIF block.
const EXIF_MARK: &[u8; 6] = b"Exif\0\0";

/// The box in which Canon keeps its directories, among other things of the same
/// kind (<https://github.com/lclevy/canon_cr3>).
const CANON_UUID: [u8; 16] = *b"\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48";

/// Offsets of the TIFF headers of an EXIF block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// One structure, whose first directory points at the EXIF directory.
    Nested(u64),
    /// A structure for each of the two directories.
    Split { main: u64, exif: u64 },
}

/// Finds the EXIF block of a still; absent if it has none.
pub(super) fn locate<R: Read + Seek>(
    source: &mut Source<R>,
    container: Container,
) -> Option<Block> {
    let start = match container {
        Container::Jpeg => jpeg(source, 0)?,
        Container::Png => png(source)?,
        Container::Webp => webp(source)?,
        Container::Heif => heif(source)?,
        Container::Raf => raf(source)?,
        Container::Tiff | Container::RawTiff => 0,
        Container::Cr3 => return cr3(source),
        Container::Gif | Container::Movie | Container::Matroska => return None,
    };
    let is_marked = source.array(start)? == *EXIF_MARK;
    let mark_len = if is_marked { EXIF_MARK.len() } else { 0 };
    Some(Block::Nested(start + mark_len as u64))
}

/// The APP1 segment that is EXIF: XMP uses the same marker.
fn jpeg<R: Read + Seek>(source: &mut Source<R>, file: u64) -> Option<u64> {
    const APP1: u8 = 0xe1;
    const START_OF_SCAN: u8 = 0xda;
    let mut at = file + 2;
    loop {
        let [0xff, marker, len @ ..] = source.array::<4>(at)? else {
            return None;
        };
        match marker {
            START_OF_SCAN => return None,
            APP1 if source.array(at + 4)? == *EXIF_MARK => return Some(at + 4),
            _ => at += 2 + be(&len),
        }
    }
}

/// The `eXIf` chunk (PNG 3, section 11.3.2.4), before or after the pixels.
fn png<R: Read + Seek>(source: &mut Source<R>) -> Option<u64> {
    let mut at = 8;
    loop {
        let [l0, l1, l2, l3, name @ ..] = source.array::<8>(at)?;
        match &name {
            b"eXIf" => return Some(at + 8),
            b"IEND" => return None,
            _ => at += 12 + be(&[l0, l1, l2, l3]), // length, name and checksum
        }
    }
}

/// The `EXIF` chunk (RFC 9649, section 2.7.1.5), after the pixels.
fn webp<R: Read + Seek>(source: &mut Source<R>) -> Option<u64> {
    let mut at = 12;
    loop {
        let [n0, n1, n2, n3, len @ ..] = source.array::<8>(at)?;
        if [n0, n1, n2, n3] == *b"EXIF" {
            return Some(at + 8);
        }
        at += 8 + le(&len).next_multiple_of(2);
    }
}

/// The EXIF of the preview: Fujifilm's header holds the offset of a JPEG.
fn raf<R: Read + Seek>(source: &mut Source<R>) -> Option<u64> {
    let preview = be(&source.array::<4>(84)?);
    jpeg(source, preview)
}

fn cr3<R: Read + Seek>(source: &mut Source<R>) -> Option<Block> {
    let file = source.span()?;
    let moov = child(source, file, b"moov")?;
    let mut boxes = Boxes::within(moov);
    loop {
        let (name, body) = boxes.next(source)?;
        if name == *b"uuid" && source.array(body.start)? == CANON_UUID {
            let canon = body.skip(CANON_UUID.len() as u64);
            return Some(Block::Split {
                main: child(source, canon, b"CMT1")?.start,
                exif: child(source, canon, b"CMT2")?.start,
            });
        }
    }
}

/// The item of type `Exif` (ISO/IEC 23008-12, annex A.2.1): the file's `meta`
/// box names its items in one table and places them by another.
fn heif<R: Read + Seek>(source: &mut Source<R>) -> Option<u64> {
    let file = source.span()?;
    let meta = child(source, file, b"meta")?.skip(4);
    let id = heif_exif_id(source, meta)?;
    let table = child(source, meta, b"iloc")?;
    let len = usize::try_from(table.end - table.start).ok()?;
    let item = heif_item_offset(&source.piece(table.start, len)?, id)?;
    // The item opens with the distance from there to the TIFF header.
    let distance = be(&source.array::<4>(item)?);
    Some(item + 4 + distance)
}

fn heif_exif_id<R: Read + Seek>(source: &mut Source<R>, meta: Span) -> Option<u64> {
    let table = descendant(source, meta, &[b"iinf"])?;
    let count_len = if source.array(table.start)? == [0] { 2 } else { 4 };
    let mut entries = Boxes::within(table.skip(4 + count_len));
    loop {
        let (_, entry) = entries.next(source)?;
        let id_len = if source.array(entry.start)? == [2] { 2 } else { 4 };
        // The entry: version and flags, the id, two bytes of protection, the type.
        let id = source.piece(entry.start + 4, id_len)?;
        if source.array(entry.start + 6 + id_len as u64)? == *b"Exif" {
            return Some(be(&id));
        }
    }
}

/// The offset of an item in the file, from the body of the `iloc` box
/// (ISO/IEC 14496-12, section 8.11.3).
fn heif_item_offset(table: &[u8], wanted: u64) -> Option<u64> {
    let mut table = Fields(table);
    let version = table.take(1)?;
    table.take(3)?; // flags
    let sizes = table.take(2)?;
    let nibble = |shift: u64| (sizes >> shift & 0xf) as usize;
    let [offset_len, extent_len, base_len, index_len] = [12, 8, 4, 0].map(nibble);
    let id_len = if version < 2 { 2 } else { 4 };
    for _ in 0..table.take(id_len)? {
        let id = table.take(id_len)?;
        let method = if version == 0 { 0 } else { table.take(2)? & 0xf };
        table.take(2)?; // data reference
        let base = table.take(base_len)?;
        let extents = table.take(2)? as usize;
        let index_len = if version == 0 { 0 } else { index_len };
        if id == wanted {
            table.take(index_len)?;
            let offset = table.take(offset_len)?;
            // Method 0 counts from the start of the file.
            return base.checked_add(offset).filter(|_| method == 0);
        }
        table.skip(extents * (index_len + offset_len + extent_len))?;
    }
    None
}

/// Big-endian fields one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take(&mut self, len: usize) -> Option<u64> {
        let (field, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(be(field))
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.take(len).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn block(container: Container, bytes: &[u8]) -> Option<Block> {
        locate(&mut Source::new(Cursor::new(bytes)), container)
    }

    #[test]
    fn jpeg_tells_exif_from_xmp() {
        let bytes = b"\xff\xd8\xff\xe1\0\x0ahttp://\0\xff\xe1\0\x0eExif\0\0MM\0*";
        assert_eq!(block(Container::Jpeg, bytes), Some(Block::Nested(24)));
        assert_eq!(block(Container::Jpeg, b"\xff\xd8\xff\xda\0\x0cabcdef"), None);
    }

    #[test]
    fn raf_looks_into_its_preview() {
        let mut bytes = [0; 84].to_vec();
        bytes.extend(b"\0\0\0\x58\xff\xd8\xff\xe1\0\x0eExif\0\0");
        assert_eq!(block(Container::Raf, &bytes), Some(Block::Nested(100)));
    }

    #[test]
    fn cr3_has_a_block_for_each_directory() {
        let mut bytes = b"\0\0\0\x30moov\0\0\0\x28uuid".to_vec();
        bytes.extend(CANON_UUID);
        bytes.extend(b"\0\0\0\x08CMT1\0\0\0\x08CMT2");
        let split = Block::Split { main: 40, exif: 48 };
        assert_eq!(block(Container::Cr3, &bytes), Some(split));
    }

    #[test]
    fn heif_items_are_found_in_every_version_of_the_table() {
        let v0 = b"\0\0\0\0\x44\0\0\x02\
            \0\x01\0\0\0\x01\0\0\0\x10\0\0\0\x20\
            \0\x02\0\0\0\x01\0\0\0\x30\0\0\0\x40";
        assert_eq!(heif_item_offset(v0, 2), Some(0x30));
        assert_eq!(heif_item_offset(v0, 3), None);
        let v2 = b"\x02\0\0\0\x44\x44\0\0\0\x01\
            \0\0\0\x07\0\0\0\0\0\0\x01\0\0\x01\0\0\0\0\0\0\0\x30\0\0\0\x40";
        assert_eq!(heif_item_offset(v2, 7), Some(0x130));
        let inside_another_item = b"\x01\0\0\0\x44\0\0\x01\
            \0\x02\0\x01\0\0\0\x01\0\0\0\x30\0\0\0\x40";
        assert_eq!(heif_item_offset(inside_another_item, 2), None);
    }
}
