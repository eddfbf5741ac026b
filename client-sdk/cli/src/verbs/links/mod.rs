//! `albumen links`

mod options;
mod show;

use albumen_client::v1::{
    AddSharedLinkAssetsRequest, AlbumRole, CreateSharedLinkRequest, DeleteSharedLinkRequest,
    GetSharedLinkStatsRequest, ListSharedLinksRequest, RemoveSharedLinkAssetsRequest,
    SharedLinkState, UpdateSharedLinkRequest,
};
use albumen_client::{Client, retry};
use clap::{ArgGroup, Subcommand, ValueEnum};
use futures::TryStreamExt as _;
use prost_types::FieldMask;
use uuid::Uuid;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::names;
use crate::words::{count, whole};

/// Share with people who have no account, by links
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen links create Summer --expires 30d --qr
  albumen links create Summer --slug summer-2024 --password --metadata no-location
  albumen links create --assets 0198c2d4-… 0198c2d5-… --description \"The two of us\"
  albumen links edit summer-2024 --expires never --no-password --upload true
  albumen links show summer-2024
  albumen links revoke summer-2024

Whoever has the address of a link opens it; `create` prints it. A link is named by its address, its
slug or its id. Passwords are asked for, or come from standard input with --password-stdin.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a link to an album or to single photos, and print its address
    Create(CreateArgs),
    /// List links
    List {
        /// Only those to this album
        #[arg(long)]
        album: Option<String>,
        /// Only those in this state [default: live and expired]
        #[arg(long, value_enum)]
        state: Option<State>,
    },
    /// Show a link, and how it was used
    Show {
        /// The link, by address, slug or id
        link: String,
        /// Show its address as a QR code as well
        #[arg(long)]
        qr: bool,
    },
    /// Change a link; what is not named stays
    Edit {
        /// The link, by address, slug or id
        link: String,
        #[command(flatten)]
        options: Box<options::Options>,
    },
    /// Revoke links at once and for good
    Revoke {
        /// The links, by address, slug or id
        #[arg(required = true, value_name = "LINK")]
        links: Vec<String>,
    },
    /// Add photos to a link that shows single photos
    Add {
        /// The link, by address, slug or id
        link: String,
        /// The photos, by id
        #[arg(required = true, value_name = "ASSET")]
        assets: Vec<String>,
    },
    /// Take photos out of a link that shows single photos
    Remove {
        /// The link, by address, slug or id
        link: String,
        /// The photos, by id
        #[arg(required = true, value_name = "ASSET")]
        assets: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("target").required(true).args(["album", "assets"]))]
struct CreateArgs {
    /// The album, by name or id
    album: Option<String>,
    /// Photos of yours, by id, in place of an album
    #[arg(long, value_name = "ID", num_args = 1..)]
    assets: Vec<String>,
    /// Show the address as a QR code as well
    #[arg(long)]
    qr: bool,
    #[command(flatten)]
    options: Box<options::Options>,
}

/// The state of a link.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Live,
    Expired,
    Revoked,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let (client, _) = context.client().await?;
    match args.verb {
        Verb::Create(args) => create(context, &client, args).await,
        Verb::List { album, state } => list(context, &client, album, state).await,
        Verb::Show { link, qr } => {
            let link = names::link(&client, &link).await?;
            let request = GetSharedLinkStatsRequest { shared_link_id: link.id.clone() };
            let stats =
                || async { client.shared_links().get_shared_link_stats(request.clone()).await };
            show::link(context, &link, Some(&retry(stats).await?), qr)
        }
        Verb::Edit { link, options } => edit(context, &client, &link, *options).await,
        Verb::Revoke { links } => revoke(context, &client, &links).await,
        Verb::Add { link, assets } => {
            let shared_link_id = names::link(&client, &link).await?.id;
            let request = AddSharedLinkAssetsRequest { shared_link_id, asset_ids: assets };
            let answer = client.shared_links().add_shared_link_assets(request).await?.into_inner();
            context.output.did(&answer, || format!("{} added", whole(answer.added_count, "photo")))
        }
        Verb::Remove { link, assets } => {
            let shared_link_id = names::link(&client, &link).await?.id;
            let request = RemoveSharedLinkAssetsRequest { shared_link_id, asset_ids: assets };
            let answer =
                client.shared_links().remove_shared_link_assets(request).await?.into_inner();
            context.output.did(&answer, || {
                format!("{} taken out", whole(answer.removed_count, "photo"))
            })
        }
    }
}

async fn create(context: &Context, client: &Client, args: CreateArgs) -> Result<()> {
    let (mut link, _) = args.options.read()?;
    if let Some(album) = &args.album {
        link.album_id = names::album(client, album, AlbumRole::Editor).await?.id;
    }
    let request = CreateSharedLinkRequest {
        shared_link: Some(link),
        request_id: Uuid::now_v7().to_string(),
        asset_ids: args.assets,
    };
    let create = || async { client.shared_links().create_shared_link(request.clone()).await };
    let link = retry(create).await?;
    context.output.message(&link, || show::address(&link, args.qr))
}

async fn list(
    context: &Context,
    client: &Client,
    album: Option<String>,
    state: Option<State>,
) -> Result<()> {
    let state = match state {
        None => SharedLinkState::Unspecified,
        Some(State::Live) => SharedLinkState::Live,
        Some(State::Expired) => SharedLinkState::Expired,
        Some(State::Revoked) => SharedLinkState::Revoked,
    };
    let mut request = ListSharedLinksRequest { state: state.into(), ..Default::default() };
    if let Some(album) = album {
        request.album_id = names::album(client, &album, AlbumRole::Editor).await?.id;
    }
    let links: Vec<_> = client.list_shared_links(request).try_collect().await?;
    context.output.list("sharedLinks", &links, || show::table(&links))
}

async fn edit(
    context: &Context,
    client: &Client,
    name: &str,
    options: options::Options,
) -> Result<()> {
    let (link, paths) = options.read()?;
    if paths.is_empty() {
        return Err(Failure::Usage("name what to change: see albumen links edit --help".into()));
    }
    let request = UpdateSharedLinkRequest {
        shared_link_id: names::link(client, name).await?.id,
        shared_link: Some(link),
        update_mask: Some(FieldMask { paths }),
    };
    let update = || async { client.shared_links().update_shared_link(request.clone()).await };
    show::link(context, &retry(update).await?, None, false)
}

async fn revoke(context: &Context, client: &Client, names: &[String]) -> Result<()> {
    let mut ids = Vec::new();
    for name in names {
        ids.push(names::link(client, name).await?.id);
    }
    let mut revoked = Vec::new();
    for shared_link_id in ids {
        let request = DeleteSharedLinkRequest { shared_link_id };
        let delete = || async { client.shared_links().delete_shared_link(request.clone()).await };
        revoked.push(retry(delete).await?);
    }
    let value = serde_json::json!({ "sharedLinks": crate::json::values(&revoked)? });
    context.output.did_value(&value, || format!("{} revoked", count(revoked.len(), "link")))
}
