//! What happens to assets in all their albums at once.
//!
//! An owner may have a hundred thousand assets: no statement here is about one of them. Whoever
//! calls holds the lock of the owner's row, so that no asset gets into another album meanwhile.

use std::collections::BTreeMap;

use sea_orm::sea_query::{
    Expr, ExprTrait as _, Func, FunctionCall, IntoCondition as _, Query, SelectStatement,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, Iterable as _, Order as Direction,
    QueryFilter as _,
};

use crate::access;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album::{self, Order};
use crate::entity::album_asset::{self, Column};
use crate::entity::asset;
use crate::error::Result;
use crate::events::{self, Event};
use crate::id::{AlbumId, AssetId, UserId};

/// How many albums one statement takes at most; SQLite's limit of values is 32766.
const MAX_ALBUMS: usize = 30_000;

/// Some assets of one owner.
#[derive(Debug, Clone)]
pub enum Assets {
    /// These.
    These(Vec<AssetId>),
    /// All that a user owns.
    Of(UserId),
}

impl Assets {
    fn condition(&self) -> Condition {
        match self {
            Self::These(ids) => asset::Column::Id.is_in(ids.iter().copied()),
            Self::Of(owner) => asset::Column::OwnerId.eq(*owner),
        }
        .into_condition()
    }

    /// Their places in albums.
    #[must_use]
    pub fn entries(&self) -> Condition {
        match self {
            Self::These(ids) => Column::AssetId.is_in(ids.iter().copied()).into_condition(),
            Self::Of(_) => entries_of(self.condition()),
        }
    }

    /// Which of them each of some albums has; none is named where they may be too many to name.
    async fn places(&self, transaction: &Transaction, albums: &[AlbumId]) -> Result<Places> {
        let mut places: Places = albums.iter().map(|album| (*album, Vec::new())).collect();
        if let Self::Of(_) = self {
            return Ok(places);
        }
        for (album, asset) in access::places(transaction, self.entries()).await? {
            places.entry(album).or_default().push(asset);
        }
        Ok(places)
    }
}

/// The assets that something happened to, by album.
type Places = BTreeMap<AlbumId, Vec<AssetId>>;

/// Tells those who watch the albums.
async fn tell(
    app: &App,
    transaction: &Transaction,
    places: Places,
    event: fn(Vec<AssetId>) -> Event,
) -> Result<()> {
    for (album, assets) in places {
        let event = if assets.is_empty() { Event::AssetsChanged(assets) } else { event(assets) };
        events::record(app, transaction, album, &event).await?;
    }
    Ok(())
}

fn entries_of(assets: Condition) -> Condition {
    let ids =
        Query::select().column(asset::Column::Id).from(asset::Entity).cond_where(assets).to_owned();
    Column::AssetId.in_subquery(ids).into_condition()
}

/// Hides assets in all albums and so from everybody but their owner, or shows them again. They keep
/// their places. What is in the trash stays hidden.
///
/// Whoever hides records the revocation.
pub async fn set_hidden(
    app: &App,
    transaction: &Transaction,
    assets: &Assets,
    is_hidden: bool,
) -> Result<()> {
    let albums = access::lock_albums_having(transaction, assets.entries()).await?;
    let places = assets.places(transaction, &albums).await?;
    let entries = if is_hidden {
        assets.entries()
    } else {
        entries_of(assets.condition().add(asset::Column::DeleteTime.is_null()))
    };
    let update = album_asset::Entity::update_many()
        .col_expr(Column::IsHidden, is_hidden.into())
        .filter(entries);
    update.exec(&**transaction).await?;
    settle(app, transaction, &albums).await?;
    let event = if is_hidden { Event::AssetsRemoved } else { Event::AssetsAdded };
    tell(app, transaction, places, event).await
}

/// Takes assets out of all albums, and so from everybody but their owner, for good.
///
/// Whoever calls records the revocation.
pub async fn remove_everywhere(
    app: &App,
    transaction: &Transaction,
    assets: &Assets,
) -> Result<()> {
    let albums = access::lock_albums_having(transaction, assets.entries()).await?;
    let places = assets.places(transaction, &albums).await?;
    let delete = album_asset::Entity::delete_many().filter(assets.entries());
    delete.exec(&**transaction).await?;
    settle(app, transaction, &albums).await?;
    tell(app, transaction, places, Event::AssetsRemoved).await
}

