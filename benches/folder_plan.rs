//! Measures how fast albums are planned from folders, and how much memory that takes.
//! `docs/performance.md` explains the rows.
//!
//! `cargo bench --bench folder_plan [-- --quick]`

#[path = "folder_plan/dataset.rs"]
mod dataset;

use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::io::{Write as _, stdout};
use std::process::Command;

use albumen_folder_plan::{NameExpression, Options, Planner};
use anyhow::{Context as _, Result, bail, ensure};
use dataset::{Order, ROOT, paths};

/// A set of options, by how much they ask for.
#[derive(Debug, Clone, Copy)]
enum Work {
    Plain,
    Globs,
    Names,
}

impl Work {
    const ALL: [Self; 3] = [Self::Plain, Self::Globs, Self::Names];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "without filters",
            Self::Globs => "four globs",
            Self::Names => "two name expressions",
        }
    }

    /// What the public script plans in a CPU second of another machine, with a million paths.
    fn script(self) -> f64 {
        match self {
            Self::Plain => 183_000.0,
            Self::Globs => 38_000.0,
            Self::Names => 47_000.0,
        }
    }

    fn planner(self) -> Result<Planner> {
        let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let expression = |pattern: &str, replacement: &str| NameExpression {
            pattern: pattern.to_owned(),
            replacement: replacement.to_owned(),
        };
        let mut options = Options {
            roots: vec![ROOT.to_owned()],
            album_levels: "3".to_owned(),
            ..Options::default()
        };
        match self {
            Self::Plain => {}
            Self::Globs => {
                options.path_filter = texts(["20??/**", "**/Trip*/*.jpg"]);
                options.ignore = texts(["**/@eaDir/**", "_draft"]);
            }
            Self::Names => {
                options.album_name_post_regex =
                    vec![expression(r"^(\d{4}) (\d+) (\w{3})", r"\3 \1"), expression("_", " ")];
            }
        }
        Ok(Planner::new(&options)?)
    }
}

fn main() -> Result<()> {
    let mut counts = [10_000, 100_000, 1_000_000].as_slice();
    let mut seconds = 1.0;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // How this calls itself: memory is measured in a process that has done nothing else.
    if let [mode, count, order, work] = arguments.as_slice()
        && mode == "--memory"
    {
        let order = *Order::ALL.get(order.parse::<usize>()?).context("no such order")?;
        let work = *Work::ALL.get(work.parse::<usize>()?).context("no such work")?;
        return print_memory(count.parse()?, order, work);
    }
    for argument in &arguments {
        match argument.as_str() {
            // Cargo adds the first.
            "--bench" => {}
            "--quick" => (counts, seconds) = (&[1000, 10_000], 0.05),
            unknown => bail!("{unknown} is no option: there is --quick"),
        }
    }
    let mut out = stdout();
    writeln!(out, "the script's speed is from another machine, with a million paths\n")?;
    writeln!(
        out,
        "| paths | order | options | paths per CPU s | × script | × baseline's time | bytes per path |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    for &count in counts {
        for (order_number, order) in Order::ALL.into_iter().enumerate() {
            let paths = paths(count, order);
            for (work_number, work) in Work::ALL.into_iter().enumerate() {
                let planner = work.planner()?;
                let plain = speed(seconds, count, || {
                    black_box(baseline(&paths).len());
                })?;
                let ours = speed(seconds, count, || {
                    black_box(planner.plan(&paths).albums().len());
                })?;
                let memory = memory(count, order_number, work_number)?;
                let (script, order, work) = (ours / work.script(), order.name(), work.name());
                let slower = plain / ours;
                writeln!(
                    out,
                    "| {count} | {order} | {work} | {ours:.0} | {script:.0} | {slower:.1} | {memory:.0} |"
                )?;
            }
        }
    }
    Ok(())
}

/// The least that can be done: albums of the first folder.
fn baseline(paths: &[String]) -> HashMap<&str, Vec<usize>> {
    let mut albums = HashMap::<_, Vec<_>>::new();
    for (index, path) in paths.iter().enumerate() {
        let below = path.strip_prefix(ROOT).and_then(|path| path.strip_prefix('/'));
        if let Some((folder, _)) = below.and_then(|below| below.split_once('/')) {
            albums.entry(folder).or_default().push(index);
        }
    }
    albums
}

/// How many of `count` items are done in a CPU second, from at least so many seconds.
fn speed(seconds: f64, count: usize, mut work: impl FnMut()) -> Result<f64> {
    work();
    let started = cpu_seconds()?;
    let mut rounds = 0.0;
    loop {
        work();
        rounds += 1.0;
        let spent = cpu_seconds()? - started;
        if spent >= seconds {
            return Ok(rounds * count as f64 / spent);
        }
    }
}

/// Seconds on a processor so far.
fn cpu_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may contain blanks. The kernel counts in hundredths.
    let (_, fields) = stat.rsplit_once(')').context("malformed stat")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? / 100.0)
}

/// Bytes that planning takes for each path at most, beyond the paths.
fn memory(count: usize, order: usize, work: usize) -> Result<f64> {
    let numbers = [count, order, work].map(|number| number.to_string());
    let output = Command::new(std::env::current_exe()?).arg("--memory").args(numbers).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn print_memory(count: usize, order: Order, work: Work) -> Result<()> {
    let paths = paths(count, order);
    let planner = work.planner()?;
    // What the expressions keep for themselves once they were used.
    black_box(planner.plan(&paths[..paths.len().min(100)]).albums().len());
    let before = status("VmRSS:")?;
    let plan = planner.plan(&paths);
    let after = status("VmHWM:")?;
    black_box(plan.albums().len());
    writeln!(stdout(), "{}", (after - before) / count as f64)?;
    Ok(())
}

/// A number of bytes that the kernel knows of this process.
fn status(name: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next());
    Ok(number.with_context(|| format!("no {name} in status"))?.parse::<f64>()? * 1024.0)
}
