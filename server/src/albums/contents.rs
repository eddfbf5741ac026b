//! What is in an album: adding, taking out, moving, and the counts that follow from it.

use std::collections::HashSet;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, Order, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set,
};

use super::everywhere::settle;
use super::{AlbumView, touched, view, writable};
use crate::access::{self, Actor, Granted, Subject};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album::{self, Model as Album, Order as AlbumOrder};
use crate::entity::album_asset::{self, Column, Model as AlbumAsset, POSITION_STEP};
use crate::entity::album_member::Role;
use crate::entity::asset::Model as Asset;
use crate::error::{Error, Result};
use crate::events::{self, Event};
use crate::id::{AlbumId, AssetId};
use crate::time::Micros;

/// How many places one statement adds at most; SQLite's limit of values is 32766.
const MAX_ROWS: usize = 4000;
/// How many places one statement moves at most; it looks for each row through half of them.
const MAX_MOVES: usize = 200;

/// What became of assets that were to be added.
#[derive(Debug, Default)]
pub struct Added {
    /// How many were not in the album before.
    pub added_count: usize,
    /// Those that were.
    pub existing: Vec<AssetId>,
    /// The `create_time` of the new places; none if there are none.
    pub create_time: Option<Micros>,
}

/// Adds the caller's assets to an album. Requires the contributor role.
pub async fn add_assets(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    assets: Vec<AssetId>,
) -> Result<Added> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, actor.user()?.id).await?;
        let album = writable(&transaction, &actor, id, Role::Contributor).await?;
        let assets = access::sharable_assets(&transaction, &owner, &assets).await?;
        insert(&app_, &transaction, album, &assets).await
    })
    .await
}

/// Adds assets that are known to be of one owner, not in the trash and not locked, to a locked album,
/// as part of a larger transaction that holds the lock of the owner's row. The album must be granted
/// for adding.
pub async fn add(
    app: &App,
    transaction: &Transaction,
    album: Granted<Album>,
    assets: &[Asset],
) -> Result<Added> {
    insert(app, transaction, album.at_least(Role::Contributor)?, assets).await
}

/// Inserts assets behind the last position, and moves counts, dates and cover along.
pub(super) async fn insert(
    app: &App,
    transaction: &Transaction,
    album: Granted<Album>,
    assets: &[Asset],
) -> Result<Added> {
    let existing = entries_of(transaction, &album, assets.iter().map(|asset| asset.id)).await?;
    let existing: HashSet<_> = existing.into_iter().map(|entry| entry.asset_id).collect();
    let (old, new): (Vec<_>, Vec<_>) =
        assets.iter().partition(|asset| existing.contains(&asset.id));
    let now = app.now();
    let added = Added {
        added_count: new.len(),
        existing: old.iter().map(|asset| asset.id).collect(),
        create_time: (!new.is_empty()).then_some(now),
    };
    let Some(first) = new.first() else { return Ok(added) };

    let position = last_position(transaction, &album).await?;
    let rows = new.iter().zip(1..).map(|(asset, step)| album_asset::ActiveModel {
        album_id: Set(album.id),
        asset_id: Set(asset.id),
        sort_time: Set(asset.sort_time),
        position: Set(position + step * POSITION_STEP),
        create_time: Set(now),
        is_hidden: Set(false),
        local_day: Set(asset.local_day),
    });
    let rows: Vec<_> = rows.collect();
    for rows in rows.chunks(MAX_ROWS) {
        let insert = album_asset::Entity::insert_many(rows.iter().cloned());
        insert.exec_without_returning(&**transaction).await?;
    }

    let times = new.iter().map(|asset| asset.sort_time);
    let mut change = touched(app, &album);
    change.asset_count = Set(album.asset_count + count(new.len())?);
    change.first_time = Set(times.clone().chain(album.first_time).min());
    change.last_time = Set(times.chain(album.last_time).max());
    if album.cover_asset_id.is_none() {
        change.cover_asset_id = Set(Some(first.id));
    }
    change.update(&**transaction).await?;
    let new = new.iter().map(|asset| asset.id).collect();
    events::record(app, transaction, album.id, &Event::AssetsAdded(new)).await?;
    Ok(added)
}

