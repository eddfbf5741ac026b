//! Work in the background.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use albumen_server::entity::job::{self, Model as Job, State};
use albumen_server::jobs::{self, lease};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, Set,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::probe::{self, Act, LongProbe, Probe, watch};
use crate::support::{TestServer, test, test_with};

const MINUTE: Duration = Duration::from_secs(60);
const LEASE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Enqueues a probe in a transaction of its own.
async fn enqueue(server: &TestServer, probe: impl jobs::Job) {
    enqueue_in(server, probe, Duration::ZERO).await;
}

async fn enqueue_in(server: &TestServer, probe: impl jobs::Job, delay: Duration) {
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

/// Changes the only probe behind the server's back.
async fn change(server: &TestServer, change: impl FnOnce(&mut job::ActiveModel)) {
    let mut row = probes(server).await.remove(0).into_active_model();
    change(&mut row);
    let update =
        server.app.transact(|transaction| async move { Ok(row.update(&*transaction).await?) });
    update.await.unwrap();
}

/// Gives the only probe up: tests must not leave parked jobs behind.
async fn forget(server: &TestServer) {
    change(server, |row| row.state = Set(State::Cancelled)).await;
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
        forget(&server).await;
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

#[tokio::test]
async fn a_payload_that_cannot_be_read_is_parked_at_once() {
    test(|server| async move {
        enqueue(&server, Probe::new("unreadable", Act::Succeed)).await;
        change(&server, |row| row.payload = Set("[]".to_owned())).await;
        server.run_jobs().await;
        assert_eq!(states(&server).await, [State::Parked]);
        forget(&server).await;
    })
    .await;
}

#[tokio::test]
async fn kinds_of_a_newer_version_are_left_alone() {
    test(|server| async move {
        enqueue(&server, Probe::new("newer", Act::Succeed)).await;
        change(&server, |row| row.kind = Set("of-the-future".to_owned())).await;
        server.run_jobs().await;
        assert_eq!(all(&server, "of-the-future").await[0].state, State::Queued);
    })
    .await;
}

/// Makes the only probe look as if its process had just died.
async fn kill(server: &TestServer) {
    let due_time = server.app.now().after(LEASE);
    change(server, |row| {
        row.state = Set(State::Running);
        row.attempt = Set(1);
        row.due_time = Set(due_time);
    })
    .await;
}

#[tokio::test]
async fn a_job_whose_process_died_is_repeated_once_its_lease_is_over() {
    test(|server| async move {
        let watch = watch("died");
        enqueue(&server, Probe::new("died", Act::Succeed)).await;
        kill(&server).await;
        server.run_jobs().await;
        assert_eq!(watch.runs.available_permits(), 0);
        server.sleep(LEASE);
        server.run_jobs().await;
        assert_eq!(watch.runs.available_permits(), 1);
        let job = probes(&server).await.remove(0);
        assert_eq!((job.state, job.attempt), (State::Succeeded, 2));
    })
    .await;
}

#[tokio::test]
async fn a_lease_from_before_the_clock_went_back_is_over() {
    test(|server| async move {
        enqueue(&server, Probe::new("clock", Act::Succeed)).await;
        kill(&server).await;
        let due_time = server.app.now().after(1000 * HOUR);
        change(&server, |row| row.due_time = Set(due_time)).await;
        server.run_jobs().await;
        assert_eq!(states(&server).await, [State::Succeeded]);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_kills_its_process_is_parked_in_the_end() {
    test(|server| async move {
        let watch = watch("poison");
        enqueue(&server, Probe::new("poison", Act::Succeed)).await;
        kill(&server).await;
        change(&server, |row| row.failure_count = Set(9)).await;
        server.sleep(LEASE);
        server.run_jobs().await;
        assert_eq!(watch.runs.available_permits(), 0);
        assert_eq!(states(&server).await, [State::Parked]);
        forget(&server).await;
    })
    .await;
}

/// Runs what is due, as another worker would.
fn run_beside(server: &Arc<TestServer>) -> JoinHandle<()> {
    let server_ = Arc::clone(server);
    server.app.spawn(async move { server_.run_jobs().await })
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_nothing() {
    test(|server| async move {
        let watch = watch("lost");
        enqueue(&server, Probe::new("lost", Act::WaitThenProgress)).await;
        let first = run_beside(&server);
        watch.runs.acquire().await.unwrap().forget();
        server.sleep(LEASE);
        let second = run_beside(&server);
        watch.runs.acquire().await.unwrap().forget();
        // Who came first is let through first.
        watch.gate.add_permits(1);
        first.await.unwrap();
        let job = probes(&server).await.remove(0);
        assert_eq!((job.state, job.attempt, job.progress_done), (State::Running, 2, 0));
        watch.gate.add_permits(1);
        second.await.unwrap();
        let job = probes(&server).await.remove(0);
        assert_eq!((job.state, job.progress_done), (State::Succeeded, 1));
    })
    .await;
}

#[tokio::test]
async fn a_worker_wakes_for_a_job_and_gives_it_back_when_it_stops() {
    test_with(
        |config| config.shutdown_grace = Duration::ZERO,
        |server| async move {
            let watch = watch("given back");
            let stopping = CancellationToken::new();
            jobs::start(&server.app, &stopping);
            enqueue(&server, Probe::new("given back", Act::Wait)).await;
            watch.runs.acquire().await.unwrap().forget();
            stopping.cancel();
            settled(&server).await;
            let job = probes(&server).await.remove(0);
            assert_eq!((job.state, job.failure_count), (State::Queued, 0));
            watch.gate.add_permits(1);
            server.run_jobs().await;
            assert_eq!(states(&server).await, [State::Succeeded]);
        },
    )
    .await;
}

#[tokio::test]
async fn a_job_may_end_within_the_grace() {
    test(|server| async move {
        let watch = watch("grace");
        let stopping = CancellationToken::new();
        jobs::start(&server.app, &stopping);
        enqueue(&server, Probe::new("grace", Act::Wait)).await;
        watch.runs.acquire().await.unwrap().forget();
        stopping.cancel();
        watch.gate.add_permits(1);
        settled(&server).await;
        assert_eq!(states(&server).await, [State::Succeeded]);
    })
    .await;
}

#[tokio::test]
async fn long_jobs_leave_a_worker_to_the_others() {
    test_with(
        |config| config.job_workers = 3,
        |server| async move {
            let (long, short) = (watch("long"), watch("beside long ones"));
            let stopping = CancellationToken::new();
            jobs::start(&server.app, &stopping);
            for _ in 0..3 {
                enqueue(&server, LongProbe(Probe::new("long", Act::Wait))).await;
            }
            long.runs.acquire_many(2).await.unwrap().forget();
            enqueue(&server, Probe::new("beside long ones", Act::Succeed)).await;
            short.runs.acquire().await.unwrap().forget();
            assert_eq!(long.runs.available_permits(), 0, "the third waits");
            long.gate.add_permits(1);
            long.runs.acquire().await.unwrap().forget();
            long.gate.add_permits(2);
            stopping.cancel();
            settled(&server).await;
        },
    )
    .await;
}

#[tokio::test]
async fn the_only_worker_runs_long_jobs_too() {
    test_with(
        |config| config.job_workers = 1,
        |server| async move {
            let watch = watch("only worker");
            let stopping = CancellationToken::new();
            jobs::start(&server.app, &stopping);
            enqueue(&server, LongProbe(Probe::new("only worker", Act::Succeed))).await;
            watch.runs.acquire().await.unwrap().forget();
            stopping.cancel();
            settled(&server).await;
        },
    )
    .await;
}

/// Waits until nothing of the server runs any more.
async fn settled(server: &TestServer) {
    server.app.tasks.close();
    server.app.tasks.wait().await;
    server.app.tasks.reopen();
}

#[tokio::test]
async fn a_schedule_comes_back_once_in_each_period() {
    test(|server| async move {
        let ticks = async || all(&server, "test-tick").await.len();
        tokio::join!(server.run_jobs(), server.run_jobs());
        assert_eq!(ticks().await, 1, "at once on a new installation");
        server.sleep(HOUR - MINUTE);
        server.run_jobs().await;
        assert_eq!(ticks().await, 1);
        server.sleep(MINUTE);
        tokio::join!(server.run_jobs(), server.run_jobs());
        assert_eq!(ticks().await, 2);
        server.sleep(HOUR * 10);
        server.run_jobs().await;
        server.run_jobs().await;
        assert_eq!(ticks().await, 3, "what was missed is not made up for");
    })
    .await;
}

#[tokio::test]
async fn a_schedule_goes_on_after_the_clock_went_back() {
    test(|server| async move {
        let ticks = async || all(&server, "test-tick").await.len();
        server.run_jobs().await;
        server.set_back(HOUR * 1000);
        server.run_jobs().await;
        assert_eq!(ticks().await, 1, "not twice in one period");
        server.sleep(HOUR);
        server.run_jobs().await;
        assert_eq!(ticks().await, 2);
    })
    .await;
}

mod leases {
    use super::*;

    const NAME: &str = "test";

    #[tokio::test]
    async fn one_holds_a_lease_until_it_expires_or_is_released() {
        test(|server| async move {
            let app = &server.app;
            let first =
                lease::acquire(&app.database, app.now(), NAME, MINUTE).await.unwrap().unwrap();
            assert!(
                lease::acquire(&app.database, app.now(), NAME, MINUTE).await.unwrap().is_none()
            );
            server.sleep(MINUTE - Duration::from_secs(1));
            assert!(first.renew(&app.database, app.now(), MINUTE).await.unwrap());
            server.sleep(MINUTE - Duration::from_secs(1));
            assert!(lease::is_held(&app.database, app.now(), NAME).await.unwrap());
            assert!(
                lease::acquire(&app.database, app.now(), NAME, MINUTE).await.unwrap().is_none()
            );
            server.sleep(Duration::from_secs(1));
            assert!(!lease::is_held(&app.database, app.now(), NAME).await.unwrap());
            let second =
                lease::acquire(&app.database, app.now(), NAME, MINUTE).await.unwrap().unwrap();
            assert!(
                !first.renew(&app.database, app.now(), MINUTE).await.unwrap(),
                "it is the other's now"
            );
            first.release(&app.database).await.unwrap();
            assert!(lease::is_held(&app.database, app.now(), NAME).await.unwrap());
            second.release(&app.database).await.unwrap();
            assert!(!lease::is_held(&app.database, app.now(), NAME).await.unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn of_many_at_once_one_gets_it() {
        test(|server| async move {
            let tries = (0..20)
                .map(|_| lease::acquire(&server.app.database, server.app.now(), NAME, MINUTE));
            let leases = futures::future::join_all(tries).await;
            assert_eq!(leases.into_iter().filter_map(Result::unwrap).count(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn a_lease_ends_although_the_clock_went_back() {
        test(|server| async move {
            let app = &server.app;
            let first = lease::acquire(&app.database, app.now(), NAME, MINUTE).await.unwrap();
            server.set_back(HOUR);
            assert!(
                first.is_some()
                    && lease::acquire(&app.database, app.now(), NAME, MINUTE)
                        .await
                        .unwrap()
                        .is_some()
            );
        })
        .await;
    }
}

mod service {
    use albumen::v1::{
        CancelJobRequest, GetJobRequest, Job, JobState, ListJobsRequest, RetryJobRequest,
    };
    use tonic::{Code, Status};

    use super::*;
    use crate::support::{Person, expect_reason, metadata};

    async fn list(admin: &Person, request: ListJobsRequest) -> (Vec<Job>, String) {
        let page = admin.jobs().list_jobs(request).await.unwrap().into_inner();
        (page.jobs, page.next_page_token)
    }

    /// The only probe.
    async fn probe(admin: &Person) -> Job {
        let request = ListJobsRequest { kind: "test-probe".to_owned(), ..Default::default() };
        let (mut jobs, _) = list(admin, request).await;
        assert_eq!(jobs.len(), 1);
        let request = GetJobRequest { job_id: jobs[0].id.clone() };
        let job = admin.jobs().get_job(request).await.unwrap().into_inner();
        assert_eq!(job, jobs.remove(0));
        job
    }

    async fn cancel(admin: &Person, job: &Job) -> Result<Job, Status> {
        let request = CancelJobRequest { job_id: job.id.clone() };
        let answer = admin.jobs().cancel_job(request).await?;
        Ok(answer.into_inner().job.unwrap())
    }

    async fn retry(admin: &Person, job: &Job) -> Result<Job, Status> {
        let request = RetryJobRequest { job_id: job.id.clone() };
        let answer = admin.jobs().retry_job(request).await?;
        Ok(answer.into_inner().job.unwrap())
    }

    #[tokio::test]
    async fn jobs_are_listed_by_state_and_kind_latest_first() {
        test(|server| async move {
            let admin = server.admin().await;
            for name in ["listed 1", "listed 2", "listed 3"] {
                enqueue(&server, Probe::new(name, Act::Succeed)).await;
                server.sleep(Duration::from_secs(1));
            }
            let queued = JobState::Queued.into();
            let request = ListJobsRequest { page_size: 2, state: queued, ..Default::default() };
            let (first, token) = list(&admin, request.clone()).await;
            let (last, end) = list(&admin, ListJobsRequest { page_token: token, ..request }).await;
            assert_eq!((first.len(), last.len(), end.as_str()), (2, 1, ""));
            let times = first.iter().chain(&last).map(|job| job.create_time.unwrap().seconds);
            assert!(times.rev().is_sorted());
            server.run_jobs().await;
            let request = ListJobsRequest {
                state: JobState::Succeeded.into(),
                kind: "test-probe".to_owned(),
                ..Default::default()
            };
            let (done, _) = list(&admin, request).await;
            assert_eq!(done.len(), 3);
            assert!(done.iter().all(|job| job.attempt_count == 1 && job.finish_time.is_some()));
            let request = ListJobsRequest { state: queued, ..Default::default() };
            assert_eq!(list(&admin, request).await.0, []);
        })
        .await;
    }

    #[tokio::test]
    async fn a_parked_job_runs_again_when_it_is_retried() {
        test(|server| async move {
            let admin = server.admin().await;
            enqueue(&server, Probe::new("retried", Act::Fail)).await;
            change(&server, |row| row.failure_count = Set(9)).await;
            server.run_jobs().await;
            let parked = probe(&admin).await;
            assert_eq!((parked.state(), parked.failure_count), (JobState::Parked, 10));
            let job = retry(&admin, &parked).await.unwrap();
            assert_eq!((job.state(), job.failure_count), (JobState::Queued, 0));
            assert_eq!(retry(&admin, &parked).await.unwrap(), job, "once is as good as twice");
            server.run_jobs().await;
            assert_eq!(probe(&admin).await.failure_count, 1);
            let cancelled = cancel(&admin, &parked).await.unwrap();
            assert_eq!(cancelled.state(), JobState::Cancelled);
            assert_eq!(cancel(&admin, &parked).await.unwrap(), cancelled);
            let again = retry(&admin, &parked).await.map(tonic::Response::new);
            let status = expect_reason(again, Code::FailedPrecondition, "JOB_ENDED");
            assert_eq!(metadata(&status, "state"), "cancelled");
        })
        .await;
    }

    #[tokio::test]
    async fn a_parked_job_is_not_queued_beside_another_of_its_key() {
        test(|server| async move {
            let admin = server.admin().await;
            let unique = |act| Probe::new("twins", act).unique("key");
            enqueue(&server, unique(Act::Succeed)).await;
            change(&server, |row| row.state = Set(State::Parked)).await;
            let parked = probe(&admin).await;
            enqueue(&server, unique(Act::Succeed)).await;
            let retried = retry(&admin, &parked).await.map(tonic::Response::new);
            expect_reason(retried, Code::AlreadyExists, "RESOURCE_ALREADY_EXISTS");
            cancel(&admin, &parked).await.unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_job_that_fails_gives_way_to_another_of_its_key() {
        test(|server| async move {
            let watch = watch("gives way");
            let unique = |act| Probe::new("gives way", act).unique("key");
            enqueue(&server, unique(Act::WaitThenFail)).await;
            let running = run_beside(&server);
            watch.runs.acquire().await.unwrap().forget();
            enqueue(&server, unique(Act::Succeed)).await;
            watch.gate.add_permits(1);
            running.await.unwrap();
            assert_eq!(states(&server).await, [State::Cancelled, State::Succeeded]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_queued_job_that_is_cancelled_does_not_run() {
        test(|server| async move {
            let admin = server.admin().await;
            let watch = watch("cancelled");
            enqueue(&server, Probe::new("cancelled", Act::Succeed)).await;
            cancel(&admin, &probe(&admin).await).await.unwrap();
            server.run_jobs().await;
            assert_eq!(watch.runs.available_permits(), 0);
        })
        .await;
    }

    #[tokio::test]
    async fn a_running_job_stops_when_it_is_cancelled() {
        test(|server| async move {
            let admin = server.admin().await;
            let watch = watch("stopped");
            enqueue(&server, Probe::new("stopped", Act::Wait)).await;
            let running = run_beside(&server);
            watch.runs.acquire().await.unwrap().forget();
            let job = cancel(&admin, &probe(&admin).await).await.unwrap();
            assert!(job.cancel_requested && job.state() == JobState::Running);
            running.await.unwrap();
            assert_eq!(probe(&admin).await.state(), JobState::Cancelled);
        })
        .await;
    }

    #[tokio::test]
    async fn a_job_that_succeeded_cannot_be_cancelled() {
        test(|server| async move {
            let admin = server.admin().await;
            enqueue(&server, Probe::new("too late", Act::Succeed)).await;
            server.run_jobs().await;
            let cancelled = cancel(&admin, &probe(&admin).await).await.map(tonic::Response::new);
            expect_reason(cancelled, Code::FailedPrecondition, "JOB_ENDED");
        })
        .await;
    }
}
