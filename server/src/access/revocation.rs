//! What was revoked, for open streams to notice.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::{EntityTrait as _, Set};
use tokio::sync::watch;

use super::Actor;
use crate::database::Transaction;
use crate::entity::revocation;
use crate::error::Result;
use crate::id::{AlbumId, RevocationId, SharedLinkId, UserId};
use crate::time::Micros;

/// How many revocations are remembered; streams that were busy for longer look again anyway.
const MEMORY: usize = 1024;

/// Who or what lost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Anybody may have.
    Everybody,
    /// A user, who was signed out, or lost their place in an album.
    User(UserId),
    /// The guests of a link.
    Link(SharedLinkId),
    /// All who see an album.
    Album(AlbumId),
    /// Those who download assets that are withdrawn now.
    Assets,
}

impl Subject {
    /// The subject that a row holds. What a newer version may have written is everybody's.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let subject = match text.split_once(' ') {
            Some(("user", id)) => UserId::parse(id).map(Self::User),
            Some(("link", id)) => SharedLinkId::parse(id).map(Self::Link),
            Some(("album", id)) => AlbumId::parse(id).map(Self::Album),
            None if text == "assets" => Some(Self::Assets),
            _ => None,
        };
        subject.unwrap_or(Self::Everybody)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::User(id) => write!(f, "user {id}"),
            Self::Link(id) => write!(f, "link {id}"),
            Self::Album(id) => write!(f, "album {id}"),
            Self::Assets => f.write_str("assets"),
        }
    }
}

/// What an open stream shows.
#[derive(Debug, Clone, Copy)]
pub enum Interest {
    /// Bytes of assets.
    Bytes,
    /// What happens in an album.
    Album(AlbumId),
    /// What is the caller's own, as long as they may call.
    Own,
}

impl Interest {
    /// Whether a revocation may have ended the right of somebody to a stream.
    fn is_touched(self, actor: &Actor, subject: Subject) -> bool {
        match (subject, self) {
            (Subject::Everybody, _) | (Subject::Album(_) | Subject::Assets, Self::Bytes) => true,
            (Subject::User(id), _) => actor.user_id() == Some(id),
            (Subject::Link(id), _) => actor.links().iter().any(|link| link.link_id == id),
            (Subject::Album(id), Self::Album(own)) => id == own,
            (Subject::Assets, Self::Album(_))
            | (Subject::Album(_) | Subject::Assets, Self::Own) => false,
        }
    }
}

/// The revocations of late. A row for each tells the other servers on the same database.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    count: AtomicU64,
    log: Mutex<Log>,
    changes: watch::Sender<()>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { count: AtomicU64::default(), log: Mutex::default(), changes: watch::Sender::new(()) }
    }
}

#[derive(Debug, Default)]
struct Log {
    /// The last ones, the latest at the end.
    subjects: VecDeque<Subject>,
    /// The rows that are taken in, as far as they are recent.
    rows: HashSet<RevocationId>,
}

impl Revocations {
    /// Makes open streams look again once the transaction is committed.
    pub async fn record(
        &self,
        now: Micros,
        transaction: &Transaction,
        subject: Subject,
    ) -> Result<()> {
        let id = RevocationId::generate();
        let row = revocation::ActiveModel {
            id: Set(id),
            subject: Set(subject.to_string()),
            create_time: Set(now),
        };
        revocation::Entity::insert(row).exec_without_returning(&**transaction).await?;
        let this = self.clone();
        transaction.after_commit(move || {
            let mut log = this.log();
            log.rows.insert(id);
            this.announce(log, [subject]);
        });
        Ok(())
    }

    /// Takes in what was revoked lately on all servers.
    pub fn notice(&self, recent: &[(RevocationId, Subject)]) {
        let mut log = self.log();
        // A row of this server's that was committed while the others were read stays out of the
        // set, and is taken in a second time: the streams look once too often.
        let new: Vec<_> = recent.iter().filter(|(id, _)| !log.rows.contains(id)).collect();
        let subjects: Vec<_> = new.into_iter().map(|(_, subject)| *subject).collect();
        log.rows = recent.iter().map(|(id, _)| *id).collect();
        if !subjects.is_empty() {
            self.announce(log, subjects);
        }
    }

    fn announce(&self, mut log: MutexGuard<'_, Log>, new: impl IntoIterator<Item = Subject>) {
        for subject in new {
            log.subjects.push_back(subject);
            self.0.count.fetch_add(1, Ordering::Release);
        }
        while log.subjects.len() > MEMORY {
            log.subjects.pop_front();
        }
        drop(log);
        self.0.changes.send_replace(());
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Acquire)
    }

    /// Whether one behind the first `seen` may have ended the right of somebody to a stream.
    #[must_use]
    pub fn touch(&self, seen: u64, actor: &Actor, interest: Interest) -> bool {
        let log = self.log();
        let missed = self.count().wrapping_sub(seen);
        let missed = usize::try_from(missed).unwrap_or(usize::MAX);
        missed > log.subjects.len()
            || log.subjects.iter().rev().take(missed).any(|it| interest.is_touched(actor, *it))
    }

    /// Ends whenever something was revoked.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_survive_being_stored() {
        for subject in [
            Subject::Everybody,
            Subject::User(UserId::generate()),
            Subject::Link(SharedLinkId::generate()),
            Subject::Album(AlbumId::generate()),
            Subject::Assets,
        ] {
            assert_eq!(Subject::parse(&subject.to_string()), subject);
        }
        assert_eq!(Subject::parse("planet 7"), Subject::Everybody);
    }
}
