//! What the kernel says of a process and of the machine.

use std::fs;

use anyhow::{Context as _, Result};

/// Ticks of `/proc` in a second: the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// A running process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// Seconds on a processor so far, in user and kernel mode.
    pub(crate) fn cpu_seconds(self) -> Result<f64> {
        let stat = self.read("stat")?;
        // The name, in parentheses, may contain blanks.
        let (_, fields) = stat.rsplit_once(')').context("malformed stat")?;
        let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(times.sum::<Result<f64, _>>()? / TICKS)
    }

    /// Resident bytes now.
    pub(crate) fn resident(self) -> Result<u64> {
        Ok(self.status("VmRSS:")? << 10)
    }

    /// The most resident bytes since [`Process::forget_peak`].
    pub(crate) fn peak(self) -> Result<u64> {
        Ok(self.status("VmHWM:")? << 10)
    }

    pub(crate) fn forget_peak(self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.0), "5")?)
    }

    pub(crate) fn threads(self) -> Result<u64> {
        self.status("Threads:")
    }

    fn status(self, name: &str) -> Result<u64> {
        let status = self.read("status")?;
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        let number = value.and_then(|value| value.split_whitespace().next());
        Ok(number.with_context(|| format!("no {name} in status"))?.parse()?)
    }

    fn read(self, file: &str) -> Result<String> {
        Ok(fs::read_to_string(format!("/proc/{}/{file}", self.0))?)
    }
}

/// Seconds that all processors together were busy, or taken away by the host, since the start.
pub(crate) fn machine_seconds() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("empty stat")?;
    let fields: Vec<f64> = line.split_whitespace().skip(1).map_while(|n| n.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    Ok([0, 1, 2, 5, 6, 7].iter().filter_map(|index| fields.get(*index)).sum::<f64>() / TICKS)
}

/// How many processors there are.
pub(crate) fn processors() -> f64 {
    std::thread::available_parallelism()
        .map_or(1, |number| u32::try_from(number.get()).unwrap_or(1))
        .into()
}
