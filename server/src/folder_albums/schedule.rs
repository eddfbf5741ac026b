//! Rules that run by themselves, and runs that are forgotten.

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, Set,
};
use serde::{Deserialize, Serialize};

use super::runs::{self, NewRun};
use crate::access;
use crate::app::App;
use crate::entity::folder_rule_run;
use crate::error::{Error, Result};
use crate::id::{FolderRuleId, UserId};
use crate::jobs::{Context, Job};

/// How long runs are listed after they ended.
const MEMORY: Duration = Duration::from_secs(365 * 86_400);

/// Starts the rules whose schedule says so.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct StartDue;

impl Job for StartDue {
    const KIND: &'static str = "start-folder-rules";

    async fn run(self, app: App, _: Context) -> Result<()> {
        for (rule, owner) in access::due_rules(app.database.reader(), app.now()).await? {
            start(&app, rule, owner).await?;
        }
        Ok(())
    }
}

/// Starts a rule, and notes when it runs next. While a run of it is under way, or its owner's
/// account cannot be used, this time is left out.
async fn start(app: &App, rule: FolderRuleId, owner: UserId) -> Result<()> {
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        let now = app_.now();
        let owner = access::lock_user(&transaction, owner).await?;
        let due = access::due_rule(&transaction, &owner, rule, now).await?;
        let Some(rule) = due else { return Ok(()) };
        let next = rule.schedule().next("folder_rule", now)?;
        if owner.is_active() {
            let new = NewRun {
                rule: rule.clone(),
                options: rule.options.clone(),
                plan_token: None,
                is_scheduled: true,
            };
            match runs::start(&app_, &transaction, new).await {
                Ok(_) | Err(Error::RuleRunning(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut change = rule.into_active_model();
        change.next_run_time = Set(next);
        change.update(&*transaction).await?;
        Ok(())
    })
    .await
}

/// Forgets runs that ended long ago. What they put into albums stays remembered.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-folder-runs";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let before = app.now().before(MEMORY);
        let old = folder_rule_run::Entity::delete_many()
            .filter(folder_rule_run::Column::FinishTime.lte(before));
        app.transact(move |transaction| async move {
            old.exec(&*transaction).await?;
            Ok(())
        })
        .await
    }
}
