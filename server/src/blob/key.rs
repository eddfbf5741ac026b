//! What blobs are called.

use std::fmt;

use crate::id::BlobId;

/// The name of a blob: the one place that knows how bytes are filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlobKey {
    /// A file as it was uploaded.
    Original(BlobId),
    /// A file that lies in libraries. The store does not have it.
    Library(BlobId),
}

impl BlobKey {
    /// No blob: names the store itself in an error.
    pub const NONE: Self = Self::Original(BlobId::NIL);

    /// What the bytes are called, whether they are in the store or not.
    #[must_use]
    pub fn id(&self) -> BlobId {
        match self {
            Self::Original(id) | Self::Library(id) => *id,
        }
    }

    /// The path below the store's root: 256 folders by the id's last byte, which is random.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Original(id) => {
                let [.., last] = id.as_bytes();
                format!("originals/{last:02x}/{id}")
            }
            Self::Library(id) => format!("libraries/{id}"),
        }
    }

    /// Reads what [`BlobKey::path`] wrote of a blob in the store; `None` for any other path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (_, name) = path.rsplit_once('/')?;
        let key = Self::Original(BlobId::parse(name)?);
        (key.path() == path).then_some(key)
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_back_and_no_other() {
        let key = BlobKey::Original(BlobId::generate());
        assert_eq!(BlobKey::parse(&key.path()), Some(key));
        let elsewhere = BlobKey::Library(key.id()).path();
        for path in
            ["", "originals/00/x", &format!("x/{}", key.path()), &key.path()[1..], &elsewhere]
        {
            assert_eq!(BlobKey::parse(path), None, "{path}");
        }
    }
}
