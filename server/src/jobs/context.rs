//! A worker's hold on a job.

use std::time::Duration;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set, UpdateMany};

use crate::app::App;
use crate::database::Transaction;
use crate::entity::job::{self, Model as Row, State};
use crate::error::{Error, Result};
use crate::id::JobId;

/// How long a worker keeps a job without renewing its lease. Clocks of servers may differ by less.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// What a running job knows of itself: one attempt at one row.
#[derive(Debug, Clone)]
pub struct Context {
    app: App,
    id: JobId,
    attempt: i32,
}

impl Context {
    pub(super) fn new(app: App, row: &Row) -> Self {
        Self { app, id: row.id, attempt: row.attempt }
    }

    /// The job.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Fails with `CONFLICT` if another worker has the job by now or it was asked to stop; else
    /// nobody else gets it before the transaction ends.
    pub async fn check(&self, transaction: &Transaction) -> Result<()> {
        let now = self.app.now();
        self.change(transaction, job::ActiveModel { update_time: Set(now), ..Default::default() })
            .await
    }

    /// Says how much is done of how much there is, in any unit, and renews the lease. Fails as
    /// [`Context::check`] does.
    pub async fn progress(&self, done: i64, total: Option<i64>) -> Result<()> {
        let now = self.app.now();
        let change = job::ActiveModel {
            progress_done: Set(done),
            progress_total: Set(total),
            due_time: Set(now.after(LEASE)),
            update_time: Set(now),
            ..Default::default()
        };
        let context = self.clone();
        self.app
            .transact(move |transaction| async move { context.change(&transaction, change).await })
            .await
    }

    async fn change(&self, transaction: &Transaction, change: job::ActiveModel) -> Result<()> {
        let update = self.held().filter(job::Column::IsCancelRequested.eq(false)).set(change);
        let held = update.exec(&**transaction).await?.rows_affected == 1;
        if held { Ok(()) } else { Err(Error::Conflict) }
    }

    /// Renews the lease.
    pub(super) async fn renew(&self) -> Result<Hold> {
        let change =
            job::ActiveModel { due_time: Set(self.app.now().after(LEASE)), ..Default::default() };
        let update = self.held().set(change);
        let rows = self.app.transact(move |transaction| async move {
            Ok(update.exec_with_returning(&*transaction).await?)
        });
        Ok(match rows.await?.first() {
            None => Hold::Lost,
            Some(row) if row.is_cancel_requested => Hold::Cancelled,
            Some(_) => Hold::Kept,
        })
    }

    /// The row, as long as this worker has it.
    pub(super) fn held(&self) -> UpdateMany<job::Entity> {
        job::Entity::update_many()
            .filter(job::Column::Id.eq(self.id))
            .filter(job::Column::Attempt.eq(self.attempt))
            .filter(job::Column::State.eq(State::Running))
    }
}

/// Whether a worker may go on.
#[derive(Debug)]
pub(super) enum Hold {
    Kept,
    /// The job was asked to stop.
    Cancelled,
    /// Another worker has the job.
    Lost,
}
