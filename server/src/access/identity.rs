//! Ids that callers choose for what they create.

use sea_orm::{ConnectionTrait, EntityTrait as _};

use crate::entity::{activity, album, export, folder_rule, library, shared_link, upload, user};
use crate::error::{Error, Result};
use crate::id::{
    ActivityId, AlbumId, ExportId, FolderRuleId, LibraryId, SharedLinkId, UploadId, UserId,
};

/// Refuses an id that names anything already, of whatever kind and whoever's.
///
/// A repeated call finds its own row before it asks this.
pub async fn refuse_taken(
    connection: &impl ConnectionTrait,
    kind: &'static str,
    id: [u8; 16],
) -> Result<()> {
    let activity = activity::Entity::find_by_id(ActivityId::from_bytes(id));
    let album = album::Entity::find_by_id(AlbumId::from_bytes(id));
    let export = export::Entity::find_by_id(ExportId::from_bytes(id));
    let rule = folder_rule::Entity::find_by_id(FolderRuleId::from_bytes(id));
    let library = library::Entity::find_by_id(LibraryId::from_bytes(id));
    let link = shared_link::Entity::find_by_id(SharedLinkId::from_bytes(id));
    let upload = upload::Entity::find_by_id(UploadId::from_bytes(id));
    let user = user::Entity::find_by_id(UserId::from_bytes(id));
    let is_taken = activity.one(connection).await?.is_some()
        || album.one(connection).await?.is_some()
        || export.one(connection).await?.is_some()
        || rule.one(connection).await?.is_some()
        || library.one(connection).await?.is_some()
        || link.one(connection).await?.is_some()
        || upload.one(connection).await?.is_some()
        || user.one(connection).await?.is_some();
    if is_taken { Err(Error::already_exists(kind, AlbumId::from_bytes(id))) } else { Ok(()) }
}
