//! Lists of comments and likes.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Order as Direction, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::{ActivityView, view};
use crate::access::{self, Actor, Author};
use crate::app::App;
use crate::entity::activity::{self, Column, Kind};
use crate::entity::album_member::Role;
use crate::entity::user;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, UserId};
use crate::page::{self, Page, Paged};

/// Which comments and likes to list.
#[derive(Debug)]
pub struct Filter {
    /// The album.
    pub album_id: AlbumId,
    /// Only what is about this asset.
    pub asset_id: Option<AssetId>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only what this user wrote.
    pub user_id: Option<UserId>,
    /// Whether the earliest come first.
    pub is_oldest_first: bool,
}

/// A page of the activity of an album. Requires the viewer role, and of guests a link that shows it.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<ActivityView>> {
    let connection = app.database.reader();
    let album = access::album(connection, actor, filter.album_id, Role::Viewer).await?;
    let reader = access::reader(actor, &album)?;
    if matches!(reader, Author::Guest(..)) && filter.user_id.is_some() {
        return Err(Error::invalid("user_id", "must be empty unless a user asks"));
    }
    let (time, id) = (column(Column::CreateTime), column(Column::Id));
    let is_descending = !filter.is_oldest_first;
    let direction = if is_descending { Direction::Desc } else { Direction::Asc };
    let mut find = access::activities(&album)
        .order_by(time.clone(), direction.clone())
        .order_by(id.clone(), direction)
        .limit(page.limit());
    if let Some(asset_id) = filter.asset_id {
        find = find.filter(Column::AssetId.eq(asset_id));
    }
    if let Some(kind) = filter.kind {
        find = find.filter(Column::Kind.eq(kind));
    }
    if let Some(user_id) = filter.user_id {
        find = find.filter(Column::UserId.eq(user_id));
    }
    if let Some(key) = &page.after {
        find = find.filter(page::behind(time, key.number.into(), id, key, is_descending));
    }
    let rows = find.find_also_related(user::Entity).all(connection).await?;
    let paged = page.paged(rows, |(activity, _)| page::Key {
        number: activity.create_time.0,
        text: String::new(),
        id: activity.id.as_bytes().to_vec(),
    });
    let show = |(activity, user)| view(&reader, album.role(), activity, user);
    let rows = paged.rows.into_iter().map(show).collect();
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

fn column(column: Column) -> Expr {
    Expr::col((activity::Entity, column))
}
