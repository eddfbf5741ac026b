//! The installation itself: one row.

use crate::time::Micros;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// A known text, sealed: it opens only under the right secret key.
    pub key_check: Vec<u8>,
    /// The SHA-256 of the setup token; none once there is a user.
    pub setup_token_hash: Option<Vec<u8>>,
    /// When the installation was made.
    pub create_time: Micros,
    /// Whether people may make shared links. Those that are there go on.
    pub allow_links: bool,
    /// Whether new links must have a password.
    pub require_link_password: bool,
    /// How long new links may live, in seconds.
    pub max_link_lifetime_s: Option<i64>,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
