//! Comments and likes: who may read and write them, and which show.

use sea_orm::sea_query::{IntoCondition as _, Query};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, Select};

use super::{Actor, Granted, LinkActor, lock_album};
use crate::database::Transaction;
use crate::entity::activity::{Column, Entity, Model as Activity};
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::shared_link::GuestActivity;
use crate::entity::{album_asset, user};
use crate::error::{Error, Result};
use crate::id::{ActivityId, AlbumId, SharedLinkId, UserId, VisitorId};

/// Who reads or writes the activity of an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// A member.
    User(UserId),
    /// A guest of a link, as long as they hold their token.
    Guest(SharedLinkId, VisitorId),
}

impl Author {
    /// Whether they wrote a comment or like.
    #[must_use]
    pub fn wrote(&self, activity: &Activity) -> bool {
        match self {
            Self::User(id) => activity.user_id == Some(*id),
            Self::Guest(_, visitor) => activity.visitor_id == Some(*visitor),
        }
    }

    /// The 16 bytes by which they differ from all others.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        match self {
            Self::User(id) => id.as_bytes(),
            Self::Guest(_, visitor) => visitor.as_bytes(),
        }
    }

    /// What they wrote.
    #[must_use]
    pub fn own(&self) -> Condition {
        match self {
            Self::User(id) => Column::UserId.eq(*id).into_condition(),
            Self::Guest(_, visitor) => Column::VisitorId.eq(*visitor).into_condition(),
        }
    }
}

/// The caller as somebody who reads the activity of an album that they may see, and takes back what
/// they wrote there. That stays possible when the album's activity is off. What stands for a list of
/// assets has none.
pub fn reader(actor: &Actor, album: &Granted<Album>) -> Result<Author> {
    author(actor, album, GuestActivity::Read)
}

/// The caller as somebody who writes there.
pub fn writer(actor: &Actor, album: &Granted<Album>) -> Result<Author> {
    let author = author(actor, album, GuestActivity::Write)?;
    if album.is_activity_enabled { Ok(author) } else { Err(Error::ActivityNotAllowed) }
}

fn author(actor: &Actor, album: &Granted<Album>, needed: GuestActivity) -> Result<Author> {
    if album.is_list {
        return Err(Error::not_found("album", album.id));
    }
    match actor {
        Actor::Guest(links) => guest(links, album, needed),
        Actor::User(_) | Actor::Anonymous | Actor::Operator => Ok(Author::User(actor.user()?.id)),
    }
}

fn guest(links: &[LinkActor], album: &Granted<Album>, needed: GuestActivity) -> Result<Author> {
    let links = links.iter().filter(|link| link.album_id == album.id);
    let link = links.max_by_key(|link| link.activity).filter(|link| link.activity >= needed);
    let link = link.ok_or(Error::ActivityNotAllowed)?;
    Ok(Author::Guest(link.link_id, link.visitor_id))
}

/// The comments and likes that show in an album: what is about an asset shows with it, and what
/// somebody wrote whose account is deleted does not.
#[must_use]
pub fn activities(album: &Granted<Album>) -> Select<Entity> {
    Entity::find().filter(shown_in(album.id))
}

/// What shows in an album.
pub(super) fn shown_in(album_id: AlbumId) -> Condition {
    let shown = Query::select()
        .column(album_asset::Column::AssetId)
        .from(album_asset::Entity)
        .and_where(album_asset::Column::AlbumId.eq(album_id))
        .and_where(album_asset::Column::IsHidden.eq(false))
        .to_owned();
    let deleted = Query::select()
        .column(user::Column::Id)
        .from(user::Entity)
        .and_where(user::Column::DeleteTime.is_not_null())
        .to_owned();
    let shows =
        Condition::any().add(Column::AssetId.is_null()).add(Column::AssetId.in_subquery(shown));
    let has_author =
        Condition::any().add(Column::UserId.is_null()).add(Column::UserId.not_in_subquery(deleted));
    Condition::all().add(Column::AlbumId.eq(album_id)).add(shows).add(has_author)
}

/// A comment or like for a change, with its album, which is locked until the transaction ends.
pub async fn lock_activity(
    transaction: &Transaction,
    actor: &Actor,
    id: ActivityId,
) -> Result<(Granted<Album>, Author, Activity)> {
    let missing = || Error::not_found("activity", id);
    let row = Entity::find_by_id(id).one(&**transaction).await?.ok_or_else(missing)?;
    let album = match lock_album(transaction, actor, row.album_id, Role::Viewer).await {
        Err(Error::NotFound(_)) => return Err(missing()),
        album => album?,
    };
    let author = reader(actor, &album)?;
    let find = activities(&album).filter(Column::Id.eq(id));
    let row = find.one(&**transaction).await?.ok_or_else(missing)?;
    Ok((album, author, row))
}
