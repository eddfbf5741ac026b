//! From a credential to a caller, by one query.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::token::Claim;
use super::{Actor, LinkActor, UserActor};
use crate::app::App;
use crate::entity::{album, session, shared_link, user};
use crate::error::{Error, Result};
use crate::id::{SessionId, SharedLinkId, UserId, VisitorId};

/// Finds out who calls. `token` is what stands behind `Bearer` in the authorization header.
///
/// A valid signature alone is not believed: the session, or the link, must be there still.
pub async fn authenticate(app: &App, token: Option<&str>) -> Result<Actor> {
    let Some(token) = token else { return Ok(Actor::Anonymous) };
    match app.tokens.read(token, app.now())? {
        Claim::User(user_id, session_id) => user(app, user_id, session_id).await,
        Claim::Guest(link_id, visitor_id, password_version) => {
            guest(app, link_id, visitor_id, password_version).await
        }
    }
}

/// Looks again who calls: the credential may have been revoked since.
pub(super) async fn reauthenticate(app: &App, actor: &Actor) -> Result<Actor> {
    match actor {
        Actor::Anonymous => Ok(Actor::Anonymous),
        Actor::User(actor) => user(app, actor.id, actor.session_id).await,
        Actor::Guest(links) => {
            let mut still = Vec::new();
            for link in links {
                match guest(app, link.link_id, link.visitor_id, link.password_version).await {
                    Ok(actor) => still.extend_from_slice(actor.links()),
                    Err(Error::CredentialInvalid) => {}
                    Err(error) => return Err(error),
                }
            }
            if still.is_empty() { Err(Error::CredentialInvalid) } else { Ok(Actor::Guest(still)) }
        }
    }
}

async fn user(app: &App, user_id: UserId, session_id: SessionId) -> Result<Actor> {
    let found = session::Entity::find_by_id(session_id)
        .find_also_related(user::Entity)
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::ExpireTime.gt(app.now()))
        .one(app.database.reader())
        .await?;
    match found {
        Some((session, Some(user))) => Ok(Actor::User(UserActor {
            id: user.id,
            is_admin: user.is_admin,
            session_id: session.id,
        })),
        _ => Err(Error::CredentialInvalid),
    }
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
    Ok(Actor::Guest(vec![LinkActor {
        link_id,
        album_id: link.album_id,
        creator_id: link.creator_id,
        visitor_id,
        password_version,
        allow_download: link.allow_download,
    }]))
}
