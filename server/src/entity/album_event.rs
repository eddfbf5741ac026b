//! What happened in albums, for those who watch.

use sea_orm::entity::prelude::*;

use crate::id::AlbumId;
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "album_event")]
pub struct Model {
    /// The album.
    #[sea_orm(primary_key, auto_increment = false)]
    pub album_id: AlbumId,
    /// The number of the event among the album's, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// What happened, encoded by `events`.
    pub payload: Vec<u8>,
    /// When.
    pub create_time: Micros,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
