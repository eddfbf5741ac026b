//! The records of a zip archive: their lengths and their bytes.

use super::{Entry, EntryRef};
use bytes::{BufMut, BytesMut};

/// Stands in a 32-bit field for a value that is in a zip64 record instead (APPNOTE 4.4.1.4).
const IN_ZIP64_32: u32 = u32::MAX;

/// The same in a 16-bit field.
const IN_ZIP64_16: u16 = u16::MAX;

/// Version needed to extract a stored file: 1.0 (APPNOTE 4.4.3.2).
const VERSION_STORED: u16 = 10;

/// Version needed to extract a file that uses zip64: 4.5 (APPNOTE 4.4.3.2).
const VERSION_ZIP64: u16 = 45;

/// Made on Unix (3) to version 6.3 of the format, the first with UTF-8 names (APPNOTE 4.4.2).
const MADE_BY: u16 = 3 << 8 | 63;

/// Name and comment are UTF-8: general purpose bit 11 (APPNOTE 4.4.4).
const FLAG_UTF8: u16 = 1 << 11;

/// Compression method "stored" (APPNOTE 4.4.5).
const METHOD_STORED: u16 = 0;

/// A regular file with mode 0644, as Unix archivers fill the external attributes (APPNOTE 4.4.15).
const REGULAR_FILE_0644: u32 = 0o100_644 << 16;

const LOCAL_HEADER_LEN: u64 = 30;
const DIRECTORY_HEADER_LEN: u64 = 46;
const ZIP64_END_LEN: u64 = 56;
const ZIP64_LOCATOR_LEN: u64 = 20;
const END_LEN: u64 = 22;

/// Id and length, before the data of each extra field (APPNOTE 4.5.1).
const EXTRA_HEADER_LEN: u64 = 4;

/// Data of the extended timestamp field: flags, and the time of modification in 32 bits.
const TIMESTAMP_LEN: u16 = 5;

/// How much an archive holds: where its next entry goes, and how long it is.
///
/// Lengths that do not fit 64 bits stay at the largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// Number of entries.
    pub(super) count: u64,
    /// Length in bytes of all local headers and files: the offset of the central directory.
    pub(super) entries: u64,
    /// Length in bytes of the central directory, without the end records.
    pub(super) directory: u64,
}

impl Extent {
    /// The entry as it stands when it comes next in the archive.
    pub(super) fn place<'a>(&self, entry: &'a Entry) -> EntryRef<'a> {
        EntryRef {
            source: entry.source,
            name: &entry.name,
            size: entry.size,
            crc32: entry.crc32,
            unix_seconds: entry.time.unix_seconds,
            dos_time: entry.time.dos(),
            offset: self.entries,
            directory_offset: self.directory,
        }
    }

    /// Counts an entry that was placed here.
    pub(super) fn push(&mut self, entry: &EntryRef<'_>) {
        let local = entry.local_header_len().saturating_add(entry.size);
        self.count += 1;
        self.entries = self.entries.saturating_add(local);
        self.directory = self.directory.saturating_add(entry.directory_header_len());
    }

    /// Exact length in bytes of the whole archive.
    pub(super) fn archive_len(&self) -> u64 {
        let zip64 = if self.needs_zip64() { ZIP64_END_LEN + ZIP64_LOCATOR_LEN } else { 0 };
        self.entries.saturating_add(self.directory).saturating_add(zip64 + END_LEN)
    }

    /// Appends what follows the central directory (APPNOTE 4.3.14 to 4.3.16).
    pub(super) fn put_end_records(&self, out: &mut BytesMut) {
        if self.needs_zip64() {
            self.put_zip64_end(out);
        }
        out.put_slice(b"PK\x05\x06");
        out.put_u32_le(0); // this disk, and the disk where the directory starts
        out.put_u16_le(count_field(self.count));
        out.put_u16_le(count_field(self.count));
        out.put_u32_le(field(self.directory));
        out.put_u32_le(field(self.entries));
        out.put_u16_le(0); // length of the comment
    }

    /// Appends the zip64 end of central directory record and its locator.
    fn put_zip64_end(&self, out: &mut BytesMut) {
        out.put_slice(b"PK\x06\x06");
        out.put_u64_le(ZIP64_END_LEN - 12); // what follows this field
        out.put_u16_le(MADE_BY);
        out.put_u16_le(VERSION_ZIP64);
        out.put_u64_le(0); // this disk, and the disk where the directory starts
        out.put_u64_le(self.count);
        out.put_u64_le(self.count);
        out.put_u64_le(self.directory);
        out.put_u64_le(self.entries);

        out.put_slice(b"PK\x06\x07");
        out.put_u32_le(0); // the disk of the record above
        out.put_u64_le(self.entries + self.directory);
        out.put_u32_le(1); // number of disks
    }

    /// Whether a field of the end record overflows.
    fn needs_zip64(&self) -> bool {
        self.count >= u64::from(IN_ZIP64_16) || overflows(self.directory) || overflows(self.entries)
    }
}

