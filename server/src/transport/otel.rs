//! Spans of calls for a collector of OpenTelemetry. A cargo feature: few want it, and it brings
//! four crates that move together.

use std::sync::OnceLock;

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::config::Config;

/// What gathers spans and sends them; there is one log for a process, and one of these.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that hands spans on, if the settings name a collector. Must be called in the runtime
/// that sends them.
pub fn layer<S>(config: &Config) -> anyhow::Result<Option<OpenTelemetryLayer<S, Tracer>>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
    let exporter = exporter.with_context(|| format!("cannot send spans to {endpoint}"))?;
    let provider = PROVIDER.get_or_init(|| {
        SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(Resource::builder().with_service_name("albumen-server").build())
            .build()
    });
    Ok(Some(tracing_opentelemetry::layer().with_tracer(provider.tracer("albumen-server"))))
}

/// Sends what was gathered and is not on its way yet.
pub async fn flush() {
    // It waits for a thread of its own, which needs this one to send.
    let shutdown = || PROVIDER.get().map(SdkTracerProvider::shutdown);
    if let Ok(Some(Err(error))) = tokio::task::spawn_blocking(shutdown).await {
        tracing::warn!(%error, "spans were lost at shutdown");
    }
}
