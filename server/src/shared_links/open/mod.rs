//! Opening a link as a guest.

pub(super) mod rpc;

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::access::token::AccessToken;
use crate::access::{self, Actor, Attempt, Client, Cookie, CookieName};
use crate::app::App;
use crate::audit;
use crate::entity::album::Model as Album;
use crate::entity::audit_event::Kind;
use crate::entity::shared_link::{self, Column, Model as SharedLink};
use crate::error::{Error, Result, log};
use crate::id::{SharedLinkId, VisitorId};
use crate::time::Micros;

/// A link that a guest has opened.
#[derive(Debug)]
pub struct Opened {
    /// The link.
    pub link: SharedLink,
    /// The album that it shows.
    pub album: Album,
    /// The guest's token.
    pub token: AccessToken,
}

impl Opened {
    /// The cookie in which a browser keeps the token.
    #[must_use]
    pub fn cookie(&self, now: Micros) -> Cookie {
        let rest = u64::try_from(self.token.expire_time.0 - now.0).unwrap_or(0);
        Cookie {
            name: CookieName::Link(self.link.id),
            value: self.token.token.clone(),
            max_age: std::time::Duration::from_micros(rest),
        }
    }
}

/// Opens a link as a guest. An unknown, an expired and a revoked link fail alike.
///
/// A client that opened the link before, and still holds its cookie, needs no password and stays
/// the guest that it was. Guesses at addresses and passwords are counted; `TOO_MANY_ATTEMPTS` puts
/// them off.
pub async fn open(app: &App, client: &Client, key_or_slug: &str, password: &str) -> Result<Opened> {
    let (link, album) = find(app, client, key_or_slug).await?;
    let visitor = access::visitor_of(app, client, &link).await;
    if let Some(hash) = &link.password_hash
        && visitor.is_none()
    {
        if password.is_empty() {
            return Err(Error::LinkPasswordRequired);
        }
        verify(app, client, &link, password, hash).await?;
        // Whatever becomes of the hash, the password was right.
        if let Err(error) = renew_hash(app, link.id, password, hash).await {
            log(&error);
        }
    }
    count(app, &link, visitor.is_none()).await?;
    let visitor = visitor.unwrap_or_else(VisitorId::generate);
    let tokens = access::tokens(app).await?;
    let token = tokens.for_guest(&link, visitor, app.now(), app.config.link_session_ttl)?;
    Ok(Opened { link, album, token })
}

/// Counts that a link was opened. Fails if it was revoked meanwhile.
async fn count(app: &App, link: &SharedLink, is_new_visitor: bool) -> Result<()> {
    let (id, now) = (link.id, app.now());
    let counted = app.transact(move |transaction| async move {
        let count = |column| Expr::col(column).add(1_i64);
        let mut update = shared_link::Entity::update_many()
            .col_expr(Column::OpenCount, count(Column::OpenCount))
            .col_expr(Column::LastUseTime, now.0.into())
            .filter(Column::Id.eq(id))
            .filter(Column::DeleteTime.is_null());
        if is_new_visitor {
            update = update.col_expr(Column::VisitorCount, count(Column::VisitorCount));
        }
        Ok(update.exec(&*transaction).await?.rows_affected)
    });
    if counted.await? > 0 { Ok(()) } else { Err(Error::not_found("shared_link", "")) }
}

/// What a link shows, for a guest who has opened it or a user who sees it. Without an id, the one
/// that the guest has opened.
pub async fn get_opened(
    app: &App,
    actor: &Actor,
    id: Option<SharedLinkId>,
) -> Result<(SharedLink, Album)> {
    let id = match (id, actor.links()) {
        (Some(id), _) => id,
        (None, [link]) => link.link_id,
        (None, _) => {
            let rule = "must be set, unless a guest has opened one link only";
            return Err(Error::invalid("shared_link_id", rule));
        }
    };
    let (link, album) = access::opened_link(app.database.reader(), actor, id).await?;
    Ok((link, album.into_row()))
}

/// Finds a link by its address. One that does not open is counted by the same transaction, so that
/// guesses at the same time count too.
pub(super) async fn find(
    app: &App,
    client: &Client,
    key_or_slug: &str,
) -> Result<(SharedLink, Album)> {
    let attempt = Attempt::at_addresses(app, client.network);
    let (app_, key_or_slug) = (app.clone(), key_or_slug.to_owned());
    app.transact(move |transaction| async move {
        let now = app_.now();
        attempt.check(&transaction, now).await?;
        let found = access::link_by_address(&*transaction, &key_or_slug, now).await;
        if let Err(Error::NotFound(_)) = found {
            attempt.count(&transaction, now).await?;
        }
        // Committed either way: what failed is the guess, not the count.
        Ok(found)
    })
    .await?
}

/// The attempt is counted before the slow hash, and taken back if it was right.
async fn verify(
    app: &App,
    client: &Client,
    link: &SharedLink,
    password: &str,
    hash: &str,
) -> Result<()> {
    let attempt = Attempt::at_link(app, link.id, client.network);
    let (app_, attempt_) = (app.clone(), attempt.clone());
    app.transact(move |transaction| async move { attempt_.count(&transaction, app_.now()).await })
        .await?;
    let verified = app.passwords.verify(password, Some(hash)).await;
    let (app_, network, id) = (app.clone(), client.network, link.id);
    app.transact(move |transaction| async move {
        match verified {
            Ok(true) => attempt.forgive(&transaction, app_.now()).await.map(Ok),
            Ok(false) => {
                let kind = Kind::LinkOpenFailed;
                audit::record_from(&app_, &transaction, network, None, kind, id).await?;
                Ok(Err(Error::LinkPasswordWrong))
            }
            // Nobody guessed anything: the server was too busy.
            Err(error) => {
                attempt.take_back(&transaction, app_.now()).await?;
                Ok(Err(error))
            }
        }
    })
    .await?
}

/// Stores a password's hash with the parameters of the settings, if it has others.
async fn renew_hash(app: &App, id: SharedLinkId, password: &str, hash: &str) -> Result<()> {
    let Some(renewed) = app.passwords.renew(password, hash).await? else { return Ok(()) };
    let store = shared_link::Entity::update_many()
        .col_expr(shared_link::Column::PasswordHash, renewed.into())
        .filter(shared_link::Column::Id.eq(id))
        // Unless it was changed meanwhile.
        .filter(shared_link::Column::PasswordHash.eq(hash));
    app.transact(move |transaction| async move {
        store.exec(&*transaction).await?;
        Ok(())
    })
    .await
}
