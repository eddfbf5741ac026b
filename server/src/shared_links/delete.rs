//! Revoking a link.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use super::{LinkView, policy, view, view_of_other};
use crate::access::{self, Actor, Subject};
use crate::app::App;
use crate::audit;
use crate::entity::audit_event::Kind;
use crate::error::Result;
use crate::events;
use crate::id::SharedLinkId;

/// Revokes a link for good. Requires to see it, or to be an administrator.
pub async fn delete(app: &App, actor: &Actor, id: SharedLinkId) -> Result<LinkView> {
    let (app_, actor_) = (app.clone(), actor.clone());
    let deleted = app.transact(move |transaction| async move {
        let policy = policy::load(&*transaction).await?;
        let (link, album, is_seen) = access::lock_revocable_link(&transaction, &actor_, id).await?;
        if link.delete_time.is_some() {
            return Ok((policy, link, album, is_seen));
        }
        let now = app_.now();
        let mut change = link.into_active_model();
        change.slug = Set(None);
        change.delete_time = Set(Some(now));
        change.update_time = Set(now);
        let link = change.update(&*transaction).await?;
        audit::record(&app_, &transaction, &actor_, Kind::LinkRevoked, id).await?;
        events::revoke_from(&app_, &transaction, Subject::Link(id)).await?;
        Ok((policy, link, album, is_seen))
    });
    let (policy, link, album, is_seen) = deleted.await?;
    if is_seen {
        view(app, &policy, link, album)
    } else {
        Ok(view_of_other(app, &policy, link, album))
    }
}