impl EntryRef<'_> {
    /// Length in bytes of the local header, up to the first byte of the file.
    pub(super) fn local_header_len(&self) -> u64 {
        LOCAL_HEADER_LEN + self.name.len() as u64 + self.extra_len(self.zip64_sizes())
    }

    /// Length in bytes of the header in the central directory.
    pub(super) fn directory_header_len(&self) -> u64 {
        DIRECTORY_HEADER_LEN + self.name.len() as u64 + self.extra_len(self.zip64_values())
    }

    /// Appends the local header (APPNOTE 4.3.7).
    pub(super) fn put_local_header(&self, out: &mut BytesMut) {
        out.put_slice(b"PK\x03\x04");
        self.put_common(out, self.zip64_sizes());
        out.put_slice(self.name.as_bytes());
        self.put_extra(out, self.zip64_sizes());
    }

    /// Appends the header in the central directory (APPNOTE 4.3.12).
    pub(super) fn put_directory_header(&self, out: &mut BytesMut) {
        out.put_slice(b"PK\x01\x02");
        out.put_u16_le(MADE_BY);
        self.put_common(out, self.zip64_values());
        out.put_u16_le(0); // length of the comment
        out.put_u16_le(0); // disk
        out.put_u16_le(0); // internal attributes
        out.put_u32_le(REGULAR_FILE_0644);
        out.put_u32_le(field(self.offset));
        out.put_slice(self.name.as_bytes());
        self.put_extra(out, self.zip64_values());
    }

    /// Appends what both headers have: from the version needed to the length of the extra fields.
    fn put_common(&self, out: &mut BytesMut, zip64: impl Iterator<Item = u64> + Clone) {
        let is_zip64 = zip64.clone().next().is_some();
        out.put_u16_le(if is_zip64 { VERSION_ZIP64 } else { VERSION_STORED });
        out.put_u16_le(FLAG_UTF8);
        out.put_u16_le(METHOD_STORED);
        out.put_u32_le(self.dos_time);
        out.put_u32_le(self.crc32);
        out.put_u32_le(field(self.size)); // compressed
        out.put_u32_le(field(self.size)); // uncompressed
        out.put_u16_le(self.name.len() as u16);
        out.put_u16_le(self.extra_len(zip64) as u16);
    }

    /// Appends the extra fields: zip64 (APPNOTE 4.5.3), and the extended timestamp (APPNOTE 4.6.1)
    /// as Info-ZIP's `extrafld.txt` describes it.
    fn put_extra(&self, out: &mut BytesMut, zip64: impl Iterator<Item = u64> + Clone) {
        let count = zip64.clone().count();
        if count > 0 {
            out.put_u16_le(0x0001);
            out.put_u16_le(8 * count as u16);
            zip64.for_each(|value| out.put_u64_le(value));
        }
        if let Some(seconds) = self.timestamp() {
            out.put_u16_le(0x5455);
            out.put_u16_le(TIMESTAMP_LEN);
            out.put_u8(1); // only the time of modification
            out.put_i32_le(seconds);
        }
    }

    fn extra_len(&self, zip64: impl Iterator<Item = u64>) -> u64 {
        let zip64 = match zip64.count() as u64 {
            0 => 0,
            count => EXTRA_HEADER_LEN + 8 * count,
        };
        let timestamp = self.timestamp().map_or(0, |_| EXTRA_HEADER_LEN + u64::from(TIMESTAMP_LEN));
        zip64 + timestamp
    }

    /// The values of the local zip64 field: both sizes or nothing (APPNOTE 4.5.3).
    fn zip64_sizes(&self) -> impl Iterator<Item = u64> + Clone {
        let count = if overflows(self.size) { 2 } else { 0 };
        std::iter::repeat_n(self.size, count)
    }

    /// The values of the zip64 field in the directory: only what overflows.
    fn zip64_values(&self) -> impl Iterator<Item = u64> + Clone {
        self.zip64_sizes().chain(overflows(self.offset).then_some(self.offset))
    }

    /// The time of modification, if signed 32 bits hold it.
    fn timestamp(&self) -> Option<i32> {
        i32::try_from(self.unix_seconds).ok()
    }
}

/// Whether a 32-bit field has to defer to zip64; its largest value is the mark for that.
fn overflows(value: u64) -> bool {
    value >= u64::from(IN_ZIP64_32)
}

/// The value as a 32-bit field, or the mark that zip64 has it.
fn field(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(IN_ZIP64_32)
}

/// The number of entries as a 16-bit field, or the mark that zip64 has it.
fn count_field(count: u64) -> u16 {
    u16::try_from(count).unwrap_or(IN_ZIP64_16)
}
