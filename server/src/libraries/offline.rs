//! Removing what is missing.

use tokio::task::spawn_blocking;

use super::detach::detach;
use super::import_paths::{self, prefix};
use super::manage::text_list;
use super::report::{Problem, ProblemKind};
use crate::access::{self, Actor};
use crate::app::App;
use crate::audit;
use crate::entity::audit_event::Kind;
use crate::entity::library::Model as Library;
use crate::error::{Error, Result};
use crate::id::LibraryId;

/// How many rows one transaction looks at.
const BATCH: u64 = 500;

/// What was removed.
#[derive(Debug)]
pub struct Removed {
    /// How many assets were deleted.
    pub count: i64,
    /// The import paths that cannot be reached; what is missing there stays.
    pub problems: Vec<Problem>,
}

/// Deletes for good the assets of a library of the caller's that are missing and nowhere else. What
/// lies below an import path that cannot be reached now stays.
pub async fn remove_offline_assets(app: &App, actor: &Actor, id: LibraryId) -> Result<Removed> {
    let library = access::library(app.database.reader(), actor, id).await?;
    let problems = unreachable(app, &library).await?;
    let guarded: Vec<_> = problems.iter().map(|problem| prefix(&problem.path)).collect();
    let mut count = 0;
    loop {
        let (removed, is_over) = remove_some(app, actor, id, guarded.clone()).await?;
        count += removed;
        if is_over {
            break;
        }
    }
    if count > 0 {
        let (app_, actor) = (app.clone(), actor.clone());
        let record = app.transact(move |transaction| async move {
            audit::record(&app_, &transaction, &actor, Kind::LibraryCleared, id).await
        });
        record.await?;
    }
    Ok(Removed { count, problems })
}

/// One batch, and whether it was the last one.
async fn remove_some(
    app: &App,
    actor: &Actor,
    id: LibraryId,
    guarded: Vec<String>,
) -> Result<(i64, bool)> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let (owner, library) = access::lock_library_owner(&transaction, &actor, id).await?;
        let rows = access::offline_library_files(&transaction, library.id, &guarded, BATCH).await?;
        let lost = access::lost_assets(&transaction, library.owner_id, BATCH).await?;
        let removed = detach(&app_, &transaction, owner, &rows, lost).await?;
        Ok((removed, rows.is_empty() && removed == 0))
    })
    .await
}

/// The import paths that cannot be read now, or that are empty.
async fn unreachable(app: &App, library: &Library) -> Result<Vec<Problem>> {
    let (app, paths) = (app.clone(), text_list(&library.import_paths)?);
    let looks = spawn_blocking(move || {
        let problem = |path: &String| match import_paths::open(&app.config, path) {
            Err(why) => Some(Problem::new(ProblemKind::Unreachable, path, why)),
            Ok(folder) if import_paths::is_empty(&folder) => {
                let why = "is empty: is its disk there?";
                Some(Problem::new(ProblemKind::Emptied, path, why))
            }
            Ok(_) => None,
        };
        paths.iter().filter_map(problem).collect()
    });
    looks.await.map_err(Error::internal)
}
