//! What scans found, as their rows keep it.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::entity::library_scan::Model as LibraryScan;
use crate::error::{Error, Result};

/// How many problems a scan keeps.
const MAX_PROBLEMS: usize = 100;

/// What a scan found and did. Every file that it looked at is one of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Files that it looked at.
    pub found: i64,
    /// Files that are as they were.
    pub unchanged: i64,
    /// Files that became assets or motion parts of assets.
    pub added: i64,
    /// Files with the bytes of an asset that is elsewhere too.
    pub copied: i64,
    /// Files with the bytes of an asset that is no longer where it was.
    pub moved: i64,
    /// Files whose bytes changed.
    pub changed: i64,
    /// Files that were missing and are back.
    pub returned: i64,
    /// Files that are no photo or video.
    pub refused: i64,
    /// Files whose assets were deleted, which stay out.
    pub excluded: i64,
    /// Files that were being written, which a later scan takes.
    pub unsettled: i64,
    /// Files that could not be read.
    pub unreadable: i64,
    /// Files that are missing since this scan.
    pub missing: i64,
    /// Bytes that were read.
    pub read_bytes: i64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.found += other.found;
        self.unchanged += other.unchanged;
        self.added += other.added;
        self.copied += other.copied;
        self.moved += other.moved;
        self.changed += other.changed;
        self.returned += other.returned;
        self.refused += other.refused;
        self.excluded += other.excluded;
        self.unsettled += other.unsettled;
        self.unreadable += other.unreadable;
        self.missing += other.missing;
        self.read_bytes += other.read_bytes;
    }
}

/// What a scan could not read, or left alone to be safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file or folder.
    pub path: String,
    /// What is wrong with it.
    pub kind: ProblemKind,
    /// What the operating system says, or what to do.
    pub message: String,
}

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// An import path that is not there or cannot be read.
    Unreachable,
    /// An import path that held files and is empty.
    Emptied,
    /// A file or folder that cannot be read.
    Unreadable,
    /// A name that is not UTF-8.
    Name,
    /// The scan itself went wrong.
    Internal,
}

impl Problem {
    pub(super) fn new(
        kind: ProblemKind,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), kind, message: message.into() }
    }
}

/// What a scan has found and done so far: everything up to `last_path`, in the order of paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The numbers.
    pub counts: Counts,
    /// What could not be read, a hundred at most.
    pub problems: Vec<Problem>,
    /// The last file that was looked at.
    pub last_path: Option<String>,
}

impl Report {
    /// What the row of a scan says.
    pub fn of(scan: &LibraryScan) -> Result<Self> {
        Ok(Self {
            counts: serde_json::from_str(&scan.counts).map_err(Error::internal)?,
            problems: serde_json::from_str(&scan.problems).map_err(Error::internal)?,
            last_path: scan.last_path.clone(),
        })
    }

    /// Takes in what came after it. A problem that is known already, from before the scan was cut
    /// off, stays one.
    pub(super) fn extend(&mut self, later: Self) {
        self.counts += later.counts;
        for problem in later.problems {
            if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        self.last_path = later.last_path.or(self.last_path.take());
    }

    /// The numbers as the row has them.
    pub(super) fn counts_text(&self) -> Result<String> {
        serde_json::to_string(&self.counts).map_err(Error::internal)
    }

    /// The problems as the row has them.
    pub(super) fn problems_text(&self) -> Result<String> {
        serde_json::to_string(&self.problems).map_err(Error::internal)
    }
}
