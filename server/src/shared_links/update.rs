//! Changing a link.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use super::create::slug_taken;
use super::{Field, LinkView, Policy, Values, policy, view};
use crate::access::{self, Actor, Subject};
use crate::app::App;
use crate::audit;
use crate::entity::album_member::Role;
use crate::entity::audit_event::Kind;
use crate::entity::shared_link::Model as SharedLink;
use crate::error::{Error, Result};
use crate::events;
use crate::id::SharedLinkId;
use crate::time::Micros;

/// Changes a link. Requires the editor role on its album.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: SharedLinkId,
    values: Values,
    fields: Vec<Field>,
) -> Result<LinkView> {
    values.check(app, &fields)?;
    // Before the slow hash, which nobody without the right may cause.
    let (_, album) = access::shared_link(app.database.reader(), actor, id).await?;
    access::album_or_list(app.database.reader(), actor, album.id, Role::Editor).await?;
    let hash = values.hash_password(app, &fields).await?;
    let (app_, actor_) = (app.clone(), actor.clone());
    let updated = app.transact(move |transaction| async move {
        let (link, album) = access::lock_shared_link(&transaction, &actor_, id).await?;
        access::album_or_list(&*transaction, &actor_, album.id, Role::Editor).await?;
        if link.delete_time.is_some() {
            return Err(Error::not_found("shared_link", id));
        }
        if album.delete_time.is_some() {
            return Err(Error::trashed("album", album.id));
        }
        if album.is_list {
            values.check_for_list(&fields)?;
        }
        let policy = policy::load(&*transaction).await?;
        check_policy(&policy, &link, &values, &fields, app_.now())?;
        let password_version = link.password_version + 1;
        let mut change = link.into_active_model();
        values.put(&fields, hash.as_ref(), &mut change);
        if fields.contains(&Field::Password) {
            change.password_version = Set(password_version);
        }
        change.update_time = Set(app_.now());
        let link = change.update(&*transaction).await;
        let link = link.map_err(|error| slug_taken(error, values.slug))?;
        audit::record(&app_, &transaction, &actor_, Kind::LinkUpdated, id).await?;
        events::revoke_from(&app_, &transaction, Subject::Link(id)).await?;
        Ok((policy, link, album))
    });
    let (policy, link, album) = updated.await?;
    view(app, &policy, link, album)
}

/// Refuses what would break the policy. What breaks it already, and is left alone, may stay.
fn check_policy(
    policy: &Policy,
    link: &SharedLink,
    values: &Values,
    fields: &[Field],
    now: Micros,
) -> Result<()> {
    if fields.contains(&Field::Password) {
        policy.check_password(values.password.is_some())?;
    }
    if fields.contains(&Field::ExpireTime) {
        policy.check_expiry(values.expire_time, now)?;
        let end = |time: Option<Micros>| time.map_or(i64::MAX, |time| time.0);
        // A link that opens for longer is as good as a new one.
        if end(values.expire_time) > end(link.expire_time) {
            policy.check_new()?;
        }
    }
    Ok(())
}
