//! What an MP4 or MOV file says of itself (ISO/IEC 14496-12, section 8).

use std::io::{Read, Seek};

use super::boxes::{Boxes, child, descendant};
use super::capture_time::CaptureTime;
use super::metadata::Metadata;
use super::source::{Source, Span, be};

/// Seconds from 1904, where these files count from, to 1970.
const FROM_1904_TO_1970_S: i64 = 2_082_844_800;

/// The key of the time a phone or camera puts beside the one in UTC: its own
/// clock with its offset.
const CREATION_DATE: &[u8] = b"com.apple.quicktime.creationdate";

/// Longest list of keys that is read; a phone writes a few hundred bytes.
const MAX_KEYS_BYTES: u64 = 16 * 1024;

/// Reads the movie header and the first video track.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>) -> Option<Metadata> {
    let file = source.span()?;
    let moov = child(source, file, b"moov")?;
    let header = movie_header(source, moov).unwrap_or_default();
    let size = video_size(source, moov);
    Some(Metadata {
        width_px: size.map(|(width, _)| width),
        height_px: size.map(|(_, height)| height),
        duration_us: header.duration_us,
        capture_time: creation_date(source, moov).or(header.created),
        position: None,
    })
}

#[derive(Default)]
struct Header {
    duration_us: Option<i64>,
    created: Option<CaptureTime>,
}

/// The `mvhd` box: version 1 has 64-bit times where version 0 has 32-bit ones.
fn movie_header<R: Read + Seek>(source: &mut Source<R>, moov: Span) -> Option<Header> {
    let mvhd = child(source, moov, b"mvhd")?;
    let [created, ticks_per_second, duration, unknown] = match source.array(mvhd.start)? {
        [0] => {
            let fields = source.array::<20>(mvhd.start)?;
            let unknown = u64::from(u32::MAX);
            [be(&fields[4..8]), be(&fields[12..16]), be(&fields[16..]), unknown]
        }
        _ => {
            let fields = source.array::<32>(mvhd.start)?;
            [be(&fields[4..12]), be(&fields[20..24]), be(&fields[24..]), u64::MAX]
        }
    };
    let known_duration = Some(duration).filter(|ticks| *ticks != unknown);
    Some(Header {
        duration_us: known_duration.and_then(|ticks| ticks_to_us(ticks, ticks_per_second)),
        created: since_1904(created),
    })
}

fn ticks_to_us(ticks: u64, ticks_per_second: u64) -> Option<i64> {
    let us = (u128::from(ticks) * 1_000_000).checked_div(ticks_per_second.into())?;
    i64::try_from(us).ok().filter(|us| *us > 0)
}

/// Zero is what software writes that does not know the time.
fn since_1904(seconds: u64) -> Option<CaptureTime> {
    let seconds = i64::try_from(seconds).ok().filter(|s| *s != 0)?;
    CaptureTime::from_unix_us((seconds - FROM_1904_TO_1970_S).checked_mul(1_000_000)?)
}

/// The size of the first video track as it is shown.
fn video_size<R: Read + Seek>(source: &mut Source<R>, moov: Span) -> Option<(u32, u32)> {
    let mut boxes = Boxes::within(moov);
    loop {
        let (name, track) = boxes.next(source)?;
        if name == *b"trak" && is_video(source, track) == Some(true) {
            return shown_size(source, track);
        }
    }
}

fn is_video<R: Read + Seek>(source: &mut Source<R>, track: Span) -> Option<bool> {
    let handler = descendant(source, track, &[b"mdia", b"hdlr"])?;
    Some(source.array(handler.start + 8)? == *b"vide")
}

/// The `tkhd` box's size, turned as its matrix says. Both are 16.16 fixed point
/// and lie 12 bytes further in version 1.
fn shown_size<R: Read + Seek>(source: &mut Source<R>, track: Span) -> Option<(u32, u32)> {
    let header = child(source, track, b"tkhd")?.start;
    let matrix = header + if source.array(header)? == [0] { 40 } else { 52 };
    // The matrix is rows of (a b u), (c d v), (x y w); then come width and height.
    let fields = source.array::<44>(matrix)?;
    let [a, b, c, d] = [0, 4, 12, 16].map(|at| be(&fields[at..at + 4]));
    let width = u32::from(be(&fields[36..38]) as u16);
    let height = u32::from(be(&fields[40..42]) as u16);
    let is_quarter_turned = a == 0 && d == 0 && b != 0 && c != 0;
    Some(if is_quarter_turned { (height, width) } else { (width, height) })
}

/// Apple's metadata: a list of keys, and values filed under their numbers
/// (<https://developer.apple.com/documentation/quicktime-file-format/metadata_atoms_and_types>).
fn creation_date<R: Read + Seek>(source: &mut Source<R>, moov: Span) -> Option<CaptureTime> {
    // Phones put the box here, software often one level further down.
    let mut meta =
        child(source, moov, b"meta").or_else(|| descendant(source, moov, &[b"udta", b"meta"]))?;
    // In MOV the boxes start at once, in MP4 after a version and flags.
    if source.array(meta.start + 4)? != *b"hdlr" {
        meta = meta.skip(4);
    }
    let keys = child(source, meta, b"keys")?;
    let len = (keys.end - keys.start).min(MAX_KEYS_BYTES) as usize;
    let number = key_number(&source.piece(keys.start, len)?, CREATION_DATE)?;
    let data = descendant(source, meta, &[b"ilst", &number.to_be_bytes(), b"data"])?;
    let len = usize::try_from(data.end - data.start).ok()?;
    let value = source.piece(data.start, len)?;
    // The value follows four bytes of type and four of locale.
    let text = std::str::from_utf8(value.get(8..)?).ok()?;
    let (clock, offset) = text.split_at_checked(19)?;
    CaptureTime::parse(clock, "", offset)
}

/// The place of `wanted` in the list, counted from 1.
fn key_number(keys: &[u8], wanted: &[u8]) -> Option<u32> {
    let mut rest = keys.get(8..)?; // version, flags and count
    for number in 1.. {
        let size = usize::try_from(be(rest.get(..4)?)).ok()?;
        let key = rest.get(8..size)?; // after its size and namespace
        if key == wanted {
            return Some(number);
        }
        rest = &rest[size..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zero_is_unknown() {
        assert_eq!(since_1904(0), None);
        assert_eq!(since_1904(u64::MAX), None);
        let epoch = since_1904(FROM_1904_TO_1970_S as u64).unwrap();
        assert_eq!((epoch.unix_us, epoch.utc_offset_s), (0, None));
    }

    #[test]
    fn durations_need_a_clock() {
        assert_eq!(ticks_to_us(3, 2), Some(1_500_000));
        assert_eq!(ticks_to_us(3, 0), None);
        assert_eq!(ticks_to_us(0, 2), None);
        assert_eq!(ticks_to_us(u64::MAX, 1), None);
    }

    #[test]
    fn keys_count_from_one() {
        let keys = b"\0\0\0\0\0\0\0\x02\0\0\0\x09mdtaA\0\0\0\x0amdtaBC";
        assert_eq!(key_number(keys, b"A"), Some(1));
        assert_eq!(key_number(keys, b"BC"), Some(2));
        assert_eq!(key_number(keys, b"D"), None);
        assert_eq!(key_number(b"\0\0\0\0\0\0\0\x01\0\0\0\x00mdta", b"A"), None);
    }
}
