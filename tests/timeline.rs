//! `AssetService`: how many assets there are when, jumping there, and which files are known.

use albumen::v1::get_timeline_buckets_request::Unit;
use albumen::v1::list_assets_request::Order;
use albumen::v1::{
    Album, Asset, AssetKind, AssetVisibility, CheckAssetsRequest, Date, GetTimelineBucketsRequest,
    ListAssetsRequest, SharedLink,
};
use prost_types::{Duration, Timestamp};
use tonic::Code;

use crate::support::person::ids;
use crate::support::{Person, expect_code, expect_fields, test};

const HOUR: i64 = 3600;
/// 2024-03-01T00:00:00Z, the day after a leap day.
const MARCH: i64 = 1_709_251_200;

/// Photos taken around the first of March 2024: second in UTC, offset in hours.
const TAKEN: [(i64, Option<i64>); 6] = [
    (MARCH - 1, None),                         // the last second of February
    (MARCH - 1, Some(1)),                      // March there
    (MARCH, Some(-1)),                         // February there
    (MARCH, None),                             // the first second of March
    (MARCH + 36 * HOUR, None),                 // the day after
    (MARCH - 62 * 366 * 24 * HOUR, Some(-11)), // before 1970
];

async fn take(who: &Person) -> Vec<Asset> {
    let mut assets = who.photos(0..6).await;
    for (asset, (seconds, offset)) in assets.iter_mut().zip(TAKEN) {
        let values = Asset {
            capture_time: Some(Timestamp { seconds, nanos: 0 }),
            capture_utc_offset: offset.map(|hours| Duration { seconds: hours * HOUR, nanos: 0 }),
            ..Asset::default()
        };
        let updated = who.update(std::slice::from_ref(asset), values, &[]).await;
        *asset = updated.unwrap().remove(0);
    }
    assets
}

async fn buckets(who: &Person, request: GetTimelineBucketsRequest) -> Vec<(i32, i32, i32, i32)> {
    let answer = who.assets().get_timeline_buckets(request).await.unwrap().into_inner();
    let bucket = |bucket: albumen::v1::TimelineBucket| {
        let date = bucket.date.unwrap();
        (date.year, date.month, date.day, bucket.asset_count)
    };
    answer.buckets.into_iter().map(bucket).collect()
}

fn in_album(album: &Album) -> GetTimelineBucketsRequest {
    GetTimelineBucketsRequest { album_id: album.id.clone(), ..Default::default() }
}

mod get_timeline_buckets {
    use super::*;

    #[tokio::test]
    async fn months_and_days_are_local() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = take(&ann).await;
            let album = ann.album("Spring", &assets).await;
            let guest = server.guest(&ann.link(&album, SharedLink::default()).await, "").await;
            let months = [(2024, 3, 0, 3), (2024, 2, 0, 2), (1962, 1, 0, 1)];
            let days = [(2024, 3, 2, 1), (2024, 3, 1, 2), (2024, 2, 29, 2), (1962, 1, 13, 1)];
            for (who, request) in [
                (&ann, GetTimelineBucketsRequest::default()),
                (&ann, in_album(&album)),
                (&guest, in_album(&album)),
            ] {
                assert_eq!(buckets(who, request.clone()).await, months);
                let request = GetTimelineBucketsRequest { unit: Unit::Day.into(), ..request };
                assert_eq!(buckets(who, request.clone()).await, days);
                let order = Order::OldestFirst.into();
                let oldest = buckets(who, GetTimelineBucketsRequest { order, ..request }).await;
                assert!(oldest.iter().rev().eq(&days));
            }
        })
        .await;
    }

    #[tokio::test]
    async fn only_what_the_list_has_counts() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = ann.photos(0..5).await;
            let album = ann.album("Trip", &assets[1..]).await;
            ann.show(&assets[..2], AssetVisibility::Archived).await.unwrap();
            ann.show(&assets[2..3], AssetVisibility::Locked).await.unwrap();
            ann.trash(&assets[3..4]).await.unwrap();
            let count = |request| async { buckets(&ann, request).await.first().map(|it| it.3) };
            assert_eq!(count(GetTimelineBucketsRequest::default()).await, Some(1));
            assert_eq!(count(in_album(&album)).await, Some(2));
            let visibility = AssetVisibility::Archived.into();
            let archive = GetTimelineBucketsRequest { visibility, ..Default::default() };
            assert_eq!(count(archive.clone()).await, Some(2));
            let kind = AssetKind::Video.into();
            for request in [GetTimelineBucketsRequest::default(), in_album(&album)] {
                let videos = GetTimelineBucketsRequest { kind, ..request };
                assert_eq!(count(videos).await, None);
            }
            let request = GetTimelineBucketsRequest { album_id: album.id.clone(), ..archive };
            let answer = ann.assets().get_timeline_buckets(request).await;
            expect_fields(answer, &["visibility"]);
            let bob = server.user("bob").await;
            let answer = bob.assets().get_timeline_buckets(in_album(&album)).await;
            expect_code(answer, Code::NotFound);
        })
        .await;
    }
}

