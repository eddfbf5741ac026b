//! How far a command is, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use albumen_server::backups::Progress;

/// Whoever waits at a terminal; nobody elsewhere.
#[derive(Debug)]
pub(super) struct Line {
    is_terminal: bool,
    /// The per mille shown last: a line for every object would cost more than small objects do.
    shown: AtomicUsize,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), shown: AtomicUsize::new(usize::MAX) }
    }

    pub(super) fn show(&self, progress: Progress) {
        let Progress { done, total } = progress;
        let mille = done.saturating_mul(1000) / total.max(1);
        if self.is_terminal && self.shown.swap(mille, Ordering::Relaxed) != mille {
            let end = if done == total { "\n" } else { "" };
            // A terminal that is gone misses nothing.
            drop(write!(io::stderr(), "\r{done} of {total} objects{end}"));
        }
    }
}