/// Takes assets out of an album and returns how many were in it. Requires the contributor role for
/// the caller's own assets, the editor role for those of others.
pub async fn remove_assets(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    assets: Vec<AssetId>,
) -> Result<usize> {
    let (app_, actor) = (app.clone(), actor.clone());
    let removed = app.transact(move |transaction| async move {
        let album = writable(&transaction, &actor, id, Role::Contributor).await?;
        let found = entries_of(&transaction, &album, assets).await?;
        let found: Vec<_> = found.into_iter().map(|entry| entry.asset_id).collect();
        if album.role() < Role::Editor {
            let own = access::own_asset_ids(&*transaction, actor.user()?, &found).await?;
            if own.len() < found.len() {
                album.at_least(Role::Editor)?;
            }
        }
        if found.is_empty() {
            return Ok(0);
        }
        let count = found.len();
        take_out(&app_, &transaction, id, found).await?;
        Ok(count)
    });
    removed.await
}

/// Takes assets out of an album whose lock the transaction holds.
pub async fn take_out(
    app: &App,
    transaction: &Transaction,
    id: AlbumId,
    assets: Vec<AssetId>,
) -> Result<()> {
    let delete = album_asset::Entity::delete_many()
        .filter(Column::AlbumId.eq(id))
        .filter(Column::AssetId.is_in(assets.iter().copied()));
    delete.exec(&**transaction).await?;
    settle(app, transaction, &[id]).await?;
    events::record(app, transaction, id, &Event::AssetsRemoved(assets)).await?;
    events::revoke_from(app, transaction, Subject::Assets).await
}

/// The asset that a caller wants as cover, which must be in the album; without one, the first in
/// the given order.
pub(super) async fn cover(
    transaction: &Transaction,
    album: &Granted<Album>,
    album_order: AlbumOrder,
    wanted: Option<AssetId>,
) -> Result<Option<AssetId>> {
    if let Some(wanted) = wanted {
        let found = entries_of(transaction, album, [wanted]).await?;
        let entry = found.first().ok_or_else(|| {
            Error::invalid("album.cover_asset_id", "must be an asset of the album")
        })?;
        return Ok(Some(entry.asset_id));
    }
    let (column, is_descending) = album_order.column();
    let order = if is_descending { Order::Desc } else { Order::Asc };
    let first = access::album_entries(album)
        .order_by(column, order.clone())
        .order_by(Column::AssetId, order)
        .one(&**transaction)
        .await?;
    Ok(first.map(|entry| entry.asset_id))
}

/// Moves assets of an album behind another one, or to the front. Requires the editor role.
pub async fn reorder_assets(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    assets: Vec<AssetId>,
    previous: Option<AssetId>,
) -> Result<AlbumView> {
    if previous.is_some_and(|previous| assets.contains(&previous)) {
        return Err(Error::invalid("previous_asset_id", "must not be one of asset_ids"));
    }
    let (app_, actor_) = (app.clone(), actor.clone());
    let album = app.transact(move |transaction| async move {
        let album = writable(&transaction, &actor_, id, Role::Editor).await?;
        let found = entries_of(&transaction, &album, assets.iter().copied()).await?;
        let found: HashSet<_> = found.into_iter().map(|entry| entry.asset_id).collect();
        if let Some(missing) = assets.iter().find(|id| !found.contains(id)) {
            return Err(Error::not_found("asset", missing));
        }
        let mut gap = gap(&transaction, &album, previous, &assets).await?;
        if gap.step(assets.len()) == 0 {
            renumber(&transaction, &album).await?;
            gap = self::gap(&transaction, &album, previous, &assets).await?;
        }
        let step = gap.step(assets.len());
        space(&transaction, id, &assets, gap.after, step).await?;
        touched(&app_, &album).update(&*transaction).await?;
        events::record(&app_, &transaction, id, &Event::AssetsChanged(assets)).await?;
        access::album(&*transaction, &actor_, id, Role::Editor).await
    });
    let album = album.await?;
    view(app, actor, album).await
}

