//! The lists that links show: stored as albums, so that all that holds for the contents of albums
//! holds for them, and shown nowhere else. Whoever made the link owns its list.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use super::contents::{self, Added, entries_of};
use super::{Values, insert};
use crate::access::{self, Granted, LockedUser};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album::{Model as Album, Order};
use crate::error::Result;
use crate::id::{AlbumId, AssetId};

/// Makes a list of a user's own assets, in the order given, and returns its id.
pub async fn create_list(
    app: &App,
    transaction: &Transaction,
    owner: &LockedUser,
    assets: &[AssetId],
) -> Result<AlbumId> {
    let assets = access::sharable_assets(transaction, owner, assets).await?;
    let values = Values {
        display_name: String::new(),
        description: String::new(),
        order: Order::Manual,
        cover_asset_id: None,
        etag: String::new(),
        is_activity_enabled: Some(false),
    };
    let list = insert(app, transaction, owner.id, None, values).await?;
    let id = list.id;
    let mut change = list.into_active_model();
    change.is_list = Set(true);
    let list = change.update(&**transaction).await?;
    contents::insert(app, transaction, access::created(list), &assets).await?;
    Ok(id)
}

/// Adds a user's own assets to a list of theirs that is locked.
pub async fn add_to_list(
    app: &App,
    transaction: &Transaction,
    owner: &LockedUser,
    list: Granted<Album>,
    assets: &[AssetId],
) -> Result<Added> {
    let assets = access::sharable_assets(transaction, owner, assets).await?;
    contents::insert(app, transaction, list, &assets).await
}

/// Takes assets out of a list that is locked, and returns how many were in it.
pub async fn remove_from_list(
    app: &App,
    transaction: &Transaction,
    list: &Granted<Album>,
    assets: Vec<AssetId>,
) -> Result<usize> {
    let found = entries_of(transaction, list, assets).await?;
    let found: Vec<_> = found.into_iter().map(|entry| entry.asset_id).collect();
    if found.is_empty() {
        return Ok(0);
    }
    let count = found.len();
    contents::take_out(app, transaction, list.id, found).await?;
    Ok(count)
}
