//! Finding people.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait as _, Func, LikeExpr};
use sea_orm::{ColumnTrait as _, Condition, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::user::{self, Column, Model as User};
use crate::error::Result;
use crate::id::UserId;
use crate::page::{self, Page, Paged};

/// A user as somebody may see them.
#[derive(Debug)]
pub enum Profile {
    /// All of it: the caller themselves, or anybody for an administrator.
    Whole(Box<User>),
    /// Id, name and e-mail: somebody who shares an album with the caller.
    Known(Box<User>),
    /// Id and name.
    Name(Box<User>),
}

/// Whom to list.
#[derive(Debug)]
pub struct Filter {
    /// Only users whose name contains this, in any case; empty for all.
    pub display_name: String,
    /// Only the user with exactly this e-mail, in any case; empty for all.
    pub email: String,
    /// Whether to list deleted users as well.
    pub show_deleted: bool,
}

/// A user whom the caller may find.
pub async fn get(app: &App, actor: &Actor, id: UserId) -> Result<Profile> {
    let (connection, policy) = (app.database.reader(), app.config.directory);
    let user = access::visible_user(connection, actor.user()?, policy, id).await?;
    let mut profiles = profiles(app, actor, vec![user]).await?;
    profiles.pop().ok_or_else(|| crate::error::Error::not_found("user", id))
}

/// A page of the users whom the caller may find, by name.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
) -> Result<Paged<Profile>> {
    let caller = actor.user()?;
    let mut find = match (caller.is_admin, filter.email.is_empty()) {
        (true, _) => access::users(),
        (false, true) => access::directory(caller, app.config.directory),
        (false, false) => access::found_user(&filter.email),
    };
    if !filter.email.is_empty() {
        find = find.filter(Column::FoldedEmail.eq(user::fold(&filter.email)));
    }
    if !(caller.is_admin && filter.show_deleted) {
        find = find.filter(Column::DeleteTime.is_null());
    }
    if !filter.display_name.is_empty() {
        find = find.filter(name_contains(&filter.display_name));
    }
    let sort = Expr::col((user::Entity, Column::DisplayName));
    let id = Expr::col((user::Entity, Column::Id));
    let mut find =
        find.order_by_asc(Column::DisplayName).order_by_asc(Column::Id).limit(page.limit());
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.text.clone().into(), id, key, false));
    }
    let rows = find.all(app.database.reader()).await?;
    let paged = page.paged(rows, |user| page::Key {
        number: 0,
        text: user.display_name.clone(),
        id: user.id.as_bytes().to_vec(),
    });
    let rows = profiles(app, actor, paged.rows).await?;
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

/// The account with an e-mail, active or not, for the command line.
pub async fn find_by_email(app: &App, email: &str) -> Result<Option<User>> {
    access::user_by_email(app.database.reader(), email).await
}

/// Every account, by name, for the command line.
pub async fn list_all(app: &App) -> Result<Vec<User>> {
    let users = access::users().order_by_asc(Column::DisplayName).order_by_asc(Column::Id);
    Ok(users.all(app.database.reader()).await?)
}

/// Letters outside ASCII are compared in their own case: SQLite folds no others.
fn name_contains(text: &str) -> Condition {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let name = Expr::expr(Func::lower(Expr::col((user::Entity, Column::DisplayName))));
    Condition::all().add(name.like(LikeExpr::new(format!("%{escaped}%")).escape('\\')))
}

/// How the caller may see users, by one query for all of them.
async fn profiles(app: &App, actor: &Actor, users: Vec<User>) -> Result<Vec<Profile>> {
    let caller = actor.user()?;
    let known: HashSet<UserId> = if caller.is_admin || users.is_empty() {
        HashSet::new()
    } else {
        access::known_users(app.database.reader(), caller, users.iter().map(|user| user.id)).await?
    };
    let profile = |user: User| {
        let user = Box::new(user);
        match (caller.is_admin || user.id == caller.id, known.contains(&user.id)) {
            (true, _) => Profile::Whole(user),
            (false, true) => Profile::Known(user),
            (false, false) => Profile::Name(user),
        }
    };
    Ok(users.into_iter().map(profile).collect())
}
