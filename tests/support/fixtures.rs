//! Files to upload.

use std::path::{Path, PathBuf};

/// The folder with the files; its README describes each.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/fixtures")
}

/// The bytes of a file.
pub(crate) fn read(path: &str) -> Vec<u8> {
    std::fs::read(folder().join(path)).unwrap()
}

/// A small photo, another one for each number.
pub(crate) fn photo(number: u32) -> Vec<u8> {
    sized_photo(number, 4096)
}

/// A small photo that can be shown, another file for each number.
pub(crate) fn picture(number: u32) -> Vec<u8> {
    [read("photos/dunes.webp").as_slice(), &number.to_le_bytes()].concat()
}

/// The motion part of a live photo, another file for each number: an unused box follows the film.
pub(crate) fn motion(number: u32) -> Vec<u8> {
    [read("photos/IMG_2050.MOV").as_slice(), b"\0\0\0\x0cfree", &number.to_be_bytes()].concat()
}

/// A film that says that it plays for some seconds, another file for each number.
pub(crate) fn film(number: u32, seconds: u32) -> Vec<u8> {
    let mut bytes = motion(number);
    let header = bytes.windows(4).position(|name| name == b"mvhd").unwrap() + 4;
    let ticks = u32::from_be_bytes(bytes[header + 12..header + 16].try_into().unwrap());
    bytes[header + 16..header + 20].copy_from_slice(&(ticks * seconds).to_be_bytes());
    bytes
}

/// A photo of some size, at least 4 KiB: what stands behind a picture's end is not looked at.
pub(crate) fn sized_photo(number: u32, size: usize) -> Vec<u8> {
    let mut bytes = read("other/truncated.jpg");
    let mut state = number.wrapping_mul(0x9E37_79B9) | 1;
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
