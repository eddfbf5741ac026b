//! Writing down what a piece of the walk found, in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use super::super::report::{Counts, Problem, ProblemKind, Report};
use super::compare::Act;
use super::place::{Content, Finding, Places};
use super::read::{Outcome, Read};
use super::{Deed, Done, Work};
use crate::access;
use crate::database::Transaction;
use crate::entity::library_file::{self, Column, State};
use crate::entity::library_scan::{self, State as ScanState};
use crate::error::Result;
use crate::id::LibraryFileId;

/// How many files one transaction records.
pub(super) const MAX_FILES: usize = 500;

/// A piece of the walk.
#[derive(Debug, Default)]
pub(super) struct Batch {
    report: Report,
    read: Vec<Read>,
    undecided: Vec<LibraryFileId>,
    returned: Vec<LibraryFileId>,
    forgotten: Vec<LibraryFileId>,
}

impl Batch {
    pub(super) fn push(&mut self, done: Done) {
        self.report.extend(done.report);
        match done.deed {
            Deed::Read(read) => self.read.push(read),
            Deed::Act(Act::Decide(id)) => self.undecided.push(id),
            Deed::Act(Act::Return(id)) => self.returned.push(id),
            Deed::Act(Act::Forget(id)) => self.forgotten.push(id),
            Deed::Act(Act::Pass | Act::Read(_)) => {}
        }
    }

    pub(super) fn is_full(&self) -> bool {
        let lists = [self.undecided.len(), self.returned.len(), self.forgotten.len()];
        self.read.len() + lists.iter().sum::<usize>() >= MAX_FILES
    }
}

impl Work {
    /// Records a piece of the walk and takes it into the report; `false` without effect if the scan
    /// was asked to stop.
    pub(super) async fn record(
        self: &Arc<Self>,
        report: &mut Report,
        batch: Batch,
    ) -> Result<bool> {
        let (work, so_far) = (Arc::clone(self), report.clone());
        let recorded = self.app.transact(move |transaction| async move {
            let mut places = match Places::open(&work, &transaction, so_far.counts).await? {
                Some(places) => places,
                None => return Ok(None),
            };
            let mut report = so_far;
            report.extend(batch.report);
            let findings = findings(&work, &transaction, batch.read, &mut report).await?;
            let returned = places.take_back(batch.returned).await?;
            mark(&work, &transaction, batch.undecided.into_iter().chain(returned)).await?;
            if !batch.forgotten.is_empty() {
                let forget = library_file::Entity::delete_many()
                    .filter(Column::Id.is_in(batch.forgotten))
                    .filter(Column::State.eq(State::Refused));
                forget.exec(&*transaction).await?;
            }
            report.counts += places.place(findings, Vec::new(), true).await?;
            work.write(&transaction, &report).await?;
            Ok(Some(report))
        });
        let Some(recorded) = recorded.await? else { return Ok(false) };
        *report = recorded;
        Ok(true)
    }

    /// Whether nobody asked the scan to stop.
    pub(super) async fn may_go_on(&self, transaction: &Transaction) -> Result<bool> {
        let scan = access::library_scan(&**transaction, self.scan.id).await?;
        let library = access::any_library(&**transaction, self.library.id).await?;
        let is_there = library.is_some_and(|library| library.delete_time.is_none());
        Ok(is_there && scan.state == ScanState::Running && !scan.is_cancel_requested)
    }

    /// Brings the scan's row up to a report.
    pub(super) async fn write(&self, transaction: &Transaction, report: &Report) -> Result<()> {
        let change = library_scan::ActiveModel {
            counts: Set(report.counts_text()?),
            problems: Set(report.problems_text()?),
            last_path: Set(report.last_path.clone()),
            update_time: Set(self.app.now()),
            ..Default::default()
        };
        let update = library_scan::Entity::update_many()
            .set(change)
            .filter(library_scan::Column::Id.eq(self.scan.id));
        update.exec(&**transaction).await?;
        Ok(())
    }
}

/// Leaves rows to the second part of the scan.
async fn mark(
    work: &Work,
    transaction: &Transaction,
    ids: impl Iterator<Item = LibraryFileId>,
) -> Result<()> {
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mark = library_file::Entity::update_many()
        .col_expr(Column::MissingScanId, Expr::val(work.scan.id))
        .filter(Column::Id.is_in(ids))
        .filter(Column::State.is_in([State::Online, State::Offline]));
    mark.exec(&**transaction).await?;
    Ok(())
}

/// What was read, with the rows that there are at its paths.
async fn findings(
    work: &Work,
    transaction: &Transaction,
    read: Vec<Read>,
    report: &mut Report,
) -> Result<Vec<Finding>> {
    let paths = read.iter().map(|read| read.path.as_str());
    let rows = access::library_files_at(&**transaction, work.library.id, paths).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.path.clone(), row)).collect();
    let findings = read.into_iter().filter_map(|read| {
        let content = content(&read.path, read.outcome, report)?;
        Some(Finding { row: rows.remove(&read.path), path: read.path, content })
    });
    Ok(findings.collect())
}

/// What a file holds; none, and a count, of what is not there or cannot be read now.
pub(super) fn content(path: &str, outcome: Outcome, report: &mut Report) -> Option<Content> {
    let Counts { unsettled, unreadable, read_bytes, .. } = &mut report.counts;
    match outcome {
        Outcome::Photo(photo) => {
            *read_bytes += photo.stat.size_bytes;
            return Some(Content::Photo(photo));
        }
        Outcome::Refused(stat) => return Some(Content::Refused(stat)),
        // What vanished since it was found may be elsewhere by now.
        Outcome::Unsettled | Outcome::Gone | Outcome::Stopped => *unsettled += 1,
        Outcome::Unreadable(why) => {
            *unreadable += 1;
            let problems = vec![Problem::new(ProblemKind::Unreadable, path, why)];
            report.extend(Report { problems, ..Report::default() });
        }
    }
    None
}
