//! What happens in albums, as those who watch them hear of it.
//!
//! An event is written by the transaction of the change, under the album's lock, with the next
//! number of the album: nobody sees a number before those below it. Who watches an album reads the
//! past from the table; what comes later is read once on each server and handed to all.

mod follow;
mod hub;
mod link_use;
mod sweep;

use prost::Message as _;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, Set,
};

pub use follow::follow;
pub use hub::{Entry, Hub, Subscription, WatchedActivity};
pub use link_use::{LinkUses, write_link_uses};
pub use sweep::Sweep;

use crate::access::{self, Subject};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::{album, album_event};
use crate::error::{Error, Result};
use crate::id::{ActivityId, AlbumId, AssetId, UserId};

/// The channel on which PostgreSQL tells all servers what happened.
const CHANNEL: &str = "albumen";
/// What is said of a revocation.
const REVOKED: &str = "revoked";
/// What is said of an album, before its id.
const ALBUM: &str = "album ";

/// What happened in an album.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Assets show that did not.
    AssetsAdded(Vec<AssetId>),
    /// Assets show no more.
    AssetsRemoved(Vec<AssetId>),
    /// Assets changed, or moved within the album. None: too many to name.
    AssetsChanged(Vec<AssetId>),
    /// The album's own properties changed.
    AlbumUpdated,
    /// Users became members.
    MembersAdded(Vec<UserId>),
    /// Members got another role.
    MembersUpdated(Vec<UserId>),
    /// Users are members no more.
    MembersRemoved(Vec<UserId>),
    /// A comment or like was written.
    ActivityAdded(ActivityId),
    /// A comment or like was taken back.
    ActivityRemoved(ActivityId),
}

/// An event as its row holds it.
#[derive(Clone, PartialEq, prost::Message)]
struct Payload {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(bytes = "vec", repeated, tag = "2")]
    ids: Vec<Vec<u8>>,
}

impl Event {
    fn encode(&self) -> Vec<u8> {
        fn all<T>(ids: &[T], bytes: impl Fn(&T) -> &[u8; 16]) -> Vec<Vec<u8>> {
            ids.iter().map(|id| bytes(id).to_vec()).collect()
        }
        let (kind, ids) = match self {
            Self::AssetsAdded(ids) => (1, all(ids, AssetId::as_bytes)),
            Self::AssetsRemoved(ids) => (2, all(ids, AssetId::as_bytes)),
            Self::AssetsChanged(ids) => (3, all(ids, AssetId::as_bytes)),
            Self::AlbumUpdated => (4, Vec::new()),
            Self::MembersAdded(ids) => (5, all(ids, UserId::as_bytes)),
            Self::MembersUpdated(ids) => (6, all(ids, UserId::as_bytes)),
            Self::MembersRemoved(ids) => (7, all(ids, UserId::as_bytes)),
            Self::ActivityAdded(id) => (8, all(&[*id], ActivityId::as_bytes)),
            Self::ActivityRemoved(id) => (9, all(&[*id], ActivityId::as_bytes)),
        };
        Payload { kind, ids }.encode_to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let Payload { kind, ids } = Payload::decode(bytes).map_err(Error::internal)?;
        let ids: Option<Vec<[u8; 16]>> = ids.into_iter().map(|id| id.try_into().ok()).collect();
        let ids = ids.ok_or_else(|| Error::internal("an event with a broken id"))?;
        let assets = || ids.iter().copied().map(AssetId::from_bytes).collect();
        let users = || ids.iter().copied().map(UserId::from_bytes).collect();
        let activity = || ids.first().copied().map(ActivityId::from_bytes);
        let event = match kind {
            1 => Some(Self::AssetsAdded(assets())),
            2 => Some(Self::AssetsRemoved(assets())),
            3 => Some(Self::AssetsChanged(assets())),
            4 => Some(Self::AlbumUpdated),
            5 => Some(Self::MembersAdded(users())),
            6 => Some(Self::MembersUpdated(users())),
            7 => Some(Self::MembersRemoved(users())),
            8 => activity().map(Self::ActivityAdded),
            9 => activity().map(Self::ActivityRemoved),
            _ => None,
        };
        event.ok_or_else(|| Error::internal(format!("an event of the unknown kind {kind}")))
    }
}

/// Writes an event of an album whose lock the transaction holds. Those who watch hear of it once
/// the transaction is committed.
pub async fn record(
    app: &App,
    transaction: &Transaction,
    album_id: AlbumId,
    event: &Event,
) -> Result<()> {
    let sequence = album::Entity::update_many()
        .col_expr(album::Column::EventSequence, Expr::col(album::Column::EventSequence).add(1))
        .filter(album::Column::Id.eq(album_id))
        .exec_with_returning(&**transaction)
        .await?
        .first()
        .map(|album| album.event_sequence);
    let sequence = sequence.ok_or_else(|| Error::not_found("album", album_id))?;
    let row = album_event::ActiveModel {
        album_id: Set(album_id),
        sequence: Set(sequence),
        payload: Set(event.encode()),
        create_time: Set(app.now()),
    };
    album_event::Entity::insert(row).exec_without_returning(&**transaction).await?;
    notify(transaction, &format!("{ALBUM}{album_id}")).await?;
    let app = app.clone();
    transaction.after_commit(move || app.events.wake(album_id));
    Ok(())
}

/// Notes that rights were taken away, nobody knows whose.
pub async fn revoke(app: &App, transaction: &Transaction) -> Result<()> {
    revoke_from(app, transaction, Subject::Everybody).await
}

/// Notes that rights were taken away: the open streams of those concerned look again whether they
/// may go on, on this server once the transaction is committed, on others within two seconds.
pub async fn revoke_from(app: &App, transaction: &Transaction, subject: Subject) -> Result<()> {
    app.revocations.record(app.now(), transaction, subject).await?;
    notify(transaction, REVOKED).await
}

/// Tells other servers, where the database can.
async fn notify(transaction: &Transaction, what: &str) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let notify = Func::cust("pg_notify").args([Expr::val(CHANNEL), Expr::val(what)]);
        transaction.execute(&Query::select().expr(notify).take()).await?;
    }
    Ok(())
}

/// The events of an album behind a number, in their order.
pub async fn after(
    app: &App,
    album_id: AlbumId,
    sequence: i64,
    limit: u64,
) -> Result<Vec<(i64, Event)>> {
    let rows = access::album_events(app.database.reader(), album_id, sequence, limit).await?;
    rows.into_iter().map(|row| Ok((row.sequence, Event::decode(&row.payload)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_being_stored() {
        let (asset, user, activity) =
            (AssetId::generate(), UserId::generate(), ActivityId::generate());
        for event in [
            Event::AssetsAdded(vec![asset]),
            Event::AssetsRemoved(vec![asset, AssetId::generate()]),
            Event::AssetsChanged(vec![]),
            Event::AlbumUpdated,
            Event::MembersAdded(vec![user]),
            Event::MembersUpdated(vec![user]),
            Event::MembersRemoved(vec![user]),
            Event::ActivityAdded(activity),
            Event::ActivityRemoved(activity),
        ] {
            assert_eq!(Event::decode(&event.encode()).unwrap(), event);
        }
    }
}
