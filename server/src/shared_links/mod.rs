//! Links for people without an account: making, changing, revoking and opening them.
//!
//! The key in a link's address is 256 random bits. Its hash finds the link; the key itself is kept
//! sealed, so that who may edit the link can copy the address again, and a stolen database opens
//! nothing.

mod open;
mod rpc;
mod sweep;

pub use open::{Opened, open};
pub use rpc::Rpc;
pub use sweep::Sweep;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, SqlErr,
};

use crate::access::{self, Actor, Subject};
use crate::albums;
use crate::app::App;
use crate::audit;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::audit_event::Kind;
use crate::entity::shared_link::{self, Column, Model as SharedLink};
use crate::error::{Error, Result};
use crate::events;
use crate::id::{AlbumId, SharedLinkId};
use crate::keys::{self, Purpose};
use crate::mask;
use crate::page::{self, Page, Paged};
use crate::time::Micros;

/// Words that stand for something else in addresses, or could be taken for it.
const RESERVED_SLUGS: [&str; 12] = [
    "admin", "album", "albums", "api", "app", "assets", "help", "login", "new", "settings",
    "share", "static",
];

/// A link as those who manage it see it.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// The link.
    pub link: SharedLink,
    /// Its album.
    pub album: Album,
    /// What stands behind `/share/` in its address; empty once it is revoked.
    pub address: String,
    /// Whether it opens.
    pub state: State,
}

/// Whether a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It opens.
    Live,
    /// Its time has passed.
    Expired,
    /// It was deleted.
    Revoked,
}

/// What may be changed of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What guests read below the title.
    Description,
    /// The readable address.
    Slug,
    /// The password.
    Password,
    /// When it stops.
    ExpireTime,
    /// Whether guests may download.
    AllowDownload,
}

impl mask::Field for Field {
    const ALL: &'static [Self] =
        &[Self::Description, Self::Slug, Self::Password, Self::ExpireTime, Self::AllowDownload];

    fn path(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Slug => "slug",
            Self::Password => "password",
            Self::ExpireTime => "expire_time",
            Self::AllowDownload => "allow_download",
        }
    }
}

/// The values of a new link or an update.
#[derive(Debug, Clone)]
pub struct Values {
    /// What guests read below the title.
    pub description: String,
    /// The readable address.
    pub slug: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// When it stops.
    pub expire_time: Option<Micros>,
    /// Whether guests may download; by default they may.
    pub allow_download: Option<bool>,
}

/// A link that the caller may manage.
pub async fn get(app: &App, actor: &Actor, id: SharedLinkId) -> Result<LinkView> {
    let (link, album) = access::shared_link(app.database.reader(), actor, id).await?;
    view(app, link, album)
}

