//! Forgetting sessions that ended, signing keys without good tokens, attempts that count no more, and
//! old entries of the audit log.

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};

use crate::access;
use crate::app::App;
use crate::audit;
use crate::entity::session::{self, Column};
use crate::error::Result;
use crate::jobs::{Context, Job};

/// Removes rows of the past that open nothing any more.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sweep;

impl Job for Sweep {
    const KIND: &'static str = "sweep-sessions";

    async fn run(self, app: App, _: Context) -> Result<()> {
        let now = app.now();
        let ended = session::Entity::delete_many().filter(Column::ExpireTime.lte(now));
        let app_ = app.clone();
        app.transact(move |transaction| async move {
            ended.exec(&*transaction).await?;
            access::forget_signing_keys(&app_, &transaction).await?;
            access::forget_attempts(&transaction, now).await?;
            Ok(())
        })
        .await?;
        audit::forget(&app).await?;
        Ok(())
    }
}
