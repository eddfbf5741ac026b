//! Shares a folder of photos from start to end: signs in, uploads, makes an album and a link, and
//! downloads everything again as a guest who has nothing but the link.

mod account;
mod folder;
mod report;
mod screen;
mod send;
mod settings;
mod share;

use std::process::ExitCode;

use albumen_client::Client;
use anyhow::{Context as _, Result};
use report::Report;
use screen::Screen;
use settings::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::default();
    match run(&Settings::read(), &screen).await {
        Ok(report) => {
            screen.line(&report.to_string());
            if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            screen.line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings, screen: &Screen) -> Result<Report> {
    let folder = folder::read(&settings.photos)?;
    let connected = Client::connect(&settings.url).await;
    let client = connected.with_context(|| format!("no server answers at {}", settings.url))?;
    let email = account::sign_in(&client, settings).await?;
    screen.line(&format!("signed in as {email}"));

    let mut report = Report::new(folder.name.clone());
    report.files = send::all(&client, folder, screen).await?;
    let asset_ids = report.asset_ids();
    if !asset_ids.is_empty() {
        let link = share::publish(&client, &report.folder, &asset_ids).await?;
        report.link = Some(link.url.clone());
        report.archives = share::download_as_guest(settings, &link.url, screen).await?;
    }
    Ok(report)
}
