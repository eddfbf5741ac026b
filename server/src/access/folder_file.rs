//! The files from which albums are made, and their assets.

use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::LockedUser;
use crate::database::Transaction;
use crate::entity::asset::{Model as Asset, Visibility};
use crate::entity::asset_file::Kind;
use crate::entity::{album, album_asset, asset, folder_entry, library, library_file};
use crate::error::Result;
use crate::id::{AssetId, FolderRuleId, LibraryId, UserId};

/// Which of a user's assets a plan is about.
#[derive(Debug, Clone, Copy)]
pub struct Located {
    /// The rule whose own doing does not count; `None` if it has done nothing yet.
    pub rule: Option<FolderRuleId>,
    /// Whether assets count that are in some album.
    pub in_albums: bool,
    /// Whether archived assets count.
    pub archived: bool,
}

/// The libraries of a user that are not being taken apart, in the order of their making.
pub async fn library_ids(
    connection: &impl ConnectionTrait,
    owner: UserId,
) -> Result<Vec<LibraryId>> {
    let find = library::Entity::find()
        .filter(library::Column::OwnerId.eq(owner))
        .filter(library::Column::DeleteTime.is_null())
        .order_by_asc(library::Column::Id)
        .select_only()
        .column(library::Column::Id);
    Ok(find.into_tuple().all(connection).await?)
}

/// A file of a library that is there.
#[derive(Debug, FromQueryResult)]
pub struct LocatedFile {
    /// Where it is.
    pub path: String,
    /// Its asset.
    pub asset_id: AssetId,
    /// Whether it does not count because its asset is in some album.
    pub is_in_album: bool,
    /// Whether it does not count because its asset is archived.
    pub is_archived: bool,
}

/// The files of a library that are there, with their assets, in the order of their paths: those
/// behind `after`, `limit` at most. Assets are the owner's own, not in the trash and not locked; their
/// motion parts are in no place of their own.
pub async fn located_files(
    connection: &impl ConnectionTrait,
    owner: UserId,
    library: LibraryId,
    which: Located,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<LocatedFile>> {
    let mut find = library_file::Entity::find()
        .inner_join(asset::Entity)
        .filter(library_file::Column::LibraryId.eq(library))
        .filter(library_file::Column::State.eq(library_file::State::Online))
        .filter(library_file::Column::Part.eq(Kind::Still))
        .filter(asset::Column::OwnerId.eq(owner))
        .filter(asset::Column::DeleteTime.is_null())
        .filter(asset::Column::Visibility.ne(Visibility::Locked))
        .order_by_asc(library_file::Column::Path)
        .limit(limit);
    if let Some(after) = after {
        find = find.filter(library_file::Column::Path.gt(after));
    }
    let never = || Expr::val(false);
    let is_in_album =
        if which.in_albums { never() } else { Expr::exists(foreign_place(which.rule)) };
    let is_archived = if which.archived {
        never()
    } else {
        let is_archived = asset::Column::Visibility.eq(Visibility::Archived);
        is_archived.and(Expr::exists(archived_by(which.rule)).not())
    };
    let find = find
        .select_only()
        .column(library_file::Column::Path)
        .column_as(library_file::Column::AssetId, "asset_id")
        .column_as(is_in_album, "is_in_album")
        .column_as(is_archived, "is_archived");
    Ok(find.into_model().all(connection).await?)
}

/// A place of the asset in an album that is not in the trash and that no entry of the rule is for.
fn foreign_place(rule: Option<FolderRuleId>) -> SelectStatement {
    let place = |column| Expr::col((album_asset::Entity, column));
    let entry = |column| Expr::col((folder_entry::Entity, column));
    let own = Query::select()
        .expr(Expr::val(1))
        .from(folder_entry::Entity)
        .and_where(entry(folder_entry::Column::RuleId).eq(rule.unwrap_or(FolderRuleId::NIL)))
        .and_where(
            entry(folder_entry::Column::AlbumId)
                .equals((album_asset::Entity, album_asset::Column::AlbumId)),
        )
        .and_where(
            entry(folder_entry::Column::AssetId)
                .equals((album_asset::Entity, album_asset::Column::AssetId)),
        )
        .and_where(
            entry(folder_entry::Column::CreateTime)
                .equals((album_asset::Entity, album_asset::Column::CreateTime)),
        )
        .to_owned();
    Query::select()
        .expr(Expr::val(1))
        .from(album_asset::Entity)
        .inner_join(
            album::Entity,
            Expr::col((album::Entity, album::Column::Id))
                .equals((album_asset::Entity, album_asset::Column::AlbumId)),
        )
        .and_where(place(album_asset::Column::AssetId).equals((asset::Entity, asset::Column::Id)))
        .and_where(Expr::col((album::Entity, album::Column::IsList)).eq(false))
        .and_where(Expr::col((album::Entity, album::Column::DeleteTime)).is_null())
        .and_where(Expr::exists(own).not())
        .to_owned()
}

/// The note that the rule archived the asset.
fn archived_by(rule: Option<FolderRuleId>) -> SelectStatement {
    let entry = |column| Expr::col((folder_entry::Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from(folder_entry::Entity)
        .and_where(entry(folder_entry::Column::RuleId).eq(rule.unwrap_or(FolderRuleId::NIL)))
        .and_where(entry(folder_entry::Column::AssetId).equals((asset::Entity, asset::Column::Id)))
        .and_where(entry(folder_entry::Column::IsArchived).eq(true))
        .to_owned()
}

/// Those of some assets that can be put into albums: the owner's own, neither in the trash nor
/// locked. In the order of their ids.
pub async fn placeable_assets(
    transaction: &Transaction,
    owner: &LockedUser,
    ids: &[AssetId],
) -> Result<Vec<Asset>> {
    let find = asset::Entity::find()
        .filter(asset::Column::OwnerId.eq(owner.id))
        .filter(asset::Column::Id.is_in(ids.iter().copied()))
        .filter(asset::Column::DeleteTime.is_null())
        .filter(asset::Column::Visibility.ne(Visibility::Locked));
    Ok(find.all(&**transaction).await?)
}
