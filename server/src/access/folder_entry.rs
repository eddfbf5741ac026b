//! What rules put into albums.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, JoinType, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationTrait as _, Select,
};

use super::folder_album::live_album_ids;
use crate::database::Transaction;
use crate::entity::{album_asset, folder_entry};
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleId, FolderRuleRunId, UserId};
use crate::time::Micros;

/// What a rule put into albums that its owner owns still and that are not in the trash: album,
/// asset, when it did, and since when the asset is in the album, if it is.
pub async fn rule_entries(
    connection: &impl ConnectionTrait,
    owner: UserId,
    rule: FolderRuleId,
) -> Result<Vec<(AlbumId, AssetId, Micros, Option<Micros>)>> {
    let find = folder_entry::Entity::find()
        .join(JoinType::LeftJoin, folder_entry::Relation::Place.def())
        .filter(folder_entry::Column::RuleId.eq(rule))
        .filter(folder_entry::Column::AlbumId.in_subquery(live_album_ids(owner)))
        .order_by_asc(folder_entry::Column::AlbumId)
        .order_by_asc(folder_entry::Column::AssetId)
        .select_only()
        .column(folder_entry::Column::AlbumId)
        .column(folder_entry::Column::AssetId)
        .column_as(folder_entry::Column::CreateTime, "entry_time")
        .column_as(album_asset::Column::CreateTime, "place_time");
    Ok(find.into_tuple().all(connection).await?)
}

/// What a rule put into an album and is there still, as the transaction sees it that holds the
/// album's lock: of some assets, or of one run.
pub async fn placed_entries(
    transaction: &Transaction,
    album: AlbumId,
    which: Condition,
    limit: u64,
) -> Result<Vec<folder_entry::Model>> {
    Ok(placed(album).filter(which).limit(limit).all(&**transaction).await?)
}

/// How many of the entries of [`placed_entries`] there are.
pub async fn placed_count(
    transaction: &Transaction,
    album: AlbumId,
    run: FolderRuleRunId,
) -> Result<u64> {
    let find = placed(album).filter(folder_entry::Column::RunId.eq(run));
    Ok(find.count(&**transaction).await?)
}

fn placed(album: AlbumId) -> Select<folder_entry::Entity> {
    let entry_time = Expr::col((folder_entry::Entity, folder_entry::Column::CreateTime));
    folder_entry::Entity::find()
        .inner_join(album_asset::Entity)
        .filter(folder_entry::Column::AlbumId.eq(album))
        .filter(entry_time.equals((album_asset::Entity, album_asset::Column::CreateTime)))
}

/// The assets that runs archived when they put them into an album: `which` says whose entries count.
pub async fn archived_assets(
    transaction: &Transaction,
    album: AlbumId,
    which: Condition,
    limit: u64,
) -> Result<Vec<AssetId>> {
    let find = folder_entry::Entity::find()
        .filter(folder_entry::Column::AlbumId.eq(album))
        .filter(folder_entry::Column::IsArchived.eq(true))
        .filter(which)
        .select_only()
        .column(folder_entry::Column::AssetId)
        .distinct()
        .limit(limit);
    Ok(find.into_tuple().all(&**transaction).await?)
}
