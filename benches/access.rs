//! Measures what the access check costs: reading an album and a page of it as owner, viewer and
//! guest, beside the same reads without any check, in one process and one run.
//! `docs/performance.md` explains the rows. Only the ratios carry over to other machines.
//!
//! `cargo bench --bench access [-- --quick]`

#[path = "access/dataset.rs"]
mod dataset;
#[path = "access/reads.rs"]
mod reads;

use std::io::{Write as _, stdout};

use anyhow::{Result, bail};
use dataset::Dataset;
use reads::{Read, Way};
use tokio::time::Instant;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Scale {
    rounds: usize,
    /// Calls of each kind in a round.
    calls: usize,
    /// Assets in the album that is read.
    assets: [u32; 4],
    /// Albums of the user who reads.
    albums: [u32; 4],
}

impl Scale {
    const FULL: Self = Self {
        rounds: 9,
        calls: 200,
        assets: [100, 1000, 10_000, 100_000],
        albums: [10, 100, 1000, 10_000],
    };
    const QUICK: Self =
        Self { rounds: 3, calls: 20, assets: [10, 20, 50, 100], albums: [1, 5, 10, 20] };
    /// What stays the same while the other grows.
    const ASSETS: usize = 2;
    const ALBUMS: usize = 1;
}

fn main() -> Result<()> {
    let mut scale = Scale::FULL;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            // Cargo adds the first.
            "--bench" => {}
            "--quick" => scale = Scale::QUICK,
            unknown => bail!("{unknown} is no option: there is --quick"),
        }
    }
    tokio::runtime::Runtime::new()?.block_on(compare(scale))
}

async fn compare(scale: Scale) -> Result<()> {
    let (assets, albums) = (scale.assets[Scale::ASSETS], scale.albums[Scale::ALBUMS]);
    let mut out = stdout();
    writeln!(out, "× the same read without a check; in brackets {} rounds\n", scale.rounds)?;
    writeln!(out, "| assets in the album | albums of the user | read | owner | viewer | guest |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for count in scale.assets {
        measure(scale, count, albums).await?;
    }
    for count in scale.albums {
        if count != albums {
            measure(scale, assets, count).await?;
        }
    }
    Ok(())
}

async fn measure(scale: Scale, assets: u32, albums: u32) -> Result<()> {
    let dataset = Dataset::create(assets, albums).await?;
    for read in [Read::Album, Read::Page] {
        let mut line = format!("| {assets} | {albums} | {} |", read.name());
        for way in [Way::Owner, Way::Viewer, Way::Guest] {
            let mut ratios = Vec::new();
            for _ in 0..scale.rounds {
                let bare = seconds(&dataset, read, Way::Bare, scale.calls).await?;
                let ours = seconds(&dataset, read, way, scale.calls).await?;
                ratios.push(ours / bare);
            }
            ratios.sort_by(f64::total_cmp);
            let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
            line += &format!(" {:.2} ({least:.2}–{most:.2}) |", ratios[ratios.len() / 2]);
        }
        writeln!(stdout(), "{line}")?;
    }
    Ok(())
}

/// How long some calls take, one after the other.
async fn seconds(dataset: &Dataset, read: Read, way: Way, calls: usize) -> Result<f64> {
    reads::once(dataset, read, way).await?;
    let started = Instant::now();
    for _ in 0..calls {
        reads::once(dataset, read, way).await?;
    }
    Ok(started.elapsed().as_secs_f64())
}
