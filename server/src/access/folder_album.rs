//! What planning albums from folders reads, and what following a plan locks: files, assets and
//! albums of one user, and what their rules did with them.

use sea_orm::sea_query::{Expr, ExprTrait as _, IntoCondition as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, JoinType,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationTrait as _,
    Select,
};

use super::album::lock_album_ids;
use super::{Granted, LockedUser};
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::asset::{Model as Asset, Visibility};
use crate::entity::asset_file::Kind;
use crate::entity::folder_album::Model as FolderAlbum;
use crate::entity::{
    album, album_asset, album_member, asset, folder_album, folder_entry, library, library_file,
};
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleId, FolderRuleRunId, LibraryId, UserId};
use crate::time::Micros;

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

/// The albums that a user owns and that are not in the trash, as a subquery of ids.
fn live_album_ids(owner: UserId) -> SelectStatement {
    Query::select()
        .column((album::Entity, album::Column::Id))
        .from(album::Entity)
        .inner_join(
            album_member::Entity,
            Expr::col((album_member::Entity, album_member::Column::AlbumId))
                .equals((album::Entity, album::Column::Id)),
        )
        .and_where(Expr::col((album_member::Entity, album_member::Column::UserId)).eq(owner))
        .and_where(Expr::col((album_member::Entity, album_member::Column::Role)).eq(Role::Owner))
        .and_where(Expr::col((album::Entity, album::Column::DeleteTime)).is_null())
        .and_where(Expr::col((album::Entity, album::Column::HideTime)).is_null())
        .and_where(Expr::col((album::Entity, album::Column::IsList)).eq(false))
        .to_owned()
}

/// The albums that a user owns and that are not in the trash, in the order of their making.
#[must_use]
pub fn live_albums(owner: UserId) -> Select<album::Entity> {
    album::Entity::find()
        .filter(album::Column::Id.in_subquery(live_album_ids(owner)))
        .order_by_asc(album::Column::Id)
}

/// The oldest of a user's albums with some name that is not in the trash and that a rule does not
/// know.
pub async fn free_album_named(
    transaction: &Transaction,
    owner: UserId,
    rule: FolderRuleId,
    name: &str,
) -> Result<Option<AlbumId>> {
    let known = Query::select()
        .column(folder_album::Column::AlbumId)
        .from(folder_album::Entity)
        .and_where(folder_album::Column::RuleId.eq(rule))
        .to_owned();
    let find = live_albums(owner)
        .filter(album::Column::DisplayName.eq(name))
        .filter(album::Column::Id.not_in_subquery(known))
        .select_only()
        .column(album::Column::Id);
    Ok(find.into_tuple().one(&**transaction).await?)
}

/// The folders of a rule with their albums, as far as its owner owns them still and they are not in
/// the trash.
pub async fn rule_albums(
    connection: &impl ConnectionTrait,
    owner: UserId,
    rule: FolderRuleId,
) -> Result<Vec<(FolderAlbum, Album)>> {
    let find = folder_album::Entity::find()
        .find_also_related(album::Entity)
        .filter(folder_album::Column::RuleId.eq(rule))
        .filter(folder_album::Column::AlbumId.in_subquery(live_album_ids(owner)))
        .order_by_asc(folder_album::Column::AlbumId)
        .order_by_asc(folder_album::Column::Folder);
    let rows = find.all(connection).await?;
    Ok(rows.into_iter().filter_map(|(row, album)| Some((row, album?))).collect())
}

/// Those of a user's albums that rules made, one rule's if it is given.
pub async fn made_albums(
    connection: &impl ConnectionTrait,
    owner: UserId,
    rule: Option<FolderRuleId>,
) -> Result<Vec<AlbumId>> {
    let mut find = folder_album::Entity::find()
        .filter(folder_album::Column::IsMade.eq(true))
        .filter(folder_album::Column::AlbumId.in_subquery(live_album_ids(owner)));
    if let Some(rule) = rule {
        find = find.filter(folder_album::Column::RuleId.eq(rule));
    }
    let find = find.select_only().column(folder_album::Column::AlbumId).distinct();
    Ok(find.into_tuple().all(connection).await?)
}

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

