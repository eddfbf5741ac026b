//! Albums from folders: the folders of a user's libraries as albums, kept up to date.
//!
//! A *rule* holds options, a *plan* is what it would do now, a *run* does it. What a rule did is
//! remembered by folder and by asset, so that a run finds its albums again whatever people call
//! them, puts nothing back that people took out, and can be taken back.
//!
//! Everything of one user's rules happens under the lock of their row; see `step.rs`.

mod apply;
mod convert;
mod delete;
mod deletion;
mod memory;
mod options;
mod plan;
mod resolve;
mod rpc;
mod rules;
mod run;
mod runs;
mod scan;
mod schedule;
mod sharing;
mod since;
mod step;
mod sync;
mod taken;
mod thumbnails;
mod undo;
mod work;

pub use options::{Mode, Options, Order, Share, ShareRole, Sync, Thumbnail};
pub use plan::{Action, Move, Plan, PlannedAlbum};
pub use rpc::Rpc;
pub use rules::{Field, Values, create_rule, delete_rule, get_rule, list_rules, update_rule};
pub use run::RunRule;
pub use runs::{Counts, Problem, apply, follow, list_runs};
pub use scan::{Reason, Skipped};
pub use schedule::{StartDue, Sweep};
pub use undo::{Undone, undo_run};

use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::folder_rule::Model as FolderRule;
use crate::error::{Error, Result};
use crate::id::FolderRuleId;

/// What a rule of the caller's, or options of their own, would do now; and what would be passed
/// over. Nothing changes.
pub async fn plan(
    app: &App,
    actor: &Actor,
    rule: Option<FolderRuleId>,
    options: Option<Options>,
) -> Result<(Plan, Vec<Problem>)> {
    let user = actor.user()?;
    let (rule, options) = chosen(app, actor, rule, options).await?;
    let (_, notes) = sharing::resolve(app, user, &options.share_with).await?;
    let rule = match rule {
        Some(rule) => Some(rule),
        None => access::ad_hoc_rule(app.database.reader(), user.id).await?,
    };
    let plan = plan::make(app, user.id, rule.map(|rule| rule.id), &options).await?;
    Ok((plan, notes))
}

/// The rule and the options that a call is about.
async fn chosen(
    app: &App,
    actor: &Actor,
    rule: Option<FolderRuleId>,
    options: Option<Options>,
) -> Result<(Option<FolderRule>, Options)> {
    let rule = match rule {
        Some(id) => Some(access::folder_rule(app.database.reader(), actor.user()?, id).await?),
        None => None,
    };
    let options = match (options, &rule) {
        (Some(options), _) => options,
        (None, Some(rule)) => Options::read(&rule.options)?,
        (None, None) => {
            return Err(Error::invalid("options", "is required without folder_rule_id"));
        }
    };
    Ok((rule, options))
}
