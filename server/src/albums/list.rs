//! Lists of albums.

use sea_orm::sea_query::{Expr, ExprTrait as _, Func, LikeExpr};
use sea_orm::{
    ColumnTrait as _, Condition, Order as Direction, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Value,
};

use super::{AlbumView, contents};
use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::album::{self, Column, Model as Album};
use crate::entity::album_member::Role;
use crate::entity::user::fold;
use crate::error::{Error, Result};
use crate::id::AssetId;
use crate::page::{self, Page, Paged};
use crate::time::Micros;

/// What a list of albums is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// When they were made, latest first.
    CreateTimeDesc,
    /// When they were made, earliest first.
    CreateTimeAsc,
    /// When they were last changed, latest first.
    UpdateTimeDesc,
    /// Their names.
    DisplayName,
    /// Their newest asset, latest first; empty albums last.
    LastTimeDesc,
}

impl Order {
    fn is_descending(self) -> bool {
        match self {
            Self::CreateTimeDesc | Self::UpdateTimeDesc | Self::LastTimeDesc => true,
            Self::CreateTimeAsc | Self::DisplayName => false,
        }
    }

    fn expression(self) -> Expr {
        let column = |column| Expr::col((album::Entity, column));
        match self {
            Self::CreateTimeDesc | Self::CreateTimeAsc => column(Column::CreateTime),
            Self::UpdateTimeDesc => column(Column::UpdateTime),
            Self::DisplayName => column(Column::FoldedName),
            Self::LastTimeDesc => {
                Func::coalesce([column(Column::LastTime), Expr::val(i64::MIN)]).into()
            }
        }
    }

    fn key(self, album: &Album) -> page::Key {
        let number = match self {
            Self::CreateTimeDesc | Self::CreateTimeAsc => album.create_time.0,
            Self::UpdateTimeDesc => album.update_time.0,
            Self::LastTimeDesc => album.last_time.map_or(i64::MIN, |time| time.0),
            Self::DisplayName => 0,
        };
        let text =
            if self == Self::DisplayName { album.folded_name.clone() } else { String::new() };
        page::Key { number, text, id: album.id.as_bytes().to_vec() }
    }

    fn value(self, key: &page::Key) -> Value {
        if self == Self::DisplayName { key.text.clone().into() } else { key.number.into() }
    }
}

/// Which albums to list.
#[derive(Debug)]
pub struct Filter {
    /// What to sort by.
    pub order: Order,
    /// Only albums whose name contains this, in any case; empty for all.
    pub display_name_contains: String,
    /// Only albums with this asset.
    pub asset_id: Option<AssetId>,
    /// Only albums in which the caller has at least this role.
    pub min_role: Role,
    /// With whom they are shared.
    pub category: Category,
    /// Which of the caller's albums in the trash are listed.
    pub trash: Trash,
}

/// With whom albums are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// With whomever.
    All,
    /// Those that the caller owns.
    Owned,
    /// Those that others own.
    SharedWithMe,
    /// Those that the caller owns, with another member or a link that opens.
    SharedByMe,
    /// Those that the caller owns, with neither.
    NotShared,
}

impl Category {
    fn condition(self, now: Micros) -> Condition {
        let own = access::with_role(Role::Owner);
        match self {
            Self::All => Condition::all(),
            Self::Owned => own,
            Self::SharedWithMe => own.not(),
            Self::SharedByMe => own.add(access::shared(now)),
            Self::NotShared => own.add(access::shared(now).not()),
        }
    }
}

/// Which albums a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trash {
    /// Those that are not in the trash.
    Hidden,
    /// Both.
    Shown,
    /// Those that are.
    Only,
}

/// A page of the albums of which the caller is a member.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<AlbumView>> {
    let order = filter.order;
    let id = Expr::col((album::Entity, Column::Id));
    let direction = if order.is_descending() { Direction::Desc } else { Direction::Asc };
    let mut find = access::albums(actor.user()?)
        .filter(access::with_role(filter.min_role))
        .filter(filter.category.condition(app.now()))
        .order_by(order.expression(), direction.clone())
        .order_by(id.clone(), direction)
        .limit(page.limit());
    find = match filter.trash {
        Trash::Hidden => find.filter(Column::DeleteTime.is_null()),
        Trash::Shown => find,
        Trash::Only => find.filter(Column::DeleteTime.is_not_null()),
    };
    if !filter.display_name_contains.is_empty() {
        let pattern = like(&fold(&filter.display_name_contains));
        find = find.filter(Expr::col((album::Entity, Column::FoldedName)).like(pattern));
    }
    if let Some(asset_id) = filter.asset_id {
        find = find.filter(contents::having(asset_id));
    }
    if let Some(key) = &page.after {
        let behind =
            page::behind(order.expression(), order.value(key), id, key, order.is_descending());
        find = find.filter(behind);
    }
    let rows = find.all(app.database.reader()).await?;
    let rows = rows.into_iter().filter_map(|(member, album)| Some((member, album?))).collect();
    let paged = page.paged(rows, |(_, album)| order.key(album));
    let ids: Vec<_> = paged.rows.iter().map(|(_, album)| album.id).collect();
    let sharing = access::sharing(app.database.reader(), actor, ids, app.now()).await?;
    let rows = paged.rows.into_iter().map(|(member, album)| {
        let sharing = sharing.get(&album.id).copied();
        let sharing = sharing.ok_or_else(|| Error::internal("an album without an owner"))?;
        Ok(AlbumView::new(actor, album, member.role, sharing))
    });
    Ok(Paged { rows: rows.collect::<Result<_>>()?, next_page_token: paged.next_page_token })
}

/// A pattern for text that stands anywhere; what has a meaning in patterns loses it.
fn like(text: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}
