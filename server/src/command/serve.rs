//! `albumen-server serve`

use std::process::ExitCode;

use albumen_server::app::Clock;
use albumen_server::config::Config;
use albumen_server::{installation, open, serve};
use anyhow::Context as _;
use clap::Command;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::say;

pub(super) fn command() -> Command {
    super::command("serve", |_| true)
        .about("Serves gRPC, grpc-web and HTTP until it is told to stop")
}

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let address = config.listen;
    let app = open(config, Clock::System).await?;
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    if let Some(token) = installation::renew_setup_token(&app).await? {
        say("There is no user yet. Create the first one with AuthService.SetUp and this")?;
        say(format_args!("setup token: {token}"))?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    };
    serve(app.clone(), listener, shutdown).await?;
    #[cfg(feature = "otel")]
    albumen_server::transport::otel::flush().await;
    app.database.close().await?;
    Ok(ExitCode::SUCCESS)
}
