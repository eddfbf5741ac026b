//! Exports.

use sea_orm::entity::prelude::*;

use crate::id::{AlbumId, ExportId, SharedLinkId, UserId};
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "export")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExportId,
    /// The user who made it.
    pub user_id: Option<UserId>,
    /// The link through which a guest made it.
    pub shared_link_id: Option<SharedLinkId>,
    /// The album that was exported; none for a selection.
    pub album_id: Option<AlbumId>,
    /// What the archives are named after.
    pub display_name: String,
    /// The assets left out, as an encoded list.
    pub skipped: Vec<u8>,
    /// When it was made.
    pub create_time: Micros,
    /// When it is forgotten.
    pub expire_time: Micros,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
