//! Photos and videos: looking at them, one or a page at a time, and getting their bytes.

mod download;
mod http;
mod rpc;
mod sweep;

pub use self::http::routes;
pub use download::{Download, download, read_windows};
pub use rpc::Rpc;
pub use sweep::{DeleteBlobs, SweepBlobs};

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Order, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use crate::access::{self, Actor, Granted};
use crate::app::App;
use crate::entity::album::{Model as Album, Order as AlbumOrder};
use crate::entity::album_asset::{self, Model as AlbumAsset};
use crate::entity::album_member::Role;
use crate::entity::asset::{self, Kind, Model as Asset};
use crate::entity::asset_file::{self, Model as AssetFile};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId};
use crate::page::{self, Page, Paged};

/// An asset with its files.
#[derive(Debug, Clone)]
pub struct AssetView {
    /// The asset.
    pub asset: Asset,
    /// The photo or video itself.
    pub still: AssetFile,
    /// The moving part of a live photo.
    pub motion: Option<AssetFile>,
}

/// Which assets to list.
#[derive(Debug)]
pub struct Filter {
    /// Those of an album, else the caller's own.
    pub album_id: Option<AlbumId>,
    /// Only those of a kind.
    pub kind: Option<Kind>,
    /// Newest first, oldest first, or the album's own order.
    pub order: Option<AlbumOrder>,
}

/// An asset that the caller may see.
pub async fn get(app: &App, actor: &Actor, id: AssetId) -> Result<AssetView> {
    let connection = app.database.reader();
    let asset = access::asset(connection, actor, id).await?.into_row();
    let mut views = with_files(app, vec![asset]).await?;
    views.pop().ok_or_else(|| Error::not_found("asset", id))
}

/// A page of an album's assets, or of the caller's own.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<AssetView>> {
    let Some(album_id) = filter.album_id else { return list_own(app, actor, filter, page).await };
    let connection = app.database.reader();
    let album = access::album(connection, actor, album_id, Role::Viewer).await?;
    let entries = entries(app, &album, filter, page).await?;
    let order = filter.order.unwrap_or(album.order);
    let paged = page.paged(entries, |(entry, _)| entry_key(order, entry));
    let assets = paged.rows.into_iter().map(|(_, asset)| asset).collect();
    let rows = with_files(app, assets).await?;
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

async fn list_own(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<AssetView>> {
    let Actor::User(user) = actor else {
        return Err(Error::invalid("album_id", "must be set by guests"));
    };
    let is_descending = filter.order != Some(AlbumOrder::OldestFirst);
    let sort = Expr::col((asset::Entity, asset::Column::SortTime));
    let id = Expr::col((asset::Entity, asset::Column::Id));
    let order = if is_descending { Order::Desc } else { Order::Asc };
    let mut find = access::own_list(user)
        .order_by(sort.clone(), order.clone())
        .order_by(id.clone(), order)
        .limit(page.limit());
    if let Some(kind) = filter.kind {
        find = find.filter(asset::Column::Kind.eq(kind));
    }
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, is_descending));
    }
    let assets = find.all(app.database.reader()).await?;
    let paged = page.paged(assets, |asset| number_key(asset.sort_time.0, asset.id));
    let rows = with_files(app, paged.rows).await?;
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

/// One row more than the page has, in the order asked for.
async fn entries(
    app: &App,
    album: &Granted<Album>,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<(AlbumAsset, Asset)>> {
    let order = filter.order.unwrap_or(album.order);
    let (column, is_descending) = sort_column(order);
    let sort = Expr::col((album_asset::Entity, column));
    let id = Expr::col((album_asset::Entity, album_asset::Column::AssetId));
    let direction = if is_descending { Order::Desc } else { Order::Asc };
    let mut find = access::album_assets(album)
        .order_by(sort.clone(), direction.clone())
        .order_by(id.clone(), direction)
        .limit(page.limit());
    if let Some(kind) = filter.kind {
        find = find.filter(asset::Column::Kind.eq(kind));
    }
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, is_descending));
    }
    let rows = find.all(app.database.reader()).await?;
    Ok(rows.into_iter().filter_map(|(entry, asset)| Some((entry, asset?))).collect())
}

/// What an album in this order is sorted by, and whether descending.
#[must_use]
pub fn sort_column(order: AlbumOrder) -> (album_asset::Column, bool) {
    match order {
        AlbumOrder::NewestFirst => (album_asset::Column::SortTime, true),
        AlbumOrder::OldestFirst => (album_asset::Column::SortTime, false),
        AlbumOrder::Manual => (album_asset::Column::Position, false),
    }
}

fn entry_key(order: AlbumOrder, entry: &AlbumAsset) -> page::Key {
    let number = match order {
        AlbumOrder::NewestFirst | AlbumOrder::OldestFirst => entry.sort_time.0,
        AlbumOrder::Manual => entry.position,
    };
    number_key(number, entry.asset_id)
}

fn number_key(number: i64, id: AssetId) -> page::Key {
    page::Key { number, text: String::new(), id: id.as_bytes().to_vec() }
}

/// Puts files to assets that the caller was granted, in the same order, by one query.
pub async fn with_files(app: &App, assets: Vec<Asset>) -> Result<Vec<AssetView>> {
    let files = access::files(app.database.reader(), assets.iter().map(|asset| asset.id)).await?;
    Ok(join_files(assets, files))
}

/// Puts files to assets, in the assets' order.
#[must_use]
pub fn join_files(assets: Vec<Asset>, files: Vec<AssetFile>) -> Vec<AssetView> {
    let mut files: std::collections::HashMap<_, _> = files
        .into_iter()
        .map(|file| ((file.asset_id, file.kind == asset_file::Kind::Motion), file))
        .collect();
    assets
        .into_iter()
        .filter_map(|asset| {
            let still = files.remove(&(asset.id, false))?;
            let motion = files.remove(&(asset.id, true));
            Some(AssetView { asset, still, motion })
        })
        .collect()
}

/// Remembers that the stored bytes of a file were found not to match their checksum.
pub async fn mark_damaged(app: &App, file: &AssetFile) -> Result<()> {
    let (key, now) = ((file.asset_id, file.kind), app.now());
    app.transact(
        move |transaction| async move { access::mark_damaged(&transaction, key, now).await },
    )
    .await
}
