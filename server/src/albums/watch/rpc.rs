//! What those who watch hear, as messages.

use albumen::v1::album_event::Kind;
use albumen::v1::{
    ActivityRemoval, AlbumAssets, AlbumEvent, AlbumMembers, AlbumUpdate, WatchAlbumResponse,
};

use super::Message;
use crate::events::Event;
use crate::id::{AssetId, UserId};

impl From<Message> for WatchAlbumResponse {
    fn from(message: Message) -> Self {
        let kind = message.entry.and_then(|entry| match (&entry.event, message.activity) {
            (Event::ActivityAdded(_), activity) => {
                activity.map(Into::into).map(Kind::ActivityAdded)
            }
            (event, _) => kind(event),
        });
        let event = kind.map(|kind| AlbumEvent { kind: Some(kind) });
        Self { cursor: message.cursor, event }
    }
}

fn kind(event: &Event) -> Option<Kind> {
    Some(match event {
        Event::AssetsAdded(ids) => Kind::AssetsAdded(assets(ids)),
        Event::AssetsRemoved(ids) => Kind::AssetsRemoved(assets(ids)),
        Event::AssetsChanged(ids) => Kind::AssetsChanged(assets(ids)),
        Event::AlbumUpdated => Kind::AlbumUpdated(AlbumUpdate {}),
        Event::MembersAdded(ids) => Kind::MembersAdded(members(ids)),
        Event::MembersUpdated(ids) => Kind::MembersUpdated(members(ids)),
        Event::MembersRemoved(ids) => Kind::MembersRemoved(members(ids)),
        Event::ActivityRemoved(id) => {
            Kind::ActivityRemoved(ActivityRemoval { activity_id: id.to_string() })
        }
        Event::ActivityAdded(_) => return None,
    })
}

fn assets(ids: &[AssetId]) -> AlbumAssets {
    AlbumAssets { asset_ids: ids.iter().map(ToString::to_string).collect() }
}

fn members(ids: &[UserId]) -> AlbumMembers {
    AlbumMembers { user_ids: ids.iter().map(ToString::to_string).collect() }
}
