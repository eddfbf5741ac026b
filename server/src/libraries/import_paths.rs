//! The folders of libraries: which the server may read, and whether it can now.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::Dir;
use rustix::io::Errno;

use crate::blob::beneath;
use crate::config::Config;
use crate::error::{Error, Result};

/// What there is to say about an import path.
#[derive(Debug)]
pub struct Verdict {
    /// The path as it was given.
    pub import_path: String,
    /// Why it cannot be scanned, and what to do about it; none if it can.
    pub problem: Option<String>,
}

/// A path with which the paths of everything below a folder begin.
pub(super) fn prefix(folder: &str) -> String {
    if folder.ends_with('/') { folder.to_owned() } else { format!("{folder}/") }
}

/// Says of each path whether it could be scanned now. Blocks.
pub(super) fn validate(config: &Config, paths: Vec<String>) -> Vec<Verdict> {
    let verdict = |import_path: String| {
        let problem = canonical(config, &import_path).err();
        Verdict { import_path, problem }
    };
    paths.into_iter().map(verdict).collect()
}

/// The import paths of a library as they are kept, without symbolic links. Those in `known` are
/// taken as they are: their disk may be away. Blocks.
///
/// Fails with `library.import_paths` and the number of the first one that cannot be scanned or
/// lies inside another.
pub(super) fn parse(config: &Config, given: &[String], known: &[String]) -> Result<Vec<String>> {
    let field = |index: usize| format!("library.import_paths[{index}]");
    let mut paths: Vec<String> = Vec::new();
    for (index, path) in given.iter().enumerate() {
        let path = if known.contains(path) {
            path.clone()
        } else {
            canonical(config, path).map_err(|why| Error::invalid(field(index), why))?
        };
        let is_nested = |other: &&String| {
            Path::new(other).starts_with(&path) || Path::new(&path).starts_with(other)
        };
        if let Some(other) = paths.iter().find(is_nested) {
            let why = format!("must not lie inside another import path, as with {other}");
            return Err(Error::invalid(field(index), why));
        }
        paths.push(path);
    }
    if paths.is_empty() {
        return Err(Error::invalid("library.import_paths", "must not be empty"));
    }
    Ok(paths)
}

/// The path without symbolic links, if the server may scan it and can read it now; else what it
/// must be.
fn canonical(config: &Config, path: &str) -> Result<String, String> {
    if config.library_roots.is_empty() {
        return Err("cannot be scanned: the server's setting library-roots \
                    (ALBUMEN_LIBRARY_ROOTS) names no folders"
            .to_owned());
    }
    if !path.starts_with('/') {
        return Err("must be absolute".to_owned());
    }
    let found = fs::canonicalize(path).map_err(|error| unreadable(&error))?;
    beneath_root(config, &found)?;
    let Some(path) = found.to_str() else { return Err("must be UTF-8".to_owned()) };
    open(config, path)?;
    Ok(path.to_owned())
}

/// The root that a path lies in, and the rest of the path.
fn beneath_root(config: &Config, path: &Path) -> Result<(PathBuf, PathBuf), String> {
    let roots = config.library_roots.iter().filter_map(|root| fs::canonicalize(root).ok());
    let found = roots.filter_map(|root| {
        let rest = path.strip_prefix(&root).ok()?.to_owned();
        Some((root, rest))
    });
    let found = found.max_by_key(|(root, _)| root.as_os_str().len());
    let (root, rest) = found.ok_or_else(|| {
        "must lie below a folder that the server's setting library-roots \
         (ALBUMEN_LIBRARY_ROOTS) names"
            .to_owned()
    })?;
    // What is stored there are the same photos once more, and more each day.
    for own in ["blobs", "uploads"] {
        let own = fs::canonicalize(config.data_dir.join(own));
        if own.is_ok_and(|own| own.starts_with(path) || path.starts_with(&own)) {
            return Err("must not hold the server's own store of photos".to_owned());
        }
    }
    Ok((root, rest))
}

/// Opens an import path as it is kept, beneath its root and through no symbolic link. Blocks.
/// Fails with what is wrong with it.
pub(super) fn open(config: &Config, path: &str) -> Result<OwnedFd, String> {
    let (root, rest) = beneath_root(config, Path::new(path))?;
    let opened = File::open(root).and_then(|root| {
        let folder = beneath::open_folder(root, &rest)?;
        // A folder that may be entered but not listed says so here.
        Dir::read_from(&folder)?.read().transpose()?;
        Ok(folder)
    });
    opened.map_err(|error| unreadable(&error))
}

/// Whether nothing at all is in a folder.
pub(super) fn is_empty(folder: &OwnedFd) -> bool {
    let entries = Dir::read_from(folder).map(|entries| {
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_owned()));
        names
            .filter(|name| !matches!(name.as_deref().map(CStr::to_bytes), Ok(b"." | b"..")))
            .count()
    });
    entries.unwrap_or_default() == 0
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "must be a folder that is there".to_owned(),
        io::ErrorKind::NotADirectory => "must be a folder".to_owned(),
        _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            "must not lead through a symbolic link".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    }
}
