//! Passwords: argon2id, off the async threads, a few at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Passwords of eight characters and more that attackers try first, one a line, in order.
const COMMON: &str = include_str!("common_passwords.txt");

/// How many callers may wait for their turn; more are told to come back.
const MAX_WAITING: usize = 32;

/// Refuses a new password that is among the most common ones, in any case, naming its field.
pub fn check_common(field: &str, password: &str) -> Result<()> {
    let folded = password.to_lowercase();
    if COMMON.lines().any(|common| common == folded) {
        return Err(Error::invalid(field, "must not be one of the most common passwords"));
    }
    Ok(())
}

/// Hashes and verifies passwords. Cheap to clone; clones share their limits.
///
/// The parameters are argon2id's defaults in the crate and OWASP's minimum: 19 MiB, two passes,
/// one lane, about 20 ms of one core.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// The hash of nothing anybody can type, verified where there is no account.
    dummy: Arc<str>,
}

impl Passwords {
    /// Allows `max(1, cores / 2)` hashes at once.
    pub fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let nobody: [u8; 32] = crate::keys::random()?;
        Ok(Self {
            turns: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: Arc::default(),
            dummy: hash(&nobody)?.into(),
        })
    }

    /// Hashes a password, in PHC form. Fails with `BUSY` if too many wait.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.turn(move || hash(password.as_bytes())).await
    }

    /// Whether a password has this hash. Without a hash the answer is no, after the same work.
    /// Fails with `BUSY` if too many wait.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let password = password.to_owned();
        let is_known = hash.is_some();
        let hash = hash.unwrap_or(&self.dummy).to_owned();
        let is_right = self
            .turn(move || {
                Ok(Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok())
            })
            .await?;
        Ok(is_right && is_known)
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _waiting = Waiting::enter(&self.waiting)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::internal)?;
        // The permit moves along: a caller who leaves does not free the core that still works.
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        work.await.map_err(Error::internal)?
    }
}

/// A place among those who wait; left when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self> {
        let place = Self(count);
        let before = count.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("albumen_password_hashes").increment(1);
        if before >= MAX_WAITING { Err(Error::Busy) } else { Ok(place) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("albumen_password_hashes").decrement(1);
    }
}

fn hash(password: &[u8]) -> Result<String> {
    let hash = Argon2::default().hash_password(password).map_err(Error::internal)?;
    Ok(hash.to_string())
}
