//! Deciding about rows whose files are not there or were changed, once everything else is known.

use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tokio::time::{Instant, timeout_at};

use super::super::report::Report;
use super::place::{Finding, Places};
use super::read::{Outcome, Read, Readers};
use super::record::{Batch, MAX_FILES, content};
use super::walk::Root;
use super::{BEAT, Work};
use crate::access;
use crate::database::Transaction;
use crate::entity::library_file::{self, Column, Model as LibraryFile, State};
use crate::error::Result;
use crate::id::LibraryFileId;

impl Work {
    /// Decides about every row that the walk left open; `false` if it was asked to stop.
    ///
    /// In two rounds where they are many: which bytes are new is known only once all were read whose
    /// bytes are not.
    pub(super) async fn settle(
        self: &Arc<Self>,
        roots: &[Root],
        readers: &Readers,
        report: &mut Report,
    ) -> Result<bool> {
        let (connection, limit) = (self.app.database.reader(), MAX_FILES as u64);
        for is_last_round in [false, true] {
            let mut last = None;
            loop {
                let find = access::undecided_library_files(connection, self.scan.id, last, limit);
                let rows = find.await?;
                let Some(end) = rows.last().map(|row| row.id) else { break };
                let are_all = last.is_none() && rows.len() < MAX_FILES;
                let Some(seen) = self.look_again(roots, readers, report, &rows).await? else {
                    return Ok(false);
                };
                if !self.decide(report, rows, seen, is_last_round || are_all).await? {
                    return Ok(false);
                }
                last = Some(end);
            }
        }
        Ok(true)
    }

    /// Reads the files of rows, in their order; none if the scan was asked to stop.
    async fn look_again(
        self: &Arc<Self>,
        roots: &[Root],
        readers: &Readers,
        report: &mut Report,
        rows: &[LibraryFile],
    ) -> Result<Option<Vec<Seen>>> {
        let looks: Vec<_> = rows.iter().map(|row| self.look(roots, readers, &row.path)).collect();
        let mut seen = Vec::new();
        let mut beat = Instant::now() + BEAT;
        for look in looks {
            let mut look = std::pin::pin!(look);
            let read = loop {
                if let Ok(read) = timeout_at(beat, &mut look).await {
                    break read?;
                }
                if !self.record(report, Batch::default()).await? {
                    return Ok(None);
                }
                beat = Instant::now() + BEAT;
            };
            seen.push(read);
        }
        Ok(Some(seen))
    }

    /// What the walk would not come to is missing, whether it is there or not.
    fn look(
        &self,
        roots: &[Root],
        readers: &Readers,
        path: &str,
    ) -> impl Future<Output = Result<Seen>> + Send + use<> {
        let found = roots.iter().find_map(|root| Some((root, path.strip_prefix(&root.prefix)?)));
        let reading = match found {
            Some((Root { folder: None, .. }, _)) => Err(Seen::Closed),
            Some((_, rest)) if !self.exclusions.has_any_part(rest) => {
                Ok(readers.read(path.to_owned()))
            }
            Some(_) | None => Err(Seen::Missing),
        };
        async move {
            match reading {
                Ok(reading) => Ok(match reading.outcome().await? {
                    Read { outcome: Outcome::Gone, .. } => Seen::Missing,
                    read => Seen::There(read),
                }),
                Err(seen) => Ok(seen),
            }
        }
    }

    async fn decide(
        self: &Arc<Self>,
        report: &mut Report,
        rows: Vec<LibraryFile>,
        seen: Vec<Seen>,
        may_change: bool,
    ) -> Result<bool> {
        let (work, so_far) = (Arc::clone(self), report.clone());
        let ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
        let decided = self.app.transact(move |transaction| async move {
            let Some(places) = Places::open(&work, &transaction, so_far.counts).await? else {
                return Ok(None);
            };
            let mut report = so_far;
            // As they are now: an asset may have been deleted meanwhile.
            let rows = access::library_files(&*transaction, ids.iter().copied()).await?;
            let mut findings = Vec::new();
            let (mut absent, mut left) = (Vec::new(), Vec::new());
            for (id, seen) in ids.into_iter().zip(seen) {
                let row = rows.iter().find(|row| row.id == id).cloned();
                let row = row.filter(|row| row.missing_scan_id == Some(work.scan.id));
                let Some(row) = row else { continue };
                match seen {
                    // Its asset was deleted for good meanwhile.
                    _ if row.state == State::Excluded => left.push(row.id),
                    Seen::Missing => absent.push(row),
                    Seen::Closed => left.push(row.id),
                    Seen::There(read) => match content(&row.path, read.outcome, &mut report) {
                        Some(content) => {
                            let path = row.path.clone();
                            findings.push(Finding { row: Some(row), path, content });
                        }
                        None => left.push(row.id),
                    },
                }
            }
            leave(&transaction, left).await?;
            report.counts += places.place(findings, absent, may_change).await?;
            work.write(&transaction, &report).await?;
            Ok(Some(report))
        });
        let Some(decided) = decided.await? else { return Ok(false) };
        *report = decided;
        Ok(true)
    }
}

/// What became of a file that a row names.
#[derive(Debug)]
enum Seen {
    /// It is there.
    There(Read),
    /// It is not there, or belongs to the library no more.
    Missing,
    /// Its import path is left alone.
    Closed,
}

/// Leaves rows as they are.
async fn leave(transaction: &Transaction, ids: Vec<LibraryFileId>) -> Result<()> {
    let leave = library_file::Entity::update_many()
        .col_expr(Column::MissingScanId, Expr::null())
        .filter(Column::Id.is_in(ids));
    leave.exec(&**transaction).await?;
    Ok(())
}
