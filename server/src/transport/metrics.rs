//! Metrics for Prometheus, on an address of their own: they are no business of clients.
//!
//! Labels are methods, codes and the like, of which there are few; never users, links or paths.

use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::time::interval;
use tokio_util::task::AbortOnDropHandle;

use crate::app::App;

/// How often what was measured is gathered, whether or not somebody asks for it.
const UPKEEP: Duration = Duration::from_secs(5);
/// The upper bounds of the histogram, in seconds: from a read to an archive of many gigabytes.
const BUCKETS: [f64; 12] =
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 600.0, 3600.0];

/// There is one recorder for a process, and it cannot be taken back.
static RECORDER: LazyLock<Result<PrometheusHandle, String>> =
    LazyLock::new(|| install().map_err(|error| error.to_string()));

fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS)?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    describe();
    Ok(handle)
}

/// What each metric is. Jobs have theirs at the end.
fn describe() {
    describe_counter!("albumen_calls_total", "calls that ended, by method and code");
    describe_histogram!("albumen_call_duration_seconds", "how long calls took, streams to the end");
    describe_gauge!("albumen_open_calls", "calls under way, streams among them");
    describe_counter!("albumen_received_bytes_total", "bytes of requests, by method");
    describe_counter!("albumen_sent_bytes_total", "bytes of answers, by method");
    describe_gauge!("albumen_connections", "connections of clients");
    describe_counter!("albumen_uploads_finished_total", "uploads that became assets");
    describe_counter!("albumen_export_streams_total", "streams of archives that began");
    describe_gauge!("albumen_password_hashes", "password hashes under way or waiting");
    describe_gauge!("albumen_database_connections", "connections to the database, by pool");
    describe_gauge!("albumen_database_connections_idle", "those of them that nobody uses");
    describe_counter!("albumen_blob_errors_total", "failures of the store of photos");
}

/// Serves `/metrics` where the settings say, until the handle is dropped.
pub async fn serve(app: &App) -> anyhow::Result<Option<AbortOnDropHandle<()>>> {
    let Some(address) = app.config.metrics_listen else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address} for metrics"))?;
    let handle = RECORDER.as_ref().map_err(|error| anyhow!("cannot record metrics: {error}"))?;
    let router = Router::new().route("/metrics", get(render)).with_state((app.clone(), handle));
    let serving = async move {
        let mut ticks = interval(UPKEEP);
        let upkeep = async {
            loop {
                ticks.tick().await;
                handle.run_upkeep();
            }
        };
        tokio::select! {
            () = upkeep => {}
            // Never, as axum accepts for ever.
            _ = axum::serve(listener, router) => {}
        }
    };
    Ok(Some(AbortOnDropHandle::new(app.spawn(serving))))
}

async fn render(
    State((app, handle)): State<(App, &'static PrometheusHandle)>,
) -> ([(HeaderName, &'static str); 1], String) {
    for (pool, open, idle) in app.database.pools() {
        gauge!("albumen_database_connections", "pool" => pool).set(f64::from(open));
        gauge!("albumen_database_connections_idle", "pool" => pool).set(idle as f64);
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render())
}