/// The albums in which a run left something: those that it made or found, and those into which it
/// put assets.
pub async fn albums_of_run(
    connection: &impl ConnectionTrait,
    run: FolderRuleRunId,
) -> Result<Vec<AlbumId>> {
    let made = folder_album::Entity::find()
        .filter(folder_album::Column::RunId.eq(run))
        .select_only()
        .column(folder_album::Column::AlbumId)
        .distinct()
        .into_tuple::<AlbumId>();
    let filled = folder_entry::Entity::find()
        .filter(folder_entry::Column::RunId.eq(run))
        .select_only()
        .column(folder_entry::Column::AlbumId)
        .distinct()
        .into_tuple::<AlbumId>();
    let mut albums = made.all(connection).await?;
    albums.extend(filled.all(connection).await?);
    albums.sort_unstable();
    albums.dedup();
    Ok(albums)
}

/// The folders that stand for an album, of whatever rule.
pub async fn folders_of_album(
    transaction: &Transaction,
    album: AlbumId,
) -> Result<Vec<FolderAlbum>> {
    let find = folder_album::Entity::find().filter(folder_album::Column::AlbumId.eq(album));
    Ok(find.all(&**transaction).await?)
}

/// The ids of what is in some albums of the caller's, what is hidden too.
pub async fn place_ids(
    connection: &impl ConnectionTrait,
    albums: &[AlbumId],
) -> Result<Vec<(AlbumId, AssetId)>> {
    let find = album_asset::Entity::find()
        .filter(album_asset::Column::AlbumId.is_in(albums.iter().copied()))
        .order_by_asc(album_asset::Column::AlbumId)
        .order_by_asc(album_asset::Column::AssetId)
        .select_only()
        .column(album_asset::Column::AlbumId)
        .column(album_asset::Column::AssetId);
    Ok(find.into_tuple().all(connection).await?)
}

/// The albums of some of a rule's folders that are not its owner's any more, or in the trash, as a
/// subquery of ids.
#[must_use]
pub fn lost_albums(owner: UserId, rule: FolderRuleId, folders: &[String]) -> SelectStatement {
    // Under another name, for statements that change this table.
    let known = |column| Expr::col(("known", column));
    Query::select()
        .column(("known", folder_album::Column::AlbumId))
        .from_as(folder_album::Entity, "known")
        .and_where(known(folder_album::Column::RuleId).eq(rule))
        .and_where(known(folder_album::Column::Folder).is_in(folders.iter().map(String::as_str)))
        .and_where(known(folder_album::Column::AlbumId).not_in_subquery(live_album_ids(owner)))
        .to_owned()
}

/// Locks albums until the transaction ends, in the order of their ids: some, and those that have one
/// of some assets. The transaction holds the lock of their owner's row.
pub async fn lock_albums(
    transaction: &Transaction,
    albums: &[AlbumId],
    having: &[AssetId],
) -> Result<()> {
    let of_assets = Query::select()
        .column(album_asset::Column::AlbumId)
        .from(album_asset::Entity)
        .and_where(album_asset::Column::AssetId.is_in(having.iter().copied()))
        .to_owned();
    let mut which = album::Column::Id.is_in(albums.iter().copied()).into_condition();
    if !having.is_empty() {
        which = Condition::any().add(which).add(album::Column::Id.in_subquery(of_assets));
    }
    lock_album_ids(transaction, which).await?;
    Ok(())
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

/// The asset of an album at a place in the order of capture times and ids, counted from 0; from the
/// end if `is_last`.
pub async fn asset_at(
    transaction: &Transaction,
    album: &Granted<Album>,
    index: u64,
    is_last: bool,
) -> Result<Option<AssetId>> {
    let (time, id) = (album_asset::Column::SortTime, album_asset::Column::AssetId);
    let entries = super::album_entries(album).offset(index).limit(1);
    let entries = if is_last {
        entries.order_by_desc(time).order_by_desc(id)
    } else {
        entries.order_by_asc(time).order_by_asc(id)
    };
    Ok(entries.one(&**transaction).await?.map(|entry| entry.asset_id))
}

/// How many places an album has, those of hidden assets too.
pub async fn place_count(transaction: &Transaction, album: &Granted<Album>) -> Result<u64> {
    Ok(super::album_places(album).count(&**transaction).await?)
}
