//! Reading the files that are there and the rows that are known side by side, both in the order of
//! their paths.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::report::{Counts, Report};
use super::walk::{Entry, Stat};
use crate::access;
use crate::app::App;
use crate::entity::library_file::{Known, State};
use crate::error::{Error, Result};
use crate::id::{LibraryFileId, LibraryId};

/// How many rows are read at once.
const PAGE: u64 = 2000;
/// After how many files of which nothing is to be said it is said how far this is.
const QUIET: i64 = 4096;

/// Something to be done, after what `report` tells, which came before it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) report: Report,
    pub(super) act: Act,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Act {
    /// Nothing.
    Pass,
    /// Read a file that is new.
    Read(String),
    /// Decide about a row once the walk is over: its file is not there, or was changed.
    Decide(LibraryFileId),
    /// Take a file for what it was before it was missing.
    Return(LibraryFileId),
    /// Forget a file that was refused and is gone.
    Forget(LibraryFileId),
}

/// The two sides.
#[derive(Debug)]
pub(super) struct Compare {
    entries: Entries,
    rows: Rows,
    /// Below this folder nothing is missing.
    closed: Option<String>,
    restore_excluded: bool,
    /// What was seen since the last step.
    report: Report,
}

impl Compare {
    pub(super) fn new(
        app: &App,
        library: LibraryId,
        entries: mpsc::Receiver<Vec<Entry>>,
        after: Option<String>,
        restore_excluded: bool,
    ) -> Self {
        Self {
            entries: Entries { receiver: entries, batch: VecDeque::new() },
            rows: Rows::new(app.clone(), library, after),
            closed: None,
            restore_excluded,
            report: Report::default(),
        }
    }

    /// The next thing to be done; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Step>> {
        loop {
            let Some(act) = self.advance().await? else {
                let report = std::mem::take(&mut self.report);
                let is_over = report == Report::default();
                return Ok((!is_over).then_some(Step { report, act: Act::Pass }));
            };
            if !matches!(act, Act::Pass) || self.report.counts.found >= QUIET {
                return Ok(Some(Step { report: std::mem::take(&mut self.report), act }));
            }
        }
    }

    /// Looks at one path; none once both sides are at their end.
    async fn advance(&mut self) -> Result<Option<Act>> {
        let entry = self.entries.peek().await;
        if let Some(Entry::Unnamed(_)) = entry {
            let Some(Entry::Unnamed(problem)) = self.entries.pop() else { return Ok(None) };
            self.report.counts.found += 1;
            self.report.counts.unreadable += 1;
            self.report.problems.push(problem);
            return Ok(Some(Act::Pass));
        }
        let path = match entry {
            Some(Entry::File { path, .. } | Entry::Closed { path, .. }) => Some(path.as_str()),
            Some(Entry::Unnamed(_)) | None => None,
        };
        let row = self.rows.peek().await?;
        let has_row = row.is_some_and(|row| path.is_none_or(|path| row.path.as_str() <= path));
        let is_same = has_row && row.map(|row| row.path.as_str()) == path;
        let row = if has_row { self.rows.pop() } else { None };
        match (row, is_same) {
            (Some(row), false) => Ok(Some(self.absent(row))),
            (row, _) => Ok(self.entries.pop().map(|entry| self.present(entry, row))),
        }
    }

    /// A row without a file.
    fn absent(&mut self, row: Known) -> Act {
        let is_closed = self.closed.as_ref().is_some_and(|closed| row.path.starts_with(closed));
        let act = match row.state {
            _ if is_closed => Act::Pass,
            State::Online if row.missing_scan_id.is_none() => Act::Decide(row.id),
            State::Refused => Act::Forget(row.id),
            State::Online | State::Offline | State::Excluded => Act::Pass,
        };
        self.report.last_path = Some(row.path);
        act
    }

    /// Something that is there, with its row if it has one.
    fn present(&mut self, entry: Entry, row: Option<Known>) -> Act {
        match entry {
            Entry::File { path, stat } => {
                self.report.counts.found += 1;
                let act = match row {
                    Some(row) => self.compare(&path, stat, &row),
                    None => Act::Read(path.clone()),
                };
                self.report.last_path = Some(path);
                act
            }
            Entry::Closed { path, problem } => {
                let is_folder = path.ends_with('/');
                if !is_folder {
                    let counts = &mut self.report.counts;
                    counts.found += 1;
                    let count = match problem {
                        Some(_) => &mut counts.unreadable,
                        None => &mut counts.unsettled,
                    };
                    *count += 1;
                }
                self.report.problems.extend(problem);
                self.closed = is_folder.then(|| path.clone()).or(self.closed.take());
                self.report.last_path = Some(path);
                Act::Pass
            }
            Entry::Unnamed(_) => Act::Pass,
        }
    }

    fn compare(&mut self, path: &str, stat: Stat, row: &Known) -> Act {
        let known = Stat {
            size_bytes: row.size_bytes,
            modify_time_ns: row.modify_time_ns,
            inode: row.inode,
        };
        let Counts { unchanged, refused, excluded, .. } = &mut self.report.counts;
        match row.state {
            State::Online if stat == known && row.missing_scan_id.is_none() => *unchanged += 1,
            State::Refused if stat == known => *refused += 1,
            State::Excluded if !self.restore_excluded => *excluded += 1,
            State::Offline if stat == known => return Act::Return(row.id),
            State::Refused | State::Excluded => return Act::Read(path.to_owned()),
            State::Online | State::Offline => return Act::Decide(row.id),
        }
        Act::Pass
    }
}

/// The files, as the walk finds them.
#[derive(Debug)]
struct Entries {
    receiver: mpsc::Receiver<Vec<Entry>>,
    batch: VecDeque<Entry>,
}

impl Entries {
    async fn peek(&mut self) -> Option<&Entry> {
        while self.batch.is_empty() {
            self.batch = self.receiver.recv().await?.into();
        }
        self.batch.front()
    }

    fn pop(&mut self) -> Option<Entry> {
        self.batch.pop_front()
    }
}

/// The rows, a page ahead.
#[derive(Debug)]
struct Rows {
    app: App,
    library: LibraryId,
    page: VecDeque<Known>,
    /// None after the last page.
    next: Option<JoinHandle<Result<Vec<Known>>>>,
}

impl Rows {
    fn new(app: App, library: LibraryId, after: Option<String>) -> Self {
        let mut rows = Self { app, library, page: VecDeque::new(), next: None };
        rows.fetch(after);
        rows
    }

    fn fetch(&mut self, after: Option<String>) {
        let (app, library) = (self.app.clone(), self.library);
        self.next = Some(self.app.spawn(async move {
            let connection = app.database.reader();
            access::known_library_files(connection, library, after.as_deref(), PAGE).await
        }));
    }

    async fn peek(&mut self) -> Result<Option<&Known>> {
        if self.page.is_empty()
            && let Some(next) = &mut self.next
        {
            // Awaited where it lies: whoever gives up waiting finds it again.
            let page = next.await.map_err(Error::internal)?;
            self.next = None;
            self.page = page?.into();
            if self.page.len() as u64 == PAGE {
                self.fetch(self.page.back().map(|row| row.path.clone()));
            }
        }
        Ok(self.page.front())
    }

    fn pop(&mut self) -> Option<Known> {
        self.page.pop_front()
    }
}
