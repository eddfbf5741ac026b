//! Signing in and out.
//!
//! A session has one refresh token that is good. Exchanging it makes the next, a keyed hash of it,
//! so that the exchange can be repeated for a client that lost the answer. A token from further
//! back, or one that is repeated too late, was stolen from somebody: the session ends.

mod rpc;

pub use rpc::Rpc;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, ModelTrait as _, Set};

use crate::access::{self, Actor};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::session::Model as Session;
use crate::entity::user::{self, Model as User};
use crate::entity::{installation, session};
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::keys;
use crate::time::Micros;

/// How long the last refresh token can be exchanged again, for clients that lost the answer.
const REPEAT: Duration = Duration::from_secs(15);
const SESSION_ID_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;

/// What a client gets of its session.
#[derive(Debug)]
pub struct SessionTokens {
    access_token: String,
    access_expire_time: Micros,
    refresh_token: String,
    refresh_expire_time: Micros,
}

/// The first user, as they want to be.
#[derive(Debug)]
pub struct FirstUser {
    /// The e-mail to sign in with.
    pub email: String,
    /// The password.
    pub password: String,
    /// The name that others see.
    pub display_name: String,
}

/// Creates the first user, an administrator, and signs them in.
///
/// Fails with `SETUP_TOKEN_WRONG`, and with `ALREADY_SET_UP` once there is a user.
pub async fn set_up(
    app: &App,
    setup_token: &str,
    first: FirstUser,
    device_name: String,
) -> Result<(User, SessionTokens)> {
    let token_hash = keys::hash(setup_token.as_bytes());
    // Checked before the slow hash, which nobody without the token may cause.
    check_setup(access::installation(app.database.reader()).await?, &token_hash)?;
    let password_hash = app.passwords.hash(&first.password).await?;
    let (app_, now) = (app.clone(), app.now());
    app.transact(move |transaction| async move {
        let installation = access::lock_installation(&transaction).await?;
        if access::has_users(&*transaction).await? {
            return Err(Error::AlreadySetUp);
        }
        check_setup(Some(installation.clone()), &token_hash)?;
        let mut installation = installation.into_active_model();
        installation.setup_token_hash = Set(None);
        installation.update(&*transaction).await?;
        let user = user::ActiveModel {
            id: Set(UserId::generate()),
            folded_email: Set(user::fold(&first.email)),
            email: Set(first.email),
            display_name: Set(first.display_name),
            password_hash: Set(password_hash),
            is_admin: Set(true),
            quota_bytes: Set(app_.config.default_quota_bytes),
            used_bytes: Set(0),
            export_part_size_bytes: Set(None),
            create_time: Set(now),
            update_time: Set(now),
        };
        let user = user.insert(&*transaction).await?;
        let tokens = start_session(&app_, &transaction, &user, device_name).await?;
        Ok((user, tokens))
    })
    .await
}

fn check_setup(installation: Option<installation::Model>, token_hash: &[u8]) -> Result<()> {
    match installation.and_then(|row| row.setup_token_hash) {
        None => Err(Error::AlreadySetUp),
        Some(hash) if hash == token_hash => Ok(()),
        Some(_) => Err(Error::SetupTokenWrong),
    }
}

/// Signs a user in. An unknown e-mail fails like a wrong password, after the same work.
pub async fn login(
    app: &App,
    email: &str,
    password: &str,
    device_name: String,
) -> Result<(User, SessionTokens)> {
    let user = access::user_by_email(app.database.reader(), email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let is_right = app.passwords.verify(password, hash).await?;
    let user = user.filter(|_| is_right).ok_or(Error::LoginFailed)?;
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let tokens = start_session(&app_, &transaction, &user, device_name).await?;
        Ok((user, tokens))
    })
    .await
}

async fn start_session(
    app: &App,
    transaction: &Transaction,
    user: &User,
    device_name: String,
) -> Result<SessionTokens> {
    let (id, now) = (SessionId::generate(), app.now());
    let secret: [u8; SECRET_BYTES] = keys::random()?;
    let session = session::ActiveModel {
        id: Set(id),
        user_id: Set(user.id),
        device_name: Set(device_name),
        token_hash: Set(keys::hash(&secret)),
        previous_token_hash: Set(None),
        rotate_time: Set(now),
        create_time: Set(now),
        expire_time: Set(now.after(app.config.session_ttl)),
    };
    let session = session.insert(&**transaction).await?;
    tokens(app, &session, &secret)
}

/// Exchanges a refresh token. Fails with `CREDENTIAL_INVALID` for one that is not good. If it was
/// given out for the session once, the session ends.
pub async fn refresh(app: &App, refresh_token: &str) -> Result<SessionTokens> {
    let (id, secret) = parse(app, refresh_token).ok_or(Error::CredentialInvalid)?;
    let app_ = app.clone();
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
            return tokens(&app_, &session, &next).map(Some);
        }
        if hash == session.previous_token_hash && now <= session.rotate_time.after(REPEAT) {
            return tokens(&app_, &session, &next).map(Some);
        }
        session.delete(&*transaction).await?;
        Ok(None)
    });
    let tokens = tokens.await?;
    if tokens.is_none() {
        app.revocations.announce();
    }
    tokens.ok_or(Error::CredentialInvalid)
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

/// Ends the caller's session.
pub async fn logout(app: &App, actor: &Actor) -> Result<()> {
    let id = actor.user()?.session_id;
    app.transact(move |transaction| async move {
        if let Some(session) = access::lock_session(&transaction, id).await? {
            session.delete(&*transaction).await?;
        }
        Ok(())
    })
    .await?;
    app.revocations.announce();
    Ok(())
}

/// A refresh token names its session, proves the right to it, and shows that it is ours.
fn tokens(app: &App, session: &Session, secret: &[u8]) -> Result<SessionTokens> {
    let ttl = app.config.access_token_ttl;
    let access = app.tokens.for_user(session.user_id, session.id, app.now(), ttl)?;
    Ok(SessionTokens {
        access_token: access.token,
        access_expire_time: access.expire_time,
        refresh_token: URL_SAFE_NO_PAD.encode(
            [session.id.as_bytes(), secret, &app.keys.session_tag(session.id.as_bytes())].concat(),
        ),
        refresh_expire_time: session.expire_time,
    })
}

fn parse(app: &App, refresh_token: &str) -> Option<(SessionId, Vec<u8>)> {
    let bytes = URL_SAFE_NO_PAD.decode(refresh_token).ok()?;
    let (id, rest) = bytes.split_first_chunk::<SESSION_ID_BYTES>()?;
    let (secret, tag) = rest.split_at_checked(SECRET_BYTES)?;
    // Hashes are compared, so that the time taken tells nothing about the tag.
    let is_ours = keys::hash(tag) == keys::hash(&app.keys.session_tag(id));
    is_ours.then(|| (SessionId::from_bytes(*id), secret.to_vec()))
}
