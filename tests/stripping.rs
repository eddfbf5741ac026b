//! Files without their metadata, as other people's programs see them: ExifTool, and a decoder.

use std::io::Cursor;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use albumen_server::media::{self, Splice, Stripped, Variants};
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder as _, DynamicImage, ImageDecoder as _, ImageReader};
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::support::fixtures;

/// Pictures of each kind that metadata can be taken out of.
const PICTURES: [&str; 15] = [
    "strip/baseline.jpg",
    "strip/progressive.jpg",
    "strip/restart.jpg",
    "strip/cmyk.jpg",
    "strip/gray.jpg",
    "photos/IMG_2041.jpg",
    "strip/palette.png",
    "strip/deep.png",
    "strip/interlaced.png",
    "strip/animated.png",
    "strip/lossy.webp",
    "strip/lossless.webp",
    "strip/alpha.webp",
    "strip/animated.webp",
    "strip/animated.gif",
];

/// What is written into each, as far as it has a place for it. Texts that must not come out again
/// in any variant begin with `SECRET`, those that the variant without location keeps with `KEPT`.
const TAGS: [&str; 23] = [
    "-GPSLatitude=43.0759",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=11.6784",
    "-GPSLongitudeRef=E",
    "-GPSAreaInformation=SECRETarea",
    "-GPSDateStamp=2024:06:15",
    "-Make=KEPTmaker",
    "-Model=KEPTmodel",
    "-ExifIFD:SerialNumber=KEPTserial",
    "-ExifIFD:OwnerName=KEPTowner",
    "-ExifIFD:LensModel=KEPTlens",
    "-ExifIFD:DateTimeOriginal=2024:06:15 20:41:07",
    "-ExifIFD:OffsetTimeOriginal=+02:00",
    "-IFD0:ImageDescription=SECRETdescription",
    "-ExifIFD:UserComment=SECRETusercomment",
    "-IFD0:XPKeywords=SECRETkeywords",
    "-XMP-dc:Title=SECRETtitle",
    "-XMP-exif:GPSLatitude=43.0759",
    "-IPTC:City=SECRETcity",
    "-Comment=SECRETcomment",
    "-PNG:Author=SECRETauthor",
    "-Orientation#=6",
    "-Photoshop:URL=SECRETurl",
];

fn exiftool(arguments: &[&str], files: &[PathBuf]) -> Option<Vec<u8>> {
    let Ok(output) = Command::new("exiftool").args(arguments).args(files).output() else {
        eprintln!("skipped: exiftool is missing, `make setup` installs it");
        return None;
    };
    Some(output.stdout)
}

/// Files in a folder of their own.
fn written<'a>(files: impl Iterator<Item = &'a [u8]>) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = files.enumerate().map(|(number, file)| {
        let path = folder.path().join(format!("{number:03}"));
        std::fs::write(&path, file).unwrap();
        path
    });
    let paths = paths.collect();
    (folder, paths)
}

