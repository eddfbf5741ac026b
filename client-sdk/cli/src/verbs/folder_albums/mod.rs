//! `albumen folder-albums`

mod apply;
mod expressions;
mod log;
mod options;
mod paths;
mod plan;
mod schedule;
mod skipped;
mod target;
mod values;
mod variables;

pub(super) use apply::{apply, result, sum, tell};
pub(super) use log::{Level, Log};
pub(super) use options::OptionArgs;
pub(super) use plan::{Plan, tell_sync};

use albumen_client::Client;
use albumen_client::v1::folder_album_options::Mode;
use albumen_client::v1::{ApplyFolderAlbumsRequest, FolderAlbumOptions, FolderRuleRun};
use serde_json::json;

use crate::call::Call;
use crate::context::{Context, address};
use crate::failure::{Failure, Result};
use crate::{confirm, json};
use schedule::Schedule;
use target::Target;
use variables::{Settings, Variables};

/// The exit code where there is something to do, and nobody to ask.
const UNASKED: u8 = 6;

/// Make albums from the folders of your libraries
#[derive(Debug, clap::Args)]
#[command(
    infer_long_args = true,
    args_override_self = true,
    override_usage = "albumen folder-albums [OPTIONS] [ROOT_PATH]... [API_URL API_KEY]",
    after_help = "\
It shows what would be done, and asks. Where there is no terminal to ask at, and no --unattended, it
ends with exit code 6; with --json, and no --unattended, it only plans. A root path is a folder as
the server sees it; if no file is below any, the exit code is 4. CLEANUP and DELETE_ALL never ask:
they only list albums, and with --delete-confirm they put them into the trash. Unique beginnings of
options are enough, as in --album-level. Of an option that is given twice, and may not be repeated,
the last counts.

With the root path /photos, the album of /photos/2024/Rome/Day 1/a.jpg is called
  2024         with --album-levels 1
  2024 Rome    with --album-levels 2
  Day 1        with --album-levels -1
  Rome Day 1   with --album-levels 2,3

Globs are compared with the path below the root path, as in '20??/**': * stays within a folder, **
does not. One with neither / nor * matches where a folder or file has it in its name.

Examples:
  albumen folder-albums /photos
  albumen folder-albums /photos --album-levels 2 --album-separator ' - ' --unattended
  albumen folder-albums /photos --album-levels -2,-1 --ignore Private --share-with bob@example.org
  albumen folder-albums /photos --mode CLEANUP
  albumen folder-albums /photos https://photos.example.org KEY --unattended
  find /photos -type f | albumen folder-albums /photos --paths-from -
  albumen folder-albums --from-env

With --from-env options are taken from variables: ROOT_PATH (with commas), ALBUM_LEVELS,
ALBUM_SEPARATOR, ALBUM_NAME_POST_REGEX1 and so on, PATH_FILTER and IGNORE (with colons),
PATH_FILTER_REGEX1, IGNORE_REGEX1, MODE, DELETE_CONFIRM, ALL_ALBUMS, UNATTENDED, SHARE_WITH (with
colons), SHARE_ROLE, SYNC_MODE, ALBUM_ORDER, FIND_ASSETS_IN_ALBUMS, FIND_ARCHIVED_ASSETS,
SET_ALBUM_THUMBNAIL, ARCHIVE, COMMENTS_AND_LIKES, CHUNK_SIZE, FETCH_CHUNK_SIZE, LOG_LEVEL, INSECURE,
API_URL, API_KEY or API_KEY_FILE. With CRON_EXPRESSION (and TZ, RUN_IMMEDIATELY) it stays and runs
at those times, without asking. What the command line says comes before variables.

`albumen help folder-rules` is about rules that the server keeps and follows by itself."
)]
pub(crate) struct Args {
    /// Folders below which photos count, as the server sees them. A server's address and an API key
    /// may follow
    #[arg(value_name = "ROOT_PATH")]
    named: Vec<String>,
    #[command(flatten)]
    options: OptionArgs,
    /// Do what the plan says without asking
    #[arg(short = 'u', long, value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = values::boolean)]
    unattended: Option<bool>,
    /// Read options from variables too
    #[arg(long)]
    from_env: bool,
    /// Plan for the paths in a file, one a line, without a server; - reads standard input
    #[arg(long, value_name = "FILE")]
    paths_from: Option<String>,
    /// How much to say: CRITICAL, ERROR, WARNING, INFO or DEBUG [default: INFO]
    #[arg(short = 'l', long, value_name = "LEVEL", value_parser = values::log_level)]
    log_level: Option<Level>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let target = Target::split(args.named)?;
    let mut options = args.options;
    options.roots.splice(..0, target.roots);
    let mut settings = Settings::default();
    if args.from_env {
        let variables = Variables::of_process();
        settings = variables.settings()?;
        options = options.or(variables.options()?);
    }
    if let Some(source) = &args.paths_from {
        return paths::run(context.output, &options, source);
    }
    options.check()?;
    let schedule = settings.cron_expression.as_deref();
    let schedule = schedule.map(|text| Schedule::parse(text, settings.time_zone.as_deref()));
    let schedule = schedule.transpose()?;
    let level = args.log_level.or(settings.log_level).unwrap_or_default();
    let log = Log::new(context.output, level);
    for value in options.ignored() {
        log.warn(&format!("-R takes a pattern and a replacement: {value:?} is left out"));
    }
    let key_file = || settings.api_key_file.as_deref().map(key_from).transpose();
    let given = || target.api_key.or_else(|| context.api_key().map(str::to_owned));
    let api_key = match given().or(settings.api_key) {
        Some(key) => Some(key),
        None => key_file()?,
    };
    // Like the key: whatever the command line says comes before variables.
    let url = target.url.or(context.url()?);
    let api_url = settings.api_url.as_deref().map(|text| {
        let read = address(&target::server(text));
        read.map_err(|error| Failure::Usage(format!("API_URL: {error}")))
    });
    let url = url.or(api_url.transpose()?);
    let context = context.with_server(url, api_key, settings.insecure.unwrap_or(false))?;
    let mut run = Run { context: &context, log, options: FolderAlbumOptions::default(), asks: true };
    // As the command acts for whoever calls it, it may delete what people made.
    run.options.all_albums = true;
    options.set(&mut run.options);
    let Some(schedule) = schedule else {
        run.asks = !args.unattended.or(settings.unattended).unwrap_or(false);
        let done = run.once().await;
        return done.map_err(|failure| match run.unknown_share(&failure) {
            // Complaints name what the command line has, and so not what variables have.
            Some((index, message)) if args.from_env => {
                let user = &run.options.share_with[index].user;
                Failure::Usage(format!("--share-with {user:?} {message}"))
            }
            _ => failure,
        });
    };
    (run.asks, run.log) = (false, log.with_times());
    let immediately = settings.run_immediately.unwrap_or(false);
    schedule.run(run.log, immediately, || run.attempt()).await
}

