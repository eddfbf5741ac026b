//! Changing the list that a link shows.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use crate::access::{self, Actor, Granted};
use crate::albums;
use crate::app::App;
use crate::audit;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::audit_event::Kind;
use crate::error::{Error, Result};
use crate::id::{AssetId, SharedLinkId};

/// Adds the caller's assets to the list of a link that they made.
pub async fn add_assets(
    app: &App,
    actor: &Actor,
    id: SharedLinkId,
    assets: Vec<AssetId>,
) -> Result<albums::Added> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let owner = access::lock_owner(&transaction, actor.user()?.id).await?;
        let list = changed_list(&app_, &transaction, &actor, id).await?;
        albums::add_to_list(&app_, &transaction, &owner, list, &assets).await
    })
    .await
}

/// Takes assets out of the list of a link that the caller made, and returns how many were in it.
pub async fn remove_assets(
    app: &App,
    actor: &Actor,
    id: SharedLinkId,
    assets: Vec<AssetId>,
) -> Result<usize> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let list = changed_list(&app_, &transaction, &actor, id).await?;
        albums::remove_from_list(&app_, &transaction, &list, assets).await
    })
    .await
}

/// The list of a link, locked, with the link and the log saying that it is changed.
async fn changed_list(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    id: SharedLinkId,
) -> Result<Granted<Album>> {
    let (link, _) = access::lock_shared_link(transaction, actor, id).await?;
    if link.delete_time.is_some() {
        return Err(Error::not_found("shared_link", id));
    }
    let list = access::album_or_list(&**transaction, actor, link.album_id, Role::Viewer).await?;
    if !list.is_list {
        return Err(Error::invalid("shared_link_id", "must be of a link to a list"));
    }
    let mut change = link.into_active_model();
    change.update_time = Set(app.now());
    change.update(&**transaction).await?;
    audit::record(app, transaction, actor, Kind::LinkUpdated, id).await?;
    list.at_least(Role::Owner)
}
