//! Sessions as their user sees them: listing, naming and ending them.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, IntoActiveModel as _, ModelTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set,
};

use crate::access::{self, Actor, Subject, UserActor};
use crate::app::App;
use crate::audit;
use crate::entity::audit_event::Kind;
use crate::entity::session::{self, Column, Model as Session};
use crate::error::Result;
use crate::events;
use crate::id::SessionId;
use crate::mask;
use crate::page::{self, Page, Paged};
use crate::users;

/// What may be changed of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What the user calls the device.
    DeviceName,
}

impl mask::Field for Field {
    const ALL: &'static [Self] = &[Self::DeviceName];

    fn path(self) -> &'static str {
        match self {
            Self::DeviceName => "device_name",
        }
    }
}

/// A page of the caller's sessions, latest first.
pub async fn list_sessions(app: &App, actor: &Actor, page: &Page) -> Result<Paged<Session>> {
    let sort = Expr::col((session::Entity, Column::CreateTime));
    let id = Expr::col((session::Entity, Column::Id));
    let mut find = access::own_sessions(actor.user()?, app.now())
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Id)
        .limit(page.limit());
    if let Some(key) = &page.after {
        find = find.filter(page::behind(sort, key.number.into(), id, key, true));
    }
    let rows = find.all(app.database.reader()).await?;
    Ok(page.paged(rows, |session| page::Key {
        number: session.create_time.0,
        text: String::new(),
        id: session.id.as_bytes().to_vec(),
    }))
}

/// Changes a session of the caller's.
pub async fn update_session(
    app: &App,
    actor: &Actor,
    id: SessionId,
    device_name: String,
    fields: Vec<Field>,
) -> Result<Session> {
    let (user, now) = (*actor.user()?, app.now());
    app.transact(move |transaction| async move {
        let session = access::own_session(&transaction, &user, id, now).await?;
        let mut session = session.into_active_model();
        for field in fields {
            match field {
                Field::DeviceName => session.device_name = Set(device_name.clone()),
            }
        }
        Ok(session.update(&*transaction).await?)
    })
    .await
}

/// Ends a session of the caller's.
pub async fn revoke_session(app: &App, actor: &Actor, id: SessionId) -> Result<()> {
    let (app_, actor, user) = (app.clone(), actor.clone(), *actor.user()?);
    app.transact(move |transaction| async move {
        let session = access::own_session(&transaction, &user, id, app_.now()).await?;
        session.delete(&*transaction).await?;
        audit::record(&app_, &transaction, &actor, Kind::SessionEnded, id).await?;
        events::revoke_from(&app_, &transaction, Subject::User(user.id)).await
    })
    .await
}

/// Ends all of the caller's sessions but the one that calls, and returns how many.
pub async fn revoke_other_sessions(app: &App, actor: &Actor) -> Result<u64> {
    let (app_, actor, user) = (app.clone(), actor.clone(), *actor.user()?);
    let session_id = user.session_id()?;
    let count = app.transact(move |transaction| async move {
        let count = users::end_sessions(&transaction, user.id, Some(session_id)).await?;
        if count > 0 {
            audit::record(&app_, &transaction, &actor, Kind::SessionEnded, "").await?;
            events::revoke_from(&app_, &transaction, Subject::User(user.id)).await?;
        }
        Ok(count)
    });
    count.await
}

/// Whether a session is the one that calls.
pub(super) fn is_current(actor: &UserActor, session: &Session) -> bool {
    actor.session_id().is_ok_and(|id| id == session.id)
}
