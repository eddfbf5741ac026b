//! Finding what to upload.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const STILL: [&str; 4] = ["heic", "heif", "jpg", "jpeg"];
const MOTION: [&str; 1] = ["mov"];

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What is to be uploaded, in order.
    pub(super) items: Vec<Item>,
    /// What cannot be, and why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

/// A file, and its motion part if the two are a live photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) motion: Option<PathBuf>,
    /// Whether it was named itself, rather than found in a folder.
    pub(super) is_named: bool,
}

impl Item {
    /// Its files.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [Some(&self.path), self.motion.as_ref()].into_iter().flatten()
    }
}

/// The size of a file; 0 if it cannot be read.
pub(super) fn size(path: impl AsRef<Path>) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Finds the files that are named, and those in the folders that are.
pub(super) fn find(paths: &[PathBuf]) -> Found {
    let mut walk = Walk::default();
    for path in paths {
        walk.is_named = true;
        if path.is_dir() { walk.folder(path) } else { walk.file(path) }
    }
    walk.found()
}

/// Finds what belongs to single files of a watched folder: a live photo is its two files.
pub(super) fn around(files: &[PathBuf]) -> Found {
    let mut walk = Walk::default();
    for file in files {
        let folder = file.parent().unwrap_or(Path::new("."));
        let stem = file.file_stem();
        let siblings = entries(folder).unwrap_or_default();
        let parts: Vec<_> = siblings
            .into_iter()
            .filter(|path| path.file_stem() == stem && has_extension(path, &[&STILL[..], &MOTION].concat()))
            .collect();
        if has_extension(file, &STILL) || has_extension(file, &MOTION) {
            parts.iter().for_each(|path| walk.file(path));
        }
        walk.file(file);
    }
    walk.found()
}

/// Whether a file of a folder is left out: what hides is no photo of somebody's.
pub(super) fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

#[derive(Default)]
struct Walk {
    is_named: bool,
    files: Vec<(PathBuf, bool)>,
    seen: HashSet<PathBuf>,
    unreadable: Vec<(PathBuf, String)>,
}

impl Walk {
    fn folder(&mut self, folder: &Path) {
        let paths = match entries(folder) {
            Ok(paths) => paths,
            Err(error) => return self.unreadable.push((folder.to_owned(), error.to_string())),
        };
        self.is_named = false;
        for path in paths.into_iter().filter(|path| !is_hidden(path)) {
            match fs::symlink_metadata(&path) {
                Err(error) => self.unreadable.push((path, error.to_string())),
                Ok(metadata) if metadata.is_dir() => self.folder(&path),
                Ok(metadata) if metadata.is_file() => self.file(&path),
                Ok(_) => {}
            }
        }
    }

    fn file(&mut self, path: &Path) {
        if self.seen.insert(path.to_owned()) {
            self.files.push((path.to_owned(), self.is_named));
        }
    }

    fn found(self) -> Found {
        Found { items: pair(&self.files), unreadable: self.unreadable }
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Puts the two files of each live photo together: equal but for the extension.
fn pair(files: &[(PathBuf, bool)]) -> Vec<Item> {
    let motions = files.iter().map(|(path, _)| path).filter(|path| has_extension(path, &MOTION));
    let mut motions: HashMap<_, _> =
        motions.map(|motion| (motion.with_extension(""), motion.clone())).collect();
    let mut items = Vec::new();
    for (path, is_named) in files {
        let is_still = has_extension(path, &STILL);
        let motion = is_still.then(|| motions.remove(&path.with_extension(""))).flatten();
        items.push(Item { path: path.clone(), motion, is_named: *is_named });
    }
    let taken: HashSet<_> = items.iter().filter_map(|item| item.motion.clone()).collect();
    items.retain(|item| !taken.contains(&item.path));
    items
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(path: &str, motion: Option<&str>) -> Item {
        Item { path: PathBuf::from(path), motion: motion.map(PathBuf::from), is_named: false }
    }

    #[test]
    fn live_photos_are_pairs_of_one_folder() {
        let files = ["a/1.HEIC", "a/1.JPG", "a/1.MOV", "a/2.MOV", "b/2.jpg"];
        let items = pair(&files.map(|path| (PathBuf::from(path), false)));
        let live = item("a/1.HEIC", Some("a/1.MOV"));
        let others = ["a/1.JPG", "a/2.MOV", "b/2.jpg"].map(|path| item(path, None));
        assert_eq!(items, [vec![live], others.into()].concat());
    }

    #[test]
    fn folders_are_read_to_the_bottom_without_what_hides() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("a/b/.thumbnails")).unwrap();
        for name in ["1.jpg", "a/2.jpg", "a/b/3.jpg", "a/.4.jpg", "a/b/.thumbnails/5.jpg"] {
            fs::write(root.join(name), "").unwrap();
        }
        let found = find(&[root.to_owned(), root.join("a/.4.jpg"), root.join("1.jpg")]);
        let names = found.items.iter().map(|item| item.path.strip_prefix(root).unwrap());
        let names: Vec<_> = names.map(|name| name.to_str().unwrap()).collect();
        assert_eq!(names, ["1.jpg", "a/2.jpg", "a/b/3.jpg", "a/.4.jpg"]);
        assert!(found.items[3].is_named && !found.items[1].is_named);
    }
}
