//! Albums, what they contain and who is in them.
//!
//! Counts, dates and cover are kept by the transaction that changes the contents, under the lock of
//! the album's row: what the next read shows is never behind.

mod compose;
mod contents;
mod everywhere;
mod link_list;
mod list;
mod members;
mod rpc;
mod trash;
mod view;
mod watch;

pub use compose::{make, rename, set_cover, set_trashed};
pub use contents::{Added, add, add_assets, remove_assets, reorder_assets, take_out};
pub use everywhere::{Assets, follow_changes, follow_times, remove_everywhere, set_hidden};
pub use link_list::{add_to_list, create_list, remove_from_list};
pub use list::{Category, Filter, Order, Trash, list};
pub use members::{
    AddedMembers, Invited, MemberField, MemberView, NewMember, Private, add_members, list_members,
    make_private, remove_member, transfer, update_member,
};
pub use rpc::Rpc;
pub use trash::{PurgeTrash, purge_expired};
pub use view::AlbumView;
pub use watch::{Message, watch};

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use crate::access::{self, Actor, Granted};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album::{self, Model as Album, Order as AlbumOrder};
use crate::entity::album_member::{self, Role};
use crate::entity::user::fold;
use crate::error::{Error, Result};
use crate::events::{self, Event};
use crate::id::{AlbumId, AssetId, UserId};
use crate::mask;
use view::view;

/// What editors may change of an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The name.
    DisplayName,
    /// What people read below the name.
    Description,
    /// The order of its assets.
    Order,
    /// The asset that stands for it.
    CoverAssetId,
    /// Whether people may write comments and likes.
    ActivityEnabled,
}

impl mask::Field for Field {
    const ALL: &'static [Self] = &[
        Self::DisplayName,
        Self::Description,
        Self::Order,
        Self::CoverAssetId,
        Self::ActivityEnabled,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::Description => "description",
            Self::Order => "order",
            Self::CoverAssetId => "cover_asset_id",
            Self::ActivityEnabled => "activity_enabled",
        }
    }
}

/// The values of a new album or an update.
#[derive(Debug, Clone)]
pub struct Values {
    /// The name.
    pub display_name: String,
    /// What people read below the name.
    pub description: String,
    /// The order of its assets.
    pub order: AlbumOrder,
    /// The asset that stands for it.
    pub cover_asset_id: Option<AssetId>,
    /// Whether people may write comments and likes; by default they may.
    pub is_activity_enabled: Option<bool>,
    /// The etag that the album must have; empty for any.
    pub etag: String,
}

/// An album as somebody wants it.
#[derive(Debug)]
pub struct NewAlbum {
    /// The id that the caller chose.
    pub id: Option<AlbumId>,
    /// The values.
    pub values: Values,
    /// Assets of the caller's to put into it.
    pub assets: Vec<AssetId>,
    /// Who is to be in it.
    pub members: Vec<NewMember>,
}

/// An album that the caller may see. By that, a member has seen it.
pub async fn get(app: &App, actor: &Actor, id: AlbumId) -> Result<AlbumView> {
    let album = access::album(app.database.reader(), actor, id, Role::Viewer).await?;
    let mut view = view(app, actor, album).await?;
    if view.is_unseen {
        members::mark_seen(app, id, actor.user()?.id).await?;
        view.is_unseen = false;
    }
    Ok(view)
}

/// Creates an album of the caller's with assets of the caller's and with members, or finds the one
/// that an earlier call with the same id created.
pub async fn create(app: &App, actor: &Actor, new: NewAlbum) -> Result<AlbumView> {
    let NewAlbum { id, values, assets, members } = new;
    if values.display_name.trim().is_empty() {
        return Err(Error::invalid("album.display_name", "must not be blank"));
    }
    let (app_, actor_) = (app.clone(), actor.clone());
    let album = app.transact(move |transaction| async move {
        let user = *actor_.user()?;
        if !members.is_empty() {
            access::may_add_members(&user)?;
        }
        if let Some(id) = id {
            match access::album(&*transaction, &actor_, id, Role::Owner).await {
                Ok(album) => return Ok(album),
                Err(Error::NotFound(_) | Error::RoleTooLow(_)) => {}
                Err(error) => return Err(error),
            }
            access::refuse_taken(&*transaction, "album", *id.as_bytes()).await?;
        }
        let owner = access::lock_owner(&transaction, user.id).await?;
        let album = insert(&app_, &transaction, user.id, id, values).await?;
        let album = access::created(album);
        let id = album.id;
        if !members.is_empty() {
            members::insert(&app_, &transaction, &actor_, &album, &members).await?;
        }
        if assets.is_empty() {
            return Ok(album);
        }
        let assets = access::sharable_assets(&transaction, &owner, &assets).await?;
        contents::insert(&app_, &transaction, album, &assets).await?;
        access::album(&*transaction, &actor_, id, Role::Owner).await
    });
    let album = album.await?;
    view(app, actor, album).await
}

