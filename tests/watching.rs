//! Watching albums.

use std::time::Duration;

use albumen::v1::album_event::Kind;
use albumen::v1::*;
use albumen_server::config::DatabaseUrl;
use albumen_server::entity::album_member::Role;
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

use crate::support::person::ids;
use crate::support::{Person, metadata, reason, test};

/// Longer than anything here takes, shorter than anybody waits for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open call to `WatchAlbum`.
struct Watch {
    stream: Streaming<WatchAlbumResponse>,
    /// That of the last message.
    cursor: String,
}

impl Watch {
    async fn from(person: &Person, album: &Album, cursor: &str) -> Result<Self, Status> {
        let request = WatchAlbumRequest { album_id: album.id.clone(), cursor: cursor.to_owned() };
        let stream = person.albums().watch_album(request).await?.into_inner();
        Ok(Self { stream, cursor: String::new() })
    }

    /// Watches from now on, and has heard the first heartbeat.
    async fn start(person: &Person, album: &Album) -> Self {
        let mut watch = Self::from(person, album, "").await.unwrap();
        assert_eq!(watch.next().await.unwrap().event, None);
        watch
    }

    async fn next(&mut self) -> Result<WatchAlbumResponse, Status> {
        let message = timeout(PATIENCE, self.stream.message()).await.unwrap()?;
        let message = message.expect("the stream goes on");
        self.cursor.clone_from(&message.cursor);
        Ok(message)
    }

    /// The next event and its cursor.
    async fn event(&mut self) -> (Kind, String) {
        loop {
            let message = self.next().await.unwrap();
            if let Some(event) = message.event {
                return (event.kind.unwrap(), message.cursor);
            }
        }
    }
}

async fn add(person: &Person, album: &Album, assets: &[Asset]) {
    let request = AddAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(assets) };
    person.albums().add_album_assets(request).await.unwrap();
}

async fn remove(person: &Person, album: &Album, assets: &[Asset]) {
    let request = RemoveAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(assets) };
    person.albums().remove_album_assets(request).await.unwrap();
}

fn assets(assets: &[Asset]) -> AlbumAssets {
    AlbumAssets { asset_ids: ids(assets) }
}

#[tokio::test]
async fn tells_what_is_added_and_removed_to_all_who_watch() {
    test(|server| async move {
        let (ann, bob) = (server.user("ann").await, server.user("bob").await);
        let photos = ann.photos(0..3).await;
        let album = ann.album("Trip", &photos[..1]).await;
        server.member(&album, &bob, Role::Viewer).await;
        let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;
        let mut watches = Vec::new();
        for person in [&ann, &bob, &guest] {
            watches.push(Watch::start(person, &album).await);
        }
        add(&ann, &album, &photos).await;
        remove(&ann, &album, &photos[..2]).await;
        for watch in &mut watches {
            assert_eq!(watch.event().await.0, Kind::AssetsAdded(assets(&photos[1..])));
            assert_eq!(watch.event().await.0, Kind::AssetsRemoved(assets(&photos[..2])));
        }
    })
    .await;
}

#[tokio::test]
async fn goes_on_from_a_cursor_without_loss_or_repetition() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photos = ann.photos(0..5).await;
        let album = ann.album("Trip", &[]).await;
        let mut watch = Watch::start(&ann, &album).await;
        add(&ann, &album, &photos[..1]).await;
        let (_, cursor) = watch.event().await;
        drop(watch);
        add(&ann, &album, &photos[1..2]).await;
        add(&ann, &album, &photos[2..3]).await;
        let mut watch = Watch::from(&ann, &album, &cursor).await.unwrap();
        add(&ann, &album, &photos[3..4]).await;
        for number in 1..4 {
            let (event, _) = watch.event().await;
            assert_eq!(event, Kind::AssetsAdded(assets(&photos[number..=number])));
        }
    })
    .await;
}

#[tokio::test]
async fn tells_when_assets_leave_by_the_trash_or_by_being_locked_and_come_back() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photos = ann.photos(0..2).await;
        let album = ann.album("Trip", &photos).await;
        let mut watch = Watch::start(&ann, &album).await;
        let asset_ids = ids(&photos[..1]);
        let request = TrashAssetsRequest { asset_ids: asset_ids.clone() };
        ann.assets().trash_assets(request).await.unwrap();
        assert_eq!(watch.event().await.0, Kind::AssetsRemoved(assets(&photos[..1])));
        let request = RestoreAssetsRequest { asset_ids };
        ann.assets().restore_assets(request).await.unwrap();
        assert_eq!(watch.event().await.0, Kind::AssetsAdded(assets(&photos[..1])));
        let mut locked = Asset::default();
        locked.set_visibility(AssetVisibility::Locked);
        let request = UpdateAssetsRequest {
            asset_ids: ids(&photos[1..]),
            asset: Some(locked),
            update_mask: None,
        };
        ann.assets().update_assets(request).await.unwrap();
        assert_eq!(watch.event().await.0, Kind::AssetsRemoved(assets(&photos[1..])));
    })
    .await;
}

#[tokio::test]
async fn ends_at_once_for_whom_the_album_or_the_session_is_gone() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("Trip", &ann.photos(0..1).await).await;
        let link = ann.link(&album, SharedLink::default()).await;
        let guest = server.guest(&link, "").await;
        let mut of_guest = Watch::start(&guest, &album).await;
        let mut of_ann = Watch::start(&ann, &album).await;
        let request = DeleteSharedLinkRequest { shared_link_id: link.id };
        ann.links().delete_shared_link(request).await.unwrap();
        let status = of_guest.next().await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        // Others heard nothing of it.
        ann.auth().logout(LogoutRequest {}).await.unwrap();
        let status = of_ann.next().await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
    })
    .await;
}

