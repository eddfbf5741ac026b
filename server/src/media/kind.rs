//! What kind of file this is, decided from its first bytes and never its name.

use std::io::Cursor;

use super::matroska;
use super::source::{Source, be};
use super::tiff::Directory;

/// How many leading bytes decide what a file is.
pub const SNIFF_BYTES: usize = 4096;

/// Whether a file is a still or moving picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A still picture, raw files and animated images included.
    Photo,
    /// A moving picture.
    Video,
}

/// How the bytes are laid out, which is what readers of metadata need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Jpeg,
    Png,
    Webp,
    Gif,
    /// HEIC and AVIF.
    Heif,
    Tiff,
    /// TIFF directories in which the first image may be a preview.
    RawTiff,
    Cr3,
    Raf,
    /// MP4 and its relatives.
    Movie,
    Matroska,
}

/// A kind of file that is stored. Only [`detect`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileType {
    /// Photo or video.
    pub media: MediaKind,
    /// The media type to serve it as, such as `image/jpeg`.
    pub content_type: &'static str,
    /// The usual file name extension in lower case, without the dot.
    pub extension: &'static str,
    pub(super) container: Container,
}

/// The file is neither a photo nor a video that is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a supported photo or video: {detected}")]
pub struct Unsupported {
    /// What it seems to be, for people to read: a media type such as
    /// `application/pdf`, or `an empty file`, or `unknown`.
    pub detected: String,
}

/// Decides what a file is from its first [`SNIFF_BYTES`] bytes, or all of them
/// if it is shorter; further bytes are ignored.
///
/// # Errors
///
/// [`Unsupported`] for anything but photos and videos. Pictures that are
/// documents (SVG, PDF) are not photos: they can carry scripts.
pub fn detect(head: &[u8]) -> Result<FileType, Unsupported> {
    let head = &head[..head.len().min(SNIFF_BYTES)];
    iso_media(head)
        .or_else(|| tiff(head))
        .or_else(|| matroska(head))
        .or_else(|| signature(head))
        .ok_or_else(|| Unsupported { detected: describe(head) })
}

const fn photo(
    container: Container,
    content_type: &'static str,
    extension: &'static str,
) -> Option<FileType> {
    Some(FileType { media: MediaKind::Photo, content_type, extension, container })
}

const fn video(
    container: Container,
    content_type: &'static str,
    extension: &'static str,
) -> Option<FileType> {
    Some(FileType { media: MediaKind::Video, content_type, extension, container })
}

/// Files told by a fixed signature. `infer` looks at as little as two bytes of
/// some of them; the whole signature keeps chance matches out.
fn signature(head: &[u8]) -> Option<FileType> {
    if head.starts_with(b"FUJIFILMCCD-RAW ") {
        return photo(Container::Raf, "image/x-fuji-raf", "raf");
    }
    match infer::get(head)?.mime_type() {
        "image/jpeg" => photo(Container::Jpeg, "image/jpeg", "jpg"),
        "image/png" if head.starts_with(b"\x89PNG\r\n\x1a\n") => {
            photo(Container::Png, "image/png", "png")
        }
        "image/gif" if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") => {
            photo(Container::Gif, "image/gif", "gif")
        }
        "image/webp" if head.starts_with(b"RIFF") => photo(Container::Webp, "image/webp", "webp"),
        // Brands that are rarer than those `brand` knows.
        "video/mp4" => video(Container::Movie, "video/mp4", "mp4"),
        _ => None,
    }
}

/// The family of MP4, told apart by the brands in the `ftyp` box: the major one
/// first, then those the file says it is compatible with.
fn iso_media(head: &[u8]) -> Option<FileType> {
    let (size, rest) = head.split_first_chunk::<4>()?;
    let (name, brands) = rest.split_first_chunk::<4>()?;
    if name != b"ftyp" {
        return bare_quicktime(size, name);
    }
    let len = usize::try_from(be(size)).ok()?.checked_sub(8)?;
    let brands = &brands[..len.min(brands.len())];
    let (brands, _) = brands.as_chunks::<4>();
    let (major, minor_and_compatible) = brands.split_first()?;
    // Every brand of audio books, music and the like says MP4 as well.
    if [b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "].contains(&major) {
        return None;
    }
    let compatible = minor_and_compatible.get(1..).unwrap_or_default();
    brand(major).or_else(|| compatible.iter().find_map(brand)).or_else(|| structure(major))
}

