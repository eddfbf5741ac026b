//! Keys that sign access tokens.

use sea_orm::entity::prelude::*;

use crate::id::SigningKeyId;
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// The key id in a token's header.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SigningKeyId,
    /// The Ed25519 key in PKCS#8, sealed.
    pub sealed_key: Vec<u8>,
    /// When it was made.
    pub create_time: Micros,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
