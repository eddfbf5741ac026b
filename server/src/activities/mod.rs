//! Comments and likes, on albums and on assets in them.
//!
//! Writing runs under the lock of the album's row, like every change of what it has: of likes at the
//! same time the second finds the first.

mod counts;
mod likes;
mod list;
mod rpc;

pub use counts::{AssetCounts, Counts, get_counts};
pub use likes::set_like;
pub use list::{Filter, list};
pub use rpc::Rpc;

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, ModelTrait as _, QueryFilter as _,
    Set,
};

use crate::access::{self, Actor, Author, Granted};
use crate::albums;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::activity::{self, Column, Kind, Model as Activity};
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::{album_asset, user};
use crate::error::{Error, Result};
use crate::events::{self, Event};
use crate::id::{ActivityId, AlbumId, AssetId, UserId};
use crate::text;

/// How many characters a comment has at most.
const MAX_TEXT: usize = 4000;

/// A comment or like as somebody sees it.
#[derive(Debug, Clone)]
pub struct ActivityView {
    /// The comment or like.
    pub activity: Activity,
    /// The user who wrote it, where the viewer may know.
    pub user_id: Option<UserId>,
    /// The name of whoever wrote it; empty for a guest who gave none.
    pub author_display_name: String,
    /// Whether the viewer may delete it.
    pub is_deletable: bool,
}

/// Shows a comment or like, whose author has the given account unless they are a guest, to somebody
/// who has a role on its album. Guests do not get to know who is a user.
#[must_use]
pub fn view(
    viewer: &Author,
    role: Role,
    activity: Activity,
    author: Option<user::Model>,
) -> ActivityView {
    let name = author.map(|user| user.display_name).or_else(|| activity.guest_name.clone());
    ActivityView {
        user_id: activity.user_id.filter(|_| matches!(viewer, Author::User(_))),
        author_display_name: name.unwrap_or_default(),
        is_deletable: role == Role::Owner || viewer.wrote(&activity),
        activity,
    }
}

/// Where something is written, and under which name.
#[derive(Debug, Clone)]
pub struct Place {
    /// The album.
    pub album_id: AlbumId,
    /// The asset of the album; none for the album itself.
    pub asset_id: Option<AssetId>,
    /// The name of the guest who writes.
    pub guest_name: Option<String>,
}

/// Writes a comment, or finds the one that an earlier call with the same id wrote. Requires the
/// viewer role, and that album and link allow it.
pub async fn create_comment(
    app: &App,
    actor: &Actor,
    id: Option<ActivityId>,
    place: Place,
    text: &str,
) -> Result<ActivityView> {
    let text = text::paragraphs(text, MAX_TEXT, "text")?;
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let album = albums::writable(&transaction, &actor, place.album_id, Role::Viewer).await?;
        let author = access::writer(&actor, &album)?;
        if let Some(id) = id {
            let own = access::activities(&album).filter(author.own()).filter(Column::Id.eq(id));
            let own = own.filter(Column::Kind.eq(Kind::Comment)).one(&*transaction).await?;
            if let Some(own) = own {
                return seen(&*transaction, &author, album.role(), own).await;
            }
            access::refuse_taken(&*transaction, "comment", *id.as_bytes()).await?;
        }
        check_asset(&transaction, &album, place.asset_id).await?;
        let mut row = row(&app_, &author, place)?;
        row.id = Set(id.unwrap_or_else(ActivityId::generate));
        row.kind = Set(Kind::Comment);
        row.text = Set(text);
        let comment = insert(&app_, &transaction, row).await?;
        seen(&*transaction, &author, album.role(), comment).await
    })
    .await
}

/// Deletes a comment or like. Requires that the caller wrote it, or the owner role.
pub async fn delete_comment(app: &App, actor: &Actor, id: ActivityId) -> Result<()> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let (album, author, activity) = access::lock_activity(&transaction, &actor, id).await?;
        if album.delete_time.is_some() {
            return Err(Error::trashed("album", album.id));
        }
        if !author.wrote(&activity) {
            album.at_least(Role::Owner)?;
        }
        remove(&app_, &transaction, activity).await
    })
    .await
}

/// Checks that the album shows an asset.
async fn check_asset(
    transaction: &Transaction,
    album: &Granted<Album>,
    asset_id: Option<AssetId>,
) -> Result<()> {
    let Some(asset_id) = asset_id else { return Ok(()) };
    let find = access::album_entries(album).filter(album_asset::Column::AssetId.eq(asset_id));
    match find.one(&**transaction).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("asset", asset_id)),
    }
}

/// A new row, without what makes it a comment or a like.
fn row(app: &App, author: &Author, place: Place) -> Result<activity::ActiveModel> {
    let mut row = activity::ActiveModel {
        id: Set(ActivityId::generate()),
        album_id: Set(place.album_id),
        asset_id: Set(place.asset_id),
        text: Set(String::new()),
        create_time: Set(app.now()),
        ..Default::default()
    };
    match author {
        Author::User(_) if place.guest_name.is_some() => {
            return Err(Error::invalid("guest_name", "must be empty unless a guest writes"));
        }
        Author::User(id) => row.user_id = Set(Some(*id)),
        Author::Guest(link, visitor) => {
            row.shared_link_id = Set(Some(*link));
            row.visitor_id = Set(Some(*visitor));
            row.guest_name = Set(place.guest_name);
        }
    }
    Ok(row)
}

async fn insert(
    app: &App,
    transaction: &Transaction,
    row: activity::ActiveModel,
) -> Result<Activity> {
    let activity = row.insert(&**transaction).await?;
    let event = Event::ActivityAdded(activity.id);
    events::record(app, transaction, activity.album_id, &event).await?;
    Ok(activity)
}

async fn remove(app: &App, transaction: &Transaction, activity: Activity) -> Result<()> {
    let (album_id, event) = (activity.album_id, Event::ActivityRemoved(activity.id));
    activity.delete(&**transaction).await?;
    events::record(app, transaction, album_id, &event).await
}

/// Shows what the caller has written themselves.
async fn seen(
    connection: &impl ConnectionTrait,
    author: &Author,
    role: Role,
    activity: Activity,
) -> Result<ActivityView> {
    let user = match author {
        Author::User(id) => Some(access::user(connection, *id).await?),
        Author::Guest(..) => None,
    };
    Ok(view(author, role, activity, user))
}
