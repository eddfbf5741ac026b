//! What follows when assets get places and lose them.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::place::Places;
use crate::access::{self, Locations};
use crate::albums::{self, Assets};
use crate::app::App;
use crate::assets::{self, MakeVariants};
use crate::database::Transaction;
use crate::entity::asset_file::{Kind, Part};
use crate::entity::library_file::{self, Column, Model as LibraryFile, State};
use crate::entity::{asset, asset_file};
use crate::error::Result;
use crate::id::AssetId;
use crate::jobs;

impl Places<'_> {
    /// Settles rows without files: they go if their asset is elsewhere, and are offline if not.
    pub(super) async fn miss(&mut self, absent: Vec<LibraryFile>) -> Result<()> {
        if absent.is_empty() {
            return Ok(());
        }
        self.counts.missing += i64::try_from(absent.len()).unwrap_or_default();
        let is_elsewhere =
            |row: &LibraryFile| row.asset_part().is_none_or(|part| !self.is_nowhere_else(part));
        let (moved, missing): (Vec<_>, Vec<_>) = absent.into_iter().partition(is_elsewhere);
        self.count_moves(&moved).await?;
        let delete = library_file::Entity::delete_many()
            .filter(Column::Id.is_in(moved.iter().map(|row| row.id)));
        delete.exec(&**self.transaction).await?;
        let now = self.work.app.now().0;
        let update = library_file::Entity::update_many()
            .col_expr(Column::State, Expr::val(State::Offline))
            .col_expr(Column::OfflineTime, Expr::val(now))
            .col_expr(Column::MissingScanId, Expr::null())
            .col_expr(Column::UpdateTime, Expr::val(now))
            .filter(Column::Id.is_in(missing.iter().map(|row| row.id)));
        update.exec(&**self.transaction).await?;
        self.lost.extend(missing.iter().filter_map(LibraryFile::asset_part));
        Ok(())
    }

    /// A copy that this scan found of what is gone from elsewhere has moved.
    async fn count_moves(&mut self, gone: &[LibraryFile]) -> Result<()> {
        let mut gone_from: HashMap<Part, i64> = HashMap::new();
        for part in gone.iter().filter_map(LibraryFile::asset_part) {
            *gone_from.entry(part).or_default() += 1;
        }
        if gone_from.is_empty() {
            return Ok(());
        }
        let since = self.work.scan.start_time.unwrap_or(self.work.scan.create_time);
        let (ids, new) = (assets(gone_from.keys()), Locations::New(self.work.library.id, since));
        let new = access::locations(self.transaction, ids, new).await?;
        let moved = gone_from.iter().map(|(part, gone)| *new.get(part).unwrap_or(&0).min(gone));
        let copied = self.so_far.copied + self.counts.copied;
        let moved = moved.sum::<i64>().min(copied);
        self.counts.copied -= moved;
        self.counts.moved += moved;
        self.counts.missing -= moved;
        Ok(())
    }

    /// What follows for assets: those with a place again are back, those without any are offline.
    pub(super) async fn follow(&mut self) -> Result<()> {
        let gained = std::mem::take(&mut self.gained);
        let back = self.come_back(&gained).await?;
        let gone = self.go_offline().await?;
        let (app, transaction) = (&self.work.app, self.transaction);
        let replaced = std::mem::take(&mut self.writes.replaced);
        let is_new = self.writes.has_new_photos;
        let seen: Vec<_> =
            back.into_iter().chain(gone).filter(|id| !replaced.contains(id)).collect();
        if !seen.is_empty() {
            albums::follow_changes(app, transaction, &Assets::These(seen)).await?;
        }
        if !replaced.is_empty() {
            albums::follow_times(app, transaction, &Assets::These(replaced)).await?;
        }
        if is_new {
            // Last: others who finish uploads wait for the row of the one job.
            jobs::enqueue(app, transaction, MakeVariants).await?;
        }
        Ok(())
    }

    async fn come_back(&self, gained: &BTreeSet<Part>) -> Result<Vec<AssetId>> {
        if gained.is_empty() {
            return Ok(Vec::new());
        }
        let of = |kind| assets(gained.iter().filter(move |part| part.1 == kind));
        let is_gained = |kind| {
            Condition::all()
                .add(asset_file::Column::Kind.eq(kind))
                .add(asset_file::Column::AssetId.is_in(of(kind)))
        };
        let intact = asset_file::Entity::update_many()
            .col_expr(asset_file::Column::DamageTime, Expr::null())
            .filter(Condition::any().add(is_gained(Kind::Still)).add(is_gained(Kind::Motion)))
            .filter(asset_file::Column::IsLibrary.eq(true))
            .filter(asset_file::Column::DamageTime.is_not_null());
        intact.exec(&**self.transaction).await?;
        let back = asset::Entity::update_many()
            .col_expr(asset::Column::OfflineTime, Expr::null())
            .col_expr(asset::Column::UpdateTime, Expr::val(self.work.app.now().0))
            .filter(asset::Column::Id.is_in(of(Kind::Still)))
            .filter(asset::Column::OfflineTime.is_not_null());
        let back = back.exec_with_returning(&**self.transaction).await?;
        let removed = back.iter().filter(|asset| asset.is_removed).map(|asset| asset.id);
        let removed: Vec<_> = removed.collect();
        if !removed.is_empty() {
            assets::take_back(&self.work.app, self.transaction, removed).await?;
        }
        Ok(back.into_iter().map(|asset| asset.id).collect())
    }

    /// One that the scan has still to decide about at some place is not offline yet.
    async fn go_offline(&self) -> Result<Vec<AssetId>> {
        let is_lost = |part: &&Part| part.1 == Kind::Still && !self.known.uploaded.contains(part);
        let lost: Vec<_> = assets(self.lost.iter().filter(is_lost)).collect();
        if lost.is_empty() {
            return Ok(Vec::new());
        }
        set_offline(&self.work.app, self.transaction, lost).await
    }
}

fn assets<'a>(parts: impl Iterator<Item = &'a Part>) -> impl Iterator<Item = AssetId> {
    parts.map(|(asset, _)| *asset)
}

/// Notes which of some assets, none of them uploaded, are in no file any more, and returns those
/// that were before.
pub(in crate::libraries) async fn set_offline(
    app: &App,
    transaction: &Transaction,
    assets: Vec<AssetId>,
) -> Result<Vec<AssetId>> {
    let places = access::locations(transaction, assets.iter().copied(), Locations::All).await?;
    let gone = assets.into_iter().filter(|id| !places.contains_key(&(*id, Kind::Still)));
    let now = app.now();
    let update = asset::Entity::update_many()
        .col_expr(asset::Column::OfflineTime, Expr::val(now.0))
        .col_expr(asset::Column::UpdateTime, Expr::val(now.0))
        .filter(asset::Column::Id.is_in(gone))
        .filter(asset::Column::OfflineTime.is_null());
    let gone = update.exec_with_returning(&**transaction).await?;
    Ok(gone.into_iter().map(|asset| asset.id).collect())
}
