//! Workers, and how they take jobs.

use std::time::Duration;

use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Kind;
use super::attempt::{MAX_FAILURES, work};
use super::context::LEASE;
use super::schedule::Scheduler;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::job::{self, Column, Model as Row, State};
use crate::error::Result;

/// How long an idle worker sleeps if nobody wakes it, for jobs of other processes and of later.
const POLL: Duration = Duration::from_secs(5);

/// Starts as many workers as the settings say. When `stopping` is cancelled they take no more jobs;
/// what runs then may end within the grace of the settings, else it is left for others.
pub fn start(app: &App, stopping: &CancellationToken) {
    for _ in 0..app.config.job_workers {
        app.spawn(worker(app.clone(), stopping.clone()));
    }
    if app.config.job_workers > 0 {
        app.spawn(scheduler(app.clone(), stopping.clone()));
    }
}

/// Runs everything that is due, one job after the other, and what they enqueue.
pub async fn run_until_idle(app: &App) -> Result<()> {
    let mut scheduler = Scheduler::default();
    scheduler.tick(app).await?;
    scheduler.stop(app).await?;
    while let Some((row, kind)) = claim(app).await? {
        work(app, row, kind, &CancellationToken::new()).await;
    }
    Ok(())
}

async fn worker(app: App, stopping: CancellationToken) {
    while !stopping.is_cancelled() {
        match claim(&app).await {
            Ok(Some((row, kind))) => work(&app, row, kind, &stopping).await,
            Ok(None) => tokio::select! {
                () = app.jobs.queued.notified() => {}
                () = sleep(POLL) => {}
                () = stopping.cancelled() => {}
            },
            Err(error) => {
                tracing::error!(?error, "cannot take a job");
                rest(&stopping).await;
            }
        }
    }
}

async fn scheduler(app: App, stopping: CancellationToken) {
    let mut scheduler = Scheduler::default();
    while !stopping.is_cancelled() {
        if let Err(error) = scheduler.tick(&app).await {
            tracing::error!(?error, "cannot enqueue scheduled jobs");
        }
        rest(&stopping).await;
    }
    if let Err(error) = scheduler.stop(&app).await {
        tracing::warn!(?error, "cannot give up the lease of schedules");
    }
}

async fn rest(stopping: &CancellationToken) {
    tokio::select! {
        () = sleep(POLL) => {}
        () = stopping.cancelled() => {}
    }
}

/// Takes the job that has been due for longest; `None` if none is.
async fn claim(app: &App) -> Result<Option<(Row, Kind)>> {
    loop {
        let app_ = app.clone();
        let taken =
            app.transact(move |transaction| async move { take(&app_, &transaction).await }).await?;
        let Some(row) = taken else { return Ok(None) };
        let kind = app.jobs.kinds().iter().find(|kind| kind.name == row.kind);
        if let (State::Running, Some(kind)) = (row.state, kind) {
            return Ok(Some((row, *kind)));
        }
    }
}

/// Takes a job that is due. One that was cut off after it was asked to stop, or too often, ends
/// instead. Kinds that this process does not know are left to others, perhaps of a newer version.
async fn take(app: &App, transaction: &Transaction) -> Result<Option<Row>> {
    let now = app.now();
    let queued =
        Condition::all().add(Column::State.eq(State::Queued)).add(Column::DueTime.lte(now));
    // A lease longer than any was taken before the clock went back.
    let is_over = Condition::any()
        .add(Column::DueTime.lte(now))
        .add(Column::DueTime.gt(now.after(LEASE * 2)));
    let cut_off = Condition::all().add(Column::State.eq(State::Running)).add(is_over);
    let find = job::Entity::find()
        .filter(Column::Kind.is_in(app.jobs.kinds().iter().map(|kind| kind.name)))
        .filter(Condition::any().add(queued).add(cut_off))
        .order_by_asc(Column::DueTime)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let Some(found) = find.one(&**transaction).await? else { return Ok(None) };
    let was_cut_off = found.state == State::Running;
    let failure_count = found.failure_count + i32::from(was_cut_off);
    let state = if found.is_cancel_requested {
        State::Cancelled
    } else if failure_count >= MAX_FAILURES {
        State::Parked
    } else {
        State::Running
    };
    let attempt = found.attempt + 1;
    let mut row = found.into_active_model();
    row.state = Set(state);
    row.finish_time = Set((state == State::Cancelled).then_some(now));
    row.attempt = Set(attempt);
    row.failure_count = Set(failure_count);
    row.due_time = Set(now.after(LEASE));
    row.update_time = Set(now);
    if was_cut_off {
        row.last_error = Set(Some("the process that ran it stopped".to_owned()));
    }
    Ok(Some(row.update(&**transaction).await?))
}
