//! Motion parts of live photos that lie in libraries, for the server's own work on them.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::database::Transaction;
use crate::entity::asset_file::{self, Kind};
use crate::entity::library_file::{self, Column as File};
use crate::entity::{activity, album_asset};
use crate::error::Result;
use crate::id::{AssetId, LibraryId};

/// The assets of whose motion parts a library has files with some SHA-256 digests, be they there or
/// not.
pub async fn assets_of_motion_digests(
    transaction: &Transaction,
    library: LibraryId,
    digests: impl IntoIterator<Item = &[u8]>,
) -> Result<Vec<AssetId>> {
    let found: Vec<Option<AssetId>> = library_file::Entity::find()
        .filter(File::LibraryId.eq(library))
        .filter(File::Sha256.is_in(digests))
        .filter(File::Part.eq(Kind::Motion))
        .select_only()
        .column(File::AssetId)
        .distinct()
        .into_tuple()
        .all(&**transaction)
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// Which of some assets are in an album or link, or have comments or likes.
pub async fn assets_in_use(
    transaction: &Transaction,
    assets: &[AssetId],
) -> Result<HashSet<AssetId>> {
    let ids = || assets.iter().copied();
    let places = Condition::all().add(album_asset::Column::AssetId.is_in(ids()));
    let places = super::places(transaction, places).await?;
    let said: Vec<Option<AssetId>> = activity::Entity::find()
        .filter(activity::Column::AssetId.is_in(ids()))
        .select_only()
        .column(activity::Column::AssetId)
        .distinct()
        .into_tuple()
        .all(&**transaction)
        .await?;
    Ok(places.into_iter().map(|(_, asset)| asset).chain(said.into_iter().flatten()).collect())
}

/// Takes motion parts from assets that lay in libraries and are in no row there any more.
pub async fn forget_lost_motions(
    transaction: &Transaction,
    assets: impl IntoIterator<Item = AssetId>,
) -> Result<()> {
    let row = |column| Expr::col((library_file::Entity, column));
    let file = |column| Expr::col((asset_file::Entity, column));
    let places = Query::select()
        .expr(Expr::val(1))
        .from(library_file::Entity)
        .and_where(row(File::AssetId).eq(file(asset_file::Column::AssetId)))
        .and_where(row(File::Part).eq(file(asset_file::Column::Kind)))
        .to_owned();
    asset_file::Entity::delete_many()
        .filter(asset_file::Column::AssetId.is_in(assets))
        .filter(asset_file::Column::Kind.eq(Kind::Motion))
        .filter(asset_file::Column::IsLibrary.eq(true))
        .filter(Expr::exists(places).not())
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// Forgets the files of motion parts: the next scan takes them for what they are then.
pub async fn forget_motion_places(
    transaction: &Transaction,
    assets: impl IntoIterator<Item = AssetId>,
) -> Result<()> {
    library_file::Entity::delete_many()
        .filter(File::AssetId.is_in(assets))
        .filter(File::Part.eq(Kind::Motion))
        .exec(&**transaction)
        .await?;
    Ok(())
}
