//! Folders whose files are read in place.

use sea_orm::entity::prelude::*;

use crate::crontab::Schedule;
use crate::id::{LibraryId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "library")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LibraryId,
    /// Whose assets its files are.
    pub owner_id: UserId,
    /// What people call it.
    pub display_name: String,
    /// The folders, as absolute paths: a JSON list of text.
    pub import_paths: String,
    /// The globs of what is left alone: a JSON list of text.
    pub exclusions: String,
    /// When it is scanned by itself, as crontab text.
    pub schedule: Option<String>,
    /// The time zone of the schedule, as in `Europe/Vienna`; none is UTC.
    pub time_zone: Option<String>,
    /// Whether changes of its files start scans.
    pub is_watched: bool,
    /// When the schedule says so next.
    pub next_scan_time: Option<Micros>,
    /// When it was made.
    pub create_time: Micros,
    /// When it was last changed.
    pub update_time: Micros,
    /// When it was deleted; it is taken apart since.
    pub delete_time: Option<Micros>,
}

impl Model {
    /// When it is scanned by itself.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule { crontab: self.schedule.clone(), time_zone: self.time_zone.clone() }
    }
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
