//! Who calls, and what they may see and do: the one place that decides it.
//!
//! Loading is checking. A row is loaded by a query that proves the caller's right to it; a row
//! outside that scope does not exist for the caller. For a write, the row is first locked and then
//! loaded by a second statement, which sees what was committed while it waited for the lock.

mod activity;
mod album;
mod api_key;
mod asset;
mod attempt;
mod audit;
mod blob;
mod client;
mod cookie;
mod credential;
mod ed25519;
mod event;
mod export;
mod folder_album;
mod folder_entry;
mod folder_file;
mod folder_rule;
mod folder_undo;
mod guard;
mod identity;
mod library;
mod library_file;
mod library_source;
mod member;
mod motion_part;
mod network;
mod revocation;
mod scope;
mod session;
mod shared_link;
mod sight;
mod signing_key;
pub mod token;
mod upload;
mod uploader;
mod user;

use std::ops::Deref;
use std::pin::Pin;

use albumen::{Caller, Method, Validate, Violations};
use futures::stream::Stream;
use sea_orm::sea_query::LockType;
use sea_orm::{EntityTrait, QuerySelect, Select};
use tokio_stream::StreamExt as _;

use crate::app::App;
use crate::entity::album_member::Role;
use crate::entity::shared_link::{GuestActivity, Metadata, Quality};
use crate::error::{Error, Result};
use crate::id::{AlbumId, ApiKeyId, SessionId, SharedLinkId, UserId, VisitorId};
use crate::time::Micros;

pub use activity::{Author, activities, lock_activity, reader, writer};
pub use album::{
    album, album_assets, album_entries, album_files, album_or_list, album_places, album_variants,
    albums, created, expired_albums, lock_album, lock_albums_having, lock_expired_albums, places,
    with_role,
};
pub use api_key::{api_key, api_keys};
pub use asset::{
    all_files, asset, asset_of_blob, asset_of_digest, assets_of, files, has_all_blobs,
    is_withdrawn, mark_damaged, own_asset_ids, own_assets, own_list, own_motion,
    owner_of_expired_trash, sharable_assets, stills_without_variants, trash, visible_assets,
};
pub use attempt::{Attempt, forget_attempts};
pub use audit::audit_events;
pub use blob::named_blobs;
pub use client::Client;
pub use cookie::{Cookie, CookieName};
pub use credential::{API_KEY_PREFIX, authenticate, authenticate_cookies, visitor_of};
pub use event::{album_events, last_event, recent_revocations, watched_activity};
pub use export::{export, export_part, export_parts, lock_export};
pub use folder_album::{
    asset_at, folders_of_album, free_album_named, live_albums, lock_albums, lost_albums,
    made_albums, place_count, place_ids, rule_albums,
};
pub use folder_entry::{archived_assets, placed_count, placed_entries, rule_entries};
pub use folder_file::{Located, LocatedFile, library_ids, located_files, placeable_assets};
pub use folder_rule::{
    active_run, ad_hoc_rule, any_folder_rule_run, due_rule, due_rules, folder_rule,
    folder_rule_run, folder_rule_runs, folder_rules, named_users, rule_owner,
};
pub use folder_undo::{
    activity_counts, albums_of_run, albums_taken_from, is_in_album, link_count, rename_of,
    renamed_albums, taken, undiscussed,
};
pub use guard::guard;
pub use identity::refuse_taken;
pub use library::{
    active_library_scan, any_library, due_libraries, last_library_scans, libraries, library,
    library_scan, library_scans, lock_any_library, lock_library, lock_library_owner,
    watched_libraries,
};
pub use library_file::{
    Locations, assets_among, assets_in_libraries, assets_of_digests, excluded_digests,
    has_files_below, has_sole_assets, known_library_files, library_file_counts, library_files,
    library_files_at, library_files_of, locations, lost_assets, offline_library_files,
    offline_though_elsewhere, some_library_files, undecided_library_files,
};
pub use library_source::{
    doubt_library_files, exclude_library_files, is_stored, library_sources, set_online,
};
pub use member::{
    Sharing, all_members, asset_counts, lock_links, may_add_members, member, member_roles, members,
    shared, sharing,
};
pub use motion_part::{
    assets_in_use, assets_of_motion_digests, forget_lost_motions, forget_motion_places,
};
pub use network::Network;
pub use revocation::{Interest, Revocations, Subject};
pub use scope::Scopes;
pub use session::{
    has_users, installation, lock_installation, lock_session, own_session, own_sessions,
};
pub use shared_link::{
    all_shared_links, guest_of, link_by_address, link_of_asset, lock_revocable_link,
    lock_shared_link, opened_link, shared_link, shared_links,
};
pub use sight::{Sight, may_have_blobs, sights, variant, variants, variants_of_blobs};
pub use signing_key::{SigningKeys, forget_signing_keys, tokens};
pub use upload::{
    UNDO_TIME, active_uploads, duplicate_bytes, expired_uploads, finished_uploads,
    lock_expired_upload, lock_upload, reserved_bytes, reserved_of_link, unsafe_assets, upload,
    uploaded_asset, uploads_of_same,
};
pub use uploader::{
    Uploader, check_uploader, lock_guest_album, lock_undo_link, uploader, uploader_of,
};
pub use user::{
    LockedUser, active_admins, directory, found_user, invitable_users, known_users, lock_owner,
    lock_purgeable_user, lock_user, me, owned_album_ids, purgeable_users, user, user_by_email,
    users, visible_user,
};

