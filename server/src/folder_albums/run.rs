//! The job that does a run.

use std::sync::Arc;

use sea_orm::Set;
use serde::{Deserialize, Serialize};

use super::options::{Mode, Options};
use super::plan::{self, Plan, PlannedAlbum};
use super::runs::{Counts, Problem};
use super::sharing::Invitee;
use super::step::{Progress, Step};
use super::{apply, delete, sharing, sync, thumbnails};
use crate::access;
use crate::app::App;
use crate::entity::folder_rule_run::{ActiveModel, Model as FolderRuleRun, State};
use crate::error::{self, Error, Result};
use crate::id::FolderRuleRunId;
use crate::jobs::{Context, Job};

/// How often an album is tried that others are changing.
const TRIES: usize = 3;

/// Does a run. One that was cut off is planned anew, and so does what is left to do.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunRule {
    run_id: String,
}

impl RunRule {
    /// The job of a run.
    pub(super) fn of(id: FolderRuleRunId) -> Self {
        Self { run_id: id.to_string() }
    }
}

impl Job for RunRule {
    const KIND: &'static str = "run-folder-rule";

    fn unique_key(&self) -> Option<String> {
        Some(self.run_id.clone())
    }

    async fn run(self, app: App, context: Context) -> Result<()> {
        let Some(id) = FolderRuleRunId::parse(&self.run_id) else { return Ok(()) };
        let run = access::any_folder_rule_run(app.database.reader(), id).await?;
        let Some(run) = run.filter(FolderRuleRun::is_active) else { return Ok(()) };
        let failed = match Box::pin(follow(&app, &context, &run)).await {
            // The job comes back, and goes on.
            Ok(()) => return Ok(()),
            Err(error @ (Error::Conflict | Error::StorageUnavailable(_))) => return Err(error),
            Err(error) => error,
        };
        error::log(&failed);
        give_up(&app, context, &run, &failed).await
    }
}

/// Notes why a run ends before its time.
async fn give_up(app: &App, context: Context, run: &FolderRuleRun, error: &Error) -> Result<()> {
    let mut problems = Problem::read(run)?;
    problems.push(Problem::new("", error.message()));
    let change = ActiveModel {
        state: Set(State::Failed),
        failure: Set(Some(error.reason_name().to_owned())),
        problems: Set(serde_json::to_string(&problems).map_err(Error::internal)?),
        finish_time: Set(Some(app.now())),
        update_time: Set(app.now()),
        ..Default::default()
    };
    let id = run.id;
    app.transact(move |transaction| async move {
        context.check(&transaction).await?;
        super::runs::change(&transaction, id, change).await
    })
    .await
}

async fn follow(app: &App, context: &Context, run: &FolderRuleRun) -> Result<()> {
    let actor = access::rule_owner(app.database.reader(), run.owner_id).await?;
    let options = Options::read(&run.options)?;
    let shares = &options.share_with;
    let (members, notes) = if run.is_scheduled {
        sharing::resolve_leniently(app, actor.user()?, shares).await?
    } else {
        sharing::resolve(app, actor.user()?, shares).await?
    };
    let plan = plan::make(app, run.owner_id, Some(run.rule_id), &options).await?;
    if run.plan_token.as_ref().is_some_and(|token| *token != plan.token) {
        return Err(Error::PlanChanged);
    }
    let step = Step {
        app: app.clone(),
        context: context.clone(),
        run: run.id,
        rule: run.rule_id,
        owner: run.owner_id,
        actor,
        options: Arc::new(options),
        members: members.into(),
    };
    let mut progress = begin(&step, run, &plan, notes).await?;
    if step.options.is_dry_run() {
        progress.counts.hand_made_albums = hand_made(&plan);
    } else {
        all(&step, plan, &mut progress).await?;
    }
    finish(&step, progress).await
}

fn hand_made(plan: &Plan) -> u64 {
    plan.albums.iter().filter(|album| album.is_made_by_hand).count() as u64
}

/// Notes that a run is under way, and what it is about to do.
async fn begin(
    step: &Step,
    run: &FolderRuleRun,
    plan: &Plan,
    notes: Vec<Problem>,
) -> Result<Progress> {
    // What an attempt before this one did stays counted; what is planned now is what is left.
    let counts = Counts {
        planned_albums: plan.albums.len() as u64,
        done_albums: 0,
        failed_albums: 0,
        files: plan.file_count,
        skipped_files: plan.skipped.values().map(|skipped| skipped.count).sum(),
        ..Counts::read(run)?
    };
    let progress = Progress { counts, problems: notes, deleted: run.deleted() };
    let shared_with: Vec<_> = step.members.iter().map(Invitee::share).collect();
    let change = ActiveModel {
        state: Set(State::Running),
        plan_token: Set(None),
        shared_with: Set(serde_json::to_string(&shared_with).map_err(Error::internal)?),
        start_time: Set(Some(run.start_time.unwrap_or(step.app.now()))),
        ..Default::default()
    };
    let (step_, begun) = (step.clone(), progress.clone());
    step.app
        .transact(move |transaction| async move {
            step_.hold(&transaction).await?;
            step_.change(&transaction, &begun, change).await
        })
        .await?;
    Ok(progress)
}

async fn all(step: &Step, plan: Plan, progress: &mut Progress) -> Result<()> {
    for planned in plan.albums {
        one(step, Arc::new(planned), progress).await?;
    }
    if step.options.mode == Mode::Create {
        let planner = step.options.planner()?;
        thumbnails::set_all(step, &planner, progress).await?;
        sync::sync(step, progress).await?;
    }
    Ok(())
}

/// Does one album. If that cannot be, the rest goes on; only a run that is somebody else's ends.
async fn one(step: &Step, planned: Arc<PlannedAlbum>, progress: &mut Progress) -> Result<()> {
    let mut tries = 1;
    loop {
        let before = progress.clone();
        let done = match step.options.mode {
            Mode::Create => Box::pin(apply::fill(step, Arc::clone(&planned), progress)).await,
            Mode::Cleanup | Mode::DeleteAll => delete::delete(step, &planned, progress).await,
        };
        let error = match done {
            Ok(()) => return Ok(()),
            Err(error @ Error::StorageUnavailable(_)) => return Err(error),
            Err(error) => error,
        };
        still_held(step).await?;
        if matches!(error, Error::Conflict) && tries < TRIES {
            // Parts that are done were counted, and are not done again: the job plans anew.
            if before.counts != progress.counts {
                return Err(Error::Conflict);
            }
            tries += 1;
            continue;
        }
        error::log(&error);
        progress.counts.failed_albums += 1;
        progress.note(Problem::new(planned.name.clone(), error.message()));
        return Ok(());
    }
}

/// Fails with `CONFLICT` if the run is somebody else's by now.
async fn still_held(step: &Step) -> Result<()> {
    let step_ = step.clone();
    let check = step.app.transact(move |transaction| async move {
        step_.hold(&transaction).await?;
        Ok(())
    });
    check.await
}

async fn finish(step: &Step, progress: Progress) -> Result<()> {
    let change = ActiveModel {
        state: Set(State::Succeeded),
        finish_time: Set(Some(step.app.now())),
        ..Default::default()
    };
    let step_ = step.clone();
    let finish = step.app.transact(move |transaction| async move {
        step_.hold(&transaction).await?;
        step_.change(&transaction, &progress, change).await
    });
    finish.await
}
