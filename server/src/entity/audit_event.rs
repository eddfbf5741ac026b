//! Who did what to accounts, keys, links and members of albums.

use sea_orm::entity::prelude::*;

use crate::id::{AuditEventId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEventId,
    /// What was done.
    pub kind: Kind,
    /// Who did it; none for the command line, strangers and users that are purged.
    pub actor_id: Option<UserId>,
    /// The id of what it was done to; empty if there is none.
    pub subject: String,
    /// The network that the call came from; empty for the command line.
    pub network: String,
    /// When.
    pub create_time: Micros,
}

/// What a row refers to: nothing that is joined.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What was done. The subject is a user where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// A user signed in; the subject is the session.
    SignedIn = 1,
    /// A password was wrong.
    SignInFailed = 2,
    /// A session was ended by its user; the subject is the session.
    SessionEnded = 3,
    /// A used-up refresh token was shown: the session was ended; the subject is the session.
    SessionStolen = 4,
    /// A user changed their password.
    PasswordChanged = 5,
    /// An administrator set another user's password.
    PasswordReset = 6,
    /// The subject is the key.
    ApiKeyCreated = 7,
    /// The subject is the key.
    ApiKeyDeleted = 8,
    /// The subject is the link.
    LinkCreated = 9,
    /// The subject is the link.
    LinkUpdated = 10,
    /// The subject is the link.
    LinkRevoked = 11,
    /// A link's password was wrong; the subject is the link.
    LinkOpenFailed = 12,
    /// An account was made.
    UserCreated = 13,
    /// An account was changed.
    UserUpdated = 14,
    /// An account was deleted; it can be restored.
    UserDeleted = 15,
    /// A deleted account was restored.
    UserRestored = 16,
    /// A deleted account is gone, with all that it owned.
    UserPurged = 17,
    /// A key that signs access tokens was made; the subject is the key.
    SigningKeyCreated = 18,
    /// A user became a member of an album; the subject is `ALBUM/USER`.
    AlbumMemberAdded = 19,
    /// A member got another role; the subject is `ALBUM/USER`.
    AlbumMemberUpdated = 20,
    /// A member left or was removed; the subject is `ALBUM/USER`.
    AlbumMemberRemoved = 21,
    /// An album was handed over; the subject is `ALBUM/USER`, the new owner.
    AlbumTransferred = 22,
    /// The policy for shared links was changed; there is no subject.
    SharingPolicyUpdated = 23,
    /// A library was made; the subject is the library.
    LibraryCreated = 24,
    /// A library was changed; the subject is the library.
    LibraryUpdated = 25,
    /// A library was deleted; the subject is the library.
    LibraryDeleted = 26,
    /// What is missing from a library was deleted for good; the subject is the library.
    LibraryCleared = 27,
}
