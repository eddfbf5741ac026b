//! Signing in and out.
//!
//! A session has one refresh token that is good. Exchanging it makes the next, a keyed hash of it,
//! so that the exchange can be repeated for a client that lost the answer. A token from further
//! back, or one that is repeated too late, was stolen from somebody: the session ends.

mod api_keys;
mod passwords;
mod rpc;
mod sessions;
mod sweep;
mod tokens;

pub use api_keys::{NewKey, create_api_key, delete_api_key, list_api_keys};
pub use passwords::change_password;
pub use rpc::Rpc;
pub use sessions::{Field, list_sessions, revoke_other_sessions, revoke_session, update_session};
pub use sweep::Sweep;
pub use tokens::{SessionTokens, refresh};

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    ModelTrait as _, QueryFilter as _, Set,
};

use crate::access::{self, Actor, Attempt, Client, Subject};
use crate::app::App;
use crate::audit;
use crate::entity::audit_event::Kind;
use crate::entity::installation;
use crate::entity::user::{self, Model as User};
use crate::error::{Error, Result, log};
use crate::events;
use crate::id::{SessionId, UserId};
use crate::keys;
use crate::password::{check_common, is_renewal};
use crate::users;

/// How a device signs in.
#[derive(Debug)]
pub struct Device {
    /// What its user calls it.
    pub name: String,
    /// Whether it is a browser, which keeps its credentials in cookies.
    pub use_cookies: bool,
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
    client: &Client,
    setup_token: &str,
    first: FirstUser,
    device: Device,
) -> Result<(User, SessionTokens)> {
    let token_hash = keys::hash(setup_token.as_bytes());
    // Checked before the slow hash, which nobody without the token may cause.
    check_setup(access::installation(app.database.reader()).await?, &token_hash)?;
    check_common("password", &first.password)?;
    let password_hash = app.passwords.hash(&first.password).await?;
    let (app_, network, signer) = (app.clone(), client.network, access::tokens(app).await?);
    app.transact(move |transaction| async move {
        let installation = access::lock_installation(&transaction).await?;
        if access::has_users(&*transaction).await? {
            return Err(Error::AlreadySetUp);
        }
        check_setup(Some(installation.clone()), &token_hash)?;
        let mut installation = installation.into_active_model();
        installation.setup_token_hash = Set(None);
        installation.update(&*transaction).await?;
        let values = users::Values {
            display_name: first.display_name,
            email: first.email,
            is_admin: true,
            ..users::Values::default()
        };
        let row = users::new_row(&app_, UserId::generate(), values, password_hash);
        let user = row.insert(&*transaction).await?;
        let (app, tx, id) = (&app_, &transaction, user.id);
        audit::record_from(app, tx, network, Some(id), Kind::UserCreated, id).await?;
        let tokens = tokens::start(app, tx, &signer, &user, device).await?;
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

/// Signs a user in. An unknown e-mail and an account that is not active fail like a wrong password,
/// after the same work.
pub async fn login(
    app: &App,
    client: &Client,
    email: &str,
    password: &str,
    device: Device,
) -> Result<(User, SessionTokens)> {
    let attempt = Attempt::at_account(app, email, client.network);
    let user = access::user_by_email(app.database.reader(), email).await?;
    let user = user.filter(User::is_active);
    verify(app, client.network, attempt.clone(), password, user.as_ref()).await?;
    let user = user.ok_or(Error::LoginFailed)?;
    let (app_, network, signer) = (app.clone(), client.network, access::tokens(app).await?);
    let (id, hash) = (user.id, user.password_hash.clone());
    let signed_in = app.transact(move |transaction| async move {
        attempt.forgive(&transaction, app_.now()).await?;
        let row = access::lock_user(&transaction, user.id).await?.into_row();
        // What was verified counts no more if the password was changed meanwhile.
        if !is_renewal(&user.password_hash, &row.password_hash) || !row.is_active() {
            return Err(Error::LoginFailed);
        }
        let tokens = tokens::start(&app_, &transaction, &signer, &row, device).await?;
        let (id, session) = (Some(row.id), tokens.session_id);
        audit::record_from(&app_, &transaction, network, id, Kind::SignedIn, session).await?;
        Ok((row, tokens))
    });
    let signed_in = signed_in.await?;
    // Who has signed in stays so, whatever becomes of the hash: the next time is another chance.
    if let Err(error) = renew_hash(app, id, password, hash).await {
        log(&error);
    }
    Ok(signed_in)
}

/// Stores a password's hash with the parameters of the settings, if it has others.
async fn renew_hash(app: &App, id: UserId, password: &str, hash: String) -> Result<()> {
    let Some(renewed) = app.passwords.renew(password, &hash).await? else { return Ok(()) };
    let store = user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, renewed.into())
        .filter(user::Column::Id.eq(id))
        // Unless it was changed meanwhile.
        .filter(user::Column::PasswordHash.eq(hash));
    app.transact(move |transaction| async move {
        store.exec(&*transaction).await?;
        Ok(())
    })
    .await
}

/// Compares a password with a user's. The attempt is counted before the slow hash, and stays
/// counted if it fails with `LOGIN_FAILED`.
async fn verify(
    app: &App,
    network: access::Network,
    attempt: Attempt,
    password: &str,
    user: Option<&User>,
) -> Result<()> {
    let (app_, attempt_) = (app.clone(), attempt.clone());
    app.transact(move |transaction| async move { attempt_.count(&transaction, app_.now()).await })
        .await?;
    let hash = user.map(|user| user.password_hash.as_str());
    let verified = app.passwords.verify(password, hash).await;
    if let Ok(true) = verified {
        return Ok(());
    }
    let (app_, subject) = (app.clone(), user.map(|user| user.id.to_string()).unwrap_or_default());
    app.transact(move |transaction| async move {
        if let Err(error) = verified {
            // Nobody guessed anything: the server was too busy.
            attempt.take_back(&transaction, app_.now()).await?;
            return Ok(error);
        }
        let kind = Kind::SignInFailed;
        audit::record_from(&app_, &transaction, network, None, kind, subject).await?;
        Ok(Error::LoginFailed)
    })
    .await
    .and_then(Err)
}

/// Ends the caller's session.
pub async fn logout(app: &App, actor: &Actor) -> Result<()> {
    let user = *actor.user()?;
    let id: SessionId = user.session_id()?;
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        if let Some(session) = access::lock_session(&transaction, id).await? {
            session.delete(&*transaction).await?;
            audit::record(&app_, &transaction, &actor, Kind::SessionEnded, id).await?;
            events::revoke_from(&app_, &transaction, Subject::User(user.id)).await?;
        }
        Ok(())
    })
    .await
}
