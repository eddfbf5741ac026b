//! The numbers as tables, and what they say about the goals.

use std::io::{Write as _, stdout};

use anyhow::Result;

use crate::client::Protocol;
use crate::dataset::Dataset;
use crate::measure::{Contender, Sample};
use crate::server::Kind;
use crate::slow::Crowd;

const MEBIBYTE: f64 = (1 << 20) as f64;

type Rows = Vec<(Contender, Vec<Sample>)>;

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Results<'a> {
    pub(crate) dataset: &'a Dataset,
    pub(crate) large: Rows,
    pub(crate) small: Rows,
    pub(crate) created: Vec<f64>,
    pub(crate) slow: Vec<Crowd>,
}

pub(crate) fn print(results: &Results<'_>) -> Result<()> {
    let mut text = String::new();
    for (album, rows) in
        [(&results.dataset.large, &results.large), (&results.dataset.small, &results.small)]
    {
        let size = album.bytes as f64 / MEBIBYTE;
        text += &format!("\n## {} files, {size:.0} MiB\n\n", album.files);
        text += &table(rows);
    }
    let created = Spread::of(results.created.iter().map(|seconds| seconds * 1e3));
    text += &format!("\nCreating the export of the second album: {created:.0} ms.\n");
    text += &crowds(&results.slow);
    text += "\n## Goals\n\n";
    for (is_met, goal) in goals(results) {
        text += &format!("* {}: {goal}\n", if is_met { "met" } else { "**missed**" });
    }
    Ok(stdout().write_all(text.as_bytes())?)
}

/// Ratios compare what was measured in the same round.
fn table(rows: &Rows) -> String {
    let mut text =
        "| who | MB/s | × ceiling | × archiver | CPU s/GB | × archiver's CPU | more RSS, MiB \
                    | peak RSS, MiB | first byte, ms |\n|---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for (contender, samples) in rows {
        let cell = |other: Option<&Vec<Sample>>, ratio: fn(&[Sample], &[Sample]) -> Spread| {
            other.map_or(String::new(), |other| format!("{:.2}", ratio(samples, other)))
        };
        text += &format!(
            "| {} | {:.0} | {} | {} | {:.2} | {} | {:.1} | {:.0} | {:.1} |\n",
            contender.name,
            spread(samples, Sample::megabytes_per_second),
            cell(ceiling(rows, contender), speed_ratio),
            cell(archiver(rows), speed_ratio),
            spread(samples, Sample::cpu_seconds_per_gigabyte),
            cell(archiver(rows), cpu_ratio),
            spread(samples, |sample| sample.growth as f64 / MEBIBYTE),
            spread(samples, |sample| sample.resident as f64 / MEBIBYTE),
            spread(samples, |sample| sample.first_byte * 1e3),
        );
    }
    let foreign = rows.iter().flat_map(|(_, samples)| samples).map(|sample| sample.foreign * 100.0);
    text += &format!("\nShare of the machine that others had: {:.0} %.\n", Spread::of(foreign));
    text
}

fn crowds(crowds: &[Crowd]) -> String {
    let mut text =
        "\n## Slow clients, 1 MB/s each\n\n| clients | more RSS, MiB | each, MiB | threads \
                    when idle | most threads | threads at the end |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for crowd in crowds {
        let growth = crowd.growth as f64 / MEBIBYTE;
        text += &format!(
            "| {} over {:?} | {growth:.0} | {:.1} | {} | {} | {} |\n",
            crowd.clients,
            crowd.protocol,
            growth / crowd.clients as f64,
            crowd.idle_threads,
            crowd.threads,
            crowd.last_threads,
        );
    }
    text
}

