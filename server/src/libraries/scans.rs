//! Asking for scans, following them and stopping them.

use std::time::Duration;

use futures::stream::{Stream, try_unfold};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::Scan;
use super::report::Report;
use crate::access::{self, Actor, Interest};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::library::Model as Library;
use crate::entity::library_scan::{self, Cause, Column, Model as LibraryScan, State};
use crate::error::{Error, Result};
use crate::id::{LibraryId, LibraryScanId};
use crate::jobs::{self, Context, Job};
use crate::page::{self, Page, Paged};

/// How often a scan that is followed is looked at.
const POLL: Duration = Duration::from_millis(250);
/// A scan whose row did not change for so long has lost its job.
const PATIENCE: Duration = Duration::from_secs(300);

/// Scans a library of the caller's and tells how far it is until it has ended; while a scan is
/// under way, that one. It goes on if the stream is dropped.
pub async fn scan(
    app: &App,
    actor: &Actor,
    id: LibraryId,
    restore_excluded: bool,
) -> Result<impl Stream<Item = Result<LibraryScan>> + Send + use<>> {
    let (app_, actor_) = (app.clone(), actor.clone());
    let scan = app.transact(move |transaction| async move {
        let library = access::lock_library(&transaction, &actor_, id).await?;
        begin(&app_, &transaction, &library, Cause::Request, restore_excluded).await
    });
    let updates = follow(app.clone(), scan.await?.id);
    let check = move |app: App, actor: Actor| async move {
        access::library(app.database.reader(), &actor, id).await.map(drop)
    };
    Ok(access::guard(app.clone(), actor.clone(), Interest::Bytes, updates, check))
}

/// A scan whenever it has changed, up to its end.
fn follow(app: App, id: LibraryScanId) -> impl Stream<Item = Result<LibraryScan>> + Send {
    try_unfold((app, None::<LibraryScan>), move |(app, last)| async move {
        if last.as_ref().is_some_and(|scan| scan.finish_time.is_some()) {
            return Ok(None);
        }
        loop {
            let scan = access::library_scan(app.database.reader(), id).await?;
            if last.as_ref() != Some(&scan) {
                return Ok(Some((scan.clone(), (app, Some(scan)))));
            }
            sleep(POLL).await;
        }
    })
}

/// The scan of a locked library that is under way, or a new one that waits for a worker.
pub(super) async fn begin(
    app: &App,
    transaction: &Transaction,
    library: &Library,
    cause: Cause,
    restore_excluded: bool,
) -> Result<LibraryScan> {
    let now = app.now();
    let scan = match access::active_library_scan(&**transaction, library.id).await? {
        Some(scan) if scan.state == State::Queued && restore_excluded => {
            let mut scan = scan.into_active_model();
            scan.restore_excluded = Set(true);
            scan.update(&**transaction).await?
        }
        // Whoever was on it will go on, if a server stopped once its lease is over.
        Some(scan) if scan.update_time.after(PATIENCE) > now => return Ok(scan),
        Some(scan) => {
            let mut scan = scan.into_active_model();
            scan.update_time = Set(now);
            scan.update(&**transaction).await?
        }
        None => {
            let row = new_row(library.id, cause, restore_excluded, app)?;
            row.insert(&**transaction).await?
        }
    };
    jobs::enqueue(app, transaction, Scan::of(library.id)).await?;
    Ok(scan)
}

fn new_row(
    library_id: LibraryId,
    cause: Cause,
    restore_excluded: bool,
    app: &App,
) -> Result<library_scan::ActiveModel> {
    let (now, report) = (app.now(), Report::default());
    Ok(library_scan::ActiveModel {
        id: Set(LibraryScanId::generate()),
        library_id: Set(library_id),
        state: Set(State::Queued),
        cause: Set(cause),
        restore_excluded: Set(restore_excluded),
        is_cancel_requested: Set(false),
        counts: Set(report.counts_text()?),
        problems: Set(report.problems_text()?),
        last_path: Set(None),
        create_time: Set(now),
        start_time: Set(None),
        update_time: Set(now),
        finish_time: Set(None),
    })
}

/// Stops the scan of a library of the caller's, if one is under way, and returns it. What it has
/// found stays.
pub async fn cancel_scan(app: &App, actor: &Actor, id: LibraryId) -> Result<Option<LibraryScan>> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let library = access::lock_library(&transaction, &actor, id).await?;
        request_stop(&app_, &transaction, &library).await
    })
    .await
}

/// Stops the scan of a locked library, if one is under way: at once if no worker has it yet.
pub(super) async fn request_stop(
    app: &App,
    transaction: &Transaction,
    library: &Library,
) -> Result<Option<LibraryScan>> {
    let Some(scan) = access::active_library_scan(&**transaction, library.id).await? else {
        return Ok(None);
    };
    let is_queued = scan.state == State::Queued;
    let mut scan = scan.into_active_model();
    scan.is_cancel_requested = Set(true);
    scan.update_time = Set(app.now());
    if is_queued {
        scan.state = Set(State::Cancelled);
        scan.finish_time = Set(Some(app.now()));
    }
    Ok(Some(scan.update(&**transaction).await?))
}

/// A page of the scans of a library of the caller's, latest first.
pub async fn list_scans(
    app: &App,
    actor: &Actor,
    id: LibraryId,
    page: &Page,
) -> Result<Paged<LibraryScan>> {
    let library = access::library(app.database.reader(), actor, id).await?;
    let sort = Expr::col((library_scan::Entity, Column::CreateTime));
    let scan_id = Expr::col((library_scan::Entity, Column::Id));
    let mut find = access::library_scans(&library)
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), scan_id, key, true));
    }
    let rows = find.all(app.database.reader()).await?;
    Ok(page.paged(rows, |scan| page::Key {
        number: scan.create_time.0,
        text: String::new(),
        id: scan.id.as_bytes().to_vec(),
    }))
}

/// Starts a scan of a library later: of files that were being written during the one before.
#[derive(Debug, Serialize, Deserialize)]
pub struct StartScan {
    library_id: String,
}

impl StartScan {
    pub(super) fn of(id: LibraryId) -> Self {
        Self { library_id: id.to_string() }
    }
}

impl Job for StartScan {
    const KIND: &'static str = "start-library-scan";

    fn unique_key(&self) -> Option<String> {
        Some(self.library_id.clone())
    }

    async fn run(self, app: App, context: Context) -> Result<()> {
        let id = parse_id(&self.library_id)?;
        let app_ = app.clone();
        app.transact(move |transaction| async move {
            context.check(&transaction).await?;
            if let Some(library) = access::lock_any_library(&transaction, id).await? {
                begin(&app_, &transaction, &library, Cause::Change, false).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The library that the payload of a job names.
pub(super) fn parse_id(text: &str) -> Result<LibraryId> {
    LibraryId::parse(text).ok_or_else(|| Error::internal("a job for no library"))
}
