//! What a client holds of its session: making it, and exchanging it for the next.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, ModelTrait as _, Set};

use super::Device;
use crate::access::token::Tokens;
use crate::access::{self, Client, Cookie, CookieName, Subject};
use crate::app::App;
use crate::audit;
use crate::database::Transaction;
use crate::entity::audit_event::Kind;
use crate::entity::session::{self, Model as Session};
use crate::entity::user::Model as User;
use crate::error::{Error, Result};
use crate::events;
use crate::id::SessionId;
use crate::keys;
use crate::time::Micros;

/// How long the last refresh token can be exchanged again, for clients that lost the answer.
const REPEAT: Duration = Duration::from_secs(15);
const SESSION_ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// What a client gets of its session.
#[derive(Debug)]
pub struct SessionTokens {
    /// The session.
    pub session_id: SessionId,
    /// The bearer token for calls.
    pub access_token: String,
    /// When it ends.
    pub access_expire_time: Micros,
    /// The token for the next exchange.
    pub refresh_token: String,
    /// When it ends.
    pub refresh_expire_time: Micros,
    /// The cookie for pictures, if the session has one.
    cookie: Option<String>,
}

impl SessionTokens {
    /// Moves what a browser keeps into cookies; for other clients there are none.
    pub(super) fn into_cookies(mut self, now: Micros) -> (Self, Vec<Cookie>) {
        let Some(session) = self.cookie.take() else { return (self, Vec::new()) };
        let rest = u64::try_from(self.refresh_expire_time.0 - now.0).unwrap_or(0);
        let max_age = Duration::from_micros(rest);
        let refresh = std::mem::take(&mut self.refresh_token);
        let cookies = vec![
            Cookie { name: CookieName::Refresh, value: refresh, max_age },
            Cookie { name: CookieName::Session, value: session, max_age },
        ];
        (self, cookies)
    }
}

/// The cookies that make a browser forget its session.
pub(super) fn forget() -> [Cookie; 2] {
    [CookieName::Refresh, CookieName::Session].map(|name| Cookie {
        name,
        value: String::new(),
        max_age: Duration::ZERO,
    })
}

/// Starts a session of a user.
pub(super) async fn start(
    app: &App,
    transaction: &Transaction,
    signer: &Tokens,
    user: &User,
    device: Device,
) -> Result<SessionTokens> {
    let (id, now) = (SessionId::generate(), app.now());
    let secret: [u8; SECRET_BYTES] = keys::random()?;
    let cookie = device.use_cookies.then(|| keys::hash(cookie(app, id).as_bytes()));
    let session = session::ActiveModel {
        id: Set(id),
        user_id: Set(user.id),
        device_name: Set(device.name),
        token_hash: Set(keys::hash(&secret)),
        previous_token_hash: Set(None),
        cookie_hash: Set(cookie),
        rotate_time: Set(now),
        create_time: Set(now),
        expire_time: Set(now.after(app.config.session_ttl)),
    };
    let session = session.insert(&**transaction).await?;
    tokens(app, signer, &session, &secret)
}

/// Exchanges a refresh token. Fails with `CREDENTIAL_INVALID` for one that is not good. If it was
/// given out for the session once, the session ends.
pub async fn refresh(app: &App, client: &Client, refresh_token: &str) -> Result<SessionTokens> {
    let (id, secret) = parse(app, refresh_token).ok_or(Error::CredentialInvalid)?;
    let (app_, network, signer) = (app.clone(), client.network, access::tokens(app).await?);
    let tokens = app.transact(move |transaction| async move {
        let Some(session) = access::lock_session(&transaction, id).await? else { return Ok(None) };
        let now = app_.now();
        if session.expire_time <= now {
            return Ok(None);
        }
        let next = app_.keys.next_refresh_secret(&secret);
        let hash = Some(keys::hash(&secret));
        if hash.as_ref() == Some(&session.token_hash) {
            let session = rotate(&app_, &transaction, session, &next).await?;
            return tokens(&app_, &signer, &session, &next).map(Some);
        }
        if hash == session.previous_token_hash && now <= session.rotate_time.after(REPEAT) {
            return tokens(&app_, &signer, &session, &next).map(Some);
        }
        let kind = Kind::SessionStolen;
        audit::record_from(&app_, &transaction, network, None, kind, session.id).await?;
        let user_id = session.user_id;
        session.delete(&*transaction).await?;
        events::revoke_from(&app_, &transaction, Subject::User(user_id)).await?;
        Ok(None)
    });
    tokens.await?.ok_or(Error::CredentialInvalid)
}

async fn rotate(
    app: &App,
    transaction: &Transaction,
    session: Session,
    next: &[u8],
) -> Result<Session> {
    let now = app.now();
    let previous = session.token_hash.clone();
    let mut session = session.into_active_model();
    session.previous_token_hash = Set(Some(previous));
    session.token_hash = Set(keys::hash(next));
    session.rotate_time = Set(now);
    session.expire_time = Set(now.after(app.config.session_ttl));
    Ok(session.update(&**transaction).await?)
}

/// A refresh token names its session, proves the right to it, and shows that it is ours.
fn tokens(app: &App, signer: &Tokens, session: &Session, secret: &[u8]) -> Result<SessionTokens> {
    let ttl = app.config.access_token_ttl;
    let access = signer.for_user(session.user_id, session.id, app.now(), ttl)?;
    Ok(SessionTokens {
        session_id: session.id,
        access_token: access.token,
        access_expire_time: access.expire_time,
        refresh_token: URL_SAFE_NO_PAD.encode(
            [session.id.as_bytes(), secret, &app.keys.session_tag(session.id.as_bytes())].concat(),
        ),
        refresh_expire_time: session.expire_time,
        cookie: session.cookie_hash.is_some().then(|| cookie(app, session.id)),
    })
}

/// The cookie of a session: the same as long as the session lasts.
fn cookie(app: &App, id: SessionId) -> String {
    URL_SAFE_NO_PAD.encode(app.keys.session_cookie(id.as_bytes()))
}

fn parse(app: &App, refresh_token: &str) -> Option<(SessionId, Vec<u8>)> {
    let bytes = URL_SAFE_NO_PAD.decode(refresh_token).ok()?;
    let (id, rest) = bytes.split_first_chunk::<SESSION_ID_BYTES>()?;
    let (secret, tag) = rest.split_at_checked(SECRET_BYTES)?;
    // Hashes are compared, so that the time taken tells nothing about the tag.
    let is_ours = keys::hash(tag) == keys::hash(&app.keys.session_tag(id));
    is_ours.then(|| (SessionId::from_bytes(*id), secret.to_vec()))
}
