//! The audit log: who did what to accounts, keys, links and members of albums, and from where.
//!
//! An entry is written by the transaction of the change that it tells of, so that neither is there
//! without the other. It holds ids and networks, no names and no addresses of people.

mod rpc;

pub use rpc::Rpc;

use std::fmt::Display;
use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};

use crate::access::{self, Actor, Network};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::audit_event::{self, Column, Kind, Model as AuditEvent};
use crate::error::Result;
use crate::id::{AuditEventId, UserId};
use crate::page::{self, Page, Paged};

/// How many entries one statement writes at most; SQLite's limit of values is 32766.
const MAX_ROWS: usize = 1000;
/// How long entries are kept.
pub const MEMORY: Duration = Duration::from_secs(365 * 86_400);

/// Writes down what a caller did.
pub async fn record(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    kind: Kind,
    subject: impl Display,
) -> Result<()> {
    record_all(app, transaction, actor, kind, [subject]).await
}

/// Writes down what a caller did to many, each by an entry of its own.
pub async fn record_all(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    kind: Kind,
    subjects: impl IntoIterator<Item = impl Display>,
) -> Result<()> {
    let network = match actor {
        Actor::User(user) => Some(user.network),
        Actor::Anonymous | Actor::Guest(_) | Actor::Operator => None,
    };
    let subjects = subjects.into_iter().map(|subject| subject.to_string()).collect();
    insert(app, transaction, actor.user_id(), network, kind, subjects).await
}

/// Writes down what somebody did who is not known to have the right to it, or only now.
pub async fn record_from(
    app: &App,
    transaction: &Transaction,
    network: Network,
    user: Option<UserId>,
    kind: Kind,
    subject: impl Display,
) -> Result<()> {
    insert(app, transaction, user, Some(network), kind, vec![subject.to_string()]).await
}

async fn insert(
    app: &App,
    transaction: &Transaction,
    actor_id: Option<UserId>,
    network: Option<Network>,
    kind: Kind,
    subjects: Vec<String>,
) -> Result<()> {
    let network = network.map(|network| network.address().to_string()).unwrap_or_default();
    for subjects in subjects.chunks(MAX_ROWS) {
        let events = subjects.iter().map(|subject| audit_event::ActiveModel {
            id: Set(AuditEventId::generate()),
            kind: Set(kind),
            actor_id: Set(actor_id),
            subject: Set(subject.clone()),
            network: Set(network.clone()),
            create_time: Set(app.now()),
        });
        audit_event::Entity::insert_many(events).exec_without_returning(&**transaction).await?;
    }
    Ok(())
}

/// Which entries to list.
#[derive(Debug)]
pub struct Filter {
    /// Only what this user did.
    pub actor_id: Option<UserId>,
    /// Only entries of this kind.
    pub kind: Option<Kind>,
}

/// A page of the log, latest first. For administrators.
pub async fn list(app: &App, filter: &Filter, page: &Page) -> Result<Paged<AuditEvent>> {
    let sort = Expr::col((audit_event::Entity, Column::CreateTime));
    let id = Expr::col((audit_event::Entity, Column::Id));
    let mut find = access::audit_events()
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(actor_id) = filter.actor_id {
        find = find.filter(Column::ActorId.eq(actor_id));
    }
    if let Some(kind) = filter.kind {
        find = find.filter(Column::Kind.eq(kind));
    }
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    let rows = find.all(app.database.reader()).await?;
    Ok(page.paged(rows, |event| page::Key {
        number: event.create_time.0,
        text: String::new(),
        id: event.id.as_bytes().to_vec(),
    }))
}

/// Forgets entries that are older than [`MEMORY`].
pub async fn forget(app: &App) -> Result<u64> {
    let before = app.now().before(MEMORY);
    app.transact(move |transaction| async move {
        let old = audit_event::Entity::delete_many().filter(Column::CreateTime.lt(before));
        Ok(old.exec(&*transaction).await?.rows_affected)
    })
    .await
}
