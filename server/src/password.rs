//! Passwords: argon2id, off the async threads, a few at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::keys;

/// Passwords of eight characters and more that attackers try first, one a line, in order.
const COMMON: &str = include_str!("common_passwords.txt");

const SALT_BYTES: usize = 16;

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

/// Whether one hash is the other or its renewal by [`Passwords::renew`]: of the same password, set
/// at the same time.
#[must_use]
pub fn is_renewal(one: &str, other: &str) -> bool {
    let salt = |hash| PasswordHash::new(hash).ok().and_then(|hash| hash.salt);
    one == other || salt(one).is_some_and(|one| salt(other) == Some(one))
}

/// Hashes and verifies passwords. Cheap to clone; clones share their limits.
///
/// The least parameters of the settings are argon2id's defaults in the crate and OWASP's minimum:
/// 19 MiB, two passes, one lane, about 20 ms of one core.
#[derive(Debug, Clone)]
pub struct Passwords {
    params: Params,
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// The hash of nothing anybody can type, verified where there is no account.
    dummy: Arc<str>,
}

impl Passwords {
    /// Hashes as the settings say, `max(1, cores / 2)` at once.
    pub fn new(config: &Config) -> Result<Self> {
        let kib = u32::try_from(config.password_memory_bytes >> 10).map_err(Error::internal)?;
        let params = Params::new(kib, config.password_iterations, 1, None);
        let params = params.map_err(Error::internal)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let nobody: [u8; 32] = keys::random()?;
        Ok(Self {
            turns: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: Arc::default(),
            dummy: hash(&params, &nobody, &keys::random::<SALT_BYTES>()?)?.into(),
            params,
        })
    }

    /// Hashes a password, in PHC form. Fails with `BUSY` if too many wait.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let (params, password) = (self.params.clone(), password.to_owned());
        let salt = keys::random::<SALT_BYTES>()?;
        self.turn(move || hash(&params, password.as_bytes(), &salt)).await
    }

    /// The hash of a verified password with the parameters of the settings; `None` if `old` has
    /// these already. Fails with `BUSY` if too many wait.
    ///
    /// The salt stays: by it [`is_renewal`] tells a renewed hash from a new password.
    pub async fn renew(&self, password: &str, old: &str) -> Result<Option<String>> {
        let Some((params, salt)) = parts(old) else { return Ok(None) };
        if costs(&params) == costs(&self.params) {
            return Ok(None);
        }
        let (params, password) = (self.params.clone(), password.to_owned());
        self.turn(move || hash(&params, password.as_bytes(), &salt)).await.map(Some)
    }

    /// Whether a password has this hash. Without a hash the answer is no, after the same work, as
    /// it is for a hash from before the settings asked for more. Fails with `BUSY` if too many wait.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let (params, password) = (self.params.clone(), password.to_owned());
        let is_known = hash.is_some();
        let hash = hash.unwrap_or(&self.dummy).to_owned();
        let is_right = self
            .turn(move || {
                let is_right =
                    Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
                if !is_right {
                    catch_up(&params, &hash)?;
                }
                Ok(is_right)
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

fn argon2(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(params: &Params, password: &[u8], salt: &[u8]) -> Result<String> {
    let hash = argon2(params.clone()).hash_password_with_salt(password, salt);
    Ok(hash.map_err(Error::internal)?.to_string())
}

/// The parameters and the salt of a hash in PHC form.
fn parts(hash: &str) -> Option<(Params, Vec<u8>)> {
    let hash = PasswordHash::new(hash).ok()?;
    Some((Params::try_from(&hash).ok()?, hash.salt?.to_vec()))
}

fn costs(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

/// Does about the work that a hash of lesser parameters spared. Otherwise the time of a wrong answer
/// would tell the accounts that are there from those that are not.
fn catch_up(params: &Params, hash: &str) -> Result<()> {
    let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
    let done = parts(hash).map(|(params, _)| work(&params)).unwrap_or_default();
    let rest = work(params).saturating_sub(done);
    let passes = rest.div_ceil(params.m_cost().into()).max(1);
    let kib = u32::try_from(rest / passes).map_err(Error::internal)?;
    if kib >= Params::MIN_M_COST {
        let passes = u32::try_from(passes).map_err(Error::internal)?;
        let rest = Params::new(kib, passes, 1, None).map_err(Error::internal)?;
        self::hash(&rest, b"", &[0; SALT_BYTES])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_hash_is_of_the_same_password_and_a_new_password_is_not() {
        let [small, large] = [8, 16].map(|kib| Params::new(kib, 1, 1, None).unwrap());
        let old = hash(&small, b"password", &[1; SALT_BYTES]).unwrap();
        let renewed = hash(&large, b"password", &[1; SALT_BYTES]).unwrap();
        let new = hash(&large, b"password", &[2; SALT_BYTES]).unwrap();
        assert!(old != renewed && is_renewal(&old, &renewed) && is_renewal(&old, &old));
        assert!(!is_renewal(&old, &new) && !is_renewal("", &new) && !is_renewal("x", "y"));
    }
}
