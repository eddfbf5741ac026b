//! What must hold in the end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use albumen_server::app::{App, Clock};
use albumen_server::assets::MakeVariants;
use albumen_server::blob::{BlobKey, Piece};
use albumen_server::entity::job::State;
use albumen_server::entity::{album, asset, asset_file, job, upload, user};
use albumen_server::jobs::{self, Job as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::installation::{Installation, close};
use crate::library::Fate;
use crate::load::Load;
use crate::photo;

const DAY_US: i64 = 86_400_000_000;

/// Looks at everything, before and after the sweeps. All jobs must be due.
pub(crate) async fn everything(installation: &Installation, load: &Load) {
    let clock = Arc::new(AtomicI64::new(Clock::System.now().0));
    let app = installation.open(Clock::Fixed(Arc::clone(&clock))).await;
    spare_bytes_have_a_job(&app).await;
    sweeps_came_once_in_each_period(&app, installation.periods()).await;
    jobs::run_until_idle(&app).await.unwrap();
    jobs_are_done_once(&app, installation.cut_off()).await;
    bytes_without_rows_are_gone(&app).await;
    let wait = async |days: usize| {
        for _ in 0..days {
            clock.fetch_add(DAY_US, Ordering::Relaxed);
            jobs::run_until_idle(&app).await.unwrap();
        }
    };
    // Long enough for the uploads to expire, and for bytes without a row to be found twice.
    wait(4).await;
    stored_photos_are_whole(&app, load).await;
    load.albums.check(&app).await;
    nothing_is_left_over(&app).await;
    // Nothing stays in the trash for longer than this.
    clock.fetch_add(30 * DAY_US, Ordering::Relaxed);
    wait(2).await;
    nothing_is_in_the_trash(&app).await;
    nothing_is_left_over(&app).await;
    close(app).await;
}

/// A duplicate's bytes are removed by a job that is enqueued with it.
async fn spare_bytes_have_a_job(app: &App) {
    let reader = app.database.reader();
    let spare = upload::Entity::find().filter(upload::Column::IsDuplicate.eq(true));
    let spare = spare.all(reader).await.unwrap();
    let jobs = job::Entity::find().filter(job::Column::Kind.eq("delete-blobs"));
    let jobs = jobs.all(reader).await.unwrap();
    for upload in &spare {
        let blob = upload.blob_id.to_string();
        assert!(jobs.iter().any(|job| job.payload.contains(&blob)), "{upload:?}");
    }
    eprintln!("{} duplicates", spare.len());
}

async fn sweeps_came_once_in_each_period(app: &App, periods: usize) {
    let all = job::Entity::find().all(app.database.reader()).await.unwrap();
    // Uploads enqueue that one, too.
    let schedules = app.jobs.schedules().iter().filter(|it| it.name != MakeVariants::KIND);
    for schedule in schedules {
        let sweeps: Vec<_> = all.iter().filter(|job| job.kind == schedule.name).collect();
        let repeated = sweeps.iter().filter(|job| job.attempt > 1).count();
        eprintln!("{} {}, {repeated} of them cut off", sweeps.len(), schedule.name);
        assert!(sweeps.len() <= periods, "{periods} periods");
    }
}

/// No job failed, or was begun again but for those that a killed server had begun.
async fn jobs_are_done_once(app: &App, cut_off: usize) {
    let all = job::Entity::find().all(app.database.reader()).await.unwrap();
    let again: i32 = all.iter().map(|job| (job.attempt - 1).max(0)).sum();
    eprintln!("{} jobs, {again} of them begun again, {cut_off} cut off", all.len());
    assert!(usize::try_from(again).unwrap() <= cut_off);
    let parked = all.iter().find(|job| job.state == State::Parked);
    assert!(parked.is_none(), "{parked:?}");
}

/// What was deleted needs no sweep: its rows went with a job that removed its bytes.
async fn bytes_without_rows_are_gone(app: &App) {
    let reader = app.database.reader();
    let files = asset_file::Entity::find().all(reader).await.unwrap();
    let open = upload::Entity::find().filter(upload::Column::State.eq(upload::State::Active));
    let open = open.all(reader).await.unwrap();
    let named = files.iter().map(|file| file.blob_id).chain(open.iter().map(|row| row.blob_id));
    let named: HashSet<_> = named.map(BlobKey::Original).collect();
    for blob in app.blobs.list().await.unwrap() {
        assert!(named.contains(&blob.key), "nobody removed {}", blob.key);
    }
}

async fn stored_photos_are_whole(app: &App, load: &Load) {
    let files = asset_file::Entity::find().all(app.database.reader()).await.unwrap();
    let files: HashMap<_, _> =
        files.into_iter().map(|file| (file.asset_id.to_string(), file)).collect();
    let known = load.library.all();
    for (asset, (number, fate)) in &known {
        match (files.get(asset), fate) {
            (Some(_), Fate::Gone) => panic!("{asset} is still there"),
            (None, Fate::Kept) => panic!("{asset} is gone"),
            (Some(file), _) => assert_eq!(file.sha256, photo::sha256(&photo::bytes(*number))),
            (None, _) => {}
        }
    }
    load.albums.check_entries(app, |asset| files.contains_key(asset)).await;
    // Those too whose callers did not live to hear of them.
    for file in files.values() {
        let size = file.size_bytes.cast_unsigned();
        let piece = Piece::Blob(BlobKey::Original(file.blob_id), 0..size);
        let bytes = app.blobs.read(vec![piece]).await.unwrap().bytes;
        assert!(photo::sha256(&bytes) == file.sha256, "{file:?} is damaged");
    }
    let count = |wanted| known.values().filter(|(_, fate)| *fate == wanted).count();
    let (kept, gone, doomed) = (count(Fate::Kept), count(Fate::Gone), count(Fate::Doomed));
    eprintln!("{} photos: {kept} must be there, {doomed} may, {gone} must not", files.len());
    let used: i64 = files.values().map(|file| file.size_bytes).sum();
    let users = user::Entity::find().all(app.database.reader()).await.unwrap();
    assert_eq!(users[0].used_bytes, used);
}

async fn nothing_is_in_the_trash(app: &App) {
    let reader = app.database.reader();
    let assets = asset::Entity::find().filter(asset::Column::DeleteTime.is_not_null());
    assert_eq!(assets.all(reader).await.unwrap(), []);
    let albums = album::Entity::find().filter(album::Column::DeleteTime.is_not_null());
    assert_eq!(albums.all(reader).await.unwrap(), []);
}

async fn nothing_is_left_over(app: &App) {
    let reader = app.database.reader();
    let files = asset_file::Entity::find().all(reader).await.unwrap();
    let named: HashSet<_> = files.iter().map(|file| BlobKey::Original(file.blob_id)).collect();
    let blobs = app.blobs.list().await.unwrap();
    let blobs: HashSet<_> = blobs.into_iter().map(|blob| blob.key).collect();
    assert_eq!(blobs, named, "each blob has a row");
    let spool = std::fs::read_dir(app.spool_dir()).unwrap();
    assert_eq!(spool.count(), 0, "spool files");
    assert_eq!(upload::Entity::find().all(reader).await.unwrap(), []);
    let ended = [State::Succeeded, State::Cancelled];
    let stuck = job::Entity::find().filter(job::Column::State.is_not_in(ended));
    assert_eq!(stuck.all(reader).await.unwrap(), []);
}
