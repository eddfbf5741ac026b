//! Work in the background.

use std::collections::HashSet;
use std::time::Duration;

use albumen_server::entity::job::{self, Model as Job, State};
use albumen_server::jobs;
use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};
use sea_orm::{IntoActiveModel as _, QueryOrder as _};

use crate::support::probe::{self, Act, Probe, watch};
use crate::support::{TestServer, test};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Enqueues a probe in a transaction of its own.
async fn enqueue(server: &TestServer, probe: Probe) {
    enqueue_in(server, probe, Duration::ZERO).await;
}

async fn enqueue_in(server: &TestServer, probe: Probe, delay: Duration) {
    let (app, due_time) = (server.app.clone(), server.app.now().after(delay));
    let enqueue = server.app.transact(move |transaction| async move {
        jobs::enqueue_at(&app, &transaction, probe, due_time).await
    });
    enqueue.await.unwrap();
}

/// The jobs of a kind, the oldest first.
async fn all(server: &TestServer, kind: &str) -> Vec<Job> {
    let find = job::Entity::find().filter(job::Column::Kind.eq(kind)).order_by_asc(job::Column::Id);
    find.all(server.app.database.reader()).await.unwrap()
}

async fn probes(server: &TestServer) -> Vec<Job> {
    all(server, "test-probe").await
}

async fn states(server: &TestServer) -> Vec<State> {
    probes(server).await.iter().map(|job| job.state).collect()
}

/// Gives up what must not be there when the test ends.
async fn cancel_all(server: &TestServer) {
    for row in probes(server).await {
        let mut row = row.into_active_model();
        row.state = Set(State::Cancelled);
        let update =
            server.app.transact(|transaction| async move { Ok(row.update(&*transaction).await?) });
        update.await.unwrap();
    }
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    let jobs = probe::jobs();
    let mut names = HashSet::new();
    for kind in jobs.kinds() {
        assert!(names.insert(kind.name), "{} is there twice", kind.name);
    }
    for schedule in jobs.schedules() {
        assert!(names.contains(schedule.name), "{} cannot run", schedule.name);
    }
}

#[tokio::test]
async fn a_job_runs_once_its_transaction_is_committed() {
    test(|server| async move {
        let watch = watch("committed");
        enqueue(&server, Probe::new("committed", Act::Succeed)).await;
        let app = server.app.clone();
        let failed = server.app.transact(move |transaction| async move {
            jobs::enqueue(&app, &transaction, Probe::new("committed", Act::Succeed)).await?;
            Err::<(), _>(albumen_server::error::Error::Conflict)
        });
        failed.await.unwrap_err();
        server.run_jobs().await;
        assert_eq!(watch.runs.available_permits(), 1);
        assert_eq!(states(&server).await, [State::Succeeded]);
    })
    .await;
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    test(|server| async move {
        let watch = watch("later");
        enqueue_in(&server, Probe::new("later", Act::Succeed), HOUR).await;
        server.run_jobs().await;
        assert_eq!(watch.runs.available_permits(), 0);
        server.sleep(HOUR);
        server.run_jobs().await;
        assert_eq!(watch.runs.available_permits(), 1);
    })
    .await;
}

#[tokio::test]
async fn among_queued_jobs_each_key_is_there_once() {
    test(|server| async move {
        let probe = || Probe::new("keys", Act::Succeed).unique("a");
        enqueue_in(&server, probe(), HOUR).await;
        enqueue_in(&server, probe(), MINUTE).await;
        enqueue_in(&server, probe(), HOUR).await;
        let rows = probes(&server).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].due_time, server.app.now().after(MINUTE), "the earlier time wins");
        server.sleep(MINUTE);
        server.run_jobs().await;
        enqueue(&server, probe()).await;
        enqueue(&server, Probe::new("keys", Act::Succeed).unique("b")).await;
        server.run_jobs().await;
        assert_eq!(states(&server).await, [State::Succeeded; 3]);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_fails_is_repeated_ever_later_and_parked_in_the_end() {
    test(|server| async move {
        let watch = watch("fails");
        enqueue(&server, Probe::new("fails", Act::Fail)).await;
        let mut delay = Duration::from_secs(1);
        for failures in 1..=10 {
            server.run_jobs().await;
            assert_eq!(watch.runs.available_permits(), failures);
            let job = probes(&server).await.remove(0);
            let error = job.last_error.unwrap();
            assert!(error.starts_with("INTERNAL: ") && !error.contains("secret"), "{error}");
            if failures == 10 {
                assert_eq!(job.state, State::Parked);
                break;
            }
            assert!(job.due_time >= server.app.now().after(delay), "{failures}");
            assert!(job.due_time < server.app.now().after(delay + delay / 4), "{failures}");
            server.run_jobs().await;
            assert_eq!(watch.runs.available_permits(), failures, "not before its time");
            server.sleep(delay + delay / 4);
            delay *= 2;
        }
        cancel_all(&server).await;
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_a_failure_like_others() {
    test(|server| async move {
        enqueue(&server, Probe::new("panics", Act::Panic)).await;
        server.run_jobs().await;
        let job = probes(&server).await.remove(0);
        assert_eq!((job.state, job.failure_count), (State::Queued, 1));
        assert_eq!(job.last_error.as_deref(), Some("it panicked"));
    })
    .await;
}
