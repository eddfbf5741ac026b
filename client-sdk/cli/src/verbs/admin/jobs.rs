//! Looking after jobs.

use albumen_client::v1::{
    CancelJobRequest, GetJobRequest, Job, JobState, ListJobsRequest, RetryJobRequest,
};
use albumen_client::{Client, retry};
use clap::{Subcommand, ValueEnum};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::context::Context;
use crate::failure::Result;
use crate::table::Table;
use crate::times;
use crate::words::word;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List jobs, latest first
    List {
        /// Only those in this state
        #[arg(long, value_enum)]
        state: Option<State>,
        /// Only those that do this work, as in sweep-uploads
        #[arg(long, default_value = "", hide_default_value = true)]
        kind: String,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a job
    Show {
        /// The job's id, as `albumen admin jobs list` shows it
        id: String,
    },
    /// Let a parked job run again, now
    Retry {
        /// The job's id, as `albumen admin jobs list` shows it
        id: String,
    },
    /// Give a job up
    Cancel {
        /// The job's id, as `albumen admin jobs list` shows it
        id: String,
    },
}

/// The state of a job.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    Queued,
    Running,
    Succeeded,
    /// It failed so often that somebody has to look at it
    Parked,
    Cancelled,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Running => Self::Running,
            State::Succeeded => Self::Succeeded,
            State::Parked => Self::Parked,
            State::Cancelled => Self::Cancelled,
        }
    }
}

pub(super) async fn run(context: &Context, client: &Client, verb: Verb) -> Result<()> {
    match verb {
        Verb::List { state, kind, limit } => {
            let state = state.map_or(JobState::Unspecified, JobState::from).into();
            let request = ListJobsRequest { state, kind, ..ListJobsRequest::default() };
            let jobs: Vec<_> = client.list_jobs(request).take(limit).try_collect().await?;
            list(context, &jobs)
        }
        Verb::Show { id } => {
            let request = GetJobRequest { job_id: id };
            show(context, &retry(|| async { client.jobs().get_job(request.clone()).await }).await?)
        }
        Verb::Retry { id } => {
            let request = RetryJobRequest { job_id: id };
            let again = || async { client.jobs().retry_job(request.clone()).await };
            show(context, &retry(again).await?.job.unwrap_or_default())
        }
        Verb::Cancel { id } => {
            let request = CancelJobRequest { job_id: id };
            let cancel = || async { client.jobs().cancel_job(request.clone()).await };
            show(context, &retry(cancel).await?.job.unwrap_or_default())
        }
    }
}

fn list(context: &Context, jobs: &[Job]) -> Result<()> {
    context.output.list("jobs", jobs, || {
        Table::of(["id", "kind", "state", "attempts", "changed", "error"], jobs, |job| {
            [
                job.id.clone(),
                job.kind.clone(),
                word(job.state().as_str_name(), "JOB_STATE_"),
                job.attempt_count.to_string(),
                times::format(job.update_time),
                job.last_error.clone(),
            ]
        })
    })
}

fn show(context: &Context, job: &Job) -> Result<()> {
    context.output.message(job, || {
        let total = job.progress_total.map(|total| format!(" of {total}")).unwrap_or_default();
        Table::facts([
            ("id", job.id.clone()),
            ("kind", job.kind.clone()),
            ("state", word(job.state().as_str_name(), "JOB_STATE_")),
            ("attempts", job.attempt_count.to_string()),
            ("failures in a row", job.failure_count.to_string()),
            ("last error", job.last_error.clone()),
            ("progress", format!("{}{total}", job.progress_done)),
            ("runs at", times::format(job.run_time)),
            ("enqueued", times::format(job.create_time)),
            ("ended", times::format(job.finish_time)),
        ])
        .to_string()
    })
}
