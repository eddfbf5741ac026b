//! Who is in an album: adding, changing, removing and leaving.
//!
//! Every change runs under the album's lock, so that of changes at the same time each sees what the
//! one before it did. A right that is taken away is gone with the commit, open streams included.

mod ownership;
pub(super) mod rpc;

pub use ownership::{Private, make_private, transfer};

use std::collections::HashSet;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _,
    IntoActiveModel as _, ModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Set,
};

use super::writable;
use crate::access::{self, Actor, Granted, Subject};
use crate::app::App;
use crate::audit;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::{self, Column, Model as Member, Role};
use crate::entity::audit_event::Kind;
use crate::entity::user::{Model as User, fold};
use crate::error::{Error, Result};
use crate::events::{self, Event};
use crate::id::{AlbumId, UserId};
use crate::mask;
use crate::page::{self, Page, Paged};

/// A member as the others in the album see them.
#[derive(Debug, Clone)]
pub struct MemberView {
    /// The membership.
    pub member: Member,
    /// The member's account.
    pub user: User,
    /// How many assets of the album are the member's own.
    pub asset_count: i64,
}

/// Somebody who is to become a member.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// Who it is.
    pub user: Invited,
    /// What they may do.
    pub role: Role,
}

/// How a caller names somebody.
#[derive(Debug, Clone)]
pub enum Invited {
    /// By the id of somebody whom they may find.
    Id(UserId),
    /// By the whole e-mail.
    Email(String),
}

impl Invited {
    fn is(&self, user: &User) -> bool {
        match self {
            Self::Id(id) => *id == user.id,
            Self::Email(email) => fold(email) == user.folded_email,
        }
    }
}

/// What became of members who were to be added.
#[derive(Debug)]
pub struct AddedMembers {
    /// All of them, in the order in which they were named.
    pub members: Vec<MemberView>,
    /// Those who were in the album before.
    pub existing: Vec<UserId>,
}

/// What the owner may change of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberField {
    /// What the member may do.
    Role,
}

impl mask::Field for MemberField {
    const ALL: &'static [Self] = &[Self::Role];

    fn path(self) -> &'static str {
        match self {
            Self::Role => "role",
        }
    }
}

/// A page of the members of an album that the caller is in, the longest member first.
pub async fn list_members(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    page: &Page,
) -> Result<Paged<MemberView>> {
    // Guests see albums, but not who is in them.
    actor.user()?;
    let connection = app.database.reader();
    let album = access::album(connection, actor, id, Role::Viewer).await?;
    let column = |column: Column| Expr::col((album_member::Entity, column));
    let mut find = access::members(&album)
        .order_by_asc(Column::CreateTime)
        .order_by_asc(Column::UserId)
        .limit(page.limit());
    if let Some(key) = &page.after {
        let (sort, id) = (column(Column::CreateTime), column(Column::UserId));
        find = find.filter(page::behind(sort, key.number.into(), id, key, false));
    }
    let rows = find.all(connection).await?;
    let paged = page.paged(rows, |(member, _)| page::Key {
        number: member.create_time.0,
        text: String::new(),
        id: member.user_id.as_bytes().to_vec(),
    });
    let rows = views(connection, &album, paged.rows).await?;
    Ok(Paged { rows, next_page_token: paged.next_page_token })
}

/// Makes users members of an album. Requires the editor role, and the owner's for new editors.
///
/// Fails with `RESOURCE_NOT_FOUND` for the first whom the caller cannot find.
pub async fn add_members(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    new: Vec<NewMember>,
) -> Result<AddedMembers> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let album = writable(&transaction, &actor, id, Role::Editor).await?;
        let existing = insert(&app_, &transaction, &actor, &album, &new).await?;
        let ids = existing.all.iter().copied();
        let rows = access::members(&album).filter(Column::UserId.is_in(ids));
        let rows = rows.all(&*transaction).await?;
        let mut members = views(&*transaction, &album, rows).await?;
        let place = |view: &MemberView| existing.all.iter().position(|id| *id == view.user.id);
        members.sort_by_key(place);
        Ok(AddedMembers { members, existing: existing.before })
    })
    .await
}

/// Whom a call named.
pub(super) struct Named {
    /// All of them, in their order.
    all: Vec<UserId>,
    /// Those who were members before.
    before: Vec<UserId>,
}

/// Makes users members of an album whose lock the transaction holds, or which it has made.
pub(super) async fn insert(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    album: &Granted<Album>,
    new: &[NewMember],
) -> Result<Named> {
    for (index, member) in new.iter().enumerate() {
        check_role(&format!("members[{index}].role"), member.role)?;
        if member.role >= Role::Editor && album.role() < Role::Owner {
            return Err(Error::RoleTooLow(Role::Owner.name()));
        }
    }
    let all = find(app, transaction, actor, new).await?;
    let find = access::members(album).filter(Column::UserId.is_in(all.iter().copied()));
    let before = find.all(&**transaction).await?;
    let before: HashSet<_> = before.into_iter().map(|(member, _)| member.user_id).collect();
    let pairs = all.iter().copied().zip(new);
    let added: Vec<_> = pairs.filter(|(id, _)| !before.contains(id)).collect();
    let before = all.iter().copied().filter(|id| before.contains(id)).collect();
    if added.is_empty() {
        return Ok(Named { all, before });
    }
    let rows = added.iter().map(|(id, member)| album_member::ActiveModel {
        album_id: Set(album.id),
        user_id: Set(*id),
        role: Set(member.role),
        create_time: Set(app.now()),
        seen_time: Set(None),
    });
    album_member::Entity::insert_many(rows).exec_without_returning(&**transaction).await?;
    let added: Vec<_> = added.into_iter().map(|(id, _)| id).collect();
    let subjects = added.iter().map(|user| subject(album.id, *user));
    audit::record_all(app, transaction, actor, Kind::AlbumMemberAdded, subjects).await?;
    events::record(app, transaction, album.id, &Event::MembersAdded(added)).await?;
    Ok(Named { all, before })
}

