//! The installation: what is made at the first start, and what the server tells about itself.

mod rpc;

pub use rpc::Rpc;

use sea_orm::{ActiveModelTrait as _, Set};

use crate::access;
use crate::app::App;
use crate::database::Database;
use crate::entity::{installation, signing_key};
use crate::error::{Error, Result};
use crate::id::SigningKeyId;
use crate::keys::{self, Keys, Purpose};
use crate::time::Micros;

/// Sealed at the first start; it opens only under the same secret key.
const KEY_CHECK: &[u8] = b"albumen";

/// Makes the installation's row and signing key at the first start, and checks the secret key at
/// every other. Returns the signing keys: key id and PKCS#8, the newest last.
pub async fn prepare(
    database: &Database,
    keys: &Keys,
    now: Micros,
) -> Result<Vec<(String, Vec<u8>)>> {
    if let Some(row) = access::installation(database.reader()).await? {
        check(keys, &row)?;
    } else {
        create(database, keys, now).await?;
    }
    let rows = access::signing_keys(database.reader()).await?;
    rows.into_iter()
        .map(|row| {
            let id = row.id.to_string();
            let key = keys.open(Purpose::Token, id.as_bytes(), &row.sealed_key);
            key.map(|key| (id, key)).ok_or_else(wrong_secret)
        })
        .collect()
}

fn check(keys: &Keys, row: &installation::Model) -> Result<()> {
    let opened = keys.open(Purpose::Link, KEY_CHECK, &row.key_check);
    if opened.as_deref() == Some(KEY_CHECK) { Ok(()) } else { Err(wrong_secret()) }
}

fn wrong_secret() -> Error {
    Error::internal("the secret key is not the one that this database was made with")
}

async fn create(database: &Database, keys: &Keys, now: Micros) -> Result<()> {
    let key_check = keys.seal(Purpose::Link, KEY_CHECK, KEY_CHECK)?;
    let key_id = SigningKeyId::generate();
    let key = access::token::generate()?;
    let sealed_key = keys.seal(Purpose::Token, key_id.to_string().as_bytes(), &key)?;
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
        let key = signing_key::ActiveModel {
            id: Set(key_id),
            sealed_key: Set(sealed_key),
            create_time: Set(now),
        };
        key.insert(&*transaction).await?;
        Ok(())
    });
    match created.await {
        // Another server of the installation was first; its rows are as good.
        Err(Error::Conflict) => Ok(()),
        result => result,
    }
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