#[tokio::test]
async fn refuses_what_is_no_cursor_or_too_old() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photos = ann.photos(0..2).await;
        let album = ann.album("Trip", &photos[..1]).await;
        for cursor in ["x", "-1", "99", "1.5", " 1", "999999999999999999999"] {
            let refused = Watch::from(&ann, &album, cursor).await.err().unwrap();
            assert_eq!(refused.code(), Code::InvalidArgument, "{cursor}");
        }
        server.sleep(Duration::from_secs(8 * 86_400));
        let ann = server.login("ann@example.org").await;
        add(&ann, &album, &photos).await;
        server.run_jobs().await;
        let refused = Watch::from(&ann, &album, "0").await.err().unwrap();
        assert_eq!(reason(&refused), "CURSOR_EXPIRED");
        // From the last that is forgotten on, everything is there.
        let mut watch = Watch::from(&ann, &album, "1").await.unwrap();
        assert_eq!(watch.event().await.0, Kind::AssetsAdded(assets(&photos[1..])));
    })
    .await;
}

#[tokio::test]
async fn is_the_same_on_another_server() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photos = ann.photos(0..1).await;
        let album = ann.album("Trip", &[]).await;
        let link = ann.link(&album, SharedLink::default()).await;
        let beside = server.beside().await;
        beside.follow();
        let mut watch = Watch::start(&beside.guest(&link, "").await, &album).await;
        // Another server on one SQLite file hears of revocations only.
        if matches!(server.app.config.database_url, DatabaseUrl::Postgres(_)) {
            add(&ann, &album, &photos).await;
            assert_eq!(watch.event().await.0, Kind::AssetsAdded(assets(&photos)));
        }
        let request = DeleteSharedLinkRequest { shared_link_id: link.id };
        ann.links().delete_shared_link(request).await.unwrap();
        let ended = watch.next().await.unwrap_err();
        assert_eq!(ended.code(), Code::Unauthenticated);
        drop(watch);
        beside.leave().await;
    })
    .await;
}

#[tokio::test]
async fn tells_who_is_too_slow_from_where_to_go_on() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photos = ann.photos(0..1).await;
        let album = ann.album("Trip", &photos).await;
        let mut watch = Watch::start(&ann, &album).await;
        let count = 300;
        for _ in 0..count {
            let request = ReorderAlbumAssetsRequest {
                album_id: album.id.clone(),
                asset_ids: ids(&photos),
                previous_asset_id: String::new(),
            };
            ann.albums().reorder_album_assets(request).await.unwrap();
        }
        // The server may have read them in several steps, and handed out the first ones.
        let mut heard = 0;
        let lagged = loop {
            match watch.next().await {
                Ok(message) => heard += usize::from(message.event.is_some()),
                Err(status) => break status,
            }
        };
        assert_eq!(reason(&lagged), "WATCH_LAGGED");
        let mut watch = Watch::from(&ann, &album, &metadata(&lagged, "cursor")).await.unwrap();
        for _ in heard..count {
            assert_eq!(watch.event().await.0, Kind::AssetsChanged(assets(&photos)));
        }
    })
    .await;
}

#[tokio::test]
async fn costs_one_read_for_a_thousand_who_watch() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photos = ann.photos(0..3).await;
        let album = ann.album("Trip", &[]).await;
        let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;
        let mut watches = Vec::new();
        for number in 0..1000 {
            let person = if number % 2 == 0 { &ann } else { &guest };
            watches.push(Watch::start(person, &album).await);
        }
        let before = server.app.events.reads();
        for photo in &photos {
            add(&ann, &album, std::slice::from_ref(photo)).await;
        }
        for watch in &mut watches {
            for photo in &photos {
                let added = Kind::AssetsAdded(assets(std::slice::from_ref(photo)));
                assert_eq!(watch.event().await.0, added);
            }
        }
        let reads = server.app.events.reads() - before;
        assert!((1..=3).contains(&reads), "{reads} reads of three events");
    })
    .await;
}

#[tokio::test]
async fn tells_of_comments_as_long_as_they_show_and_the_caller_may_hear_them() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photos = ann.photos(0..1).await;
        let album = ann.album("Trip", &photos).await;
        let mut options = SharedLink::default();
        options.set_guest_activity(GuestActivity::Read);
        let link = ann.link(&album, options).await;
        let guest = server.guest(&link, "").await;
        let mut watch = Watch::start(&guest, &album).await;
        let start = watch.cursor.clone();
        let request = CreateCommentRequest {
            album_id: album.id.clone(),
            asset_id: photos[0].id.clone(),
            text: "Lovely".to_owned(),
            ..Default::default()
        };
        ann.activities().create_comment(request.clone()).await.unwrap();
        let (Kind::ActivityAdded(heard), _) = watch.event().await else { panic!("no comment") };
        assert_eq!((heard.text.as_str(), heard.user_id.as_str()), ("Lovely", ""));

        // Its thread went with the photo.
        remove(&ann, &album, &photos).await;
        let mut past = Watch::from(&guest, &album, &start).await.unwrap();
        assert_eq!(past.event().await.0, Kind::AssetsRemoved(assets(&photos)));

        let mut change = SharedLink::default();
        change.set_guest_activity(GuestActivity::Off);
        let request = UpdateSharedLinkRequest {
            shared_link_id: link.id,
            shared_link: Some(change),
            update_mask: None,
        };
        ann.links().update_shared_link(request).await.unwrap();
        let ended = past.next().await.unwrap_err();
        assert_eq!(reason(&ended), "CONFLICT");
    })
    .await;
}
