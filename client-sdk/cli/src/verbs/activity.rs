//! `albumen activity`

use std::io::Read as _;

use albumen_client::v1::album_event::Kind;
use albumen_client::v1::{
    Activity, ActivityKind, Album, AlbumEvent, AlbumRole, CreateCommentRequest,
    DeleteCommentRequest, ListActivitiesRequest, SetLikeRequest,
};
use albumen_client::{Client, retry};
use clap::Subcommand;
use futures::TryStreamExt as _;
use serde_json::json;
use uuid::Uuid;

use crate::context::Context;
use crate::failure::Result;
use crate::table::{Table, printable};
use crate::words::{count, word};
use crate::{interrupt, json, names, times};

/// Read and write comments and likes, and watch an album
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  albumen activity list Summer
  albumen activity comment Summer \"what a day\"
  albumen activity like Summer --asset 0198c2d4-…
  albumen activity watch Summer --json | jq -c .event")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What it is about.
#[derive(Debug, clap::Args)]
struct Subject {
    /// The album, by name or id
    album: String,
    /// A photo of the album, by id [default: the album itself]
    #[arg(long, value_name = "ID")]
    asset: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List comments and likes, newest first
    List {
        /// The album, by name or id
        album: String,
        /// Only those on this photo [default: on the album and all its photos]
        #[arg(long, value_name = "ID")]
        asset: Option<String>,
        /// Only comments
        #[arg(long)]
        comments: bool,
    },
    /// Write a comment
    Comment {
        #[command(flatten)]
        subject: Subject,
        /// What to say; - reads it from standard input
        text: String,
    },
    /// Like an album or a photo
    Like(Subject),
    /// Take a like back
    Unlike(Subject),
    /// Delete a comment: your own, or any in your own album
    Delete {
        /// The comment's id, as `albumen activity list` shows it
        id: String,
    },
    /// Print what happens in an album as it happens, until Ctrl+C; with --json a document a line
    Watch {
        /// The album, by name or id
        album: String,
        /// Go on after the message with this cursor [default: from now on]
        #[arg(long, default_value = "", hide_default_value = true)]
        cursor: String,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let (client, _) = context.client().await?;
    match args.verb {
        Verb::List { album, asset, comments } => {
            let album = viewed(&client, &album).await?;
            list(context, &client, album, asset, comments).await
        }
        Verb::Comment { subject, text } => comment(context, &client, subject, text).await,
        Verb::Like(subject) => like(context, &client, subject, true).await,
        Verb::Unlike(subject) => like(context, &client, subject, false).await,
        Verb::Delete { id } => {
            let request = DeleteCommentRequest { activity_id: id };
            client.activities().delete_comment(request).await?;
            context.output.did_value(&json!({}), || "deleted".to_owned())
        }
        Verb::Watch { album, cursor } => {
            let album = viewed(&client, &album).await?;
            interrupt::or(watch(context, &client, &album, &cursor)).await
        }
    }
}

async fn viewed(client: &Client, name: &str) -> Result<Album> {
    names::album(client, name, AlbumRole::Viewer).await
}

async fn list(
    context: &Context,
    client: &Client,
    album: Album,
    asset: Option<String>,
    comments: bool,
) -> Result<()> {
    let kind = if comments { ActivityKind::Comment } else { ActivityKind::Unspecified };
    let activities = client.list_activities(ListActivitiesRequest {
        album_id: album.id,
        asset_id: asset.unwrap_or_default(),
        kind: kind.into(),
        ..ListActivitiesRequest::default()
    });
    let activities: Vec<_> = activities.try_collect().await?;
    context.output.list("activities", &activities, || {
        Table::of(["id", "when", "who", "photo", "what"], &activities, |activity| {
            let what = match activity.kind() {
                ActivityKind::Like => "likes it".to_owned(),
                _ => activity.text.clone(),
            };
            let (when, who) = (times::format(activity.create_time), author(activity));
            [activity.id.clone(), when, who, activity.asset_id.clone(), what]
        })
    })
}

async fn comment(context: &Context, client: &Client, subject: Subject, text: String) -> Result<()> {
    let text = match text.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
        _ => text,
    };
    let request = CreateCommentRequest {
        album_id: viewed(client, &subject.album).await?.id,
        asset_id: subject.asset.unwrap_or_default(),
        text,
        request_id: Uuid::now_v7().to_string(),
        ..CreateCommentRequest::default()
    };
    let create = || async { client.activities().create_comment(request.clone()).await };
    let activity = retry(create).await?;
    context.output.message(&activity, || activity.id.clone())
}

async fn like(context: &Context, client: &Client, subject: Subject, liked: bool) -> Result<()> {
    let request = SetLikeRequest {
        album_id: viewed(client, &subject.album).await?.id,
        asset_id: subject.asset.unwrap_or_default(),
        liked,
        ..SetLikeRequest::default()
    };
    let answer = retry(|| async { client.activities().set_like(request.clone()).await }).await?;
    let text = if liked { "liked" } else { "no longer liked" };
    context.output.did(&answer, || text.to_owned())
}

async fn watch(context: &Context, client: &Client, album: &Album, cursor: &str) -> Result<()> {
    context.output.note(&format!("watching {}", printable(&album.display_name)));
    let mut messages = client.watch_album(&album.id, cursor);
    while let Some(message) = messages.try_next().await? {
        if context.output.json {
            context.output.json_line(&json::value(&message)?)?;
        } else if let Some(event) = message.event {
            let now = times::format(Some(std::time::SystemTime::now().into()));
            context.output.text(&format!("{now}  {}", describe(&event)))?;
        }
    }
    Ok(())
}

fn describe(event: &AlbumEvent) -> String {
    let photos = |ids: &[String], what: &str| match ids {
        [] => format!("many photos {what}"),
        ids => format!("{} {what}: {}", count(ids.len(), "photo"), ids.join(" ")),
    };
    let members = |ids: &[String], what: &str| {
        format!("{} {what}: {}", count(ids.len(), "member"), ids.join(" "))
    };
    match &event.kind {
        Some(Kind::AssetsAdded(assets)) => photos(&assets.asset_ids, "added"),
        Some(Kind::AssetsRemoved(assets)) => photos(&assets.asset_ids, "removed"),
        Some(Kind::AssetsChanged(assets)) => photos(&assets.asset_ids, "changed"),
        Some(Kind::AlbumUpdated(_)) => "the album changed".to_owned(),
        Some(Kind::MembersAdded(who)) => members(&who.user_ids, "added"),
        Some(Kind::MembersUpdated(who)) => members(&who.user_ids, "changed"),
        Some(Kind::MembersRemoved(who)) => members(&who.user_ids, "removed"),
        Some(Kind::ActivityAdded(activity)) => {
            let kind = word(activity.kind().as_str_name(), "ACTIVITY_KIND_");
            format!("{kind} by {}: {}", author(activity), printable(&activity.text))
        }
        Some(Kind::ActivityRemoved(removal)) => format!("taken back: {}", removal.activity_id),
        None => "something that this version does not know".to_owned(),
    }
}

fn author(activity: &Activity) -> String {
    let name = printable(&activity.author_display_name);
    match (activity.guest, name.as_str()) {
        (true, "") => "a guest".to_owned(),
        (true, name) => format!("{name} (guest)"),
        (false, name) => name.to_owned(),
    }
}
