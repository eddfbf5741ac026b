//! WebP (RFC 9649): a RIFF file, a sequence of chunks.

use std::io::{Read, Seek};

use super::Both;
use super::exif::{self, Rewritten};
use super::input::Input;
use super::splices::Splices;

/// The chunk that says which others there are (section 2.7.1), and its length.
const EXTENDED: &[u8; 4] = b"VP8X";
const EXTENDED_BYTES: u64 = 10;
/// Its flags for EXIF and XMP.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

/// The chunks that are a picture; an animation has its own in the last of these.
const PICTURE: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ANMF"];
/// Those that are there besides: its colours, how it moves and where it is transparent.
const BESIDES: [&[u8; 4]; 3] = [b"ICCP", b"ANIM", b"ALPH"];
/// What makes one picture of an animation.
const FRAME: [&[u8; 4]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
/// What stands before that: place, size and time.
const FRAME_HEAD_BYTES: u64 = 16;

/// Name and length of a chunk.
const HEAD_BYTES: u64 = 8;

/// Keeps the chunks that make a picture, and rewrites `EXIF` and what the file says of its chunks.
/// Ends where the file says that it does.
pub(super) fn strip<R: Read + Seek>(input: &mut Input<R>, both: &mut Both) -> Option<()> {
    let [b'R', b'I', b'F', b'F', l0, l1, l2, l3, b'W', b'E', b'B', b'P'] = input.array()? else {
        return None;
    };
    let end = HEAD_BYTES + u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
    let (mut extended, mut exif, mut has_picture) = (None, None, false);
    while input.position() < end {
        let start = input.position();
        let (name, len) = (input.array::<4>()?, u64::from(u32::from_le_bytes(input.array()?)));
        let padded = len.next_multiple_of(2);
        let body = input.position();
        if name == *EXTENDED && start == 12 && len == EXTENDED_BYTES {
            extended = Some(input.array::<10>()?);
        } else if name == *b"EXIF" && exif.is_none() {
            let block = input.block_or_skip(len)?.unwrap_or_default();
            let rewritten = exif::rewrite(&block);
            both.put_exif(&rewritten, |block| chunk(b"EXIF", block))?;
            exif = Some(rewritten);
        } else if PICTURE.contains(&&name) || BESIDES.contains(&&name) {
            has_picture |= PICTURE.contains(&&name);
            if name == *b"ANMF" {
                skip_frame(input, body + len)?;
            }
            input.skip(body + padded - input.position())?;
            both.keep(start, body + padded)?;
        } else if name == *EXTENDED {
            return None;
        }
        input.skip((body + padded).checked_sub(input.position())?)?;
    }
    if input.position() != end || !has_picture {
        return None;
    }
    let Rewritten { without_location, orientation } = exif.unwrap_or_default();
    finish(&mut both.without_location, extended, without_location.is_some())?;
    finish(&mut both.without_metadata, extended, orientation.is_some())
}

/// Passes over one picture of an animation, which must have nothing in it but that picture.
fn skip_frame<R: Read + Seek>(input: &mut Input<R>, end: u64) -> Option<()> {
    input.skip(FRAME_HEAD_BYTES)?;
    while input.position() < end {
        let (name, len) = (input.array::<4>()?, u64::from(u32::from_le_bytes(input.array()?)));
        input.skip(len.next_multiple_of(2))?;
        if !FRAME.contains(&&name) {
            return None;
        }
    }
    (input.position() == end).then_some(())
}

/// Puts the heads before the chunks: the size of all, and which there are. Without the latter there
/// is no place for EXIF.
fn finish(splices: &mut Splices, extended: Option<[u8; 10]>, has_exif: bool) -> Option<()> {
    let extended = match extended {
        Some(mut flags) => {
            flags[0] &= !(HAS_EXIF | HAS_XMP);
            flags[0] |= if has_exif { HAS_EXIF } else { 0 };
            chunk(EXTENDED, &flags)
        }
        None if has_exif => return None,
        None => Vec::new(),
    };
    let size = u32::try_from(4 + extended.len() as u64 + splices.size()).ok()?;
    let head = [b"RIFF", size.to_le_bytes().as_slice(), b"WEBP", &extended].concat();
    *splices = std::mem::take(splices).behind(&head)?;
    Some(())
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    let padding: &[u8] = if body.len().is_multiple_of(2) { &[] } else { &[0] };
    [name.as_slice(), &len, body, padding].concat()
}
