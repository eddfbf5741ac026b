//! Checksums of bytes as they arrive.

use sha2::Sha256;
use sha2::digest::common::hazmat::SerializableState;
use sha2::digest::{Digest as _, FixedOutput};

/// The layout of [`Digest::state`]: this byte, the number of bytes and the
/// CRC-32 (both big-endian), then what SHA-256 has in hand.
const STATE_VERSION: u8 = 1;

/// A running SHA-256 and CRC-32 that can be put aside and taken up again.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    sha256: Sha256,
    crc32: crc32fast::Hasher,
    len: u64,
}

/// What identifies a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksums {
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
    /// CRC-32 of all bytes, as zip archives use it (IEEE 802.3).
    pub crc32: u32,
    /// The number of bytes.
    pub size: u64,
}

/// The bytes are not a state that this version of [`Digest::state`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid digest state")]
pub struct InvalidState;

impl Digest {
    /// The digest of no bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the bytes that follow those taken in before.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.crc32.update(bytes);
        self.len += bytes.len() as u64;
    }

    /// The number of bytes taken in so far.
    #[expect(clippy::len_without_is_empty, reason = "a count, not a collection")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The CRC-32 of the bytes taken in so far.
    pub fn crc32(&self) -> u32 {
        self.crc32.clone().finalize()
    }

    /// Everything needed to go on later, in another process if need be: about
    /// a hundred bytes. It contains up to 63 of the bytes taken in last.
    pub fn state(&self) -> Vec<u8> {
        let mut state = vec![STATE_VERSION];
        state.extend(self.len.to_be_bytes());
        state.extend(self.crc32().to_be_bytes());
        state.extend(self.sha256.serialize());
        state
    }

    /// The digest that [`state`](Self::state) described.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] if the bytes are not such a state.
    pub fn from_state(state: &[u8]) -> Result<Self, InvalidState> {
        Self::parse(state).ok_or(InvalidState)
    }

    fn parse(state: &[u8]) -> Option<Self> {
        let rest = state.strip_prefix(&[STATE_VERSION])?;
        let (len, rest) = rest.split_first_chunk()?;
        let (crc32, sha256) = rest.split_first_chunk()?;
        let len = u64::from_be_bytes(*len);
        let crc32 = u32::from_be_bytes(*crc32);
        Some(Self {
            sha256: Sha256::deserialize(sha256.try_into().ok()?).ok()?,
            crc32: crc32fast::Hasher::new_with_initial_len(crc32, len),
            len,
        })
    }

    /// The checksums of all bytes.
    pub fn finish(self) -> Checksums {
        Checksums {
            sha256: self.sha256.finalize_fixed().into(),
            crc32: self.crc32.finalize(),
            size: self.len,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHA256_OF_ABC: [u8; 32] = [
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22,
        0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
        0x15, 0xad,
    ];

    fn digest(bytes: &[u8]) -> Digest {
        let mut digest = Digest::new();
        digest.update(bytes);
        digest
    }

    #[test]
    fn known_answers() {
        assert_eq!(digest(b"123456789").crc32(), 0xcbf4_3926);
        let abc = digest(b"abc").finish();
        assert_eq!(abc.sha256, SHA256_OF_ABC);
        assert_eq!((abc.crc32, abc.size), (0x3524_41c2, 3));
        let nothing = Digest::new().finish();
        assert_eq!((nothing.crc32, nothing.size), (0, 0));
    }

    #[test]
    fn state_is_small() {
        assert!(digest(&[7; 1000]).state().len() < 128);
    }

    #[test]
    fn other_bytes_are_no_state() {
        let state = digest(b"abc").state();
        assert!(Digest::from_state(&[]).is_err());
        assert!(Digest::from_state(&state[..state.len() - 1]).is_err());
        assert!(Digest::from_state(&[&state[..], &[0]].concat()).is_err());
        let newer = [&[STATE_VERSION + 1], &state[1..]].concat();
        assert!(Digest::from_state(&newer).is_err());
    }

    proptest! {
        #[test]
        fn going_on_from_a_state_changes_nothing(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            split: prop::sample::Index,
        ) {
            let (first, second) = bytes.split_at(split.index(bytes.len() + 1));
            let mut resumed = Digest::from_state(&digest(first).state()).unwrap();
            prop_assert_eq!(resumed.len(), first.len() as u64);
            resumed.update(second);
            prop_assert_eq!(resumed.state(), digest(&bytes).state());
            prop_assert_eq!(resumed.finish(), digest(&bytes).finish());
        }

        #[test]
        fn any_state_is_safe(bytes in prop::collection::vec(any::<u8>(), 0..160)) {
            Digest::from_state(&bytes).ok();
        }
    }
}
