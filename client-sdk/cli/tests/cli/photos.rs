//! Files to upload.

use std::path::Path;

/// The start of a JPEG file; nobody looks at what follows.
const HEAD: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00";

/// A photo of some size, another one for each number.
pub(crate) fn photo(number: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    fastrand::Rng::with_seed(number).fill(&mut bytes);
    bytes[..HEAD.len()].copy_from_slice(HEAD);
    bytes
}

/// A real file of the server's tests.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/support/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}
