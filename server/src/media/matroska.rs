//! What a Matroska file says of itself (RFC 9559). `WebM` is a subset of it.

use std::io::{Read, Seek};

use super::capture_time::CaptureTime;
use super::metadata::Metadata;
use super::source::{Source, Span, be};

const EBML: u64 = 0x1a45_dfa3;
const DOC_TYPE: u64 = 0x4282;
const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_a966;
const TIMESTAMP_SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;
const DATE_UTC: u64 = 0x4461;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK_ENTRY: u64 = 0xae;
const VIDEO: u64 = 0xe0;
const PIXEL_WIDTH: u64 = 0xb0;
const PIXEL_HEIGHT: u64 = 0xba;

/// Nanoseconds in one tick when the file does not say.
const DEFAULT_TIMESTAMP_SCALE: u64 = 1_000_000;

/// Microseconds from 1970 to 2001, where dates count from.
const FROM_1970_TO_2001_US: i64 = 978_307_200_000_000;

/// The document type that the file's header names: `webm`, `matroska`, ….
pub(super) fn doc_type<R: Read + Seek>(source: &mut Source<R>) -> Option<Vec<u8>> {
    let (id, header) = Elements(source.span()?).next(source)?;
    if id != EBML {
        return None;
    }
    value(source, header, DOC_TYPE)
}

/// Reads the segment's description and its first video track.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>) -> Option<Metadata> {
    let file = source.span()?;
    let segment = child(source, file, SEGMENT)?;
    let info = child(source, segment, INFO);
    let size = video_size(source, segment);
    Some(Metadata {
        width_px: size.map(|(width, _)| width),
        height_px: size.map(|(_, height)| height),
        duration_us: info.and_then(|info| duration_us(source, info)),
        capture_time: info.and_then(|info| date(source, info)),
        position: None,
    })
}

fn duration_us<R: Read + Seek>(source: &mut Source<R>, info: Span) -> Option<i64> {
    let ticks = float(&value(source, info, DURATION)?)?;
    let scale = value(source, info, TIMESTAMP_SCALE);
    let tick_ns = scale.map_or(DEFAULT_TIMESTAMP_SCALE, |bytes| be(&bytes));
    let duration_us = ticks * tick_ns as f64 / 1000.0;
    let is_plausible = (1.0..i64::MAX as f64).contains(&duration_us);
    is_plausible.then_some(duration_us as i64)
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f32::from_bits(be(bytes) as u32).into()),
        8 => Some(f64::from_bits(be(bytes))),
        _ => None,
    }
}

fn date<R: Read + Seek>(source: &mut Source<R>, info: Span) -> Option<CaptureTime> {
    let bytes: [u8; 8] = value(source, info, DATE_UTC)?.try_into().ok()?;
    let since_2001_us = i64::from_be_bytes(bytes) / 1000;
    CaptureTime::from_unix_us(since_2001_us + FROM_1970_TO_2001_US)
}

fn video_size<R: Read + Seek>(source: &mut Source<R>, segment: Span) -> Option<(u32, u32)> {
    let mut tracks = Elements(child(source, segment, TRACKS)?);
    loop {
        let (id, track) = tracks.next(source)?;
        if id == TRACK_ENTRY
            && let Some(video) = child(source, track, VIDEO)
        {
            let width = be(&value(source, video, PIXEL_WIDTH)?);
            let height = be(&value(source, video, PIXEL_HEIGHT)?);
            return Some((width.try_into().ok()?, height.try_into().ok()?));
        }
    }
}

/// The first child's content if it is short: numbers, dates and type names.
fn value<R: Read + Seek>(source: &mut Source<R>, parent: Span, id: u64) -> Option<Vec<u8>> {
    let content = child(source, parent, id)?;
    let len = usize::try_from(content.end - content.start).ok()?;
    if len > 8 {
        return None;
    }
    source.piece(content.start, len)
}

fn child<R: Read + Seek>(source: &mut Source<R>, parent: Span, id: u64) -> Option<Span> {
    let mut elements = Elements(parent);
    loop {
        let (found, content) = elements.next(source)?;
        if found == id {
            return Some(content);
        }
    }
}

/// Walks the elements that lie side by side in a range.
struct Elements(Span);

impl Elements {
    /// The next element's id and content. An element of unknown size, as live
    /// recordings have, reaches to the end of its parent.
    fn next<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Option<(u64, Span)> {
        let Self(rest) = self;
        let (id, id_len) = vint(source, rest.start)?;
        let (size, size_len) = vint(source, rest.start + id_len)?;
        let start = rest.start + id_len + size_len;
        let mask = (1 << (7 * size_len)) - 1;
        let end = match size & mask {
            unknown if unknown == mask => rest.end,
            size => start.checked_add(size)?,
        };
        if end > rest.end {
            return None;
        }
        rest.start = end;
        Some((id, Span { start, end }))
    }
}

/// A number and its length in bytes, 1 to 8. The zero bits in front of the
/// first set bit say how many bytes follow the first; that bit is left in.
fn vint<R: Read + Seek>(source: &mut Source<R>, at: u64) -> Option<(u64, u64)> {
    let [first] = source.array(at)?;
    let len = first.leading_zeros() + 1;
    if len > 8 {
        return None;
    }
    let number = be(&source.piece(at, len as usize)?);
    Some((number, len.into()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn walk(bytes: &[u8]) -> Vec<(u64, Span)> {
        let mut source = Source::new(Cursor::new(bytes));
        let mut elements = Elements(source.span().unwrap());
        std::iter::from_fn(|| elements.next(&mut source)).collect()
    }

    #[test]
    fn ids_and_sizes_have_their_own_lengths() {
        let bytes = b"\x42\x82\x81x\xb0\x40\x02yz\xae\xffrest";
        let expected = [
            (DOC_TYPE, Span { start: 3, end: 4 }),
            (PIXEL_WIDTH, Span { start: 7, end: 9 }),
            (TRACK_ENTRY, Span { start: 11, end: 15 }),
        ];
        assert_eq!(walk(bytes), expected);
        assert_eq!(walk(b"\xb0\x82a"), []);
        assert_eq!(walk(b"\0\0\0"), []);
        assert_eq!(
            walk(b"\xb0\x01\xff\xff\xff\xff\xff\xff\xff"),
            [(PIXEL_WIDTH, Span { start: 9, end: 9 })]
        );
    }

    #[test]
    fn durations_are_floats_of_two_widths() {
        assert_eq!(float(&1.5_f32.to_be_bytes()), Some(1.5));
        assert_eq!(float(&1.5_f64.to_be_bytes()), Some(1.5));
        assert_eq!(float(&[0; 3]), None);
    }
}
