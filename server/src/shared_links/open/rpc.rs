//! What guests see of a link, as `SharedLinkService` says it.

use albumen::v1::{OpenedLink, SharedLinkKind};

use super::super::options::rpc::{activity, metadata, quality};
use super::super::{description, title};
use crate::entity::album::Model as Album;
use crate::entity::shared_link::Model as SharedLink;
use crate::time::Micros;

pub(in crate::shared_links) fn kind(album: &Album) -> SharedLinkKind {
    if album.is_list { SharedLinkKind::List } else { SharedLinkKind::Album }
}

/// The id under which the album is known; a list has none.
pub(in crate::shared_links) fn album_id(album: &Album) -> String {
    if album.is_list { String::new() } else { album.id.to_string() }
}

pub(in crate::shared_links) fn opened_to_proto(link: &SharedLink, album: &Album) -> OpenedLink {
    let rest = |max: i64, used: i64| (max - used).max(0);
    OpenedLink {
        album_id: album_id(album),
        display_name: title(link, album),
        description: description(link, album).to_owned(),
        asset_count: album.asset_count,
        allow_download: link.allow_download,
        expire_time: link.expire_time.map(Micros::timestamp),
        kind: kind(album).into(),
        shared_link_id: link.id.to_string(),
        cover_asset_id: album.cover_asset_id.map(|id| id.to_string()).unwrap_or_default(),
        first_time: album.first_time.map(Micros::timestamp),
        last_time: album.last_time.map(Micros::timestamp),
        metadata: metadata(link.metadata).into(),
        quality: quality(link.quality).into(),
        guest_activity: activity(link.guest_activity).into(),
        allow_upload: link.allow_upload,
        allow_undo: link.allow_undo,
        remaining_upload_bytes: link.max_upload_bytes.map(|max| rest(max, link.uploaded_bytes)),
        remaining_upload_count: link
            .max_upload_count
            .map(|max| max.saturating_sub(link.uploaded_count).max(0)),
    }
}
