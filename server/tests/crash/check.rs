//! What must hold in the end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use albumen_server::app::{App, Clock};
use albumen_server::blob::{BlobKey, Piece};
use albumen_server::entity::job::State;
use albumen_server::entity::{asset_file, job, upload, user};
use albumen_server::jobs;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::installation::{Installation, close};
use crate::load::Load;
use crate::photo;

const DAY_US: i64 = 86_400_000_000;

/// Looks at everything, before and after the sweeps.
pub(crate) async fn everything(installation: &Installation, load: &Load) {
    let clock = Arc::new(AtomicI64::new(Clock::System.now().0));
    let app = installation.open(Clock::Fixed(Arc::clone(&clock))).await;
    spare_bytes_have_a_job(&app).await;
    sweeps_came_once_in_each_period(&app, installation.periods()).await;
    // Long enough for the uploads to expire, and for bytes without a row to be found twice.
    for _ in 0..4 {
        clock.fetch_add(DAY_US, Ordering::Relaxed);
        jobs::run_until_idle(&app).await.unwrap();
    }
    stored_photos_are_whole(&app, load).await;
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
    for schedule in app.jobs.schedules() {
        let sweeps: Vec<_> = all.iter().filter(|job| job.kind == schedule.name).collect();
        let repeated = sweeps.iter().filter(|job| job.attempt > 1).count();
        eprintln!("{} {}, {repeated} of them cut off", sweeps.len(), schedule.name);
        assert!(sweeps.len() <= periods, "{periods} periods");
    }
}

async fn stored_photos_are_whole(app: &App, load: &Load) {
    let files = asset_file::Entity::find().all(app.database.reader()).await.unwrap();
    let files: HashMap<_, _> =
        files.into_iter().map(|file| (file.asset_id.to_string(), file)).collect();
    let stored = load.stored();
    for (asset, number) in &stored {
        let file = files.get(asset).unwrap_or_else(|| panic!("{asset} is gone"));
        assert_eq!(file.sha256, photo::sha256(&photo::bytes(*number)), "{asset}");
    }
    // Those too whose callers did not live to hear of them.
    for file in files.values() {
        let size = file.size_bytes.cast_unsigned();
        let piece = Piece::Blob(BlobKey::Original(file.blob_id), 0..size);
        let bytes = app.blobs.read(vec![piece]).await.unwrap().bytes;
        assert!(photo::sha256(&bytes) == file.sha256, "{file:?} is damaged");
    }
    eprintln!("{} photos, {} of them acknowledged", files.len(), stored.len());
    let used: i64 = files.values().map(|file| file.size_bytes).sum();
    let users = user::Entity::find().all(app.database.reader()).await.unwrap();
    assert_eq!(users[0].used_bytes, used);
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
