//! Making and changing libraries.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};
use tokio::task::spawn_blocking;

use super::exclusions::{DEFAULTS, Exclusions};
use super::view::view;
use super::{LibraryView, import_paths};
use crate::access::{self, Actor};
use crate::app::App;
use crate::audit;
use crate::crontab::Schedule;
use crate::entity::audit_event::Kind;
use crate::entity::library::{self, Model as Library};
use crate::error::{Error, Result};
use crate::id::{LibraryId, UserId};
use crate::mask;

/// What administrators may change of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What people call it.
    DisplayName,
    /// The folders.
    ImportPaths,
    /// What is left alone.
    Exclusions,
    /// When it is scanned by itself.
    Schedule,
    /// The time zone of the schedule.
    TimeZone,
    /// Whether changes of its files start scans.
    Watched,
}

impl mask::Field for Field {
    const ALL: &'static [Self] = &[
        Self::DisplayName,
        Self::ImportPaths,
        Self::Exclusions,
        Self::Schedule,
        Self::TimeZone,
        Self::Watched,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::ImportPaths => "import_paths",
            Self::Exclusions => "exclusions",
            Self::Schedule => "schedule",
            Self::TimeZone => "time_zone",
            Self::Watched => "watched",
        }
    }
}

/// The values of a new library or an update.
#[derive(Debug, Clone)]
pub struct Values {
    /// What people call it.
    pub display_name: String,
    /// The folders, as absolute paths.
    pub import_paths: Vec<String>,
    /// Globs of what is left alone.
    pub exclusions: Vec<String>,
    /// When it is scanned by itself.
    pub schedule: Schedule,
    /// Whether changes of its files start scans.
    pub is_watched: bool,
}

/// A library as an administrator wants it.
#[derive(Debug)]
pub struct NewLibrary {
    /// The id that the caller chose.
    pub id: Option<LibraryId>,
    /// Whose assets its files become.
    pub owner_id: UserId,
    /// The values; without exclusions, the defaults apply.
    pub values: Values,
}

/// Creates a library, or finds the one that an earlier call with the same id created.
pub async fn create(app: &App, actor: &Actor, new: NewLibrary) -> Result<LibraryView> {
    if let Some(id) = new.id {
        match access::library(app.database.reader(), actor, id).await {
            Ok(library) => return view(app, library).await,
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let mut values = new.values;
    if values.exclusions.is_empty() {
        values.exclusions = DEFAULTS.map(str::to_owned).into();
    }
    let (owner_id, id) = (new.owner_id, new.id);
    let values = checked(app, values, <Field as mask::Field>::ALL, Vec::new()).await?;
    let (app_, actor) = (app.clone(), actor.clone());
    let library = app.transact(move |transaction| async move {
        let owner = access::lock_user(&transaction, owner_id).await;
        if !owner.is_ok_and(|owner| owner.is_active()) {
            return Err(Error::invalid("library.owner_id", "must be an active user"));
        }
        let id = match id {
            Some(id) => {
                // Made since, by the same call.
                match access::library(&*transaction, &actor, id).await {
                    Err(Error::NotFound(_)) => {}
                    library => return library,
                }
                access::refuse_taken(&*transaction, "library", *id.as_bytes()).await?;
                id
            }
            None => LibraryId::generate(),
        };
        let name = values.display_name.clone();
        let library = new_row(&app_, id, owner_id, values)?.insert(&*transaction).await;
        let library = library.map_err(|error| Error::of_unique("display_name", &name, error))?;
        audit::record(&app_, &transaction, &actor, Kind::LibraryCreated, id).await?;
        Ok(library)
    });
    view(app, library.await?).await
}

fn new_row(
    app: &App,
    id: LibraryId,
    owner_id: UserId,
    values: Values,
) -> Result<library::ActiveModel> {
    let now = app.now();
    let next = values.schedule.next("library", now)?;
    Ok(library::ActiveModel {
        id: Set(id),
        owner_id: Set(owner_id),
        display_name: Set(values.display_name),
        import_paths: Set(list_text(&values.import_paths)?),
        exclusions: Set(list_text(&values.exclusions)?),
        schedule: Set(values.schedule.crontab),
        time_zone: Set(values.schedule.time_zone),
        is_watched: Set(values.is_watched),
        next_scan_time: Set(next),
        create_time: Set(now),
        update_time: Set(now),
        delete_time: Set(None),
    })
}

/// Changes a library. What its import paths and exclusions no longer take in is missing from the
/// next scan on.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: LibraryId,
    values: Values,
    fields: Vec<Field>,
) -> Result<LibraryView> {
    let before = access::library(app.database.reader(), actor, id).await?;
    let known = text_list(&before.import_paths)?;
    let values = checked(app, values, &fields, known).await?;
    let (app_, actor) = (app.clone(), actor.clone());
    let library = app.transact(move |transaction| async move {
        let library = access::lock_library(&transaction, &actor, id).await?;
        let name = values.display_name.clone();
        let library = change(&app_, library, values, &fields)?.update(&*transaction).await;
        let library = library.map_err(|error| Error::of_unique("display_name", &name, error))?;
        audit::record(&app_, &transaction, &actor, Kind::LibraryUpdated, id).await?;
        Ok(library)
    });
    view(app, library.await?).await
}

fn change(
    app: &App,
    library: Library,
    values: Values,
    fields: &[Field],
) -> Result<library::ActiveModel> {
    let now = app.now();
    let mut schedule = library.schedule();
    let mut change = library.into_active_model();
    for field in fields {
        match field {
            Field::DisplayName => change.display_name = Set(values.display_name.clone()),
            Field::ImportPaths => change.import_paths = Set(list_text(&values.import_paths)?),
            Field::Exclusions => change.exclusions = Set(list_text(&values.exclusions)?),
            Field::Schedule => schedule.crontab.clone_from(&values.schedule.crontab),
            Field::TimeZone => schedule.time_zone.clone_from(&values.schedule.time_zone),
            Field::Watched => change.is_watched = Set(values.is_watched),
        }
    }
    if fields.contains(&Field::Schedule) || fields.contains(&Field::TimeZone) {
        change.next_scan_time = Set(schedule.next("library", now)?);
        change.schedule = Set(schedule.crontab);
        change.time_zone = Set(schedule.time_zone);
    }
    change.update_time = Set(now);
    Ok(change)
}

/// The values of some fields in the form in which they are kept. `known` are the import paths that
/// the library has already.
async fn checked(
    app: &App,
    mut values: Values,
    fields: &[Field],
    known: Vec<String>,
) -> Result<Values> {
    if fields.contains(&Field::DisplayName) && values.display_name.trim().is_empty() {
        return Err(Error::invalid("library.display_name", "must not be empty"));
    }
    if fields.contains(&Field::Exclusions) {
        Exclusions::parse(&values.exclusions)?;
    }
    if fields.contains(&Field::ImportPaths) {
        let (app, given) = (app.clone(), std::mem::take(&mut values.import_paths));
        let parsed = spawn_blocking(move || import_paths::parse(&app.config, &given, &known));
        values.import_paths = parsed.await.map_err(Error::internal)??;
    }
    Ok(values)
}

/// A JSON list of text as a column keeps it.
fn list_text(list: &[String]) -> Result<String> {
    serde_json::to_string(list).map_err(Error::internal)
}

/// The list that a column keeps.
pub(super) fn text_list(text: &str) -> Result<Vec<String>> {
    serde_json::from_str(text).map_err(Error::internal)
}
