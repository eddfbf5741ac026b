//! Lists of links.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, QueryFilter as _, QueryOrder as _, QuerySelect as _, SelectTwo,
};

use super::{LinkView, State, policy, view, view_of_other};
use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::album::{self, Model as Album};
use crate::entity::shared_link::{self, Column, Model as SharedLink};
use crate::error::Result;
use crate::id::{AlbumId, UserId};
use crate::page::{self, Page, Paged};
use crate::time::Micros;

/// Which links to list.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only links to this album.
    pub album_id: Option<AlbumId>,
    /// Only links that this user made.
    pub creator_id: Option<UserId>,
    /// Only links in this state; by default live and expired ones.
    pub state: Option<State>,
    /// Only links to lists, or only links to albums.
    pub is_list: Option<bool>,
    /// Only links that the policy has something against.
    pub only_violating: bool,
}

/// A page of the links that the caller sees, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<LinkView>> {
    let policy = policy::load(app.database.reader()).await?;
    let find = access::shared_links(actor.user()?).filter(filter.condition(app.now()));
    let paged = rows(app, find, page).await?;
    let views = paged.rows.into_iter().map(|(link, album)| view(app, &policy, link, album));
    Ok(Paged { rows: views.collect::<Result<_>>()?, next_page_token: paged.next_page_token })
}

/// A page of the links of all users, newest first, without what they show. For administrators.
pub async fn list_all(app: &App, filter: &Filter, page: &Page) -> Result<Paged<LinkView>> {
    let policy = policy::load(app.database.reader()).await?;
    let mut find = access::all_shared_links().filter(filter.condition(app.now()));
    if filter.only_violating {
        find = find.filter(policy.violating(app.now()));
    }
    let paged = rows(app, find, page).await?;
    let rows = paged.rows.into_iter().map(|(link, album)| view_of_other(app, &policy, link, album));
    Ok(Paged { rows: rows.collect(), next_page_token: paged.next_page_token })
}

async fn rows(
    app: &App,
    find: SelectTwo<shared_link::Entity, album::Entity>,
    page: &Page,
) -> Result<Paged<(SharedLink, Album)>> {
    let sort = Expr::col((shared_link::Entity, Column::CreateTime));
    let id = Expr::col((shared_link::Entity, Column::Id));
    let mut find =
        find.order_by_desc(Column::CreateTime).order_by_desc(Column::Id).limit(page.limit());
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    let rows = find.all(app.database.reader()).await?;
    let rows = rows.into_iter().filter_map(|(link, album)| Some((link, album?))).collect();
    Ok(page.paged(rows, |(link, _)| page::Key {
        number: link.create_time.0,
        text: String::new(),
        id: link.id.as_bytes().to_vec(),
    }))
}

impl Filter {
    fn condition(&self, now: Micros) -> Condition {
        in_state(self.state, now)
            .add_option(self.album_id.map(|id| Column::AlbumId.eq(id)))
            // A list is no album, whatever its id.
            .add_option(self.album_id.map(|_| album::Column::IsList.eq(false)))
            .add_option(self.creator_id.map(|id| Column::CreatorId.eq(id)))
            .add_option(self.is_list.map(|is_list| album::Column::IsList.eq(is_list)))
    }
}

fn in_state(state: Option<State>, now: Micros) -> Condition {
    let revoked = Column::DeleteTime.is_not_null();
    let expired = Column::ExpireTime.lte(now);
    let not_expired =
        Condition::any().add(Column::ExpireTime.is_null()).add(Column::ExpireTime.gt(now));
    let kept = Condition::all().add(Column::DeleteTime.is_null());
    match state {
        None => kept,
        Some(State::Live) => kept.add(not_expired),
        Some(State::Expired) => kept.add(expired),
        Some(State::Revoked) => Condition::all().add(revoked),
    }
}
