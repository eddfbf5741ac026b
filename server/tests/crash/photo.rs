//! The files that are uploaded.

use fastrand::Rng;
use sha2::{Digest as _, Sha256};

/// The start of a JPEG file; nobody looks at what follows.
const HEAD: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00";

/// The photo with a number: most are small, some take several batches.
pub(crate) fn bytes(number: u32) -> Vec<u8> {
    let mut rng = Rng::with_seed(number.into());
    let size = if number.is_multiple_of(40) { 1 << 20..3 << 20 } else { 1 << 10..60 << 10 };
    let size = rng.usize(size);
    sized(&mut rng, size)
}

/// A photo of some size.
pub(crate) fn sized(rng: &mut Rng, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    rng.fill(&mut bytes);
    bytes[..HEAD.len()].copy_from_slice(HEAD);
    bytes
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}
