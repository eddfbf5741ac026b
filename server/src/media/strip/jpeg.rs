//! JPEG (ITU-T T.81, annex B): a sequence of segments, each behind a marker.

use std::io::{Read, Seek};

use super::Both;
use super::exif::{self, EXIF_MARK};
use super::input::Input;

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;

const JFIF: &[u8] = b"JFIF\0";
/// What JFIF says without its preview: version, density, and that there is no preview.
const JFIF_BYTES: usize = 12;
const ICC_PROFILE: &[u8] = b"ICC_PROFILE\0";
const ADOBE: &[u8] = b"Adobe";
/// What Adobe's segment says of colours.
const ADOBE_BYTES: usize = 12;

/// What was met so far.
#[derive(Debug, Default)]
struct Seen {
    is_framed: bool,
    is_scanned: bool,
    has_jfif: bool,
    has_adobe: bool,
    has_exif: bool,
}

/// Keeps frame, tables and scans, the colours' profile, what JFIF and Adobe say of colours and
/// density, and how the picture is to be turned. Ends with the first picture.
pub(super) fn strip<R: Read + Seek>(input: &mut Input<R>, both: &mut Both) -> Option<()> {
    if input.array()? != SOI {
        return None;
    }
    both.keep(0, 2)?;
    let mut seen = Seen::default();
    let mut marker = next_marker(input)?;
    loop {
        let start = input.position() - 2;
        if marker == EOI {
            both.keep(start, start + 2)?;
            return seen.is_scanned.then_some(());
        }
        let len = u64::from(u16::from_be_bytes(input.array()?).checked_sub(2)?);
        let end = input.position() + len;
        match marker {
            // Frames of pictures that stand for themselves: baseline, extended, progressive and
            // lossless, by Huffman's codes or arithmetic ones.
            0xc0..=0xc3 | 0xc9..=0xcb if !seen.is_framed => {
                seen.is_framed = true;
                input.skip(len)?;
                both.keep(start, end)?;
            }
            // Tables of both kinds of codes and of quantization, the interval of restarts, and a
            // height that comes late.
            0xc4 | 0xcc | 0xdb | 0xdc | 0xdd => {
                input.skip(len)?;
                both.keep(start, end)?;
            }
            START_OF_SCAN if seen.is_framed => {
                seen.is_scanned = true;
                input.skip(len)?;
                marker = input.skip_scan()?;
                both.keep(start, input.position() - 2)?;
                continue;
            }
            APP0 | APP1 | APP2 | APP14 => application(input, both, &mut seen, marker, len)?,
            // Other applications' data, and comments.
            0xe3..=0xef | 0xfe => input.skip(len)?,
            _ => return None,
        }
        marker = next_marker(input)?;
    }
}

/// The next marker. Any number of bytes `FF` may lead to it.
fn next_marker<R: Read + Seek>(input: &mut Input<R>) -> Option<u8> {
    if input.byte()? != 0xff {
        return None;
    }
    loop {
        match input.byte()? {
            0xff => {}
            marker => return Some(marker),
        }
    }
}

/// A segment of which it depends on its first bytes what it is.
fn application<R: Read + Seek>(
    input: &mut Input<R>,
    both: &mut Both,
    seen: &mut Seen,
    marker: u8,
    len: u64,
) -> Option<()> {
    let start = input.position() - 4;
    let body = input.block(len)?;
    match marker {
        APP0 if body.starts_with(JFIF) && body.len() >= JFIF_BYTES && !seen.has_jfif => {
            seen.has_jfif = true;
            let body = [&body[..JFIF_BYTES], &[0, 0]].concat();
            both.put(&segment(APP0, &body))
        }
        APP1 if body.starts_with(EXIF_MARK) && !seen.has_exif => {
            seen.has_exif = true;
            let exif = exif::rewrite(&body);
            both.put_exif(&exif, |block| segment(APP1, &[EXIF_MARK, block].concat()))
        }
        APP2 if body.starts_with(ICC_PROFILE) => both.keep(start, start + 4 + len),
        APP14 if body.starts_with(ADOBE) && body.len() >= ADOBE_BYTES && !seen.has_adobe => {
            seen.has_adobe = true;
            both.put(&segment(APP14, &body[..ADOBE_BYTES]))
        }
        _ => Some(()),
    }
}

/// A segment; what is put into one is shorter than 64 KiB.
fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len() + 2).unwrap_or(u16::MAX);
    [&[0xff, marker], len.to_be_bytes().as_slice(), body].concat()
}
