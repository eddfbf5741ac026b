//! The files of libraries and the assets that they are, for the server's own work on them.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, JoinType, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationTrait as _,
};

use super::LockedUser;
use crate::database::Transaction;
use crate::entity::asset::Model as Asset;
use crate::entity::asset_file::{Kind, Part};
use crate::entity::library_file::{self, Column as File, Known, Model as LibraryFile, State};
use crate::entity::{asset, asset_file};
use crate::error::Result;
use crate::id::{AssetId, LibraryFileId, LibraryId, LibraryScanId, UserId};
use crate::time::Micros;

/// How many files of some libraries are in each state.
pub async fn library_file_counts(
    connection: &impl ConnectionTrait,
    libraries: impl IntoIterator<Item = LibraryId>,
) -> Result<HashMap<(LibraryId, State), i64>> {
    let counts: Vec<(LibraryId, State, i64)> = library_file::Entity::find()
        .filter(File::LibraryId.is_in(libraries))
        .select_only()
        .column(File::LibraryId)
        .column(File::State)
        .column_as(Expr::col((library_file::Entity, File::Id)).count(), "count")
        .group_by(File::LibraryId)
        .group_by(File::State)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(counts.into_iter().map(|(library, state, count)| ((library, state), count)).collect())
}

/// What a library knows of its files behind a path, in the order of their paths.
pub async fn known_library_files(
    connection: &impl ConnectionTrait,
    library: LibraryId,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Known>> {
    let mut find = library_file::Entity::find()
        .filter(File::LibraryId.eq(library))
        .order_by_asc(File::Path)
        .limit(limit);
    if let Some(after) = after {
        find = find.filter(File::Path.gt(after));
    }
    Ok(find.into_partial_model().all(connection).await?)
}

/// Whether a library has files that are there, as far as is known, whose paths begin with
/// `prefix`, which ends in a slash.
pub async fn has_files_below(
    connection: &impl ConnectionTrait,
    library: LibraryId,
    prefix: &str,
) -> Result<bool> {
    let below = library_file::Entity::find()
        .filter(File::LibraryId.eq(library))
        .filter(File::State.eq(State::Online))
        .filter(below(prefix));
    Ok(below.limit(1).count(connection).await? > 0)
}

/// The paths that begin with a prefix that ends in a slash: up to the character behind it.
fn below(prefix: &str) -> Condition {
    let end = prefix.strip_suffix('/').map(|folder| format!("{folder}0"));
    let end = end.unwrap_or_else(|| prefix.to_owned());
    Condition::all().add(File::Path.gt(prefix)).add(File::Path.lt(end))
}

/// The rows of a library at some paths.
pub async fn library_files_at(
    connection: &impl ConnectionTrait,
    library: LibraryId,
    paths: impl IntoIterator<Item = &str>,
) -> Result<Vec<LibraryFile>> {
    let files = library_file::Entity::find()
        .filter(File::LibraryId.eq(library))
        .filter(File::Path.is_in(paths));
    Ok(files.all(connection).await?)
}

/// Some rows of libraries, as far as they are still there.
pub async fn library_files(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = LibraryFileId>,
) -> Result<Vec<LibraryFile>> {
    let files = library_file::Entity::find().filter(File::Id.is_in(ids));
    Ok(files.all(connection).await?)
}

/// Rows that a scan has to decide about, `limit` at most, those behind a row if it is given.
pub async fn undecided_library_files(
    connection: &impl ConnectionTrait,
    scan: LibraryScanId,
    after: Option<LibraryFileId>,
    limit: u64,
) -> Result<Vec<LibraryFile>> {
    let mut files = library_file::Entity::find()
        .filter(File::MissingScanId.eq(scan))
        .order_by_asc(File::Id)
        .limit(limit);
    if let Some(after) = after {
        files = files.filter(File::Id.gt(after));
    }
    Ok(files.all(connection).await?)
}

/// Rows of a library, `limit` at most, for taking it apart.
pub async fn some_library_files(
    transaction: &Transaction,
    library: LibraryId,
    limit: u64,
) -> Result<Vec<LibraryFile>> {
    let files = library_file::Entity::find().filter(File::LibraryId.eq(library)).limit(limit);
    Ok(files.all(&**transaction).await?)
}

/// Rows of missing files of a library whose assets are not in the trash, `limit` at most, without
/// those below some folders, each given with a slash at its end.
pub async fn offline_library_files(
    transaction: &Transaction,
    library: LibraryId,
    without: &[String],
    limit: u64,
) -> Result<Vec<LibraryFile>> {
    let mut files = library_file::Entity::find()
        .filter(File::LibraryId.eq(library))
        .filter(File::State.eq(State::Offline))
        .filter(Expr::exists(trashed()).not())
        .limit(limit);
    for folder in without {
        files = files.filter(below(folder).not());
    }
    Ok(files.all(&**transaction).await?)
}

fn trashed() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(asset::Entity)
        .and_where(
            Expr::col((asset::Entity, asset::Column::Id))
                .equals((library_file::Entity, File::AssetId)),
        )
        .and_where(asset::Column::DeleteTime.is_not_null())
        .to_owned()
}

