//! `albumen export`

use std::path::PathBuf;

use albumen_client::v1::create_export_request::{Folders, Source};
use albumen_client::v1::skipped_asset::Reason;
use albumen_client::v1::{AlbumRole, AssetSelection, CreateExportRequest, Export, OpenedLink};
use albumen_client::{Client, Saved, retry};
use clap::{ArgGroup, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use crate::context::{Context, address};
use crate::failure::{Failure, Result};
use crate::progress::{Bars, share};
use crate::table::printable;
use crate::words::{count, word};
use crate::{bytes_text, interrupt, json, names, secret};

/// Get an album, a shared link or single photos as zip archives
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen export Summer --to ~/Downloads
  albumen export Summer --folders day --part-size 2G
  albumen export --link https://photos.example.org/share/summer-2024 --to .
  albumen export --assets 0198c2d4-… 0198c2d5-…

What an interruption left (NAME.zip.part) goes on when the same command runs again, and every file
in the archives is checked at the end. A link needs no account; what it shows decides what you get.")]
#[command(group = ArgGroup::new("source").required(true).args(["album", "link", "assets"]))]
pub(crate) struct Args {
    /// The album, by name or id
    album: Option<String>,
    /// The address of a shared link that somebody gave you
    #[arg(long, value_name = "ADDRESS")]
    link: Option<String>,
    /// Photos, by id
    #[arg(long, value_name = "ID", num_args = 1..)]
    assets: Vec<String>,
    /// The folder for the archives, which is made if it is not there
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    to: PathBuf,
    /// How the archives are divided into folders
    #[arg(long, value_enum, default_value_t = Division::None)]
    folders: Division,
    /// The largest archive, as in 2G [default: what your account prefers, else 4 GiB]
    #[arg(long, value_name = "SIZE", value_parser = bytes_text::parse)]
    part_size: Option<i64>,
    /// Ask for the link's password
    #[arg(long, requires = "link")]
    password: bool,
    /// Read the link's password from standard input
    #[arg(long, requires = "link", conflicts_with = "password")]
    password_stdin: bool,
}

/// How archives are divided into folders.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Division {
    /// No folders
    None,
    /// One folder a day
    Day,
    /// One folder, named after the album
    Album,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let (client, source) = source(context, &args).await?;
    let folders = match args.folders {
        Division::None => Folders::None,
        Division::Day => Folders::Day,
        Division::Album => Folders::Album,
    };
    let request = CreateExportRequest {
        source: Some(source),
        max_part_size_bytes: args.part_size,
        folders: folders.into(),
        request_id: Uuid::now_v7().to_string(),
    };
    let create = || async { client.exports().create_export(request.clone()).await };
    let export = retry(create).await?;
    let bars = Bars::new(context.output);
    let bar = bars.add("exported", u64::try_from(export.size_bytes).unwrap_or(0));
    let saved = client.export_to(&export, &args.to, share(&bar));
    let saved = interrupt::or(async { Ok(saved.await?) }).await;
    drop(bars);
    report(context, &export, &saved?)
}

/// Who exports, and what.
async fn source(context: &Context, args: &Args) -> Result<(Client, Source)> {
    if let Some(link) = &args.link {
        let (client, opened) = open(context, args, link).await?;
        return Ok((client, Source::SharedLinkId(opened.shared_link_id)));
    }
    let (client, _) = context.client().await?;
    let source = match &args.album {
        Some(name) => {
            let album = names::album(&client, name, AlbumRole::Viewer).await?;
            Source::AlbumId(album.id)
        }
        None => Source::Selection(AssetSelection { asset_ids: args.assets.clone() }),
    };
    Ok((client, source))
}

/// Opens a link as a guest, at the server that its address names.
async fn open(context: &Context, args: &Args, link: &str) -> Result<(Client, OpenedLink)> {
    let url = match link.rsplit_once("/share/") {
        Some((server, _)) => address(server)?,
        None => return Err(Failure::Usage("a link is like https://HOST/share/…".to_owned())),
    };
    // A link names the address that people use; this machine may need another one.
    let client = context.connect(&context.url()?.unwrap_or(url)).await?;
    let password = match args.password || args.password_stdin {
        true => secret::ask("Password of the link: ", args.password_stdin)?,
        false => String::new(),
    };
    Ok(client.open_link(link, &password).await?)
}

fn report(context: &Context, export: &Export, saved: &[Saved]) -> Result<()> {
    let files: Vec<_> = saved
        .iter()
        .map(|saved| {
            json!({
                "path": saved.path.display().to_string(),
                "sizeBytes": saved.size_bytes,
                "existed": saved.existed,
            })
        })
        .collect();
    let value = json!({ "export": json::value(export)?, "files": files });
    context.output.value(&value, || {
        let line = |saved: &Saved| {
            let note = if saved.existed { ", was there already" } else { "" };
            let size = bytes_text::format(saved.size_bytes);
            format!("{} ({size}{note})", printable(&saved.path.display().to_string()))
        };
        saved.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    for skipped in &export.skipped_assets {
        let reason = word(Reason::as_str_name(&skipped.reason()), "REASON_");
        context.output.note(&format!("left out: {}: {reason}", printable(&skipped.file_name)));
    }
    match export.skipped_assets.len() {
        0 => Ok(()),
        number => Err(Failure::Partial(format!("{} left out", count(number, "photo")))),
    }
}
