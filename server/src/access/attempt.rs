//! How often somebody may guess.
//!
//! An attempt is counted before anything slow is done for it, in a transaction of its own, and
//! given back if it was right or was not made after all. So attempts that run at the same time count, on any number of
//! servers, and nobody is locked out for good: the next attempt is only put off, by 1, 2, 4 … 900
//! seconds.

use std::time::Duration;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, Set,
};

use super::{Network, lock};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::attempt::{self, Column, Model as Row};
use crate::entity::user;
use crate::error::{Error, Result};
use crate::id::SharedLinkId;
use crate::time::Micros;

/// How long attempts are remembered.
const MEMORY: Duration = Duration::from_secs(3600);
/// How many wrong attempts one network has for one account or link before it must wait.
const FREE_FOR_ONE: i32 = 5;
/// How many wrong attempts an hour an account, a link or a network has before all must wait.
const FREE_FOR_ALL: i32 = 100;
/// The longest that anybody waits.
const LONGEST_WAIT: Duration = Duration::from_secs(900);

/// A guess at a secret.
#[derive(Debug, Clone)]
pub struct Attempt(Vec<Counter>);

/// One number that an attempt adds to.
#[derive(Debug, Clone)]
struct Counter {
    key: Vec<u8>,
    scope: Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// What one network guesses at one secret; forgotten an hour after the last attempt.
    One,
    /// What all guess at one secret, or one network at all of them; begins anew every hour.
    All,
}

impl Attempt {
    /// At the password of an account, whether there is one or not.
    #[must_use]
    pub fn at_account(app: &App, email: &str, network: Network) -> Self {
        Self::at(app, b"account", user::fold(email).as_bytes(), network)
    }

    /// At the password of a link.
    #[must_use]
    pub fn at_link(app: &App, id: SharedLinkId, network: Network) -> Self {
        Self::at(app, b"link", id.as_bytes(), network)
    }

    /// At the address of a link.
    #[must_use]
    pub fn at_addresses(app: &App, network: Network) -> Self {
        Self(vec![by_network(app, network)])
    }

    fn at(app: &App, kind: &[u8], secret: &[u8], network: Network) -> Self {
        let from = network.address().to_string();
        let key = |parts: &[&[u8]]| app.keys.attempt_key(parts);
        let mut counters = vec![
            Counter { key: key(&[kind, secret, from.as_bytes()]), scope: Scope::One },
            Counter { key: key(&[kind, secret]), scope: Scope::All },
            by_network(app, network),
        ];
        // All who lock several rows lock them in the same order.
        counters.sort_by(|one, other| one.key.cmp(&other.key));
        Self(counters)
    }

    /// Fails with `TOO_MANY_ATTEMPTS` if it is too early for another one.
    pub async fn check(&self, transaction: &Transaction, now: Micros) -> Result<()> {
        let keys = self.0.iter().map(|counter| counter.key.clone());
        let rows = attempt::Entity::find().filter(Column::Key.is_in(keys));
        let rows = rows.all(&**transaction).await?;
        let waits = rows.iter().filter_map(|row| {
            let counter = self.0.iter().find(|counter| counter.key == row.key)?;
            Some(counter.wait(row, now))
        });
        match waits.max() {
            Some(wait) if wait > Duration::ZERO => Err(Error::TooManyAttempts(wait)),
            _ => Ok(()),
        }
    }

    /// Counts the attempt. Fails with `TOO_MANY_ATTEMPTS`, without counting it, if it is too early
    /// for another one.
    pub async fn count(&self, transaction: &Transaction, now: Micros) -> Result<()> {
        let mut due = Vec::new();
        let mut wait = Duration::ZERO;
        for counter in &self.0 {
            let row = counter.load(transaction, now).await?;
            wait = wait.max(counter.wait(&row, now));
            due.push(row);
        }
        if wait > Duration::ZERO {
            return Err(Error::TooManyAttempts(wait));
        }
        for row in due {
            let count = row.count.saturating_add(1);
            let mut change = row.into_active_model();
            change.count = Set(count);
            change.last_time = Set(now);
            change.reset_all().update(&**transaction).await?;
        }
        Ok(())
    }

    /// Takes a counted attempt back, because it was right: whoever knows the secret is forgiven all
    /// their own mistakes, while those of others still count.
    pub async fn forgive(&self, transaction: &Transaction, now: Micros) -> Result<()> {
        self.lower(
            transaction,
            now,
            |counter, count| {
                if counter.scope == Scope::One { 0 } else { count - 1 }
            },
        )
        .await
    }

    /// Takes a counted attempt back that was not made after all.
    pub async fn take_back(&self, transaction: &Transaction, now: Micros) -> Result<()> {
        self.lower(transaction, now, |_, count| count - 1).await
    }

    async fn lower(
        &self,
        transaction: &Transaction,
        now: Micros,
        lower: impl Fn(&Counter, i32) -> i32 + Send,
    ) -> Result<()> {
        for counter in &self.0 {
            let row = counter.load(transaction, now).await?;
            let count = lower(counter, row.count).max(0);
            let mut change = row.into_active_model();
            change.count = Set(count);
            change.update(&**transaction).await?;
        }
        Ok(())
    }
}

fn by_network(app: &App, network: Network) -> Counter {
    let from = network.address().to_string();
    Counter { key: app.keys.attempt_key(&[b"network", from.as_bytes()]), scope: Scope::All }
}

impl Counter {
    /// The row, locked until the transaction ends. One that is out of date counts from nothing.
    async fn load(&self, transaction: &Transaction, now: Micros) -> Result<Row> {
        let new = Row { key: self.key.clone(), count: 0, first_time: now, last_time: now };
        attempt::Entity::insert(new.clone().into_active_model())
            .on_conflict(OnConflict::column(Column::Key).do_nothing().to_owned())
            .exec_without_returning(&**transaction)
            .await?;
        let find = || attempt::Entity::find_by_id(self.key.clone());
        if let Some(lock) = lock(find(), transaction.get_database_backend()) {
            lock.one(&**transaction).await?;
        }
        let row = find().one(&**transaction).await?.unwrap_or_else(|| new.clone());
        Ok(if self.is_old(&row, now) { new } else { row })
    }

    /// Whether a row counts no more. A clock that was set back must not make anybody wait for it.
    fn is_old(&self, row: &Row, now: Micros) -> bool {
        let since = match self.scope {
            Scope::One => row.last_time,
            Scope::All => row.first_time,
        };
        since.after(MEMORY) <= now || since > now
    }

    fn wait(&self, row: &Row, now: Micros) -> Duration {
        if self.is_old(row, now) {
            return Duration::ZERO;
        }
        let free = match self.scope {
            Scope::One => FREE_FOR_ONE,
            Scope::All => FREE_FOR_ALL,
        };
        let Ok(over) = u32::try_from(row.count - free) else { return Duration::ZERO };
        let seconds = 1_u64.checked_shl(over).unwrap_or(u64::MAX);
        let pause = Duration::from_secs(seconds).min(LONGEST_WAIT);
        let rest = row.last_time.min(now).after(pause).0 - now.0;
        Duration::from_micros(u64::try_from(rest).unwrap_or(0))
    }
}

/// Forgets attempts that count no more, and returns how many there were.
pub async fn forget_attempts(transaction: &Transaction, now: Micros) -> Result<u64> {
    let old = attempt::Entity::delete_many().filter(Column::LastTime.lte(now.before(MEMORY)));
    Ok(old.exec(&**transaction).await?.rows_affected)
}
