//! `AssetService.UpdateAssets`: what is said about assets, and where they show.

use albumen::v1::{
    Asset, AssetVisibility, CreateAlbumRequest, ListAssetsRequest, Location, SharedLink,
};
use albumen_server::entity::album_member::Role;
use prost_types::{Duration, Timestamp};
use tonic::{Code, Response};

use crate::support::person::ids;
use crate::support::{expect_code, expect_fields, expect_reason, fixtures, metadata, test};

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

mod update_assets {
    use super::*;

    #[tokio::test]
    async fn every_field_is_set_and_cleared() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let values = Asset {
                capture_time: Some(Timestamp { seconds: 1_500_000_000, nanos: 123_456_789 }),
                capture_utc_offset: Some(Duration { seconds: -12_600, nanos: 0 }),
                location: Some(Location { latitude: -33.856_784, longitude: 151.215_297 }),
                description: "Ärger mit 🐫".to_owned(),
                rating: Some(5),
                visibility: AssetVisibility::Archived.into(),
                ..Asset::default()
            };
            server.sleep(std::time::Duration::from_secs(1));
            let updated = ann.update(&assets, values.clone(), &[]).await.unwrap();
            assert_eq!(ids(&updated), ids(&assets));
            for (updated, asset) in updated.iter().zip(&assets) {
                let expected = Asset {
                    capture_time: Some(Timestamp { seconds: 1_500_000_000, nanos: 123_456_000 }),
                    capture_utc_offset: values.capture_utc_offset,
                    location: values.location,
                    description: values.description.clone(),
                    rating: values.rating,
                    visibility: values.visibility,
                    update_time: updated.update_time,
                    ..asset.clone()
                };
                assert_eq!(*updated, expected);
                assert_ne!(updated.update_time, asset.update_time);
                assert_eq!(ann.asset(asset).await.unwrap().into_inner(), *updated);
            }
            let all = [
                "capture_time",
                "capture_utc_offset",
                "location",
                "description",
                "rating",
                "visibility",
            ];
            let cleared = ann.update(&assets, Asset::default(), &all).await.unwrap();
            for (cleared, asset) in cleared.iter().zip(&assets) {
                assert_eq!(*cleared, Asset { update_time: cleared.update_time, ..asset.clone() });
            }
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_not_named_stays_and_the_file_too() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let bytes = fixtures::read("photos/IMG_2041.jpg");
            let assets = [ann.upload("a.jpg", &bytes).await];
            let values = Asset { rating: Some(1), description: "x".to_owned(), ..Asset::default() };
            let updated = ann.update(&assets, values, &["rating"]).await.unwrap().remove(0);
            let expected =
                Asset { rating: Some(1), update_time: updated.update_time, ..assets[0].clone() };
            assert_eq!(updated, expected);
            let path = format!("/api/assets/{}/original", updated.id);
            assert!(ann.get(&path, &[]).await.2 == bytes);
        })
        .await;
    }

    #[tokio::test]
    async fn bad_fields_are_named_and_nothing_changes() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            let bad = Asset {
                location: Some(Location { latitude: 90.5, longitude: f64::NAN }),
                description: "x".repeat(4001),
                rating: Some(0),
                visibility: 9,
                ..Asset::default()
            };
            let answer = ann.update(&assets, bad, &[]).await.map(Response::new);
            let fields = [
                "asset.location.latitude",
                "asset.location.longitude",
                "asset.location.longitude",
                "asset.description",
                "asset.rating",
                "asset.visibility",
            ];
            expect_fields(answer, &fields);
            for (field, bad) in [
                ("asset.rating", Asset { rating: Some(6), ..Asset::default() }),
                (
                    "asset.capture_time",
                    Asset { capture_time: at(-6_000_000_000), ..Asset::default() },
                ),
                ("asset.capture_utc_offset", offset(86_400, 0)),
                ("asset.capture_utc_offset", offset(i64::MIN, 0)),
                ("asset.capture_utc_offset", offset(60, 1)),
                ("update_mask", Asset::default()),
            ] {
                let answer = ann.update(&assets, bad, &[]).await.map(Response::new);
                expect_fields(answer, &[field]);
            }
            for path in ["file_name", "*", "location.latitude"] {
                let answer = ann.update(&assets, Asset::default(), &[path]).await;
                expect_fields(answer.map(Response::new), &["update_mask"]);
            }
            let twice = [assets[0].clone(), assets[0].clone()];
            let rated = Asset { rating: Some(1), ..Asset::default() };
            let answer = ann.update(&twice, rated.clone(), &[]).await.map(Response::new);
            expect_fields(answer, &["asset_ids"]);
            expect_fields(ann.update(&[], rated, &[]).await.map(Response::new), &["asset_ids"]);
            assert_eq!(ann.asset(&assets[0]).await.unwrap().into_inner(), assets[0]);
        })
        .await;
    }

    fn offset(seconds: i64, nanos: i32) -> Asset {
        Asset { capture_utc_offset: Some(Duration { seconds, nanos }), ..Asset::default() }
    }

    #[tokio::test]
    async fn nobody_changes_the_assets_of_others() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = [ann.photos(0..1).await, bob.photos(0..1).await].concat();
            let album = ann.album("Trip", &assets[..1]).await;
            server.member(&album, &bob, Role::Editor).await;
            let rated = Asset { rating: Some(1), ..Asset::default() };
            let answer = bob.update(&assets, rated, &[]).await.map(Response::new);
            let status = expect_code(answer, Code::NotFound);
            assert_eq!(metadata(&status, "resource_id"), assets[0].id);
            assert_eq!(bob.asset(&assets[1]).await.unwrap().into_inner().rating, None);
        })
        .await;
    }

    #[tokio::test]
    async fn a_new_time_moves_an_asset_in_its_albums() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..3).await;
            let mine = ann.album("Trip", &assets).await;
            let theirs = bob.album("Theirs", &[]).await;
            server.member(&theirs, &ann, Role::Contributor).await;
            ann.add(&theirs, &assets[..1]).await.unwrap();
            let early = Asset { capture_time: at(1_000_000_000), ..Asset::default() };
            ann.update(&assets[2..], early, &[]).await.unwrap();
            let late = Asset { capture_time: at(2_000_000_000), ..Asset::default() };
            ann.update(&assets[..1], late, &[]).await.unwrap();
            assert_eq!(ann.timeline().await, ["0.jpg", "1.jpg", "2.jpg"]);
            assert_eq!(ann.album_names(&mine).await, ["0.jpg", "1.jpg", "2.jpg"]);
            let album = ann.get_album(&mine).await;
            assert_eq!((album.first_time, album.last_time), (at(1_000_000_000), at(2_000_000_000)));
            let album = bob.get_album(&theirs).await;
            assert_eq!((album.first_time, album.last_time), (at(2_000_000_000), at(2_000_000_000)));
            ann.update(&assets, Asset::default(), &["capture_time"]).await.unwrap();
            let album = bob.get_album(&theirs).await;
            assert_eq!(album.first_time, assets[0].create_time);
        })
        .await;
    }
}

