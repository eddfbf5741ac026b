//! People: as they see and change themselves, as others find them, and as administrators manage
//! them.

mod directory;
mod hide;
mod manage;
mod passwords;
mod purge;
mod rpc;

pub use directory::{Filter, Profile, find_by_email, get, list, list_all};
pub use manage::{
    AdminField, NewUser, PURGE_DELAY, Values, create, delete, new_row, restore, update,
};
pub use passwords::{end_sessions, reset_password};
pub use purge::{Purge, purge};
pub use rpc::{Rpc, to_proto};

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, PaginatorTrait as _, Set};

use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::user::Model as User;
use crate::error::{Error, Result};
use crate::mask;

/// What users may change of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The name that others see.
    DisplayName,
    /// The largest part of exports.
    ExportPartSizeBytes,
}

impl mask::Field for Field {
    const ALL: &'static [Self] = &[Self::DisplayName, Self::ExportPartSizeBytes];

    fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::ExportPartSizeBytes => "export_part_size_bytes",
        }
    }
}

/// The new values of an update.
#[derive(Debug)]
pub struct Change {
    /// The name that others see.
    pub display_name: String,
    /// The largest part of exports, in bytes.
    pub export_part_size_bytes: Option<i64>,
}

/// How much a user stores.
#[derive(Debug)]
pub struct Usage {
    /// How many bytes their files take.
    pub used_bytes: i64,
    /// How many bytes their open uploads reserve.
    pub reserved_bytes: i64,
    /// How many bytes they may store; none for any number.
    pub quota_bytes: Option<i64>,
    /// How many assets they have.
    pub asset_count: u64,
}

/// The caller.
pub async fn get_me(app: &App, actor: &Actor) -> Result<User> {
    access::me(app.database.reader(), actor.user()?).await
}

/// How much the caller stores.
pub async fn get_usage(app: &App, actor: &Actor) -> Result<Usage> {
    let (connection, caller) = (app.database.reader(), actor.user()?);
    let user = access::me(connection, caller).await?;
    Ok(Usage {
        used_bytes: user.used_bytes,
        reserved_bytes: access::reserved_bytes(connection, caller.id, app.now()).await?,
        quota_bytes: user.quota_bytes,
        asset_count: access::own_list(caller).count(connection).await?,
    })
}

/// Changes the caller.
pub async fn update_me(
    app: &App,
    actor: &Actor,
    change: Change,
    fields: Vec<Field>,
) -> Result<User> {
    let (id, now) = (actor.user()?.id, app.now());
    app.transact(move |transaction| async move {
        let mut user = access::lock_user(&transaction, id).await?.into_row().into_active_model();
        for field in fields {
            match field {
                Field::DisplayName if change.display_name.is_empty() => {
                    return Err(Error::invalid("user.display_name", "must not be empty"));
                }
                Field::DisplayName => user.display_name = Set(change.display_name.clone()),
                Field::ExportPartSizeBytes => {
                    user.export_part_size_bytes = Set(change.export_part_size_bytes);
                }
            }
        }
        user.update_time = Set(now);
        Ok(user.update(&*transaction).await?)
    })
    .await
}