/// Tells those who watch their albums that assets changed in a way that no album depends on.
pub async fn follow_changes(app: &App, transaction: &Transaction, assets: &Assets) -> Result<()> {
    let albums = access::lock_albums_having(transaction, assets.entries()).await?;
    let places = assets.places(transaction, &albums).await?;
    tell(app, transaction, places, Event::AssetsChanged).await
}

/// Sorts assets by their new times and days in all albums.
pub async fn follow_times(app: &App, transaction: &Transaction, assets: &Assets) -> Result<()> {
    let albums = access::lock_albums_having(transaction, assets.entries()).await?;
    let of_asset = |column: asset::Column| {
        let id = Expr::col((asset::Entity, asset::Column::Id));
        Query::select()
            .column(column)
            .from(asset::Entity)
            .and_where(id.equals((album_asset::Entity, Column::AssetId)))
            .to_owned()
    };
    album_asset::Entity::update_many()
        .col_expr(Column::SortTime, of_asset(asset::Column::SortTime).into())
        .col_expr(Column::LocalDay, of_asset(asset::Column::LocalDay).into())
        .filter(assets.entries())
        .exec(&**transaction)
        .await?;
    settle(app, transaction, &albums).await?;
    let places = assets.places(transaction, &albums).await?;
    tell(app, transaction, places, Event::AssetsChanged).await
}

/// Brings counts, dates and covers of locked albums up to what is in them.
///
/// A cover that got hidden is remembered, and comes back when it shows again; one that is gone is
/// replaced by the first asset in the album's order.
pub(super) async fn settle(app: &App, transaction: &Transaction, albums: &[AlbumId]) -> Result<()> {
    use album::Column as Album;
    let now = app.now();
    for albums in albums.chunks(MAX_ALBUMS) {
        for order in Order::iter() {
            let cover = Func::coalesce([
                shown(Album::HiddenCoverAssetId),
                shown(Album::CoverAssetId),
                first(order),
            ]);
            album::Entity::update_many()
                .col_expr(Album::AssetCount, of_shown(Func::count(Expr::col(Column::AssetId))))
                .col_expr(Album::FirstTime, of_shown(Func::min(Expr::col(Column::SortTime))))
                .col_expr(Album::LastTime, of_shown(Func::max(Expr::col(Column::SortTime))))
                .col_expr(Album::CoverAssetId, cover.into())
                .col_expr(Album::HiddenCoverAssetId, hidden_cover())
                .col_expr(Album::Revision, Expr::col(Album::Revision).add(1))
                .col_expr(Album::UpdateTime, now.into())
                .filter(Album::Id.is_in(albums.iter().copied()))
                .filter(Album::Order.eq(order))
                .exec(&**transaction)
                .await?;
        }
    }
    Ok(())
}

/// What a row of `album` has in `album_asset`.
fn entries(is_hidden: bool) -> SelectStatement {
    Query::select()
        .from(album_asset::Entity)
        .and_where(
            Expr::col((album_asset::Entity, Column::AlbumId))
                .equals((album::Entity, album::Column::Id)),
        )
        .and_where(Column::IsHidden.eq(is_hidden))
        .to_owned()
}

fn of_shown(what: FunctionCall) -> Expr {
    entries(false).expr(what).to_owned().into()
}

/// An asset that a column of `album` names, if it shows there.
fn shown(cover: album::Column) -> Expr {
    let is_cover = Expr::col((album_asset::Entity, Column::AssetId)).equals((album::Entity, cover));
    entries(false).column(Column::AssetId).and_where(is_cover).to_owned().into()
}

/// The first asset that shows in an album of this order.
fn first(order: Order) -> Expr {
    let (column, is_descending) = order.column();
    let direction = if is_descending { Direction::Desc } else { Direction::Asc };
    entries(false)
        .column(Column::AssetId)
        .order_by(column, direction.clone())
        .order_by(Column::AssetId, direction)
        .limit(1)
        .to_owned()
        .into()
}

/// The asset that would be the cover if it were not hidden.
fn hidden_cover() -> Expr {
    let column = |column| Expr::col((album::Entity, column));
    let wanted = Func::coalesce([
        column(album::Column::HiddenCoverAssetId),
        column(album::Column::CoverAssetId),
    ]);
    let is_wanted = Expr::col((album_asset::Entity, Column::AssetId)).eq(wanted);
    entries(true).column(Column::AssetId).and_where(is_wanted).to_owned().into()
}
