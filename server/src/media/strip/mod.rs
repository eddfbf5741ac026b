//! Stills without some of what their files say of them, without touching a pixel.
//!
//! Nothing is decoded and nothing is copied: the answer is a list of pieces of the file, and of a
//! few bytes between them, that together are another file. What a decoder needs is kept, by a list
//! of what that is; everything else goes, known or not: comments, previews, other pictures, and
//! whatever stands behind the picture's end, where phones put a film with a place in it.
//!
//! Two variants are made. *Without metadata* keeps the colours' profile and how the picture is to
//! be turned. *Without location* keeps those tags of EXIF that say how a picture was taken. Free
//! text, maker notes, XMP and IPTC go from both, since any of them can name a place.
//!
//! A file that is cut short or makes no sense has no variants: rather none than a wrong one.

mod exif;
mod gif;
mod input;
mod jpeg;
mod png;
mod splices;
mod webp;

use std::io::{Read, Seek, SeekFrom};

use super::digest::Checksums;
use super::kind::{Container, SNIFF_BYTES, detect};
use input::Input;
pub use splices::{InvalidSplices, Splice, Splices};

/// A file that is made of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripped {
    /// Which pieces of the file it consists of, and which bytes between them.
    pub splices: Splices,
    /// What identifies its bytes.
    pub checksums: Checksums,
}

/// The variants of a still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variants {
    /// What identifies the bytes of the file that they were made of, as they were read.
    pub original: Checksums,
    /// Without where it was taken, and what could tell that.
    pub without_location: Stripped,
    /// Without everything but the picture, its colours and how it is to be turned.
    pub without_metadata: Stripped,
}

/// The variants of a file; none if it is of a kind that metadata cannot be taken out of, is
/// malformed, or cannot be read.
///
/// Blocks while it reads the file, twice and in order. Holds a few hundred KiB of it at a time.
pub fn strip<R: Read + Seek>(mut reader: R) -> Option<Variants> {
    let Both { without_location, without_metadata } = splice(&mut reader)?;
    let whole = Splices::whole(reader.seek(SeekFrom::End(0)).ok()?);
    let all = [&whole, &without_location, &without_metadata];
    let [original, location, metadata] = splices::measure(&mut reader, all)?;
    Some(Variants {
        original,
        without_location: Stripped { splices: without_location, checksums: location },
        without_metadata: Stripped { splices: without_metadata, checksums: metadata },
    })
}

fn splice<R: Read + Seek>(reader: &mut R) -> Option<Both> {
    let mut head = Vec::new();
    reader.rewind().ok()?;
    reader.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head).ok()?;
    let container = detect(&head).ok()?.container;
    let mut input = Input::new(reader)?;
    let mut both = Both::default();
    match container {
        Container::Jpeg => jpeg::strip(&mut input, &mut both)?,
        Container::Png => png::strip(&mut input, &mut both)?,
        Container::Webp => webp::strip(&mut input, &mut both)?,
        Container::Gif => gif::strip(&mut input, &mut both)?,
        Container::Heif
        | Container::Tiff
        | Container::RawTiff
        | Container::Cr3
        | Container::Raf
        | Container::Movie
        | Container::Matroska => return None,
    }
    Some(both)
}

/// Both variants in the making.
#[derive(Debug, Default)]
struct Both {
    without_location: Splices,
    without_metadata: Splices,
}

impl Both {
    /// Takes a range of the file into both.
    fn keep(&mut self, start: u64, end: u64) -> Option<()> {
        self.without_location.keep(start..end)?;
        self.without_metadata.keep(start..end)
    }

    /// Puts bytes into both.
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        self.without_location.put(bytes)?;
        self.without_metadata.put(bytes)
    }

    /// Puts the EXIF of each into it, in the wrapping of the format.
    fn put_exif(&mut self, exif: &exif::Rewritten, wrap: impl Fn(&[u8]) -> Vec<u8>) -> Option<()> {
        if let Some(block) = &exif.without_location {
            self.without_location.put(&wrap(block))?;
        }
        if let Some(block) = &exif.orientation {
            self.without_metadata.put(&wrap(block))?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const FILES: [&[u8]; 4] = [
        include_bytes!("../../../../tests/support/fixtures/photos/IMG_2041.jpg"),
        include_bytes!("../../../../tests/support/fixtures/photos/harbour.png"),
        include_bytes!("../../../../tests/support/fixtures/photos/dunes.webp"),
        include_bytes!("../../../../tests/support/fixtures/other/tiny.gif"),
    ];

    /// Each variant of a file, put together.
    fn variants(file: &[u8]) -> Option<[Vec<u8>; 2]> {
        let Variants { original, without_location, without_metadata } = strip(Cursor::new(file))?;
        assert_eq!(original.size, file.len() as u64);
        assert_eq!(original.crc32, crc32fast::hash(file));
        Some([without_location, without_metadata].map(|Stripped { splices, checksums }| {
            let mut bytes = Vec::new();
            for piece in splices.pieces(0..u64::MAX) {
                match piece {
                    Splice::File(range) => {
                        bytes.extend(&file[range.start as usize..range.end as usize]);
                    }
                    Splice::Bytes(literal) => bytes.extend(literal),
                }
            }
            assert_eq!(bytes.len() as u64, splices.size());
            assert_eq!(checksums.size, splices.size());
            assert_eq!(checksums.crc32, crc32fast::hash(&bytes));
            assert_eq!(Splices::decode(&splices.encode()), Ok(splices));
            bytes
        }))
    }

    #[test]
    fn what_was_stripped_is_left_as_it_is() {
        for file in FILES {
            let [without_location, without_metadata] = variants(file).unwrap();
            assert_eq!(variants(&without_location).unwrap()[0], without_location);
            assert_eq!(variants(&without_location).unwrap()[1], without_metadata);
            assert_eq!(variants(&without_metadata).unwrap()[1], without_metadata);
        }
    }

    #[test]
    fn files_that_are_cut_anywhere_have_no_variants() {
        for file in FILES {
            for end in (0..file.len()).step_by(file.len() / 97) {
                assert_eq!(variants(&file[..end]), None, "{end} of {}", file.len());
            }
            assert_eq!(variants(&file[..file.len() - 1]), None);
        }
    }

    #[test]
    fn what_stands_behind_the_end_goes() {
        for file in FILES {
            assert_eq!(variants(&[file, b"GPS 43.0759 N"].concat()), variants(file));
        }
    }

    proptest! {
        #[test]
        fn any_file_is_stripped_or_refused(
            file in prop::sample::select(FILES.as_slice()),
            damage in prop::collection::vec((0..4096_usize, any::<u8>()), 0..8),
        ) {
            let mut file = file.to_vec();
            for (at, value) in damage {
                let at = at % file.len();
                file[at] = value;
            }
            if let Some([without_location, _]) = variants(&file) {
                prop_assert!(variants(&without_location).is_some());
            }
        }
    }
}