/// Who calls.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Somebody without a credential.
    Anonymous,
    /// A user.
    User(UserActor),
    /// A guest with the links that they have opened.
    Guest(Vec<LinkActor>),
    /// Who holds the machine, at its command line. Nothing that is not theirs is shown to them.
    Operator,
}

/// The host by which the client reached the server, for making addresses where none is configured.
#[derive(Debug, Clone)]
pub struct Host(pub String);

/// Whether the client's connection is encrypted up to the server, or up to its proxy. Calls that
/// came by no listener are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsSecure(pub bool);

impl IsSecure {
    /// What the transport found for a call.
    #[must_use]
    pub fn of_call(extensions: &http::Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self(false))
    }
}

/// A user who calls.
#[derive(Debug, Clone, Copy)]
pub struct UserActor {
    /// The user.
    pub id: UserId,
    /// Whether they administer the server.
    pub is_admin: bool,
    /// How they proved who they are.
    pub via: Via,
    /// Where they call from.
    pub network: Network,
    /// When their session or key ends.
    pub expire_time: Option<Micros>,
}

/// How a user proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// By the token or the cookie of a session.
    Session(SessionId),
    /// By an API key, which is good for some methods only.
    ApiKey(ApiKeyId, Scopes),
}

impl UserActor {
    fn scoped(&self, scope: &'static str) -> Result<()> {
        match self.via {
            Via::Session(_) => Ok(()),
            Via::ApiKey(_, scopes) if scopes.contains(scope) => Ok(()),
            Via::ApiKey(..) => Err(Error::ScopeMissing(scope)),
        }
    }

    /// The session in which they call. Fails for API keys.
    pub fn session_id(&self) -> Result<SessionId> {
        match self.via {
            Via::Session(id) => Ok(id),
            Via::ApiKey(..) => Err(Error::ScopeMissing("session.write")),
        }
    }
}

/// A link that a guest has opened, as it is now.
#[derive(Debug, Clone, Copy)]
pub struct LinkActor {
    /// The link.
    pub link_id: SharedLinkId,
    /// The album that it shows.
    pub album_id: AlbumId,
    /// Who made the link.
    pub creator_id: UserId,
    /// The guest, as long as they hold this token.
    pub visitor_id: VisitorId,
    /// The version of the password with which they opened it.
    pub password_version: i32,
    /// Whether the guest may download.
    pub allow_download: bool,
    /// Which bytes the guest may download.
    pub quality: Quality,
    /// What the guest gets to know of photos.
    pub metadata: Metadata,
    /// Whether the guest may add photos.
    pub allow_upload: bool,
    /// Whether the guest may take back what they have just added.
    pub allow_undo: bool,
    /// What the guest may do with comments and likes.
    pub activity: GuestActivity,
    /// When the link stops.
    pub expire_time: Option<Micros>,
}

impl Actor {
    /// The user who calls. Fails for everybody else.
    pub fn user(&self) -> Result<&UserActor> {
        match self {
            Self::User(user) => Ok(user),
            Self::Anonymous => Err(Error::CredentialMissing),
            Self::Guest(_) | Self::Operator => Err(Error::CallerNotAllowed(Caller::User)),
        }
    }

