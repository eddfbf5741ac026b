//! A whole server for each test: every layer runs, and no socket opens.

mod asset_life;
pub(crate) mod bucket;
pub(crate) mod database;
pub(crate) mod fixtures;
pub(crate) mod folders;
pub(crate) mod membership;
pub(crate) mod person;
pub(crate) mod probe;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use albumen_server::app::{App, Clock};
use albumen_server::blob::{BlobKey, BlobStore, Faults};
use albumen_server::config::Config;
use albumen_server::entity::album_member::{self, Role};
use albumen_server::entity::asset_file::Kind;
use albumen_server::entity::{
    album, album_asset, asset, asset_file, job, library_file, upload, user,
};
use albumen_server::{installation, jobs, transport};
use axum::Router;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use database::TestDatabase;
pub(crate) use person::Person;

/// The time at which every test begins: 2027-01-15T08:00:00Z.
const START_US: i64 = 1_800_000_000_000_000;

/// Runs a test against a server with the default settings, and the closing checks after it.
pub(crate) async fn test<F: Future<Output = ()>>(body: impl FnOnce(Arc<TestServer>) -> F) {
    test_with(|_| {}, body).await;
}

/// The same with other settings.
pub(crate) async fn test_with<F: Future<Output = ()>>(
    change: impl FnOnce(&mut Config),
    body: impl FnOnce(Arc<TestServer>) -> F,
) {
    run(TestServer::start(change, Faults::default()).await, body).await;
}

/// The same with a store whose calls fail as planned.
pub(crate) async fn test_with_faults<F: Future<Output = ()>>(
    faults: Faults,
    body: impl FnOnce(Arc<TestServer>) -> F,
) {
    run(TestServer::start(|_| {}, faults).await, body).await;
}

async fn run<F: Future<Output = ()>>(server: TestServer, body: impl FnOnce(Arc<TestServer>) -> F) {
    let server = Arc::new(server);
    body(Arc::clone(&server)).await;
    server.close().await;
}

/// A server with a database and a folder of its own.
#[derive(Debug)]
pub(crate) struct TestServer {
    pub(crate) app: App,
    pub(crate) router: Router,
    clock: Arc<AtomicI64>,
    database: TestDatabase,
    stopping: CancellationToken,
    _folder: TempDir,
}

impl TestServer {
    async fn start(change: impl FnOnce(&mut Config), faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::read(&BTreeMap::new(), &BTreeMap::new()).unwrap();
        config.data_dir = folder.path().to_owned();
        config.database_connections = 5;
        config.public_url = Some("https://photos.example.org".to_owned());
        let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let flags = BTreeMap::from([("secret-key".to_owned(), secret.to_owned())]);
        config.secret_key = Config::read(&flags, &BTreeMap::new()).unwrap().secret_key;
        let database = TestDatabase::create(folder.path()).await;
        config.database_url = database.url();
        change(&mut config);
        let clock = Arc::new(AtomicI64::new(START_US));
        Self::open(config, faults, clock, database, folder).await
    }

    /// A server of another installation, with the same settings and clock, but a folder and an empty
    /// database of its own, which `fill` fills before it starts. The caller closes it.
    pub(crate) async fn another_installation(&self, fill: impl AsyncFnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::empty(folder.path()).await;
        let mut config = self.app.config.clone();
        config.data_dir = folder.path().to_owned();
        config.database_url = database.url();
        fill(&mut config).await;
        let clock = Arc::clone(&self.clock);
        Box::pin(Self::open(config, Faults::default(), clock, database, folder)).await
    }

