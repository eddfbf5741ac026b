//! Making and changing rules.

use albumen_client::v1::folder_album_options::{Mode, Sync, Thumbnail};
use albumen_client::v1::{
    CreateFolderRuleRequest, FolderAlbumOptions, FolderRule, UpdateFolderRuleRequest,
};
use albumen_client::{Client, retry};
use prost_types::FieldMask;
use uuid::Uuid;

use super::show;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::names;
use crate::table::printable;
use crate::verbs::folder_albums::OptionArgs;

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// The name
    name: String,
    #[command(flatten)]
    timing: Timing,
    #[command(flatten)]
    options: OptionArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct UpdateArgs {
    /// The rule, by name or id
    rule: String,
    /// The new name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    timing: Timing,
    #[command(flatten)]
    options: OptionArgs,
    /// Give an option its default again, as in --reset ignore; may be repeated
    #[arg(long, value_name = "OPTION")]
    reset: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Timing {
    /// When the server follows it by itself, as five fields of a crontab, as in '30 3 * * *' for
    /// each day at 3:30; an empty text: never
    #[arg(long, value_name = "CRONTAB")]
    schedule: Option<String>,
    /// The time zone of the schedule, as in Europe/Vienna [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

impl CreateArgs {
    /// Whether the options make sense, without a server.
    pub(super) fn check(&self) -> Result<()> {
        self.options.check()
    }
}

pub(super) async fn create(context: &Context, client: &Client, args: CreateArgs) -> Result<()> {
    let mut options = FolderAlbumOptions::default();
    args.options.set(&mut options);
    let rule = FolderRule {
        display_name: args.name,
        options: Some(options),
        schedule: args.timing.schedule.unwrap_or_default(),
        time_zone: args.timing.time_zone.unwrap_or_default(),
        ..FolderRule::default()
    };
    let request = CreateFolderRuleRequest {
        folder_rule: Some(rule),
        request_id: Uuid::now_v7().to_string(),
    };
    let create = || async { client.folder_albums().create_folder_rule(request.clone()).await };
    let rule = retry(create).await?;
    let name = printable(&rule.display_name);
    context.output.note(&format!("albumen folder-rules plan {name:?} shows what it would do, run does it"));
    context.output.message(&rule, || rule.id.clone())
}

impl UpdateArgs {
    /// Whether there is anything to change.
    pub(super) fn check(&self) -> Result<()> {
        let is_named = self.name.is_some() || !self.reset.is_empty();
        let is_timed = self.timing.schedule.is_some() || self.timing.time_zone.is_some();
        if is_named || is_timed || self.options != OptionArgs::default() {
            return Ok(());
        }
        let message = "name what to change: see albumen folder-rules update --help";
        Err(Failure::Usage(message.to_owned()))
    }
}

pub(super) async fn update(context: &Context, client: &Client, args: UpdateArgs) -> Result<()> {
    let mut rule = names::folder_rule(client, &args.rule).await?;
    let mut options = rule.options.take().unwrap_or_default();
    args.reset.iter().try_for_each(|option| set_default(&mut options, option))?;
    args.options.set(&mut options);
    rule.options = Some(options);
    rule.display_name = args.name.unwrap_or(rule.display_name);
    rule.schedule = args.timing.schedule.unwrap_or(rule.schedule);
    rule.time_zone = args.timing.time_zone.unwrap_or(rule.time_zone);
    let paths = ["display_name", "options", "schedule", "time_zone"].map(str::to_owned).to_vec();
    let request = UpdateFolderRuleRequest {
        folder_rule_id: rule.id.clone(),
        folder_rule: Some(rule),
        update_mask: Some(FieldMask { paths }),
    };
    let update = || async { client.folder_albums().update_folder_rule(request.clone()).await };
    show(context, &retry(update).await?)
}

/// Gives an option its default again; the server knows the defaults.
fn set_default(options: &mut FolderAlbumOptions, option: &str) -> Result<()> {
    match option.trim_start_matches('-').replace('_', "-").as_str() {
        "root-path" => options.root_path.clear(),
        "album-levels" => options.album_levels.clear(),
        "album-separator" => options.album_separator = None,
        "album-name-post-regex" => options.album_name_post_regex.clear(),
        "path-filter" => options.path_filter.clear(),
        "ignore" => options.ignore.clear(),
        "path-filter-regex" => options.path_filter_regex.clear(),
        "ignore-regex" => options.ignore_regex.clear(),
        "share-with" => options.share_with.clear(),
        "share-role" => options.share_role = 0,
        "album-order" => options.album_order = 0,
        "mode" => options.mode = Mode::Unspecified.into(),
        "sync-mode" => options.sync = Sync::Unspecified.into(),
        "set-album-thumbnail" => options.set_album_thumbnail = Thumbnail::Unspecified.into(),
        "comments-and-likes" => options.comments_and_likes = None,
        "merge-same-name" => options.merge_same_name = None,
        "chunk-size" => options.chunk_size = 0,
        "fetch-chunk-size" => options.fetch_chunk_size = 0,
        "delete-confirm" => options.delete_confirm = false,
        "all-albums" => options.all_albums = false,
        "find-assets-in-albums" => options.find_assets_in_albums = false,
        "find-archived-assets" => options.find_archived_assets = false,
        "archive" => options.archive = false,
        _ => return Err(Failure::Usage(format!("--reset: {option:?} is no option of a rule"))),
    }
    Ok(())
}
