//! What is in an album.

use albumen_client::v1::{
    AddAlbumAssetsRequest, AlbumRole, Asset, AssetKind, ListAssetsRequest, RemoveAlbumAssetsRequest,
};
use albumen_client::{Client, retry};
use clap::Subcommand;
use futures::TryStreamExt as _;

use crate::context::Context;
use crate::failure::Result;
use crate::table::Table;
use crate::words::{whole, word};
use crate::{bytes_text, names, times};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List the photos of an album, in its order
    Assets {
        /// The album, by name or id
        album: String,
    },
    /// Put your photos into an album
    Add {
        /// The album, by name or id
        album: String,
        /// The photos, by id
        #[arg(required = true, value_name = "ASSET")]
        assets: Vec<String>,
    },
    /// Take photos out of an album; they are not deleted
    Remove {
        /// The album, by name or id
        album: String,
        /// The photos, by id
        #[arg(required = true, value_name = "ASSET")]
        assets: Vec<String>,
    },
}

pub(super) async fn run(context: &Context, client: &Client, verb: Verb) -> Result<()> {
    match verb {
        Verb::Assets { album } => {
            let album_id = names::album(client, &album, AlbumRole::Viewer).await?.id;
            list(context, client, album_id).await
        }
        Verb::Add { album, assets } => {
            let album_id = names::album(client, &album, AlbumRole::Contributor).await?.id;
            let request = AddAlbumAssetsRequest { album_id, asset_ids: assets };
            let add = || async { client.albums().add_album_assets(request.clone()).await };
            let answer = retry(add).await?;
            context.output.did(&answer, || {
                let there = match answer.existing_asset_ids.len() {
                    0 => String::new(),
                    number => format!(", {number} there already"),
                };
                format!("{} added{there}", whole(answer.added_count, "photo"))
            })
        }
        Verb::Remove { album, assets } => {
            let album_id = names::album(client, &album, AlbumRole::Contributor).await?.id;
            let request = RemoveAlbumAssetsRequest { album_id, asset_ids: assets };
            let remove = || async { client.albums().remove_album_assets(request.clone()).await };
            let answer = retry(remove).await?;
            context.output.did(&answer, || {
                format!("{} taken out", whole(answer.removed_count, "photo"))
            })
        }
    }
}

/// What an asset is, and whether its file is missing from its library.
fn kind(asset: &Asset) -> String {
    let kind = word(AssetKind::as_str_name(&asset.kind()), "ASSET_KIND_");
    let live = if asset.motion.is_some() { "live " } else { "" };
    let missing = if asset.offline_time.is_some() { ", missing" } else { "" };
    format!("{live}{kind}{missing}")
}

async fn list(context: &Context, client: &Client, album_id: String) -> Result<()> {
    let request = ListAssetsRequest { album_id, page_size: 1000, ..ListAssetsRequest::default() };
    let assets: Vec<_> = client.list_assets(request).try_collect().await?;
    context.output.list("assets", &assets, || {
        Table::of(["id", "file", "kind", "size", "taken"], &assets, |asset| {
            [
                asset.id.clone(),
                asset.file_name.clone(),
                kind(asset),
                bytes_text::format_signed(asset.size_bytes),
                times::format(asset.capture_time),
            ]
        })
    })
}