/// The pictures with all sorts of metadata, and something behind their ends. None without ExifTool.
fn tagged() -> Option<&'static [(&'static str, Vec<u8>)]> {
    type Tagged = Vec<(&'static str, Vec<u8>)>;
    static TAGGED: LazyLock<Option<Tagged>> = LazyLock::new(|| {
        let pictures: Vec<_> = PICTURES.iter().map(|name| fixtures::read(name)).collect();
        let (_folder, paths) = written(pictures.iter().map(Vec::as_slice));
        let fixture = |name: &str| fixtures::folder().join(name).display().to_string();
        let preview = format!("-ThumbnailImage<={}", fixture(PICTURES[0]));
        let profile = format!("-ICC_Profile<={}", fixture("strip/srgb.icc"));
        let all = TAGS.iter().copied().chain([preview.as_str(), profile.as_str()]);
        let options = ["-q", "-m", "-overwrite_original"].into_iter();
        exiftool(&options.chain(all).collect::<Vec<_>>(), &paths)?;
        let film = fixtures::read("other/clip.mkv");
        let tagged = PICTURES.iter().zip(&paths).map(|(name, path)| {
            let tagged = std::fs::read(path).unwrap();
            assert!(says("SECRETtitle", &tagged), "ExifTool wrote nothing into {name}");
            assert!(says("KEPTserial", &tagged) != name.ends_with(".gif"), "{name}");
            (*name, [&tagged, film.as_slice(), b"SECRETtrailer"].concat())
        });
        Some(tagged.collect())
    });
    TAGGED.as_deref()
}

/// Both variants of a file, put together: without location, and without metadata.
fn variants(file: &[u8]) -> Option<[Vec<u8>; 2]> {
    let Variants { without_location, without_metadata, .. } = media::strip(Cursor::new(file))?;
    Some([without_location, without_metadata].map(|Stripped { splices, .. }| {
        let pieces = splices.pieces(0..u64::MAX).map(|piece| match piece {
            Splice::File(range) => file[range.start as usize..range.end as usize].to_vec(),
            Splice::Bytes(bytes) => bytes.to_vec(),
        });
        pieces.collect::<Vec<_>>().concat()
    }))
}

/// What ExifTool finds in a file, by group and name.
pub(crate) fn found(file: &[u8]) -> Option<Map<String, Value>> {
    found_in(&[file]).map(|mut all| all.remove(0))
}

/// The same for each of some files.
fn found_in(files: &[&[u8]]) -> Option<Vec<Map<String, Value>>> {
    let (_folder, paths) = written(files.iter().copied());
    let listing = exiftool(&["-q", "-j", "-G1", "-a", "-u", "-ee", "-n"], &paths)?;
    let all: Vec<Map<String, Value>> = serde_json::from_slice(&listing).unwrap();
    assert_eq!(all.len(), files.len());
    // Of the file on the disk, and computed from other tags.
    let others = ["SourceFile", "System:", "Composite:", "ExifTool:ExifToolVersion"];
    let all = all.into_iter().map(|mut tags| {
        tags.retain(|name, _| !others.iter().any(|group| name.starts_with(group)));
        tags
    });
    Some(all.collect())
}

/// The groups of ExifTool that tell how a picture is stored and what its colours are.
const STORAGE: [&str; 14] = [
    "File:",
    "JFIF:",
    "Adobe:",
    "APP14:",
    "PNG:",
    "PNG-pHYs:",
    "PNG-cICP:",
    "RIFF:",
    "GIF:",
    "ICC-header:",
    "ICC_Profile:",
    "ICC-view:",
    "ICC-meas:",
    "ICC-chrm:",
];

/// Checks that a file says nothing but how it is stored and how it is to be turned.
#[track_caller]
pub(crate) fn says_nothing(file: &[u8]) {
    if let Some(tags) = found(file) {
        are_of_storage(&tags);
    }
    assert!(!says("SECRET", file) && !says("KEPT", file));
}

#[track_caller]
fn are_of_storage(tags: &Map<String, Value>) {
    for name in tags.keys() {
        let is_storage = STORAGE.iter().any(|group| name.starts_with(group));
        assert!(is_storage || name == "IFD0:Orientation", "{name}: {tags:?}");
        assert!(!name.ends_with("Comment") && !name.ends_with("Author"), "{name}: {tags:?}");
    }
}

fn says(text: &str, file: &[u8]) -> bool {
    file.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Every picture in a file, with its colours as they are stored.
fn pixels(file: &[u8]) -> Vec<DynamicImage> {
    let read = || Cursor::new(file);
    let reader = ImageReader::new(read()).with_guessed_format().unwrap();
    let mut all = vec![reader.decode().unwrap()];
    let frames = match file {
        [0x89, ..] => {
            let decoder = PngDecoder::new(read()).unwrap();
            decoder.is_apng().unwrap().then(|| decoder.apng().unwrap().into_frames())
        }
        [b'R', ..] => {
            let decoder = WebPDecoder::new(read()).unwrap();
            decoder.has_animation().then(|| decoder.into_frames())
        }
        [b'G', ..] => Some(GifDecoder::new(read()).unwrap().into_frames()),
        _ => None,
    };
    let frames = frames.into_iter().flatten().map(|frame| frame.unwrap().into_buffer().into());
    all.extend(frames);
    all
}

/// The colours' profile, and how the picture is to be turned.
fn profile_and_turn(file: &[u8]) -> (Option<Vec<u8>>, u8) {
    let reader = ImageReader::new(Cursor::new(file)).with_guessed_format().unwrap();
    let mut decoder = reader.into_decoder().unwrap();
    (decoder.icc_profile().unwrap(), decoder.orientation().unwrap().to_exif())
}

/// A picture's name, its bytes, and what ExifTool finds in them.
type Found = (&'static str, Vec<u8>, Map<String, Value>);

/// One variant of each picture, with what ExifTool finds in it. None without ExifTool.
fn stripped(which: usize) -> Option<Vec<Found>> {
    let stripped = tagged()?.iter().map(|(name, file)| {
        let variants = variants(file).unwrap_or_else(|| panic!("{name} is refused"));
        (*name, variants[which].clone())
    });
    let stripped: Vec<_> = stripped.collect();
    let found = found_in(&stripped.iter().map(|(_, file)| file.as_slice()).collect::<Vec<_>>())?;
    Some(stripped.into_iter().zip(found).map(|((name, file), tags)| (name, file, tags)).collect())
}

#[test]
fn nothing_is_left_but_the_picture_its_colours_and_how_it_is_turned() {
    for (name, file, tags) in stripped(1).unwrap_or_default() {
        are_of_storage(&tags);
        assert!(!says("SECRET", &file) && !says("KEPT", &file), "{name}");
        if !name.ends_with(".gif") {
            assert_eq!(tags.get("IFD0:Orientation"), Some(&Value::from(6)), "{name}");
            let profile = fixtures::read("strip/srgb.icc");
            assert_eq!(profile_and_turn(&file), (Some(profile), 6), "{name}");
        }
    }
}

#[test]
fn without_location_the_camera_and_the_time_stay_and_no_place_does() {
    for (name, file, tags) in stripped(0).unwrap_or_default() {
        assert!(!says("SECRET", &file), "{name}");
        for group in ["ExifTool:", "GPS:", "XMP", "IPTC:", "Photoshop:", "IFD1:", "MakerNotes:"] {
            assert!(!tags.keys().any(|name| name.starts_with(group)), "{name}: {tags:?}");
        }
        assert!(!tags.contains_key("File:Comment"), "{name}");
        if !name.ends_with(".gif") {
            assert_eq!(tags["IFD0:Make"], "KEPTmaker", "{name}");
            assert_eq!(tags["IFD0:Model"], "KEPTmodel", "{name}");
            assert_eq!(tags["ExifIFD:SerialNumber"], "KEPTserial", "{name}");
            assert_eq!(tags["ExifIFD:LensModel"], "KEPTlens", "{name}");
            assert_eq!(tags["ExifIFD:DateTimeOriginal"], "2024:06:15 20:41:07", "{name}");
            assert_eq!(tags["ExifIFD:OffsetTimeOriginal"], "+02:00", "{name}");
            let profile = fixtures::read("strip/srgb.icc");
            assert_eq!(profile_and_turn(&file), (Some(profile), 6), "{name}");
        }
    }
}

#[test]
fn no_pixel_changes() {
    let plain = PICTURES.map(|name| (name, fixtures::read(name)));
    for (name, file) in plain.iter().chain(tagged().unwrap_or_default()) {
        let before = pixels(file);
        for stripped in variants(file).unwrap() {
            assert!(pixels(&stripped) == before, "{name}");
        }
    }
}

#[test]
fn an_upright_picture_needs_no_orientation() {
    let plain = fixtures::read("strip/baseline.jpg");
    let [_, stripped] = variants(&plain).unwrap();
    assert!(!stripped.windows(4).any(|window| window == b"Exif"));
    says_nothing(&stripped);
}

#[test]
fn kinds_that_metadata_cannot_be_taken_out_of_are_refused() {
    for name in [
        "photos/IMG_2050.HEIC",
        "photos/IMG_2050.MOV",
        "photos/evening.mp4",
        "other/tiny.avif",
        "other/tiny.tiff",
        "other/minimal.dng",
        "other/clip.webm",
        "other/truncated.jpg",
        "other/page.html",
    ] {
        assert!(variants(&fixtures::read(name)).is_none(), "{name}");
    }
}

/// A JPEG with something put in behind its first marker.
fn with_segments(segments: &[u8]) -> Vec<u8> {
    let file = fixtures::read("strip/baseline.jpg");
    [&file[..2], segments, &file[2..]].concat()
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], len.as_slice(), body].concat()
}

#[test]
fn segments_of_a_jpeg_that_are_not_needed_go_wherever_they_stand() {
    let plain = variants(&fixtures::read("strip/baseline.jpg")).unwrap();
    for body in
        [&b"MPF\0SECRET"[..], b"Ducky\0SECRET", b"http://ns.adobe.com/xap/1.0/\0SECRET", b""]
    {
        for marker in (0xe1..=0xed).chain([0xef, 0xfe]) {
            let file = with_segments(&segment(marker, body));
            assert_eq!(variants(&file).unwrap(), plain, "{marker:x}");
        }
    }
    // Bytes `FF` before a marker mean nothing, and a second EXIF block is not looked at.
    assert_eq!(variants(&with_segments(&[0xff; 9])).unwrap(), plain);
    let upright = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0";
    let turned = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let both = [segment(0xe1, upright), segment(0xe1, turned)].concat();
    assert_eq!(variants(&with_segments(&both)).unwrap()[1], plain[1]);
}

#[test]
fn a_preview_in_a_jpegs_first_segment_goes() {
    let file = fixtures::read("strip/baseline.jpg");
    let plain = variants(&file).unwrap();
    assert_eq!(&file[6..11], b"JFIF\0");
    let jfif = [&file[6..18], &[1, 1], b"SEC"].concat();
    let previewed = [&file[..2], &segment(0xe0, &jfif), &file[20..]].concat();
    assert_eq!(variants(&previewed).unwrap(), plain);
}

#[test]
fn a_jpeg_of_strange_structure_is_refused() {
    for strange in [&[0xff, 0xd8][..], &[0xff, 0xd0], &segment(0xc5, b"x"), &segment(0xf7, b"x")] {
        assert!(variants(&with_segments(strange)).is_none(), "{strange:x?}");
    }
    assert!(variants(&with_segments(&[0xff, 0xe1, 0, 1])).is_none());
    assert!(variants(&[0xff, 0xd8, 0xff, 0xd9]).is_none());
}

#[test]
fn a_file_in_very_many_pieces_is_refused_in_little_time() {
    let file = fixtures::read("strip/baseline.jpg");
    let tables = file.windows(2).position(|window| window == [0xff, 0xdb]).unwrap();
    let len = usize::from(u16::from_be_bytes([file[tables + 2], file[tables + 3]]));
    let table = &file[tables..tables + 2 + len];
    let one = [table, &segment(0xfe, b"SECRET")].concat();
    let many = [&file[..tables], &one.repeat(100), &file[tables..]].concat();
    assert!(!says("SECRET", &variants(&many).unwrap()[0]));
    let too_many = [&file[..tables], &one.repeat(1000), &file[tables..]].concat();
    assert!(variants(&too_many).is_none());
}
