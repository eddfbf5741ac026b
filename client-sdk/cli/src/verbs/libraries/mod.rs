//! `albumen libraries`

mod change;
mod scan;

use std::collections::HashMap;

use albumen_client::v1::library_scan::State;
use albumen_client::v1::{
    DeleteLibraryRequest, GetMeRequest, Library, ListLibrariesRequest, ListUsersRequest, RemoveOfflineAssetsRequest,
    ValidateImportPathsRequest,
};
use albumen_client::{Client, retry};
use clap::Subcommand;
use futures::TryStreamExt as _;
use serde_json::json;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::table::{Table, printable};
use crate::words::{count, whole, word};
use crate::{confirm, names, times};

/// Read photos in place, from folders of the server
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is ever copied into these folders, changed or removed there. They must lie below a root that
the server allows: its setting ALBUMEN_LIBRARY_ROOTS. Libraries are named by name or id. To make,
change, check and delete them takes an administrator.

Examples:
  albumen libraries check /photos
  albumen libraries create Photos --path /photos
  albumen libraries create Bob --owner bob@example.org --path /nas/bob --schedule '30 3 * * *' \\
    --time-zone Europe/Vienna --watch
  albumen libraries scan Photos
  albumen libraries show Photos
  albumen libraries remove-offline Photos

