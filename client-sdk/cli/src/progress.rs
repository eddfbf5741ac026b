//! Bars on the terminal of whoever waits.

use std::sync::atomic::{AtomicU64, Ordering};

use albumen_client::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

const COUNT_TEMPLATE: &str = "{prefix:>9} [{bar:30}] {human_pos} of {human_len} {wide_msg}";
const OPEN_TEMPLATE: &str = "{prefix:>9} {spinner} {human_pos} {wide_msg}";
const TEMPLATE: &str = "{prefix:>9} [{bar:30}] {binary_bytes} of {binary_total_bytes} {binary_bytes_per_sec} {eta} {wide_msg}";

/// Bars below each other; nothing if nobody watches. They are gone when this is.
#[derive(Debug)]
pub(crate) struct Bars(MultiProgress);

impl Bars {
    pub(crate) fn new(output: Output) -> Self {
        let target = match output.is_watched() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Self(MultiProgress::with_draw_target(target))
    }

    /// A bar for bytes; its length may grow.
    pub(crate) fn add(&self, verb: &'static str, total_bytes: u64) -> ProgressBar {
        self.bar(verb, ProgressBar::new(total_bytes), TEMPLATE)
    }

    /// A bar for a number of things; its length may grow.
    pub(crate) fn add_count(&self, verb: &'static str, total: u64) -> ProgressBar {
        self.bar(verb, ProgressBar::new(total), COUNT_TEMPLATE)
    }

    /// A number of things of which nobody knows how many there will be.
    pub(crate) fn add_open(&self, verb: &'static str) -> ProgressBar {
        self.bar(verb, ProgressBar::no_length(), OPEN_TEMPLATE)
    }

    fn bar(&self, verb: &'static str, bar: ProgressBar, template: &str) -> ProgressBar {
        let bar = self.0.add(bar.with_prefix(verb));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // A terminal that is gone misses nothing.
        drop(self.0.clear());
    }
}

/// Moves a bar with the progress of one transfer of many.
pub(crate) fn share(bar: &ProgressBar) -> Progress {
    let (bar, before) = (bar.clone(), AtomicU64::new(0));
    Progress::new(move |done, _| {
        let before = before.swap(done, Ordering::Relaxed);
        if done >= before {
            bar.inc(done - before);
        } else {
            // It goes on after an interruption where the server is.
            bar.set_position(bar.position().saturating_sub(before - done));
        }
    })
}
