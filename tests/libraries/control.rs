//! Asking for scans, following them and stopping them.

use std::time::Duration;

use albumen::v1::library_scan::{Cause, State};
use albumen::v1::*;
use albumen_server::entity::{job, library_scan};
use albumen_server::jobs;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, Set,
};
use tonic::Code;

use super::shelf::{Shelf, last, test};
use crate::support::{Person, expect_code};

async fn follow(shelf: &Shelf, person: &Person) -> tonic::Streaming<ScanLibraryResponse> {
    let library_id = shelf.library.id.clone();
    let request = ScanLibraryRequest { library_id, restore_excluded: false };
    person.libraries().scan_library(request).await.unwrap().into_inner()
}

async fn cancel(shelf: &Shelf) -> Option<LibraryScan> {
    let request = CancelLibraryScanRequest { library_id: shelf.library.id.clone() };
    shelf.ann.libraries().cancel_library_scan(request).await.unwrap().into_inner().scan
}

async fn scans(shelf: &Shelf) -> Vec<LibraryScan> {
    let library_id = shelf.library.id.clone();
    let request = ListLibraryScansRequest { library_id, ..Default::default() };
    shelf.ann.libraries().list_library_scans(request).await.unwrap().into_inner().scans
}

#[tokio::test]
async fn calls_at_once_follow_one_scan() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        let beside = shelf.server.beside().await;
        beside.follow();
        let streams = futures::future::join_all([
            follow(&shelf, &shelf.ann),
            follow(&shelf, &shelf.admin),
            follow(&shelf, &shelf.ann),
        ])
        .await;
        let elsewhere = shelf.ann.at(&beside);
        let elsewhere = follow(&shelf, &elsewhere).await;
        shelf.server.run_jobs().await;
        let mut ends = futures::future::join_all(streams.into_iter().map(last)).await;
        ends.push(last(elsewhere).await);
        assert_eq!(scans(&shelf).await, ends[..1]);
        assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
        assert_eq!((ends[0].state(), ends[0].cause()), (State::Succeeded, Cause::Request));
        beside.leave().await;
    })
    .await;
}

#[tokio::test]
async fn making_the_variants_of_many_photos_lets_other_jobs_have_their_turn() {
    test(|shelf| async move {
        for number in 0..501 {
            shelf.photo(&format!("photos/{number}.jpg"), number);
        }
        assert_eq!(shelf.counts().await.added, 501);
        let jobs = job::Entity::find()
            .filter(job::Column::Kind.eq("make-variants"))
            .order_by_asc(job::Column::Id);
        let jobs = jobs.all(shelf.server.app.database.reader()).await.unwrap();
        let done: Vec<_> = jobs.iter().map(|job| job.progress_done).collect();
        assert_eq!(done, [500, 1]);
    })
    .await;
}

#[tokio::test]
async fn a_scan_is_followed_from_its_beginning() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        let mut stream = follow(&shelf, &shelf.ann).await;
        let first = stream.message().await.unwrap().unwrap().scan.unwrap();
        assert_eq!((first.state(), first.start_time), (State::Queued, None));
        shelf.server.run_jobs().await;
        let end = last(stream).await;
        assert_eq!((end.id, end.last_path), (first.id, shelf.text("photos/1.jpg")));
    })
    .await;
}

