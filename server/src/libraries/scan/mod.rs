//! Scans: a walk that finds what is new, and then decisions about what is not where it was.
//!
//! In the walk, files and rows are compared in one order and nothing is written about what is as it
//! was. New files are read by a few readers at once and recorded in the order of the walk, so that
//! the scan's row can say up to where everything is done: a scan whose server died is gone on with
//! from there, with its counts. Rows whose files are not there or were changed are only marked.
//! They are decided about once every new file is known: what is missing here may have been found
//! there.

mod compare;
mod follow;
mod known;
mod live;
mod place;
mod place_rows;
mod read;
mod record;
mod settle;
mod walk;

pub(super) use follow::set_offline;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::stream::{StreamExt as _, try_unfold};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, Set,
};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use self::compare::{Act, Compare, Step};
use self::read::{Read, Readers};
use self::record::Batch;
use self::walk::{Root, has_file, walk};
use super::exclusions::Exclusions;
use super::import_paths::{self, prefix};
use super::manage::text_list;
use super::report::{Problem, ProblemKind, Report};
use super::scans::{StartScan, parse_id};
use crate::access;
use crate::app::App;
use crate::entity::library::Model as Library;
use crate::entity::library_file;
use crate::entity::library_scan::{self, Model as LibraryScan, State};
use crate::error::{Error, Result};
use crate::id::LibraryId;
use crate::jobs::{self, Context, Job};

/// How many files may be on their way at once: so many small ones are read while a long video is.
const WINDOW: usize = 1024;
/// How often a scan says how far it is.
const BEAT: Duration = Duration::from_secs(1);
/// How long a scan of files that were being written waits, besides the time that this one took.
const FOLLOW_UP: Duration = Duration::from_secs(30);
/// How long scans are remembered.
const MEMORY: Duration = Duration::from_secs(90 * 86_400);

/// Does the scan of a library that is queued or was cut off.
#[derive(Debug, Serialize, Deserialize)]
pub struct Scan {
    library_id: String,
}

impl Scan {
    pub(super) fn of(id: LibraryId) -> Self {
        Self { library_id: id.to_string() }
    }
}

impl Job for Scan {
    const KIND: &'static str = "scan-library";
    const IS_LONG: bool = true;

    fn unique_key(&self) -> Option<String> {
        Some(self.library_id.clone())
    }

    async fn run(self, app: App, context: Context) -> Result<()> {
        let id = parse_id(&self.library_id)?;
        let Some(work) = Work::start(app, context, id).await? else { return Ok(()) };
        let work = Arc::new(work);
        let mut report = Report::of(&work.scan)?;
        let end = match work.run(&mut report).await {
            Ok(true) => State::Succeeded,
            Ok(false) => State::Cancelled,
            // The library is gone, or another worker has the scan.
            Err(Error::NotFound(_)) => return Ok(()),
            Err(error @ (Error::Conflict | Error::StorageUnavailable(_))) => return Err(error),
            Err(error) => {
                tracing::error!(library.id = %id, ?error, "a scan of a library failed");
                let problem = Problem::new(ProblemKind::Internal, "", error.message());
                report.problems.insert(0, problem);
                State::Failed
            }
        };
        work.finish(report, end).await
    }
}

/// A scan that this worker has.
#[derive(Debug)]
struct Work {
    app: App,
    context: Context,
    library: Library,
    /// As it was when this worker got it.
    scan: LibraryScan,
    exclusions: Exclusions,
    /// Whether films may lie beside photos: known ones, or some that this scan found.
    may_have_films: AtomicBool,
}

impl Work {
    /// Takes the scan of a library that is queued or was cut off; none if there is none.
    async fn start(app: App, context: Context, id: LibraryId) -> Result<Option<Self>> {
        let (app_, context_) = (app.clone(), context.clone());
        let taken = app.transact(move |transaction| async move {
            context_.check(&transaction).await?;
            let Some(library) = access::lock_any_library(&transaction, id).await? else {
                return Ok(None);
            };
            let Some(scan) = access::active_library_scan(&*transaction, id).await? else {
                return Ok(None);
            };
            let now = app_.now();
            let start_time = scan.start_time.or(Some(now));
            let mut scan = scan.into_active_model();
            scan.state = Set(State::Running);
            scan.start_time = Set(start_time);
            scan.update_time = Set(now);
            Ok(Some((library, scan.update(&*transaction).await?)))
        });
        let Some((library, scan)) = taken.await? else { return Ok(None) };
        let exclusions = Exclusions::parse(&text_list(&library.exclusions)?)?;
        let files = access::known_library_files(app.database.reader(), library.id, None, 1).await?;
        let may_have_films = AtomicBool::new(!files.is_empty());
        Ok(Some(Self { app, context, library, scan, exclusions, may_have_films }))
    }

    /// Does everything; `false` if it was asked to stop.
    async fn run(self: &Arc<Self>, report: &mut Report) -> Result<bool> {
        let (roots, problems) = self.roots().await?;
        report.extend(Report { problems, ..Report::default() });
        let roots = Arc::new(roots);
        let readers = Readers::new(&self.app, Arc::clone(&roots));
        Ok(self.pass(&roots, &readers, report).await?
            && self.settle(&roots, &readers, report).await?)
    }

