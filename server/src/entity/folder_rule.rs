//! What people want albums made of, from the folders of their libraries.

use sea_orm::entity::prelude::*;

use crate::crontab::Schedule;
use crate::id::{FolderRuleId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_rule")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FolderRuleId,
    /// Whose files and albums it is about.
    pub owner_id: UserId,
    /// Whether it stands for all calls of its owner that bring their own options. Each user has one
    /// at most, and it shows to nobody.
    pub is_ad_hoc: bool,
    /// What its owner calls it.
    pub display_name: String,
    /// The options, as JSON.
    pub options: String,
    /// When it runs by itself, as crontab text.
    pub schedule: Option<String>,
    /// The time zone of the schedule, as in `Europe/Vienna`; none is UTC.
    pub time_zone: Option<String>,
    /// When the schedule says so next.
    pub next_run_time: Option<Micros>,
    /// When it was made.
    pub create_time: Micros,
    /// When it was last changed.
    pub update_time: Micros,
}

impl Model {
    /// When it runs by itself.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule { crontab: self.schedule.clone(), time_zone: self.time_zone.clone() }
    }
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
