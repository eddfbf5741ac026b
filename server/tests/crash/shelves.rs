//! A library whose files come, move, change and go while its server is killed in the middle of scans,
//! and of making albums of its folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use albumen::v1::folder_album_service_client::FolderAlbumServiceClient;
use albumen::v1::folder_rule_run::State as RunState;
use albumen::v1::library_scan::State;
use albumen::v1::library_service_client::LibraryServiceClient;
use albumen::v1::user_service_client::UserServiceClient;
use albumen::v1::{
    ApplyFolderAlbumsRequest, CreateLibraryRequest, FolderAlbumOptions, FolderRuleRun,
    GetMeRequest, Library, LibraryScan, ScanLibraryRequest,
};
use albumen_server::app::{App, Clock};
use albumen_server::entity::asset_file::Kind;
use albumen_server::entity::{album, album_asset, asset, asset_file, library_file};
use fastrand::Rng;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tonic::Status;

use crate::installation::{Installation, close};
use crate::load::{Transport, connect, reason};
use crate::photo;
use crate::process::Server;

const ROUNDS: usize = 60;
/// The longest life of a server after a scan was asked for, in milliseconds.
const LIFE_MS: u64 = 400;

/// The motion part of a live photo.
const FILM: &[u8] = include_bytes!("../../../tests/support/fixtures/photos/IMG_2050.MOV");

/// Every third number is that of a short film, the others are those of photos.
fn is_film(number: u32) -> bool {
    number.is_multiple_of(3)
}

fn bytes(number: u32) -> Vec<u8> {
    if is_film(number) {
        // An unused box behind the film makes it another one.
        [FILM, b"\0\0\0\x0cfree", &number.to_be_bytes()].concat()
    } else {
        photo::bytes(number)
    }
}

/// The files that there are, by the numbers of their photos and films.
struct Shelf {
    folder: PathBuf,
    files: BTreeMap<PathBuf, u32>,
    last_number: u32,
    /// Moves on with each file: a change shows in its time.
    time: SystemTime,
}

impl Shelf {
    fn change(&mut self, rng: &mut Rng) {
        let known = rng.choice(self.files.keys()).cloned();
        match (rng.u8(..8), known) {
            (0, Some(path)) => {
                fs::remove_file(&path).unwrap();
                self.files.remove(&path);
            }
            (1..=2, Some(path)) => {
                let number = self.files.remove(&path).unwrap();
                let to = self.place(rng, number);
                fs::rename(&path, &to).unwrap();
                self.files.insert(to, number);
            }
            (3, Some(path)) => {
                let number = self.files[&path];
                self.write(self.place(rng, number), number);
            }
            (4, Some(path)) => {
                self.last_number += 1;
                self.write(path, self.last_number);
            }
            _ => {
                self.last_number += 1;
                self.write(self.place(rng, self.last_number), self.last_number);
            }
        }
    }

    /// A name, which may be taken; that of a film may be a photo's but for the extension.
    fn place(&self, rng: &mut Rng, number: u32) -> PathBuf {
        let folder = self.folder.join(rng.u8(..5).to_string());
        fs::create_dir_all(&folder).unwrap();
        let extension = if is_film(number) { "mov" } else { "jpg" };
        folder.join(format!("{}.{extension}", rng.u8(..60)))
    }

