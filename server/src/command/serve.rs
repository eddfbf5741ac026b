//! `albumen-server serve`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
        let url = url(&app.config, listener.local_addr()?);
        say("There is no user yet. Create the first one, an administrator, with")?;
        say(format_args!("  albumen login {url} --setup-token {token} --name NAME"))?;
        say("or with AuthService.SetUp and this")?;
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

/// Where people on this machine reach the server, unless the settings say where they do.
fn url(config: &Config, mut address: SocketAddr) -> String {
    if let Some(url) = &config.public_url {
        return url.clone();
    }
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("{scheme}://{address}")
}
