//! Jobs as administrators see and steer them.

use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};

use super::attempt::queued_twin;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::job::{self, ActiveModel, Column, Model as Row, State};
use crate::error::{Error, Result};
use crate::id::JobId;
use crate::page::{self, Page, Paged};

/// Which jobs to list.
#[derive(Debug)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

/// A job. For administrators.
pub async fn get(app: &App, id: JobId) -> Result<Row> {
    let find = job::Entity::find_by_id(id).one(app.database.reader()).await?;
    find.ok_or_else(|| Error::not_found("job", id))
}

/// A page of jobs, latest first. For administrators.
pub async fn list(app: &App, filter: Filter, page: &Page) -> Result<Paged<Row>> {
    let sort = Expr::col((job::Entity, Column::CreateTime));
    let id = Expr::col((job::Entity, Column::Id));
    let mut find = job::Entity::find()
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(state) = filter.state {
        find = find.filter(Column::State.eq(state));
    }
    if let Some(kind) = filter.kind {
        find = find.filter(Column::Kind.eq(kind));
    }
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    let rows = find.all(app.database.reader()).await?;
    Ok(page.paged(rows, |job| page::Key {
        number: job.create_time.0,
        text: String::new(),
        id: job.id.as_bytes().to_vec(),
    }))
}

/// Lets a parked job run again, now. For administrators.
///
/// One that is queued or running is left as it is. Fails with `JOB_ENDED`, and with
/// `RESOURCE_ALREADY_EXISTS` if a queued job does the same.
pub async fn retry(app: &App, id: JobId) -> Result<Row> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let row = lock(&transaction, id).await?;
        match row.state {
            State::Queued | State::Running => return Ok(row),
            State::Succeeded | State::Cancelled => return Err(ended(&row)),
            State::Parked => {}
        }
        if let Some(twin) = queued_twin(&transaction, &row).await? {
            return Err(Error::already_exists("job", twin.id));
        }
        let queued = Arc::clone(&app_.jobs.queued);
        transaction.after_commit(move || queued.notify_one());
        let now = app_.now();
        let change = ActiveModel {
            state: Set(State::Queued),
            failure_count: Set(0),
            due_time: Set(now),
            update_time: Set(now),
            ..row.into_active_model()
        };
        Ok(change.update(&*transaction).await?)
    })
    .await
}

/// Gives a job up, or asks a running one to stop. For administrators. Fails with `JOB_ENDED` if it
/// has succeeded.
pub async fn cancel(app: &App, id: JobId) -> Result<Row> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let row = lock(&transaction, id).await?;
        let now = app_.now();
        let change = match row.state {
            State::Succeeded => return Err(ended(&row)),
            State::Cancelled => return Ok(row),
            State::Queued | State::Parked => ActiveModel {
                state: Set(State::Cancelled),
                finish_time: Set(Some(now)),
                ..row.into_active_model()
            },
            State::Running => {
                let cancelled = Arc::clone(&app_.jobs.cancelled);
                transaction.after_commit(move || cancelled.notify_waiters());
                ActiveModel { is_cancel_requested: Set(true), ..row.into_active_model() }
            }
        };
        let change = ActiveModel { update_time: Set(now), ..change };
        Ok(change.update(&*transaction).await?)
    })
    .await
}

async fn lock(transaction: &Transaction, id: JobId) -> Result<Row> {
    let find = job::Entity::find_by_id(id).lock_exclusive().one(&**transaction).await?;
    find.ok_or_else(|| Error::not_found("job", id))
}

fn ended(row: &Row) -> Error {
    Error::JobEnded(row.state.name())
}
