//! What the demo says in the end.

use std::collections::HashSet;
use std::fmt::{self, Formatter};

use albumen_client::Saved;

use crate::screen::size;
use crate::send::{Outcome, Sent};

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// The name of the folder, and of the album.
    pub(crate) folder: String,
    /// The files.
    pub(crate) files: Vec<Sent>,
    /// The address to give to people.
    pub(crate) link: Option<String>,
    /// The archives that a guest got.
    pub(crate) archives: Vec<Saved>,
}

impl Report {
    pub(crate) fn new(folder: String) -> Self {
        Self { folder, files: Vec::new(), link: None, archives: Vec::new() }
    }

    /// The assets of all files, each once, in the order of the files.
    pub(crate) fn asset_ids(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let asset_ids = self.files.iter().filter_map(|file| file.asset_id.as_ref());
        asset_ids.filter(|id| seen.insert(*id)).cloned().collect()
    }

    /// Whether nothing failed that should work.
    pub(crate) fn is_good(&self) -> bool {
        !self.files.iter().any(|file| matches!(file.outcome, Outcome::Failed(_)))
    }

    fn count(&self, is_meant: impl Fn(&Outcome) -> bool) -> usize {
        self.files.iter().filter(|file| is_meant(&file.outcome)).count()
    }

    fn sent_bytes(&self) -> u64 {
        let bytes = self.files.iter().map(|file| match file.outcome {
            Outcome::Sent(bytes) => bytes,
            _ => 0,
        });
        bytes.sum()
    }

    fn counts(&self) -> [(&'static str, usize); 5] {
        [
            ("sent", self.count(|outcome| matches!(outcome, Outcome::Sent(_)))),
            ("had already", self.count(|outcome| matches!(outcome, Outcome::Duplicate))),
            ("refused", self.count(|outcome| matches!(outcome, Outcome::Refused(_)))),
            ("skipped", self.count(|outcome| matches!(outcome, Outcome::Skipped(_)))),
            ("failed", self.count(|outcome| matches!(outcome, Outcome::Failed(_)))),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "\n{}: {} files", self.folder, self.files.len())?;
        for (what, count) in self.counts() {
            write!(formatter, "\n  {what:<12}{count:>6}")?;
            if what == "sent" {
                write!(formatter, "  {}", size(self.sent_bytes()))?;
            }
        }
        for Sent { name, outcome, .. } in &self.files {
            if let Some((what, why)) = outcome.complaint() {
                write!(formatter, "\n{what}: {name}: {why}")?;
            }
        }
        match &self.link {
            Some(link) => write!(formatter, "\nalbum: {link}")?,
            None => write!(formatter, "\nno photo or video in this folder: nothing to share")?,
        }
        for archive in &self.archives {
            let (path, bytes) = (archive.path.display(), size(archive.size_bytes));
            let note = if archive.existed { ", was there already" } else { "" };
            write!(formatter, "\nzip: {path} ({bytes}{note})")?;
        }
        Ok(())
    }
}