/// The rows of some assets, in any library.
pub async fn library_files_of(
    transaction: &Transaction,
    assets: impl IntoIterator<Item = AssetId>,
) -> Result<Vec<LibraryFile>> {
    let files = library_file::Entity::find().filter(File::AssetId.is_in(assets));
    Ok(files.all(&**transaction).await?)
}

/// A user's assets with some SHA-256 digests, in the trash or not.
pub async fn assets_of_digests(
    transaction: &Transaction,
    owner: &LockedUser,
    digests: impl IntoIterator<Item = &[u8]>,
) -> Result<Vec<Asset>> {
    let assets = asset::Entity::find()
        .filter(asset::Column::OwnerId.eq(owner.id))
        .filter(asset::Column::Sha256.is_in(digests));
    Ok(assets.all(&**transaction).await?)
}

/// A user's assets among some, for the server's own work.
pub async fn assets_among(
    transaction: &Transaction,
    owner: &LockedUser,
    ids: impl IntoIterator<Item = AssetId>,
) -> Result<Vec<Asset>> {
    let assets = asset::Entity::find()
        .filter(asset::Column::OwnerId.eq(owner.id))
        .filter(asset::Column::Id.is_in(ids));
    Ok(assets.all(&**transaction).await?)
}

/// Which of some digests are of assets that were deleted for good from a library.
pub async fn excluded_digests(
    transaction: &Transaction,
    library: LibraryId,
    digests: impl IntoIterator<Item = &[u8]>,
) -> Result<HashSet<Vec<u8>>> {
    let excluded: Vec<Option<Vec<u8>>> = library_file::Entity::find()
        .filter(File::LibraryId.eq(library))
        .filter(File::Sha256.is_in(digests))
        .filter(File::State.eq(State::Excluded))
        .select_only()
        .column(File::Sha256)
        .into_tuple()
        .all(&**transaction)
        .await?;
    Ok(excluded.into_iter().flatten().collect())
}

/// Which locations of assets count, of those whose files are there.
#[derive(Debug, Clone, Copy)]
pub enum Locations {
    /// All.
    All,
    /// Those that no scan has to decide about.
    Decided,
    /// Those that came into a library at this time or later.
    New(LibraryId, Micros),
}

/// How many locations each part of some assets has; none without any.
pub async fn locations(
    transaction: &Transaction,
    assets: impl IntoIterator<Item = AssetId>,
    which: Locations,
) -> Result<HashMap<Part, i64>> {
    let find = library_file::Entity::find()
        .filter(File::AssetId.is_in(assets))
        .filter(File::State.eq(State::Online));
    let find = match which {
        Locations::All => find,
        Locations::Decided => find.filter(File::MissingScanId.is_null()),
        Locations::New(library, since) => {
            find.filter(File::LibraryId.eq(library)).filter(File::CreateTime.gte(since))
        }
    };
    let counts: Vec<(AssetId, Kind, i64)> = find
        .select_only()
        .column(File::AssetId)
        .column(File::Part)
        .column_as(Expr::col((library_file::Entity, File::Id)).count(), "count")
        .group_by(File::AssetId)
        .group_by(File::Part)
        .into_tuple()
        .all(&**transaction)
        .await?;
    Ok(counts.into_iter().map(|(asset, part, count)| ((asset, part), count)).collect())
}

