//! One attempt at a job: run it, keep its lease, note what became of it.

use std::time::Duration;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::context::{Context, Hold, LEASE};
use super::{Failure, Kind};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::job::{self, ActiveModel, Column, Model as Row, State};
use crate::error::Result;
use crate::id::JobId;

/// After so many failed attempts in a row a job waits for somebody to look at it.
pub(super) const MAX_FAILURES: i32 = 10;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LAST_DELAY: Duration = Duration::from_secs(3600);

/// How an attempt ended.
#[derive(Debug)]
enum Outcome {
    Succeeded,
    Failed(Failure),
    /// It was asked to stop.
    Cancelled,
    /// This process stops.
    GivenBack,
    /// Another worker has the job.
    Lost,
}

/// Runs a job that this process has taken, and notes what became of it.
pub(super) async fn work(app: &App, row: Row, kind: Kind, stopping: &CancellationToken) {
    let id = row.id;
    let context = Context::new(app.clone(), &row);
    let outcome = attempt(app, &row, kind, &context, stopping).await;
    if let Outcome::Failed(failure) = &outcome {
        tracing::warn!(job.id = %id, job.kind = row.kind, ?failure, "a job failed");
    }
    let app_ = app.clone();
    let settle = app.transact(move |transaction| async move {
        settle(&app_, &transaction, &context, &row, outcome).await
    });
    if let Err(error) = settle.await {
        // The lease ends by itself, and the job is repeated.
        tracing::error!(job.id = %id, ?error, "cannot note what became of a job");
    }
}

async fn attempt(
    app: &App,
    row: &Row,
    kind: Kind,
    context: &Context,
    stopping: &CancellationToken,
) -> Outcome {
    let mut task = app.spawn((kind.run)(app.clone(), context.clone(), &row.payload));
    let cut_off = async {
        stopping.cancelled().await;
        sleep(app.config.shutdown_grace).await;
    };
    let ended = tokio::select! {
        ended = &mut task => Err(ended),
        outcome = keep(app, context) => Ok(outcome),
        () = cut_off => Ok(Outcome::GivenBack),
    };
    match ended {
        Err(Ok(Ok(()))) => Outcome::Succeeded,
        Err(Ok(Err(failure))) => Outcome::Failed(failure),
        Err(Err(panic)) => Outcome::Failed(Failure::Panicked(panic)),
        Ok(outcome) => {
            task.abort();
            // Only once nothing of it runs any more may another worker begin. How it ends is of
            // no interest.
            drop(task.await);
            outcome
        }
    }
}

/// Renews the lease until the job is lost or asked to stop.
async fn keep(app: &App, context: &Context) -> Outcome {
    let mut ticks = interval(LEASE / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is at once; the lease is fresh.
    ticks.tick().await;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.jobs.cancelled.notified() => {}
        }
        match context.renew().await {
            Ok(Hold::Kept) => {}
            Ok(Hold::Cancelled) => return Outcome::Cancelled,
            Ok(Hold::Lost) => return Outcome::Lost,
            Err(error) => tracing::warn!(job.id = %context.id(), ?error, "cannot renew a lease"),
        }
    }
}

/// What an outcome means for the row; nothing if it is somebody else's.
fn change(app: &App, row: &Row, outcome: Outcome) -> Option<ActiveModel> {
    let now = app.now();
    let change = ActiveModel { update_time: Set(now), ..Default::default() };
    Some(match outcome {
        Outcome::Lost => return None,
        Outcome::GivenBack => {
            ActiveModel { state: Set(State::Queued), due_time: Set(now), ..change }
        }
        Outcome::Succeeded => ActiveModel {
            state: Set(State::Succeeded),
            failure_count: Set(0),
            last_error: Set(None),
            finish_time: Set(Some(now)),
            ..change
        },
        Outcome::Cancelled => {
            ActiveModel { state: Set(State::Cancelled), finish_time: Set(Some(now)), ..change }
        }
        Outcome::Failed(failure) => {
            let failure_count = row.failure_count + 1;
            let is_hopeless =
                failure_count >= MAX_FAILURES || matches!(failure, Failure::Unreadable(_));
            ActiveModel {
                state: Set(if is_hopeless { State::Parked } else { State::Queued }),
                failure_count: Set(failure_count),
                due_time: Set(now.after(delay(row.id, failure_count))),
                last_error: Set(Some(failure.to_string())),
                ..change
            }
        }
    })
}

/// Notes what became of an attempt, unless the job is somebody else's by now. One that would be
/// queued again is given up if another of its key is queued already, which does the same.
async fn settle(
    app: &App,
    transaction: &Transaction,
    context: &Context,
    row: &Row,
    outcome: Outcome,
) -> Result<()> {
    let Some(mut change) = change(app, row, outcome) else { return Ok(()) };
    let is_queued = change.state == Set(State::Queued);
    if is_queued && queued_twin(transaction, row).await?.is_some() {
        change.state = Set(State::Cancelled);
        change.finish_time = Set(Some(app.now()));
    }
    context.held().set(change).exec(&**transaction).await?;
    Ok(())
}

/// The queued job with the kind and key of another.
pub(super) async fn queued_twin(transaction: &Transaction, row: &Row) -> Result<Option<Row>> {
    let Some(key) = &row.unique_key else { return Ok(None) };
    let find = job::Entity::find()
        .filter(Column::Kind.eq(&row.kind))
        .filter(Column::UniqueKey.eq(key))
        .filter(Column::State.eq(State::Queued));
    Ok(find.one(&**transaction).await?)
}

/// How long a job waits after some failures: twice as long each time, and up to a quarter more, so
/// that jobs that failed together do not come back together.
fn delay(id: JobId, failure_count: i32) -> Duration {
    let doublings = u32::try_from(failure_count - 1).unwrap_or(0).min(16);
    let delay = (FIRST_DELAY * (1 << doublings)).min(LAST_DELAY);
    let [.., random] = id.as_bytes();
    delay + delay / 1024 * u32::from(*random)
}
