//! Assets as the caller may see and use them.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QuerySelect as _, Select,
};

use super::album::visible_album_ids;
use super::{Actor, Granted, UserActor};
use crate::entity::album_member::Role;
use crate::entity::asset::Model as Asset;
use crate::entity::asset_file::Model as AssetFile;
use crate::entity::{album_asset, asset, asset_file};
use crate::error::{Error, Result};
use crate::id::AssetId;

/// An asset that the caller may see: their own, or one of an album that they may see.
pub async fn asset(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: AssetId,
) -> Result<Granted<Asset>> {
    let found = visible_assets(actor).filter(asset::Column::Id.eq(id)).one(connection).await?;
    let row = found.ok_or_else(|| Error::not_found("asset", id))?;
    let (role, may_download) = match actor {
        Actor::User(user) if user.id == row.owner_id => (Role::Owner, true),
        Actor::User(_) | Actor::Anonymous => (Role::Viewer, true),
        Actor::Guest(links) => (Role::Viewer, links.iter().any(|link| link.allow_download)),
    };
    Ok(Granted { row, role, may_download })
}

/// The assets that the caller may see.
#[must_use]
pub fn visible_assets(actor: &Actor) -> Select<asset::Entity> {
    let in_album = asset::Column::Id.in_subquery(
        Query::select()
            .column(album_asset::Column::AssetId)
            .from(album_asset::Entity)
            .cond_where(visible_album_ids(actor))
            .to_owned(),
    );
    let mut visible = Condition::any().add(in_album);
    if let Actor::User(user) = actor {
        visible = visible.add(asset::Column::OwnerId.eq(user.id));
    }
    asset::Entity::find().filter(visible)
}

/// A user's own assets.
#[must_use]
pub fn own_list(user: &UserActor) -> Select<asset::Entity> {
    asset::Entity::find().filter(asset::Column::OwnerId.eq(user.id))
}

/// Assets to put into an album or link, in the order asked: seeing them is not enough, they must be
/// the caller's own. One that is not fails the whole, naming it.
pub async fn own_assets(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    ids: &[AssetId],
) -> Result<Vec<Asset>> {
    let found = own_list(user).filter(asset::Column::Id.is_in(ids.iter().copied()));
    let found = found.all(connection).await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|asset| (asset.id, asset)).collect();
    ids.iter().map(|id| found.remove(id).ok_or_else(|| Error::not_found("asset", id))).collect()
}

/// Which of some assets are the caller's own.
pub async fn own_asset_ids(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    ids: &[AssetId],
) -> Result<HashSet<AssetId>> {
    let own = own_list(user)
        .filter(asset::Column::Id.is_in(ids.iter().copied()))
        .select_only()
        .column(asset::Column::Id)
        .into_tuple::<AssetId>()
        .all(connection)
        .await?;
    Ok(own.into_iter().collect())
}

/// The files of assets that the caller was granted.
pub async fn files(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = AssetId>,
) -> Result<Vec<AssetFile>> {
    let files = asset_file::Entity::find().filter(asset_file::Column::AssetId.is_in(ids));
    Ok(files.all(connection).await?)
}
