//! One download, measured from both ends.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::stream::StreamExt as _;
use tokio::time::Instant;

use crate::client::{Client, Protocol};
use crate::dataset::{Album, Dataset};
use crate::process::{Process, machine_seconds, processors};
use crate::server::Kind;

/// A measurement is repeated if others had more of the machine than this share.
const FOREIGN_SHARE: f64 = 0.1;
const ATTEMPTS: usize = 3;
/// How many times 0.3 seconds to wait for others to finish.
const PATIENCE: usize = 30;

/// A server and a way to ask it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) protocol: Protocol,
}

impl Contender {
    pub(crate) const fn new(name: &'static str, kind: Kind, protocol: Protocol) -> Self {
        Self { name, kind, protocol }
    }
}

/// What one download took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    /// From the request to the first byte of the archive.
    pub(crate) first_byte: f64,
    /// Of the server.
    pub(crate) cpu_seconds: f64,
    /// How many resident bytes the server had more at most than when it was idle.
    pub(crate) growth: u64,
    /// The most resident bytes of the server.
    pub(crate) resident: u64,
    /// The share of the machine that others had meanwhile.
    pub(crate) foreign: f64,
}

impl Sample {
    pub(crate) fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }

    pub(crate) fn cpu_seconds_per_gigabyte(&self) -> f64 {
        self.cpu_seconds * 1e9 / self.bytes as f64
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} MB/s, {:.2} CPU s/GB, {:.1} ms to the first byte, {:.1} MiB more, {:.0} % foreign",
            self.megabytes_per_second(),
            self.cpu_seconds_per_gigabyte(),
            self.first_byte * 1e3,
            self.growth as f64 / f64::from(1 << 20),
            self.foreign * 100.0,
        )
    }
}

/// Measures once the machine is free, else the least disturbed of several attempts.
pub(crate) async fn quietly(
    dataset: &Dataset,
    album: &Album,
    contender: &Contender,
) -> Result<Sample> {
    wait_for_quiet().await?;
    let mut best = once(dataset, album, contender).await?;
    for _ in 1..ATTEMPTS {
        if best.foreign < FOREIGN_SHARE {
            break;
        }
        wait_for_quiet().await?;
        let sample = once(dataset, album, contender).await?;
        if sample.foreign < best.foreign {
            best = sample;
        }
    }
    Ok(best)
}

async fn wait_for_quiet() -> Result<()> {
    for _ in 0..PATIENCE {
        let (busy, started) = (machine_seconds()?, Instant::now());
        tokio::time::sleep(Duration::from_millis(300)).await;
        let seconds = started.elapsed().as_secs_f64();
        if (machine_seconds()? - busy) / seconds / processors() < FOREIGN_SHARE {
            break;
        }
    }
    Ok(())
}

async fn once(dataset: &Dataset, album: &Album, contender: &Contender) -> Result<Sample> {
    let (server, target) = dataset.serve(contender.kind, album)?;
    let process = server.process();
    let client = Client::connect(target, contender.protocol).await?;
    client.warm_up().await?;
    let idle = process.resident()?;
    process.forget_peak()?;
    let before = Clocks::read(process)?;
    let started = Instant::now();
    let mut stream = client.stream(None).await?;
    let (mut bytes, mut first_byte) = (0, None);
    while let Some(chunk) = stream.next().await {
        bytes += chunk?.len() as u64;
        if bytes > 0 && first_byte.is_none() {
            first_byte = Some(started.elapsed().as_secs_f64());
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let after = Clocks::read(process)?;
    ensure!(bytes >= album.bytes, "only {bytes} bytes of {}", album.bytes);
    let foreign = (after.machine - before.machine) - (after.own - before.own);
    Ok(Sample {
        bytes,
        seconds,
        first_byte: first_byte.unwrap_or(seconds),
        cpu_seconds: after.server - before.server,
        growth: process.peak()?.saturating_sub(idle),
        resident: process.peak()?,
        foreign: (foreign / seconds / processors()).max(0.0),
    })
}

/// Seconds of processors.
struct Clocks {
    server: f64,
    /// Server and client together.
    own: f64,
    machine: f64,
}

impl Clocks {
    fn read(process: Process) -> Result<Self> {
        let server = process.cpu_seconds()?;
        let own = server + Process::this().cpu_seconds()?;
        Ok(Self { server, own, machine: machine_seconds()? })
    }
}
