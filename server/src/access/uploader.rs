//! Who uploads, and by which right.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use super::shared_link::is_live;
use super::{Actor, Granted, LinkActor, Sight, UserActor, lock};
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::shared_link::Model as SharedLink;
use crate::entity::upload::Model as Upload;
use crate::entity::{album, album_member, shared_link};
use crate::error::{Error, Result};
use crate::id::{AlbumId, UserId};
use crate::time::Micros;

/// Who uploads.
#[derive(Debug, Clone, Copy)]
pub enum Uploader {
    /// A user, for themselves.
    User(UserActor),
    /// A guest, for the creator of the link.
    Guest(LinkActor),
}

impl Uploader {
    /// Whose the assets will be, and whose quota counts.
    #[must_use]
    pub fn owner_id(&self) -> UserId {
        match self {
            Self::User(user) => user.id,
            Self::Guest(link) => link.creator_id,
        }
    }
}

/// As whom the caller starts an upload, into an album if one is named. A guest who named none means
/// the album of their link.
pub fn uploader(actor: &Actor, album_id: Option<AlbumId>) -> Result<Uploader> {
    let Actor::Guest(links) = actor else { return Ok(Uploader::User(*actor.user()?)) };
    let fitting = links.iter().filter(|link| album_id.is_none_or(|id| id == link.album_id));
    match (fitting.max_by_key(|link| link.allow_upload), album_id) {
        (Some(link), _) if link.allow_upload => Ok(Uploader::Guest(*link)),
        (Some(_), _) | (None, None) => Err(Error::UploadNotAllowed),
        (None, Some(id)) => Err(Error::not_found("album", id)),
    }
}

/// As whom the caller made an upload of theirs.
pub fn uploader_of(actor: &Actor, upload: &Upload) -> Result<Uploader> {
    let Actor::Guest(links) = actor else { return Ok(Uploader::User(*actor.user()?)) };
    let link = links.iter().find(|link| Some(link.link_id) == upload.shared_link_id);
    let link = link.ok_or_else(|| Error::not_found("upload", upload.id))?;
    Ok(Uploader::Guest(*link))
}

/// Checks that an uploader still may: a guest through a link that opens and allows it, made by
/// somebody who may add to the album.
pub async fn check_uploader(
    connection: &impl ConnectionTrait,
    uploader: &Uploader,
    now: Micros,
) -> Result<()> {
    match uploader {
        Uploader::User(_) => Ok(()),
        Uploader::Guest(link) => {
            let (row, album) = open_link(connection, link, now).await?;
            contributed(connection, row, album).await.map(drop)
        }
    }
}

/// The album and the link of a guest who uploads: locked, with the right that the link's creator
/// has to the album. It is good for what the guest uploads and nothing else.
pub async fn lock_guest_album(
    transaction: &Transaction,
    link: &LinkActor,
    now: Micros,
) -> Result<(Granted<Album>, SharedLink)> {
    let (row, album) = lock_link(transaction, link, now).await?;
    contributed(&**transaction, row, album).await
}

/// The link of a guest who takes an upload back: locked, with its album.
pub async fn lock_undo_link(
    transaction: &Transaction,
    link: &LinkActor,
    now: Micros,
) -> Result<SharedLink> {
    let (row, _) = lock_link(transaction, link, now).await?;
    if row.allow_undo { Ok(row) } else { Err(Error::UndoNotAllowed) }
}

async fn lock_link(
    transaction: &Transaction,
    link: &LinkActor,
    now: Micros,
) -> Result<(SharedLink, Album)> {
    let backend = transaction.get_database_backend();
    if let Some(lock) = lock(album::Entity::find_by_id(link.album_id), backend) {
        lock.one(&**transaction).await?;
    }
    if let Some(lock) = lock(shared_link::Entity::find_by_id(link.link_id), backend) {
        lock.one(&**transaction).await?;
    }
    open_link(&**transaction, link, now).await
}

/// A guest's link as it is now, if it still opens.
async fn open_link(
    connection: &impl ConnectionTrait,
    link: &LinkActor,
    now: Micros,
) -> Result<(SharedLink, Album)> {
    let found = shared_link::Entity::find_by_id(link.link_id)
        .find_also_related(album::Entity)
        .filter(shared_link::Column::PasswordVersion.eq(link.password_version))
        .filter(is_live(now))
        .one(connection)
        .await?;
    match found {
        Some((row, Some(album))) => Ok((row, album)),
        _ => Err(Error::CredentialInvalid),
    }
}

async fn contributed(
    connection: &impl ConnectionTrait,
    link: SharedLink,
    row: Album,
) -> Result<(Granted<Album>, SharedLink)> {
    let creator = album_member::Entity::find_by_id((row.id, link.creator_id));
    let role = creator.one(connection).await?.map(|member| member.role);
    match role {
        Some(role) if role >= Role::Contributor && link.allow_upload => {
            let sight = Sight::of_links(std::iter::empty());
            Ok((Granted { row, role, sight }, link))
        }
        _ => Err(Error::UploadNotAllowed),
    }
}
