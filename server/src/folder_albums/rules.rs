//! Rules: options that are kept, and followed by schedule.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, IntoActiveModel as _, ModelTrait as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};

use super::options::Options;
use super::sharing;
use crate::access::{self, Actor, UserActor};
use crate::app::App;
use crate::crontab::Schedule;
use crate::database::Transaction;
use crate::entity::folder_rule::{self, Column, Model as FolderRule};
use crate::error::{Error, Result};
use crate::id::{FolderRuleId, UserId};
use crate::mask;
use crate::page::{self, Page, Paged};

/// What owners may change of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The name.
    DisplayName,
    /// The options, as a whole.
    Options,
    /// When it runs by itself.
    Schedule,
    /// The time zone of the schedule.
    TimeZone,
}

impl mask::Field for Field {
    const ALL: &'static [Self] =
        &[Self::DisplayName, Self::Options, Self::Schedule, Self::TimeZone];

    fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::Options => "options",
            Self::Schedule => "schedule",
            Self::TimeZone => "time_zone",
        }
    }
}

/// The values of a new rule or an update.
#[derive(Debug, Clone)]
pub struct Values {
    /// The name.
    pub display_name: String,
    /// The options.
    pub options: Option<Options>,
    /// When it runs by itself.
    pub schedule: Schedule,
}

/// How many rules a user may have.
const MAX_RULES: u64 = 100;

/// Checks options as far as they can be before they are followed, and that the caller may share if
/// they do.
pub(super) async fn check(app: &App, user: &UserActor, options: &Options) -> Result<()> {
    options.planner()?;
    if !options.share_with.is_empty() {
        access::may_add_members(user)?;
    }
    sharing::resolve(app, user, &options.share_with).await?;
    Ok(())
}

/// Creates a rule of the caller's, or finds the one that an earlier call with the same id created.
pub async fn create_rule(
    app: &App,
    actor: &Actor,
    id: Option<FolderRuleId>,
    values: Values,
) -> Result<FolderRule> {
    let user = *actor.user()?;
    let options = values.options.clone();
    let options = options.ok_or_else(|| Error::invalid("folder_rule.options", "is required"))?;
    check_name(&values.display_name)?;
    check(app, &user, &options).await.map_err(in_rule)?;
    let next_run_time = values.schedule.next("folder_rule", app.now())?;
    let options = options.write()?;
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        access::lock_owner(&transaction, user.id).await?;
        if let Some(id) = id {
            match access::folder_rule(&*transaction, &user, id).await {
                Err(Error::NotFound(_)) => {}
                rule => return rule,
            }
            access::refuse_taken(&*transaction, "folder_rule", *id.as_bytes()).await?;
        }
        if access::folder_rules(&user).count(&*transaction).await? >= MAX_RULES {
            return Err(Error::LimitReached { kind: "folder_rule", limit: MAX_RULES });
        }
        let name = values.display_name.clone();
        let row = folder_rule::ActiveModel {
            id: Set(id.unwrap_or_else(FolderRuleId::generate)),
            display_name: Set(values.display_name),
            options: Set(options),
            schedule: Set(values.schedule.crontab),
            time_zone: Set(values.schedule.time_zone),
            next_run_time: Set(next_run_time),
            ..new_row(&app_, user.id)
        };
        let rule = row.insert(&*transaction).await;
        rule.map_err(|error| Error::of_unique("display_name", &name, error))
    })
    .await
}

/// The rule that stands for a user's calls without a rule, made if there is none. The transaction
/// holds the lock of their row.
pub(super) async fn ad_hoc(
    app: &App,
    transaction: &Transaction,
    owner: UserId,
) -> Result<FolderRule> {
    if let Some(rule) = access::ad_hoc_rule(&**transaction, owner).await? {
        return Ok(rule);
    }
    let row = folder_rule::ActiveModel { is_ad_hoc: Set(true), ..new_row(app, owner) };
    Ok(row.insert(&**transaction).await?)
}

