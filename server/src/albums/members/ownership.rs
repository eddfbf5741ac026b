//! What the owner alone may do: handing an album over, and ending its sharing.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, Set,
};

use super::super::{AlbumView, touched, view, writable};
use super::subject;
use crate::access::{self, Actor, Granted, Subject};
use crate::app::App;
use crate::audit;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::{self, Column, Role};
use crate::entity::audit_event::Kind;
use crate::entity::shared_link;
use crate::error::{Error, Result};
use crate::events::{self, Event};
use crate::id::{AlbumId, UserId};

/// How many values one statement takes at most; SQLite's limit is 32766.
const MAX_VALUES: usize = 30_000;

/// An album that is shared with nobody any more.
#[derive(Debug)]
pub struct Private {
    /// The album.
    pub album: AlbumView,
    /// How many members were removed.
    pub removed_count: usize,
    /// How many links were revoked.
    pub revoked_count: usize,
}

/// Makes another member the owner of an album, and its owner an editor. Requires the owner role.
pub async fn transfer(app: &App, actor: &Actor, id: AlbumId, user: UserId) -> Result<AlbumView> {
    let (app_, actor_) = (app.clone(), actor.clone());
    let album = app.transact(move |transaction| async move {
        let caller = actor_.user()?.id;
        // Before any lock, which nobody without the right may take.
        let album = access::album(&*transaction, &actor_, id, Role::Owner).await?;
        if album.delete_time.is_some() {
            return Err(Error::trashed("album", id));
        }
        access::member(&*transaction, &album, user).await?;
        // Deleting an account hides what it owns then: neither may be deleted halfway.
        let mut both = [caller, user];
        both.sort_unstable();
        for user in both {
            access::lock_user(&transaction, user).await?;
        }
        let album = writable(&transaction, &actor_, id, Role::Owner).await?;
        if user == caller {
            return Ok(album);
        }
        let (heir, account) = access::member(&*transaction, &album, user).await?;
        if !account.is_active() {
            return Err(Error::not_found("album_member", user));
        }
        // One after the other: at no moment are there two owners.
        let (owner, _) = access::member(&*transaction, &album, caller).await?;
        let seen_time = owner.seen_time.or_else(|| Some(app_.now()));
        let mut owner = owner.into_active_model();
        owner.role = Set(Role::Editor);
        owner.seen_time = Set(seen_time);
        owner.update(&*transaction).await?;
        let mut heir = heir.into_active_model();
        heir.role = Set(Role::Owner);
        heir.update(&*transaction).await?;
        touched(&app_, &album).update(&*transaction).await?;
        let subject = subject(id, user);
        audit::record(&app_, &transaction, &actor_, Kind::AlbumTransferred, subject).await?;
        events::record(&app_, &transaction, id, &Event::AlbumUpdated).await?;
        let members = Event::MembersUpdated(vec![caller, user]);
        events::record(&app_, &transaction, id, &members).await?;
        events::revoke_from(&app_, &transaction, Subject::Album(id)).await?;
        access::album(&*transaction, &actor_, id, Role::Editor).await
    });
    view(app, actor, album.await?).await
}

/// Removes all members but the owner, and revokes all links. Requires the owner role.
pub async fn make_private(app: &App, actor: &Actor, id: AlbumId) -> Result<Private> {
    let (app_, actor_) = (app.clone(), actor.clone());
    let made = app.transact(move |transaction| async move {
        let album = writable(&transaction, &actor_, id, Role::Owner).await?;
        let revoked_count = revoke_links(&app_, &transaction, &actor_, &album, None).await?;
        let members = access::all_members(&transaction, &album).await?;
        let removed_count = members.len();
        if !members.is_empty() {
            let delete = album_member::Entity::delete_many()
                .filter(Column::AlbumId.eq(id))
                .filter(Column::Role.ne(Role::Owner));
            delete.exec(&*transaction).await?;
            let (kind, subjects) = (Kind::AlbumMemberRemoved, members.iter());
            let subjects = subjects.map(|user| subject(id, *user));
            audit::record_all(&app_, &transaction, &actor_, kind, subjects).await?;
            events::record(&app_, &transaction, id, &Event::MembersRemoved(members)).await?;
        }
        if removed_count + revoked_count > 0 {
            events::revoke_from(&app_, &transaction, Subject::Album(id)).await?;
        }
        Ok((album, removed_count, revoked_count))
    });
    let (album, removed_count, revoked_count) = made.await?;
    Ok(Private { album: view(app, actor, album).await?, removed_count, revoked_count })
}

/// Revokes the links to a locked album, all or those of one who made them, and returns how many.
///
/// Whoever calls records the revocation.
pub(super) async fn revoke_links(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    album: &Granted<Album>,
    creator: Option<UserId>,
) -> Result<usize> {
    let links = access::lock_links(transaction, album, creator).await?;
    for links in links.chunks(MAX_VALUES) {
        let now = app.now();
        let slug: Option<String> = None;
        shared_link::Entity::update_many()
            .col_expr(shared_link::Column::Slug, slug.into())
            .col_expr(shared_link::Column::DeleteTime, now.into())
            .col_expr(shared_link::Column::UpdateTime, now.into())
            .filter(shared_link::Column::Id.is_in(links.iter().copied()))
            .exec(&**transaction)
            .await?;
    }
    audit::record_all(app, transaction, actor, Kind::LinkRevoked, &links).await?;
    Ok(links.len())
}
