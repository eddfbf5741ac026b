//! How many comments and likes there are.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, Condition, QueryFilter as _, QuerySelect as _};

use crate::access::{self, Actor, Granted};
use crate::app::App;
use crate::entity::activity::{self, Column, Kind};
use crate::entity::album::Model as Album;
use crate::entity::album_asset;
use crate::entity::album_member::Role;
use crate::error::Result;
use crate::id::{AlbumId, AssetId};

/// The numbers of an album.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Comments on the album and its assets.
    pub comments: i64,
    /// Likes of the album and its assets.
    pub likes: i64,
    /// Whether the caller likes the album itself.
    pub is_liked: bool,
    /// The numbers of the assets that were asked for and are in the album, in that order.
    pub assets: Vec<AssetCounts>,
}

/// The numbers of an asset in an album.
#[derive(Debug, Clone)]
pub struct AssetCounts {
    /// The asset.
    pub asset_id: AssetId,
    /// Comments on it.
    pub comments: i64,
    /// Likes of it.
    pub likes: i64,
    /// Whether the caller likes it.
    pub is_liked: bool,
}

/// Counts what shows in an album and on some assets of it. Requires the viewer role, and of guests a
/// link that shows activity.
pub async fn get_counts(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    assets: Vec<AssetId>,
) -> Result<Counts> {
    let connection = app.database.reader();
    let album = access::album(connection, actor, id, Role::Viewer).await?;
    let reader = access::reader(actor, &album)?;
    let all = access::activities(&album)
        .select_only()
        .column(Column::Kind)
        .column_as(number(), "number")
        .group_by(Column::Kind);
    let all: HashMap<Kind, i64> = all.into_tuple().all(connection).await?.into_iter().collect();
    let is_asked = Column::AssetId.is_in(assets.iter().copied());
    let liked = access::activities(&album)
        .filter(reader.own())
        .filter(Column::Kind.eq(Kind::Like))
        .filter(Condition::any().add(Column::AssetId.is_null()).add(is_asked))
        .select_only()
        .column(Column::AssetId);
    let liked: Vec<Option<AssetId>> = liked.into_tuple().all(connection).await?;
    let of = |kind| all.get(&kind).copied().unwrap_or(0);
    Ok(Counts {
        comments: of(Kind::Comment),
        likes: of(Kind::Like),
        is_liked: liked.contains(&None),
        assets: of_assets(app, &album, assets, &liked).await?,
    })
}

async fn of_assets(
    app: &App,
    album: &Granted<Album>,
    assets: Vec<AssetId>,
    liked: &[Option<AssetId>],
) -> Result<Vec<AssetCounts>> {
    if assets.is_empty() {
        return Ok(Vec::new());
    }
    let connection = app.database.reader();
    let shown = access::album_entries(album)
        .filter(album_asset::Column::AssetId.is_in(assets.iter().copied()))
        .select_only()
        .column(album_asset::Column::AssetId);
    let shown: Vec<AssetId> = shown.into_tuple().all(connection).await?;
    let each = access::activities(album)
        .filter(Column::AssetId.is_in(assets.iter().copied()))
        .select_only()
        .column(Column::AssetId)
        .column(Column::Kind)
        .column_as(number(), "number")
        .group_by(Column::AssetId)
        .group_by(Column::Kind);
    let each: Vec<(AssetId, Kind, i64)> = each.into_tuple().all(connection).await?;
    let each: HashMap<_, _> =
        each.into_iter().map(|(asset, kind, number)| ((asset, kind), number)).collect();
    let of = |asset_id, kind| each.get(&(asset_id, kind)).copied().unwrap_or(0);
    let counts = assets.into_iter().filter(|asset_id| shown.contains(asset_id));
    let counts = counts.map(|asset_id| AssetCounts {
        asset_id,
        comments: of(asset_id, Kind::Comment),
        likes: of(asset_id, Kind::Like),
        is_liked: liked.contains(&Some(asset_id)),
    });
    Ok(counts.collect())
}

fn number() -> Expr {
    Expr::col((activity::Entity, Column::Id)).count()
}