fn new_row(app: &App, owner: UserId) -> folder_rule::ActiveModel {
    let now = app.now();
    folder_rule::ActiveModel {
        id: Set(FolderRuleId::generate()),
        owner_id: Set(owner),
        is_ad_hoc: Set(false),
        display_name: Set(String::new()),
        options: Set("{}".to_owned()),
        schedule: Set(None),
        time_zone: Set(None),
        next_run_time: Set(None),
        create_time: Set(now),
        update_time: Set(now),
    }
}

/// A rule of the caller's.
pub async fn get_rule(app: &App, actor: &Actor, id: FolderRuleId) -> Result<FolderRule> {
    access::folder_rule(app.database.reader(), actor.user()?, id).await
}

/// A page of the caller's rules, the latest first.
pub async fn list_rules(app: &App, actor: &Actor, page: &Page) -> Result<Paged<FolderRule>> {
    let column = |column: Column| Expr::col((folder_rule::Entity, column));
    let mut find = access::folder_rules(actor.user()?)
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(key) = &page.after {
        let (sort, id) = (column(Column::CreateTime), column(Column::Id));
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    Ok(page.paged(find.all(app.database.reader()).await?, |rule| page::Key {
        number: rule.create_time.0,
        text: String::new(),
        id: rule.id.as_bytes().to_vec(),
    }))
}

/// Changes a rule of the caller's.
pub async fn update_rule(
    app: &App,
    actor: &Actor,
    id: FolderRuleId,
    values: Values,
    fields: Vec<Field>,
) -> Result<FolderRule> {
    let user = *actor.user()?;
    let mut options = None;
    if fields.contains(&Field::Options) {
        let new = values.options.as_ref();
        let new = new.ok_or_else(|| Error::invalid("folder_rule.options", "is required"))?;
        check(app, &user, new).await.map_err(in_rule)?;
        options = Some(new.write()?);
    }
    let app_ = app.clone();
    app.transact(move |transaction| async move {
        access::lock_owner(&transaction, user.id).await?;
        let rule = access::folder_rule(&*transaction, &user, id).await?;
        let mut change = rule.clone().into_active_model();
        let mut schedule = rule.schedule();
        for field in fields {
            match field {
                Field::DisplayName => {
                    check_name(&values.display_name)?;
                    change.display_name = Set(values.display_name.clone());
                }
                Field::Options => {
                    change.options = Set(options.take().unwrap_or(rule.options.clone()));
                }
                Field::Schedule => schedule.crontab.clone_from(&values.schedule.crontab),
                Field::TimeZone => schedule.time_zone.clone_from(&values.schedule.time_zone),
            }
        }
        change.next_run_time = Set(schedule.next("folder_rule", app_.now())?);
        change.schedule = Set(schedule.crontab);
        change.time_zone = Set(schedule.time_zone);
        change.update_time = Set(app_.now());
        let rule = change.update(&*transaction).await;
        rule.map_err(|error| Error::of_unique("display_name", &values.display_name, error))
    })
    .await
}

/// Deletes a rule of the caller's with its runs. Its albums stay.
pub async fn delete_rule(app: &App, actor: &Actor, id: FolderRuleId) -> Result<()> {
    let user = *actor.user()?;
    app.transact(move |transaction| async move {
        access::lock_owner(&transaction, user.id).await?;
        access::folder_rule(&*transaction, &user, id).await?.delete(&*transaction).await?;
        Ok(())
    })
    .await
}

fn check_name(name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid("folder_rule.display_name", "must not be blank"));
    }
    Ok(())
}

/// The same violations, of options that are part of a rule.
pub(super) fn in_rule(error: Error) -> Error {
    match error {
        Error::InvalidRequest(mut violations) => {
            for violation in &mut violations {
                violation.field = format!("folder_rule.{}", violation.field);
            }
            Error::InvalidRequest(violations)
        }
        error => error,
    }
}
