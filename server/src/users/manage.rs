//! Accounts, as administrators manage them.

use std::time::Duration;

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use super::{Profile, end_sessions};
use crate::access::{self, Actor, Subject};
use crate::app::App;
use crate::audit;
use crate::database::Transaction;
use crate::entity::audit_event::Kind;
use crate::entity::user::{self, Model as User};
use crate::error::{Error, Result};
use crate::events;
use crate::id::UserId;
use crate::mask;
use crate::password::check_common;

/// How long a deleted account can be restored.
pub const PURGE_DELAY: Duration = Duration::from_secs(7 * 86_400);

/// What administrators may change of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminField {
    /// The name that others see.
    DisplayName,
    /// The e-mail to sign in with.
    Email,
    /// Whether they administer the server.
    IsAdmin,
    /// How much they may store.
    QuotaBytes,
    /// Whether they are kept out.
    Disabled,
}

impl mask::Field for AdminField {
    const ALL: &'static [Self] =
        &[Self::DisplayName, Self::Email, Self::IsAdmin, Self::QuotaBytes, Self::Disabled];

    fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::Email => "email",
            Self::IsAdmin => "is_admin",
            Self::QuotaBytes => "quota_bytes",
            Self::Disabled => "disabled",
        }
    }
}

/// The values of a new user or an update.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// The name that others see.
    pub display_name: String,
    /// The e-mail to sign in with.
    pub email: String,
    /// Whether they administer the server.
    pub is_admin: bool,
    /// How many bytes they may store; none for any number.
    pub quota_bytes: Option<i64>,
    /// Whether they are kept out.
    pub is_disabled: bool,
}

/// A user as an administrator wants them.
#[derive(Debug)]
pub struct NewUser {
    /// The id that the caller chose.
    pub id: Option<UserId>,
    /// The values; without a quota, the server's default applies.
    pub values: Values,
    /// The password.
    pub password: String,
}

