//! Size, duration, capture time and position of a photo or video.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use super::capture_time::CaptureTime;
use super::kind::{Container, FileType};
use super::source::Source;
use super::{exif, matroska, movie};

/// What a file says of itself. What it does not say, or says in a way that
/// makes no sense, is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Pixels across the picture as it is shown: after rotation by the EXIF
    /// orientation, the HEIF rotation or the video track's matrix. Not zero.
    pub width_px: Option<u32>,
    /// Pixels down the picture as it is shown; present if the width is.
    pub height_px: Option<u32>,
    /// Microseconds a video plays, more than zero; absent for photos.
    pub duration_us: Option<i64>,
    /// When the picture was taken or the recording began.
    pub capture_time: Option<CaptureTime>,
    /// Where it was taken; photos only.
    pub position: Option<Position>,
}

/// A place on earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Degrees north of the equator, -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: f64,
}

/// Reads the metadata of the file at `path`, of which [`detect`] said that it
/// is of `file_type`.
///
/// Blocks while it reads: call it where blocking is allowed. A file that cannot
/// be opened or understood gives empty metadata. It keeps to a few thousand
/// reads of at most 64 KiB and holds no more than one of them in memory.
///
/// [`detect`]: super::detect
pub fn read(path: &Path, file_type: FileType) -> Metadata {
    File::open(path).map(|file| read_file(file, file_type)).unwrap_or_default()
}

/// [`read`] for a file that is open.
pub fn read_file(file: File, file_type: FileType) -> Metadata {
    read_from(file, file_type.container)
}

fn read_from<R: Read + Seek>(reader: R, container: Container) -> Metadata {
    let mut source = Source::new(reader);
    let metadata = match container {
        Container::Movie => movie::read(&mut source).unwrap_or_default(),
        Container::Matroska => matroska::read(&mut source).unwrap_or_default(),
        still => read_still(&mut source, still),
    };
    metadata.without_empty_size()
}

fn read_still<R: Read + Seek>(source: &mut Source<R>, container: Container) -> Metadata {
    let exif = exif::read(source, container).unwrap_or_default();
    let stored_size = match container {
        Container::RawTiff | Container::Raf | Container::Cr3 => exif.stored_size,
        _ => stored_size(source),
    };
    // HEIF has a rotation of its own, which the stored size has been through;
    // EXIF only repeats it (ISO/IEC 23008-12, annex A.2.1).
    let is_quarter_turned = exif.is_quarter_turned && container != Container::Heif;
    let (width, height) = match stored_size {
        Some((width, height)) if is_quarter_turned => (height, width),
        size => size.unwrap_or_default(),
    };
    Metadata {
        width_px: width.try_into().ok(),
        height_px: height.try_into().ok(),
        duration_us: None,
        capture_time: exif.capture_time,
        position: exif.position,
    }
}

/// Width and height in pixels from the header of the image.
fn stored_size<R: Read + Seek>(source: &mut Source<R>) -> Option<(u64, u64)> {
    source.rewind().ok()?;
    let size = imagesize::reader_size(BufReader::new(source)).ok()?;
    Some((size.width as u64, size.height as u64))
}

