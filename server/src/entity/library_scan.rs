//! Looks at what became of a library's files.

use sea_orm::entity::prelude::*;

use crate::id::{LibraryId, LibraryScanId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "library_scan")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LibraryScanId,
    /// The library.
    pub library_id: LibraryId,
    /// How far it is.
    pub state: State,
    /// Who started it.
    pub cause: Cause,
    /// Whether files come back whose assets were deleted.
    pub restore_excluded: bool,
    /// Whether it was asked to stop.
    pub is_cancel_requested: bool,
    /// What it found and did, as JSON.
    pub counts: String,
    /// What it could not read, as a JSON list.
    pub problems: String,
    /// The last file that was looked at.
    pub last_path: Option<String>,
    /// When it was asked for.
    pub create_time: Micros,
    /// When it began.
    pub start_time: Option<Micros>,
    /// When the row last changed.
    pub update_time: Micros,
    /// When it ended.
    pub finish_time: Option<Micros>,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How far a scan is. Of each library, one at most is queued or running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// It waits for a worker.
    Queued = 1,
    /// A worker is on it, or was before its server stopped.
    Running = 2,
    /// It looked at every file that it could reach.
    Succeeded = 3,
    /// It gave up; `problems` says why.
    Failed = 4,
    /// It was stopped.
    Cancelled = 5,
}

/// What started a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Cause {
    /// Somebody asked for it.
    Request = 1,
    /// The library's schedule.
    Schedule = 2,
    /// Files changed.
    Change = 3,
}
