//! The runs of rules: starting, following and listing them.

use std::time::Duration;

use futures::stream::{Stream, try_unfold};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::options::Options;
use super::run::RunRule;
use super::{chosen, rules};
use crate::access::{self, Actor, Interest, UserActor};
use crate::app::App;
use crate::database::Transaction;
use crate::entity::folder_rule::Model as FolderRule;
use crate::entity::folder_rule_run::{self, Column, Model as FolderRuleRun, State};
use crate::error::{Error, Result};
use crate::id::{FolderRuleId, FolderRuleRunId};
use crate::jobs;
use crate::page::{self, Page, Paged};

/// A run that said nothing for so long was given up.
const GIVEN_UP: Duration = Duration::from_secs(3600);
/// How often a run is looked at by those who follow it, at first and later.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each is a field of FolderRuleRunCounts, documented in the proto")]
pub struct Counts {
    pub planned_albums: u64,
    pub done_albums: u64,
    pub failed_albums: u64,
    pub created_albums: u64,
    pub renamed_albums: u64,
    pub deleted_albums: u64,
    pub hand_made_albums: u64,
    pub added_assets: u64,
    pub moved_assets: u64,
    pub added_members: u64,
    pub set_thumbnails: u64,
    pub archived_assets: u64,
    pub unarchived_assets: u64,
    pub removed_assets: u64,
    pub files: u64,
    pub skipped_files: u64,
}

impl Counts {
    /// The counts of a run.
    pub fn read(run: &FolderRuleRun) -> Result<Self> {
        serde_json::from_str(&run.counts).map_err(Error::internal)
    }
}

/// What went wrong in a run, or was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What it is about.
    pub subject: String,
    /// What happened.
    pub message: String,
}

impl Problem {
    /// Puts a problem together.
    pub fn new(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), message: message.into() }
    }

    /// The problems of a run.
    pub fn read(run: &FolderRuleRun) -> Result<Vec<Self>> {
        serde_json::from_str(&run.problems).map_err(Error::internal)
    }
}

/// What is to be run.
#[derive(Debug)]
pub(super) struct NewRun {
    pub(super) rule: FolderRule,
    pub(super) options: String,
    pub(super) plan_token: Option<String>,
    pub(super) is_scheduled: bool,
}

/// Starts a run of a rule of the caller's, or of options of their own. A job does it.
///
/// Everything is checked before. Fails with `RULE_RUNNING` while another run of the rule is under
/// way.
pub async fn apply(
    app: &App,
    actor: &Actor,
    rule: Option<FolderRuleId>,
    options: Option<Options>,
    plan_token: Option<String>,
) -> Result<FolderRuleRun> {
    let user = *actor.user()?;
    let (rule, options) = chosen(app, actor, rule, options).await?;
    rules::check(app, &user, &options).await?;
    let text = options.write()?;
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        access::lock_owner(&transaction, user.id).await?;
        let rule = match rule {
            Some(rule) => access::folder_rule(&*transaction, &user, rule.id).await?,
            None => rules::ad_hoc(&app_, &transaction, user.id).await?,
        };
        let new = NewRun { rule, options: text, plan_token, is_scheduled: false };
        start(&app_, &transaction, new).await
    })
    .await
}

/// Notes a run and enqueues its job. The transaction holds the lock of the owner's row.
pub(super) async fn start(
    app: &App,
    transaction: &Transaction,
    new: NewRun,
) -> Result<FolderRuleRun> {
    let now = app.now();
    refuse_active(app, transaction, new.rule.id).await?;
    let run = folder_rule_run::ActiveModel {
        id: Set(FolderRuleRunId::generate()),
        rule_id: Set(new.rule.id),
        owner_id: Set(new.rule.owner_id),
        state: Set(State::Queued),
        is_ad_hoc: Set(new.rule.is_ad_hoc),
        is_scheduled: Set(new.is_scheduled),
        options: Set(new.options),
        plan_token: Set(new.plan_token),
        failure: Set(None),
        counts: Set("{}".to_owned()),
        problems: Set("[]".to_owned()),
        deleted_albums: Set(Vec::new()),
        create_time: Set(now),
        start_time: Set(None),
        update_time: Set(now),
        finish_time: Set(None),
        undo_time: Set(None),
        shared_with: Set("[]".to_owned()),
        undone: Set("{}".to_owned()),
    };
    let run = run.insert(&**transaction).await?;
    jobs::enqueue(app, transaction, RunRule::of(run.id)).await?;
    Ok(run)
}

