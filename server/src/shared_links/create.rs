//! Making a link.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{ActiveModelTrait as _, Set, SqlErr};

use super::{Field, LinkView, Values, get, policy, view};
use crate::access::{self, Actor, Granted};
use crate::albums;
use crate::app::App;
use crate::audit;
use crate::database::Transaction;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::audit_event::Kind;
use crate::entity::shared_link::{self, Model as SharedLink};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, SharedLinkId, UserId};
use crate::keys::{self, Purpose};
use crate::mask::Field as _;

/// What a new link shows.
#[derive(Debug, Clone)]
pub enum Target {
    /// An album. Requires the editor role.
    Album(AlbumId),
    /// A list of the caller's own assets, in this order.
    List(Vec<AssetId>),
}

/// Creates a link, or finds the one that an earlier call with the same id created.
pub async fn create(
    app: &App,
    actor: &Actor,
    id: Option<SharedLinkId>,
    target: Target,
    values: Values,
) -> Result<LinkView> {
    if let Some(id) = id {
        match get(app, actor, id).await {
            Err(Error::NotFound(_)) => {}
            found => return found,
        }
    }
    match &target {
        // Before the slow hash, which nobody without the right may cause.
        Target::Album(album_id) => {
            access::album(app.database.reader(), actor, *album_id, Role::Editor).await?;
        }
        Target::List(_) => values.check_for_list(Field::ALL)?,
    }
    values.check(app, Field::ALL)?;
    let hash = values.hash_password(app, Field::ALL).await?;
    let (app_, actor_) = (app.clone(), actor.clone());
    let created = app.transact(move |transaction| async move {
        let policy = policy::load(&*transaction).await?;
        let found = locked(&app_, &transaction, &actor_, id, target, || {
            policy.check_new()?;
            policy.check_password(hash.is_some())?;
            policy.check_expiry(values.expire_time, app_.now())
        });
        let album = match found.await? {
            Locked::Repeated(link, album) => return Ok((policy, *link, *album)),
            Locked::New(album) => album,
        };
        let id = id.unwrap_or_else(SharedLinkId::generate);
        let mut link = new_row(&app_, id, album.id, actor_.user()?.id)?;
        values.put(Field::ALL, hash.as_ref(), &mut link);
        let link = link.insert(&*transaction).await;
        let link = link.map_err(|error| slug_taken(error, values.slug))?;
        audit::record(&app_, &transaction, &actor_, Kind::LinkCreated, id).await?;
        Ok((policy, link, album.into_row()))
    });
    let (policy, link, album) = created.await?;
    view(app, &policy, link, album)
}

/// What a link is made for, under the lock that makes equal calls wait for each other.
enum Locked {
    /// An equal call was first.
    Repeated(Box<SharedLink>, Box<Album>),
    /// What the new link shows.
    New(Box<Granted<Album>>),
}

/// Locks the album, or the caller, and makes the list, if `check` allows a new link.
async fn locked(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    id: Option<SharedLinkId>,
    target: Target,
    check: impl FnOnce() -> Result<()> + Send,
) -> Result<Locked> {
    match target {
        Target::Album(album_id) => {
            access::lock_owner(transaction, actor.user()?.id).await?;
            let album = albums::writable(transaction, actor, album_id, Role::Editor).await?;
            if let Some((link, album)) = repeated(transaction, actor, id).await? {
                return Ok(Locked::Repeated(Box::new(link), Box::new(album)));
            }
            check()?;
            Ok(Locked::New(Box::new(album)))
        }
        Target::List(assets) => {
            let owner = access::lock_owner(transaction, actor.user()?.id).await?;
            if let Some((link, album)) = repeated(transaction, actor, id).await? {
                return Ok(Locked::Repeated(Box::new(link), Box::new(album)));
            }
            check()?;
            let list = albums::create_list(app, transaction, &owner, &assets).await?;
            let list = access::album_or_list(&**transaction, actor, list, Role::Owner).await?;
            Ok(Locked::New(Box::new(list)))
        }
    }
}

/// The link that an equal call made while this one waited.
async fn repeated(
    transaction: &Transaction,
    actor: &Actor,
    id: Option<SharedLinkId>,
) -> Result<Option<(SharedLink, Album)>> {
    let Some(id) = id else { return Ok(None) };
    match access::shared_link(&**transaction, actor, id).await {
        Ok(found) => return Ok(Some(found)),
        Err(Error::NotFound(_)) => {}
        Err(error) => return Err(error),
    }
    access::refuse_taken(&**transaction, "shared_link", *id.as_bytes()).await?;
    Ok(None)
}

/// A row that says nothing but what it is of. What the values do not say of it, the columns'
/// defaults do.
fn new_row(
    app: &App,
    id: SharedLinkId,
    album_id: AlbumId,
    creator_id: UserId,
) -> Result<shared_link::ActiveModel> {
    let key = URL_SAFE_NO_PAD.encode(keys::random::<32>()?);
    let now = app.now();
    Ok(shared_link::ActiveModel {
        id: Set(id),
        album_id: Set(album_id),
        creator_id: Set(creator_id),
        key_hash: Set(keys::hash(key.as_bytes())),
        sealed_key: Set(app.keys.seal(Purpose::Link, id.as_bytes(), key.as_bytes())?),
        password_version: Set(1),
        create_time: Set(now),
        update_time: Set(now),
        ..Default::default()
    })
}

/// Keys do not collide; what a unique index refuses here is the slug.
pub(super) fn slug_taken(error: sea_orm::DbErr, slug: Option<String>) -> Error {
    match (error.sql_err(), slug) {
        (Some(SqlErr::UniqueConstraintViolation(_)), Some(slug)) => {
            Error::already_exists("slug", slug)
        }
        _ => error.into(),
    }
}
