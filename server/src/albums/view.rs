//! Albums as somebody sees them.

use crate::access::{self, Actor, Granted, Sharing};
use crate::app::App;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::error::{Error, Result};
use crate::id::UserId;

/// An album as somebody sees it.
#[derive(Debug, Clone)]
pub struct AlbumView {
    /// The album.
    pub album: Album,
    /// The caller's role.
    pub role: Role,
    /// Who owns it; guests do not get to know.
    pub owner_id: Option<UserId>,
    /// How many are in it; 0 for guests, who do not see it.
    pub member_count: i64,
    /// Whether it has another member or a link that opens.
    pub is_shared: bool,
    /// Whether it has a link that opens, for those who may know.
    pub has_link: bool,
    /// Whether the caller was made a member and has not opened it.
    pub is_unseen: bool,
}

impl AlbumView {
    /// Puts together what the caller may see.
    pub(super) fn new(actor: &Actor, album: Album, role: Role, sharing: Sharing) -> Self {
        let member_count = actor.user_id().map_or(0, |_| sharing.member_count);
        Self {
            album,
            role,
            owner_id: actor.user_id().map(|_| sharing.owner_id),
            member_count,
            is_shared: sharing.member_count > 1 || sharing.has_link,
            has_link: sharing.has_link && role >= Role::Editor,
            is_unseen: sharing.is_unseen,
        }
    }
}

/// An album that the caller was granted, as they see it.
pub(super) async fn view(app: &App, actor: &Actor, album: Granted<Album>) -> Result<AlbumView> {
    let (connection, role) = (app.database.reader(), album.role());
    let mut sharing = access::sharing(connection, actor, [album.id], app.now()).await?;
    let sharing = sharing.remove(&album.id);
    let sharing = sharing.ok_or_else(|| Error::internal("an album without an owner"))?;
    Ok(AlbumView::new(actor, album.into_row(), role, sharing))
}
