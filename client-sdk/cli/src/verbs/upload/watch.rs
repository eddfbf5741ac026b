//! Uploading what appears in folders.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{Event, EventKind, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::files::{around, find, is_hidden};
use super::report::Outcome;
use super::send::Sender;
use crate::failure::{Failure, Result};

/// A file that did not change for so long is whole.
const SETTLED: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(500);

/// Uploads what is in the folders, and then what appears there. Prints a line for each file.
pub(super) async fn run(sender: &mut Sender, roots: &[PathBuf]) -> Result<()> {
    // Events name files by their whole paths, and so must everything else.
    let roots: Vec<_> = roots.iter().map(std::fs::canonicalize).collect::<Result<_, _>>()?;
    let roots = roots.as_slice();
    let (events, mut arrived) = mpsc::unbounded_channel();
    // The watch begins first, so that nothing appears between it and the first look.
    let watcher = notify::recommended_watcher(move |event| {
        // The receiver goes last.
        drop(events.send(event));
    });
    let mut watcher = watcher.map_err(|error| Failure::Other(error.to_string()))?;
    for root in roots {
        let watched = watcher.watch(root, RecursiveMode::Recursive);
        watched.map_err(|error| Failure::Other(format!("{}: {error}", root.display())))?;
    }
    let mut pending = Pending::default();
    pending.add_all(roots);
    sender.output.note("watching; Ctrl+C ends it");
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = arrived.recv() => match event {
                Some(Ok(event)) if event.need_rescan() => pending.add_all(roots),
                Some(Ok(event)) => pending.note(&event, roots),
                Some(Err(error)) => sender.output.warn(&error.to_string()),
                None => return Err(Failure::Other("the watch of the folders ended".to_owned())),
            },
            _ = ticks.tick() => {
                let ready = pending.take_settled();
                if !ready.is_empty() {
                    send(sender, &ready).await?;
                }
            }
        }
    }
}

async fn send(sender: &mut Sender, ready: &[PathBuf]) -> Result<()> {
    for file in sender.send(around(ready)).await? {
        if sender.output.json {
            sender.output.json_line(&file.to_json())?;
            continue;
        }
        match file.outcome {
            Outcome::Failed { .. } => sender.output.problem(&file.to_text()),
            Outcome::Skipped(_) => sender.output.note(&file.to_text()),
            Outcome::Sent(_) => sender.output.done(&file.to_text())?,
            Outcome::Known | Outcome::WouldSend(_) => {}
        }
    }
    Ok(())
}

/// How a file looked, and since when.
#[derive(Debug)]
struct Look {
    size: u64,
    modified: Option<SystemTime>,
    since: Instant,
}

/// Files that may still grow.
#[derive(Debug, Default)]
struct Pending(HashMap<PathBuf, Option<Look>>);

impl Pending {
    fn add_all(&mut self, roots: &[PathBuf]) {
        let found = find(roots);
        for item in found.items {
            self.add(item.path);
            item.motion.into_iter().for_each(|motion| self.add(motion));
        }
    }

    fn add(&mut self, path: PathBuf) {
        self.0.entry(path).or_insert(None);
    }

    fn note(&mut self, event: &Event, roots: &[PathBuf]) {
        if matches!(event.kind, EventKind::Access(_) | EventKind::Remove(_)) {
            return;
        }
        for path in event.paths.iter().filter(|path| !is_hidden_below(roots, path)) {
            if path.is_dir() {
                // Of a folder that was moved here, the files make no events of their own.
                self.add_all(std::slice::from_ref(path));
            } else {
                self.add(path.clone());
            }
        }
    }

    /// Takes the files out that look as they did a while ago.
    fn take_settled(&mut self) -> Vec<PathBuf> {
        let mut settled = Vec::new();
        self.0.retain(|path, look| match Look::at(path) {
            // It is gone, or no file.
            None => false,
            Some(now) if now.size > 0 && is_settled(look.as_ref(), &now) => {
                settled.push(path.clone());
                false
            }
            Some(now) => {
                if look.as_ref().is_none_or(|before| !before.is_same(&now)) {
                    *look = Some(now);
                }
                true
            }
        });
        settled.sort();
        settled
    }
}

/// Whether a file or a folder that it is in is left out. The folders above a root do not matter.
fn is_hidden_below(roots: &[PathBuf], path: &Path) -> bool {
    let root = roots.iter().find(|root| path.starts_with(root));
    let is_below = |part: &&Path| root.is_none_or(|root| *part != root);
    path.ancestors().take_while(is_below).any(is_hidden)
}

fn is_settled(before: Option<&Look>, now: &Look) -> bool {
    match before {
        Some(before) => before.is_same(now) && now.since - before.since >= SETTLED,
        // What was last changed a while ago need not be looked at twice.
        None => now.modified.is_some_and(|modified| {
            SystemTime::now().duration_since(modified).is_ok_and(|age| age >= 2 * SETTLED)
        }),
    }
}

impl Look {
    fn at(path: &Path) -> Option<Self> {
        let metadata = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let modified = metadata.modified().ok();
        Some(Self { size: metadata.len(), modified, since: Instant::now() })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.size == other.size && self.modified == other.modified
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_hidden_folders_is_left_out() {
        let hidden = |path| is_hidden_below(&[PathBuf::from("/home/ann/.camera")], Path::new(path));
        assert!(!hidden("/home/ann/.camera/a/1.jpg"));
        assert!(hidden("/home/ann/.camera/.thumbnails/1.jpg"));
        assert!(hidden("/home/ann/.camera/a/.1.jpg.part"));
    }

    #[tokio::test(start_paused = true)]
    async fn file_that_grows_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        let mut pending = Pending::default();
        let write = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();
        write(b"1");
        pending.add(path.clone());
        assert!(pending.take_settled().is_empty());
        tokio::time::advance(SETTLED).await;
        write(b"12");
        assert!(pending.take_settled().is_empty(), "it grew");
        tokio::time::advance(SETTLED / 2).await;
        assert!(pending.take_settled().is_empty(), "too soon");
        tokio::time::advance(SETTLED).await;
        assert_eq!(pending.take_settled(), [path]);
        assert!(pending.take_settled().is_empty());
    }
}