    /// The import paths, open, in the order of the walk. One that cannot be reached, or that is
    /// empty though it held files, is closed, and a problem says so.
    async fn roots(self: &Arc<Self>) -> Result<(Vec<Root>, Vec<Problem>)> {
        let mut paths = text_list(&self.library.import_paths)?;
        paths.sort_by_key(|path| prefix(path));
        let (mut roots, mut problems) = (Vec::new(), Vec::new());
        for path in paths {
            let (work, path_) = (Arc::clone(self), path.clone());
            let opened = spawn_blocking(move || {
                let folder = import_paths::open(&work.app.config, &path_)?;
                let has_file = has_file(&folder, &work.exclusions);
                Ok::<_, String>((folder, has_file.map_err(|error| error.to_string())?))
            });
            let folder = match opened.await.map_err(Error::internal)? {
                Err(why) => {
                    problems.push(Problem::new(ProblemKind::Unreachable, path.as_str(), why));
                    None
                }
                Ok((_, false)) if self.had_files(&path).await? => {
                    let why = "is empty, though it held files: is its disk there?";
                    problems.push(Problem::new(ProblemKind::Emptied, path.as_str(), why));
                    None
                }
                Ok((folder, _)) => Some(folder),
            };
            roots.push(Root::new(&path, folder));
        }
        Ok((roots, problems))
    }

    async fn had_files(&self, path: &str) -> Result<bool> {
        let connection = self.app.database.reader();
        access::has_files_below(connection, self.library.id, &prefix(path)).await
    }

    /// The walk; `false` if it was asked to stop.
    async fn pass(
        self: &Arc<Self>,
        roots: &Arc<Vec<Root>>,
        readers: &Readers,
        report: &mut Report,
    ) -> Result<bool> {
        let after = report.last_path.clone();
        let entries = walk(Arc::clone(roots), self.exclusions.clone(), after.clone());
        let (library, restores) = (self.library.id, self.scan.restore_excluded);
        let compare = Compare::new(&self.app, library, entries, after, restores);
        let steps = try_unfold(compare, |mut compare| async move {
            Ok(compare.next().await?.map(|step| (step, compare)))
        });
        // In their order again, however long each takes to be read.
        let done = steps.map(|step| done(step, readers)).buffered(WINDOW);
        let mut done = std::pin::pin!(done);
        let mut batch = Batch::default();
        let mut beat = Instant::now() + BEAT;
        loop {
            let next = timeout_at(beat, done.next()).await;
            let is_over = matches!(next, Ok(None));
            if let Ok(Some(next)) = next {
                batch.push(next?);
            }
            if is_over || batch.is_full() || Instant::now() >= beat {
                if !self.record(report, std::mem::take(&mut batch)).await? {
                    return Ok(false);
                }
                beat = Instant::now() + BEAT;
            }
            if is_over {
                return Ok(true);
            }
        }
    }

    /// Notes how the scan ended.
    async fn finish(self: &Arc<Self>, report: Report, end: State) -> Result<()> {
        let work = Arc::clone(self);
        self.app
            .transact(move |transaction| async move {
                let (app, id, now) = (&work.app, work.scan.id, work.app.now());
                access::lock_user(&transaction, work.library.owner_id).await?;
                work.context.check(&transaction).await?;
                // Of a scan that was stopped. The next one decides about them.
                let undecided = library_file::Entity::update_many()
                    .col_expr(library_file::Column::MissingScanId, Expr::null())
                    .filter(library_file::Column::MissingScanId.eq(id));
                undecided.exec(&*transaction).await?;
                let scan = access::library_scan(&*transaction, id).await?;
                let took = now.0.saturating_sub(scan.start_time.unwrap_or(now).0);
                let mut change = scan.into_active_model();
                change.state = Set(end);
                change.counts = Set(report.counts_text()?);
                change.problems = Set(report.problems_text()?);
                change.update_time = Set(now);
                change.finish_time = Set(Some(now));
                change.update(&*transaction).await?;
                let old = library_scan::Entity::delete_many()
                    .filter(library_scan::Column::LibraryId.eq(work.library.id))
                    .filter(library_scan::Column::FinishTime.lt(now.before(MEMORY)));
                old.exec(&*transaction).await?;
                if end == State::Succeeded {
                    // Where they were missing they are looked for no more.
                    let elsewhere = library_file::Entity::delete_many()
                        .filter(access::offline_though_elsewhere(work.library.id));
                    elsewhere.exec(&*transaction).await?;
                }
                if end == State::Succeeded && report.counts.unsettled > 0 {
                    let took = Duration::from_micros(took.try_into().unwrap_or_default());
                    let (job, time) = (StartScan::of(work.library.id), now.after(FOLLOW_UP + took));
                    jobs::enqueue_at(app, &transaction, job, time).await?;
                }
                Ok(())
            })
            .await
    }
}

/// A step with what its file turned out to be.
#[derive(Debug)]
struct Done {
    report: Report,
    deed: Deed,
}

/// What is to be recorded.
#[derive(Debug)]
enum Deed {
    Read(Read),
    Act(Act),
}

/// Begins to read the file of a step, and waits for the end of that.
fn done(
    step: Result<Step>,
    readers: &Readers,
) -> impl Future<Output = Result<Done>> + Send + use<> {
    let step = step.map(|step| match step.act {
        Act::Read(path) => (step.report, Err(readers.read(path))),
        act => (step.report, Ok(act)),
    });
    async move {
        let (report, act) = step?;
        let deed = match act {
            Ok(act) => Deed::Act(act),
            Err(reading) => Deed::Read(reading.outcome().await?),
        };
        Ok(Done { report, deed })
    }
}
