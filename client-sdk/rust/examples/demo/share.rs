//! Showing an album to a guest.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use albumen_client::v1::create_export_request::Source;
use albumen_client::v1::{
    AddAlbumAssetsRequest, Album, AlbumRole, CreateAlbumRequest, CreateExportRequest,
    CreateSharedLinkRequest, Export, ListAlbumsRequest, SharedLink,
};
use albumen_client::{Client, Error, Saved, retry};
use anyhow::{Context as _, Result, bail};
use futures::TryStreamExt as _;
use uuid::Uuid;

use crate::screen::{Meter, Screen};
use crate::settings::Settings;

/// How many assets one call may name.
const BATCH: usize = 1000;

/// Puts the assets into the album of that name, which is made if it is not there, and makes a link
/// to it.
pub(crate) async fn publish(
    client: &Client,
    name: &str,
    asset_ids: &[String],
) -> Result<SharedLink> {
    let album = match find_album(client, name).await? {
        Some(album) => album,
        None => create_album(client, name).await?,
    };
    for batch in asset_ids.chunks(BATCH) {
        let (album_id, asset_ids) = (album.id.clone(), batch.to_vec());
        let request = AddAlbumAssetsRequest { album_id, asset_ids };
        retry(|| async { client.albums().add_album_assets(request.clone()).await }).await?;
    }
    let request = CreateSharedLinkRequest {
        shared_link: Some(SharedLink { album_id: album.id, ..SharedLink::default() }),
        request_id: Uuid::now_v7().to_string(),
        ..CreateSharedLinkRequest::default()
    };
    let create = || async { client.shared_links().create_shared_link(request.clone()).await };
    Ok(retry(create).await?)
}

async fn find_album(client: &Client, name: &str) -> Result<Option<Album>> {
    let mut albums = client.list_albums(ListAlbumsRequest {
        display_name_contains: name.to_owned(),
        min_role: AlbumRole::Owner.into(),
        ..ListAlbumsRequest::default()
    });
    while let Some(album) = albums.try_next().await? {
        if album.display_name == name {
            return Ok(Some(album));
        }
    }
    Ok(None)
}

async fn create_album(client: &Client, name: &str) -> Result<Album> {
    let request = CreateAlbumRequest {
        album: Some(Album { display_name: name.to_owned(), ..Album::default() }),
        request_id: Uuid::now_v7().to_string(),
        ..CreateAlbumRequest::default()
    };
    Ok(retry(|| async { client.albums().create_album(request.clone()).await }).await?)
}

/// Opens the link with a connection that knows nothing else, downloads the album, and has every
/// archive tested by `unzip`.
pub(crate) async fn download_as_guest(
    settings: &Settings,
    link: &str,
    screen: &Screen,
) -> Result<Vec<Saved>> {
    let (guest, album) = Client::connect(&settings.url).await?.open_link(link, "").await?;
    screen.line(&format!("a guest sees {:?}, assets: {}", album.display_name, album.asset_count));
    let request = CreateExportRequest {
        source: Some(Source::AlbumId(album.album_id)),
        request_id: Uuid::now_v7().to_string(),
        ..CreateExportRequest::default()
    };
    let create = || async { guest.exports().create_export(request.clone()).await };
    let export = retry(create).await?;
    for skipped in &export.skipped_assets {
        screen.line(&format!("not in the export: {}", skipped.file_name));
    }
    let saved = save(&guest, &export, &settings.out, screen).await?;
    for archive in &saved {
        test(&archive.path, screen)?;
    }
    Ok(saved)
}

/// Downloads an export; into a folder of its own if an earlier one of the same name is in the way.
async fn save(guest: &Client, export: &Export, out: &Path, screen: &Screen) -> Result<Vec<Saved>> {
    let total_bytes = u64::try_from(export.size_bytes)?;
    let meter = || Meter::start(screen, "downloaded", total_bytes).progress();
    match guest.export_to(export, out, meter()).await {
        Err(Error::Exists(_)) => Ok(guest.export_to(export, out.join(&export.id), meter()).await?),
        saved => Ok(saved?),
    }
}

fn test(archive: &Path, screen: &Screen) -> Result<()> {
    // To unzip, a bracket begins a pattern.
    let name = archive.to_string_lossy().replace('[', "[[]");
    let output = match Command::new("unzip").args(["-tq", &name]).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            screen.line("unzip is not installed; the client has checked every file itself");
            return Ok(());
        }
        output => output.context("unzip")?,
    };
    if !output.status.success() {
        bail!("unzip: {}", String::from_utf8_lossy(&output.stdout).trim());
    }
    screen.line(&format!("unzip: {}", String::from_utf8_lossy(&output.stdout).trim()));
    Ok(())
}
