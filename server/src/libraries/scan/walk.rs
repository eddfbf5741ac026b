//! Walking the folders of a library in the order of whole paths.
//!
//! That order is the one of the library's rows, so that both can be read side by side: names are
//! sorted by their bytes, those of folders as if they ended in a slash. Only one folder for each
//! level is in memory. Symbolic links, pipes and devices are passed over.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat as RawStat, fstat, openat, statat};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::super::exclusions::Exclusions;
use super::super::import_paths::prefix;
use super::super::report::{Problem, ProblemKind};

/// How many entries are handed over at once.
const BATCH: usize = 256;
/// How many batches may wait.
const AHEAD: usize = 8;
/// How many folders may lie inside each other.
const MAX_DEPTH: usize = 200;
/// The longest path that the kernel opens.
const MAX_PATH_BYTES: usize = 4095;

/// An import path as a scan finds it.
#[derive(Debug)]
pub(super) struct Root {
    /// The path with a slash at its end.
    pub(super) prefix: String,
    /// The folder; none if it is left alone by this scan.
    pub(super) folder: Option<OwnedFd>,
}

impl Root {
    pub(super) fn new(path: &str, folder: Option<OwnedFd>) -> Self {
        Self { prefix: prefix(path), folder }
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) size_bytes: i64,
    pub(super) modify_time_ns: i64,
    pub(super) inode: i64,
}

impl Stat {
    /// None of what is no plain file.
    fn of(raw: &RawStat) -> Option<Self> {
        let is_file = FileType::from_raw_mode(raw.st_mode) == FileType::RegularFile;
        let seconds = raw.st_mtime.saturating_mul(1_000_000_000);
        let nanos = i64::try_from(raw.st_mtime_nsec).unwrap_or_default();
        is_file.then(|| Self {
            size_bytes: raw.st_size,
            modify_time_ns: seconds.saturating_add(nanos),
            inode: raw.st_ino.cast_signed(),
        })
    }

    pub(super) fn of_open(file: &File) -> io::Result<Option<Self>> {
        Ok(Self::of(&fstat(file)?))
    }
}

/// Something that was found, or could not be looked at.
#[derive(Debug)]
pub(super) enum Entry {
    /// A file.
    File { path: String, stat: Stat },
    /// A file that is there and cannot be looked at, or a folder (with a slash at its end), below
    /// which nothing can be said to be missing.
    Closed { path: String, problem: Option<Problem> },
    /// A file or folder without a path in the order of paths: its name is no text.
    Unnamed(Problem),
}

/// Walks on a thread of its own, from behind `after`; ends when the receiver is dropped.
pub(super) fn walk(
    roots: Arc<Vec<Root>>,
    exclusions: Exclusions,
    after: Option<String>,
) -> mpsc::Receiver<Vec<Entry>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut walker =
            Walker { exclusions, after: after.unwrap_or_default(), batch: Vec::new(), sender };
        for root in roots.iter() {
            if walker.root(root).is_none() {
                return;
            }
        }
        walker.flush();
    });
    receiver
}

/// Whether there is any file below an import path.
pub(super) fn has_file(folder: &OwnedFd, exclusions: &Exclusions) -> io::Result<bool> {
    let mut open = vec![(String::new(), folder.try_clone()?)];
    while let Some((path, folder)) = open.pop() {
        let level = match level(&folder) {
            Ok(level) => level,
            // Something is there, whatever it is.
            Err(_) if !path.is_empty() => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        for name in level {
            let Ok(name) = std::str::from_utf8(&name) else { return Ok(true) };
            let relative = format!("{path}{name}");
            if exclusions.has(relative.trim_end_matches('/')) {
                continue;
            }
            if !name.ends_with('/') {
                return Ok(true);
            }
            // With a slash at its end, a name may be a link.
            match openat(&folder, name.trim_end_matches('/'), FOLDER, Mode::empty()) {
                Ok(folder) if open.len() < MAX_DEPTH => open.push((relative, folder)),
                Ok(_) | Err(_) => return Ok(true),
            }
        }
    }
    Ok(false)
}

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW).union(OFlags::DIRECTORY);

