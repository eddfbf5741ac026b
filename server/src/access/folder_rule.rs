//! Folder rules and their runs: each user sees and changes their own.

use std::net::{IpAddr, Ipv4Addr};

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select,
};

use super::{Actor, LockedUser, Network, UserActor, Via, directory, found_user};
use crate::config::Directory;
use crate::database::Transaction;
use crate::entity::folder_rule::{self, Model as FolderRule};
use crate::entity::folder_rule_run::{self, Model as FolderRuleRun, State};
use crate::entity::user::{self, Model as User};
use crate::error::{Error, Result};
use crate::id::{FolderRuleId, FolderRuleRunId, SessionId, UserId};
use crate::time::Micros;

/// The rules of a user, without the one that stands for their calls without a rule.
#[must_use]
pub fn folder_rules(user: &UserActor) -> Select<folder_rule::Entity> {
    folder_rule::Entity::find()
        .filter(folder_rule::Column::OwnerId.eq(user.id))
        .filter(folder_rule::Column::IsAdHoc.eq(false))
}

/// A rule of the caller's.
pub async fn folder_rule(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    id: FolderRuleId,
) -> Result<FolderRule> {
    let rule = folder_rules(user).filter(folder_rule::Column::Id.eq(id)).one(connection).await?;
    rule.ok_or_else(|| Error::not_found("folder_rule", id))
}

/// The rule that stands for a user's calls without a rule; `None` before the first of them.
pub async fn ad_hoc_rule(
    connection: &impl ConnectionTrait,
    owner: UserId,
) -> Result<Option<FolderRule>> {
    let find = folder_rule::Entity::find()
        .filter(folder_rule::Column::OwnerId.eq(owner))
        .filter(folder_rule::Column::IsAdHoc.eq(true));
    Ok(find.one(connection).await?)
}

/// A rule whose schedule says that it runs now; `None` if it does not any more.
pub async fn due_rule(
    transaction: &Transaction,
    owner: &LockedUser,
    id: FolderRuleId,
    now: Micros,
) -> Result<Option<FolderRule>> {
    let find = folder_rule::Entity::find_by_id(id)
        .filter(folder_rule::Column::OwnerId.eq(owner.id))
        .filter(folder_rule::Column::NextRunTime.lte(now));
    Ok(find.one(&**transaction).await?)
}

/// The rules whose schedule says that they run now, with their owners.
pub async fn due_rules(
    connection: &impl ConnectionTrait,
    now: Micros,
) -> Result<Vec<(FolderRuleId, UserId)>> {
    let due = folder_rule::Entity::find()
        .filter(folder_rule::Column::NextRunTime.lte(now))
        .order_by_asc(folder_rule::Column::NextRunTime)
        .select_only()
        .column(folder_rule::Column::Id)
        .column(folder_rule::Column::OwnerId);
    Ok(due.into_tuple().all(connection).await?)
}

/// The runs of a user's rules, and of their calls without a rule.
#[must_use]
pub fn folder_rule_runs(user: &UserActor) -> Select<folder_rule_run::Entity> {
    folder_rule_run::Entity::find().filter(folder_rule_run::Column::OwnerId.eq(user.id))
}

/// A run of the caller's.
pub async fn folder_rule_run(
    connection: &impl ConnectionTrait,
    user: &UserActor,
    id: FolderRuleRunId,
) -> Result<FolderRuleRun> {
    let find = folder_rule_runs(user).filter(folder_rule_run::Column::Id.eq(id));
    find.one(connection).await?.ok_or_else(|| Error::not_found("folder_rule_run", id))
}

/// A run for the job that does it.
pub async fn any_folder_rule_run(
    connection: &impl ConnectionTrait,
    id: FolderRuleRunId,
) -> Result<Option<FolderRuleRun>> {
    Ok(folder_rule_run::Entity::find_by_id(id).one(connection).await?)
}

/// The run of a rule that has not ended, as the transaction sees it that holds the lock of the
/// rule's owner.
pub async fn active_run(
    transaction: &Transaction,
    rule: FolderRuleId,
) -> Result<Option<FolderRuleRun>> {
    let find = folder_rule_run::Entity::find()
        .filter(folder_rule_run::Column::RuleId.eq(rule))
        .filter(folder_rule_run::Column::State.is_in([State::Queued, State::Running]));
    Ok(find.one(&**transaction).await?)
}

/// The owner of a rule as who acts while nobody calls. Fails with `CREDENTIAL_INVALID` once the
/// account cannot be used.
pub async fn rule_owner(connection: &impl ConnectionTrait, id: UserId) -> Result<Actor> {
    let owner = user::Entity::find_by_id(id).filter(user::active()).one(connection).await?;
    let owner = owner.ok_or(Error::CredentialInvalid)?;
    Ok(Actor::User(UserActor {
        id,
        is_admin: owner.is_admin,
        via: Via::Session(SessionId::NIL),
        network: Network::of(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        expire_time: None,
    }))
}

/// The active users who have this whole e-mail; else those with exactly this name whom the caller
/// may find, two at most.
pub async fn named_users(
    connection: &impl ConnectionTrait,
    caller: &UserActor,
    policy: Directory,
    text: &str,
) -> Result<Vec<User>> {
    if let Some(user) = found_user(text).one(connection).await? {
        return Ok(vec![user]);
    }
    let policy = if caller.is_admin { Directory::Everyone } else { policy };
    let named = directory(caller, policy).filter(user::Column::DisplayName.eq(text));
    Ok(named.order_by_asc(user::Column::Id).limit(2).all(connection).await?)
}
