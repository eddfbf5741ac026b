//! The installation: what is made at the first start, and what the server tells about itself.

mod http;
mod rpc;

pub use self::http::routes;
pub use rpc::Rpc;

use sea_orm::{ActiveModelTrait as _, Set};

use crate::access::{self, Actor};
use crate::app::App;
use crate::audit;
use crate::database::Database;
use crate::entity::audit_event::Kind;
use crate::entity::{installation, signing_key};
use crate::error::{Error, Result};
use crate::id::SigningKeyId;
use crate::keys::{self, Keys, Purpose};
use crate::time::Micros;

/// Sealed at the first start; it opens only under the same secret key.
const KEY_CHECK: &[u8] = b"albumen";

/// Makes the installation's row and signing key at the first start, and checks the secret key at
/// every other.
pub async fn prepare(database: &Database, keys: &Keys, now: Micros) -> Result<()> {
    match access::installation(database.reader()).await? {
        Some(row) => check(keys, &row),
        None => create(database, keys, now).await,
    }
}

fn check(keys: &Keys, row: &installation::Model) -> Result<()> {
    let opened = keys.open(Purpose::Link, KEY_CHECK, &row.key_check);
    if opened.as_deref() == Some(KEY_CHECK) {
        return Ok(());
    }
    Err(Error::internal("the secret key is not the one that this database was made with"))
}

fn new_signing_key(keys: &Keys, now: Micros) -> Result<signing_key::ActiveModel> {
    let id = SigningKeyId::generate();
    let pkcs8 = access::token::generate()?;
    let sealed_key = keys.seal(Purpose::Token, id.to_string().as_bytes(), &pkcs8)?;
    Ok(signing_key::ActiveModel { id: Set(id), sealed_key: Set(sealed_key), create_time: Set(now) })
}

async fn create(database: &Database, keys: &Keys, now: Micros) -> Result<()> {
    let key_check = keys.seal(Purpose::Link, KEY_CHECK, KEY_CHECK)?;
    let key = new_signing_key(keys, now)?;
    let created = database.transact(move |transaction| async move {
        let row = installation::ActiveModel {
            id: Set(1),
            key_check: Set(key_check),
            setup_token_hash: Set(None),
            create_time: Set(now),
            allow_links: Set(true),
            require_link_password: Set(false),
            max_link_lifetime_s: Set(None),
        };
        row.insert(&*transaction).await?;
        key.insert(&*transaction).await?;
        Ok(())
    });
    match created.await {
        // Another server of the installation was first; its rows are as good.
        Err(Error::Conflict) => Ok(()),
        result => result,
    }
}

/// Makes a new key that signs access tokens, soon in place of the one before. Every server of the
/// installation takes it up by itself; a sweep removes the old one after the last of its tokens.
pub async fn rotate_keys(app: &App) -> Result<SigningKeyId> {
    let key = new_signing_key(&app.keys, app.now())?;
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let key = key.insert(&*transaction).await?;
        let kind = Kind::SigningKeyCreated;
        audit::record(&app_, &transaction, &Actor::Operator, kind, key.id).await?;
        Ok(key.id)
    })
    .await
}

/// Makes a new setup token if there is no user yet; only its hash is kept.
pub async fn renew_setup_token(app: &App) -> Result<Option<String>> {
    let token = setup_token(keys::random()?);
    let hash = keys::hash(token.as_bytes());
    let is_needed = app.transact(move |transaction| async move {
        let row = access::lock_installation(&transaction).await?;
        if access::has_users(&*transaction).await? {
            return Ok(false);
        }
        let mut row: installation::ActiveModel = row.into();
        row.setup_token_hash = Set(Some(hash));
        row.update(&*transaction).await?;
        Ok(true)
    });
    Ok(is_needed.await?.then_some(token))
}

/// 128 random bits in a form that people can type: `1f0c-…`, eight groups of four digits.
fn setup_token(bytes: [u8; 16]) -> String {
    let groups: Vec<_> = bytes
        .chunks(2)
        .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    let groups: Vec<String> = groups;
    groups.join("-")
}

/// Whether the first user is still to be made.
pub async fn is_setup_required(app: &App) -> Result<bool> {
    Ok(!access::has_users(app.database.reader()).await?)
}
