//! Measures exports beside what bounds them and beside a peer, in one run on one machine;
//! `docs/performance.md` explains the rows. Only the ratios carry over to other machines.
//!
//! `cargo bench --bench export [-- --quick] [-- --only TEXT]`. `ALBUMEN_BENCH_BYTES` sets the size
//! of the large album.

#[path = "export/bare.rs"]
mod bare;
#[path = "export/client.rs"]
mod client;
#[path = "export/dataset.rs"]
mod dataset;
#[path = "export/measure.rs"]
mod measure;
#[path = "export/process.rs"]
mod process;
#[path = "export/report.rs"]
mod report;
#[path = "export/server.rs"]
mod server;
#[path = "export/slow.rs"]
mod slow;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use client::Protocol;
use dataset::{Album, Dataset};
use measure::{Contender, Sample};
use server::Kind;

/// Ours, then the same bytes from a bare server, for each protocol; then the peer.
const CONTENDERS: [Contender; 7] = [
    Contender::new("export over gRPC", Kind::Ours, Protocol::Grpc),
    Contender::new("*ceiling:* files + CRC-32 over gRPC", Kind::Bare, Protocol::Grpc),
    Contender::new("export over grpc-web (HTTP/1.1)", Kind::Ours, Protocol::GrpcWeb),
    Contender::new("*ceiling:* files + CRC-32 over grpc-web", Kind::Bare, Protocol::GrpcWeb),
    Contender::new("export over HTTP/1.1", Kind::Ours, Protocol::Http),
    Contender::new("*ceiling:* plain files over HTTP/1.1", Kind::Bare, Protocol::Http),
    Contender::new("Node `archiver` 7, store", Kind::Archiver, Protocol::Http),
];

/// How much is measured.
#[derive(Debug, Clone)]
struct Scale {
    rounds: usize,
    large_bytes: u64,
    small_files: usize,
    slow_clients: usize,
    slow_seconds: u64,
    only: String,
}

impl Scale {
    const FULL: Self = Self {
        rounds: 5,
        large_bytes: 2 << 30,
        small_files: 20_000,
        slow_clients: 100,
        slow_seconds: 5,
        only: String::new(),
    };
    const QUICK: Self = Self {
        rounds: 1,
        large_bytes: 64 << 20,
        small_files: 500,
        slow_clients: 10,
        slow_seconds: 2,
        only: String::new(),
    };
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    if let ["--serve", kind, path] = arguments[..] {
        return runtime.block_on(server::serve(Kind::parse(kind)?, Path::new(path)));
    }
    runtime.block_on(compare(&scale(&arguments)?))
}

#[expect(clippy::disallowed_methods, reason = "the size is a matter of the machine at hand")]
fn scale(arguments: &[&str]) -> Result<Scale> {
    let mut scale = if arguments.contains(&"--quick") { Scale::QUICK } else { Scale::FULL };
    if let Ok(bytes) = std::env::var("ALBUMEN_BENCH_BYTES") {
        scale.large_bytes = bytes.parse().context("ALBUMEN_BENCH_BYTES is no number")?;
    }
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            // Cargo adds the first.
            "--bench" | "--quick" => {}
            "--only" => (*rest.next().context("--only what?")?).clone_into(&mut scale.only),
            unknown => bail!("{unknown} is no option: there are --quick and --only TEXT"),
        }
    }
    Ok(scale)
}

async fn compare(scale: &Scale) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dataset = Dataset::create(folder.path(), scale.large_bytes, scale.small_files).await?;
    let large = rounds(scale, &dataset, &dataset.large).await?;
    let small = rounds(scale, &dataset, &dataset.small).await?;
    let created = dataset.creation_seconds(scale.rounds.max(3)).await?;
    let mut slow = Vec::new();
    for protocol in [Protocol::Grpc, Protocol::Http] {
        slow.push(slow::measure(&dataset, protocol, scale.slow_clients, scale.slow_seconds).await?);
    }
    report::print(&report::Results { dataset: &dataset, large, small, created, slow })
}

/// Every contender once, then again: whatever else the machine does then falls on all alike.
async fn rounds(
    scale: &Scale,
    dataset: &Dataset,
    album: &Album,
) -> Result<Vec<(Contender, Vec<Sample>)>> {
    let chosen = CONTENDERS.into_iter().filter(|contender| contender.name.contains(&scale.only));
    let mut samples: Vec<_> = chosen.map(|contender| (contender, Vec::new())).collect();
    for round in 1..=scale.rounds {
        for (contender, samples) in &mut samples {
            let sample = measure::quietly(dataset, album, contender).await;
            let sample = sample.with_context(|| format!("{}, round {round}", contender.name))?;
            eprintln!("{:6} files, round {round}: {}: {sample}", album.files, contender.name);
            samples.push(sample);
        }
    }
    Ok(samples)
}
