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
use crate::albums::Assets;
use crate::database::Transaction;
use crate::entity::asset::Model as Asset;
use crate::entity::asset_file::Kind;
use crate::entity::library_file::{self, Column, Model as LibraryFile, State};
use crate::error::Result;
use crate::id::{AssetId, LibraryFileId};

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
    pub(super) known: Known,
    /// At how many places each is, without those that are to be decided about.
    online: HashMap<AssetId, i64>,
    /// What the scan has counted before.
    pub(super) so_far: Counts,
    pub(super) counts: Counts,
    /// Assets that have a place now that they had not.
    pub(super) gained: BTreeSet<AssetId>,
    /// Assets that have lost a place.
    pub(super) lost: BTreeSet<AssetId>,
    pub(super) writes: place_rows::Writes,
}

/// What is known of assets before a transaction changes anything.
#[derive(Debug, Default)]
pub(super) struct Known {
    assets: HashMap<AssetId, Asset>,
    digests: HashMap<Vec<u8>, AssetId>,
    /// Those whose bytes are stored: they are never offline.
    pub(super) uploaded: HashSet<AssetId>,
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

    pub(super) fn is_nowhere_else(&self, asset: AssetId) -> bool {
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