/// The free positions between two neighbours.
struct Gap {
    after: i64,
    before: i64,
}

impl Gap {
    /// The distance at which `assets` fit in; 0 if they do not.
    fn step(&self, assets: usize) -> i64 {
        let places = i64::try_from(assets).unwrap_or(i64::MAX).saturating_add(1);
        (self.before - self.after) / places
    }
}

/// The gap behind an asset, or before the first, as if those to be moved were not there.
async fn gap(
    transaction: &Transaction,
    album: &Granted<Album>,
    previous: Option<AssetId>,
    moved: &[AssetId],
) -> Result<Gap> {
    let after = match previous {
        Some(previous) => {
            let found = entries_of(transaction, album, [previous]).await?;
            Some(found.first().ok_or_else(|| Error::not_found("asset", previous))?.position)
        }
        None => None,
    };
    let mut next = access::album_places(album)
        .filter(Column::AssetId.is_not_in(moved.iter().copied()))
        .order_by_asc(Column::Position);
    if let Some(after) = after {
        next = next.filter(Column::Position.gt(after));
    }
    let before = next.one(&**transaction).await?.map(|entry| entry.position);
    let room = POSITION_STEP * (count(moved.len())? as i64 + 1);
    Ok(match (after, before) {
        (Some(after), Some(before)) => Gap { after, before },
        (Some(after), None) => Gap { after, before: after + room },
        (None, Some(before)) => Gap { after: before - room, before },
        (None, None) => Gap { after: 0, before: room },
    })
}

/// Spreads all positions of an album evenly again.
async fn renumber(transaction: &Transaction, album: &Granted<Album>) -> Result<()> {
    let ids = access::album_places(album)
        .order_by_asc(Column::Position)
        .order_by_asc(Column::AssetId)
        .select_only()
        .column(Column::AssetId)
        .into_tuple::<AssetId>()
        .all(&**transaction)
        .await?;
    space(transaction, album.id, &ids, 0, POSITION_STEP).await
}

/// Puts assets of an album at one distance from each other, the first behind `after`.
async fn space(
    transaction: &Transaction,
    album_id: AlbumId,
    assets: &[AssetId],
    after: i64,
    step: i64,
) -> Result<()> {
    let mut last = after;
    for assets in assets.chunks(MAX_MOVES) {
        let mut position: CaseStatement = Default::default();
        for asset_id in assets {
            last += step;
            position = position.case(Column::AssetId.eq(*asset_id), last);
        }
        album_asset::Entity::update_many()
            .col_expr(Column::Position, position.into())
            .filter(Column::AlbumId.eq(album_id))
            .filter(Column::AssetId.is_in(assets.iter().copied()))
            .exec(&**transaction)
            .await?;
    }
    Ok(())
}

pub(super) async fn entries_of(
    transaction: &Transaction,
    album: &Granted<Album>,
    assets: impl IntoIterator<Item = AssetId>,
) -> Result<Vec<AlbumAsset>> {
    let find = access::album_entries(album).filter(Column::AssetId.is_in(assets));
    Ok(find.all(&**transaction).await?)
}

async fn last_position(transaction: &Transaction, album: &Granted<Album>) -> Result<i64> {
    let last = access::album_places(album).order_by_desc(Column::Position);
    Ok(last.one(&**transaction).await?.map_or(0, |entry| entry.position))
}

fn count(number: usize) -> Result<i32> {
    i32::try_from(number).map_err(Error::internal)
}

/// Only the albums that have an asset.
pub(super) fn having(asset: AssetId) -> sea_orm::sea_query::Expr {
    let albums = sea_orm::sea_query::Query::select()
        .column(Column::AlbumId)
        .from(album_asset::Entity)
        .and_where(Column::AssetId.eq(asset))
        .and_where(Column::IsHidden.eq(false))
        .to_owned();
    Expr::col((album::Entity, album::Column::Id)).in_subquery(albums)
}
