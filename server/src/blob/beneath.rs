//! Opening what lies below a folder, and nothing else: no part of a path may be a symbolic link, and
//! no `..` leads out. What somebody puts in the way of a path that was checked leads nowhere.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

/// A path that is a pipe by now must not make the reader wait.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NOCTTY)
    .union(OFlags::NONBLOCK);
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW).union(OFlags::DIRECTORY);
/// Folders on the way, which one may be allowed to pass through but not to list.
#[cfg(target_os = "linux")]
const PASSAGE: OFlags = FOLDER.union(OFlags::PATH);
#[cfg(not(target_os = "linux"))]
const PASSAGE: OFlags = FOLDER;
/// How often a path is tried that others rename while the kernel resolves it.
#[cfg(target_os = "linux")]
const TRIES: u32 = 16;

/// Opens a file for reading. `path` is absolute. Fails if it is no ordinary file.
pub(super) fn open_absolute(path: &Path) -> io::Result<File> {
    let below = path.strip_prefix("/").map_err(|_| io::ErrorKind::InvalidInput)?;
    let file = open_file(rustix::fs::open("/", PASSAGE, Mode::empty())?, below)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// Opens a file for reading. `path` is relative to the folder.
pub fn open_file(folder: impl AsFd, path: &Path) -> io::Result<File> {
    Ok(open(folder.as_fd(), path, FILE)?.into())
}

/// Opens a folder for reading. `path` is relative to the other one, and may be empty.
pub fn open_folder(folder: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    let path = if path == Path::new("") { Path::new(".") } else { path };
    Ok(open(folder.as_fd(), path, FOLDER)?)
}

#[cfg(target_os = "linux")]
fn open(folder: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};

    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES {
        match openat2(folder.as_fd(), path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A kernel, or a container's filter, that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => return open_by_steps(folder, path, flags),
            opened => return opened,
        }
    }
    Err(Errno::AGAIN)
}

#[cfg(not(target_os = "linux"))]
fn open(folder: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    open_by_steps(folder, path, flags)
}

/// Opens folder by folder, none of them through a link.
fn open_by_steps(folder: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut names = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(Errno::XDEV);
            }
        }
    }
    let last = names.pop().unwrap_or(OsStr::new("."));
    let mut open: Option<OwnedFd> = None;
    for name in names {
        let next = match &open {
            Some(folder) => openat(folder, name, PASSAGE, Mode::empty())?,
            None => openat(folder.as_fd(), name, PASSAGE, Mode::empty())?,
        };
        open = Some(next);
    }
    match &open {
        Some(folder) => openat(folder, last, flags, Mode::empty()),
        None => openat(folder.as_fd(), last, flags, Mode::empty()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_lies_below_the_folder_is_opened() {
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("photos");
        fs::create_dir_all(folder.join("a/b")).unwrap();
        fs::write(folder.join("a/b/c.jpg"), "inside").unwrap();
        fs::write(outside.path().join("secret"), "outside").unwrap();
        symlink(outside.path().join("secret"), folder.join("link")).unwrap();
        symlink(outside.path(), folder.join("a/up")).unwrap();
        symlink("b", folder.join("a/beside")).unwrap();
        let root = File::open(&folder).unwrap();
        for by_steps in [false, true] {
            let open = |path: &str| {
                let path = Path::new(path);
                if by_steps {
                    open_by_steps(&root, path, FILE)
                } else {
                    open(root.as_fd(), path, FILE)
                }
            };
            let mut text = String::new();
            File::from(open("a/b/c.jpg").unwrap()).read_to_string(&mut text).unwrap();
            assert_eq!(text, "inside");
            for path in [
                "link",
                "../secret",
                "a/up/secret",
                "a/beside/c.jpg",
                "a/../../secret",
                "/etc/hosts",
            ] {
                assert!(open(path).is_err(), "{path}");
            }
        }
        assert!(open_folder(&root, Path::new("a/b")).is_ok());
        assert!(open_folder(&root, Path::new("")).is_ok());
        assert!(open_folder(&root, Path::new("a/up")).is_err());
    }

    #[test]
    fn a_symbolic_link_anywhere_in_an_absolute_path_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("real")).unwrap();
        fs::write(root.join("real/file"), "bytes").unwrap();
        symlink(root.join("real"), root.join("folder")).unwrap();
        symlink(root.join("real/file"), root.join("file")).unwrap();
        assert!(open_absolute(&root.join("real/file")).is_ok());
        for path in ["folder/file", "file"] {
            assert!(open_absolute(&root.join(path)).is_err(), "{path}");
        }
        assert!(open_absolute(&root).is_err(), "a folder");
        assert!(open_absolute(Path::new("real/file")).is_err(), "relative");
    }
}
