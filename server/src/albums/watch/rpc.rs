//! What those who watch hear, as messages.

use albumen::v1::album_event::Kind;
use albumen::v1::{AlbumAssets, AlbumEvent, AlbumMembers, AlbumUpdate, WatchAlbumResponse};

use super::Message;
use crate::events::{Entry, Event};
use crate::id::{AssetId, UserId};

impl From<Message> for WatchAlbumResponse {
    fn from(message: Message) -> Self {
        let kind = message.entry.and_then(|entry| kind(&entry));
        let event = kind.map(|kind| AlbumEvent { kind: Some(kind) });
        Self { cursor: message.cursor, event }
    }
}

fn kind(entry: &Entry) -> Option<Kind> {
    Some(match &entry.event {
        Event::AssetsAdded(ids) => Kind::AssetsAdded(assets(ids)),
        Event::AssetsRemoved(ids) => Kind::AssetsRemoved(assets(ids)),
        Event::AssetsChanged(ids) => Kind::AssetsChanged(assets(ids)),
        Event::AlbumUpdated => Kind::AlbumUpdated(AlbumUpdate {}),
        Event::MembersAdded(ids) => Kind::MembersAdded(members(ids)),
        Event::MembersUpdated(ids) => Kind::MembersUpdated(members(ids)),
        Event::MembersRemoved(ids) => Kind::MembersRemoved(members(ids)),
        Event::ActivityAdded(_) | Event::ActivityRemoved(_) => return None,
    })
}

fn assets(ids: &[AssetId]) -> AlbumAssets {
    AlbumAssets { asset_ids: ids.iter().map(ToString::to_string).collect() }
}

fn members(ids: &[UserId]) -> AlbumMembers {
    AlbumMembers { user_ids: ids.iter().map(ToString::to_string).collect() }
}
