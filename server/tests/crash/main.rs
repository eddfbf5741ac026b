//! A server is killed at any moment, again and again, and nothing that it said was stored is lost.
//!
//! Each round starts a server process on the data that the last one left, lets many callers work,
//! and kills it. What the callers were told is kept here and compared with what the next server
//! says. In the end the sweeps run, and nothing may be left over.
//!
//! The tests of `disk` and `spool` meddle with the disk of a server instead.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected fails")]

mod albums;
mod check;
mod disk;
mod installation;
mod library;
mod load;
mod photo;
mod process;
mod shelves;
mod site;
mod spool;
mod trash;
mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::sleep;

use installation::Installation;
use load::Load;
use process::Server;

/// Rounds of `make test`; PostgreSQL has fewer, for they take longer and test the same code.
const ROUNDS: u64 = 300;
const POSTGRES_ROUNDS: u64 = 60;
const MAX_CALLERS: usize = 8;
/// The longest life of a server, in milliseconds.
const LIFE_MS: u64 = 300;

#[tokio::test]
async fn nothing_that_was_stored_is_lost_however_often_the_server_is_killed() {
    let installation = Installation::create().await;
    let default = if installation.is_postgres() { POSTGRES_ROUNDS } else { ROUNDS };
    let rounds = number("ALBUMEN_TEST_CRASH_ROUNDS").unwrap_or(default);
    let seed = number("ALBUMEN_TEST_CRASH_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("{rounds} rounds with ALBUMEN_TEST_CRASH_SEED={seed}");
    let mut rng = Rng::with_seed(seed);
    let load = Arc::new(Load::new(installation.set_up().await));
    for _ in 0..rounds {
        if rng.u8(..4) == 0 {
            installation.hasten().await;
        }
        round(&installation, &load, &mut rng).await;
    }
    let server = Server::start(&installation);
    load.complete(&server.address().await, &mut rng).await;
    server.kill();
    installation.hasten().await;
    check::everything(&installation, &load).await;
    installation.remove().await;
}

/// One life of a server. Some end before it listens.
async fn round(installation: &Installation, load: &Arc<Load>, rng: &mut Rng) {
    let server = Server::start(installation);
    if rng.u8(..10) == 0 {
        sleep(Duration::from_millis(rng.u64(..LIFE_MS))).await;
        return server.kill();
    }
    let address = server.address().await;
    let mut callers = JoinSet::new();
    // Few callers leave more time to the jobs.
    for _ in 0..rng.usize(..=MAX_CALLERS) {
        callers.spawn(Arc::clone(load).call(address.clone(), rng.fork()));
    }
    sleep(Duration::from_millis(rng.u64(..LIFE_MS))).await;
    server.kill();
    // A caller panics when an answer is wrong.
    callers.join_all().await;
}

#[expect(clippy::disallowed_methods, reason = "how long to test is not a setting")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}