/// Creates a user, or finds the one that an earlier call with the same id created.
///
/// Fails with `RESOURCE_ALREADY_EXISTS` if the e-mail is taken, be it by a deleted user.
pub async fn create(app: &App, actor: &Actor, new: NewUser) -> Result<Profile> {
    for (field, value) in
        [("user.display_name", &new.values.display_name), ("user.email", &new.values.email)]
    {
        if value.is_empty() {
            return Err(Error::invalid(field, "must not be empty"));
        }
    }
    check_common("password", &new.password)?;
    if let Some(id) = new.id {
        match access::user(app.database.reader(), id).await {
            Ok(user) => return Ok(Profile::Whole(Box::new(user))),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let password_hash = app.passwords.hash(&new.password).await?;
    let (app_, actor) = (app.clone(), actor.clone());
    let user = app.transact(move |transaction| async move {
        let id = match new.id {
            Some(id) => {
                access::refuse_taken(&*transaction, "user", *id.as_bytes()).await?;
                id
            }
            None => UserId::generate(),
        };
        let email = new.values.email.clone();
        let row = new_row(&app_, id, new.values, password_hash);
        let user = row.insert(&*transaction).await;
        let user = user.map_err(|error| Error::of_unique("email", &email, error))?;
        audit::record(&app_, &transaction, &actor, Kind::UserCreated, id).await?;
        Ok(user)
    });
    Ok(Profile::Whole(Box::new(user.await?)))
}

/// The row of a new user. Without a quota, the server's default applies.
pub fn new_row(app: &App, id: UserId, values: Values, password_hash: String) -> user::ActiveModel {
    let now = app.now();
    user::ActiveModel {
        id: Set(id),
        folded_email: Set(user::fold(&values.email)),
        email: Set(values.email),
        display_name: Set(values.display_name),
        password_hash: Set(password_hash),
        is_admin: Set(values.is_admin),
        quota_bytes: Set(values.quota_bytes.or(app.config.default_quota_bytes)),
        used_bytes: Set(0),
        export_part_size_bytes: Set(None),
        create_time: Set(now),
        update_time: Set(now),
        disabled_time: Set(None),
        delete_time: Set(None),
        purge_time: Set(None),
    }
}

/// Changes a user. Fails with `LAST_ADMIN` where nobody would be left to administer the server.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: UserId,
    values: Values,
    fields: Vec<AdminField>,
) -> Result<Profile> {
    let (app_, actor) = (app.clone(), actor.clone());
    let user = app.transact(move |transaction| async move {
        let user = lock(&transaction, id).await?;
        if user.delete_time.is_some() {
            return Err(Error::trashed("user", id));
        }
        let mut change = user.clone().into_active_model();
        for field in &fields {
            apply(&app_, &mut change, &user, &values, *field)?;
        }
        change.update_time = Set(app_.now());
        let updated = change.update(&*transaction).await;
        let taken = |error| Error::of_unique("email", &values.email, error);
        let updated = updated.map_err(taken)?;
        settle(&transaction, &user, &updated).await?;
        audit::record(&app_, &transaction, &actor, Kind::UserUpdated, id).await?;
        events::revoke_from(&app_, &transaction, Subject::User(id)).await?;
        Ok(updated)
    });
    Ok(Profile::Whole(Box::new(user.await?)))
}

fn apply(
    app: &App,
    change: &mut user::ActiveModel,
    user: &User,
    values: &Values,
    field: AdminField,
) -> Result<()> {
    match field {
        AdminField::DisplayName if values.display_name.is_empty() => {
            return Err(Error::invalid("user.display_name", "must not be empty"));
        }
        AdminField::Email if values.email.is_empty() => {
            return Err(Error::invalid("user.email", "must not be empty"));
        }
        AdminField::DisplayName => change.display_name = Set(values.display_name.clone()),
        AdminField::Email => {
            change.folded_email = Set(user::fold(&values.email));
            change.email = Set(values.email.clone());
        }
        AdminField::IsAdmin => change.is_admin = Set(values.is_admin),
        AdminField::QuotaBytes => change.quota_bytes = Set(values.quota_bytes),
        AdminField::Disabled => {
            let since = user.disabled_time.unwrap_or_else(|| app.now());
            change.disabled_time = Set(values.is_disabled.then_some(since));
        }
    }
    Ok(())
}

/// The administrators are locked before the user, always: of two who would each leave the other as
/// the last one, the second sees what the first did.
async fn lock(transaction: &Transaction, id: UserId) -> Result<User> {
    access::active_admins(transaction).await?;
    Ok(access::lock_user(transaction, id).await?.into_row())
}

/// What follows from a change of an account: one that is out is signed out, and an administrator
/// stays.
async fn settle(transaction: &Transaction, before: &User, after: &User) -> Result<()> {
    if before.is_active() && !after.is_active() {
        end_sessions(transaction, after.id, None).await?;
    }
    let was_admin = before.is_admin && before.is_active();
    if was_admin && access::active_admins(transaction).await? == 0 {
        return Err(Error::LastAdmin);
    }
    Ok(())
}

/// Deletes a user: they are signed out and what they own is hidden, at once; it is purged after
/// [`PURGE_DELAY`]. Succeeds if they were deleted before.
pub async fn delete(app: &App, actor: &Actor, id: UserId) -> Result<Profile> {
    set_deleted(app, actor, id, true).await
}

/// Restores a deleted user with all that they own. Succeeds if they are not deleted.
pub async fn restore(app: &App, actor: &Actor, id: UserId) -> Result<Profile> {
    set_deleted(app, actor, id, false).await
}

async fn set_deleted(app: &App, actor: &Actor, id: UserId, is_deleted: bool) -> Result<Profile> {
    let (app_, actor) = (app.clone(), actor.clone());
    let user = app.transact(move |transaction| async move {
        let user = lock(&transaction, id).await?;
        if user.purge_time.is_some_and(|time| time <= app_.now()) {
            return Err(Error::not_found("user", id));
        }
        if user.delete_time.is_some() == is_deleted {
            return Ok(user);
        }
        let now = app_.now();
        let mut change = user.clone().into_active_model();
        change.delete_time = Set(is_deleted.then_some(now));
        change.purge_time = Set(is_deleted.then(|| now.after(PURGE_DELAY)));
        change.update_time = Set(now);
        let updated = change.update(&*transaction).await?;
        settle(&transaction, &user, &updated).await?;
        super::hide::set_hidden(&app_, &transaction, id, is_deleted).await?;
        let kind = if is_deleted { Kind::UserDeleted } else { Kind::UserRestored };
        audit::record(&app_, &transaction, &actor, kind, id).await?;
        events::revoke(&app_, &transaction).await?;
        Ok(updated)
    });
    Ok(Profile::Whole(Box::new(user.await?)))
}
