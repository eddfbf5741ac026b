//! Watching an album.

mod rpc;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{Stream, try_unfold};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use crate::access::{self, Actor, Interest};
use crate::activities::{self, ActivityView};
use crate::app::App;
use crate::entity::album_member::Role;
use crate::error::{Error, Result};
use crate::events::{Entry, Event, Subscription};
use crate::id::AlbumId;

/// How often a message is sent though nothing happens: proxies close what is silent.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How many events of the past are read at once.
const PAGE: u64 = 256;

/// What somebody who watches an album gets to hear.
#[derive(Debug)]
pub struct Message {
    /// From where a new call goes on.
    pub cursor: String,
    /// What happened; nothing in a heartbeat.
    pub entry: Option<Arc<Entry>>,
    /// The comment or like that was written, as the caller sees it.
    pub activity: Option<ActivityView>,
}

/// Watches an album that the caller may see, from a cursor or from now on.
///
/// The first message is a heartbeat. The stream ends with `WATCH_LAGGED` when the caller is too
/// slow, with `CONFLICT` when their role changes or what they may hear, and with what a new call
/// would get when they lose the right to see the album.
pub async fn watch(
    app: &App,
    actor: &Actor,
    id: AlbumId,
    cursor: &str,
) -> Result<impl Stream<Item = Result<Message>> + Send + use<>> {
    let album = access::album(app.database.reader(), actor, id, Role::Viewer).await?;
    // What the caller may hear does not change under an open stream: a change ends it.
    let reader = access::reader(actor, &album).ok();
    let role = album.role();
    let subscription = app.events.subscribe(app, id).await?;
    // After the subscription: what is later than this will come through it.
    let last = access::last_event(app.database.reader(), id).await?;
    let position = if cursor.is_empty() { last } else { parse(cursor, last)? };
    let mut watcher = Watcher {
        app: app.clone(),
        album_id: id,
        position,
        past: VecDeque::new(),
        is_past_read: false,
        subscription,
        actor: actor.clone(),
        revocations: app.revocations.changes(),
        seen: app.revocations.count(),
        heartbeat: heartbeat(),
    };
    // Here, so that an expired cursor fails the call and not its first message.
    watcher.read_past().await?;
    let is_guest = actor.user_id().is_none();
    let messages = try_unfold((watcher, true), move |(mut watcher, is_first)| async move {
        if is_first {
            return Ok(Some((watcher.beat(), (watcher, false))));
        }
        loop {
            let mut message = watcher.next().await?;
            let is_heard = message.entry.as_ref().is_none_or(|entry| match entry.event {
                Event::AssetsAdded(_)
                | Event::AssetsRemoved(_)
                | Event::AssetsChanged(_)
                | Event::AlbumUpdated => true,
                Event::MembersAdded(_) | Event::MembersUpdated(_) | Event::MembersRemoved(_) => {
                    !is_guest
                }
                Event::ActivityAdded(_) => reader.is_some() && entry.activity.is_some(),
                Event::ActivityRemoved(_) => reader.is_some(),
            });
            if is_heard {
                let written = message.entry.as_ref().and_then(|entry| entry.activity.clone());
                message.activity = written.zip(reader).map(|((activity, user), reader)| {
                    activities::view(&reader, role, activity, user)
                });
                return Ok(Some((message, (watcher, false))));
            }
        }
    });
    let interest = Interest::Album(id);
    Ok(access::guard(
        app.clone(),
        actor.clone(),
        interest,
        messages,
        move |app, actor| async move {
            let album = access::album(app.database.reader(), &actor, id, Role::Viewer).await?;
            let is_same = (album.role(), access::reader(&actor, &album).ok()) == (role, reader);
            // A new call hears what its caller may hear now.
            if is_same { Ok(()) } else { Err(Error::Conflict) }
        },
    ))
}

/// A cursor is the number of the last event that its holder knows.
fn parse(cursor: &str, last: i64) -> Result<i64> {
    let position = cursor.parse().ok().filter(|position| (0..=last).contains(position));
    position.ok_or_else(|| Error::invalid("cursor", "must be one that watching this album gave"))
}

fn heartbeat() -> Interval {
    let mut interval = interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

struct Watcher {
    app: App,
    album_id: AlbumId,
    /// The last event that was handed out.
    position: i64,
    past: VecDeque<Arc<Entry>>,
    is_past_read: bool,
    subscription: Subscription,
    actor: Actor,
    revocations: watch::Receiver<()>,
    /// How many revocations were looked at.
    seen: u64,
    heartbeat: Interval,
}

impl Watcher {
    async fn read_past(&mut self) -> Result<()> {
        let past = self.app.past_events(self.album_id, self.position, PAGE).await?;
        self.is_past_read = past.is_empty();
        if past.first().is_some_and(|entry| entry.sequence != self.position + 1) {
            return Err(Error::CursorExpired);
        }
        self.past = past.into();
        Ok(())
    }

    async fn next(&mut self) -> Result<Message> {
        loop {
            if let Some(entry) = self.past.pop_front() {
                return Ok(self.message(entry));
            }
            if !self.is_past_read {
                self.read_past().await?;
                continue;
            }
            tokio::select! {
                entry = self.subscription.next() => match entry {
                    None => return Err(Error::WatchLagged(self.position.to_string())),
                    Some(entry) if entry.sequence <= self.position => {}
                    Some(entry) if entry.sequence == self.position + 1 => {
                        return Ok(self.message(entry));
                    }
                    // The ones between are in the table.
                    Some(_) => self.is_past_read = false,
                },
                _ = self.heartbeat.tick() => return Ok(self.beat()),
                // So that who lost the right to watch does not stay until something happens.
                _ = self.revocations.changed() => {
                    let count = self.app.revocations.count();
                    let seen = std::mem::replace(&mut self.seen, count);
                    let interest = Interest::Album(self.album_id);
                    if self.app.revocations.touch(seen, &self.actor, interest) {
                        return Ok(self.beat());
                    }
                }
            }
        }
    }

    fn message(&mut self, entry: Arc<Entry>) -> Message {
        self.position = entry.sequence;
        Message { entry: Some(entry), ..self.beat() }
    }

    fn beat(&self) -> Message {
        Message { cursor: self.position.to_string(), entry: None, activity: None }
    }
}
