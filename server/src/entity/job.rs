//! Work in the background.

use sea_orm::entity::prelude::*;

use crate::id::JobId;
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// What work it is.
    pub kind: String,
    /// What the work is about, as JSON.
    pub payload: String,
    /// Among queued jobs of a kind, each key is there once.
    pub unique_key: Option<String>,
    /// How far it is.
    pub state: State,
    /// How often a worker took it. Only the worker of the last attempt may change the row.
    pub attempt: i32,
    /// How many attempts in a row failed or ended without a word.
    pub failure_count: i32,
    /// When a worker may take it: queued, when it is to run; running, when its lease ends.
    pub due_time: Micros,
    /// Whether a running job was asked to stop.
    pub is_cancel_requested: bool,
    /// How much is done, in steps that the kind chooses.
    pub progress_done: i64,
    /// How much there is to do, once it is known.
    pub progress_total: Option<i64>,
    /// Why the last attempt failed, as a caller would be told.
    pub last_error: Option<String>,
    /// When it was made.
    pub create_time: Micros,
    /// When the row was last changed.
    pub update_time: Micros,
    /// When it succeeded or was cancelled.
    pub finish_time: Option<Micros>,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// It waits for its time and a worker.
    Queued = 1,
    /// A worker is on it.
    Running = 2,
    /// It is done.
    Succeeded = 3,
    /// It failed so often that somebody has to look at it.
    Parked = 4,
    /// It was given up.
    Cancelled = 5,
}

impl State {
    /// The state's name for people and for error metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Parked => "parked",
            Self::Cancelled => "cancelled",
        }
    }
}
