//! Work that comes back.

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use super::{Job, insert, lease};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::schedule;
use crate::error::Result;
use crate::time::Micros;

/// What the process that enqueues scheduled jobs holds.
const LEASE: &str = "schedules";
/// How long it may be away before another process goes on.
const LEASE_TIME: Duration = Duration::from_secs(60);

/// A job that is enqueued once in every period, by one of all processes.
#[derive(Clone, Copy)]
pub struct Schedule {
    /// The kind of the job.
    pub name: &'static str,
    /// The time from one to the next.
    pub period: Duration,
    enqueue: for<'a> fn(&'a App, &'a Transaction) -> BoxFuture<'a, Result<()>>,
}

impl Schedule {
    /// Enqueues the default job of a type every `period`, unless the last one is queued still.
    #[must_use]
    pub const fn of<J: Job + Default>(period: Duration) -> Self {
        Self {
            name: J::KIND,
            period,
            enqueue: |app, transaction| {
                let key = Some("schedule".to_owned());
                Box::pin(insert(app, transaction, J::default(), key, app.now()))
            },
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.name).field(&self.period).finish()
    }
}

/// The process that enqueues scheduled jobs, or one that waits to become it.
#[derive(Debug, Default)]
pub(super) struct Scheduler(Option<lease::Lease>);

impl Scheduler {
    /// Enqueues what is due, if this process holds the lease.
    pub(super) async fn tick(&mut self, app: &App) -> Result<()> {
        if let Some(lease) = &self.0
            && !lease.renew(&app.database, app.now(), LEASE_TIME).await?
        {
            self.0 = None;
        }
        if self.0.is_none() {
            self.0 = lease::acquire(&app.database, app.now(), LEASE, LEASE_TIME).await?;
        }
        if self.0.is_some() {
            enqueue_due(app).await?;
        }
        Ok(())
    }

    /// Lets another process go on at once.
    pub(super) async fn stop(self, app: &App) -> Result<()> {
        match self.0 {
            Some(lease) => lease.release(&app.database).await,
            None => Ok(()),
        }
    }
}

async fn enqueue_due(app: &App) -> Result<()> {
    let rows = schedule::Entity::find().all(app.database.reader()).await?;
    let now = app.now();
    for schedule in app.jobs.schedules().iter().copied() {
        let last = rows.iter().find(|row| row.name == schedule.name).map(|row| row.last_time);
        let is_due = last.is_none_or(|last| last.after(schedule.period) <= now);
        // The clock went back: the period begins anew, or it might last for years.
        let is_ahead = last.is_some_and(|last| last > now);
        if !is_due && !is_ahead {
            continue;
        }
        let app_ = app.clone();
        app.transact(move |transaction| async move {
            if move_on(&transaction, schedule.name, last, now).await? && is_due {
                (schedule.enqueue)(&app_, &transaction).await?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Notes that a period begins now; `false` if somebody else did, who believed to hold the lease.
async fn move_on(
    transaction: &Transaction,
    name: &'static str,
    last: Option<Micros>,
    now: Micros,
) -> Result<bool> {
    let rows = match last {
        None => {
            let row = schedule::ActiveModel { name: Set(name.to_owned()), last_time: Set(now) };
            let nothing = OnConflict::column(schedule::Column::Name).do_nothing().to_owned();
            let insert = schedule::Entity::insert(row).on_conflict(nothing);
            insert.exec_without_returning(&**transaction).await?
        }
        Some(last) => {
            let update = schedule::Entity::update_many()
                .col_expr(schedule::Column::LastTime, now.into())
                .filter(schedule::Column::Name.eq(name))
                .filter(schedule::Column::LastTime.eq(last));
            update.exec(&**transaction).await?.rows_affected
        }
    };
    Ok(rows == 1)
}
