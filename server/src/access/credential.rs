//! From a credential to a caller, by one query.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::scope::Scopes;
use super::signing_key::claim;
use super::token::Claim;
use super::{Actor, Client, CookieName, LinkActor, Network, UserActor, Via};
use crate::app::App;
use crate::entity::{album, api_key, session, shared_link, user};
use crate::error::{Error, Result};
use crate::id::{ApiKeyId, SessionId, SharedLinkId, UserId, VisitorId};
use crate::keys;
use crate::time::Micros;

/// What every API key begins with, so that people and scanners of leaked secrets know one.
pub const API_KEY_PREFIX: &str = "albumen_";
/// How exactly the last use of a key is known: a script's calls need not each write a row.
const USE_STEP: Duration = Duration::from_secs(60);

/// Finds out who calls. `token` is what stands behind `Bearer` in the authorization header.
///
/// A valid signature alone is not believed: the session, or the link, must be there still.
pub async fn authenticate(app: &App, token: Option<&str>, network: Network) -> Result<Actor> {
    let Some(token) = token else { return Ok(Actor::Anonymous) };
    if token.starts_with(API_KEY_PREFIX) {
        let is_it = api_key::Column::KeyHash.eq(keys::hash(token.as_bytes()));
        return key(app, is_it, network).await;
    }
    match claim(app, token).await? {
        Claim::User(user_id, session_id) => user(app, user_id, session_id, network).await,
        Claim::Guest(link_id, visitor_id, password_version) => {
            guest(app, link_id, visitor_id, password_version).await
        }
    }
}

/// Finds out which browser asks for a page, a picture or a download. A session comes before links;
/// of several links the caller is a guest of all that still open.
pub async fn authenticate_cookies(app: &App, client: &Client) -> Result<Actor> {
    if let Some(secret) = client.cookie(CookieName::Session) {
        let is_it = session::Column::CookieHash.eq(keys::hash(secret.as_bytes()));
        match session(app, is_it, client.network).await {
            Err(Error::CredentialInvalid) => {}
            found => return found,
        }
    }
    let mut links = Vec::new();
    let tokens = client.link_tokens();
    for token in &tokens {
        match claim(app, token).await {
            Ok(Claim::Guest(link, visitor, version)) => {
                links.extend(still_open(guest(app, link, visitor, version).await)?);
            }
            Ok(Claim::User(..)) | Err(Error::CredentialInvalid) => {}
            Err(error) => return Err(error),
        }
    }
    let has_cookies = client.cookie(CookieName::Session).is_some() || !tokens.is_empty();
    match (has_cookies, links.is_empty()) {
        (false, _) => Ok(Actor::Anonymous),
        (true, true) => Err(Error::CredentialInvalid),
        (true, false) => Ok(Actor::Guest(links)),
    }
}

/// The guest whose cookie a client holds from opening a link under the password that it has now;
/// `None` if there is no such cookie.
pub async fn visitor_of(
    app: &App,
    client: &Client,
    link: &shared_link::Model,
) -> Option<VisitorId> {
    let token = client.cookie(CookieName::Link(link.id))?;
    match claim(app, token).await {
        Ok(Claim::Guest(id, visitor_id, version))
            if id == link.id && version == link.password_version =>
        {
            Some(visitor_id)
        }
        _ => None,
    }
}

/// Looks again who calls: the credential may have been revoked since.
pub(super) async fn reauthenticate(app: &App, actor: &Actor) -> Result<Actor> {
    match actor {
        Actor::Anonymous | Actor::Operator => Ok(actor.clone()),
        Actor::User(actor) => match actor.via {
            Via::Session(session_id) => user(app, actor.id, session_id, actor.network).await,
            Via::ApiKey(id, _) => key(app, api_key::Column::Id.eq(id), actor.network).await,
        },
        Actor::Guest(links) => {
            let mut still = Vec::new();
            for link in links {
                let (visitor, version) = (link.visitor_id, link.password_version);
                still.extend(still_open(guest(app, link.link_id, visitor, version).await)?);
            }
            if still.is_empty() { Err(Error::CredentialInvalid) } else { Ok(Actor::Guest(still)) }
        }
    }
}

