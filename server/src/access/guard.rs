//! Streams that end when the right to them does.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Actor;
use super::credential::reauthenticate;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::revocation;
use crate::error::Result;
use crate::id::RevocationId;
use crate::time::Micros;
use futures::stream::{Stream, StreamExt as _, try_unfold};
use sea_orm::{EntityTrait as _, Set};

/// Counts what revokes rights, so that open streams notice at their next item. A row for each tells
/// the other servers on the same database.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    count: AtomicU64,
    recent: Mutex<HashSet<RevocationId>>,
}

impl Revocations {
    /// Makes every open stream look again once the transaction is committed.
    pub async fn record(&self, now: Micros, transaction: &Transaction) -> Result<()> {
        let id = RevocationId::generate();
        let row = revocation::ActiveModel { id: Set(id), create_time: Set(now) };
        revocation::Entity::insert(row).exec_without_returning(&**transaction).await?;
        let this = self.clone();
        transaction.after_commit(move || {
            this.0.recent.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
            this.announce();
        });
        Ok(())
    }

    /// Takes in what was revoked lately on all servers.
    pub fn notice(&self, all: Vec<RevocationId>) {
        let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let has_new = all.iter().any(|id| !recent.contains(id));
        // What was committed here since the rows were read comes with the next ones.
        recent.retain(|id| all.contains(id));
        recent.extend(all);
        if has_new {
            self.announce();
        }
    }

    fn announce(&self) {
        self.0.count.fetch_add(1, Ordering::Release);
    }

    fn count(&self) -> u64 {
        self.0.count.load(Ordering::Acquire)
    }
}

/// Ends a stream with an error at its next item once `actor` has lost the right to it.
///
/// `check` is the access check that the stream began with. It runs again, on the actor as they are
/// then, when something was revoked, and when the actor's credential ends by itself. Between that,
/// an item costs nothing: thousands may watch one album.
pub fn guard<T, S, C, F>(
    app: App,
    actor: Actor,
    stream: S,
    check: C,
) -> impl Stream<Item = Result<T>> + Send
where
    T: Send,
    S: Stream<Item = Result<T>> + Send + 'static,
    C: Fn(App, Actor) -> F + Send + 'static,
    F: Future<Output = Result<()>> + Send,
{
    // One behind: what was revoked since the stream was granted counts too.
    let mut seen = app.revocations.count().wrapping_sub(1);
    let stream: Pin<Box<dyn Stream<Item = Result<T>> + Send>> = Box::pin(stream);
    try_unfold((stream, app, actor, check), move |(mut stream, app, actor, check)| {
        let count = app.revocations.count();
        let is_due = count != seen || actor.expire_time().is_some_and(|end| end <= app.now());
        seen = count;
        async move {
            let mut actor = actor;
            if is_due {
                actor = reauthenticate(&app, &actor).await?;
                check(app.clone(), actor.clone()).await?;
            }
            let item = stream.next().await.transpose()?;
            Ok(item.map(|item| (item, (stream, app, actor, check))))
        }
    })
}

/// [`guard`] for a stream that the caller sends: what arrives once the right is lost is not taken,
/// and the stream ends.
pub fn guard_received<T, S, C, F>(
    app: App,
    actor: Actor,
    stream: S,
    check: C,
) -> impl Stream<Item = Result<T>> + Send
where
    T: Send,
    S: Stream<Item = Result<T>> + Send + 'static,
    C: Fn(App, Actor) -> F + Send + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let seen = app.revocations.count().wrapping_sub(1);
    let stream: Pin<Box<dyn Stream<Item = Result<T>> + Send>> = Box::pin(stream);
    try_unfold(
        (stream, app, actor, check, seen),
        |(mut stream, app, actor, check, seen)| async move {
            let mut actor = actor;
            let Some(item) = stream.next().await.transpose()? else { return Ok(None) };
            let count = app.revocations.count();
            if count != seen || actor.expire_time().is_some_and(|end| end <= app.now()) {
                actor = reauthenticate(&app, &actor).await?;
                check(app.clone(), actor.clone()).await?;
            }
            Ok(Some((item, (stream, app, actor, check, count))))
        },
    )
}
