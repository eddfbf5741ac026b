//! Many clients on slow lines at once.

use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use futures::stream::StreamExt as _;
use tokio::time::Instant;

use crate::client::{Client, Protocol, Target};
use crate::dataset::Dataset;
use crate::process::Process;
use crate::server::Kind;

const BYTES_PER_SECOND: f64 = 1e6;

/// What many slow downloads cost a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) protocol: Protocol,
    pub(crate) clients: usize,
    /// How many resident bytes the server had more at most than when it was idle.
    pub(crate) growth: u64,
    pub(crate) idle_threads: u64,
    /// The most threads at once.
    pub(crate) threads: u64,
    /// Threads when all were served for some seconds.
    pub(crate) last_threads: u64,
}

pub(crate) async fn measure(
    dataset: &Dataset,
    protocol: Protocol,
    clients: usize,
    seconds: u64,
) -> Result<Crowd> {
    let (server, target) = dataset.serve(Kind::Ours, &dataset.large)?;
    let process = server.process();
    let (idle, idle_threads) = (process.resident()?, process.threads()?);
    process.forget_peak()?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let downloads = (0..clients).map(|_| download(target.clone(), protocol, end));
    let (_, (threads, last_threads)) =
        tokio::try_join!(try_join_all(downloads), count_threads(process, end))?;
    let growth = process.peak()?.saturating_sub(idle);
    Ok(Crowd { protocol, clients, growth, idle_threads, threads, last_threads })
}

/// Takes no more than the line carries.
async fn download(target: Target, protocol: Protocol, end: Instant) -> Result<()> {
    let client = Client::connect(target, protocol).await?;
    let mut stream = client.stream(None).await?;
    let (started, mut bytes) = (Instant::now(), 0.0);
    while let Some(chunk) = stream.next().await {
        bytes += chunk?.len() as f64;
        let due = started + Duration::from_secs_f64(bytes / BYTES_PER_SECOND);
        tokio::time::sleep_until(due.min(end)).await;
        if due >= end {
            break;
        }
    }
    Ok(())
}

/// The most threads until the end, and those at the end.
async fn count_threads(process: Process, end: Instant) -> Result<(u64, u64)> {
    let (mut most, mut last) = (0, 0);
    while Instant::now() + Duration::from_millis(100) < end {
        last = process.threads()?;
        most = most.max(last);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok((most, last))
}
