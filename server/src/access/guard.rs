//! Streams that end when the right to them does.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::stream::{Stream, StreamExt as _, try_unfold};
use tokio::time::Instant;

use super::Actor;
use super::credential::reauthenticate;
use crate::app::App;
use crate::error::Result;

/// How long a stream goes on at most after a revocation on another server.
const INTERVAL: Duration = Duration::from_secs(2);

/// Counts what revokes rights on this server, so that open streams notice at their next chunk.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Arc<AtomicU64>);

impl Revocations {
    /// Makes every open stream look again. Called after the revoking transaction.
    pub fn announce(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Ends a stream with an error at its next item once `actor` has lost the right to it.
///
/// `check` is the access check that the stream began with. It runs again, on the actor as they are
/// then, when something was revoked on this server, and every two seconds for other servers.
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
    let mut looked = Instant::now();
    let stream: Pin<Box<dyn Stream<Item = Result<T>> + Send>> = Box::pin(stream);
    try_unfold((stream, app, actor, check), move |(mut stream, app, actor, check)| {
        let count = app.revocations.count();
        let is_due = count != seen || looked.elapsed() >= INTERVAL;
        if is_due {
            (seen, looked) = (count, Instant::now());
        }
        async move {
            if is_due {
                let actor = reauthenticate(&app, &actor).await?;
                check(app.clone(), actor).await?;
            }
            let item = stream.next().await.transpose()?;
            Ok(item.map(|item| (item, (stream, app, actor, check))))
        }
    })
}
