//! Handing what happens in an album to all who watch it, for one query each time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell, broadcast};

use super::{Event, after};
use crate::access;
use crate::app::App;
use crate::entity::{activity, user};
use crate::error::Result;
use crate::id::AlbumId;

/// How many events one who watches may be behind before they are told to resume.
const CAPACITY: usize = 256;
/// How many events are read at once.
const BATCH: u64 = 256;
/// How long a failed read is put off.
const PAUSE: Duration = Duration::from_secs(1);

/// An event with what those who watch need to know of it.
#[derive(Debug)]
pub struct Entry {
    /// The number of the event among the album's.
    pub sequence: i64,
    /// What happened.
    pub event: Event,
    /// The comment or like that was written, unless it is gone by now.
    pub activity: Option<WatchedActivity>,
}

/// A comment or like, with the account of its author unless that is a guest.
pub type WatchedActivity = (activity::Model, Option<user::Model>);

/// The albums that somebody watches on this server. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    channels: Mutex<HashMap<AlbumId, Arc<Channel>>>,
    reads: AtomicU64,
}

#[derive(Debug)]
struct Channel {
    sender: broadcast::Sender<Arc<Entry>>,
    wake: Notify,
    /// Behind which event this server began to read.
    start: OnceCell<i64>,
}

/// What happens in an album from now on.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<Entry>>,
    /// Kept: the channel lasts as long as somebody listens.
    _channel: Arc<Channel>,
}

impl Subscription {
    /// The next event; `None` if too many were missed, and then only reading the table helps.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        self.receiver.recv().await.ok()
    }
}

impl Hub {
    /// Says that an album has events which nobody here may have read.
    pub fn wake(&self, album_id: AlbumId) {
        if let Some(channel) = self.channels().get(&album_id) {
            channel.wake.notify_one();
        }
    }

    /// The same for all albums that somebody watches.
    pub fn wake_all(&self) {
        self.channels().values().for_each(|channel| channel.wake.notify_one());
    }

    /// Listens to an album. Every event that is not in the table when this returns will come.
    pub async fn subscribe(&self, app: &App, album_id: AlbumId) -> Result<Subscription> {
        // Listening begins under the lock under which a channel without listeners is closed.
        let (channel, receiver, is_new) = {
            let mut channels = self.channels();
            let is_new = !channels.contains_key(&album_id);
            let channel = channels.entry(album_id).or_insert_with(|| {
                let sender = broadcast::Sender::new(CAPACITY);
                Arc::new(Channel { sender, wake: Notify::new(), start: OnceCell::new() })
            });
            (Arc::clone(channel), channel.sender.subscribe(), is_new)
        };
        if is_new {
            start(pump(app.clone(), self.clone(), album_id, Arc::clone(&channel)));
        }
        channel.begin(app, album_id).await?;
        Ok(Subscription { receiver, _channel: channel })
    }

    /// How often events were read for all who watch an album: once each time that something
    /// happens, however many they are.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::Relaxed)
    }

    /// Whether a channel without listeners was closed.
    fn close(&self, album_id: AlbumId, channel: &Channel) -> bool {
        let mut channels = self.channels();
        let is_unheard = channel.sender.receiver_count() == 0;
        if is_unheard {
            channels.remove(&album_id);
        }
        is_unheard
    }

    fn channels(&self) -> std::sync::MutexGuard<'_, HashMap<AlbumId, Arc<Channel>>> {
        self.0.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel {
    async fn begin(&self, app: &App, album_id: AlbumId) -> Result<i64> {
        let last = || access::last_event(app.database.reader(), album_id);
        self.start.get_or_try_init(last).await.copied()
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing is lost if shutdown forgets it")]
fn start(pump: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(pump);
}

/// Reads the events of an album as they come, until nobody listens.
async fn pump(app: App, hub: Hub, album_id: AlbumId, channel: Arc<Channel>) {
    let mut last = None;
    loop {
        // The wait also ends by itself, to look whether anybody is still there.
        tokio::time::timeout(PAUSE * 10, channel.wake.notified()).await.ok();
        if hub.close(album_id, &channel) {
            return;
        }
        while let Err(error) = forward(&app, album_id, &channel, &mut last).await {
            crate::error::log(&error);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn forward(
    app: &App,
    album_id: AlbumId,
    channel: &Channel,
    last: &mut Option<i64>,
) -> Result<()> {
    let mut position = match *last {
        Some(last) => last,
        None => channel.begin(app, album_id).await?,
    };
    *last = Some(position);
    loop {
        let events = after(app, album_id, position, BATCH).await?;
        app.events.0.reads.fetch_add(1, Ordering::Relaxed);
        let is_all = (events.len() as u64) < BATCH;
        for (sequence, event) in events {
            let entry = entry(app, album_id, sequence, event).await?;
            // Nobody may be listening any more; the next wake finds out.
            channel.sender.send(Arc::new(entry)).ok();
            position = sequence;
            *last = Some(position);
        }
        if is_all {
            return Ok(());
        }
    }
}

/// Looks up what an event was about.
async fn entry(app: &App, album_id: AlbumId, sequence: i64, event: Event) -> Result<Entry> {
    let activity = match &event {
        Event::ActivityAdded(id) => {
            access::watched_activity(app.database.reader(), album_id, *id).await?
        }
        Event::AssetsAdded(_)
        | Event::AssetsRemoved(_)
        | Event::AssetsChanged(_)
        | Event::AlbumUpdated
        | Event::MembersAdded(_)
        | Event::MembersUpdated(_)
        | Event::MembersRemoved(_)
        | Event::ActivityRemoved(_) => None,
    };
    Ok(Entry { sequence, event, activity })
}

impl App {
    /// The events of an album behind a number, `limit` at most, with what they were about.
    pub async fn past_events(
        &self,
        album_id: AlbumId,
        sequence: i64,
        limit: u64,
    ) -> Result<Vec<Arc<Entry>>> {
        let mut entries = Vec::new();
        for (sequence, event) in after(self, album_id, sequence, limit).await? {
            entries.push(Arc::new(entry(self, album_id, sequence, event).await?));
        }
        Ok(entries)
    }
}
