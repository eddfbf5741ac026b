//! Lists of assets, and how many there are when.

use std::ops::RangeInclusive;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, JoinType, Order, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, RelationTrait as _,
};

use super::{AssetView, with_files};
use crate::access::{self, Actor, Granted, UserActor};
use crate::app::App;
use crate::entity::album::{Model as Album, Order as AlbumOrder};
use crate::entity::album_asset::{self, Model as AlbumAsset};
use crate::entity::album_member::Role;
use crate::entity::asset::{self, Column, Kind, Model as Asset, Visibility};
use crate::entity::shared_link::Metadata;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, SharedLinkId};
use crate::page::{self, Page, Paged};
use crate::time::{Date, Micros};

/// Which assets to list.
#[derive(Debug, Default)]
pub struct Filter {
    /// Those of an album.
    pub album_id: Option<AlbumId>,
    /// Those that a link shows. Without it and an album, the caller's own.
    pub shared_link_id: Option<SharedLinkId>,
    /// Only those of a kind.
    pub kind: Option<Kind>,
    /// Newest first, oldest first, or the album's own order.
    pub order: Option<AlbumOrder>,
    /// Those that show here, of the caller's own.
    pub visibility: Option<Visibility>,
    /// Whether the trash is listed, of the caller's own.
    pub trash: Trash,
    /// Only those of these local dates, in days since 1970.
    pub days: Option<RangeInclusive<i32>>,
}

/// Whether the trash is listed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Trash {
    /// It is not.
    #[default]
    Without,
    /// It is too.
    With,
    /// Nothing else is.
    Only,
}

/// The span of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A month.
    Month,
    /// A day.
    Day,
}

/// The assets of a month or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// The month, as a date with day 0, or the day.
    pub date: Date,
    /// How many there are.
    pub count: i64,
}

/// A page of an album's assets, or of the caller's own.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<AssetView>> {
    let Some(album) = album(app, actor, filter).await? else {
        return list_own(app, actor, filter, page).await;
    };
    let entries = entries(app, &album, filter, page).await?;
    let order = filter.order.unwrap_or(album.order);
    let paged = page.paged(entries, |(entry, _)| entry_key(order, entry));
    let assets = paged.rows.into_iter().map(|(_, asset)| asset).collect();
    let rows = with_files(app, actor, assets).await?;
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

/// The album, or what the link shows, if the filter names either.
async fn album(app: &App, actor: &Actor, filter: &Filter) -> Result<Option<Granted<Album>>> {
    let connection = app.database.reader();
    let album = match (filter.album_id, filter.shared_link_id) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Error::invalid("shared_link_id", "must not be set with album_id"));
        }
        (Some(id), None) => access::album(connection, actor, id, Role::Viewer).await?,
        (None, Some(id)) => access::opened_link(connection, actor, id).await?.1,
    };
    filter.refuse_own()?;
    Ok(Some(album))
}

async fn list_own(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<AssetView>> {
    let is_descending = filter.order != Some(AlbumOrder::OldestFirst);
    let sort = Expr::col((asset::Entity, Column::SortTime));
    let id = Expr::col((asset::Entity, Column::Id));
    let order = if is_descending { Order::Desc } else { Order::Asc };
    let mut find = access::own_list(own(actor)?)
        .filter(filter.own())
        .filter(filter.days(Column::SortTime, Column::LocalDay))
        .order_by(sort.clone(), order.clone())
        .order_by(id.clone(), order)
        .limit(page.limit());
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, is_descending));
    }
    let assets = find.all(app.database.reader()).await?;
    let paged = page.paged(assets, |asset| number_key(asset.sort_time.0, asset.id));
    let rows = with_files(app, actor, paged.rows).await?;
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

fn own(actor: &Actor) -> Result<&UserActor> {
    match actor {
        Actor::User(user) => Ok(user),
        Actor::Guest(_) | Actor::Anonymous | Actor::Operator => {
            Err(Error::invalid("album_id", "must be set by guests, or shared_link_id"))
        }
    }
}

/// One row more than the page has, in the order asked for.
async fn entries(
    app: &App,
    album: &Granted<Album>,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<(AlbumAsset, Asset)>> {
    let order = filter.order.unwrap_or(album.order);
    let (column, is_descending) = order.column();
    let sort = Expr::col((album_asset::Entity, column));
    let id = Expr::col((album_asset::Entity, album_asset::Column::AssetId));
    let direction = if is_descending { Order::Desc } else { Order::Asc };
    let mut find = access::album_assets(album)
        .filter(filter.of_kind())
        .filter(filter.album_days(album))
        .order_by(sort.clone(), direction.clone())
        .order_by(id.clone(), direction)
        .limit(page.limit());
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, is_descending));
    }
    let rows = find.all(app.database.reader()).await?;
    Ok(rows.into_iter().filter_map(|(entry, asset)| Some((entry, asset?))).collect())
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