/// Fails while a run of a rule is under way. One that was given up ends here.
pub(super) async fn refuse_active(
    app: &App,
    transaction: &Transaction,
    rule: FolderRuleId,
) -> Result<()> {
    let Some(run) = access::active_run(transaction, rule).await? else { return Ok(()) };
    if run.update_time.after(GIVEN_UP) > app.now() {
        return Err(Error::rule_running(run.id));
    }
    let problem = Problem::new("", "it was cut off, and not continued");
    let mut ended = run.into_active_model();
    ended.state = Set(State::Failed);
    ended.problems = Set(serde_json::to_string(&[problem]).map_err(Error::internal)?);
    ended.finish_time = Set(Some(app.now()));
    ended.update(&**transaction).await?;
    Ok(())
}

/// Tells how far a run of the caller's is, whenever that changes, until it has ended. Ends with
/// `PLAN_CHANGED` if the run was to follow a plan that is not the plan any more.
pub async fn follow(
    app: &App,
    actor: &Actor,
    id: FolderRuleRunId,
) -> Result<impl Stream<Item = Result<FolderRuleRun>> + Send + use<>> {
    let user = *actor.user()?;
    let follower = Follower { app: app.clone(), user, id, last: None, delay: FIRST_LOOK };
    let runs = try_unfold(Some(follower), |follower| async move {
        let Some(mut follower) = follower else { return Ok(None) };
        let run = follower.next().await?;
        let next = run.is_active().then_some(follower);
        Ok(Some((run, next)))
    });
    let check = move |app: App, actor: Actor| async move {
        access::folder_rule_run(app.database.reader(), actor.user()?, id).await?;
        Ok(())
    };
    Ok(access::guard(app.clone(), actor.clone(), Interest::Own, runs, check))
}

/// Somebody who follows a run.
struct Follower {
    app: App,
    user: UserActor,
    id: FolderRuleRunId,
    last: Option<FolderRuleRun>,
    delay: Duration,
}

impl Follower {
    /// The run as soon as it is another than it was, at once at first.
    async fn next(&mut self) -> Result<FolderRuleRun> {
        loop {
            let run =
                access::folder_rule_run(self.app.database.reader(), &self.user, self.id).await?;
            if run.failure.as_deref() == Some(Error::PlanChanged.reason_name()) {
                return Err(Error::PlanChanged);
            }
            if self.last.as_ref() != Some(&run) {
                self.delay = FIRST_LOOK;
                self.last = Some(run.clone());
                return Ok(run);
            }
            sleep(self.delay).await;
            self.delay = (self.delay * 2).min(LAST_LOOK);
        }
    }
}

/// A page of the caller's runs, the latest first.
pub async fn list_runs(
    app: &App,
    actor: &Actor,
    rule: Option<FolderRuleId>,
    page: &Page,
) -> Result<Paged<FolderRuleRun>> {
    let (user, connection) = (actor.user()?, app.database.reader());
    let column = |column: Column| Expr::col((folder_rule_run::Entity, column));
    let mut find = access::folder_rule_runs(user)
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(rule) = rule {
        access::folder_rule(connection, user, rule).await?;
        find = find.filter(Column::RuleId.eq(rule));
    }
    if let Some(key) = &page.after {
        let (sort, id) = (column(Column::CreateTime), column(Column::Id));
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    Ok(page.paged(find.all(connection).await?, |run| page::Key {
        number: run.create_time.0,
        text: String::new(),
        id: run.id.as_bytes().to_vec(),
    }))
}

/// Changes the row of a run that has not ended.
pub(super) async fn change(
    transaction: &Transaction,
    id: FolderRuleRunId,
    change: folder_rule_run::ActiveModel,
) -> Result<()> {
    folder_rule_run::Entity::update_many()
        .set(change)
        .filter(Column::Id.eq(id))
        .filter(Column::State.is_in([State::Queued, State::Running]))
        .exec(&**transaction)
        .await?;
    Ok(())
}