mod list_assets {
    use super::*;

    #[tokio::test]
    async fn a_bucket_leads_to_its_assets() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let assets = take(&ann).await;
            let album = ann.album("Spring", &assets).await;
            for album_id in [String::new(), album.id] {
                for unit in [Unit::Month, Unit::Day] {
                    let request = GetTimelineBucketsRequest {
                        album_id: album_id.clone(),
                        unit: unit.into(),
                        ..Default::default()
                    };
                    let answer = ann.assets().get_timeline_buckets(request).await;
                    let mut found = Vec::new();
                    for bucket in answer.unwrap().into_inner().buckets {
                        let request = ListAssetsRequest {
                            album_id: album_id.clone(),
                            page_size: 1,
                            start_date: bucket.date,
                            end_date: bucket.date,
                            ..Default::default()
                        };
                        let names = ann.listed(request).await;
                        assert_eq!(names.len(), bucket.asset_count as usize, "{bucket:?}");
                        found.extend(names);
                    }
                    found.sort();
                    assert_eq!(found, ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]);
                }
            }
        })
        .await;
    }

    #[tokio::test]
    async fn one_end_of_the_range_is_enough() {
        test(|server| async move {
            let ann = server.user("ann").await;
            take(&ann).await;
            let date = |year, month, day| Some(Date { year, month, day });
            let from = ListAssetsRequest { start_date: date(2024, 3, 0), ..Default::default() };
            assert_eq!(ann.listed(from).await, ["4.jpg", "3.jpg", "1.jpg"]);
            let until = ListAssetsRequest { end_date: date(2024, 2, 29), ..Default::default() };
            assert_eq!(ann.listed(until).await, ["2.jpg", "0.jpg", "5.jpg"]);
            let none = ListAssetsRequest {
                start_date: date(2024, 3, 1),
                end_date: date(2024, 2, 0),
                ..Default::default()
            };
            assert!(ann.listed(none).await.is_empty());
            let bad = ListAssetsRequest { end_date: date(2023, 2, 29), ..Default::default() };
            expect_fields(ann.assets().list_assets(bad).await, &["end_date"]);
        })
        .await;
    }

    #[tokio::test]
    async fn an_album_has_neither_archive_nor_trash() {
        test(|server| async move {
            let ann = server.user("ann").await;
            let album_id = ann.album("Trip", &[]).await.id;
            let request = || ListAssetsRequest { album_id: album_id.clone(), ..Default::default() };
            let locked = AssetVisibility::Locked.into();
            for (field, bad) in [
                ("visibility", ListAssetsRequest { visibility: locked, ..request() }),
                ("show_deleted", ListAssetsRequest { show_deleted: true, ..request() }),
                ("only_deleted", ListAssetsRequest { only_deleted: true, ..request() }),
            ] {
                expect_fields(ann.assets().list_assets(bad).await, &[field]);
            }
        })
        .await;
    }
}

mod check_assets {
    use super::*;

    #[tokio::test]
    async fn own_files_are_known_in_the_order_asked() {
        test(|server| async move {
            let (ann, bob) = (server.user("ann").await, server.user("bob").await);
            let assets = ann.photos(0..3).await;
            let theirs = bob.photos(3..4).await;
            ann.trash(&assets[..1]).await.unwrap();
            let mut sha256: Vec<_> = assets.iter().chain(&theirs).rev().collect::<Vec<_>>();
            sha256.swap(1, 2);
            let order: Vec<_> = sha256.iter().skip(1).map(|asset| (*asset).clone()).collect();
            let sha256 = sha256.iter().map(|asset| asset.sha256.clone()).collect();
            let request = CheckAssetsRequest { sha256 };
            let known = ann.assets().check_assets(request).await.unwrap().into_inner().known_assets;
            let found: Vec<_> = known.iter().map(|known| known.asset_id.clone()).collect();
            assert_eq!(found, ids(&order));
            for known in known {
                assert_eq!(known.trashed, known.asset_id == assets[0].id);
                assert!(order.iter().any(|asset| asset.sha256 == known.sha256));
            }
            let bad = CheckAssetsRequest { sha256: vec![vec![1; 31].into()] };
            expect_fields(ann.assets().check_assets(bad).await, &["sha256[0]"]);
        })
        .await;
    }
}