/// The file the major brand stands for if no brand tells how it is coded.
fn structure(brand: &[u8; 4]) -> Option<FileType> {
    match brand {
        b"mif1" | b"mif2" | b"miaf" | b"msf1" => photo(Container::Heif, "image/heif", "heif"),
        _ => None,
    }
}

/// The file a brand stands for.
fn brand(brand: &[u8; 4]) -> Option<FileType> {
    match brand {
        b"avif" | b"avis" => photo(Container::Heif, "image/avif", "avif"),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => {
            photo(Container::Heif, "image/heic", "heic")
        }
        b"crx " => photo(Container::Cr3, "image/x-canon-cr3", "cr3"),
        b"qt  " => video(Container::Movie, "video/quicktime", "mov"),
        [b'3', b'g', b'2', _] => video(Container::Movie, "video/3gpp2", "3g2"),
        [b'3', b'g', _, _] => video(Container::Movie, "video/3gpp", "3gp"),
        b"mp41" | b"mp42" | b"avc1" | b"XAVC" | [b'i', b's', b'o', _] | [b'M', b'4', b'V', _] => {
            video(Container::Movie, "video/mp4", "mp4")
        }
        _ => None,
    }
}

/// MOV files from before `ftyp` was invented, as old cameras write them.
/// A first byte of zero bounds the box's size and keeps text out.
fn bare_quicktime(size: &[u8; 4], name: &[u8; 4]) -> Option<FileType> {
    let is_movie = [b"moov", b"mdat", b"wide", b"pnot"].contains(&name);
    if is_movie && size[0] == 0 { video(Container::Movie, "video/quicktime", "mov") } else { None }
}

/// TIFF and the raw formats built on it.
fn tiff(head: &[u8]) -> Option<FileType> {
    match head.get(..4)? {
        b"IIRO" | b"IIRS" | b"MMOR" => photo(Container::RawTiff, "image/x-olympus-orf", "orf"),
        b"IIU\0" => photo(Container::RawTiff, "image/x-panasonic-rw2", "rw2"),
        b"II*\0" | b"MM\0*" if head.get(8..11) == Some(b"CR\x02") => {
            photo(Container::RawTiff, "image/x-canon-cr2", "cr2")
        }
        b"II*\0" | b"MM\0*" => raw_tiff(head).or(photo(Container::Tiff, "image/tiff", "tiff")),
        _ => None,
    }
}

/// The raw formats that only the tags of their first directory give away. A
/// camera's name is not enough: developed TIFF files keep it.
fn raw_tiff(head: &[u8]) -> Option<FileType> {
    const NEW_SUBFILE_TYPE: u16 = 0x00fe;
    const COMPRESSION: u16 = 0x0103;
    const PHOTOMETRIC: u16 = 0x0106;
    const MAKE: u16 = 0x010f;
    const DNG_VERSION: u16 = 0xc612;
    const REDUCED: u64 = 1;
    const PENTAX_PACKED: u64 = 65_535;
    const COLOR_FILTER_ARRAY: u64 = 32_803;

    let mut source = Source::new(Cursor::new(head));
    let directory = Directory::first(&mut source, 0)?;
    let mut number = |tag| directory.number(&mut source, tag);
    if number(DNG_VERSION).is_some() {
        return photo(Container::RawTiff, "image/x-adobe-dng", "dng");
    }
    let is_raw = number(NEW_SUBFILE_TYPE) == Some(REDUCED)
        || number(COMPRESSION) == Some(PENTAX_PACKED)
        || number(PHOTOMETRIC) == Some(COLOR_FILTER_ARRAY);
    let make = directory.text(&mut source, MAKE).to_ascii_uppercase();
    match make.split(' ').next()? {
        _ if !is_raw => None,
        "NIKON" => photo(Container::RawTiff, "image/x-nikon-nef", "nef"),
        "SONY" => photo(Container::RawTiff, "image/x-sony-arw", "arw"),
        "PENTAX" | "RICOH" => photo(Container::RawTiff, "image/x-pentax-pef", "pef"),
        _ => None,
    }
}

fn matroska(head: &[u8]) -> Option<FileType> {
    let mut source = Source::new(Cursor::new(head));
    match matroska::doc_type(&mut source)?.as_slice() {
        b"webm" => video(Container::Matroska, "video/webm", "webm"),
        b"matroska" => video(Container::Matroska, "video/x-matroska", "mkv"),
        _ => None,
    }
}

