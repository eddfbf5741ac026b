//! A file read from its start to its end.

use std::io::{BufRead as _, BufReader, Read, Seek, SeekFrom};

/// Bytes of the largest block that is looked at as a whole: the longest segment of a JPEG.
const MAX_BLOCK_BYTES: u64 = 64 * 1024;

/// Where reading stands in a file. What goes beyond its end gives nothing.
#[derive(Debug)]
pub(super) struct Input<R> {
    reader: BufReader<R>,
    position: u64,
    size: u64,
}

impl<R: Read + Seek> Input<R> {
    pub(super) fn new(mut reader: R) -> Option<Self> {
        let size = reader.seek(SeekFrom::End(0)).ok()?;
        reader.rewind().ok()?;
        let reader = BufReader::with_capacity(64 * 1024, reader);
        Some(Self { reader, position: 0, size })
    }

    /// How many bytes were read or passed over.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).ok()?;
        self.position += N as u64;
        Some(bytes)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// The next `len` bytes, if they are not too many.
    pub(super) fn block(&mut self, len: u64) -> Option<Vec<u8>> {
        if len > MAX_BLOCK_BYTES || self.size - self.position < len {
            return None;
        }
        let mut bytes = vec![0; len as usize];
        self.reader.read_exact(&mut bytes).ok()?;
        self.position += len;
        Some(bytes)
    }

    /// The next `len` bytes if they are few enough to look at; else passes over them.
    pub(super) fn block_or_skip(&mut self, len: u64) -> Option<Option<Vec<u8>>> {
        if len <= MAX_BLOCK_BYTES {
            self.block(len).map(Some)
        } else {
            self.skip(len).map(|()| None)
        }
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, len: u64) -> Option<()> {
        let position = self.position.checked_add(len).filter(|end| *end <= self.size)?;
        self.reader.seek_relative(i64::try_from(len).ok()?).ok()?;
        self.position = position;
        Some(())
    }

    /// Passes over the compressed data of a JPEG's scan, and the marker that ends it. Gives the
    /// marker; it and its leading byte are the last two that were passed over.
    ///
    /// Within the data, `FF` is followed by a zero, by the number of a restart, or by itself.
    pub(super) fn skip_scan(&mut self) -> Option<u8> {
        let mut is_led_in = false;
        loop {
            let buffer = self.reader.fill_buf().ok().filter(|buffer| !buffer.is_empty())?;
            let (mut used, mut marker) = (0, None);
            while marker.is_none() && used < buffer.len() {
                let rest = &buffer[used..];
                if is_led_in {
                    is_led_in = rest[0] == 0xff;
                    marker = Some(rest[0]).filter(|byte| !matches!(byte, 0 | 0xff | 0xd0..=0xd7));
                    used += 1;
                } else if let Some(at) = rest.iter().position(|byte| *byte == 0xff) {
                    is_led_in = true;
                    used += at + 1;
                } else {
                    used = buffer.len();
                }
            }
            self.reader.consume(used);
            self.position += used as u64;
            if marker.is_some() {
                return marker;
            }
        }
    }
}