/// The names in a folder in the order of the walk; those of folders end in a slash.
fn level(folder: &impl AsFd) -> Result<Vec<Vec<u8>>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match kind(folder, name, entry.file_type()) {
            FileType::Directory => names.push([name.to_bytes(), b"/"].concat()),
            FileType::RegularFile => names.push(name.to_bytes().to_vec()),
            _ => {}
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Some file systems do not say it in their lists.
fn kind(folder: &impl AsFd, name: &CStr, listed: FileType) -> FileType {
    if listed != FileType::Unknown {
        return listed;
    }
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |raw| FileType::from_raw_mode(raw.st_mode))
}

struct Walker {
    exclusions: Exclusions,
    after: String,
    batch: Vec<Entry>,
    sender: mpsc::Sender<Vec<Entry>>,
}

impl Walker {
    /// `None` once nobody listens any more.
    fn root(&mut self, root: &Root) -> Option<()> {
        if self.is_behind(&root.prefix) {
            return Some(());
        }
        match &root.folder {
            Some(folder) => self.folder(folder, &mut root.prefix.clone(), root.prefix.len(), 0),
            None => self.push(Entry::Closed { path: root.prefix.clone(), problem: None }),
        }
    }

    /// Whether everything below a path (a file's own, or a folder's with a slash) was walked before.
    fn is_behind(&self, path: &str) -> bool {
        path <= self.after.as_str() && !(path.ends_with('/') && self.after.starts_with(path))
    }

    fn folder(
        &mut self,
        folder: &OwnedFd,
        path: &mut String,
        root_len: usize,
        depth: usize,
    ) -> Option<()> {
        let names = match level(folder) {
            Ok(names) => names,
            Err(error) => return self.closed(path, error),
        };
        let len = path.len();
        for name in names {
            path.truncate(len);
            let Ok(text) = std::str::from_utf8(&name) else {
                self.bad_name(path, &name)?;
                continue;
            };
            path.push_str(text);
            let is_excluded = self.exclusions.has(path[root_len..].trim_end_matches('/'));
            if is_excluded || self.is_behind(path) {
                continue;
            }
            match text.strip_suffix('/') {
                Some(name) => self.enter(folder, name, path, root_len, depth)?,
                None => self.file(folder, text, path)?,
            }
        }
        path.truncate(len);
        Some(())
    }

    fn enter(
        &mut self,
        folder: &OwnedFd,
        name: &str,
        path: &mut String,
        root_len: usize,
        depth: usize,
    ) -> Option<()> {
        if depth >= MAX_DEPTH || path.len() > MAX_PATH_BYTES {
            let problem = Problem::new(
                ProblemKind::Unreadable,
                path.as_str(),
                "lies too deep in other folders",
            );
            return self.push(Entry::Closed { path: path.clone(), problem: Some(problem) });
        }
        match openat(folder, name, FOLDER, Mode::empty()) {
            Ok(inner) => self.folder(&inner, path, root_len, depth + 1),
            Err(error) => self.closed(path, error),
        }
    }

    fn file(&mut self, folder: &OwnedFd, name: &str, path: &str) -> Option<()> {
        if path.len() > MAX_PATH_BYTES {
            return self.closed(path, Errno::NAMETOOLONG);
        }
        match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(raw) => match Stat::of(&raw) {
                Some(stat) => self.push(Entry::File { path: path.to_owned(), stat }),
                None => Some(()),
            },
            Err(error) => self.closed(path, error),
        }
    }

    /// What was there a moment ago and is not now may be found elsewhere by a later scan.
    fn closed(&mut self, path: &str, error: Errno) -> Option<()> {
        let problem = (error != Errno::NOENT).then(|| {
            Problem::new(ProblemKind::Unreadable, path, io::Error::from(error).to_string())
        });
        self.push(Entry::Closed { path: path.to_owned(), problem })
    }

    fn bad_name(&mut self, folder: &str, name: &[u8]) -> Option<()> {
        let is_hidden = name.starts_with(b".");
        if is_hidden || [folder.as_bytes(), name].concat().as_slice() <= self.after.as_bytes() {
            return Some(());
        }
        let path = format!("{folder}{}", String::from_utf8_lossy(name));
        let problem = Problem::new(ProblemKind::Name, path, "the name must be UTF-8");
        self.push(Entry::Unnamed(problem))
    }

    fn push(&mut self, entry: Entry) -> Option<()> {
        self.batch.push(entry);
        if self.batch.len() < BATCH { Some(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Option<()> {
        let batch = std::mem::take(&mut self.batch);
        self.sender.blocking_send(batch).ok()
    }
}
