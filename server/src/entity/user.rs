//! People with an account.

use sea_orm::entity::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use crate::id::UserId;
use crate::time::Micros;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// The e-mail as it was given.
    pub email: String,
    /// The e-mail in the form that is unique; see [`fold`].
    pub folded_email: String,
    /// The name that others see.
    pub display_name: String,
    /// The password's argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether the user administers the server.
    pub is_admin: bool,
    /// How many bytes the user may store; none for any number.
    pub quota_bytes: Option<i64>,
    /// The size of the user's files together.
    pub used_bytes: i64,
    /// The largest part of the user's exports.
    pub export_part_size_bytes: Option<i64>,
    /// When the user was made.
    pub create_time: Micros,
    /// When the user was last changed.
    pub update_time: Micros,
    /// Since when they may not sign in.
    pub disabled_time: Option<Micros>,
    /// When the account was deleted.
    pub delete_time: Option<Micros>,
    /// When a deleted account is purged, with all that it owns.
    pub purge_time: Option<Micros>,
}

/// What a row refers to: nothing.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whether the account can be used and found.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.disabled_time.is_none() && self.delete_time.is_none()
    }
}

/// Only accounts that can be used and found.
#[must_use]
pub fn active() -> sea_orm::Condition {
    sea_orm::Condition::all().add(Column::DisabledTime.is_null()).add(Column::DeleteTime.is_null())
}

/// The form in which e-mails and names are compared: lower case, NFC.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}
