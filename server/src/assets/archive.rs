//! Archiving as a part of larger transactions.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::albums::{self, Assets};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::asset::{self, Column, Visibility};
use crate::error::Result;
use crate::id::AssetId;

/// Archives those of some assets of one owner that show in the timeline, or lets those show there
/// again that are archived, and tells how many. What is locked or in the trash stays as it is.
///
/// The transaction holds the lock of the owner's row and of all albums that have one of them.
pub async fn set_archived(
    app: &App,
    transaction: &Transaction,
    ids: &[AssetId],
    is_archived: bool,
) -> Result<u64> {
    let (from, to) = if is_archived {
        (Visibility::Timeline, Visibility::Archived)
    } else {
        (Visibility::Archived, Visibility::Timeline)
    };
    let update = asset::Entity::update_many()
        .col_expr(Column::Visibility, to.into())
        .col_expr(Column::UpdateTime, app.now().into())
        .filter(Column::Id.is_in(ids.iter().copied()))
        .filter(Column::Visibility.eq(from))
        .filter(Column::DeleteTime.is_null());
    let count = update.exec(&**transaction).await?.rows_affected;
    if count > 0 {
        albums::follow_changes(app, transaction, &Assets::These(ids.to_vec())).await?;
    }
    Ok(count)
}
