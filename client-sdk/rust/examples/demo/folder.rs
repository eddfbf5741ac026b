//! Finding the photos of a folder.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

const STILL: [&str; 4] = ["heic", "heif", "jpg", "jpeg"];
const MOTION: [&str; 1] = ["mov"];

/// A folder of photos.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// Its own name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) root: PathBuf,
    /// What is to be uploaded, in order.
    pub(crate) items: Vec<Item>,
    /// What is not, and why.
    pub(crate) skipped: Vec<(PathBuf, String)>,
    /// The size of all items.
    pub(crate) size_bytes: u64,
}

/// A file, and its motion part if the two are a live photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) path: PathBuf,
    pub(crate) motion: Option<PathBuf>,
}

/// Finds the files of a folder and of those in it, sorted by path. Symbolic links are not followed.
pub(crate) fn read(root: &Path) -> Result<Folder> {
    let whole = fs::canonicalize(root).with_context(|| root.display().to_string())?;
    let name = whole.file_name().unwrap_or(OsStr::new("Photos")).to_string_lossy();
    let name = name.chars().take(255).collect();
    let mut folder = Folder { name, root: whole.clone(), ..Folder::default() };
    let mut files = Vec::new();
    let entries = entries(&whole).with_context(|| root.display().to_string())?;
    for path in entries {
        walk(path, &mut folder, &mut files);
    }
    folder.items = pair(&files);
    Ok(folder)
}

fn walk(path: PathBuf, folder: &mut Folder, files: &mut Vec<PathBuf>) {
    let metadata = fs::symlink_metadata(&path);
    let why = match metadata {
        Err(error) => unreadable(&error),
        Ok(metadata) if metadata.is_symlink() => "a symbolic link".to_owned(),
        Ok(metadata) if metadata.is_dir() => match entries(&path) {
            Ok(entries) => {
                return entries.into_iter().for_each(|path| walk(path, folder, files));
            }
            Err(error) => unreadable(&error),
        },
        Ok(metadata) if !metadata.is_file() => "not a regular file".to_owned(),
        Ok(metadata) if metadata.len() == 0 => "empty, 0 bytes".to_owned(),
        Ok(metadata) => {
            folder.size_bytes += metadata.len();
            return files.push(path);
        }
    };
    folder.skipped.push((path, why));
}

/// Says why a file cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "unreadable: permission denied".to_owned(),
        _ => format!("unreadable: {error}"),
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Puts the two files of each live photo together: equal but for the extension.
fn pair(files: &[PathBuf]) -> Vec<Item> {
    let motions = files.iter().filter(|file| has_extension(file, &MOTION));
    let mut motions: HashMap<_, _> =
        motions.map(|motion| (motion.with_extension(""), motion.clone())).collect();
    let mut paired = |path: &PathBuf| {
        let is_still = has_extension(path, &STILL);
        let motion = is_still.then(|| motions.remove(&path.with_extension(""))).flatten();
        Item { path: path.clone(), motion }
    };
    let mut items: Vec<_> = files.iter().map(&mut paired).collect();
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

    #[test]
    fn live_photos_are_pairs_of_one_folder() {
        let files = ["a/1.HEIC", "a/1.JPG", "a/1.MOV", "a/2.MOV", "b/2.jpg", "b/3.png"];
        let items = pair(&files.map(PathBuf::from));
        let item = |path: &str, motion: Option<&str>| Item {
            path: PathBuf::from(path),
            motion: motion.map(PathBuf::from),
        };
        let live = item("a/1.HEIC", Some("a/1.MOV"));
        let others = ["a/1.JPG", "a/2.MOV", "b/2.jpg", "b/3.png"].map(|path| item(path, None));
        assert_eq!(items, [vec![live], others.into()].concat());
    }
}
