//! What administrators allow of links.
//!
//! The policy holds for what is made or changed from then on. Links that are there go on as they
//! are, and are shown with what it has against them.

mod rpc;

use std::time::Duration;

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, IntoActiveModel as _, Set,
};

use crate::access::{self, Actor};
use crate::app::App;
use crate::audit;
use crate::entity::audit_event::Kind;
use crate::entity::installation::Model as Installation;
use crate::entity::shared_link::{Column, Model as SharedLink};
use crate::error::{Error, Result};
use crate::mask;
use crate::time::Micros;

/// The shortest and the longest time that administrators may set.
const LIFETIMES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(3653 * 86_400);

/// What administrators allow of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether people may make links.
    pub allow_links: bool,
    /// Whether links must have a password.
    pub require_link_password: bool,
    /// How far away the time may be when a link stops.
    pub max_link_lifetime: Option<Duration>,
}

/// What the policy has against a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// No links may be made.
    LinksForbidden,
    /// It has no password.
    PasswordMissing,
    /// It stops too late, or never.
    LifetimeTooLong,
}

/// What may be changed of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyField {
    /// Whether people may make links.
    AllowLinks,
    /// Whether links must have a password.
    RequireLinkPassword,
    /// How far away the time may be when a link stops.
    MaxLinkLifetime,
}

impl mask::Field for PolicyField {
    const ALL: &'static [Self] =
        &[Self::AllowLinks, Self::RequireLinkPassword, Self::MaxLinkLifetime];

    fn path(self) -> &'static str {
        match self {
            Self::AllowLinks => "allow_links",
            Self::RequireLinkPassword => "require_link_password",
            Self::MaxLinkLifetime => "max_link_lifetime",
        }
    }
}

/// The policy as it is now.
pub async fn get_sharing_policy(app: &App) -> Result<Policy> {
    load(app.database.reader()).await
}

pub(super) async fn load(connection: &impl ConnectionTrait) -> Result<Policy> {
    let row = access::installation(connection).await?;
    Ok(Policy::of(&row.ok_or_else(|| Error::internal("the installation has no row"))?))
}

/// Changes the policy. For administrators.
pub async fn update_sharing_policy(
    app: &App,
    actor: &Actor,
    values: Policy,
    fields: Vec<PolicyField>,
) -> Result<Policy> {
    let lifetime = values.max_link_lifetime;
    if lifetime
        .is_some_and(|lifetime| !LIFETIMES.contains(&lifetime) || lifetime.subsec_nanos() > 0)
    {
        let rule = "must be whole seconds, from one minute to ten years";
        return Err(Error::invalid("sharing_policy.max_link_lifetime", rule));
    }
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let mut change = access::lock_installation(&transaction).await?.into_active_model();
        for field in fields {
            match field {
                PolicyField::AllowLinks => change.allow_links = Set(values.allow_links),
                PolicyField::RequireLinkPassword => {
                    change.require_link_password = Set(values.require_link_password);
                }
                PolicyField::MaxLinkLifetime => {
                    let seconds = lifetime.map(|lifetime| lifetime.as_secs().cast_signed());
                    change.max_link_lifetime_s = Set(seconds);
                }
            }
        }
        let row = change.update(&*transaction).await?;
        let kind = Kind::SharingPolicyUpdated;
        audit::record(&app_, &transaction, &actor, kind, "").await?;
        Ok(Policy::of(&row))
    })
    .await
}

impl Policy {
    fn of(row: &Installation) -> Self {
        let seconds = row.max_link_lifetime_s.map(i64::cast_unsigned);
        Self {
            allow_links: row.allow_links,
            require_link_password: row.require_link_password,
            max_link_lifetime: seconds.map(Duration::from_secs),
        }
    }

    /// Checks that links may be made at all.
    pub(super) fn check_new(&self) -> Result<()> {
        let (field, policy) = ("shared_link", "allow_links");
        if self.allow_links { Ok(()) } else { Err(Error::LinkPolicy { field, policy }) }
    }

    /// Checks that a link may be without a password, if it is.
    pub(super) fn check_password(&self, has_password: bool) -> Result<()> {
        let (field, policy) = ("shared_link.password", "require_link_password");
        if has_password || !self.require_link_password {
            Ok(())
        } else {
            Err(Error::LinkPolicy { field, policy })
        }
    }

    /// Checks when a link stops.
    pub(super) fn check_expiry(&self, expire_time: Option<Micros>, now: Micros) -> Result<()> {
        let Some(lifetime) = self.max_link_lifetime else { return Ok(()) };
        let (field, policy) = ("shared_link.expire_time", "max_link_lifetime");
        if expire_time.is_some_and(|time| time <= now.after(lifetime)) {
            Ok(())
        } else {
            Err(Error::LinkPolicy { field, policy })
        }
    }

    /// What the policy has against a link, were it made now; nothing against one that never opens
    /// again.
    #[must_use]
    pub fn violations(&self, link: &SharedLink, now: Micros) -> Vec<Violation> {
        let checks = [
            (self.check_new(), Violation::LinksForbidden),
            (self.check_password(link.password_hash.is_some()), Violation::PasswordMissing),
            (self.check_expiry(link.expire_time, now), Violation::LifetimeTooLong),
        ];
        let broken = checks.into_iter().filter(|(check, _)| check.is_err());
        let is_revoked = link.delete_time.is_some();
        broken.map(|(_, violation)| violation).filter(|_| !is_revoked).collect()
    }

    /// The links that the policy has something against.
    pub(super) fn violating(&self, now: Micros) -> Condition {
        let kept = Condition::all().add(Column::DeleteTime.is_null());
        if !self.allow_links {
            return kept;
        }
        // Something that holds for no link, so that there is something to choose from.
        let mut broken = Condition::any().add(Column::Id.is_null());
        if self.require_link_password {
            broken = broken.add(Column::PasswordHash.is_null());
        }
        if let Some(lifetime) = self.max_link_lifetime {
            broken = broken
                .add(Column::ExpireTime.is_null())
                .add(Column::ExpireTime.gt(now.after(lifetime)));
        }
        kept.add(broken)
    }
}