impl LinkActor {
    /// A guest of a link as it is now.
    pub(super) fn new(link: &shared_link::Model, visitor_id: VisitorId) -> Self {
        Self {
            link_id: link.id,
            album_id: link.album_id,
            creator_id: link.creator_id,
            visitor_id,
            password_version: link.password_version,
            allow_download: link.allow_download,
            quality: link.quality,
            metadata: link.metadata,
            allow_upload: link.allow_upload,
            allow_undo: link.allow_undo,
            activity: link.guest_activity,
            expire_time: link.expire_time,
        }
    }
}

/// The links of a guest; none if they do not open any more.
fn still_open(guest: Result<Actor>) -> Result<Vec<LinkActor>> {
    match guest {
        Ok(actor) => Ok(actor.links().to_vec()),
        Err(Error::CredentialInvalid) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

async fn user(
    app: &App,
    user_id: UserId,
    session_id: SessionId,
    network: Network,
) -> Result<Actor> {
    let is_it = session::Column::Id.eq(session_id).and(session::Column::UserId.eq(user_id));
    session(app, is_it, network).await
}

async fn session(app: &App, is_it: Expr, network: Network) -> Result<Actor> {
    let found = session::Entity::find()
        .find_also_related(user::Entity)
        .filter(is_it)
        .filter(session::Column::ExpireTime.gt(app.now()))
        .filter(user::active())
        .one(app.database.reader())
        .await?;
    match found {
        Some((session, Some(user))) => {
            Ok(caller(&user, Via::Session(session.id), network, Some(session.expire_time)))
        }
        _ => Err(Error::CredentialInvalid),
    }
}

async fn key(app: &App, is_it: Expr, network: Network) -> Result<Actor> {
    let now = app.now();
    let expire = api_key::Column::ExpireTime;
    let found = api_key::Entity::find()
        .find_also_related(user::Entity)
        .filter(is_it)
        .filter(Condition::any().add(expire.is_null()).add(expire.gt(now)))
        .filter(user::active())
        .one(app.database.reader())
        .await?;
    let Some((key, Some(user))) = found else { return Err(Error::CredentialInvalid) };
    if key.last_use_time.is_none_or(|last| last.after(USE_STEP) <= now) {
        note_use(app, key.id).await?;
    }
    let via = Via::ApiKey(key.id, Scopes::stored(&key.scopes));
    Ok(caller(&user, via, network, key.expire_time))
}

async fn note_use(app: &App, id: ApiKeyId) -> Result<()> {
    let now = app.now();
    app.transact(move |transaction| async move {
        let note = api_key::Entity::update_many()
            .col_expr(api_key::Column::LastUseTime, now.0.into())
            .filter(api_key::Column::Id.eq(id));
        note.exec(&*transaction).await?;
        Ok(())
    })
    .await
}

fn caller(user: &user::Model, via: Via, network: Network, expire_time: Option<Micros>) -> Actor {
    Actor::User(UserActor { id: user.id, is_admin: user.is_admin, via, network, expire_time })
}

async fn guest(
    app: &App,
    link_id: SharedLinkId,
    visitor_id: VisitorId,
    password_version: i32,
) -> Result<Actor> {
    let found = shared_link::Entity::find_by_id(link_id)
        .find_also_related(album::Entity)
        .filter(shared_link::Column::PasswordVersion.eq(password_version))
        .filter(super::shared_link::is_live(app.now()))
        .one(app.database.reader())
        .await?;
    let (link, _) = found.ok_or(Error::CredentialInvalid)?;
    Ok(Actor::Guest(vec![LinkActor::new(&link, visitor_id)]))
}