/// The key in a file.
fn key_from(file: &str) -> Result<String> {
    let key = std::fs::read_to_string(file);
    let key = key.map_err(|error| Failure::Usage(format!("API_KEY_FILE: {file}: {error}")))?;
    Ok(key.trim().to_owned())
}

/// What to run.
#[derive(Debug, Clone)]
struct Run<'a> {
    context: &'a Context,
    log: Log,
    options: FolderAlbumOptions,
    asks: bool,
}

impl Run<'_> {
    /// Runs leniently. What fails is told, and done again the next time.
    async fn attempt(&self) {
        if let Err(failure) = self.leniently().await {
            let mut call = Call::default();
            self.context.describe(&mut call);
            self.log.error(&call, &failure);
        }
    }

    /// Runs without people whom the server does not know: nobody is there to correct them.
    async fn leniently(&self) -> Result<()> {
        let mut run = self.clone();
        loop {
            let done = Box::pin(run.once()).await;
            let unknown = done.as_ref().err().and_then(|failure| run.unknown_share(failure));
            let Some((index, message)) = unknown else { return done };
            let share = run.options.share_with.remove(index);
            run.log.warn(&format!("--share-with {:?}: {message}", share.user));
        }
    }

    /// Which of the people to share with the server refuses, and why.
    fn unknown_share(&self, failure: &Failure) -> Option<(usize, String)> {
        let Failure::Client(error) = failure else { return None };
        error.violations().iter().find_map(|violation| {
            let field = violation.field.strip_prefix("options.share_with[")?;
            let index = field.split_once(']')?.0.parse().ok()?;
            self.options.share_with.get(index)?;
            Some((index, violation.description.clone()))
        })
    }

    /// Plans, shows, asks and applies.
    async fn once(&self) -> Result<()> {
        let (client, url) = self.context.client().await?;
        self.log.debug(&format!("planning at {url} for {}", self.options.root_path.join(", ")));
        let plan = Plan::fetch(&client, "", Some(self.options.clone())).await?;
        if !self.log.output.json {
            plan.show(self.log, &self.options)?;
        }
        let decided = self.decide(&plan);
        let run = match decided {
            Ok(true) => Some(self.apply(&client, &plan).await?),
            _ => None,
        };
        if self.log.output.json {
            let run = run.as_ref().map(json::value).transpose()?;
            self.log.document(&json!({ "plan": plan.to_json()?, "run": run }))?;
        }
        decided?;
        run.as_ref().map_or(Ok(()), result)
    }

    /// Whether to do what a plan says.
    fn decide(&self, plan: &Plan) -> Result<bool> {
        if matches!(self.options.mode(), Mode::Cleanup | Mode::DeleteAll) {
            if plan.summary.deleted_count == 0 {
                self.log.info("there is nothing to delete");
                return Ok(false);
            }
            if !self.options.delete_confirm {
                self.log.info(
                    "nothing was deleted, this only lists: --delete-confirm (-d, \
                     DELETE_CONFIRM=true) puts albums into the trash",
                );
            }
            return Ok(self.options.delete_confirm);
        }
        if plan.is_idle(&self.options) {
            plan.expect_files(&self.options)?;
            self.log.info("there is nothing to do");
            return Ok(false);
        }
        // Nobody sees what the question is about.
        if self.asks && self.log.output.json {
            return Ok(false);
        }
        if !self.asks {
            return Ok(true);
        }
        if !confirm::is_possible() {
            self.log.warn(
                "nothing was changed: there is no terminal to ask at, and --unattended (-u, \
                 UNATTENDED=1) does it without asking",
            );
            return Err(Failure::Told(UNASKED));
        }
        match confirm::ask("Do that?")? {
            true => Ok(true),
            false => Err(Failure::Other("nothing was changed".to_owned())),
        }
    }

    async fn apply(&self, client: &Client, plan: &Plan) -> Result<FolderRuleRun> {
        // Whoever was asked gets what was shown; nobody else waits for the plan to stay the same.
        let plan_token = if self.asks { plan.summary.plan_token.clone() } else { String::new() };
        let options = Some(self.options.clone());
        let request = ApplyFolderAlbumsRequest { options, plan_token, ..Default::default() };
        let run = apply(self.log, client, request).await?;
        tell(self.log, &run)?;
        Ok(run)
    }
}
