//! `albumen albums`

mod contents;
mod members;

use albumen_client::v1::list_albums_request::{Category, Order};
use albumen_client::v1::{
    Album, AlbumOrder, AlbumRole, CreateAlbumRequest, DeleteAlbumRequest, ListAlbumsRequest,
    RestoreAlbumRequest, UpdateAlbumRequest,
};
use albumen_client::{Client, retry};
use clap::{Subcommand, ValueEnum};
use futures::TryStreamExt as _;
use uuid::Uuid;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::names;
use crate::table::Table;
use crate::times;
use crate::words::word;

/// Make, change and share albums
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Albums and people can be named by name or id, people by e-mail as well. Photos are named by id:
`albumen albums assets ALBUM` lists them.

Examples:
  albumen albums list --category shared-with-me
  albumen albums create Summer --share bob@example.org=contributor
  albumen albums share Summer carol@example.org --role editor
  albumen albums members Summer
  albumen albums assets Summer
  albumen albums delete Summer          it goes to the trash; `restore` brings it back

For people without an account see `albumen help links`.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List albums, your own and those shared with you
    List(ListArgs),
    /// Make an album and print its id
    Create(CreateArgs),
    /// Show an album
    Show {
        /// The album, by name or id
        album: String,
    },
    /// Change an album; what is not named stays
    Edit(EditArgs),
    /// Put an album into the trash; the photos stay
    Delete {
        /// The album, by name or id
        album: String,
    },
    /// Take an album out of the trash
    Restore {
        /// The album, by name or id
        album: String,
    },
    #[command(flatten)]
    Contents(contents::Verb),
    #[command(flatten)]
    Members(members::Verb),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only those of this kind
    #[arg(long, value_enum, default_value_t = Group::All)]
    category: Group,
    /// Only those whose name contains this, in any case
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The name
    name: String,
    /// What people read below it
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// The order of its photos
    #[arg(long, value_enum)]
    order: Option<PhotoOrder>,
    /// Photos to put in, by id
    #[arg(long, value_name = "ID", num_args = 1..)]
    assets: Vec<String>,
    /// People to share it with, as in bob@example.org or bob@example.org=editor
    #[arg(long, value_name = "USER[=ROLE]", num_args = 1..)]
    share: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct EditArgs {
    /// The album, by name or id
    album: String,
    /// The new name
    #[arg(long)]
    name: Option<String>,
    /// The new description; an empty one takes it away
    #[arg(long)]
    description: Option<String>,
    /// The order of its photos
    #[arg(long, value_enum)]
    order: Option<PhotoOrder>,
    /// The photo that stands for it, by id
    #[arg(long, value_name = "ID")]
    cover: Option<String>,
    /// Whether people may comment
    #[arg(long, value_name = "true|false", hide_possible_values = true)]
    activity: Option<bool>,
}

/// Which albums to list.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Group {
    All,
    Owned,
    SharedWithMe,
    SharedByMe,
    NotShared,
    Trash,
}

/// The order of an album.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PhotoOrder {
    Newest,
    Oldest,
    Manual,
}

impl From<PhotoOrder> for AlbumOrder {
    fn from(order: PhotoOrder) -> Self {
        match order {
            PhotoOrder::Newest => Self::NewestFirst,
            PhotoOrder::Oldest => Self::OldestFirst,
            PhotoOrder::Manual => Self::Manual,
        }
    }
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let (client, _) = context.client().await?;
    match args.verb {
        Verb::List(args) => list(context, &client, args).await,
        Verb::Create(args) => create(context, &client, args).await,
        Verb::Show { album } => {
            let album = names::album(&client, &album, AlbumRole::Viewer).await?;
            show(context, &album)
        }
        Verb::Edit(args) => edit(context, &client, args).await,
        Verb::Delete { album } => {
            let album = names::album(&client, &album, AlbumRole::Owner).await?;
            let request = DeleteAlbumRequest { album_id: album.id, etag: String::new() };
            let delete = || async { client.albums().delete_album(request.clone()).await };
            let album = retry(delete).await?;
            context.output.did(&album, || "in the trash".to_owned())
        }
        Verb::Restore { album } => {
            let album_id = names::trashed_album(&client, &album).await?;
            let request = RestoreAlbumRequest { album_id };
            let restore = || async { client.albums().restore_album(request.clone()).await };
            let album = retry(restore).await?.album.unwrap_or_default();
            show(context, &album)
        }
        Verb::Contents(verb) => Box::pin(contents::run(context, &client, verb)).await,
        Verb::Members(verb) => Box::pin(members::run(context, &client, verb)).await,
    }
}

