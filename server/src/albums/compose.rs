//! Changes of albums as parts of larger transactions, which hold the lock of the caller's row and
//! that of each album that was there before.

use sea_orm::{ActiveModelTrait as _, Set};

use super::{NewMember, Values, members, touched};
use crate::access::{self, Actor, Granted, Subject};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::user::fold;
use crate::error::Result;
use crate::events::{self, Event};
use crate::id::AssetId;

/// Makes an album of the caller's with members.
pub async fn make(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    values: Values,
    members: &[NewMember],
) -> Result<Granted<Album>> {
    let album = super::insert(app, transaction, actor.user()?.id, None, values).await?;
    let album = access::created(album);
    if members.is_empty() {
        return Ok(album);
    }
    let id = album.id;
    members::insert(app, transaction, actor, &album, members).await?;
    access::album(&**transaction, actor, id, Role::Owner).await
}

/// Gives an album another name.
pub async fn rename(
    app: &App,
    transaction: &Transaction,
    album: &Granted<Album>,
    display_name: &str,
) -> Result<()> {
    let mut change = touched(app, album);
    change.folded_name = Set(fold(display_name));
    change.display_name = Set(display_name.to_owned());
    change.update(&**transaction).await?;
    events::record(app, transaction, album.id, &Event::AlbumUpdated).await
}

/// Makes one of an album's assets its cover, and tells whether it was another one.
pub async fn set_cover(
    app: &App,
    transaction: &Transaction,
    album: &Granted<Album>,
    cover: AssetId,
) -> Result<bool> {
    if album.cover_asset_id == Some(cover) {
        return Ok(false);
    }
    let mut change = touched(app, album);
    change.cover_asset_id = Set(Some(cover));
    change.hidden_cover_asset_id = Set(None);
    change.update(&**transaction).await?;
    events::record(app, transaction, album.id, &Event::AlbumUpdated).await?;
    Ok(true)
}

/// Puts an album into the trash or takes it out, and tells whether it was not there before.
pub async fn set_trashed(
    app: &App,
    transaction: &Transaction,
    album: &Granted<Album>,
    is_trashed: bool,
) -> Result<bool> {
    if album.delete_time.is_some() == is_trashed {
        return Ok(false);
    }
    let mut change = touched(app, album);
    change.delete_time = Set(is_trashed.then(|| app.now()));
    change.update(&**transaction).await?;
    events::record(app, transaction, album.id, &Event::AlbumUpdated).await?;
    events::revoke_from(app, transaction, Subject::Album(album.id)).await?;
    Ok(true)
}
