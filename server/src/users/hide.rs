//! Hiding what the owner of a deleted account has, and showing it again.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::access;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::{album, shared_link};
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
    let since = is_hidden.then(|| app.now());
    let albums = album::Entity::update_many()
        .col_expr(album::Column::HideTime, since.into())
        .filter(album::Column::Id.in_subquery(access::owned_album_ids(user)));
    albums.exec(&**transaction).await?;
    let links = shared_link::Entity::update_many()
        .col_expr(shared_link::Column::HideTime, since.into())
        .filter(shared_link::Column::CreatorId.eq(user));
    links.exec(&**transaction).await?;
    Ok(())
}
