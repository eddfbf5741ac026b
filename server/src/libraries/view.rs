//! Libraries as callers see them.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use tokio::task::spawn_blocking;

use super::import_paths::{self, Verdict};
use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::library::{self, Column, Model as Library};
use crate::entity::library_file::State;
use crate::entity::library_scan::Model as LibraryScan;
use crate::error::{Error, Result};
use crate::id::{LibraryId, UserId};
use crate::page::{self, Page, Paged};

/// A library with what became of its files.
#[derive(Debug)]
pub struct LibraryView {
    /// The row.
    pub library: Library,
    /// How many of its files are there.
    pub file_count: i64,
    /// How many of its files are missing.
    pub offline_file_count: i64,
    /// The latest scan.
    pub last_scan: Option<LibraryScan>,
}

/// A library of the caller's; anybody's for an administrator.
pub async fn get(app: &App, actor: &Actor, id: LibraryId) -> Result<LibraryView> {
    let library = access::library(app.database.reader(), actor, id).await?;
    view(app, library).await
}

/// A page of the caller's libraries by name; everybody's for an administrator. With `owner`, only
/// this user's.
pub async fn list(
    app: &App,
    actor: &Actor,
    owner: Option<UserId>,
    page: &Page,
) -> Result<Paged<LibraryView>> {
    let sort = Expr::col((library::Entity, Column::DisplayName));
    let id = Expr::col((library::Entity, Column::Id));
    let mut find = access::libraries(actor.user()?)
        .order_by_asc(Column::DisplayName)
        .order_by_asc(Column::Id)
        .limit(page.limit());
    if let Some(owner) = owner {
        find = find.filter(Column::OwnerId.eq(owner));
    }
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.text.clone().into(), id, key, false));
    }
    let rows = find.all(app.database.reader()).await?;
    let paged = page.paged(rows, |library| page::Key {
        number: 0,
        text: library.display_name.clone(),
        id: library.id.as_bytes().to_vec(),
    });
    let rows = views(app, paged.rows).await?;
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

/// Says of each of some paths whether the server could scan it now. For administrators.
pub async fn validate_import_paths(app: &App, paths: Vec<String>) -> Result<Vec<Verdict>> {
    let app = app.clone();
    let verdicts = spawn_blocking(move || import_paths::validate(&app.config, paths));
    verdicts.await.map_err(Error::internal)
}

pub(super) async fn view(app: &App, library: Library) -> Result<LibraryView> {
    let id = library.id;
    views(app, vec![library]).await?.pop().ok_or_else(|| Error::not_found("library", id))
}

async fn views(app: &App, libraries: Vec<Library>) -> Result<Vec<LibraryView>> {
    let connection = app.database.reader();
    let ids: Vec<_> = libraries.iter().map(|library| library.id).collect();
    let counts = access::library_file_counts(connection, ids.iter().copied()).await?;
    let mut scans = access::last_library_scans(connection, ids).await?;
    let count = |id, state| counts.get(&(id, state)).copied().unwrap_or_default();
    let views = libraries.into_iter().map(|library| LibraryView {
        file_count: count(library.id, State::Online),
        offline_file_count: count(library.id, State::Offline),
        last_scan: scans.remove(&library.id),
        library,
    });
    Ok(views.collect())
}
