//! Noticing changes of files, where the file system tells of them.
//!
//! Each process watches the folders of all watched libraries. A change starts a scan once it has
//! been quiet for a moment, or after a while if it never is. A scan that began after the last change
//! has seen it, whoever asked for it, on whichever server. Where folders cannot be watched, scans on
//! demand and by schedule go on as before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::manage::text_list;
use super::{import_paths, scans};
use crate::access;
use crate::app::App;
use crate::entity::library_scan::Cause;
use crate::error::{Error, Result};
use crate::id::LibraryId;
use crate::time::Micros;

/// How often it is looked what changed.
const TICK: Duration = Duration::from_secs(1);
/// How often it is looked which libraries are watched.
const REFRESH_TICKS: u32 = 10;
/// How long a library's files are quiet before it is scanned.
const QUIET: Duration = Duration::from_secs(3);
/// How long they may be not quiet before it is scanned all the same.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long after the start of a scan the next one may start.
const PAUSE: Duration = Duration::from_secs(30);

/// Watches until `stopping` is cancelled.
pub fn watch(app: &App, stopping: &CancellationToken) {
    if app.config.library_roots.is_empty() || app.config.job_workers == 0 {
        return;
    }
    let (app_, stopping) = (app.clone(), stopping.clone());
    app.spawn(async move {
        let mut watch = Watch::new(app_);
        let mut ticks = 0;
        while !stopping.is_cancelled() {
            if let Err(error) = watch.tick(ticks % REFRESH_TICKS == 0).await {
                tracing::warn!(?error, "cannot look after watched libraries");
            }
            ticks += 1;
            tokio::select! {
                () = sleep(TICK) => {}
                () = stopping.cancelled() => {}
            }
        }
        // Its end waits for its thread.
        drop(spawn_blocking(move || drop(watch)).await);
    });
}

/// When a library's files changed.
#[derive(Debug, Clone, Copy)]
struct Change {
    first: Micros,
    last: Micros,
}

/// What the watcher's thread tells.
#[derive(Debug, Default)]
struct Noted {
    /// The folders that are watched.
    folders: BTreeSet<PathBuf>,
    /// When something changed below each.
    changes: BTreeMap<PathBuf, Change>,
}

impl Noted {
    /// Notes what the operating system tells. That it lost something may concern every folder.
    fn event(&mut self, now: Micros, event: &notify::Result<Event>) {
        let paths = match event {
            Ok(event) if event.kind.is_access() => return,
            Ok(event) if !event.need_rescan() => Some(&event.paths),
            Ok(_) | Err(_) => None,
        };
        let folders = self.folders.iter().filter(|folder| {
            paths.is_none_or(|paths| paths.iter().any(|path| path.starts_with(folder)))
        });
        for folder in folders.cloned().collect::<Vec<_>>() {
            self.change(folder, now);
        }
    }

    fn change(&mut self, folder: PathBuf, now: Micros) {
        let change = Change { first: now, last: now };
        self.changes.entry(folder).or_insert(change).last = now;
    }
}

struct Watch {
    app: App,
    /// None until there is something to watch, and where nothing can be.
    watcher: Option<RecommendedWatcher>,
    libraries: BTreeMap<LibraryId, BTreeSet<PathBuf>>,
    /// The folders of which it was said that they cannot be watched.
    refused: BTreeSet<PathBuf>,
    noted: Arc<Mutex<Noted>>,
}

impl Watch {
    fn new(app: App) -> Self {
        Self {
            app,
            watcher: None,
            libraries: BTreeMap::new(),
            refused: BTreeSet::new(),
            noted: Arc::default(),
        }
    }

    async fn tick(&mut self, is_refresh: bool) -> Result<()> {
        if is_refresh {
            self.refresh().await?;
        }
        for (id, folders) in self.libraries.clone() {
            if let Some(change) = self.due(&folders) {
                self.start(id, &folders, change).await?;
            }
        }
        Ok(())
    }

