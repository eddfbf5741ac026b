//! Files that are whole or not there, and their digests.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::media::Digest;

const CHUNK_BYTES: usize = 1 << 20;

/// The name under which a file is written before it gets its own.
pub(super) fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Writes a file aside and puts it into place.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = aside(path);
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    settle(&file, &aside, path)
}

/// Makes a file durable, then gives it its name.
pub(super) fn settle(file: &File, aside: &Path, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(aside, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder, and its name and those of the folders above it durable up to `root`.
pub(super) fn make_folder(folder: &Path, root: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    for above in folder.ancestors().skip(1).take_while(|above| above.starts_with(root)) {
        sync_folder(above)?;
    }
    Ok(())
}

/// Copies a file, and returns its size and SHA-256 as they went by.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<(u64, String)> {
    let mut target = File::create(to)?;
    let read = read(from, |bytes| target.write_all(bytes))?;
    target.sync_all()?;
    Ok(read)
}

/// The size and SHA-256 of a file.
pub(super) fn digest(path: &Path) -> io::Result<(u64, String)> {
    read(path, |_| Ok(()))
}

fn read(path: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<(u64, String)> {
    let (mut file, mut digest) = (File::open(path)?, Digest::new());
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        digest.update(bytes);
        take(bytes)?;
    }
    let checksums = digest.finish();
    Ok((checksums.size, hex(&checksums.sha256)))
}

/// Every file below a folder, as paths from there; none if the folder is missing.
pub(super) fn below(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = match fs::read_dir(&next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if let Ok(path) = entry.path().strip_prefix(folder) {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