/// A page of the links that the caller may manage, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    album_id: Option<AlbumId>,
    state: Option<State>,
    page: &Page,
) -> Result<Paged<LinkView>> {
    let sort = Expr::col((shared_link::Entity, Column::CreateTime));
    let id = Expr::col((shared_link::Entity, Column::Id));
    let mut find = access::shared_links(actor.user()?)
        .filter(in_state(state, app.now()))
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(album_id) = album_id {
        find = find.filter(Column::AlbumId.eq(album_id));
    }
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    let rows = find.all(app.database.reader()).await?;
    let rows = rows.into_iter().filter_map(|(link, album)| Some((link, album?))).collect();
    let paged = page.paged(rows, |(link, _)| page::Key {
        number: link.create_time.0,
        text: String::new(),
        id: link.id.as_bytes().to_vec(),
    });
    let views = paged.rows.into_iter().map(|(link, album)| view(app, link, album));
    Ok(Paged { rows: views.collect::<Result<_>>()?, next_page_token: paged.next_page_token })
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

/// Creates a link to an album, or finds the one that an earlier call with the same id created.
/// Requires the editor role on the album.
pub async fn create(
    app: &App,
    actor: &Actor,
    id: Option<SharedLinkId>,
    album_id: AlbumId,
    values: Values,
) -> Result<LinkView> {
    if let Some(id) = id {
        match get(app, actor, id).await {
            Err(Error::NotFound(_)) => {}
            found => return found,
        }
    }
    // Before the slow hash, which nobody without the right may cause.
    access::album(app.database.reader(), actor, album_id, Role::Editor).await?;
    check_slug(values.slug.as_deref())?;
    check_expiry(app, values.expire_time)?;
    let password_hash = hash_password(app, values.password.as_deref()).await?;
    let (app_, actor_) = (app.clone(), actor.clone());
    let created = app.transact(move |transaction| async move {
        let user = *actor_.user()?;
        // Under the album's lock, so that of equal calls the second finds what the first made.
        let album = albums::writable(&transaction, &actor_, album_id, Role::Editor).await?;
        if let Some(id) = id {
            match access::shared_link(&*transaction, &actor_, id).await {
                Ok(found) => return Ok(found),
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
            access::refuse_taken(&*transaction, "shared_link", *id.as_bytes()).await?;
        }
        let id = id.unwrap_or_else(SharedLinkId::generate);
        let key = URL_SAFE_NO_PAD.encode(keys::random::<32>()?);
        let now = app_.now();
        let link = shared_link::ActiveModel {
            id: Set(id),
            album_id: Set(album_id),
            creator_id: Set(user.id),
            key_hash: Set(keys::hash(key.as_bytes())),
            sealed_key: Set(app_.keys.seal(Purpose::Link, id.as_bytes(), key.as_bytes())?),
            slug: Set(values.slug.clone()),
            description: Set(values.description),
            password_hash: Set(password_hash),
            password_version: Set(1),
            expire_time: Set(values.expire_time),
            allow_download: Set(values.allow_download.unwrap_or(true)),
            create_time: Set(now),
            update_time: Set(now),
            delete_time: Set(None),
            hide_time: Set(None),
            ..Default::default()
        };
        let link = link.insert(&*transaction).await;
        let link = link.map_err(|error| slug_taken(error, values.slug))?;
        audit::record(&app_, &transaction, &actor_, Kind::LinkCreated, id).await?;
        Ok((link, album.into_row()))
    });
    let (link, album) = created.await?;
    view(app, link, album)
}

/// Changes a link. Requires the editor role on its album.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: SharedLinkId,
    values: Values,
    fields: Vec<Field>,
) -> Result<LinkView> {
    if fields.contains(&Field::Slug) {
        check_slug(values.slug.as_deref())?;
    }
    if fields.contains(&Field::ExpireTime) {
        check_expiry(app, values.expire_time)?;
    }
    let has_password = fields.contains(&Field::Password);
    let password = values.password.as_deref().filter(|_| has_password);
    let password_hash = hash_password(app, password).await?;
    let (app_, actor_) = (app.clone(), actor.clone());
    let updated = app.transact(move |transaction| async move {
        let (link, album) = access::lock_shared_link(&transaction, &actor_, id).await?;
        if link.delete_time.is_some() {
            return Err(Error::not_found("shared_link", id));
        }
        if album.delete_time.is_some() {
            return Err(Error::trashed("album", album.id));
        }
        let password_version = link.password_version + 1;
        let mut change = link.into_active_model();
        for field in fields {
            match field {
                Field::Description => change.description = Set(values.description.clone()),
                Field::Slug => change.slug = Set(values.slug.clone()),
                Field::Password => {
                    change.password_hash = Set(password_hash.clone());
                    change.password_version = Set(password_version);
                }
                Field::ExpireTime => change.expire_time = Set(values.expire_time),
                Field::AllowDownload => {
                    change.allow_download = Set(values.allow_download.unwrap_or(true));
                }
            }
        }
        change.update_time = Set(app_.now());
        let link = change.update(&*transaction).await;
        let link = link.map_err(|error| slug_taken(error, values.slug))?;
        audit::record(&app_, &transaction, &actor_, Kind::LinkUpdated, id).await?;
        events::revoke_from(&app_, &transaction, Subject::Link(id)).await?;
        Ok((link, album))
    });
    let (link, album) = updated.await?;
    view(app, link, album)
}

/// Revokes a link for good. Requires the editor role on its album.
pub async fn delete(app: &App, actor: &Actor, id: SharedLinkId) -> Result<LinkView> {
    let (app_, actor_) = (app.clone(), actor.clone());
    let deleted = app.transact(move |transaction| async move {
        let (link, album) = access::lock_shared_link(&transaction, &actor_, id).await?;
        if link.delete_time.is_some() {
            return Ok((link, album));
        }
        let now = app_.now();
        let mut change = link.into_active_model();
        change.slug = Set(None);
        change.delete_time = Set(Some(now));
        change.update_time = Set(now);
        let link = change.update(&*transaction).await?;
        audit::record(&app_, &transaction, &actor_, Kind::LinkRevoked, id).await?;
        events::revoke_from(&app_, &transaction, Subject::Link(id)).await?;
        Ok((link, album))
    });
    let (link, album) = deleted.await?;
    view(app, link, album)
}

fn check_slug(slug: Option<&str>) -> Result<()> {
    match slug {
        Some(slug) if RESERVED_SLUGS.contains(&slug) => {
            Err(Error::invalid("shared_link.slug", format!("must not be the reserved word {slug}")))
        }
        _ => Ok(()),
    }
}

fn check_expiry(app: &App, expire_time: Option<Micros>) -> Result<()> {
    match expire_time {
        Some(time) if time <= app.now() => {
            Err(Error::invalid("shared_link.expire_time", "must be in the future"))
        }
        _ => Ok(()),
    }
}

async fn hash_password(app: &App, password: Option<&str>) -> Result<Option<String>> {
    match password {
        Some(password) => app.passwords.hash(password).await.map(Some),
        None => Ok(None),
    }
}

/// Keys do not collide; what a unique index refuses here is the slug.
fn slug_taken(error: sea_orm::DbErr, slug: Option<String>) -> Error {
    match (error.sql_err(), slug) {
        (Some(SqlErr::UniqueConstraintViolation(_)), Some(slug)) => {
            Error::already_exists("slug", slug)
        }
        _ => error.into(),
    }
}

fn view(app: &App, link: SharedLink, album: Album) -> Result<LinkView> {
    let state = if link.delete_time.is_some() {
        State::Revoked
    } else if link.expire_time.is_some_and(|time| time <= app.now()) {
        State::Expired
    } else {
        State::Live
    };
    let address = match (&link.slug, state) {
        (_, State::Revoked) => String::new(),
        (Some(slug), _) => slug.clone(),
        (None, _) => {
            let key = app.keys.open(Purpose::Link, link.id.as_bytes(), &link.sealed_key);
            let key = key.ok_or_else(|| Error::internal("a link's key does not open"))?;
            String::from_utf8(key).map_err(Error::internal)?
        }
    };
    Ok(LinkView { link, album, address, state })
}