fn goals(results: &Results<'_>) -> Vec<(bool, String)> {
    let mut goals = Vec::new();
    for (contender, samples) in ours(&results.large) {
        let name = contender.name;
        if let Some(ceiling) = ceiling(&results.large, contender) {
            goals.push(at_least(
                &format!("{name}, × its ceiling"),
                0.9,
                speed_ratio(samples, ceiling),
            ));
        }
        if let Some(archiver) = archiver(&results.large) {
            let least = if contender.protocol == Protocol::Grpc { 6.0 } else { 10.0 };
            goals.push(at_least(
                &format!("{name}, × archiver"),
                least,
                speed_ratio(samples, archiver),
            ));
        }
        let cpu = spread(samples, Sample::cpu_seconds_per_gigabyte);
        goals.push(at_most(&format!("{name}, CPU s/GB"), 0.6, cpu));
    }
    for (contender, samples) in ours(&results.large).chain(ours(&results.small)) {
        let growth = spread(samples, |sample| sample.growth as f64 / MEBIBYTE);
        let files = samples.first().map_or(0, |sample| sample.bytes >> 20);
        goals.push(at_most(
            &format!("{} of {files} MiB, more RSS, MiB", contender.name),
            8.0,
            growth,
        ));
    }
    for (contender, samples) in ours(&results.small) {
        let first = spread(samples, |sample| sample.first_byte * 1e3);
        let name =
            format!("{}, {} files, first byte, ms", contender.name, results.dataset.small.files);
        goals.push(at_most(&name, 10.0, first));
    }
    let created = Spread::of(results.created.iter().map(|seconds| seconds * 1e3));
    goals.push(at_most("creating that export, ms", 150.0, created));
    for crowd in &results.slow {
        let clients = crowd.clients as f64;
        let who = format!("{clients} slow clients over {:?}", crowd.protocol);
        let each = Spread::of([crowd.growth as f64 / MEBIBYTE / clients]);
        goals.push(at_most(&format!("{who}, more RSS each, MiB"), 8.0, each));
        let threads = Spread::of([crowd.threads as f64 - crowd.idle_threads as f64]);
        goals.push(at_most(&format!("{who}, more threads"), clients / 2.0, threads));
    }
    goals
}

fn at_least(what: &str, goal: f64, found: Spread) -> (bool, String) {
    (found.median >= goal, format!("{what}: {found:.2}, goal ≥ {goal}"))
}

fn at_most(what: &str, goal: f64, found: Spread) -> (bool, String) {
    (found.median <= goal, format!("{what}: {found:.2}, goal ≤ {goal}"))
}

fn ours(rows: &Rows) -> impl Iterator<Item = &(Contender, Vec<Sample>)> {
    rows.iter().filter(|(contender, _)| contender.kind == Kind::Ours)
}

fn ceiling<'a>(rows: &'a Rows, of: &Contender) -> Option<&'a Vec<Sample>> {
    let is_ceiling = |other: &Contender| other.kind == Kind::Bare && other.protocol == of.protocol;
    let found = rows.iter().find(|(other, _)| of.kind == Kind::Ours && is_ceiling(other));
    found.map(|(_, samples)| samples)
}

fn archiver(rows: &Rows) -> Option<&Vec<Sample>> {
    let found = rows.iter().find(|(contender, _)| contender.kind == Kind::Archiver);
    found.map(|(_, samples)| samples)
}

fn speed_ratio(samples: &[Sample], others: &[Sample]) -> Spread {
    Spread::of(
        samples
            .iter()
            .zip(others)
            .map(|(sample, other)| sample.megabytes_per_second() / other.megabytes_per_second()),
    )
}

fn cpu_ratio(samples: &[Sample], others: &[Sample]) -> Spread {
    Spread::of(samples.iter().zip(others).map(|(sample, other)| {
        sample.cpu_seconds_per_gigabyte() / other.cpu_seconds_per_gigabyte()
    }))
}

fn spread(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Spread {
    Spread::of(samples.iter().map(value))
}

/// The median, and the least and most beside it.
#[derive(Debug, Clone, Copy)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        let median = (at(last / 2) + at(last.div_ceil(2))) / 2.0;
        Self { least: at(0), median, most: at(last) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let Self { least, median, most } = self;
        write!(f, "{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}
