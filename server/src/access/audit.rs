//! The audit log, for administrators.

use sea_orm::{EntityTrait as _, Select};

use crate::entity::audit_event;

/// Every entry. The methods that use it are for administrators alone.
#[must_use]
pub fn audit_events() -> Select<audit_event::Entity> {
    audit_event::Entity::find()
}
