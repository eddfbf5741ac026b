//! Changing passwords.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use crate::access::{self, Actor, Attempt, Subject};
use crate::app::App;
use crate::audit;
use crate::entity::audit_event::Kind;
use crate::error::{Error, Result};
use crate::events;
use crate::password::{check_common, is_renewal};
use crate::users;

/// Changes the caller's password, and ends their other sessions; returns how many. Wrong current
/// passwords count as those of [`super::login`] do.
pub async fn change_password(app: &App, actor: &Actor, current: &str, new: &str) -> Result<u64> {
    check_common("new_password", new)?;
    let caller = *actor.user()?;
    let session_id = caller.session_id()?;
    let user = access::me(app.database.reader(), &caller).await?;
    let attempt = Attempt::at_account(app, &user.email, caller.network);
    super::verify(app, caller.network, attempt.clone(), current, Some(&user)).await?;
    let password_hash = app.passwords.hash(new).await?;
    let (app_, actor) = (app.clone(), actor.clone());
    let count = app.transact(move |transaction| async move {
        let now = app_.now();
        attempt.forgive(&transaction, now).await?;
        let row = access::lock_user(&transaction, caller.id).await?;
        // Another call changed it meanwhile: what was verified counts no more.
        if !is_renewal(&user.password_hash, &row.password_hash) || !row.is_active() {
            return Err(Error::LoginFailed);
        }
        let mut row = row.into_row().into_active_model();
        row.password_hash = Set(password_hash);
        row.update_time = Set(now);
        row.update(&*transaction).await?;
        audit::record(&app_, &transaction, &actor, Kind::PasswordChanged, caller.id).await?;
        events::revoke_from(&app_, &transaction, Subject::User(caller.id)).await?;
        users::end_sessions(&transaction, caller.id, Some(session_id)).await
    });
    count.await
}