#[tokio::test]
async fn a_scan_that_waits_is_stopped_at_once() {
    test(|shelf| async move {
        assert_eq!(cancel(&shelf).await, None);
        let stream = follow(&shelf, &shelf.ann).await;
        assert_eq!(cancel(&shelf).await.unwrap().state(), State::Cancelled);
        assert_eq!(last(stream).await.state(), State::Cancelled);
        shelf.server.run_jobs().await;
        assert_eq!(shelf.counts().await.found, 0);
        assert_eq!(scans(&shelf).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_scan_under_way_stops_and_the_next_goes_on_from_there() {
    test(|shelf| async move {
        for number in 0..2000 {
            shelf.photo(&format!("photos/{number}.jpg"), number);
        }
        let mut stream = follow(&shelf, &shelf.ann).await;
        let app = shelf.server.app.clone();
        let jobs = shelf.server.app.spawn(async move { jobs::run_until_idle(&app).await });
        // Until something was recorded.
        while let Some(message) = stream.message().await.unwrap() {
            if message.scan.unwrap().counts.unwrap().added > 0 {
                break;
            }
        }
        cancel(&shelf).await;
        jobs.await.unwrap().unwrap();
        let stopped = scans(&shelf).await.remove(0);
        let added = stopped.counts.unwrap().added;
        let is_whole = stopped.state() == State::Succeeded;
        assert!(is_whole || stopped.state() == State::Cancelled, "{stopped:?}");
        assert_eq!(i64::try_from(count(&shelf).await).unwrap(), added);
        let counts = shelf.counts().await;
        assert_eq!((counts.unchanged, counts.added), (added, 2000 - added));
    })
    .await;
}

async fn count(shelf: &Shelf) -> usize {
    let request = GetUsageRequest {};
    let usage = shelf.ann.users().get_usage(request).await.unwrap().into_inner();
    usize::try_from(usage.asset_count).unwrap()
}

#[tokio::test]
async fn a_scan_that_was_cut_off_is_gone_on_with_where_it_was() {
    test(|shelf| async move {
        for number in 0..9 {
            shelf.photo(&format!("photos/{number}.jpg"), number);
        }
        // As a server leaves it that dies in the middle, and its job is lost.
        drop(follow(&shelf, &shelf.ann).await);
        shelf.server.run_jobs().await;
        let scan = library_scan::Entity::find().one(shelf.server.app.database.reader()).await;
        let mut scan = scan.unwrap().unwrap().into_active_model();
        scan.state = Set(library_scan::State::Running);
        scan.finish_time = Set(None);
        scan.counts = Set(r#"{"found": 5, "added": 5}"#.to_owned());
        scan.last_path = Set(Some(shelf.text("photos/4.jpg")));
        let update = shelf
            .server
            .app
            .transact(|transaction| async move { Ok(scan.update(&*transaction).await?) });
        update.await.unwrap();
        shelf.photo("photos/0 new.jpg", 100);
        shelf.photo("photos/5 new.jpg", 101);
        shelf.server.sleep(Duration::from_secs(600));
        let counts = shelf.scan().await.counts.unwrap();
        assert_eq!((counts.found, counts.added, counts.unchanged), (10, 6, 4));
        assert_eq!(scans(&shelf).await.len(), 1);
        // What came behind its back is the next one's.
        assert_eq!(shelf.counts().await.added, 1);
    })
    .await;
}

#[tokio::test]
async fn scans_start_by_the_schedule_of_their_library() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        let schedule = "0 10 * * *".to_owned();
        let time_zone = "Europe/Vienna".to_owned();
        shelf.update(Library { schedule, time_zone, ..Library::default() }).await;
        // It is nine o'clock there.
        shelf.server.sleep(Duration::from_secs(3500));
        shelf.server.run_jobs().await;
        let shelf = shelf.signed_in_again().await;
        assert_eq!(scans(&shelf).await, []);
        shelf.server.sleep(Duration::from_secs(160));
        shelf.server.run_jobs().await;
        let found = scans(&shelf).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].state(), found[0].cause()), (State::Succeeded, Cause::Schedule));
        let next = shelf.get().await.next_scan_time.unwrap().seconds;
        assert_eq!(next, 1_800_000_000 + 3600 + 86_400);
        // What was due while nobody was there is done once.
        shelf.server.sleep(Duration::from_secs(5 * 86_400));
        shelf.server.run_jobs().await;
        let shelf = shelf.signed_in_again().await;
        assert_eq!(scans(&shelf).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_library_ends_its_scan() {
    test(|shelf| async move {
        shelf.photo("photos/1.jpg", 1);
        let stream = follow(&shelf, &shelf.ann).await;
        let request = DeleteLibraryRequest { library_id: shelf.library.id.clone(), force: false };
        shelf.admin.libraries().delete_library(request).await.unwrap();
        shelf.server.run_jobs().await;
        assert_eq!(count(&shelf).await, 0);
        drop(stream);
        let request =
            ScanLibraryRequest { library_id: shelf.library.id.clone(), restore_excluded: false };
        expect_code(shelf.ann.libraries().scan_library(request).await, Code::NotFound);
    })
    .await;
}
