//! Ids: one type for each table, UUIDs in the order of their making (version 7).

use std::fmt;

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
        pub struct $name(Uuid);

        impl $name {
            /// The id of nothing.
            pub const NIL: Self = Self(Uuid::nil());

            /// Makes a new id, greater than those made before in this process.
            #[must_use]
            #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// Reads the hyphenated form, in either case; `None` for anything else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }

            /// The 16 bytes of the id.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id with these 16 bytes.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        // The ORM asks this of every primary key; no number is a UUID.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )*};
}

ids! {
    /// A person's id.
    UserId,
    /// A sign-in's id.
    SessionId,
    /// The id of a key with which scripts call.
    ApiKeyId,
    /// The id of an entry of the audit log.
    AuditEventId,
    /// The id of a key that signs access tokens.
    SigningKeyId,
    /// A photo's or video's id.
    AssetId,
    /// The id of stored bytes.
    BlobId,
    /// The id of a file on its way in.
    UploadId,
    /// An album's id.
    AlbumId,
    /// A shared link's id.
    SharedLinkId,
    /// A guest's id, new each time a link is opened.
    VisitorId,
    /// A comment's or like's id.
    ActivityId,
    /// An export's id.
    ExportId,
    /// The id of a library.
    LibraryId,
    /// The id of a scan of a library.
    LibraryScanId,
    /// The id of a file of a library.
    LibraryFileId,
    /// The id of a rule by which folders become albums.
    FolderRuleId,
    /// The id of a run of such a rule.
    FolderRuleRunId,
    /// The id of a note that something was revoked.
    RevocationId,
    /// The id of work in the background.
    JobId,
    /// The id of whoever holds a lease.
    HolderId,
    /// The id of a call, for the log and for error messages.
    RequestId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read_in_either_case() {
        let id = AssetId::generate();
        assert_eq!(AssetId::parse(&id.to_string()), Some(id));
        assert_eq!(AssetId::parse(&id.to_string().to_uppercase()), Some(id));
        assert_eq!(AssetId::parse("7"), None);
    }

    #[test]
    fn ids_grow() {
        let ids: Vec<_> = (0..1000).map(|_| AssetId::generate()).collect();
        assert!(ids.is_sorted());
    }
}
