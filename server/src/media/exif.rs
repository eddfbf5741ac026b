//! What EXIF says of a still: its orientation, its size, when and where it was
//! taken (EXIF 3.0, sections 4.6.4 to 4.6.6).

use std::io::{Read, Seek};

use super::capture_time::CaptureTime;
use super::exif_block::{Block, locate};
use super::kind::Container;
use super::metadata::Position;
use super::source::Source;
use super::tiff::Directory;

const IMAGE_WIDTH: u16 = 0x0100;
const IMAGE_LENGTH: u16 = 0x0101;
const ORIENTATION: u16 = 0x0112;
const SUB_IFDS: u16 = 0x014a;
const EXIF_IFD: u16 = 0x8769;
const GPS_IFD: u16 = 0x8825;
const PIXEL_X_DIMENSION: u16 = 0xa002;
const PIXEL_Y_DIMENSION: u16 = 0xa003;

/// Each clock with the tags of its fraction and its offset, best first:
/// `DateTimeOriginal`, then `DateTimeDigitized`.
const CLOCKS: [[u16; 3]; 2] = [[0x9003, 0x9291, 0x9011], [0x9004, 0x9292, 0x9012]];

/// The tags of the half of the globe and of degrees, minutes and seconds, each for the latitude and
/// the longitude.
const LATITUDE: [u16; 2] = [1, 2];
const LONGITUDE: [u16; 2] = [3, 4];

/// What EXIF says; anything it does not say is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Exif {
    /// Whether the stored rows are the columns of the upright picture.
    pub(super) is_quarter_turned: bool,
    /// Width and height in pixels of the largest image, before rotation.
    pub(super) stored_size: Option<(u64, u64)>,
    pub(super) capture_time: Option<CaptureTime>,
    pub(super) position: Option<Position>,
}

/// Reads the EXIF of a still of a known container.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, container: Container) -> Option<Exif> {
    let (main, exif) = match locate(source, container)? {
        Block::Nested(tiff) => {
            let main = Directory::first(source, tiff)?;
            let exif = main.linked(source, EXIF_IFD).into_iter().next();
            (main, exif)
        }
        Block::Split { main, exif } => {
            (Directory::first(source, main)?, Directory::first(source, exif))
        }
    };
    Some(Exif {
        // Values 5 to 8 are the four that swap rows and columns.
        is_quarter_turned: matches!(main.number(source, ORIENTATION), Some(5..=8)),
        stored_size: stored_size(source, &main, exif.as_ref()),
        capture_time: exif.and_then(|exif| capture_time(source, &exif)),
        position: position(source, &main),
    })
}

/// Zeros in both are what some cameras write that have not found a satellite.
fn position<R: Read + Seek>(source: &mut Source<R>, main: &Directory) -> Option<Position> {
    let gps = main.linked(source, GPS_IFD).into_iter().next()?;
    let mut degrees = |[half, parts]: [u16; 2], names: [&str; 2], limit: f64| {
        let sign = match names.iter().position(|name| *name == gps.text(source, half).trim())? {
            0 => 1.0,
            _ => -1.0,
        };
        let parts = gps.fractions(source, parts);
        let [degrees, minutes, seconds] = parts.try_into().ok()?;
        let angle: f64 = degrees + minutes / 60.0 + seconds / 3600.0;
        (angle <= limit).then_some(sign * angle)
    };
    let latitude = degrees(LATITUDE, ["N", "S"], 90.0)?;
    let longitude = degrees(LONGITUDE, ["E", "W"], 180.0)?;
    (latitude != 0.0 || longitude != 0.0).then_some(Position { latitude, longitude })
}

/// The size EXIF gives; else that of the largest image, because the first one
/// of a raw file is often a preview.
fn stored_size<R: Read + Seek>(
    source: &mut Source<R>,
    main: &Directory,
    exif: Option<&Directory>,
) -> Option<(u64, u64)> {
    let developed = exif.and_then(|exif| {
        let width = exif.number(source, PIXEL_X_DIMENSION)?;
        Some((width, exif.number(source, PIXEL_Y_DIMENSION)?))
    });
    developed.or_else(|| {
        let others = main.linked(source, SUB_IFDS);
        std::iter::once(main)
            .chain(&others)
            .filter_map(|image| {
                let width = image.number(source, IMAGE_WIDTH)?;
                Some((width, image.number(source, IMAGE_LENGTH)?))
            })
            .max_by_key(|(width, height)| width * height)
    })
}

fn capture_time<R: Read + Seek>(source: &mut Source<R>, exif: &Directory) -> Option<CaptureTime> {
    CLOCKS.iter().find_map(|tags| {
        let [clock, fraction, offset] = tags.map(|tag| exif.text(source, tag));
        CaptureTime::parse(&clock, &fraction, &offset)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn exif(container: Container, bytes: &[u8]) -> Option<Exif> {
        read(&mut Source::new(Cursor::new(bytes)), container)
    }

    /// A TIFF structure whose only directory has one tag of type SHORT.
    fn tiff(tag: u16, value: u16) -> Vec<u8> {
        let [tag, value] = [tag, value].map(u16::to_be_bytes);
        [b"MM\0*\0\0\0\x08\0\x01", &tag[..], b"\0\x03\0\0\0\x01", &value, &[0; 6]].concat()
    }

    #[test]
    fn four_of_eight_orientations_are_quarter_turns() {
        for orientation in 0..=9 {
            let exif = exif(Container::Tiff, &tiff(ORIENTATION, orientation)).unwrap();
            assert_eq!(exif.is_quarter_turned, (5..=8).contains(&orientation));
        }
    }

    #[test]
    fn an_image_without_both_sides_has_no_size() {
        let exif = exif(Container::RawTiff, &tiff(IMAGE_WIDTH, 6000)).unwrap();
        assert_eq!(exif, Exif::default());
    }

    #[test]
    fn files_without_exif_have_none() {
        assert_eq!(exif(Container::Gif, b"GIF89a"), None);
        assert_eq!(exif(Container::Tiff, b"neither order"), None);
    }

    /// A TIFF structure whose GPS directory says 1/2°30′36″ to the `half` and
    /// 2/`denominator`° east.
    fn placed(half: &[u8; 2], denominator: u8) -> Vec<u8> {
        let rational = |numerator, denominator| [0, 0, 0, numerator, 0, 0, 0, denominator];
        let latitude = [rational(1, 2), rational(30, 1), rational(36, 1)].concat();
        let longitude = [rational(2, denominator), rational(0, 1), rational(0, 1)].concat();
        [
            &b"MM\0*\0\0\0\x08\0\x01\x88\x25\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0\0\x04"[..],
            b"\0\x01\0\x02\0\0\0\x02",
            half,
            b"\0\0\0\x02\0\x05\0\0\0\x03\0\0\0\x50",
            b"\0\x03\0\x02\0\0\0\x02E\0\0\0\0\x04\0\x05\0\0\0\x03\0\0\0\x68",
            b"\0\0\0\0",
            &latitude,
            &longitude,
        ]
        .concat()
    }

    #[test]
    fn a_place_has_both_halves_and_three_fractions() {
        let place =
            |half, denominator| exif(Container::Tiff, &placed(half, denominator)).unwrap().position;
        let found = place(b"S\0", 1).unwrap();
        assert_eq!((found.latitude, found.longitude), (-1.01, 2.0));
        assert_eq!(place(b"N\0", 1).unwrap().latitude, 1.01);
        assert_eq!(place(b"X\0", 1), None);
        assert_eq!(place(b"N\0", 0), None);
    }
}
