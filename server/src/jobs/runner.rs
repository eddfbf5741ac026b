//! Workers, and how they take jobs.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};
use tokio::sync::Mutex;
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
    let workers = app.config.job_workers;
    let room = Room(Arc::new(Mutex::new(workers.saturating_sub(1).max(1))));
    for _ in 0..workers {
        app.spawn(worker(app.clone(), room.clone(), stopping.clone()));
    }
    if workers > 0 {
        app.spawn(scheduler(app.clone(), stopping.clone()));
    }
}

/// Runs everything that is due, one job after the other, and what they enqueue.
pub async fn run_until_idle(app: &App) -> Result<()> {
    let mut scheduler = Scheduler::default();
    scheduler.tick(app).await?;
    scheduler.stop(app).await?;
    while let Some((row, kind)) = claim(app, true).await? {
        work(app, row, kind, &CancellationToken::new()).await;
    }
    Ok(())
}

/// How many more long jobs this process may run at once: one fewer than it has workers, so that
/// one is left to the others, unless it is the only one.
#[derive(Debug, Clone)]
struct Room(Arc<Mutex<u32>>);

impl Room {
    /// Takes the job that has been due for longest, of those for which there is room. One worker
    /// after the other, so that none finds the last place taken by one that then has no use for it.
    async fn claim(&self, app: &App) -> Result<Option<(Row, Kind)>> {
        let mut room = self.0.lock().await;
        let claimed = claim(app, *room > 0).await?;
        if claimed.as_ref().is_some_and(|(_, kind)| kind.is_long) {
            *room -= 1;
        }
        Ok(claimed)
    }

    /// Notes that a job ended.
    async fn leave(&self, kind: Kind) {
        if kind.is_long {
            *self.0.lock().await += 1;
        }
    }
}

async fn worker(app: App, room: Room, stopping: CancellationToken) {
    while !stopping.is_cancelled() {
        match room.claim(&app).await {
            Ok(Some((row, kind))) => {
                work(&app, row, kind, &stopping).await;
                room.leave(kind).await;
            }
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

/// Takes the job that has been due for longest, a long one only `with_long`; `None` if none is due.
async fn claim(app: &App, with_long: bool) -> Result<Option<(Row, Kind)>> {
    loop {
        let app_ = app.clone();
        let take = app
            .transact(move |transaction| async move { take(&app_, &transaction, with_long).await });
        let taken = take.await?;
        let Some(row) = taken else { return Ok(None) };
        let kind = app.jobs.kinds().iter().find(|kind| kind.name == row.kind);
        if let (State::Running, Some(kind)) = (row.state, kind) {
            return Ok(Some((row, *kind)));
        }
    }
}

/// Takes a job that is due. One that was cut off after it was asked to stop, or too often, ends
/// instead. Kinds that this process does not know are left to others, perhaps of a newer version.
async fn take(app: &App, transaction: &Transaction, with_long: bool) -> Result<Option<Row>> {
    let now = app.now();
    let kinds = app.jobs.kinds().iter().filter(|kind| with_long || !kind.is_long);
    let queued =
        Condition::all().add(Column::State.eq(State::Queued)).add(Column::DueTime.lte(now));
    // A lease longer than any was taken before the clock went back.
    let is_over = Condition::any()
        .add(Column::DueTime.lte(now))
        .add(Column::DueTime.gt(now.after(LEASE * 2)));
    let cut_off = Condition::all().add(Column::State.eq(State::Running)).add(is_over);
    let find = job::Entity::find()
        .filter(Column::Kind.is_in(kinds.map(|kind| kind.name)))
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