For albums from their folders see `albumen help folder-albums`.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List libraries
    List {
        /// Only those of this user
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
    },
    /// Show a library
    Show {
        /// The library
        library: String,
    },
    /// Make a library; its first scan is a command of its own
    Create(change::CreateArgs),
    /// Change a library
    Update(change::UpdateArgs),
    /// Say whether the server could scan some folders, and if not, why
    Check {
        /// The folders, as the server sees them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
    },
    /// Look for what is new, changed, moved or gone
    Scan(scan::ScanArgs),
    /// List the scans of a library, latest first
    Scans {
        /// The library
        library: String,
        /// How many at most
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: usize,
    },
    /// Put the photos whose files are missing into the trash, until they are back
    RemoveOffline {
        /// The library
        library: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Delete a library; its files stay as they are
    Delete {
        /// The library
        library: String,
        /// Even if photos go with it, which are nowhere else
        #[arg(long)]
        force: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<()> {
    let (client, _) = context.client().await?;
    match args.verb {
        Verb::List { owner } => list(context, &client, owner).await,
        Verb::Show { library } => {
            show(context, &client, &names::library(&client, &library).await?).await
        }
        Verb::Create(args) => change::create(context, &client, args).await,
        Verb::Update(args) => change::update(context, &client, args).await,
        Verb::Check { paths } => check(context, &client, paths).await,
        Verb::Scan(args) => Box::pin(scan::scan(context, &client, args)).await,
        Verb::Scans { library, limit } => scan::list(context, &client, &library, limit).await,
        Verb::RemoveOffline { library, yes } => {
            remove_offline(context, &client, &library, yes).await
        }
        Verb::Delete { library, force, yes } => {
            delete(context, &client, &library, force, yes).await
        }
    }
}

async fn list(context: &Context, client: &Client, owner: Option<String>) -> Result<()> {
    let mut request = ListLibrariesRequest::default();
    if let Some(owner) = owner {
        request.owner_id = names::user(client, &owner, false).await?.id;
    }
    let libraries: Vec<_> = client.list_libraries(request).try_collect().await?;
    let owners = owners(context, client, &libraries).await;
    let row = |library: &Library| {
        [
            library.display_name.clone(),
            library.file_count.to_string(),
            library.offline_file_count.to_string(),
            last_scan(library),
            library.import_paths.join(", "),
            library.id.clone(),
        ]
    };
    context.output.list("libraries", &libraries, || {
        let Some(owners) = owners else {
            return Table::of(["name", "files", "missing", "last scan", "paths", "id"], &libraries, row);
        };
        let head = ["name", "files", "missing", "owner", "last scan", "paths", "id"];
        Table::of(head, &libraries, |library| {
            let [name, files, missing, scan, paths, id] = row(library);
            let owner = owners.get(&library.owner_id).unwrap_or(&library.owner_id).clone();
            [name, files, missing, owner, scan, paths, id]
        })
    })
}

/// The names of owners by their ids; `None` for whoever sees but libraries of their own.
async fn owners(
    context: &Context,
    client: &Client,
    libraries: &[Library],
) -> Option<HashMap<String, String>> {
    if context.output.json || libraries.is_empty() {
        return None;
    }
    // A key may not be good for users; the libraries are shown all the same.
    let me = retry(|| async { client.users().get_me(GetMeRequest {}).await }).await.ok()?;
    if !me.is_admin() {
        return None;
    }
    let request = ListUsersRequest { show_deleted: true, ..ListUsersRequest::default() };
    let users: Vec<_> = client.list_users(request).try_collect().await.unwrap_or_default();
    Some(users.into_iter().map(|user| (user.id, user.display_name)).collect())
}

/// The owner of a library by name and e-mail; by id if they cannot be found.
async fn owner(client: &Client, library: &Library) -> String {
    match names::user(client, &library.owner_id, false).await {
        Ok(user) => format!("{} <{}>", user.display_name, user.email),
        Err(_) => library.owner_id.clone(),
    }
}

fn last_scan(library: &Library) -> String {
    let Some(scan) = &library.last_scan else { return "never".to_owned() };
    let time = times::format(scan.finish_time.or(scan.start_time).or(scan.create_time));
    let problems = match scan.state() {
        State::Succeeded if !scan.problems.is_empty() => ", with problems",
        _ => "",
    };
    format!("{time}, {}{problems}", word(scan.state().as_str_name(), "STATE_"))
}

async fn show(context: &Context, client: &Client, library: &Library) -> Result<()> {
    let owner = match context.output.json {
        true => String::new(),
        false => owner(client, library).await,
    };
    context.output.message(library, || {
        let schedule = match (library.schedule.as_str(), library.time_zone.as_str()) {
            ("", _) => String::new(),
            (schedule, "") => format!("{schedule} (UTC)"),
            (schedule, zone) => format!("{schedule} ({zone})"),
        };
        Table::facts([
            ("name", library.display_name.clone()),
            ("id", library.id.clone()),
            ("owner", owner),
            ("paths", library.import_paths.join(", ")),
            ("leaves out", library.exclusions.join(", ")),
            ("files", library.file_count.to_string()),
            ("missing", library.offline_file_count.to_string()),
            ("last scan", last_scan(library)),
            ("schedule", schedule),
            ("next scan", times::format(library.next_scan_time)),
            ("watched", if library.watched() { "yes" } else { "no" }.to_owned()),
            ("made", times::format(library.create_time)),
            ("changed", times::format(library.update_time)),
        ])
        .to_string()
    })
}

async fn check(context: &Context, client: &Client, paths: Vec<String>) -> Result<()> {
    let request = ValidateImportPathsRequest { import_paths: paths };
    let check = || async { client.libraries().validate_import_paths(request.clone()).await };
    let verdicts = retry(check).await?.verdicts;
    context.output.list("verdicts", &verdicts, || {
        Table::of(["path", "can be scanned", "why not"], &verdicts, |verdict| {
            let answer = if verdict.valid { "yes" } else { "no" }.to_owned();
            [verdict.import_path.clone(), answer, verdict.message.clone()]
        })
    })?;
    match verdicts.iter().filter(|verdict| !verdict.valid).count() {
        0 => Ok(()),
        number => Err(Failure::Partial(format!("{} cannot be scanned", count(number, "folder")))),
    }
}

async fn remove_offline(context: &Context, client: &Client, name: &str, yes: bool) -> Result<()> {
    let library = names::library(client, name).await?;
    confirm::require(
        &format!(
            "{} missing from {:?}. Put the photos into the trash, until they are back?",
            whole(library.offline_file_count, "file"),
            library.display_name,
        ),
        yes,
    )?;
    let request = RemoveOfflineAssetsRequest { library_id: library.id };
    let remove = || async { client.libraries().remove_offline_assets(request.clone()).await };
    let answer = retry(remove).await?;
    for problem in &answer.problems {
        context.output.warn(&format!("{}: {}", printable(&problem.path), problem.message));
    }
    context.output.message(&answer, || {
        format!("{} put into the trash", whole(answer.removed_count, "photo"))
    })
}

async fn delete(
    context: &Context,
    client: &Client,
    name: &str,
    force: bool,
    yes: bool,
) -> Result<()> {
    let library = names::library(client, name).await?;
    let what = match force {
        true => ", and for good all photos that are nowhere else, with their comments",
        false => "",
    };
    let question = format!("Delete the library {:?}{what}? Files stay.", library.display_name);
    confirm::require(&question, yes)?;
    let request = DeleteLibraryRequest { library_id: library.id, force };
    retry(|| async { client.libraries().delete_library(request.clone()).await }).await?;
    context.output.value(&json!({}), || "deleted".to_owned())
}
