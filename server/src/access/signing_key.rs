//! The keys that sign access tokens, as this server knows them.
//!
//! Any server of the installation, and the command line, may make a new key. A key is published for
//! longer than [`INTERVAL`] before it signs, so whoever looked within it knows every key that signs:
//! a token with an unknown key is worth a look only after that.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use tokio::sync::Mutex;

use super::token::{Claim, SigningKey, Tokens};
use crate::app::App;
use crate::config::Config;
use crate::database::Transaction;
use crate::entity::signing_key::{Column, Entity};
use crate::error::{Error, Result};
use crate::keys::{Keys, Purpose};
use crate::time::Micros;

/// How often the table is read, at most.
const INTERVAL: Duration = Duration::from_secs(20);

/// The keys that this server knows.
#[derive(Debug)]
pub struct SigningKeys {
    known: RwLock<Known>,
    /// Held by the one who reads the table.
    reading: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Known {
    tokens: Arc<Tokens>,
    looked: Micros,
}

impl SigningKeys {
    /// Reads the table. Fails if a key in it was sealed under another secret.
    pub async fn open(
        connection: &impl ConnectionTrait,
        keys: &Keys,
        config: &Config,
        now: Micros,
    ) -> Result<Self> {
        let tokens = Arc::new(read(connection, keys, config).await?);
        Ok(Self { known: RwLock::new(Known { tokens, looked: now }), reading: Mutex::new(()) })
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    fn is_recent(&self, now: Micros) -> bool {
        // A clock that was set back must not keep the server from looking.
        (self.looked..self.looked.after(INTERVAL)).contains(&now)
    }
}

/// What signs tokens now. Asked for before a transaction begins: reading the table takes another
/// connection.
pub async fn tokens(app: &App) -> Result<Arc<Tokens>> {
    let known = app.signing_keys.known();
    if known.is_recent(app.now()) { Ok(known.tokens) } else { look(app).await }
}

/// Reads a token. Fails if it is not ours or has ended.
pub(super) async fn claim(app: &App, token: &str) -> Result<Claim> {
    let now = app.now();
    let known = app.signing_keys.known();
    let is_worth_a_look = known.tokens.lacks_key_of(token) && !known.is_recent(now);
    let tokens = if is_worth_a_look { look(app).await? } else { known.tokens };
    tokens.read(token, now)
}

/// Reads the table again. One call does; those that come meanwhile wait for what it finds.
async fn look(app: &App) -> Result<Arc<Tokens>> {
    let _reading = app.signing_keys.reading.lock().await;
    let now = app.now();
    let known = app.signing_keys.known();
    if known.is_recent(now) {
        return Ok(known.tokens);
    }
    let tokens = Arc::new(read(app.database.reader(), &app.keys, &app.config).await?);
    let known = Known { tokens: Arc::clone(&tokens), looked: now };
    *app.signing_keys.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    Ok(tokens)
}

async fn read(connection: &impl ConnectionTrait, keys: &Keys, config: &Config) -> Result<Tokens> {
    let rows = Entity::find().order_by_asc(Column::CreateTime).order_by_asc(Column::Id);
    let rows = rows.all(connection).await?.into_iter();
    let opened = rows.map(|row| {
        let pkcs8 = keys.open(Purpose::Token, row.id.to_string().as_bytes(), &row.sealed_key);
        let pkcs8 = pkcs8.ok_or_else(|| Error::internal("a signing key has another secret"))?;
        Ok(SigningKey { id: row.id, pkcs8, create_time: row.create_time })
    });
    let opened: Result<Vec<_>> = opened.collect();
    Tokens::new(&opened?, config.access_token_ttl.max(config.link_session_ttl))
}

/// Removes keys of which no token is good any more.
pub async fn forget_signing_keys(app: &App, transaction: &Transaction) -> Result<()> {
    let tokens = read(&**transaction, &app.keys, &app.config).await?;
    let ended = Entity::delete_many().filter(Column::Id.is_in(tokens.ended(app.now())));
    ended.exec(&**transaction).await?;
    Ok(())
}
