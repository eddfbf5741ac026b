//! Archives as other people's tools see them: Info-ZIP, 7-Zip, libarchive and Python.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use albumen_server::zip::{
    Entry, EntryTime, Layout, Manifest, Names, Piece, Source, part_file_name, split,
};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const TIME: EntryTime = EntryTime { unix_seconds: 1_720_009_815, local_offset_seconds: 7_200 };

/// The same time in the local time of DOS.
const DOS_TIME: &str = "2024-07-03 14:30:14";

/// Prints the entries of the archive; with `--test` it reads them first.
const PYTHON: &str = "
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert '--test' not in sys.argv or archive.testzip() is None
for e in archive.infolist():
    time = '%04d-%02d-%02d %02d:%02d:%02d' % e.date_time
    print(f'{time} {e.external_attr >> 16:o} {e.file_size} {e.filename}')
";

#[derive(Clone)]
enum Contents {
    Bytes(Vec<u8>),
    /// So many zeros, a hole in the archive's file.
    Zeros(u64),
}

/// An archive on disk and what it was made of.
struct Archive {
    path: PathBuf,
    entries: Vec<Entry>,
    _folder: Option<TempDir>,
}

impl Archive {
    fn new(files: &[(&str, Contents)]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("archive.zip");
        let archive = Self::write(path, files);
        Self { _folder: Some(folder), ..archive }
    }

    fn write(path: PathBuf, files: &[(&str, Contents)]) -> Self {
        let entries: Vec<_> = files.iter().map(|(name, contents)| entry(name, contents)).collect();
        let layout = Layout::new(Manifest::new(&entries).unwrap());
        let mut file = BufWriter::new(File::create(&path).unwrap());
        for piece in layout.pieces(0..layout.size()) {
            match piece {
                Piece::Bytes(bytes) => file.write_all(&bytes).unwrap(),
                Piece::File { entry, range } => match &files[entry].1 {
                    Contents::Bytes(bytes) => {
                        file.write_all(&bytes[range.start as usize..range.end as usize]).unwrap();
                    }
                    Contents::Zeros(_) => {
                        file.seek_relative((range.end - range.start) as i64).unwrap();
                    }
                },
            }
        }
        file.flush().unwrap();
        assert_eq!(path.metadata().unwrap().len(), layout.size());
        Self { path, entries, _folder: None }
    }

    /// Every tool finds the entries in their order.
    fn check_directory(&self) {
        let names = self.entries.iter().map(|entry| entry.name.as_str());
        let listed = run(Command::new("bsdtar").arg("-tf").arg(&self.path));
        assert!(listed.lines().eq(names), "{listed}");

        let listed = run(Command::new("unzip").arg("-Z1").arg(&self.path));
        assert_eq!(listed.lines().count(), self.entries.len());

        self.check_python(&[]);
    }

    /// Every tool finds the entries in their order, and every byte of them intact.
    fn check(&self) {
        self.check_directory();
        self.check_python(&["--test"]);
        assert!(run(Command::new("unzip").arg("-tqq").arg(&self.path)).is_empty());
        assert!(run(Command::new("7zz").arg("t").arg(&self.path)).contains("Everything is Ok"));
    }

    fn check_python(&self, options: &[&str]) {
        let listed =
            run(Command::new("python3").args(["-c", PYTHON]).arg(&self.path).args(options));
        let entries = self.entries.iter();
        let expected =
            entries.map(|Entry { name, size, .. }| format!("{DOS_TIME} 100644 {size} {name}"));
        assert!(listed.lines().eq(expected), "{listed}");
    }

    /// Unpacks what does not exist yet.
    fn unpack(&self, folder: &Path) {
        run(Command::new("unzip").arg("-qn").arg(&self.path).arg("-d").arg(folder));
    }
}

fn entry(name: &str, contents: &Contents) -> Entry {
    let (size, crc32) = match contents {
        Contents::Bytes(bytes) => (bytes.len() as u64, crc32fast::hash(bytes)),
        Contents::Zeros(size) => (*size, crc32_of_zeros(*size)),
    };
    Entry { source: Source::default(), name: name.to_owned(), size, crc32, time: TIME }
}

/// CRC-32 of so many zeros, by combining that of blocks.
fn crc32_of_zeros(size: u64) -> u32 {
    let zeros = vec![0; 1 << 20];
    let [mut all, mut block] = [(); 2].map(|()| crc32fast::Hasher::new());
    all.update(&zeros[..(size % (1 << 20)) as usize]);
    block.update(&zeros);
    for _ in 0..size >> 20 {
        all.combine(&block);
    }
    all.finalize()
}

