//! `albumen folder-rules`

mod change;
mod undo;

use albumen_client::v1::folder_album_options::{Mode, Sync};
use albumen_client::v1::folder_rule_run::State;
use albumen_client::v1::{
    ApplyFolderAlbumsRequest, DeleteFolderRuleRequest, FolderRule, ListFolderRuleRunsRequest,
    ListFolderRulesRequest,
};
use albumen_client::{Client, retry};
use clap::Subcommand;
use futures::TryStreamExt as _;
use serde_json::json;

use super::folder_albums::{Level, Log, Plan, apply, result, sum, tell, tell_sync};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::table::{Table, printable};
use crate::words::word;
use crate::{confirm, names, times};

/// Keep rules on the server by which folders become albums
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A rule has the options of `albumen folder-albums`, whose help explains them, and finds its albums
again when people rename them or when its options change. With a schedule the server follows it by
itself. A run is undone by its id, which `runs` shows.

Examples:
  albumen folder-rules create Trips -r /photos/trips -a 2 -s ' - ' --share-with bob@example.org
  albumen folder-rules plan Trips
  albumen folder-rules run Trips
  albumen folder-rules update Trips --schedule '30 3 * * *' --time-zone Europe/Vienna
  albumen folder-rules runs Trips
  albumen folder-rules undo 0198c2d4-…")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List your rules
    List,
    /// Show a rule
    Show {
        /// The rule, by name or id
        rule: String,
    },
    /// Make a rule
    Create(Box<change::CreateArgs>),
    /// Change a rule; options that are not named stay as they are
    Update(Box<change::UpdateArgs>),
    /// Delete a rule; its albums stay, its runs are forgotten and cannot be undone any more
    Delete {
        /// The rule, by name or id
        rule: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Show what a rule would do now
    Plan {
        /// The rule, by name or id
        rule: String,
    },
    /// Follow a rule now
    Run {
        /// The rule, by name or id
        rule: String,
    },
    /// List runs, latest first, also those of folder-albums
    Runs {
        /// Only those of this rule, by name or id
        rule: Option<String>,
        /// How many at most
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: usize,
    },
    /// Take back what a run did; what people changed since then stays
    Undo {
        /// The run, by its id, which `runs` shows
        run: String,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    match &args.verb {
        Verb::Create(args) => args.check()?,
        Verb::Update(args) => args.check()?,
        Verb::Undo { run } if !names::is_id(run) => {
            let message = "a run is named by its id; albumen folder-rules runs lists them";
            return Err(Failure::Usage(message.to_owned()));
        }
        _ => {}
    }
    let (client, _) = context.client().await?;
    let log = Log::new(context.output, Level::Info);
    match args.verb {
        Verb::List => list(context, &client).await,
        Verb::Show { rule } => show(context, &names::folder_rule(&client, &rule).await?),
        Verb::Create(args) => change::create(context, &client, *args).await,
        Verb::Update(args) => Box::pin(change::update(context, &client, *args)).await,
        Verb::Delete { rule, yes } => delete(context, &client, &rule, yes).await,
        Verb::Plan { rule } => plan(log, &client, &rule).await,
        Verb::Run { rule } => Box::pin(follow(log, &client, &rule)).await,
        Verb::Runs { rule, limit } => runs(context, &client, rule, limit).await,
        Verb::Undo { run } => undo::undo(context, &client, run).await,
    }
}

async fn list(context: &Context, client: &Client) -> Result<()> {
    let rules: Vec<_> =
        client.list_folder_rules(ListFolderRulesRequest::default()).try_collect().await?;
    context.output.list("folderRules", &rules, || {
        Table::of(["name", "roots", "levels", "schedule", "next run", "id"], &rules, |rule| {
            let options = rule.options.clone().unwrap_or_default();
            [
                rule.display_name.clone(),
                options.root_path.join(", "),
                options.album_levels,
                rule.schedule.clone(),
                times::format(rule.next_run_time),
                rule.id.clone(),
            ]
        })
    })
}

async fn delete(context: &Context, client: &Client, name: &str, yes: bool) -> Result<()> {
    let rule = names::folder_rule(client, name).await?;
    let question = format!(
        "Delete the rule {:?}? Its albums stay; its runs are forgotten and cannot be undone any more.",
        rule.display_name
    );
    confirm::require(&question, yes)?;
    let request = DeleteFolderRuleRequest { folder_rule_id: rule.id };
    retry(|| async { client.folder_albums().delete_folder_rule(request.clone()).await }).await?;
    context.output.value(&json!({}), || "deleted".to_owned())
}

async fn plan(log: Log, client: &Client, name: &str) -> Result<()> {
    let rule = names::folder_rule(client, name).await?;
    let plan = Plan::fetch(client, &rule.id, None).await?;
    match log.output.json {
        true => log.output.json(&plan.to_json()?),
        false => plan.show(log, &rule.options.unwrap_or_default()),
    }
}

async fn follow(log: Log, client: &Client, name: &str) -> Result<()> {
    let rule = names::folder_rule(client, name).await?;
    tell_sync(log, &rule.options.unwrap_or_default());
    let request = ApplyFolderAlbumsRequest { folder_rule_id: rule.id, ..Default::default() };
    let run = apply(log, client, request).await?;
    tell(log, &run)?;
    let (counts, options) = (run.counts.unwrap_or_default(), run.options.clone().unwrap_or_default());
    if options.mode() == Mode::Create && counts.skipped_files == counts.files {
        log.warn(&format!("no file belongs to an album: albumen folder-rules plan {name:?} says why"));
    }
    if log.output.json {
        log.output.message(&run, String::new)?;
    }
    result(&run)
}

fn show(context: &Context, rule: &FolderRule) -> Result<()> {
    context.output.message(rule, || {
        let options = rule.options.clone().unwrap_or_default();
        let names = options.album_name_post_regex.iter();
        let names = names.map(|it| format!("{:?} by {:?}", it.pattern, it.replacement));
        let filters = [options.path_filter.clone(), options.path_filter_regex.clone()].concat();
        let ignored = [options.ignore.clone(), options.ignore_regex.clone()].concat();
        let people = options.share_with.iter().map(|share| share.user.clone());
        let yes = |is_so: bool| if is_so { "yes" } else { "" }.to_owned();
        let or_none = |word: String| if word == "unspecified" { String::new() } else { word };
        Table::facts([
            ("name", rule.display_name.clone()),
            ("id", rule.id.clone()),
            ("root paths", options.root_path.join(", ")),
            ("levels", options.album_levels.clone()),
            ("separator", format!("{:?}", options.album_separator())),
            ("replaces", names.collect::<Vec<_>>().join(", ")),
            ("only", filters.join(", ")),
            ("ignores", ignored.join(", ")),
            ("mode", or_none(word(Mode::as_str_name(&options.mode()), "MODE_"))),
            ("deletes", yes(options.delete_confirm)),
            ("all albums", yes(options.all_albums)),
            ("shares with", people.collect::<Vec<_>>().join(", ")),
            ("tidies up", or_none(word(Sync::as_str_name(&options.sync()), "SYNC_"))),
            ("photos of other albums", yes(options.find_assets_in_albums)),
            ("archived photos", yes(options.find_archived_assets)),
            ("archives", yes(options.archive)),
            ("schedule", rule.schedule.clone()),
            ("time zone", rule.time_zone.clone()),
            ("next run", times::format(rule.next_run_time)),
            ("made", times::format(rule.create_time)),
            ("changed", times::format(rule.update_time)),
        ])
        .to_string()
    })
}

async fn runs(
    context: &Context,
    client: &Client,
    rule: Option<String>,
    limit: usize,
) -> Result<()> {
    let mut request = ListFolderRuleRunsRequest::default();
    if let Some(rule) = rule {
        request.folder_rule_id = names::folder_rule(client, &rule).await?.id;
    }
    let mut listed = client.list_folder_rule_runs(request);
    let mut runs = Vec::new();
    while runs.len() < limit {
        let Some(run) = listed.try_next().await? else { break };
        runs.push(run);
    }
    context.output.list("runs", &runs, || {
        Table::of(["when", "state", "what it did", "problems", "id"], &runs, |run| {
            let state = match run.undo_time {
                Some(_) => "undone".to_owned(),
                None => word(State::as_str_name(&run.state()), "STATE_"),
            };
            let problem = run.problems.first().map(|problem| {
                format!("{}: {}", printable(&problem.subject), problem.message)
            });
            let more = match run.problems.len() {
                0 | 1 => String::new(),
                number => format!(" and {} more", number - 1),
            };
            [
                times::format(run.start_time.or(run.create_time)),
                state,
                sum(&run.counts.unwrap_or_default()),
                problem.unwrap_or_default() + &more,
                run.id.clone(),
            ]
        })
    })
}