    /// One more server of the installation: on the same database, folder and clock. The caller lets
    /// it leave.
    pub(crate) async fn beside(&self) -> Self {
        self.beside_with(|_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn beside_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let (mut config, clock) = (self.app.config.clone(), Arc::clone(&self.clock));
        change(&mut config);
        let (database, folder) = (self.database.clone(), tempfile::tempdir().unwrap());
        Box::pin(Self::open(config, Faults::default(), clock, database, folder)).await
    }

    async fn open(
        config: Config,
        faults: Faults,
        clock: Arc<AtomicI64>,
        database: TestDatabase,
        folder: TempDir,
    ) -> Self {
        // What clients over HTTP need; all but the first call find it there.
        drop(rustls::crypto::ring::default_provider().install_default());
        let blobs = BlobStore::open(&config).unwrap().with_faults(faults);
        let fixed = Clock::Fixed(Arc::clone(&clock));
        let app = albumen_server::open_with(config, fixed, blobs, probe::jobs()).await.unwrap();
        let router = transport::stack(&app).await.router;
        Self { app, router, clock, database, stopping: CancellationToken::new(), _folder: folder }
    }

    /// Follows what the other servers of the installation do, until it stops.
    pub(crate) fn follow(&self) {
        albumen_server::events::follow(&self.app, &self.stopping);
    }

    /// Moves the server's clock on.
    pub(crate) fn sleep(&self, duration: Duration) {
        self.clock.fetch_add(duration.as_micros().try_into().unwrap(), Ordering::Relaxed);
    }

    /// The address of the server's database.
    pub(crate) fn database_url(&self) -> String {
        self.database.address()
    }

    /// Sets the server's clock back.
    pub(crate) fn set_back(&self, duration: Duration) {
        self.clock.fetch_sub(duration.as_micros().try_into().unwrap(), Ordering::Relaxed);
    }

    /// The server's time, in microseconds since 1970.
    pub(crate) fn now_us(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    pub(crate) async fn setup_token(&self) -> String {
        installation::renew_setup_token(&self.app).await.unwrap().unwrap()
    }

    /// Runs the jobs that are due, and what they enqueue, until there are none.
    pub(crate) async fn run_jobs(&self) {
        jobs::run_until_idle(&self.app).await.unwrap();
    }

    /// Checks what must hold, and stops.
    pub(crate) async fn close(&self) {
        self.check().await;
        self.stop().await;
    }

    /// What must hold after every test, whatever it did.
    async fn check(&self) {
        self.run_jobs().await;
        let reader = self.app.database.reader();
        let stuck = [job::State::Parked, job::State::Running];
        let stuck = job::Entity::find().filter(job::Column::State.is_in(stuck));
        assert_eq!(stuck.all(reader).await.unwrap(), [], "jobs that did not end");
        let files = asset_file::Entity::find().all(reader).await.unwrap();
        let blobs = self.app.blobs.list().await.unwrap();
        let blobs: HashSet<_> = blobs.into_iter().map(|blob| blob.key).collect();
        let (shelved, files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.is_library);
        for file in &files {
            let key = BlobKey::Original(file.blob_id);
            assert!(
                blobs.contains(&key) || file.damage_time.is_some(),
                "a row points at missing bytes: {file:?}"
            );
        }
        let named: HashSet<_> = files.iter().map(|file| BlobKey::Original(file.blob_id)).collect();
        let open = upload::Entity::find().filter(upload::Column::State.eq(upload::State::Active));
        let open = open.all(reader).await.unwrap();
        let open: HashSet<_> = open.iter().map(|row| BlobKey::Original(row.blob_id)).collect();
        for key in &blobs {
            assert!(named.contains(key) || open.contains(key), "nobody owns the blob {key}");
        }
        self.check_assets(&files).await;
        self.check_libraries(&shelved).await;
        self.check_albums().await;
    }

    /// What lies in libraries is there, or known to be missing.
    async fn check_libraries(&self, files: &[asset_file::Model]) {
        let reader = self.app.database.reader();
        let places = library_file::Entity::find().all(reader).await.unwrap();
        let assets = asset::Entity::find().all(reader).await.unwrap();
        let digests = asset_file::Entity::find().all(reader).await.unwrap().into_iter();
        let digests: HashMap<_, _> =
            digests.map(|file| (Some((file.asset_id, file.kind)), file.sha256)).collect();
        for asset in &assets {
            let part = Some((asset.id, Kind::Still));
            let file = files.iter().find(|file| Some((file.asset_id, file.kind)) == part);
            let places = places.iter().filter(|place| place.asset_part() == part);
            let is_online = { places }.any(|place| {
                assert_eq!(place.sha256.as_ref(), Some(&asset.sha256), "{place:?}");
                place.state == library_file::State::Online
            });
            let is_offline = file.is_some() && !is_online;
            assert_eq!(asset.offline_time.is_some(), is_offline, "{asset:?}");
            let is_trashed = asset.delete_time.is_some();
            assert!(!asset.is_removed || is_trashed && is_offline, "{asset:?}");
        }
        for file in files.iter().filter(|file| file.kind == Kind::Motion) {
            let part = Some((file.asset_id, file.kind));
            assert!(places.iter().any(|place| place.asset_part() == part), "nowhere: {file:?}");
        }
        for place in places {
            let has_asset =
                matches!(place.state, library_file::State::Online | library_file::State::Offline);
            assert_eq!(place.asset_id.is_some(), has_asset, "{place:?}");
            if has_asset {
                assert_eq!(place.sha256.as_ref(), digests.get(&place.asset_part()), "{place:?}");
            }
        }
    }

    async fn check_assets(&self, files: &[asset_file::Model]) {
        let reader = self.app.database.reader();
        let assets = asset::Entity::find().all(reader).await.unwrap();
        let assets: HashMap<_, _> = assets.into_iter().map(|asset| (asset.id, asset)).collect();
        let is_locked = |asset: &asset::Model| asset.visibility == asset::Visibility::Locked;
        for asset in assets.values() {
            let is_withdrawn = asset.delete_time.is_some() || is_locked(asset);
            assert_eq!(asset.withdraw_time.is_some(), is_withdrawn, "{asset:?}");
            assert_eq!(asset.sort_time, asset.capture_time.unwrap_or(asset.create_time));
        }
        let users = user::Entity::find().all(reader).await.unwrap();
        let deleted = users.iter().filter(|user| user.delete_time.is_some());
        let deleted: HashSet<_> = deleted.map(|user| user.id).collect();
        for entry in album_asset::Entity::find().all(reader).await.unwrap() {
            let asset = &assets[&entry.asset_id];
            assert!(!is_locked(asset), "a locked asset is in an album: {entry:?}");
            let is_hidden = asset.delete_time.is_some() || deleted.contains(&asset.owner_id);
            assert_eq!(entry.is_hidden, is_hidden, "{entry:?}");
            assert_eq!(entry.sort_time, asset.sort_time, "{entry:?}");
            assert_eq!(entry.local_day, asset.local_day, "{entry:?}");
        }
        let mut used_bytes: HashMap<_, i64> = HashMap::new();
        for file in files {
            *used_bytes.entry(assets[&file.asset_id].owner_id).or_default() += file.size_bytes;
        }
        for user in users {
            let used = used_bytes.get(&user.id).copied().unwrap_or_default();
            assert_eq!(user.used_bytes, used, "{user:?}");
        }
    }

    async fn check_albums(&self) {
        let reader = self.app.database.reader();
        for album in album::Entity::find().all(reader).await.unwrap() {
            let owner = album_member::Entity::find()
                .filter(album_member::Column::AlbumId.eq(album.id))
                .filter(album_member::Column::Role.eq(Role::Owner))
                .find_also_related(user::Entity);
            let owner = owner.all(reader).await.unwrap();
            assert_eq!(owner.len(), 1, "{album:?}");
            let owner = owner[0].1.as_ref().unwrap();
            assert_eq!(album.hide_time.is_some(), owner.delete_time.is_some(), "{album:?}");
            let entries =
                album_asset::Entity::find().filter(album_asset::Column::AlbumId.eq(album.id));
            let (hidden, entries) = (
                entries.clone().filter(album_asset::Column::IsHidden.eq(true)),
                entries.filter(album_asset::Column::IsHidden.eq(false)),
            );
            let count = entries.clone().count(reader).await.unwrap();
            assert_eq!(u64::try_from(album.asset_count).unwrap(), count, "{album:?}");
            let entries = entries.all(reader).await.unwrap();
            let times = entries.iter().map(|entry| entry.sort_time);
            assert_eq!(album.first_time, times.clone().min(), "{album:?}");
            assert_eq!(album.last_time, times.max(), "{album:?}");
            let has_cover = |id| entries.iter().any(|entry| entry.asset_id == id);
            assert_eq!(album.cover_asset_id.map(has_cover), (count > 0).then_some(true));
            if let Some(cover) = album.hidden_cover_asset_id {
                let hidden = hidden.all(reader).await.unwrap();
                assert!(hidden.iter().any(|entry| entry.asset_id == cover), "{album:?}");
            }
        }
    }

    async fn stop(&self) {
        self.leave().await;
        self.database.drop().await;
    }

    /// Stops, and leaves the database to the other servers.
    pub(crate) async fn leave(&self) {
        self.stopping.cancel();
        self.app.tasks.close();
        self.app.tasks.wait().await;
        self.app.database.close().await.unwrap();
    }
}

/// The status of a call that must fail with a code.
#[track_caller]
pub(crate) fn expect_code<T>(result: Result<Response<T>, Status>, code: Code) -> Status {
    match result {
        Ok(_) => panic!("the call succeeded; {code:?} was expected"),
        Err(status) => {
            assert_eq!(status.code(), code, "{status:?}");
            status
        }
    }
}

/// Checks code and reason of a call that must fail, and hands out its status.
#[track_caller]
pub(crate) fn expect_reason<T>(
    result: Result<Response<T>, Status>,
    code: Code,
    reason: &str,
) -> Status {
    let status = expect_code(result, code);
    assert_eq!(self::reason(&status), reason, "{status:?}");
    status
}

/// Checks that a call fails because of exactly these fields.
#[track_caller]
pub(crate) fn expect_fields<T>(result: Result<Response<T>, Status>, fields: &[&str]) {
    let status = expect_reason(result, Code::InvalidArgument, "INVALID_REQUEST");
    let details = status.get_error_details();
    let found = details.bad_request().unwrap().field_violations.iter();
    let found: Vec<_> = found.map(|violation| violation.field.as_str()).collect();
    assert_eq!(found, fields, "{status:?}");
}

pub(crate) fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.domain, "albumen");
    info.reason.clone()
}

/// A value of the metadata that an error carries.
#[track_caller]
pub(crate) fn metadata(status: &Status, key: &str) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap().metadata.get(key).unwrap().clone()
}
