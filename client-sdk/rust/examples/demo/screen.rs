//! What the demo says while it works.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use albumen_client::Progress;

const REDRAW: Duration = Duration::from_millis(100);

/// Lines, and on a terminal one more below them that is drawn anew. Clones draw on the same screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Screen {
    drawn: Arc<Mutex<Option<Instant>>>,
}

impl Screen {
    /// Prints a line.
    pub(crate) fn line(&self, text: &str) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let clear = if drawn.take().is_some() { "\r\x1b[K" } else { "" };
        // Nobody is left to be told that nobody reads this.
        drop(writeln!(io::stdout(), "{clear}{text}"));
    }

    /// Prints a line of no interest to somebody who sees the status.
    pub(crate) fn detail(&self, text: &str) {
        if !io::stdout().is_terminal() {
            self.line(text);
        }
    }

    /// Draws the last line anew: on a terminal, and not too often.
    pub(crate) fn status(&self, text: impl FnOnce() -> String) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW);
        if is_due && io::stdout().is_terminal() {
            drop(write!(io::stdout(), "\r\x1b[K{}", text()));
            drop(io::stdout().flush());
            *drawn = Some(Instant::now());
        }
    }
}

/// A sum of transfers that is drawn as it grows.
#[derive(Debug)]
pub(crate) struct Meter {
    screen: Screen,
    verb: &'static str,
    total_bytes: u64,
    done_bytes: AtomicU64,
    start: Instant,
}

impl Meter {
    /// Starts to measure transfers of `total_bytes` in all.
    pub(crate) fn start(screen: &Screen, verb: &'static str, total_bytes: u64) -> Arc<Self> {
        let (screen, done_bytes, start) = (screen.clone(), AtomicU64::new(0), Instant::now());
        Arc::new(Self { screen, verb, total_bytes, done_bytes, start })
    }

    /// Adds up the progress of one transfer.
    pub(crate) fn progress(self: &Arc<Self>) -> Progress {
        let (meter, before) = (Arc::clone(self), AtomicU64::new(0));
        Progress::new(move |done, _| {
            let before = before.swap(done, Ordering::Relaxed);
            // A transfer that goes on after an interruption may step back: the sum wraps likewise.
            meter.done_bytes.fetch_add(done.wrapping_sub(before), Ordering::Relaxed);
            meter.screen.status(|| meter.text());
        })
    }

    fn text(&self) -> String {
        let done = self.done_bytes.load(Ordering::Relaxed);
        let rate = Duration::from_secs(1).div_duration_f64(self.start.elapsed());
        let (done, total, rate) = (size(done), size(self.total_bytes), done as f64 * rate);
        format!("{} {done} of {total}, {}/s", self.verb, size(rate as u64))
    }
}

/// A number of bytes as people read it.
pub(crate) fn size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "KiB", "MiB"] {
        if size < 1024.0 {
            return if unit == "bytes" {
                format!("{bytes} bytes")
            } else {
                format!("{size:.1} {unit}")
            };
        }
        size /= 1024.0;
    }
    format!("{size:.2} GiB")
}