/// How many assets of an album, or of the caller's own, there are in each month or on each day.
pub async fn get_timeline_buckets(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    unit: Unit,
) -> Result<Vec<Bucket>> {
    let (days, order) = match album(app, actor, filter).await? {
        Some(album) => {
            (album_days(app, &album, filter).await?, filter.order.unwrap_or(album.order))
        }
        None => {
            let days = own_days(app, own(actor)?, filter).await?;
            (days, filter.order.unwrap_or(AlbumOrder::NewestFirst))
        }
    };
    let mut buckets: Vec<Bucket> = Vec::new();
    for (day, count) in days {
        let mut date = Date::of_day(day);
        if unit == Unit::Month {
            date.day = 0;
        }
        match buckets.last_mut() {
            Some(last) if last.date == date => last.count += count,
            _ => buckets.push(Bucket { date, count }),
        }
    }
    if order != AlbumOrder::OldestFirst {
        buckets.reverse();
    }
    Ok(buckets)
}

/// Days and how many assets each has, earliest first: from an index alone.
async fn own_days(app: &App, user: &UserActor, filter: &Filter) -> Result<Vec<(i32, i64)>> {
    Ok(access::own_list(user)
        .filter(filter.own())
        .select_only()
        .column(Column::LocalDay)
        .column_as(Column::LocalDay.count(), "assets")
        .group_by(Column::LocalDay)
        .order_by_asc(Column::LocalDay)
        .into_tuple()
        .all(app.database.reader())
        .await?)
}

/// The same for an album; a kind has to be looked up.
async fn album_days(app: &App, album: &Granted<Album>, filter: &Filter) -> Result<Vec<(i32, i64)>> {
    use album_asset::Column;
    let mut find = access::album_entries(album);
    if filter.kind.is_some() {
        find = find
            .join(JoinType::InnerJoin, album_asset::Relation::Asset.def())
            .filter(filter.of_kind());
    }
    let day = if hides_offsets(album) { Expr::cust(UTC_DAY) } else { Column::LocalDay.into_expr() };
    Ok(find
        .select_only()
        .column_as(day.clone(), "day")
        .column_as(Column::AssetId.count(), "assets")
        .group_by(day.clone())
        .order_by_asc(day)
        .into_tuple()
        .all(app.database.reader())
        .await?)
}

/// The date of `sort_time` in UTC, in days since 1970; division in SQL rounds towards zero, so the
/// days are counted from before the year 1800.
const UTC_DAY: &str =
    "CAST((album_asset.sort_time + 100000 * 86400000000) / 86400000000 - 100000 AS INTEGER)";

/// Whether local dates would tell the caller something that they must not know.
fn hides_offsets(album: &Granted<Album>) -> bool {
    album.sight().metadata == Metadata::Hidden
}

impl Filter {
    /// Refuses what only makes sense for the caller's own assets.
    fn refuse_own(&self) -> Result<()> {
        let field = match (self.visibility, self.trash) {
            (Some(_), _) => "visibility",
            (None, Trash::With) => "show_deleted",
            (None, Trash::Only) => "only_deleted",
            (None, Trash::Without) => return Ok(()),
        };
        Err(Error::invalid(field, "must not be set with an album or link"))
    }

    /// Which of the caller's own assets.
    fn own(&self) -> Condition {
        let trash = match self.trash {
            Trash::Without => Some(Column::DeleteTime.is_null()),
            Trash::With => None,
            Trash::Only => Some(Column::DeleteTime.is_not_null()),
        };
        let visibility = match (self.visibility, self.trash) {
            (None, Trash::Only) => None,
            (visibility, _) => Some(visibility.unwrap_or(Visibility::Timeline)),
        };
        self.of_kind()
            .add_option(trash)
            .add_option(visibility.map(|visibility| Column::Visibility.eq(visibility)))
    }

    fn of_kind(&self) -> Condition {
        Condition::all().add_option(self.kind.map(|kind| Column::Kind.eq(kind)))
    }

    /// Which local dates. Times that cannot have one of them are left out by the column that the
    /// list is sorted by, so that an index finds the first row: offsets are less than a day.
    fn album_days(&self, album: &Granted<Album>) -> Condition {
        let days = self.days(album_asset::Column::SortTime, album_asset::Column::LocalDay);
        match &self.days {
            Some(range) if hides_offsets(album) => {
                Condition::all().add(Expr::cust(UTC_DAY).between(*range.start(), *range.end()))
            }
            _ => days,
        }
    }

    fn days<C: sea_orm::ColumnTrait>(&self, sort_time: C, local_day: C) -> Condition {
        const DAY_US: i64 = 86_400_000_000;
        let Some(days) = &self.days else { return Condition::all() };
        let first = (i64::from(*days.start()) - 1) * DAY_US;
        let end = (i64::from(*days.end()) + 2) * DAY_US;
        Condition::all()
            .add(sort_time.gte(Micros(first)))
            .add(sort_time.lt(Micros(end)))
            .add(local_day.between(*days.start(), *days.end()))
    }
}
