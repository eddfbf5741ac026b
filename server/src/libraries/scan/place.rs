//! What files are to assets: which asset each is a place of, and what follows from that.
//!
//! Everything here runs in one transaction under the lock of the owner's row.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::super::report::Counts;
use super::read::Photo;
use super::walk::Stat;
use super::{Work, place_rows};
use crate::access::{self, LockedUser};
use crate::albums::{self, Assets};
use crate::app::App;
use crate::assets::MakeVariants;
use crate::database::Transaction;
use crate::entity::asset::{self, Model as Asset};
use crate::entity::asset_file::{self, Kind};
use crate::entity::library_file::{self, Column, Model as LibraryFile, State};
use crate::error::Result;
use crate::id::{AssetId, LibraryFileId};
use crate::jobs;

/// A file that was read, with the row at its path.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) row: Option<LibraryFile>,
    pub(super) path: String,
    pub(super) content: Content,
}

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    Photo(Box<Photo>),
    Refused(Stat),
}

/// The places of assets, as a transaction changes them.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) work: Arc<Work>,
    pub(super) transaction: &'a Transaction,
    owner: LockedUser,
    /// The assets that the files may be places of, as they were before.
    known: Known,
    /// At how many places each is, without those that are to be decided about.
    online: HashMap<AssetId, i64>,
    /// What the scan has counted before.
    so_far: Counts,
    counts: Counts,
    /// Assets that have a place now that they had not.
    gained: BTreeSet<AssetId>,
    /// Assets that have lost a place.
    lost: BTreeSet<AssetId>,
    pub(super) writes: place_rows::Writes,
}

#[derive(Debug, Default)]
struct Known {
    assets: HashMap<AssetId, Asset>,
    digests: HashMap<Vec<u8>, AssetId>,
    /// Those whose bytes are stored: they are never offline.
    uploaded: HashSet<AssetId>,
    /// Digests that stay out.
    excluded: HashSet<Vec<u8>>,
}

impl<'a> Places<'a> {
    /// Locks what is to be changed; none if the scan was asked to stop.
    pub(super) async fn open(
        work: &Arc<Work>,
        transaction: &'a Transaction,
        so_far: Counts,
    ) -> Result<Option<Self>> {
        let owner = access::lock_user(transaction, work.library.owner_id).await?;
        work.context.check(transaction).await?;
        if !work.may_go_on(transaction).await? {
            return Ok(None);
        }
        Ok(Some(Self {
            work: Arc::clone(work),
            transaction,
            owner,
            known: Known::default(),
            online: HashMap::new(),
            so_far,
            counts: Counts::default(),
            gained: BTreeSet::new(),
            lost: BTreeSet::new(),
            writes: place_rows::Writes::default(),
        }))
    }

