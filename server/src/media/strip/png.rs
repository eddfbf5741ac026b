//! PNG (W3C, third edition), APNG included: a sequence of chunks.

use std::io::{Read, Seek};

use super::Both;
use super::exif;
use super::input::Input;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// The chunks that make a picture, its colours, its density and its motion.
const KEPT: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"sBIT",
    b"bKGD", b"pHYs", b"hIST", b"acTL", b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI",
];

/// Length, name and checksum of a chunk.
const FRAME_BYTES: u64 = 12;

/// Keeps the chunks that make a picture, and rewrites `eXIf`. Ends with the chunk that ends the
/// picture.
pub(super) fn strip<R: Read + Seek>(input: &mut Input<R>, both: &mut Both) -> Option<()> {
    if input.array()? != *SIGNATURE {
        return None;
    }
    both.keep(0, 8)?;
    let (mut has_exif, mut has_pixels) = (false, false);
    loop {
        let start = input.position();
        let len = u64::from(u32::from_be_bytes(input.array()?));
        let name: [u8; 4] = input.array()?;
        if (start == 8) != (name == *b"IHDR") {
            return None;
        }
        if name == *b"eXIf" && !has_exif {
            has_exif = true;
            if let Some(body) = input.block_or_skip(len)? {
                both.put_exif(&exif::rewrite(&body), |block| chunk(b"eXIf", block))?;
            }
        } else {
            input.skip(len)?;
        }
        input.skip(4)?;
        has_pixels |= name == *b"IDAT";
        if KEPT.contains(&&name) {
            both.keep(start, start + len + FRAME_BYTES)?;
        } else if name[0].is_ascii_uppercase() {
            // No decoder can do without a chunk of such a name.
            return None;
        }
        if name == *b"IEND" {
            return has_pixels.then_some(());
        }
    }
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let named = [name, body].concat();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    [&len, named.as_slice(), &checksum].concat()
}
