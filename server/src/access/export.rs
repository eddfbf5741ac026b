//! Exports: for those who made them, as long as they may still see what is in them.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use super::{Actor, Sight, lock};
use crate::database::Transaction;
use crate::entity::album_member::Role;
use crate::entity::export::{self, Model as Export};
use crate::entity::export_part::{self, Summary as PartSummary};
use crate::error::{Error, Result};
use crate::id::ExportId;
use crate::time::Micros;

/// An export of the caller's, or of the link that they opened.
///
/// Fails with `NOT_FOUND` too when the caller may no longer see the album that was exported, and
/// with `DOWNLOAD_NOT_ALLOWED` when the link no longer allows downloads.
pub async fn export(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: ExportId,
    now: Micros,
) -> Result<Export> {
    let find = export::Entity::find_by_id(id).filter(export::Column::ExpireTime.gt(now));
    let find = match actor {
        Actor::Anonymous | Actor::Operator => return Err(Error::CredentialMissing),
        Actor::User(user) => find.filter(export::Column::UserId.eq(user.id)),
        Actor::Guest(_) => {
            let links = actor.links().iter().map(|link| link.link_id);
            find.filter(export::Column::SharedLinkId.is_in(links))
        }
    };
    let row = find.one(connection).await?.ok_or_else(|| Error::not_found("export", id))?;
    if let Some(album_id) = row.album_id {
        let album = super::album_or_list(connection, actor, album_id, Role::Viewer).await;
        album.map_err(|error| hide_album(error, id))?.downloadable()?;
    } else if let Actor::Guest(links) = actor {
        let links = links.iter().filter(|link| Some(link.link_id) == row.shared_link_id);
        Sight::of_links(links).downloadable()?;
    }
    Ok(row)
}

/// An export for a change: locked until the transaction ends.
pub async fn lock_export(
    transaction: &Transaction,
    actor: &Actor,
    id: ExportId,
    now: Micros,
) -> Result<Export> {
    if let Some(lock) = lock(export::Entity::find_by_id(id), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    export(&**transaction, actor, id, now).await
}

/// The archives of an export that the caller was granted, without their manifests.
pub async fn export_parts(
    connection: &impl ConnectionTrait,
    export: &Export,
) -> Result<Vec<PartSummary>> {
    Ok(export_part::Entity::find()
        .filter(export_part::Column::ExportId.eq(export.id))
        .order_by_asc(export_part::Column::Number)
        .into_partial_model::<PartSummary>()
        .all(connection)
        .await?)
}

/// One archive of an export that the caller was granted.
pub async fn export_part(
    connection: &impl ConnectionTrait,
    export: &Export,
    number: i32,
) -> Result<export_part::Model> {
    let part = export_part::Entity::find_by_id((export.id, number)).one(connection).await?;
    part.ok_or_else(|| Error::not_found("export_part", format!("{}/{number}", export.id)))
}

/// The caller asked for an export: that is what does not exist for them.
fn hide_album(error: Error, id: ExportId) -> Error {
    match error {
        Error::NotFound(_) => Error::not_found("export", id),
        other => other,
    }
}