    /// Files that are back where they were missing, by their rows. Those that cannot be told to be
    /// the same are handed back.
    pub(super) async fn take_back(
        &mut self,
        ids: Vec<LibraryFileId>,
    ) -> Result<Vec<LibraryFileId>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = access::library_files(&**self.transaction, ids).await?;
        let assets = rows.iter().filter_map(|row| row.asset_id);
        let files = access::files(&**self.transaction, assets).await?;
        let stills = files.into_iter().filter(|file| file.kind == Kind::Still);
        let digests: HashMap<_, _> =
            stills.map(|file| (file.asset_id, Some(file.sha256))).collect();
        let is_same = |row: &LibraryFile| {
            row.state == State::Offline
                && row.asset_id.is_some_and(|id| digests.get(&id) == Some(&row.sha256))
        };
        let (back, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_same);
        self.counts.returned += i64::try_from(back.len()).unwrap_or_default();
        self.gained.extend(back.iter().filter_map(|row| row.asset_id));
        let update = library_file::Entity::update_many()
            .col_expr(Column::State, Expr::val(State::Online))
            .col_expr(Column::OfflineTime, Expr::null())
            .col_expr(Column::MissingScanId, Expr::null())
            .col_expr(Column::UpdateTime, Expr::val(self.work.app.now().0))
            .filter(Column::Id.is_in(back.iter().map(|row| row.id)));
        update.exec(&**self.transaction).await?;
        Ok(others.into_iter().map(|row| row.id).collect())
    }

    /// Records files that were read and rows whose files are missing, and counts them. Unless
    /// `may_change`, places of assets whose bytes are new are left undecided.
    pub(super) async fn place(
        mut self,
        findings: Vec<Finding>,
        absent: Vec<LibraryFile>,
        may_change: bool,
    ) -> Result<Counts> {
        self.look_up(&findings, &absent).await?;
        // First what is known: the bytes that a changed file had may be in one that was renamed.
        let (known, new): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| self.is_known(finding));
        let is_left = |finding: &Finding| {
            !may_change && finding.row.as_ref().is_some_and(|row| row.asset_id.is_some())
        };
        for finding in known.into_iter().chain(new.into_iter().filter(|it| !is_left(it))) {
            match finding.content {
                Content::Photo(photo) => self.photo(finding.row, finding.path, *photo)?,
                Content::Refused(stat) => self.refused(finding.row, finding.path, stat),
            }
        }
        self.lock_albums(&absent).await?;
        self.write_rows().await?;
        self.miss(absent).await?;
        self.follow().await?;
        Ok(self.counts)
    }

    fn is_known(&self, finding: &Finding) -> bool {
        match &finding.content {
            Content::Photo(photo) => {
                self.known.digests.contains_key(photo.checksums.sha256.as_slice())
            }
            Content::Refused(_) => false,
        }
    }

    async fn look_up(&mut self, findings: &[Finding], absent: &[LibraryFile]) -> Result<()> {
        let digests: Vec<&[u8]> = findings
            .iter()
            .filter_map(|finding| match &finding.content {
                Content::Photo(photo) => Some(photo.checksums.sha256.as_slice()),
                Content::Refused(_) => None,
            })
            .collect();
        let rows = findings.iter().filter_map(|finding| finding.row.as_ref()).chain(absent);
        let ids: BTreeSet<_> = rows.filter_map(|row| row.asset_id).collect();
        let (transaction, known) = (self.transaction, &mut self.known);
        if !digests.is_empty() {
            let library = self.work.library.id;
            let assets = access::assets_of_digests(transaction, &self.owner, digests.clone());
            known.assets.extend(assets.await?.into_iter().map(|asset| (asset.id, asset)));
            known.excluded = access::excluded_digests(transaction, library, digests).await?;
        }
        if !ids.is_empty() {
            let assets = access::assets_among(transaction, &self.owner, ids).await?;
            known.assets.extend(assets.into_iter().map(|asset| (asset.id, asset)));
        }
        known.digests =
            known.assets.values().map(|asset| (asset.sha256.clone(), asset.id)).collect();
        if !known.assets.is_empty() {
            let files = access::files(&**transaction, known.assets.keys().copied()).await?;
            let stored = files.iter().filter(|file| file.kind == Kind::Still && !file.is_library);
            known.uploaded = stored.map(|file| file.asset_id).collect();
            let ids = known.assets.keys().copied();
            self.online = access::locations(transaction, ids, true).await?;
        }
        Ok(())
    }

    fn refused(&mut self, row: Option<LibraryFile>, path: String, stat: Stat) {
        self.counts.refused += 1;
        self.lost.extend(row.as_ref().and_then(|row| row.asset_id));
        self.write_row(row, path, stat, (State::Refused, None, None));
    }

    fn photo(&mut self, row: Option<LibraryFile>, path: String, photo: Photo) -> Result<()> {
        let (stat, digest) = (photo.stat, photo.checksums.sha256.to_vec());
        let before = row.as_ref().and_then(|row| row.asset_id);
        let before = before.filter(|id| self.known.assets.contains_key(id));
        let known = self.known.digests.get(&digest).copied();
        let is_excluded = self.known.excluded.contains(&digest);
        if is_excluded && !self.work.scan.restore_excluded && (before.is_none() || before != known)
        {
            self.counts.excluded += 1;
            self.lost.extend(before);
            self.write_row(row, path, stat, (State::Excluded, Some(digest), None));
            return Ok(());
        }
        if is_excluded {
            self.writes.restored.push(digest.clone());
        }
        let asset = match (known, before) {
            (Some(asset), _) => asset,
            (None, Some(old)) if self.is_nowhere_else(old) => {
                self.writes.replace(old, &path, &photo);
                old
            }
            (None, _) => self.writes.make(&self.work, &path, &photo)?,
        };
        self.count(row.as_ref(), before, known);
        if known.is_none() {
            // The old digest is free for another file, as that of a renamed one.
            self.known.digests.retain(|_, id| *id != asset);
            self.known.digests.insert(digest.clone(), asset);
        }
        self.lost.extend(before.filter(|old| *old != asset));
        self.gained.insert(asset);
        *self.online.entry(asset).or_default() += 1;
        self.write_row(row, path, stat, (State::Online, Some(digest), Some(asset)));
        Ok(())
    }

    fn is_nowhere_else(&self, asset: AssetId) -> bool {
        let places = self.online.get(&asset).copied().unwrap_or_default();
        places == 0 && !self.known.uploaded.contains(&asset)
    }

    /// `before` is the asset that the path was a place of, `known` the one that had the bytes.
    fn count(
        &mut self,
        row: Option<&LibraryFile>,
        before: Option<AssetId>,
        known: Option<AssetId>,
    ) {
        let was_offline = |id| {
            let asset: Option<&Asset> = self.known.assets.get(&id);
            !self.gained.contains(&id) && asset.is_some_and(|asset| asset.offline_time.is_some())
        };
        let Counts { unchanged, added, copied, moved, changed, returned, .. } = &mut self.counts;
        let count = match (before, known) {
            (Some(old), Some(asset)) if old == asset => match row.map(|row| row.state) {
                Some(State::Offline) => returned,
                _ => unchanged,
            },
            (Some(_), _) => changed,
            (None, Some(asset)) if was_offline(asset) => moved,
            (None, Some(_)) => copied,
            (None, None) => added,
        };
        *count += 1;
    }

    /// All albums at once, so that they are locked in the order of their ids.
    async fn lock_albums(&self, absent: &[LibraryFile]) -> Result<()> {
        let changed = self.gained.iter().chain(&self.lost).copied();
        let changed = changed.chain(absent.iter().filter_map(|row| row.asset_id));
        let changed: Vec<_> = changed.filter(|id| self.known.assets.contains_key(id)).collect();
        if !changed.is_empty() {
            let entries = Condition::all().add(Assets::These(changed).entries());
            access::lock_albums_having(self.transaction, entries).await?;
        }
        Ok(())
    }

    /// Settles rows without files: they go if their asset is elsewhere, and are offline if not.
    async fn miss(&mut self, absent: Vec<LibraryFile>) -> Result<()> {
        if absent.is_empty() {
            return Ok(());
        }
        self.counts.missing += i64::try_from(absent.len()).unwrap_or_default();
        let is_elsewhere =
            |row: &LibraryFile| row.asset_id.is_none_or(|id| !self.is_nowhere_else(id));
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
        self.lost.extend(missing.iter().filter_map(|row| row.asset_id));
        Ok(())
    }

    /// A copy that this scan found of what is gone from elsewhere has moved.
    async fn count_moves(&mut self, gone: &[LibraryFile]) -> Result<()> {
        let mut gone_from: HashMap<AssetId, i64> = HashMap::new();
        for id in gone.iter().filter_map(|row| row.asset_id) {
            *gone_from.entry(id).or_default() += 1;
        }
        if gone_from.is_empty() {
            return Ok(());
        }
        let since = self.work.scan.start_time.unwrap_or(self.work.scan.create_time);
        let (library, ids) = (self.work.library.id, gone_from.keys().copied());
        let new = access::new_locations(self.transaction, library, ids, since).await?;
        let moved = gone_from.iter().map(|(id, gone)| *new.get(id).unwrap_or(&0).min(gone));
        let copied = self.so_far.copied + self.counts.copied;
        let moved = moved.sum::<i64>().min(copied);
        self.counts.copied -= moved;
        self.counts.moved += moved;
        self.counts.missing -= moved;
        Ok(())
    }

    /// What follows for assets: those with a place again are back, those without any are offline.
    async fn follow(&mut self) -> Result<()> {
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

    async fn come_back(&self, gained: &BTreeSet<AssetId>) -> Result<Vec<AssetId>> {
        if gained.is_empty() {
            return Ok(Vec::new());
        }
        let intact = asset_file::Entity::update_many()
            .col_expr(asset_file::Column::DamageTime, Expr::null())
            .filter(asset_file::Column::AssetId.is_in(gained.iter().copied()))
            .filter(asset_file::Column::IsLibrary.eq(true))
            .filter(asset_file::Column::DamageTime.is_not_null());
        intact.exec(&**self.transaction).await?;
        let back = asset::Entity::update_many()
            .col_expr(asset::Column::OfflineTime, Expr::null())
            .col_expr(asset::Column::UpdateTime, Expr::val(self.work.app.now().0))
            .filter(asset::Column::Id.is_in(gained.iter().copied()))
            .filter(asset::Column::OfflineTime.is_not_null());
        let back = back.exec_with_returning(&**self.transaction).await?;
        Ok(back.into_iter().map(|asset| asset.id).collect())
    }

    /// One that the scan has still to decide about at some place is not offline yet.
    async fn go_offline(&self) -> Result<Vec<AssetId>> {
        let lost = self.lost.iter().filter(|id| !self.known.uploaded.contains(id));
        let lost: Vec<_> = lost.copied().collect();
        if lost.is_empty() {
            return Ok(Vec::new());
        }
        set_offline(&self.work.app, self.transaction, lost).await
    }

    pub(super) fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.known.assets.get(&id)
    }

    fn write_row(
        &mut self,
        row: Option<LibraryFile>,
        path: String,
        stat: Stat,
        what: (State, Option<Vec<u8>>, Option<AssetId>),
    ) {
        self.writes.row(&self.work, row, path, stat, what);
    }
}

/// Notes which of some assets, none of them uploaded, are in no file any more, and returns those that were before.
pub(in crate::libraries) async fn set_offline(
    app: &App,
    transaction: &Transaction,
    assets: Vec<AssetId>,
) -> Result<Vec<AssetId>> {
    let places = access::locations(transaction, assets.iter().copied(), false).await?;
    let gone = assets.into_iter().filter(|id| !places.contains_key(id));
    let now = app.now();
    let update = asset::Entity::update_many()
        .col_expr(asset::Column::OfflineTime, Expr::val(now.0))
        .col_expr(asset::Column::UpdateTime, Expr::val(now.0))
        .filter(asset::Column::Id.is_in(gone))
        .filter(asset::Column::OfflineTime.is_null());
    let gone = update.exec_with_returning(&**transaction).await?;
    Ok(gone.into_iter().map(|asset| asset.id).collect())
}