/// What a tool prints; it must be there and succeed.
fn run(tool: &mut Command) -> String {
    let name = tool.get_program().to_owned();
    let output = match tool.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("{name:?} is missing: run `make setup`")
        }
        Err(error) => panic!("{name:?}: {error}"),
    };
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{name:?}: {stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

fn bytes(bytes: &[u8]) -> Contents {
    Contents::Bytes(bytes.to_vec())
}

/// Sizes and offsets beyond 32 bits, in a file that takes next to no room.
fn huge() -> Archive {
    Archive::new(&[
        ("first.txt", bytes(b"first")),
        ("huge.mov", Contents::Zeros((1 << 32) + 12_345)),
        ("last.txt", bytes(b"last")),
    ])
}

#[test]
fn names_of_all_scripts_and_empty_files() {
    let archive = Archive::new(&[
        ("plain.txt", bytes(b"Hello, world!\n")),
        ("empty.bin", bytes(b"")),
        ("Grüße aus Köln.jpg", bytes(&[7; 100_000])),
        ("日本の春 🌸.jpg", bytes(&[1, 2, 3])),
        ("حديقة.jpg", bytes(&[4])),
        ("2024-07-03/👨\u{200D}👩\u{200D}👧.heic", bytes(&[5; 5])),
    ]);
    archive.check();
}

#[test]
fn an_archive_without_entries() {
    let archive = Archive::new(&[]);
    archive.check_python(&["--test"]);
    assert!(run(Command::new("bsdtar").arg("-tf").arg(&archive.path)).is_empty());
    assert!(run(Command::new("7zz").arg("t").arg(&archive.path)).contains("Everything is Ok"));
}

#[test]
fn more_entries_than_16_bits_count() {
    let names: Vec<_> = (0..70_000).map(|i| format!("{i}.txt")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), bytes(name.as_bytes()))).collect();
    Archive::new(&files).check();
}

#[test]
fn files_beyond_32_bits_are_found() {
    let archive = huge();
    archive.check_directory();
    let mut tools = ["unzip", "7zz", "bsdtar"].map(Command::new);
    tools[0].arg("-p");
    tools[1].args(["e", "-so"]);
    tools[2].arg("-xOf");
    for tool in &mut tools {
        assert_eq!(run(tool.arg(&archive.path).arg("last.txt")), "last");
    }
}

#[test]
fn files_beyond_32_bits_are_intact() {
    #[expect(clippy::disallowed_methods, reason = "how long a test may take is not a setting")]
    let wanted = std::env::var_os("ALBUMEN_TEST_LARGE");
    if wanted.is_none_or(|value| value != "1") {
        eprintln!("skipped: reads 4 GiB with every tool, set ALBUMEN_TEST_LARGE=1");
        return;
    }
    huge().check();
}

#[test]
fn unpacked_files_have_their_time_and_mode() {
    let folder = TempDir::new().unwrap();
    Archive::new(&[("a.jpg", bytes(&[1]))]).unpack(folder.path());
    let unpacked = folder.path().join("a.jpg").metadata().unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME.unix_seconds as u64);
    assert_eq!(unpacked.modified().unwrap(), time);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&unpacked.permissions()), 0o100_644);
}

#[test]
fn parts_unpacked_into_one_folder_overwrite_nothing() {
    let folder = TempDir::new().unwrap();
    let unpacked = folder.path().join("unpacked");
    let names = [
        "a.jpg",
        "A.JPG",
        "a.jpg",
        "a (2).jpg",
        "con.jpg",
        "../b.jpg",
        "x/y.jpg",
        " .",
        "e\u{301}",
        "é",
    ];
    let mut names = Names::resolve(names);
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), bytes(&[1; 1_000]))).collect();
    let entries: Vec<_> = files.iter().map(|(name, contents)| entry(name, contents)).collect();

    let parts = split(entries.chunks(2), 5_000);
    assert_eq!(parts.len(), 3);
    for (part, number) in parts.iter().zip(1..) {
        let path = folder.path().join(part_file_name("Summer 2024", number, parts.len() as u32));
        let archive = Archive::write(path, &files[part.clone()]);
        assert!(archive.path.metadata().unwrap().len() <= 5_000);
        archive.check();
        archive.unpack(&unpacked);
    }

    let found =
        unpacked.read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    names.sort_unstable();
    assert_eq!(found, names);
}