/// Which of some assets have a row in any library, be the file there or not. Their motion parts do
/// not count.
pub async fn assets_in_libraries(
    transaction: &Transaction,
    assets: impl IntoIterator<Item = AssetId>,
) -> Result<HashSet<AssetId>> {
    let found: Vec<AssetId> = library_file::Entity::find()
        .filter(File::AssetId.is_in(assets))
        .filter(File::Part.eq(Kind::Still))
        .select_only()
        .column(File::AssetId)
        .distinct()
        .into_tuple()
        .all(&**transaction)
        .await?;
    Ok(found.into_iter().collect())
}

/// An owner's assets that are nowhere, not in the trash either, and of which no library knows a
/// file, `limit` at most: others took the place of their files.
pub async fn lost_assets(
    transaction: &Transaction,
    owner: UserId,
    limit: u64,
) -> Result<Vec<AssetId>> {
    Ok(asset::Entity::find()
        .filter(asset::Column::OwnerId.eq(owner))
        .filter(asset::Column::OfflineTime.is_not_null())
        .filter(asset::Column::DeleteTime.is_null())
        .filter(Expr::exists(rows_of_asset()).not())
        .select_only()
        .column(asset::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(&**transaction)
        .await?)
}

fn rows_of_asset() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(library_file::Entity)
        .and_where(
            Expr::col((library_file::Entity, File::AssetId))
                .equals((asset::Entity, asset::Column::Id)),
        )
        .and_where(Expr::col((library_file::Entity, File::Part)).eq(Kind::Still))
        .to_owned()
}

/// The rows of a library for missing files that are elsewhere: in a library, or stored.
#[must_use]
pub fn offline_though_elsewhere(library: LibraryId) -> Condition {
    let other = Alias::new("other");
    let row = |column| Expr::col((library_file::Entity, column));
    let elsewhere = Query::select()
        .expr(Expr::val(1))
        .from_as(library_file::Entity, other.clone())
        .and_where(Expr::col((other.clone(), File::AssetId)).eq(row(File::AssetId)))
        .and_where(Expr::col((other.clone(), File::Part)).eq(row(File::Part)))
        .and_where(Expr::col((other, File::State)).eq(State::Online))
        .to_owned();
    let file = |column| Expr::col((asset_file::Entity, column));
    let stored = Query::select()
        .expr(Expr::val(1))
        .from(asset_file::Entity)
        .and_where(file(asset_file::Column::AssetId).eq(row(File::AssetId)))
        .and_where(file(asset_file::Column::Kind).eq(row(File::Part)))
        .and_where(file(asset_file::Column::IsLibrary).eq(false))
        .to_owned();
    Condition::all()
        .add(File::LibraryId.eq(library))
        .add(File::State.eq(State::Offline))
        .add(Condition::any().add(Expr::exists(elsewhere)).add(Expr::exists(stored)))
}

/// Whether a library has an asset that is nowhere else: not uploaded, and in no other library.
pub async fn has_sole_assets(transaction: &Transaction, library: LibraryId) -> Result<bool> {
    let other = Alias::new("other");
    let elsewhere = Query::select()
        .expr(Expr::val(1))
        .from_as(library_file::Entity, other.clone())
        .and_where(
            Expr::col((other.clone(), File::AssetId)).equals((library_file::Entity, File::AssetId)),
        )
        .and_where(Expr::col((other.clone(), File::Part)).eq(Kind::Still))
        .and_where(Expr::col((other, File::LibraryId)).ne(library))
        .to_owned();
    let uploaded = Query::select()
        .expr(Expr::val(1))
        .from(asset_file::Entity)
        .and_where(
            Expr::col((asset_file::Entity, asset_file::Column::AssetId))
                .equals((library_file::Entity, File::AssetId)),
        )
        .and_where(asset_file::Column::Kind.eq(Kind::Still))
        .and_where(asset_file::Column::IsLibrary.eq(false))
        .to_owned();
    let sole = library_file::Entity::find()
        .filter(File::LibraryId.eq(library))
        .filter(File::Part.eq(Kind::Still))
        .join(JoinType::InnerJoin, library_file::Relation::Asset.def())
        .filter(Expr::exists(elsewhere).not())
        .filter(Expr::exists(uploaded).not());
    Ok(sole.limit(1).count(&**transaction).await? > 0)
}
