//! Work that goes on after the call that asked for it.
//!
//! A job is a row, written in the transaction that needs the work done. A worker takes it with a
//! lease, runs it, and repeats it later if it fails: it runs at least once, so what it does must
//! bear repetition. A worker that lost its lease changes the row no more, since each attempt has a
//! number.

mod attempt;
mod context;
pub mod lease;
mod manage;
mod rpc;
mod runner;
mod schedule;
mod sweep;

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{EntityTrait as _, Set};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use tokio::task::JoinError;

use crate::app::App;
use crate::database::Transaction;
use crate::entity::job::{self, State};
use crate::error::{Error, Result};
use crate::id::JobId;
use crate::time::Micros;

pub use context::Context;
pub use manage::{Filter, cancel, get, list, retry};
pub use rpc::Rpc;
pub use runner::{run_until_idle, start};
pub use schedule::Schedule;
pub use sweep::Sweep;

/// Work that goes on after the call that asked for it: durable, repeated until it succeeds.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name under which it is stored. It is never used for other work.
    const KIND: &'static str;
    /// Whether it may take hours, so that it must not occupy all workers of a server. For jobs that
    /// nobody waits for, as they wait for each other.
    const IS_LONG: bool = false;

    /// Among queued jobs of this kind, each key is there once; `None` if there may be any number.
    fn unique_key(&self) -> Option<String> {
        None
    }

    /// Does the work. It may be dropped at any await, and repeated after that.
    fn run(self, app: App, context: Context) -> impl Future<Output = Result<()>> + Send;
}

/// Enqueues a job in the caller's transaction. It runs once that is committed.
///
/// A queued job of the same kind and key takes its place.
pub async fn enqueue<J: Job>(app: &App, transaction: &Transaction, job: J) -> Result<()> {
    enqueue_at(app, transaction, job, app.now()).await
}

/// The same for later. A queued job of the same kind and key runs at the earlier of both times.
pub async fn enqueue_at<J: Job>(
    app: &App,
    transaction: &Transaction,
    job: J,
    due_time: Micros,
) -> Result<()> {
    let unique_key = job.unique_key();
    insert(app, transaction, job, unique_key, due_time).await
}

async fn insert<J: Job>(
    app: &App,
    transaction: &Transaction,
    job: J,
    unique_key: Option<String>,
    due_time: Micros,
) -> Result<()> {
    let row = job::ActiveModel {
        kind: Set(J::KIND.to_owned()),
        payload: Set(serde_json::to_string(&job).map_err(Error::internal)?),
        unique_key: Set(unique_key),
        due_time: Set(due_time),
        ..new_row(app.now())
    };
    let column = || Expr::col((job::Entity, job::Column::DueTime));
    let earlier = Expr::case(column().gt(due_time), due_time).finally(column());
    // The row that is there is written in any case: so nobody takes it, without what this
    // transaction does, before this transaction ends.
    let conflict = OnConflict::columns([job::Column::Kind, job::Column::UniqueKey])
        // Written out, since PostgreSQL compares it with the index before it knows parameters.
        .target_and_where(Expr::cust("state = 1"))
        .value(job::Column::DueTime, earlier)
        .to_owned();
    let insert = job::Entity::insert(row).on_conflict(conflict);
    insert.exec_without_returning(&**transaction).await?;
    let queued = Arc::clone(&app.jobs.queued);
    transaction.after_commit(move || queued.notify_one());
    Ok(())
}

fn new_row(now: Micros) -> job::ActiveModel {
    job::ActiveModel {
        id: Set(JobId::generate()),
        state: Set(State::Queued),
        attempt: Set(0),
        failure_count: Set(0),
        is_cancel_requested: Set(false),
        progress_done: Set(0),
        progress_total: Set(None),
        last_error: Set(None),
        create_time: Set(now),
        update_time: Set(now),
        finish_time: Set(None),
        ..Default::default()
    }
}

/// What this process can run, and what wakes its workers.
#[derive(Debug)]
pub struct Jobs {
    kinds: Vec<Kind>,
    schedules: Vec<Schedule>,
    /// Wakes one worker for each job that is enqueued here.
    queued: Arc<Notify>,
    /// Makes running jobs look whether they were asked to stop.
    cancelled: Arc<Notify>,
}

impl Jobs {
    /// Jobs of these kinds, some of them coming back.
    #[must_use]
    pub fn new(kinds: Vec<Kind>, schedules: Vec<Schedule>) -> Self {
        Self { kinds, schedules, queued: Arc::default(), cancelled: Arc::default() }
    }

    /// The kinds, in the order of their listing.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// What comes back.
    #[must_use]
    pub fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }
}

type Running = BoxFuture<'static, Result<(), Failure>>;

/// A kind of job, with its type taken away.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The name under which it is stored.
    pub name: &'static str,
    is_long: bool,
    run: fn(App, Context, &str) -> Running,
}

impl Kind {
    /// The kind of a type of jobs.
    #[must_use]
    pub const fn of<J: Job>() -> Self {
        Self { name: J::KIND, is_long: J::IS_LONG, run: run::<J> }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

/// Why an attempt failed. Displayed, it is what a caller would be told; only the log sees more.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The payload is of no job of its kind. Repeating it cannot help.
    #[error("its payload cannot be read")]
    Unreadable(serde_json::Error),
    /// The job says so.
    #[error("{}: {}", .0.reason_name(), .0.message())]
    Failed(Error),
    /// The job panicked.
    #[error("it panicked")]
    Panicked(JoinError),
}

fn run<J: Job>(app: App, context: Context, payload: &str) -> Running {
    let job = serde_json::from_str::<J>(payload).map_err(Failure::Unreadable);
    Box::pin(async move { job?.run(app, context).await.map_err(Failure::Failed) })
}
