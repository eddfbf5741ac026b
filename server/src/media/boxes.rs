//! The box structure of ISO base media files: MP4, MOV, HEIC, AVIF and CR3
//! (ISO/IEC 14496-12, section 4.2).

use std::io::{Read, Seek};

use super::source::{Source, Span, be};

/// Walks the boxes that lie side by side in a range, one read for each.
#[derive(Debug)]
pub(super) struct Boxes(Span);

impl Boxes {
    pub(super) fn within(parent: Span) -> Self {
        Self(parent)
    }

    /// The next box's name and body. Nothing after the last one, or after a
    /// box that is longer than its parent.
    pub(super) fn next<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
    ) -> Option<([u8; 4], Span)> {
        let Self(rest) = self;
        let [s0, s1, s2, s3, name @ ..] = source.array::<8>(rest.start)?;
        let (header, size) = match be(&[s0, s1, s2, s3]) {
            0 => (8, rest.end.checked_sub(rest.start)?),
            1 => (16, be(&source.array::<8>(rest.start + 8)?)),
            size => (8, size),
        };
        let end = rest.start.checked_add(size)?;
        if size < header || end > rest.end {
            return None;
        }
        let start = rest.start + header;
        rest.start = end;
        Some((name, Span { start, end }))
    }
}

/// The body of the first box called `name` in `parent`.
pub(super) fn child<R: Read + Seek>(
    source: &mut Source<R>,
    parent: Span,
    name: &[u8; 4],
) -> Option<Span> {
    let mut boxes = Boxes::within(parent);
    loop {
        let (found, body) = boxes.next(source)?;
        if found == *name {
            return Some(body);
        }
    }
}

/// The body at the end of a path of nested boxes.
pub(super) fn descendant<R: Read + Seek>(
    source: &mut Source<R>,
    ancestor: Span,
    path: &[&[u8; 4]],
) -> Option<Span> {
    path.iter().try_fold(ancestor, |parent, name| child(source, parent, name))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn walk(bytes: &[u8]) -> Vec<([u8; 4], Span)> {
        let mut source = Source::new(Cursor::new(bytes));
        let mut boxes = Boxes::within(source.span().unwrap());
        std::iter::from_fn(|| boxes.next(&mut source)).collect()
    }

    #[test]
    fn sizes_may_be_short_long_or_open() {
        let bytes = b"\0\0\0\x0aftypab\0\0\0\x01wide\0\0\0\0\0\0\0\x11c\0\0\0\0mdatdef";
        let expected = [
            (*b"ftyp", Span { start: 8, end: 10 }),
            (*b"wide", Span { start: 26, end: 27 }),
            (*b"mdat", Span { start: 35, end: 38 }),
        ];
        assert_eq!(walk(bytes), expected);
    }

    #[test]
    fn impossible_sizes_end_the_walk() {
        assert_eq!(walk(b"\0\0\0\x07ftyp"), []);
        assert_eq!(walk(b"\0\0\0\x09ftyp"), []);
        assert_eq!(walk(b"\0\0\0\x01ftyp\xff\xff\xff\xff\xff\xff\xff\xff"), []);
    }

    #[test]
    fn paths_lead_down() {
        let mut source = Source::new(Cursor::new(b"\0\0\0\x11moov\0\0\0\x09trakx"));
        let file = source.span().unwrap();
        let trak = descendant(&mut source, file, &[b"moov", b"trak"]);
        assert_eq!(trak, Some(Span { start: 16, end: 17 }));
        assert_eq!(descendant(&mut source, file, &[b"moov", b"udta"]), None);
    }
}