mod visibility {
    use super::*;

    #[tokio::test]
    async fn an_archived_asset_is_in_its_albums_only() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let album = ann.album("Trip", &assets[..1]).await;
            let archived = ann.show(&assets, AssetVisibility::Archived).await.unwrap();
            assert!(ann.timeline().await.is_empty());
            assert_eq!(ann.album_names(&album).await, ["0.jpg"]);
            ann.add(&album, &archived).await.unwrap();
            let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;
            assert!(guest.asset(&archived[1]).await.is_ok());
            let visibility = AssetVisibility::Archived.into();
            let request = ListAssetsRequest { visibility, ..Default::default() };
            assert_eq!(ann.listed(request).await, ["1.jpg", "0.jpg"]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_locked_asset_leaves_every_album_for_good() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..3).await;
            let mine = ann.album("Trip", &assets).await;
            let theirs = bob.album("Theirs", &bob.photos(10..11).await).await;
            server.member(&theirs, &ann, Role::Contributor).await;
            ann.add(&theirs, &assets).await.unwrap();
            let guest = server.guest(&bob.link(&theirs, SharedLink::default()).await, "").await;

            let locked = ann.show(&assets[..2], AssetVisibility::Locked).await.unwrap();
            for who in [&bob, &guest] {
                expect_code(who.asset(&locked[0]).await, Code::NotFound);
                assert_eq!(who.album_names(&theirs).await, ["10.jpg", "2.jpg"]);
            }
            let album = ann.get_album(&mine).await;
            assert_eq!((album.asset_count, album.cover_asset_id.as_str()), (1, &*assets[2].id));
            assert_eq!(ann.timeline().await, ["2.jpg"]);
            let visibility = AssetVisibility::Locked.into();
            let request = ListAssetsRequest { visibility, ..Default::default() };
            assert_eq!(ann.listed(request).await, ["1.jpg", "0.jpg"]);
            assert!(ann.asset(&locked[0]).await.is_ok());

            ann.show(&assets, AssetVisibility::Timeline).await.unwrap();
            assert_eq!(ann.get_album(&mine).await.asset_count, 1);
            assert_eq!(ann.timeline().await, ["2.jpg", "1.jpg", "0.jpg"]);
            assert_eq!(ann.add(&mine, &assets).await.unwrap(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn a_locked_asset_goes_into_no_album() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..2).await;
            let album = ann.album("Trip", &[]).await;
            ann.show(&assets[1..], AssetVisibility::Locked).await.unwrap();
            let answer = ann.add(&album, &assets).await.map(Response::new);
            let status = expect_reason(answer, Code::FailedPrecondition, "ASSET_LOCKED");
            assert_eq!(metadata(&status, "resource_id"), assets[1].id);
            let request = CreateAlbumRequest {
                album: Some(albumen::v1::Album {
                    display_name: "x".to_owned(),
                    ..Default::default()
                }),
                asset_ids: ids(&assets),
                ..Default::default()
            };
            let answer = ann.albums().create_album(request).await;
            expect_reason(answer, Code::FailedPrecondition, "ASSET_LOCKED");
            assert_eq!(ann.get_album(&album).await.asset_count, 0);
        })
        .await;
    }

    #[tokio::test]
    async fn a_locked_asset_is_locked_still_when_it_comes_back_from_the_trash() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..1).await;
            ann.show(&assets, AssetVisibility::Locked).await.unwrap();
            ann.trash(&assets).await.unwrap();
            let restored = ann.restore(&assets).await.unwrap().remove(0);
            assert_eq!(restored.visibility(), AssetVisibility::Locked);
            assert!(ann.timeline().await.is_empty());
        })
        .await;
    }
}
