//! Keys with which scripts call for their owner.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Set,
};

use crate::access::{self, API_KEY_PREFIX, Actor, Scopes, Subject};
use crate::app::App;
use crate::audit;
use crate::entity::api_key::{self, Column, Model as ApiKey};
use crate::entity::audit_event::Kind;
use crate::error::{Error, Result};
use crate::events;
use crate::id::ApiKeyId;
use crate::keys;
use crate::page::{self, Page, Paged};
use crate::time::Micros;

/// A key as its owner wants it.
#[derive(Debug)]
pub struct NewKey {
    /// What its owner calls it.
    pub display_name: String,
    /// The names of what it is good for.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expire_time: Option<Micros>,
}

/// Creates a key, and returns it with its secret: 256 random bits, of which only the hash is kept.
pub async fn create_api_key(app: &App, actor: &Actor, new: NewKey) -> Result<(ApiKey, String)> {
    let scopes = Scopes::parse(new.scopes.iter().map(String::as_str)).map_err(|unknown| {
        let rule = format!("must be scopes that GetServerInfo lists, not {unknown:?}");
        Error::invalid("api_key.scopes", rule)
    })?;
    let now = app.now();
    if new.expire_time.is_some_and(|time| time <= now) {
        return Err(Error::invalid("api_key.expire_time", "must be in the future"));
    }
    let secret = format!("{API_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(keys::random::<32>()?));
    let key_hash = keys::hash(secret.as_bytes());
    let (app_, actor, user_id) = (app.clone(), actor.clone(), actor.user()?.id);
    let key = app.transact(move |transaction| async move {
        let key = api_key::ActiveModel {
            id: Set(ApiKeyId::generate()),
            user_id: Set(user_id),
            display_name: Set(new.display_name),
            key_hash: Set(key_hash),
            scopes: Set(scopes.names().collect::<Vec<_>>().join(" ")),
            expire_time: Set(new.expire_time),
            last_use_time: Set(None),
            create_time: Set(now),
        };
        let key = key.insert(&*transaction).await?;
        audit::record(&app_, &transaction, &actor, Kind::ApiKeyCreated, key.id).await?;
        Ok(key)
    });
    Ok((key.await?, secret))
}

/// A page of the caller's keys, latest first.
pub async fn list_api_keys(app: &App, actor: &Actor, page: &Page) -> Result<Paged<ApiKey>> {
    let sort = Expr::col((api_key::Entity, Column::CreateTime));
    let id = Expr::col((api_key::Entity, Column::Id));
    let mut find = access::api_keys(actor.user()?)
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    let rows = find.all(app.database.reader()).await?;
    Ok(page.paged(rows, |row| page::Key {
        number: row.create_time.0,
        text: String::new(),
        id: row.id.as_bytes().to_vec(),
    }))
}

/// Deletes a key of the caller's; open streams that it began end.
pub async fn delete_api_key(app: &App, actor: &Actor, id: ApiKeyId) -> Result<()> {
    let (app_, actor, user) = (app.clone(), actor.clone(), *actor.user()?);
    app.transact(move |transaction| async move {
        access::api_key(&*transaction, &user, id).await?.delete(&*transaction).await?;
        audit::record(&app_, &transaction, &actor, Kind::ApiKeyDeleted, id).await?;
        events::revoke_from(&app_, &transaction, Subject::User(user.id)).await
    })
    .await
}