    /// The user who calls; none for everybody else.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user.id),
            Self::Anonymous | Self::Guest(_) | Self::Operator => None,
        }
    }

    /// Checks that this kind of caller may call a method at all, and that an API key is good for
    /// it.
    pub fn permit(&self, method: &Method) -> Result<()> {
        match (method.caller, self) {
            (Caller::Public, _) | (Caller::UserOrLink, Self::Guest(_)) => Ok(()),
            (Caller::User | Caller::UserOrLink, Self::User(user)) => user.scoped(method.scope),
            (Caller::Admin, Self::User(user)) if user.is_admin => user.scoped(method.scope),
            (_, Self::Anonymous) => Err(Error::CredentialMissing),
            (required, Self::User(_) | Self::Guest(_) | Self::Operator) => {
                Err(Error::CallerNotAllowed(required))
            }
        }
    }

    /// When the first of the caller's credentials ends, as far as is known.
    #[must_use]
    pub fn expire_time(&self) -> Option<Micros> {
        match self {
            Self::User(user) => user.expire_time,
            Self::Guest(links) => links.iter().filter_map(|link| link.expire_time).min(),
            Self::Anonymous | Self::Operator => None,
        }
    }

    /// The caller as far as one link goes: of a guest's links, only this one counts. Fails with
    /// `NOT_FOUND` if it is not among them.
    pub fn through(&self, id: SharedLinkId) -> Result<Self> {
        match self {
            Self::Guest(links) => {
                let link = links.iter().find(|link| link.link_id == id);
                let link = link.ok_or_else(|| Error::not_found("shared_link", id))?;
                Ok(Self::Guest(vec![*link]))
            }
            Self::Anonymous | Self::User(_) | Self::Operator => Ok(self.clone()),
        }
    }

    /// The links that a guest has opened; none for anybody else.
    #[must_use]
    pub fn links(&self) -> &[LinkActor] {
        match self {
            Self::Guest(links) => links,
            Self::Anonymous | Self::User(_) | Self::Operator => &[],
        }
    }
}

/// A row that the caller may see, with what they may do with it. Only this module makes one.
#[derive(Debug, Clone)]
pub struct Granted<T> {
    row: T,
    role: Role,
    sight: Sight,
}

impl<T> Granted<T> {
    /// The caller's role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The row itself.
    pub fn into_row(self) -> T {
        self.row
    }

    /// Checks that the caller has at least a role.
    pub fn at_least(self, role: Role) -> Result<Self> {
        if self.role >= role { Ok(self) } else { Err(Error::RoleTooLow(role.name())) }
    }

    /// What the caller gets to know of an asset, or of all assets of an album.
    pub fn sight(&self) -> Sight {
        self.sight
    }

    /// Checks that the caller may have files, in the form that [`Sight::file`] tells.
    pub fn downloadable(self) -> Result<Self> {
        self.sight.downloadable()?;
        Ok(self)
    }
}

impl<T> Deref for Granted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.row
    }
}

/// Opens a request: validates the message and hands out the caller that the authenticate layer
/// found. There is no other way to a caller.
pub fn open<T: Validate>(request: tonic::Request<T>) -> Result<(Actor, T)> {
    let (_, extensions, message) = request.into_parts();
    let actor = found(extensions.get())?;
    validate(&message)?;
    Ok((actor, message))
}

/// The messages of a client stream.
pub type Messages<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

/// Opens a client stream: each of its messages is validated as it arrives, one that cannot be read
/// is the error that a unary call would get for it, and a pause that is too long is `TIMED_OUT`.
pub fn open_stream<T: Validate + Send + 'static>(
    app: &App,
    request: tonic::Request<tonic::Streaming<T>>,
) -> Result<(Actor, Messages<T>)> {
    let (_, extensions, stream) = request.into_parts();
    let messages = stream.timeout(app.config.stream_idle_timeout).map(|message| {
        let message = message.map_err(|_| Error::TimedOut)?;
        let message = message.map_err(|status| Error::of_unread_message(status.code()))?;
        validate(&message)?;
        Ok(message)
    });
    Ok((found(extensions.get())?, Box::pin(messages)))
}

/// Opens an HTTP request: hands out the caller that the authenticate layer found.
pub fn open_http(parts: &http::request::Parts) -> Result<Actor> {
    found(parts.extensions.get())
}

/// Checks a message against its annotated rules.
fn validate(message: &impl Validate) -> Result<()> {
    let violations = Violations::of(message);
    if violations.is_empty() { Ok(()) } else { Err(Error::InvalidRequest(violations)) }
}

fn found(actor: Option<&Actor>) -> Result<Actor> {
    actor.cloned().ok_or_else(|| Error::internal("no authenticate layer around this call"))
}

/// Locks the rows of a select until the transaction ends. SQLite needs no such lock: its
/// transactions exclude each other from the start.
///
/// Others may still insert rows that refer to the locked ones: `FOR UPDATE` would let a change of
/// an album and an insertion of its member wait for each other.
fn lock<E: EntityTrait>(select: Select<E>, backend: sea_orm::DbBackend) -> Option<Select<E>> {
    (backend != sea_orm::DbBackend::Sqlite).then(|| select.lock(LockType::NoKeyUpdate))
}
