//! Zip archives as a pure function: entries in; exact length, and the bytes at any offset, out.
//!
//! An export is planned once. [`Names`] makes the entry names safe and unique over all parts,
//! [`split`] cuts the entries into parts below a limit, and each part becomes a [`Manifest`], the
//! packed list that is stored. From a manifest, [`Layout`] answers the exact length of the archive
//! and gives any range of it as [`Piece`]s: bytes that are known here (headers, the central
//! directory), and ranges of files that the caller has to read. Nothing here does I/O, and equal
//! manifests give equal archives everywhere.
//!
//! ```text
//! │ local header │ file │ local header │ file │ … │ directory header │ … │ end records │
//! └─────────────── one pair per entry ────────────┴──── one per entry ───┴─────────────┘
//! ```
//!
//! The format is PKWARE's [APPNOTE.TXT] 6.3.10, cited by section number. Entries are stored, not
//! compressed; local headers carry size and CRC-32, so there are no data descriptors; names are
//! UTF-8; zip64 fields appear exactly where a value needs them.
//!
//! [APPNOTE.TXT]: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

mod headers;
mod layout;
mod manifest;
mod names;
mod parts;
mod time;

pub use layout::{Layout, Piece, Pieces};
pub use manifest::{Entry, EntryRef, FORMAT_VERSION, Manifest, ManifestError, Source};
pub use names::{MAX_NAME_LEN, Names, clean, part_file_name};
pub use parts::{DEFAULT_PART_SIZE, MIN_PART_SIZE, split};
pub use time::EntryTime;
