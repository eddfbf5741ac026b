//! Measures scans of libraries beside what the shell does with the same files: the first scan beside
//! `sha256sum` on every core, one of what did not change beside `find -printf`, and how much memory
//! each takes at two sizes. The files are in the page cache, the database is new. Only the ratios
//! carry over to other machines.
//!
//! `cargo bench --bench scan [-- --quick]`

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Write as _, stdout};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use albumen_server::access::{Actor, Network, UserActor, Via};
use albumen_server::app::{App, Clock};
use albumen_server::blob::BlobStore;
use albumen_server::config::Config;
use albumen_server::crontab::Schedule;
use albumen_server::entity::library_scan::State;
use albumen_server::entity::user;
use albumen_server::id::{LibraryId, SessionId, UserId};
use albumen_server::jobs::{Jobs, Kind, run_until_idle};
use albumen_server::libraries::{self, NewLibrary, Report, Scan, Values};
use anyhow::{Context as _, Result, bail, ensure};
use sea_orm::{ActiveModelTrait as _, Set};
use tempfile::TempDir;
use tokio::time::Instant;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Scale {
    rounds: usize,
    /// Files of the smaller library; the larger one has four times as many.
    files: usize,
    file_bytes: usize,
}

const FULL: Scale = Scale { rounds: 5, files: 20_000, file_bytes: 64 << 10 };
const QUICK: Scale = Scale { rounds: 1, files: 500, file_bytes: 16 << 10 };
/// How many files lie in one folder.
const FOLDER: usize = 500;

fn main() -> Result<()> {
    let mut scale = FULL;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            // Cargo adds the first.
            "--bench" => {}
            "--quick" => scale = QUICK,
            unknown => bail!("{unknown} is no option: there is --quick"),
        }
    }
    tokio::runtime::Runtime::new()?.block_on(compare(scale))
}

async fn compare(scale: Scale) -> Result<()> {
    let mut out = stdout();
    writeln!(out, "{} bytes a file; median of {} rounds\n", scale.file_bytes, scale.rounds)?;
    writeln!(out, "| files | scan | files/s | × the shell | peak memory, MiB |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for files in [scale.files, scale.files * 4] {
        let folder = tempfile::tempdir()?;
        fill(folder.path(), files, scale.file_bytes)?;
        let (mut first, mut again) = (Vec::new(), Vec::new());
        for _ in 0..scale.rounds {
            let site = Site::open(folder.path()).await?;
            let shell = shell(folder.path(), DIGEST)?;
            first.push((shell, site.scan(files).await?));
            let shell = self::shell(folder.path(), LIST)?;
            again.push((shell, site.scan(files).await?));
        }
        for (name, mut rounds) in [("first", first), ("unchanged", again)] {
            rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
            let median = &rounds[rounds.len() / 2];
            let (speed, ratio) = (files as f64 / median.1.seconds, ratio(median));
            let peak = rounds.iter().map(|(_, ours)| ours.growth_bytes).max().unwrap_or(0) >> 20;
            writeln!(out, "| {files} | {name} | {speed:.0} | {ratio:.2} | {peak} |")?;
        }
    }
    Ok(())
}

fn ratio((shell, ours): &(f64, Sample)) -> f64 {
    ours.seconds / shell
}

/// The digest of every file, by as many processes as there are cores.
const DIGEST: &str = "find . -type f -print0 | xargs -0 -P \"$(nproc)\" -n 64 sha256sum";
/// What tells whether a file changed.
const LIST: &str = "find . -type f -printf '%s %T@\\n'";

/// How many seconds a command takes in a folder.
fn shell(folder: &Path, command: &str) -> Result<f64> {
    let started = Instant::now();
    let mut shell = Command::new("sh");
    let status = shell.args(["-c", command]).current_dir(folder).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{command}: {status}");
    Ok(started.elapsed().as_secs_f64())
}