impl Metadata {
    fn without_empty_size(self) -> Self {
        match (self.width_px, self.height_px) {
            (Some(1..), Some(1..)) => self,
            _ => Self { width_px: None, height_px: None, ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::super::kind::{SNIFF_BYTES, detect};
    use super::*;

    const FIXTURES: [&str; 15] = [
        "photos/IMG_2041.jpg",
        "photos/IMG_2042.jpg",
        "photos/IMG_2050.HEIC",
        "photos/IMG_2050.MOV",
        "photos/dunes.webp",
        "photos/evening.mp4",
        "photos/harbour.png",
        "other/clip.mkv",
        "other/clip.webm",
        "other/minimal.dng",
        "other/portrait.mp4",
        "other/tiny.avif",
        "other/tiny.gif",
        "other/tiny.tiff",
        "other/truncated.jpg",
    ];

    const CONTAINERS: [Container; 11] = [
        Container::Jpeg,
        Container::Png,
        Container::Webp,
        Container::Gif,
        Container::Heif,
        Container::Tiff,
        Container::RawTiff,
        Container::Cr3,
        Container::Raf,
        Container::Movie,
        Container::Matroska,
    ];

    fn path(name: &str) -> PathBuf {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/support/fixtures");
        PathBuf::from(fixtures).join(name)
    }

    fn read_fixture(name: &str) -> Metadata {
        let bytes = std::fs::read(path(name)).unwrap();
        let file_type = detect(&bytes[..bytes.len().min(SNIFF_BYTES)]).unwrap();
        read(&path(name), file_type)
    }

    fn photo(width: u32, height: u32, taken: Option<(i64, Option<i32>)>) -> Metadata {
        Metadata {
            width_px: Some(width),
            height_px: Some(height),
            duration_us: None,
            capture_time: taken
                .map(|(unix_us, utc_offset_s)| CaptureTime { unix_us, utc_offset_s }),
            position: None,
        }
    }

    fn video(
        width: u32,
        height: u32,
        duration_us: i64,
        taken: Option<(i64, Option<i32>)>,
    ) -> Metadata {
        Metadata { duration_us: Some(duration_us), ..photo(width, height, taken) }
    }

    #[test]
    fn photos_tell_their_size_and_time() {
        let sunset = Some((1_718_476_867_250_000, Some(7200)));
        let found = read_fixture("photos/IMG_2041.jpg");
        assert_eq!(Metadata { position: None, ..found }, photo(1200, 800, sunset));
        let place = found.position.unwrap();
        assert!((place.latitude - 43.0759).abs() < 1e-6, "{place:?}");
        assert!((place.longitude - 11.6784).abs() < 1e-6, "{place:?}");
        let aurora = Some((1_707_686_045_417_000, Some(3600)));
        assert_eq!(read_fixture("photos/IMG_2050.HEIC"), photo(1200, 800, aurora));
        let scan = Some((1_628_004_600_000_000, Some(-12_600)));
        assert_eq!(read_fixture("other/tiny.tiff"), photo(48, 32, scan));
        assert_eq!(read_fixture("photos/harbour.png"), photo(960, 640, None));
        assert_eq!(read_fixture("other/tiny.avif"), photo(64, 48, None));
        assert_eq!(read_fixture("other/tiny.gif"), photo(48, 32, None));
        assert_eq!(read_fixture("other/truncated.jpg"), photo(300, 200, None));
    }

    #[test]
    fn orientation_turns_the_size() {
        let forest = Some((1_696_757_504_000_000, None));
        assert_eq!(read_fixture("photos/IMG_2042.jpg"), photo(800, 1200, forest));
    }

    #[test]
    fn digitized_time_stands_in_for_the_original() {
        let dunes = Some((1_650_384_330_000_000, None));
        assert_eq!(read_fixture("photos/dunes.webp"), photo(1200, 800, dunes));
    }

    #[test]
    fn raw_size_is_that_of_the_largest_image() {
        let raw = Some((1_718_477_100_000_000, Some(7200)));
        assert_eq!(read_fixture("other/minimal.dng"), photo(2, 4, raw));
    }

    #[test]
    fn videos_tell_their_size_time_and_duration() {
        let evening = Some((1_718_477_550_000_000, None));
        assert_eq!(read_fixture("photos/evening.mp4"), video(640, 360, 2_000_000, evening));
        let aurora = Some((1_707_686_045_000_000, Some(3600)));
        assert_eq!(read_fixture("photos/IMG_2050.MOV"), video(640, 426, 1_000_000, aurora));
        assert_eq!(read_fixture("other/clip.mkv"), video(128, 72, 400_000, evening));
        assert_eq!(read_fixture("other/clip.webm"), video(128, 72, 400_000, None));
    }

    #[test]
    fn track_matrix_turns_the_size() {
        let portrait = Some((1_688_230_800_000_000, Some(-25_200)));
        assert_eq!(read_fixture("other/portrait.mp4"), video(72, 128, 400_000, portrait));
    }

    #[test]
    fn unreadable_files_tell_nothing() {
        let jpeg = detect(b"\xff\xd8\xff\xe0").unwrap();
        assert_eq!(read(&path("no such file"), jpeg), Metadata::default());
        assert_eq!(read(&path("photos"), jpeg), Metadata::default());
        assert_eq!(read(&path("other/empty.jpg"), jpeg), Metadata::default());
        assert_eq!(read(&path("other/not_media.txt"), jpeg), Metadata::default());
    }

    fn damaged_fixture() -> impl Strategy<Value = Vec<u8>> {
        let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
        let cut = any::<prop::sample::Index>();
        (prop::sample::select(&FIXTURES[..]), damage, cut).prop_map(|(name, damage, cut)| {
            let mut bytes = std::fs::read(path(name)).unwrap();
            for (at, value) in damage {
                // Structure lies near the start, so that is where damage tells.
                let near_start = bytes.len().min(1024);
                bytes[at.index(near_start)] = value;
            }
            bytes.truncate(cut.index(2 * bytes.len()));
            bytes
        })
    }

    proptest! {
        #[test]
        fn damaged_files_are_safe(bytes in damaged_fixture()) {
            if let Ok(file_type) = detect(&bytes) {
                read_from(Cursor::new(&bytes), file_type.container);
            }
        }

        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>, container in prop::sample::select(&CONTAINERS[..])) {
            read_from(Cursor::new(&bytes), container);
        }
    }
}
