//! Hiding what the owner of a deleted account has, and showing it again.

use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use crate::access;
use crate::albums;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::{album, album_asset, shared_link};
use crate::error::Result;
use crate::id::UserId;

/// Hides the albums of a user, the links that they made, and their assets in the albums of others;
/// or shows them again.
pub(super) async fn set_hidden(
    app: &App,
    transaction: &Transaction,
    user: UserId,
    is_hidden: bool,
) -> Result<()> {
    // All albums at once, in the order of their ids, before anything is written to one.
    let places = Condition::any()
        .add(album_asset::Column::AlbumId.in_subquery(access::owned_album_ids(user)))
        .add(albums::Assets::Of(user).entries());
    access::lock_albums_having(transaction, places).await?;
    albums::set_hidden(app, transaction, &albums::Assets::Of(user), is_hidden).await?;
    let since = is_hidden.then(|| app.now());
    let owned = album::Entity::update_many()
        .col_expr(album::Column::HideTime, since.into())
        .filter(album::Column::Id.in_subquery(access::owned_album_ids(user)));
    owned.exec(&**transaction).await?;
    let links = shared_link::Entity::update_many()
        .col_expr(shared_link::Column::HideTime, since.into())
        .filter(shared_link::Column::CreatorId.eq(user));
    links.exec(&**transaction).await?;
    Ok(())
}