/// Files that pass for photos, another one for each number.
fn fill(folder: &Path, files: usize, bytes: usize) -> Result<()> {
    // Long ago: what was changed lately is left for later.
    let settled = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for number in 0..files {
        let folder = folder.join(format!("{:05}", number / FOLDER));
        if number % FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        let mut content = vec![0xff, 0xd8, 0xff, 0xe0];
        content.extend((number as u64).to_le_bytes());
        content.resize(bytes, 7);
        let mut file = File::create(folder.join(format!("{number:07}.jpg")))?;
        file.write_all(&content)?;
        file.set_modified(settled)?;
    }
    Ok(())
}

/// An installation with a library.
struct Site {
    app: App,
    actor: Actor,
    library: LibraryId,
    _folder: TempDir,
}

/// What one scan took.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    growth_bytes: u64,
}

impl Site {
    async fn open(photos: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let photos: PathBuf = fs::canonicalize(photos)?;
        let flags = BTreeMap::from([
            ("data-dir".to_owned(), folder.path().display().to_string()),
            ("library-roots".to_owned(), photos.display().to_string()),
        ]);
        let config = Config::read(&flags, &BTreeMap::new()).map_err(anyhow::Error::msg)?;
        let blobs = BlobStore::open(&config)?;
        // Nothing but the scan.
        let jobs = Jobs::new(vec![Kind::of::<Scan>()], Vec::new());
        let app = albumen_server::open_with(config, Clock::System, blobs, jobs).await?;
        let owner_id = UserId::generate();
        let row = owner(&app, owner_id);
        app.transact(|transaction| async move { Ok(row.insert(&*transaction).await?) }).await?;
        let actor = Actor::User(UserActor {
            id: owner_id,
            is_admin: true,
            via: Via::Session(SessionId::generate()),
            network: Network::of(Ipv4Addr::LOCALHOST.into()),
            expire_time: None,
        });
        let values = Values {
            display_name: "Archive".to_owned(),
            import_paths: vec![photos.display().to_string()],
            exclusions: Vec::new(),
            schedule: Schedule::default(),
            is_watched: false,
        };
        let new = NewLibrary { id: None, owner_id, values };
        let library = libraries::create(&app, &actor, new).await?.library.id;
        Ok(Self { app, actor, library, _folder: folder })
    }

    async fn scan(&self, files: usize) -> Result<Sample> {
        // Nobody follows it.
        drop(libraries::scan(&self.app, &self.actor, self.library, false).await?);
        forget_peak()?;
        let (before, started) = (memory("VmRSS:")?, Instant::now());
        run_until_idle(&self.app).await?;
        let seconds = started.elapsed().as_secs_f64();
        let growth_bytes = memory("VmHWM:")?.saturating_sub(before);
        let scan = libraries::get(&self.app, &self.actor, self.library).await?.last_scan;
        let scan = scan.context("no scan")?;
        let found = Report::of(&scan)?.counts.found;
        ensure!(scan.state == State::Succeeded && found == files as i64, "{scan:?}");
        Ok(Sample { seconds, growth_bytes })
    }
}

fn owner(app: &App, id: UserId) -> user::ActiveModel {
    let now = app.now();
    user::ActiveModel {
        id: Set(id),
        email: Set("owner@example.org".to_owned()),
        folded_email: Set("owner@example.org".to_owned()),
        display_name: Set("owner".to_owned()),
        password_hash: Set(String::new()),
        is_admin: Set(true),
        quota_bytes: Set(None),
        used_bytes: Set(0),
        export_part_size_bytes: Set(None),
        create_time: Set(now),
        update_time: Set(now),
        disabled_time: Set(None),
        delete_time: Set(None),
        purge_time: Set(None),
    }
}

/// What the kernel says of this process's memory, in bytes.
fn memory(name: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next());
    Ok(number.with_context(|| format!("no {name} in status"))?.parse::<u64>()? << 10)
}

fn forget_peak() -> Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}