    /// Watches what is to be watched now, and nothing else.
    async fn refresh(&mut self) -> Result<()> {
        let libraries = access::watched_libraries(self.app.database.reader()).await?;
        let mut wanted = BTreeMap::new();
        for library in libraries {
            let paths = text_list(&library.import_paths)?;
            wanted.insert(library.id, paths.into_iter().map(PathBuf::from).collect());
        }
        self.libraries = wanted;
        let folders: BTreeSet<PathBuf> = self.libraries.values().flatten().cloned().collect();
        if folders == self.noted().folders {
            return Ok(());
        }
        let mut this = std::mem::replace(self, Self::new(self.app.clone()));
        // Watching a large tree for the first time takes a while.
        let refreshed = spawn_blocking(move || {
            this.set(folders);
            this
        });
        *self = refreshed.await.map_err(Error::internal)?;
        Ok(())
    }

    fn set(&mut self, wanted: BTreeSet<PathBuf>) {
        let mut watcher = match self.watcher.take().map_or_else(|| self.open(), Ok) {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(%error, "folders cannot be watched here");
                return;
            }
        };
        let watched = self.noted().folders.clone();
        for folder in watched.difference(&wanted) {
            // It may be gone, and its watch with it.
            drop(watcher.unwatch(folder));
            self.noted().folders.remove(folder);
        }
        self.refused.retain(|folder| wanted.contains(folder));
        for folder in wanted.difference(&watched) {
            let opened = import_paths::open(&self.app.config, &folder.to_string_lossy());
            let watch = opened.and_then(|_| {
                let watch = watcher.watch(folder, RecursiveMode::Recursive);
                watch.map_err(|error| error.to_string())
            });
            match watch {
                Ok(()) => {
                    let mut noted = self.noted();
                    noted.folders.insert(folder.clone());
                    // What happened before nobody saw.
                    noted.change(folder.clone(), self.app.now());
                }
                Err(why) if self.refused.insert(folder.clone()) => {
                    tracing::warn!(why, "a folder of a library cannot be watched");
                }
                Err(_) => {}
            }
        }
        self.watcher = Some(watcher);
    }

    fn open(&self) -> notify::Result<RecommendedWatcher> {
        let (app, noted) = (self.app.clone(), Arc::clone(&self.noted));
        notify::recommended_watcher(move |event: notify::Result<Event>| {
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.event(app.now(), &event);
        })
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What changed below some folders, if it is time to look at it.
    fn due(&self, folders: &BTreeSet<PathBuf>) -> Option<Change> {
        let noted = self.noted();
        let found = folders.iter().filter_map(|folder| noted.changes.get(folder).copied());
        let change = found.reduce(|one, other| Change {
            first: one.first.min(other.first),
            last: one.last.max(other.last),
        })?;
        let now = self.app.now();
        let is_due = change.last.after(QUIET) <= now || change.first.after(PATIENCE) <= now;
        is_due.then_some(change)
    }

    /// Starts a scan unless one has seen the change already. While one is under way that may have
    /// missed it, the change stays noted.
    async fn start(
        &self,
        id: LibraryId,
        folders: &BTreeSet<PathBuf>,
        change: Change,
    ) -> Result<()> {
        let app = self.app.clone();
        let is_seen = self.app.transact(move |transaction| async move {
            let Some(library) = access::lock_any_library(&transaction, id).await? else {
                return Ok(true);
            };
            let last = access::last_library_scans(&*transaction, [id]).await?.remove(&id);
            if let Some(begun) = last.as_ref().and_then(|scan| scan.start_time) {
                if begun > change.last {
                    return Ok(true);
                }
                if begun.after(PAUSE) > app.now() {
                    return Ok(false);
                }
            }
            let scan = scans::begin(&app, &transaction, &library, Cause::Change, false).await?;
            Ok(scan.start_time.is_none())
        });
        if is_seen.await? {
            let changes = &mut self.noted().changes;
            for folder in folders {
                // What came since then is another change.
                if changes.get(folder).is_some_and(|noted| noted.last <= change.last) {
                    changes.remove(folder);
                }
            }
        }
        Ok(())
    }
}
