//! Deleting libraries. The files stay as they are.

use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, ModelTrait as _, Set};
use serde::{Deserialize, Serialize};

use super::detach::detach;
use super::scans::{parse_id, request_stop};
use crate::access::{self, Actor};
use crate::app::App;
use crate::audit;
use crate::entity::audit_event::Kind;
use crate::error::{Error, Result};
use crate::id::LibraryId;
use crate::jobs::{self, Context, Job};

/// How many rows one transaction takes away.
const BATCH: u64 = 500;

/// Deletes a library. Assets that are nowhere else go with it, for good: with any of these it fails
/// with `LIBRARY_NOT_EMPTY` unless `force` is set. It is gone at once; a job takes away the rest.
pub async fn delete(app: &App, actor: &Actor, id: LibraryId, force: bool) -> Result<()> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        // Under the owner's lock no scan brings assets meanwhile.
        let (_, library) = access::lock_library_owner(&transaction, &actor, id).await?;
        if !force && access::has_sole_assets(&transaction, id).await? {
            return Err(Error::library_not_empty(id));
        }
        request_stop(&app_, &transaction, &library).await?;
        let mut change = library.into_active_model();
        change.delete_time = Set(Some(app_.now()));
        change.update(&*transaction).await?;
        audit::record(&app_, &transaction, &actor, Kind::LibraryDeleted, id).await?;
        jobs::enqueue(&app_, &transaction, TakeApart { library_id: id.to_string() }).await
    })
    .await
}

/// Takes a deleted library apart, with the assets that are nowhere else.
#[derive(Debug, Serialize, Deserialize)]
pub struct TakeApart {
    library_id: String,
}

impl Job for TakeApart {
    const KIND: &'static str = "take-library-apart";
    const IS_LONG: bool = true;

    fn unique_key(&self) -> Option<String> {
        Some(self.library_id.clone())
    }

    async fn run(self, app: App, context: Context) -> Result<()> {
        let id = parse_id(&self.library_id)?;
        while !take_some(&app, &context, id).await? {}
        Ok(())
    }
}

/// One batch; `true` once nothing is left.
async fn take_some(app: &App, context: &Context, id: LibraryId) -> Result<bool> {
    let (app_, context) = (app.clone(), context.clone());
    app.transact(move |transaction| async move {
        let Some(library) = access::any_library(&*transaction, id).await? else {
            return Ok(true);
        };
        let owner = access::lock_user(&transaction, library.owner_id).await?;
        context.check(&transaction).await?;
        let rows = access::some_library_files(&transaction, id, BATCH).await?;
        if rows.is_empty() {
            library.delete(&*transaction).await?;
            return Ok(true);
        }
        detach(&app_, &transaction, owner, &rows).await?;
        Ok(false)
    })
    .await
}
