//! Making and changing libraries.

use albumen_client::v1::{CreateLibraryRequest, GetMeRequest, Library, UpdateLibraryRequest};
use albumen_client::{Client, retry};
use prost_types::FieldMask;
use uuid::Uuid;

use super::show;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::names;
use crate::table::printable;

#[derive(Debug, clap::Args)]
#[command(mut_arg("paths", |paths| paths.required(true)))]
pub(super) struct CreateArgs {
    /// The name
    name: String,
    /// The user whose photos they become, by name or e-mail [default: yourself]
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
#[command(mut_arg("paths", |paths| paths.help(
    "A folder to read, as the server sees it; may be repeated. Those that are named replace all others"
)))]
pub(super) struct UpdateArgs {
    /// The library
    library: String,
    /// The new name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// A folder to read, as the server sees it; may be repeated
    #[arg(long = "path", value_name = "PATH")]
    paths: Vec<String>,
    /// Leave out what matches this glob; may be repeated. It replaces the default, which is hidden
    /// files and what storage systems keep beside photos; an empty text alone leaves nothing out
    #[arg(long = "exclude", value_name = "GLOB")]
    exclusions: Option<Vec<String>>,
    /// When the server scans it by itself, as five fields of a crontab, as in '30 3 * * *' for each
    /// day at 3:30; an empty text: never
    #[arg(long, value_name = "CRONTAB")]
    schedule: Option<String>,
    /// The time zone of the schedule, as in Europe/Vienna [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Scan when files change, where the file system tells of it
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    watch: Option<bool>,
}

impl Settings {
    /// As a library, and which of its fields were named.
    fn into_library(self) -> (Library, Vec<&'static str>) {
        let named = [
            ("import_paths", !self.paths.is_empty()),
            ("exclusions", self.exclusions.is_some()),
            ("schedule", self.schedule.is_some()),
            ("time_zone", self.time_zone.is_some()),
            ("watched", self.watch.is_some()),
        ];
        let named = named.into_iter().filter(|(_, is_named)| *is_named);
        let exclusions = self.exclusions.unwrap_or_default();
        let library = Library {
            import_paths: self.paths,
            exclusions: exclusions.into_iter().filter(|glob| !glob.is_empty()).collect(),
            schedule: self.schedule.unwrap_or_default(),
            time_zone: self.time_zone.unwrap_or_default(),
            watched: self.watch,
            ..Library::default()
        };
        (library, named.map(|(path, _)| path).collect())
    }
}

pub(super) async fn create(context: &Context, client: &Client, args: CreateArgs) -> Result<()> {
    let (library, _) = args.settings.into_library();
    let owner_id = match args.owner {
        Some(owner) => names::user(client, &owner, false).await?.id,
        None => retry(|| async { client.users().get_me(GetMeRequest {}).await }).await?.id,
    };
    let request = CreateLibraryRequest {
        library: Some(Library { display_name: args.name, owner_id, ..library }),
        request_id: Uuid::now_v7().to_string(),
    };
    let create = || async { client.libraries().create_library(request.clone()).await };
    let library = retry(create).await?;
    let name = printable(&library.display_name);
    context.output.note(&format!("albumen libraries scan {name:?} reads it"));
    context.output.message(&library, || library.id.clone())
}

pub(super) async fn update(context: &Context, client: &Client, args: UpdateArgs) -> Result<()> {
    let (library, mut named) = args.settings.into_library();
    named.extend(args.name.as_ref().map(|_| "display_name"));
    if named.is_empty() {
        let message = "name what to change: see albumen libraries update --help";
        return Err(Failure::Usage(message.to_owned()));
    }
    let id = names::library(client, &args.library).await?.id;
    let display_name = args.name.unwrap_or_default();
    let request = UpdateLibraryRequest {
        library: Some(Library { id, display_name, ..library }),
        update_mask: Some(FieldMask { paths: named.into_iter().map(str::to_owned).collect() }),
    };
    let update = || async { client.libraries().update_library(request.clone()).await };
    show(context, client, &retry(update).await?).await
}
