//! Removing what is missing.

use std::collections::{BTreeSet, HashSet};

use tokio::task::spawn_blocking;

use super::detach::detach;
use super::import_paths::{self, prefix};
use super::manage::text_list;
use super::report::{Problem, ProblemKind};
use crate::access::{self, Actor};
use crate::app::App;
use crate::assets;
use crate::audit;
use crate::database::Transaction;
use crate::entity::asset_file::Kind;
use crate::entity::audit_event;
use crate::entity::library::Model as Library;
use crate::entity::library_file::{Model as LibraryFile, State};
use crate::error::{Error, Result};
use crate::id::{AssetId, LibraryId};

/// How many rows one transaction looks at.
const BATCH: u64 = 500;

/// What was removed.
#[derive(Debug)]
pub struct Removed {
    /// How many assets were put into the trash.
    pub count: i64,
    /// The import paths that cannot be reached; what is missing there stays.
    pub problems: Vec<Problem>,
}

/// Puts the assets of a library of the caller's into the trash that are missing and nowhere else.
/// What lies below an import path that cannot be reached now stays.
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
            audit::record(&app_, &transaction, &actor, audit_event::Kind::LibraryCleared, id).await
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
        let kept = kept(&transaction, &library, &guarded, &rows).await?;
        let is_kept = |row: &LibraryFile| row.asset_id.is_none_or(|id| kept.contains(&id));
        let is_over = rows.is_empty();
        let (needless, missing): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_kept);
        detach(&app_, &transaction, owner, &needless).await?;
        let mut gone: BTreeSet<_> = missing.into_iter().filter_map(|row| row.asset_id).collect();
        gone.extend(access::lost_assets(&transaction, library.owner_id, BATCH).await?);
        let count = i64::try_from(gone.len()).unwrap_or(i64::MAX);
        if count > 0 {
            // What there is of a live photo may be a film from now on.
            access::forget_motion_places(&transaction, gone.iter().copied()).await?;
            access::forget_lost_motions(&transaction, gone.iter().copied()).await?;
            assets::remove_missing(&app_, &transaction, gone.into_iter().collect()).await?;
        }
        Ok((count, is_over && count == 0))
    })
    .await
}

/// The assets of rows of missing files that are not gone with these: they were uploaded, or a
/// library has another file of theirs, which may be missing where nothing is removed.
async fn kept(
    transaction: &Transaction,
    library: &Library,
    guarded: &[String],
    rows: &[LibraryFile],
) -> Result<HashSet<AssetId>> {
    let ids: BTreeSet<_> = rows.iter().filter_map(|row| row.asset_id).collect();
    let is_gone = |row: &LibraryFile| {
        row.library_id == library.id
            && row.state == State::Offline
            && !guarded.iter().any(|folder| row.path.starts_with(folder))
    };
    let places = access::library_files_of(transaction, ids.iter().copied()).await?;
    let stills = places.into_iter().filter(|row| row.part == Kind::Still && !is_gone(row));
    let places = stills.filter_map(|row| row.asset_id);
    let files = access::files(&**transaction, ids).await?;
    let stored = files.iter().filter(|file| file.kind == Kind::Still && !file.is_library);
    Ok(places.chain(stored.map(|file| file.asset_id)).collect())
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
