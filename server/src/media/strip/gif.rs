//! GIF (version 89a): a sequence of blocks, each of pieces of at most 255 bytes.

use std::io::{Read, Seek};

use super::Both;
use super::input::Input;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;

/// How the next image is shown.
const GRAPHIC_CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;
const COMMENT: u8 = 0xfe;

/// Applications' extensions that say how often an animation is repeated, and the colours' profile.
const KEPT: [&[u8; 11]; 3] = [b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012"];

/// Keeps images and how they are shown. Ends with the trailer.
pub(super) fn strip<R: Read + Seek>(input: &mut Input<R>, both: &mut Both) -> Option<()> {
    let [b'G', b'I', b'F', b'8', _, b'a'] = input.array()? else { return None };
    let [.., flags, _, _] = input.array::<7>()?;
    input.skip(table_bytes(flags))?;
    both.keep(0, input.position())?;
    let mut has_image = false;
    loop {
        let start = input.position();
        let is_kept = match input.byte()? {
            IMAGE => {
                has_image = true;
                let [.., flags] = input.array::<9>()?;
                input.skip(table_bytes(flags))?;
                input.byte()?; // the width of the first code
                true
            }
            EXTENSION => match input.byte()? {
                GRAPHIC_CONTROL => true,
                COMMENT => false,
                APPLICATION => is_kept_application(input)?,
                // Text is drawn like an image, and nobody draws it.
                _ => return None,
            },
            TRAILER => {
                both.keep(start, start + 1)?;
                return has_image.then_some(());
            }
            _ => return None,
        };
        skip_pieces(input)?;
        if is_kept {
            both.keep(start, input.position())?;
        }
    }
}

/// The size of a table of colours, from the flags that announce it.
fn table_bytes(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Reads the name of the application.
fn is_kept_application<R: Read + Seek>(input: &mut Input<R>) -> Option<bool> {
    if input.byte()? != 11 {
        return None;
    }
    Some(KEPT.contains(&&input.array()?))
}

/// Passes over pieces up to an empty one.
fn skip_pieces<R: Read + Seek>(input: &mut Input<R>) -> Option<()> {
    loop {
        match input.byte()? {
            0 => return Some(()),
            len => input.skip(len.into())?,
        }
    }
}
