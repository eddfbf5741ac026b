//! Jobs that do nothing but what a test tells them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use albumen_server::app::App;
use albumen_server::error::{Error, Result};
use albumen_server::jobs::{Context, Job, Jobs, Kind, Schedule};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// What a probe does each time it runs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Act {
    Succeed,
    Fail,
    Panic,
    /// Waits until the test opens the gate.
    Wait,
    /// Waits for the gate, then says that it goes on.
    WaitThenProgress,
    /// Waits for the gate, then fails.
    WaitThenFail,
}

/// A job that counts how often it runs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Probe {
    name: String,
    unique_key: Option<String>,
    act: Act,
}

/// What a test knows of its probes of one name.
#[derive(Debug)]
pub(crate) struct Watch {
    /// One permit for each time that a probe began.
    pub(crate) runs: Semaphore,
    /// One permit lets one waiting probe go on.
    pub(crate) gate: Semaphore,
}

static WATCHES: LazyLock<Mutex<HashMap<String, Arc<Watch>>>> = LazyLock::new(Mutex::default);

/// The watch of a name, which no other test may use.
pub(crate) fn watch(name: &str) -> Arc<Watch> {
    let watch = || Arc::new(Watch { runs: Semaphore::new(0), gate: Semaphore::new(0) });
    Arc::clone(WATCHES.lock().unwrap().entry(name.to_owned()).or_insert_with(watch))
}

impl Probe {
    pub(crate) fn new(name: &str, act: Act) -> Self {
        Self { name: name.to_owned(), unique_key: None, act }
    }

    pub(crate) fn unique(self, key: &str) -> Self {
        Self { unique_key: Some(key.to_owned()), ..self }
    }
}

impl Job for Probe {
    const KIND: &'static str = "test-probe";

    fn unique_key(&self) -> Option<String> {
        self.unique_key.clone()
    }

    async fn run(self, _: App, context: Context) -> Result<()> {
        let watch = watch(&self.name);
        watch.runs.add_permits(1);
        match self.act {
            Act::Succeed => Ok(()),
            Act::Fail => Err(Error::internal("a secret")),
            Act::Panic => panic!("as the test wants it"),
            Act::Wait => {
                watch.gate.acquire().await.unwrap().forget();
                Ok(())
            }
            Act::WaitThenProgress => {
                watch.gate.acquire().await.unwrap().forget();
                context.progress(1, Some(2)).await
            }
            Act::WaitThenFail => {
                watch.gate.acquire().await.unwrap().forget();
                Err(Error::Conflict)
            }
        }
    }
}

/// A probe that may take long.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LongProbe(pub(crate) Probe);

impl Job for LongProbe {
    const KIND: &'static str = "test-long-probe";
    const IS_LONG: bool = true;

    async fn run(self, app: App, context: Context) -> Result<()> {
        self.0.run(app, context).await
    }
}

/// A job that comes back every hour.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tick;

impl Job for Tick {
    const KIND: &'static str = "test-tick";

    async fn run(self, _: App, _: Context) -> Result<()> {
        Ok(())
    }
}

/// The server's jobs and those of the tests.
pub(crate) fn jobs() -> Jobs {
    let jobs = albumen_server::jobs();
    let probes = [Kind::of::<Probe>(), Kind::of::<LongProbe>(), Kind::of::<Tick>()];
    let kinds = [jobs.kinds(), &probes].concat();
    let tick = Schedule::of::<Tick>(Duration::from_secs(3600));
    Jobs::new(kinds, [jobs.schedules(), &[tick]].concat())
}
