//! People, as they see and change themselves.

mod rpc;

pub use rpc::{Rpc, to_proto};

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

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

/// The caller.
pub async fn get_me(app: &App, actor: &Actor) -> Result<User> {
    access::me(app.database.reader(), actor.user()?).await
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
