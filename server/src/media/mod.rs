//! What the bytes of a photo or a video say about themselves.
//!
//! Everything here is a function of bytes: no database, no network, no clock.
//! Whoever uploads a file chooses its bytes, so every reader is bounded: what a
//! file is comes from its first [`SNIFF_BYTES`], and what it says comes from a
//! limited number of small reads. A file that makes no sense yields less, never
//! a panic, a long wait or a large allocation.

mod boxes;
mod capture_time;
mod digest;
mod exif;
mod exif_block;
mod kind;
mod matroska;
mod metadata;
mod movie;
mod source;
mod strip;
mod tiff;

pub use capture_time::CaptureTime;
pub use digest::{Checksums, Digest, InvalidState};
pub use kind::{FileType, MediaKind, SNIFF_BYTES, Unsupported, detect};
pub use metadata::{Metadata, Position, read, read_file};
pub use strip::{InvalidSplices, Splice, Splices, Stripped, Variants, strip};