    fn write(&mut self, path: PathBuf, number: u32) {
        fs::write(&path, bytes(number)).unwrap();
        self.time += Duration::from_secs(1);
        File::options().write(true).open(&path).unwrap().set_modified(self.time).unwrap();
        self.files.insert(path, number);
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "files have the time of the machine")]
async fn a_library_becomes_what_its_folders_are_however_often_the_server_is_killed() {
    let installation = Installation::create().await;
    let token = installation.set_up().await;
    let seed = fastrand::u64(..);
    eprintln!("libraries with the seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let folder = installation.library_root().join("photos");
    fs::create_dir_all(&folder).unwrap();
    let time = SystemTime::now() - Duration::from_secs(86_400);
    let folder = fs::canonicalize(folder).unwrap();
    let mut shelf = Shelf { folder, files: BTreeMap::new(), last_number: 0, time };
    let library = create(&installation, &token, &shelf).await;
    for _ in 0..ROUNDS {
        for _ in 0..rng.usize(..40) {
            shelf.change(&mut rng);
        }
        if rng.bool() {
            installation.hasten().await;
        }
        let server = Server::start(&installation);
        let transport = connect(&server.address().await, &token).await.unwrap();
        let mut scans = JoinSet::new();
        scans.spawn(scan(transport.clone(), library.clone()));
        let mut runs = JoinSet::new();
        runs.spawn(make_albums(transport, shelf.folder.clone()));
        sleep(Duration::from_millis(rng.u64(..LIFE_MS))).await;
        server.kill();
        // It ends with the server, however far it came.
        scans.join_all().await;
        runs.join_all().await;
    }
    installation.hasten().await;
    let server = Server::start(&installation);
    let transport = connect(&server.address().await, &token).await.unwrap();
    // The one that was cut off, and one after it.
    for _ in 0..2 {
        let end = scan(transport.clone(), library.clone()).await.unwrap();
        assert_eq!((end.state(), end.problems.len()), (State::Succeeded, 0), "{end:?}");
    }
    // The run that was cut off goes on by itself.
    let end = loop {
        match make_albums(transport.clone(), shelf.folder.clone()).await {
            Err(status) if reason(&status) == "RULE_RUNNING" => {
                sleep(Duration::from_millis(100)).await;
            }
            end => break end.unwrap(),
        }
    };
    assert_eq!(end.state(), RunState::Succeeded, "{end:?}");
    assert_eq!(end.counts.unwrap().failed_albums, 0, "{end:?}");
    server.kill();
    check(&installation, &shelf).await;
    installation.remove().await;
}

async fn create(installation: &Installation, token: &str, shelf: &Shelf) -> String {
    let server = Server::start(installation);
    let transport = connect(&server.address().await, token).await.unwrap();
    let me = UserServiceClient::new(transport.clone()).get_me(GetMeRequest {}).await.unwrap();
    let library = Library {
        owner_id: me.into_inner().id,
        display_name: "Archive".to_owned(),
        import_paths: vec![shelf.folder.to_str().unwrap().to_owned()],
        ..Library::default()
    };
    let request = CreateLibraryRequest { library: Some(library), ..Default::default() };
    let library = LibraryServiceClient::new(transport).create_library(request).await.unwrap();
    server.kill();
    library.into_inner().id
}

/// Follows a scan to its end, or the server's.
async fn scan(transport: Transport, library_id: String) -> Result<LibraryScan, Status> {
    let request = ScanLibraryRequest { library_id, restore_excluded: false };
    let mut libraries = LibraryServiceClient::new(transport);
    let mut stream = libraries.scan_library(request).await?.into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await? {
        last = message.scan;
    }
    Ok(last.unwrap())
}

/// Follows a run to its end, or the server's.
async fn make_albums(transport: Transport, folder: PathBuf) -> Result<FolderRuleRun, Status> {
    let options = FolderAlbumOptions {
        root_path: vec![folder.to_str().unwrap().to_owned()],
        chunk_size: 3,
        ..FolderAlbumOptions::default()
    };
    let request = ApplyFolderAlbumsRequest { options: Some(options), ..Default::default() };
    let mut albums = FolderAlbumServiceClient::new(transport);
    let mut stream = albums.apply_folder_albums(request).await?.into_inner();
    let mut last = None;
    while let Some(message) = stream.message().await? {
        last = message.run;
    }
    Ok(last.unwrap())
}

async fn check(installation: &Installation, shelf: &Shelf) {
    let app = installation.open(Clock::System).await;
    let reader = app.database.reader();
    let rows = library_file::Entity::find().all(reader).await.unwrap();
    assert!(rows.iter().all(|row| row.missing_scan_id.is_none()), "{rows:?}");
    check_motions(&app, &rows).await;
    let online: Vec<_> =
        rows.into_iter().filter(|row| row.state == library_file::State::Online).collect();
    let found: BTreeMap<_, _> =
        online.iter().map(|row| (PathBuf::from(&row.path), row.sha256.clone())).collect();
    let digest = |number: u32| Some(photo::sha256(&bytes(number)));
    let expected: BTreeMap<_, _> =
        shelf.files.iter().map(|(path, number)| (path.clone(), digest(*number))).collect();
    assert!(found == expected, "{found:?} is not {expected:?}");
    let files = asset_file::Entity::find().all(reader).await.unwrap();
    let files: BTreeMap<_, _> =
        files.into_iter().map(|file| ((file.asset_id, file.kind), file)).collect();
    for asset in asset::Entity::find().all(reader).await.unwrap() {
        let part = (asset.id, Kind::Still);
        assert_eq!(files[&part].sha256, asset.sha256);
        let mut places = online.iter().filter(|row| row.asset_part() == Some(part)).peekable();
        assert_eq!(places.peek().is_some(), asset.offline_time.is_none(), "{asset:?}");
        assert!(places.all(|row| row.sha256.as_ref() == Some(&asset.sha256)), "{asset:?}");
    }
    let online: Vec<_> = online.into_iter().filter(|row| row.part == Kind::Still).collect();
    check_albums(&app, &online).await;
    close(app).await;
}

/// Each motion part is somewhere, or known to be missing, and each place has its bytes.
async fn check_motions(app: &App, rows: &[library_file::Model]) {
    let motions = asset_file::Entity::find().filter(asset_file::Column::Kind.eq(Kind::Motion));
    let motions = motions.all(app.database.reader()).await.unwrap();
    eprintln!("{} live photos", motions.len());
    let places = rows.iter().filter(|row| row.part == Kind::Motion);
    let places = places.filter_map(|row| Some((row.asset_id?, row.sha256.as_ref()?)));
    let places: BTreeSet<_> = places.collect();
    let motions: BTreeSet<_> = motions.iter().map(|file| (file.asset_id, &file.sha256)).collect();
    assert_eq!(places, motions);
}

/// Each folder is one album, which has what the folder has. What is missing stays where it was.
async fn check_albums(app: &App, online: &[library_file::Model]) {
    let reader = app.database.reader();
    let mut expected: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
    for row in online {
        let folder = Path::new(&row.path).parent().unwrap().file_name().unwrap();
        let assets = expected.entry(folder.to_str().unwrap().to_owned()).or_default();
        assets.insert(row.asset_id.unwrap());
    }
    let there: BTreeSet<_> = online.iter().filter_map(|row| row.asset_id).collect();
    let mut found = BTreeMap::new();
    for album in album::Entity::find().all(reader).await.unwrap() {
        let entries = album_asset::Entity::find();
        let entries = entries.filter(album_asset::Column::AlbumId.eq(album.id));
        let entries = entries.all(reader).await.unwrap().into_iter().map(|entry| entry.asset_id);
        let entries: BTreeSet<_> = entries.filter(|id| there.contains(id)).collect();
        if !entries.is_empty() {
            assert_eq!(found.insert(album.display_name, entries), None, "two of one name");
        }
    }
    assert_eq!(found, expected);
}