/// The users whom a caller names, in the same order.
async fn find(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    new: &[NewMember],
) -> Result<Vec<UserId>> {
    let (mut ids, mut emails) = (Vec::new(), Vec::new());
    for member in new {
        match &member.user {
            Invited::Id(id) => ids.push(*id),
            Invited::Email(email) => emails.push(email.as_str()),
        }
    }
    let (caller, policy) = (actor.user()?, app.config.directory);
    let users = access::invitable_users(&**transaction, caller, policy, ids, emails).await?;
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for member in new {
        let user = users.iter().find(|user| member.user.is(user));
        let user = user.ok_or_else(|| match &member.user {
            Invited::Id(id) => Error::not_found("user", id),
            Invited::Email(email) => Error::not_found("user", email),
        })?;
        if !seen.insert(user.id) {
            return Err(Error::invalid("members", "must name each user once"));
        }
        found.push(user.id);
    }
    Ok(found)
}

/// Gives a member another role. Requires the owner role.
pub async fn update_member(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    user: UserId,
    role: Role,
) -> Result<MemberView> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let album = writable(&transaction, &actor, id, Role::Owner).await?;
        check_role("member.role", role)?;
        let (member, account) = access::member(&*transaction, &album, user).await?;
        if member.role == Role::Owner {
            return Err(Error::owner_required(id));
        }
        let (old, mut row) = (member.role, member.clone());
        if old != role {
            let mut change = member.into_active_model();
            change.role = Set(role);
            row = change.update(&*transaction).await?;
            let subject = subject(id, user);
            audit::record(&app_, &transaction, &actor, Kind::AlbumMemberUpdated, subject).await?;
            events::record(&app_, &transaction, id, &Event::MembersUpdated(vec![user])).await?;
        }
        if role < old {
            events::revoke_from(&app_, &transaction, Subject::Album(id)).await?;
        }
        let views = views(&*transaction, &album, vec![(row, Some(account))]).await?;
        views.into_iter().next().ok_or_else(|| Error::not_found("album_member", user))
    })
    .await
}

/// Removes a member with the links that they made; of the caller themselves, leaves the album.
/// Requires the editor role for viewers and contributors, the owner role for editors.
pub async fn remove_member(app: &App, actor: &Actor, id: AlbumId, user: UserId) -> Result<()> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let is_self = actor.user()?.id == user;
        let needed = if is_self { Role::Viewer } else { Role::Editor };
        let album = writable(&transaction, &actor, id, needed).await?;
        let (member, _) = access::member(&*transaction, &album, user).await?;
        if is_self && member.role == Role::Owner {
            return Err(Error::owner_required(id));
        }
        let album = if is_self || member.role < Role::Editor {
            album
        } else {
            album.at_least(Role::Owner)?
        };
        member.delete(&*transaction).await?;
        ownership::revoke_links(&app_, &transaction, &actor, &album, Some(user)).await?;
        let subject = subject(id, user);
        audit::record(&app_, &transaction, &actor, Kind::AlbumMemberRemoved, subject).await?;
        events::record(&app_, &transaction, id, &Event::MembersRemoved(vec![user])).await?;
        events::revoke_from(&app_, &transaction, Subject::Album(id)).await
    })
    .await
}

/// Remembers that a member has opened an album. The first time counts.
pub(super) async fn mark_seen(app: &App, album: AlbumId, user: UserId) -> Result<()> {
    let now = app.now();
    app.transact(move |transaction| async move {
        let mark = album_member::Entity::update_many()
            .col_expr(Column::SeenTime, now.into())
            .filter(Column::AlbumId.eq(album))
            .filter(Column::UserId.eq(user))
            .filter(Column::SeenTime.is_null());
        mark.exec(&*transaction).await?;
        Ok(())
    })
    .await
}

/// There is one owner, whom these calls do not make.
fn check_role(field: &str, role: Role) -> Result<()> {
    if role == Role::Owner {
        return Err(Error::invalid(field, "must be below the owner's; TransferAlbum gives that"));
    }
    Ok(())
}

/// What an entry of the audit log is about.
fn subject(album: AlbumId, user: UserId) -> String {
    format!("{album}/{user}")
}

async fn views(
    connection: &impl ConnectionTrait,
    album: &Granted<Album>,
    rows: Vec<(Member, Option<User>)>,
) -> Result<Vec<MemberView>> {
    let users = rows.iter().map(|(member, _)| member.user_id);
    let counts = access::asset_counts(connection, album, users).await?;
    let views = rows.into_iter().filter_map(|(member, user)| {
        let asset_count = counts.get(&member.user_id).copied().unwrap_or(0);
        Some(MemberView { member, user: user?, asset_count })
    });
    Ok(views.collect())
}
