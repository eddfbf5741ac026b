//! Reading files, each once: digest, kind and metadata in one pass.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{Advice, fadvise};
use rustix::io::Errno;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};

use super::walk::{Root, Stat};
use crate::app::App;
use crate::blob::beneath;
use crate::error::{Error, Result};
use crate::media::{self, Checksums, Digest, FileType, Metadata, SNIFF_BYTES};

/// How many bytes are read at once.
const BUFFER_BYTES: usize = 256 << 10;
/// A file that was changed so lately may be changed again without its time telling.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// A file on its way to being read.
#[derive(Debug)]
pub(super) struct Reading {
    path: String,
    handle: JoinHandle<Outcome>,
}

/// What reading a file brought.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) path: String,
    pub(super) outcome: Outcome,
}

impl Reading {
    pub(super) async fn outcome(self) -> Result<Read> {
        let outcome = self.handle.await.map_err(Error::internal)?;
        Ok(Read { path: self.path, outcome })
    }
}

/// What reading a file brought.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A photo or video.
    Photo(Box<Photo>),
    /// Something else.
    Refused(Stat),
    /// It is being written.
    Unsettled,
    /// It is not there, or is no plain file any more.
    Gone,
    /// It cannot be read.
    Unreadable(String),
    /// Nobody wants to know any more.
    Stopped,
}

/// A photo or video that was read whole.
#[derive(Debug, Clone)]
pub(super) struct Photo {
    pub(super) stat: Stat,
    pub(super) checksums: Checksums,
    pub(super) file_type: FileType,
    pub(super) metadata: Metadata,
}

/// Reads files, one for each core at a time. Those that are not begun when this is dropped are not
/// read.
#[derive(Debug)]
pub(super) struct Readers {
    app: App,
    roots: Arc<Vec<Root>>,
    turns: Arc<Semaphore>,
    is_stopped: Arc<AtomicBool>,
}

impl Readers {
    pub(super) fn new(app: &App, roots: Arc<Vec<Root>>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let (turns, is_stopped) = (Arc::new(Semaphore::new(cores)), Arc::default());
        Self { app: app.clone(), roots, turns, is_stopped }
    }

    /// Begins to read a file as soon as it is its turn.
    pub(super) fn read(&self, path: String) -> Reading {
        let (roots, turns) = (Arc::clone(&self.roots), Arc::clone(&self.turns));
        let (app, is_stopped) = (self.app.clone(), Arc::clone(&self.is_stopped));
        let path_ = path.clone();
        let handle = self.app.spawn(async move {
            let Ok(turn) = turns.acquire_owned().await else { return Outcome::Stopped };
            let read = spawn_blocking(move || {
                let outcome = read(&app, &roots, &path_, &is_stopped);
                drop(turn);
                outcome
            });
            read.await.unwrap_or_else(|panic| Outcome::Unreadable(panic.to_string()))
        });
        Reading { path, handle }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.turns.close();
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

fn read(app: &App, roots: &[Root], path: &str, is_stopped: &AtomicBool) -> Outcome {
    match try_read(app, roots, path, is_stopped) {
        Ok(outcome) => outcome,
        Err(error) => match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV) => Outcome::Gone,
            Some(Errno::STALE) => Outcome::Unsettled,
            _ => Outcome::Unreadable(error.to_string()),
        },
    }
}

fn try_read(app: &App, roots: &[Root], path: &str, is_stopped: &AtomicBool) -> io::Result<Outcome> {
    let Some(mut file) = open(roots, path)? else { return Ok(Outcome::Gone) };
    let Some(stat) = Stat::of_open(&file)? else { return Ok(Outcome::Gone) };
    let age_ns = app.now().0.saturating_mul(1000).abs_diff(stat.modify_time_ns);
    if u128::from(age_ns) < SETTLE_TIME.as_nanos() {
        return Ok(Outcome::Unsettled);
    }
    let read = digest(&mut file, is_stopped)?;
    let after = Stat::of_open(&file)?;
    let outcome = match read {
        _ if is_stopped.load(Ordering::Relaxed) => return Ok(Outcome::Stopped),
        _ if after != Some(stat) => return Ok(Outcome::Unsettled),
        None => Outcome::Refused(stat),
        Some((checksums, _)) if checksums.size != stat.size_bytes.cast_unsigned() => {
            Outcome::Unsettled
        }
        Some((checksums, file_type)) => {
            let metadata = media::read_file(file, file_type);
            Outcome::Photo(Box::new(Photo { stat, checksums, file_type, metadata }))
        }
    };
    Ok(outcome)
}

/// None of what lies in no import path.
fn open(roots: &[Root], path: &str) -> io::Result<Option<File>> {
    let found = roots.iter().find_map(|root| Some((root, path.strip_prefix(&root.prefix)?)));
    match found {
        Some((Root { folder: Some(folder), .. }, rest)) => {
            beneath::open_file(folder, Path::new(rest)).map(Some)
        }
        _ => Ok(None),
    }
}

/// The checksums and the kind of a file; none if it is no photo or video, which the first bytes
/// tell, so that the others are not read.
fn digest(file: &mut File, is_stopped: &AtomicBool) -> io::Result<Option<(Checksums, FileType)>> {
    // Only advice: what does not take it reads as well.
    fadvise(&*file, 0, None, Advice::Sequential).ok();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut digest = Digest::new();
    let mut filled = fill(file, &mut buffer)?;
    let Ok(file_type) = media::detect(&buffer[..filled.min(SNIFF_BYTES)]) else {
        return Ok(None);
    };
    while filled > 0 && !is_stopped.load(Ordering::Relaxed) {
        digest.update(&buffer[..filled]);
        filled = fill(file, &mut buffer)?;
    }
    Ok(Some((digest.finish(), file_type)))
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