/// What a file that is refused seems to be.
fn describe(head: &[u8]) -> String {
    // A word can pass for the signature of a picture; a text is none.
    let is_textual = |kind: &str| kind.starts_with("text/") || kind.starts_with("application/");
    let kind = infer::get(head).map(|kind| kind.mime_type());
    let detected = match (kind, text(head)) {
        _ if head.is_empty() => "an empty file",
        (None | Some("text/xml"), Some(text)) if text.contains("<svg") => "image/svg+xml",
        (Some(kind), Some(_)) if is_textual(kind) => kind,
        (_, Some(_)) => "text/plain",
        (Some(kind), None) => kind,
        (None, None) => "unknown",
    };
    detected.to_owned()
}

/// The head as text, if that is what it is; its end may cut a character.
fn text(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_binary = |c: char| c.is_control() && !c.is_whitespace();
    (!text.contains(is_binary)).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../tests/support/fixtures/",
                $name
            ))
        };
    }

    fn content_type(head: &[u8]) -> Option<&'static str> {
        detect(head).ok().map(|file_type| file_type.content_type)
    }

    fn refused(head: &[u8]) -> String {
        detect(head).unwrap_err().detected
    }

    /// A file of the MP4 family with a major brand and compatible ones.
    fn ftyp(major: &str, compatible: &str) -> Vec<u8> {
        let brands = format!("ftyp{major}\0\0\0\0{compatible}");
        let mut head = (brands.len() as u32 + 4).to_be_bytes().to_vec();
        head.extend(brands.bytes());
        head.extend(b"\0\0\0\x08free");
        head
    }

    #[test]
    fn fixtures_are_what_they_are() {
        let expected: [(&[u8], MediaKind, &str, &str); 14] = [
            (fixture!("photos/IMG_2041.jpg"), MediaKind::Photo, "image/jpeg", "jpg"),
            (fixture!("photos/IMG_2042.jpg"), MediaKind::Photo, "image/jpeg", "jpg"),
            (fixture!("photos/IMG_2050.HEIC"), MediaKind::Photo, "image/heic", "heic"),
            (fixture!("photos/IMG_2050.MOV"), MediaKind::Video, "video/quicktime", "mov"),
            (fixture!("photos/dunes.webp"), MediaKind::Photo, "image/webp", "webp"),
            (fixture!("photos/evening.mp4"), MediaKind::Video, "video/mp4", "mp4"),
            (fixture!("photos/harbour.png"), MediaKind::Photo, "image/png", "png"),
            (fixture!("other/clip.mkv"), MediaKind::Video, "video/x-matroska", "mkv"),
            (fixture!("other/clip.webm"), MediaKind::Video, "video/webm", "webm"),
            (fixture!("other/minimal.dng"), MediaKind::Photo, "image/x-adobe-dng", "dng"),
            (fixture!("other/tiny.avif"), MediaKind::Photo, "image/avif", "avif"),
            (fixture!("other/tiny.gif"), MediaKind::Photo, "image/gif", "gif"),
            (fixture!("other/tiny.tiff"), MediaKind::Photo, "image/tiff", "tiff"),
            (fixture!("other/truncated.jpg"), MediaKind::Photo, "image/jpeg", "jpg"),
        ];
        for (bytes, media, content_type, extension) in expected {
            let found = detect(bytes).unwrap();
            let found = (found.media, found.content_type, found.extension);
            assert_eq!(found, (media, content_type, extension));
        }
    }

    #[test]
    fn brands_decide_in_order() {
        for (major, compatible, expected) in [
            ("heic", "mif1heic", Some("image/heic")),
            ("mif1", "mif1heic", Some("image/heic")),
            ("mif1", "mif1avifmiaf", Some("image/avif")),
            ("mif1", "mif1jpeg", Some("image/heif")),
            ("avis", "msf1iso8", Some("image/avif")),
            ("crx ", "crx isom", Some("image/x-canon-cr3")),
            ("qt  ", "qt  ", Some("video/quicktime")),
            ("isom", "isomiso2avc1mp41", Some("video/mp4")),
            ("M4V ", "M4V mp42isom", Some("video/mp4")),
            ("3gp4", "3gp4isom", Some("video/3gpp")),
            ("NDSC", "NDSC", Some("video/mp4")),
            ("niko", "nikomp42", Some("video/mp4")),
            ("M4A ", "M4A mp42isom", None),
            ("abcd", "abcd", None),
        ] {
            assert_eq!(content_type(&ftyp(major, compatible)), expected, "{major}");
        }
    }

    #[test]
    fn old_movies_have_no_brand() {
        assert_eq!(content_type(b"\0\0\0\x08wide\0\0\0\0mdat"), Some("video/quicktime"));
        assert_eq!(content_type(b"\0\x01\0\0moov"), Some("video/quicktime"));
        assert_eq!(content_type(b"the moovies"), None);
    }

    /// A little-endian TIFF whose first directory has these tags of type LONG.
    fn tiff_with(tags: &[(u16, u32)], make: &str) -> Vec<u8> {
        let mut head = b"II*\0\x08\0\0\0".to_vec();
        head.extend((tags.len() as u16 + 1).to_le_bytes());
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            let value = [count.to_le_bytes(), value.to_le_bytes()].concat();
            [tag.to_le_bytes(), kind.to_le_bytes()].concat().into_iter().chain(value)
        };
        for (tag, value) in tags {
            head.extend(entry(*tag, 4, 1, *value));
        }
        let end = head.len() as u32 + 16;
        head.extend(entry(0x010f, 2, make.len() as u32, end));
        head.extend([0; 4]);
        head.extend(make.bytes());
        head
    }

    #[test]
    fn raw_files_are_told_from_developed_ones() {
        let reduced = [(0x00fe, 1)];
        let full_size = [(0x00fe, 0), (0x0103, 1)];
        let nikon = "NIKON CORPORATION\0";
        for (head, expected) in [
            (tiff_with(&reduced, nikon), "image/x-nikon-nef"),
            (tiff_with(&full_size, nikon), "image/tiff"),
            (tiff_with(&reduced, "SONY\0"), "image/x-sony-arw"),
            (tiff_with(&[(0x0103, 65_535)], "PENTAX Corporation\0"), "image/x-pentax-pef"),
            (tiff_with(&[(0x0106, 32_803)], "RICOH IMAGING\0"), "image/x-pentax-pef"),
            (tiff_with(&reduced, "Scanner\0"), "image/tiff"),
            (tiff_with(&[(0xc612, 0x0401)], "Anyone\0"), "image/x-adobe-dng"),
            (b"II*\0\x10\0\0\0CR\x02\0".to_vec(), "image/x-canon-cr2"),
            (b"MM\0*\0\0\0\x08".to_vec(), "image/tiff"),
            (b"IIRO\x08\0\0\0".to_vec(), "image/x-olympus-orf"),
            (b"IIU\0\x18\0\0\0".to_vec(), "image/x-panasonic-rw2"),
            (b"FUJIFILMCCD-RAW 0201".to_vec(), "image/x-fuji-raf"),
        ] {
            assert_eq!(content_type(&head), Some(expected));
        }
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        assert_eq!(refused(fixture!("other/document.pdf")), "application/pdf");
        assert_eq!(refused(fixture!("other/page.html")), "text/html");
        assert_eq!(refused(fixture!("other/vector.svg")), "image/svg+xml");
        assert_eq!(refused(fixture!("other/not_media.txt")), "text/plain");
        assert_eq!(refused(fixture!("other/empty.jpg")), "an empty file");
        assert_eq!(refused(b"<svg xmlns=''></svg>"), "image/svg+xml");
        assert_eq!(refused(b"<html ><svg></svg></html>"), "text/html");
        assert_eq!(refused(b"<?xml version='1.0'?><a/>"), "text/xml");
        assert_eq!(refused(b"BM\0\0\0\0"), "image/bmp");
        assert_eq!(refused(b"GIF, a short history"), "text/plain");
        assert_eq!(refused("Bär ".repeat(2000).as_bytes()), "text/plain");
        assert_eq!(refused(&[0, 1, 2, 3]), "unknown");
        assert_eq!(refused(&ftyp("M4A ", "isom")), "audio/m4a");
    }

    #[test]
    fn only_the_head_counts() {
        let mut bytes = vec![b' '; SNIFF_BYTES];
        bytes.extend(b"<svg>");
        assert_eq!(refused(&bytes), "text/plain");
    }

    proptest! {
        #[test]
        fn any_head_is_safe(bytes: Vec<u8>, magic in prop::sample::select(vec![
            &b"II*\0"[..], b"MM\0*", b"\x1a\x45\xdf\xa3", b"\0\0\0\x18ftyp", b"PK\x03\x04",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x7fELF", b"RIFF", b"",
        ])) {
            detect(&[magic, &bytes].concat()).ok();
        }

        #[test]
        fn text_is_never_media(text in "[ -~\n]{0,200}") {
            prop_assert!(detect(text.as_bytes()).is_err());
        }
    }
}
