//! API keys: their owner's alone.

use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, Select};

use super::UserActor;
use crate::entity::api_key::{self, Model as ApiKey};
use crate::error::{Error, Result};
use crate::id::ApiKeyId;

/// The caller's keys.
#[must_use]
pub fn api_keys(user: &UserActor) -> Select<api_key::Entity> {
    api_key::Entity::find().filter(api_key::Column::UserId.eq(user.id))
}

/// A key of the caller's.
pub async fn api_key(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    id: ApiKeyId,
) -> Result<ApiKey> {
    let find = api_keys(user).filter(api_key::Column::Id.eq(id));
    find.one(connection).await?.ok_or_else(|| Error::not_found("api_key", id))
}
