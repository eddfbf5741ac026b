//! Streams that end when the right to them does.

use std::pin::Pin;

use futures::stream::{Stream, StreamExt as _, try_unfold};

use super::credential::reauthenticate;
use super::{Actor, Interest};
use crate::app::App;
use crate::error::Result;

/// Ends a stream with an error at its next item once `actor` has lost the right to it.
///
/// `check` is the access check that the stream began with. It runs again, on the actor as they are
/// then, when something was revoked that may concern them, and when their credential ends by
/// itself. Between that an item costs no query: thousands may watch one album. Of a stream that the
/// caller sends, what arrives once the right is lost is not taken.
pub fn guard<T, S, C, F>(
    app: App,
    actor: Actor,
    interest: Interest,
    stream: S,
    check: C,
) -> impl Stream<Item = Result<T>> + Send
where
    T: Send,
    S: Stream<Item = Result<T>> + Send + 'static,
    C: Fn(App, Actor) -> F + Send + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let stream: Pin<Box<dyn Stream<Item = Result<T>> + Send>> = Box::pin(stream);
    // Nothing seen yet: what was revoked since the stream was granted counts too.
    let state = (stream, app, actor, check, None);
    try_unfold(state, move |(mut stream, app, mut actor, check, mut seen)| async move {
        // The item first: it may have taken long to come.
        let Some(item) = stream.next().await.transpose()? else { return Ok(None) };
        let count = app.revocations.count();
        let is_touched =
            seen.is_none_or(|seen| seen != count && app.revocations.touch(seen, &actor, interest));
        seen = Some(count);
        if is_touched || actor.expire_time().is_some_and(|end| end <= app.now()) {
            actor = reauthenticate(&app, &actor).await?;
            check(app.clone(), actor.clone()).await?;
        }
        Ok(Some((item, (stream, app, actor, check, seen))))
    })
}
