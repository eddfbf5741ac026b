//! Taking access away: new passwords, and the end of sessions.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, Set,
};

use crate::access::{self, Actor, Subject};
use crate::app::App;
use crate::audit;
use crate::database::Transaction;
use crate::entity::audit_event::Kind;
use crate::entity::session;
use crate::error::Result;
use crate::events;
use crate::id::{SessionId, UserId};
use crate::password::check_common;

/// Sets the password of any user, and ends all of their sessions; returns how many. For
/// administrators.
pub async fn reset_password(app: &App, actor: &Actor, id: UserId, new: &str) -> Result<u64> {
    check_common("new_password", new)?;
    access::user(app.database.reader(), id).await?;
    let password_hash = app.passwords.hash(new).await?;
    let (app_, actor) = (app.clone(), actor.clone());
    let count = app.transact(move |transaction| async move {
        let row = access::lock_user(&transaction, id).await?;
        let mut row = row.into_row().into_active_model();
        row.password_hash = Set(password_hash);
        row.update_time = Set(app_.now());
        row.update(&*transaction).await?;
        audit::record(&app_, &transaction, &actor, Kind::PasswordReset, id).await?;
        events::revoke_from(&app_, &transaction, Subject::User(id)).await?;
        end_sessions(&transaction, id, None).await
    });
    count.await
}

/// Ends the sessions of a user, but for one, as part of a larger transaction, after which open
/// streams must be told. Returns how many.
pub async fn end_sessions(
    transaction: &Transaction,
    user: UserId,
    kept: Option<SessionId>,
) -> Result<u64> {
    let mut end = session::Entity::delete_many().filter(session::Column::UserId.eq(user));
    if let Some(kept) = kept {
        end = end.filter(session::Column::Id.ne(kept));
    }
    Ok(end.exec(&**transaction).await?.rows_affected)
}
