//! `JobService`.

use albumen::v1::job_service_server::JobService;
use albumen::v1::{
    CancelJobRequest, CancelJobResponse, GetJobRequest, Job, JobState, ListJobsRequest,
    ListJobsResponse, RetryJobRequest, RetryJobResponse,
};
use tonic::{Request, Response, Status};

use super::manage::{self, Filter};
use crate::access::open;
use crate::app::App;
use crate::entity::job::{Model, State};
use crate::error::{Error, Result};
use crate::id::JobId;
use crate::page::{Page, SIZES};
use crate::time::Micros;

/// The gRPC face of jobs.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl JobService for Rpc {
    async fn get_job(&self, request: Request<GetJobRequest>) -> Result<Response<Job>, Status> {
        let (_, request) = open(request)?;
        let job = manage::get(&self.0, job_id(&request.job_id)?).await?;
        Ok(Response::new(to_proto(job)))
    }

    async fn list_jobs(
        &self,
        request: Request<ListJobsRequest>,
    ) -> Result<Response<ListJobsResponse>, Status> {
        let (_, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let state = state(request.state());
        let filter = Filter { state, kind: Some(request.kind).filter(|kind| !kind.is_empty()) };
        let paged = manage::list(&self.0, filter, &page).await?;
        Ok(Response::new(ListJobsResponse {
            jobs: paged.rows.into_iter().map(to_proto).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn retry_job(
        &self,
        request: Request<RetryJobRequest>,
    ) -> Result<Response<RetryJobResponse>, Status> {
        let (_, request) = open(request)?;
        let job = manage::retry(&self.0, job_id(&request.job_id)?).await?;
        Ok(Response::new(RetryJobResponse { job: Some(to_proto(job)) }))
    }

    async fn cancel_job(
        &self,
        request: Request<CancelJobRequest>,
    ) -> Result<Response<CancelJobResponse>, Status> {
        let (_, request) = open(request)?;
        let job = manage::cancel(&self.0, job_id(&request.job_id)?).await?;
        Ok(Response::new(CancelJobResponse { job: Some(to_proto(job)) }))
    }
}

fn job_id(text: &str) -> Result<JobId> {
    JobId::parse(text).ok_or_else(|| Error::invalid("job_id", "must be a UUID"))
}

fn state(state: JobState) -> Option<State> {
    match state {
        JobState::Unspecified => None,
        JobState::Queued => Some(State::Queued),
        JobState::Running => Some(State::Running),
        JobState::Succeeded => Some(State::Succeeded),
        JobState::Parked => Some(State::Parked),
        JobState::Cancelled => Some(State::Cancelled),
    }
}

fn to_proto(job: Model) -> Job {
    let state = match job.state {
        State::Queued => JobState::Queued,
        State::Running => JobState::Running,
        State::Succeeded => JobState::Succeeded,
        State::Parked => JobState::Parked,
        State::Cancelled => JobState::Cancelled,
    };
    let run_time = (job.state == State::Queued).then(|| job.due_time.timestamp());
    Job {
        id: job.id.to_string(),
        kind: job.kind,
        state: state.into(),
        attempt_count: job.attempt,
        failure_count: job.failure_count,
        last_error: job.last_error.unwrap_or_default(),
        progress_done: job.progress_done,
        progress_total: job.progress_total,
        cancel_requested: job.is_cancel_requested,
        run_time,
        create_time: Some(job.create_time.timestamp()),
        update_time: Some(job.update_time.timestamp()),
        finish_time: job.finish_time.map(Micros::timestamp),
    }
}
