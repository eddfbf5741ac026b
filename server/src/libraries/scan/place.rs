//! What files are to assets: of which asset, and of which of its parts, each is a place, and what
//! follows from that.
//!
//! Everything here runs in one transaction under the lock of the owner's row.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::super::report::Counts;
use super::known::Known;
use super::read::Photo;
use super::walk::Stat;
use super::{Work, place_rows};
use crate::access::{self, LockedUser};
use crate::albums::Assets;
use crate::database::Transaction;
use crate::entity::asset::Model as Asset;
use crate::entity::asset_file::{Kind, Part};
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
    pub(super) owner: LockedUser,
    /// The assets that the files may be places of.
    pub(super) known: Known,
    /// What the scan has counted before.
    pub(super) so_far: Counts,
    pub(super) counts: Counts,
    /// Parts that have a place now that they had not.
    pub(super) gained: BTreeSet<Part>,
    /// Parts that have lost a place.
    pub(super) lost: BTreeSet<Part>,
    /// Where something is now that was not there.
    paths: Vec<String>,
    pub(super) writes: place_rows::Writes,
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
            so_far,
            counts: Counts::default(),
            gained: BTreeSet::new(),
            lost: BTreeSet::new(),
            paths: Vec::new(),
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
        let digests: HashMap<Part, _> =
            files.into_iter().map(|file| ((file.asset_id, file.kind), Some(file.sha256))).collect();
        let is_same = |row: &LibraryFile| {
            row.state == State::Offline
                && row.asset_part().is_some_and(|part| digests.get(&part) == Some(&row.sha256))
        };
        let (back, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_same);
        self.counts.returned += i64::try_from(back.len()).unwrap_or_default();
        self.gained.extend(back.iter().filter_map(LibraryFile::asset_part));
        self.paths.extend(back.iter().map(|row| row.path.clone()));
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
        let library = self.work.library.id;
        self.known =
            Known::look_up(self.transaction, &self.owner, library, &findings, &absent).await?;
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
        let paths = std::mem::take(&mut self.paths);
        self.pair(&paths).await?;
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

    fn refused(&mut self, row: Option<LibraryFile>, path: String, stat: Stat) {
        self.counts.refused += 1;
        self.lost.extend(row.as_ref().and_then(LibraryFile::asset_part));
        self.write_row(row, path, stat, (State::Refused, None, None));
    }

    fn photo(&mut self, row: Option<LibraryFile>, path: String, photo: Photo) -> Result<()> {
        let (stat, digest) = (photo.stat, photo.checksums.sha256.to_vec());
        let before = row.as_ref().and_then(LibraryFile::asset_part);
        let before = before.filter(|part| self.known.parts.contains_key(part));
        let is_as_before = before.filter(|part| self.known.parts.get(part) == Some(&digest));
        let known = is_as_before.or_else(|| self.known.digests.get(&digest).copied());
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
        let part = match (known, before) {
            (Some(part), _) => part,
            // A motion part with other bytes is a film until `pair` has seen to it.
            (None, Some(old @ (asset, Kind::Still))) if self.is_nowhere_else(old) => {
                self.writes.replace(asset, &path, &photo);
                old
            }
            (None, _) => (self.writes.make(&self.work, &path, &photo)?, Kind::Still),
        };
        self.count(row.as_ref(), before, known);
        if known.is_none() {
            // The old digest is free for another file, as that of a renamed one.
            self.known.digests.retain(|_, other| *other != part);
            self.known.digests.insert(digest.clone(), part);
            self.known.parts.insert(part, digest.clone());
        }
        self.lost.extend(before.filter(|old| *old != part));
        self.gained.insert(part);
        *self.known.online.entry(part).or_default() += 1;
        self.paths.push(path.clone());
        self.write_row(row, path, stat, (State::Online, Some(digest), Some(part)));
        Ok(())
    }

    pub(super) fn is_nowhere_else(&self, part: Part) -> bool {
        let places = self.known.online.get(&part).copied().unwrap_or_default();
        places == 0 && !self.known.uploaded.contains(&part)
    }

    /// `before` is what the path was a place of, `known` what had the bytes.
    fn count(&mut self, row: Option<&LibraryFile>, before: Option<Part>, known: Option<Part>) {
        let was_offline = |part| !self.gained.contains(&part) && self.known.was_offline(part);
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
        let changed = changed.chain(absent.iter().filter_map(LibraryFile::asset_part));
        let changed = changed.map(|(asset, _)| asset);
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
        what: (State, Option<Vec<u8>>, Option<Part>),
    ) {
        self.writes.row(&self.work, row, path, stat, what);
    }
}