async fn list(context: &Context, client: &Client, args: ListArgs) -> Result<()> {
    let category = match args.category {
        Group::All | Group::Trash => Category::Unspecified,
        Group::Owned => Category::Owned,
        Group::SharedWithMe => Category::SharedWithMe,
        Group::SharedByMe => Category::SharedByMe,
        Group::NotShared => Category::NotShared,
    };
    let albums = client.list_albums(ListAlbumsRequest {
        category: category.into(),
        only_deleted: matches!(args.category, Group::Trash),
        display_name_contains: args.name,
        order: Order::DisplayName.into(),
        ..ListAlbumsRequest::default()
    });
    let albums: Vec<_> = albums.try_collect().await?;
    context.output.list("albums", &albums, || {
        Table::of(["name", "photos", "role", "shared", "last photo", "id"], &albums, |album| {
            let shared = match (album.has_link, album.member_count > 1) {
                (true, true) => "members, link",
                (true, false) => "link",
                (false, true) => "members",
                (false, false) => "",
            };
            [
                album.display_name.clone(),
                album.asset_count.to_string(),
                role_word(album.role()),
                shared.to_owned(),
                times::format(album.last_time),
                album.id.clone(),
            ]
        })
    })
}

async fn create(context: &Context, client: &Client, args: CreateArgs) -> Result<()> {
    let order = args.order.map_or(AlbumOrder::Unspecified, AlbumOrder::from);
    let members = members::new_members(client, &args.share, members::Role::Viewer).await?;
    let request = CreateAlbumRequest {
        album: Some(Album {
            display_name: args.name,
            description: args.description,
            order: order.into(),
            ..Album::default()
        }),
        asset_ids: args.assets,
        members,
        request_id: Uuid::now_v7().to_string(),
    };
    let create = || async { client.albums().create_album(request.clone()).await };
    let album = retry(create).await?;
    context.output.message(&album, || album.id.clone())
}

async fn edit(context: &Context, client: &Client, args: EditArgs) -> Result<()> {
    let named = [
        ("display_name", args.name.is_some()),
        ("description", args.description.is_some()),
        ("order", args.order.is_some()),
        ("cover_asset_id", args.cover.is_some()),
        ("activity_enabled", args.activity.is_some()),
    ];
    let paths: Vec<_> = named.iter().filter(|(_, is_named)| *is_named).collect();
    if paths.is_empty() {
        return Err(Failure::Usage("name what to change: see albumen albums edit --help".into()));
    }
    let paths = paths.into_iter().map(|(path, _)| (*path).to_owned()).collect();
    let request = UpdateAlbumRequest {
        album_id: names::album(client, &args.album, AlbumRole::Editor).await?.id,
        album: Some(Album {
            display_name: args.name.unwrap_or_default(),
            description: args.description.unwrap_or_default(),
            order: args.order.map_or(AlbumOrder::Unspecified, AlbumOrder::from).into(),
            cover_asset_id: args.cover.unwrap_or_default(),
            activity_enabled: args.activity,
            ..Album::default()
        }),
        update_mask: Some(prost_types::FieldMask { paths }),
    };
    let update = || async { client.albums().update_album(request.clone()).await };
    show(context, &retry(update).await?)
}

fn show(context: &Context, album: &Album) -> Result<()> {
    context.output.message(album, || {
        let facts = [
            ("name", album.display_name.clone()),
            ("id", album.id.clone()),
            ("description", album.description.clone()),
            ("photos", album.asset_count.to_string()),
            ("from", times::format(album.first_time)),
            ("to", times::format(album.last_time)),
            ("order", word(album.order().as_str_name(), "ALBUM_ORDER_")),
            ("your role", role_word(album.role())),
            ("members", album.member_count.to_string()),
            ("link", if album.has_link { "yes" } else { "no" }.to_owned()),
            ("comments", if album.activity_enabled() { "on" } else { "off" }.to_owned()),
            ("made", times::format(album.create_time)),
            ("changed", times::format(album.update_time)),
            ("in the trash since", times::format(album.delete_time)),
        ];
        Table::facts(facts).to_string()
    })
}

fn role_word(role: AlbumRole) -> String {
    word(role.as_str_name(), "ALBUM_ROLE_")
}