async fn insert(
    app: &App,
    transaction: &Transaction,
    owner: UserId,
    id: Option<AlbumId>,
    values: Values,
) -> Result<Album> {
    let (id, now) = (id.unwrap_or_else(AlbumId::generate), app.now());
    let album = album::ActiveModel {
        id: Set(id),
        folded_name: Set(fold(&values.display_name)),
        display_name: Set(values.display_name),
        description: Set(values.description),
        order: Set(values.order),
        cover_asset_id: Set(None),
        asset_count: Set(0),
        first_time: Set(None),
        last_time: Set(None),
        revision: Set(1),
        create_time: Set(now),
        update_time: Set(now),
        delete_time: Set(None),
        hide_time: Set(None),
        hidden_cover_asset_id: Set(None),
        is_activity_enabled: Set(values.is_activity_enabled.unwrap_or(true)),
        is_list: Set(false),
        event_sequence: Set(0),
    };
    let album = album.insert(&**transaction).await?;
    let member = album_member::ActiveModel {
        album_id: Set(id),
        user_id: Set(owner),
        role: Set(Role::Owner),
        create_time: Set(now),
        seen_time: Set(Some(now)),
    };
    member.insert(&**transaction).await?;
    Ok(album)
}

/// Changes an album. Requires the editor role.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    values: Values,
    fields: Vec<Field>,
) -> Result<AlbumView> {
    let (app_, actor_) = (app.clone(), actor.clone());
    let album = app.transact(move |transaction| async move {
        let album = writable(&transaction, &actor_, id, Role::Editor).await?;
        check_etag(&album, &values.etag)?;
        let mut change = touched(&app_, &album);
        let order = if fields.contains(&Field::Order) { values.order } else { album.order };
        for field in fields {
            match field {
                Field::DisplayName if values.display_name.trim().is_empty() => {
                    return Err(Error::invalid("album.display_name", "must not be blank"));
                }
                Field::DisplayName => {
                    change.folded_name = Set(fold(&values.display_name));
                    change.display_name = Set(values.display_name.clone());
                }
                Field::Description => change.description = Set(values.description.clone()),
                Field::Order => change.order = Set(values.order),
                Field::CoverAssetId => {
                    let wanted = values.cover_asset_id;
                    let cover = contents::cover(&transaction, &album, order, wanted);
                    change.cover_asset_id = Set(cover.await?);
                    change.hidden_cover_asset_id = Set(None);
                }
                Field::ActivityEnabled => {
                    change.is_activity_enabled = Set(values.is_activity_enabled.unwrap_or(true));
                }
            }
        }
        change.update(&*transaction).await?;
        events::record(&app_, &transaction, id, &Event::AlbumUpdated).await?;
        access::album(&*transaction, &actor_, id, Role::Editor).await
    });
    let album = album.await?;
    view(app, actor, album).await
}

/// Puts an album into the trash. Requires the owner role.
pub async fn delete(app: &App, actor: &Actor, id: AlbumId, etag: String) -> Result<AlbumView> {
    change_trashed(app, actor, id, true, etag).await
}

/// Takes an album out of the trash. Requires the owner role.
pub async fn restore(app: &App, actor: &Actor, id: AlbumId) -> Result<AlbumView> {
    change_trashed(app, actor, id, false, String::new()).await
}

async fn change_trashed(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    is_trashed: bool,
    etag: String,
) -> Result<AlbumView> {
    let (app_, actor_) = (app.clone(), actor.clone());
    let album = app.transact(move |transaction| async move {
        let album = access::lock_album(&transaction, &actor_, id, Role::Owner).await?;
        if album.delete_time.is_some() == is_trashed {
            return Ok(album);
        }
        check_etag(&album, &etag)?;
        set_trashed(&app_, &transaction, &album, is_trashed).await?;
        access::album(&*transaction, &actor_, id, Role::Owner).await
    });
    let album = album.await?;
    view(app, actor, album).await
}

/// An album for a change of it, of its contents or of its links: locked, and not in the trash.
pub async fn writable(
    transaction: &Transaction,
    actor: &Actor,
    id: AlbumId,
    role: Role,
) -> Result<Granted<Album>> {
    let album = access::lock_album(transaction, actor, id, role).await?;
    if album.delete_time.is_some() { Err(Error::trashed("album", id)) } else { Ok(album) }
}

/// The row as every change leaves it.
fn touched(app: &App, album: &Album) -> album::ActiveModel {
    let mut change = album.clone().into_active_model();
    change.revision = Set(album.revision + 1);
    change.update_time = Set(app.now());
    change
}

fn check_etag(album: &Album, etag: &str) -> Result<()> {
    let current = self::etag(album);
    if etag.is_empty() || etag == current { Ok(()) } else { Err(Error::EtagMismatch(current)) }
}

/// What changes with every update of an album.
#[must_use]
pub fn etag(album: &Album) -> String {
    album.revision.to_string()
}
