//! Folders of photos as a library has them, without a scan: the rows that one would write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use albumen::v1::folder_album_options::Mode;
use albumen::v1::plan_folder_albums_response::Part;
use albumen::v1::{
    ApplyFolderAlbumsRequest, Asset, AssetVisibility, FolderAlbumOptions, FolderAlbumSummary,
    FolderRuleRun, ListAlbumsRequest, ListAssetsRequest, PlanFolderAlbumsRequest,
    PlannedFolderAlbum, UpdateAssetsRequest,
};
use albumen_server::entity::asset_file::Kind;
use albumen_server::entity::library_file::{self, State};
use albumen_server::entity::{asset, library};
use albumen_server::id::{AssetId, LibraryFileId, LibraryId, UserId};
use albumen_server::time::Micros;
use futures::TryStreamExt as _;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, Set,
};
use tonic::{Response, Status, Streaming};

use super::{Person, TestServer};

/// The numbers of the photos that were made, so that no two are the same.
static PHOTOS: AtomicU32 = AtomicU32::new(1_000_000);

/// The library of somebody, with photos at paths.
pub(crate) struct Folders {
    pub(crate) server: Arc<TestServer>,
    pub(crate) owner: Person,
    library: LibraryId,
}

impl Folders {
    pub(crate) async fn of(server: &Arc<TestServer>, owner: &Person) -> Self {
        let (library, now) = (LibraryId::generate(), Micros(server.now_us()));
        let row = library::ActiveModel {
            id: Set(library),
            owner_id: Set(UserId::parse(&owner.user.id).unwrap()),
            display_name: Set("Photos".to_owned()),
            import_paths: Set("[\"/photos\"]".to_owned()),
            exclusions: Set("[]".to_owned()),
            schedule: Set(None),
            time_zone: Set(None),
            is_watched: Set(false),
            next_scan_time: Set(None),
            create_time: Set(now),
            update_time: Set(now),
            delete_time: Set(None),
        };
        let insert =
            server.app.transact(|transaction| async move { Ok(row.insert(&*transaction).await?) });
        insert.await.unwrap();
        Self { server: Arc::clone(server), owner: owner.clone(), library }
    }

    /// A new photo at a path.
    pub(crate) async fn photo(&self, path: &str) -> Asset {
        let number = PHOTOS.fetch_add(1, Ordering::Relaxed);
        let asset = self.owner.photos(number..number + 1).await.remove(0);
        self.copy(&asset, path).await;
        asset
    }

    /// New photos at paths.
    pub(crate) async fn photos(&self, paths: &[&str]) -> Vec<Asset> {
        let mut assets = Vec::new();
        for path in paths {
            assets.push(self.photo(path).await);
        }
        assets
    }

    /// One more file with the bytes of a photo.
    pub(crate) async fn copy(&self, asset: &Asset, path: &str) {
        let now = Micros(self.server.now_us());
        let row = library_file::ActiveModel {
            id: Set(LibraryFileId::generate()),
            library_id: Set(self.library),
            path: Set(path.to_owned()),
            state: Set(State::Online),
            size_bytes: Set(1),
            modify_time_ns: Set(0),
            inode: Set(1),
            sha256: Set(Some(asset.sha256.to_vec())),
            asset_id: Set(AssetId::parse(&asset.id)),
            part: Set(Kind::Still),
            missing_scan_id: Set(None),
            offline_time: Set(None),
            create_time: Set(now),
            update_time: Set(now),
        };
        let insert = self
            .server
            .app
            .transact(|transaction| async move { Ok(row.insert(&*transaction).await?) });
        insert.await.unwrap();
    }

    async fn rows(&self) -> Vec<library_file::Model> {
        let find =
            library_file::Entity::find().filter(library_file::Column::LibraryId.eq(self.library));
        find.all(self.server.app.database.reader()).await.unwrap()
    }

    async fn change(&self, row: library_file::ActiveModel) {
        let update = self
            .server
            .app
            .transact(|transaction| async move { Ok(row.update(&*transaction).await?) });
        update.await.unwrap();
    }

    /// Renames a folder or file: what begins with one text begins with another one.
    pub(crate) async fn rename(&self, from: &str, to: &str) {
        for row in self.rows().await {
            if let Some(rest) = row.path.strip_prefix(from) {
                let path = format!("{to}{rest}");
                let mut row = row.into_active_model();
                row.path = Set(path);
                self.change(row).await;
            }
        }
    }

    /// Takes a file away, so that it is missing.
    pub(crate) async fn remove(&self, path: &str) {
        let row = self.rows().await.into_iter().find(|row| row.path == path).unwrap();
        let mut row = row.into_active_model();
        row.state = Set(State::Offline);
        self.change(row).await;
    }

    pub(crate) async fn plan(
        &self,
        options: FolderAlbumOptions,
    ) -> (Vec<PlannedFolderAlbum>, FolderAlbumSummary) {
        self.owner.plan("", Some(options)).await.unwrap()
    }

    /// Follows options to the end of the run.
    pub(crate) async fn apply(&self, options: FolderAlbumOptions) -> FolderRuleRun {
        self.try_apply("", Some(options), "").await.unwrap()
    }

    pub(crate) async fn try_apply(
        &self,
        rule: &str,
        options: Option<FolderAlbumOptions>,
        token: &str,
    ) -> Result<FolderRuleRun, Status> {
        // So that nothing happens at the same time as what was done before.
        self.server.sleep(std::time::Duration::from_secs(1));
        let runs = self.owner.apply(rule, options, token).await?;
        self.server.run_jobs().await;
        last(runs).await
    }

    /// The names of the albums that the owner sees, with the ids of what is in them.
    pub(crate) async fn albums(&self) -> BTreeMap<String, Vec<String>> {
        self.owner.shelf().await
    }
}

/// The run as the last message has it.
pub(crate) async fn last(
    runs: Response<Streaming<albumen::v1::ApplyFolderAlbumsResponse>>,
) -> Result<FolderRuleRun, Status> {
    let runs: Vec<_> = runs.into_inner().try_collect().await?;
    Ok(runs.into_iter().last().unwrap().run.unwrap())
}

/// Options for everything below `/photos`.
pub(crate) fn options() -> FolderAlbumOptions {
    FolderAlbumOptions { root_path: vec!["/photos".to_owned()], ..Default::default() }
}

/// The same for putting albums into the trash.
pub(crate) fn deleting(mode: Mode) -> FolderAlbumOptions {
    FolderAlbumOptions { mode: mode.into(), delete_confirm: true, ..options() }
}

/// The ids of assets, sorted.
pub(crate) fn sorted<'a>(assets: impl IntoIterator<Item = &'a Asset>) -> Vec<String> {
    let mut ids: Vec<_> = assets.into_iter().map(|asset| asset.id.clone()).collect();
    ids.sort();
    ids
}

impl Person {
    pub(crate) async fn plan(
        &self,
        rule: &str,
        options: Option<FolderAlbumOptions>,
    ) -> Result<(Vec<PlannedFolderAlbum>, FolderAlbumSummary), Status> {
        let request = PlanFolderAlbumsRequest { folder_rule_id: rule.to_owned(), options };
        let parts = self.folder_albums().plan_folder_albums(request).await?.into_inner();
        let mut parts: Vec<_> = parts.map_ok(|message| message.part.unwrap()).try_collect().await?;
        let Some(Part::Summary(summary)) = parts.pop() else { panic!("no summary comes last") };
        let albums = parts.into_iter().map(|part| match part {
            Part::Album(album) => album,
            Part::Summary(_) => panic!("two summaries"),
        });
        Ok((albums.collect(), summary))
    }

    /// Starts a run.
    pub(crate) async fn apply(
        &self,
        rule: &str,
        options: Option<FolderAlbumOptions>,
        token: &str,
    ) -> Result<Response<Streaming<albumen::v1::ApplyFolderAlbumsResponse>>, Status> {
        let request = ApplyFolderAlbumsRequest {
            folder_rule_id: rule.to_owned(),
            options,
            plan_token: token.to_owned(),
        };
        self.folder_albums().apply_folder_albums(request).await
    }

    /// The names of the albums that this person sees, with the ids of what is in them.
    pub(crate) async fn shelf(&self) -> BTreeMap<String, Vec<String>> {
        let albums = self.albums().list_albums(ListAlbumsRequest::default()).await.unwrap();
        let mut shelf = BTreeMap::new();
        for album in albums.into_inner().albums {
            let request = ListAssetsRequest { album_id: album.id.clone(), ..Default::default() };
            let assets = self.assets().list_assets(request).await.unwrap().into_inner().assets;
            assert_eq!(usize::try_from(album.asset_count).unwrap(), assets.len());
            let twice = shelf.insert(album.display_name.clone(), sorted(&assets));
            assert!(twice.is_none(), "two albums are called {}", album.display_name);
        }
        shelf
    }

    /// Archives assets by hand.
    pub(crate) async fn archive(&self, assets: &[Asset]) {
        let request = UpdateAssetsRequest {
            asset_ids: super::person::ids(assets),
            asset: Some(Asset { visibility: AssetVisibility::Archived.into(), ..Asset::default() }),
            update_mask: None,
        };
        self.assets().update_assets(request).await.unwrap();
    }

    /// An album of this person's by its name.
    pub(crate) async fn album_named(&self, name: &str) -> albumen::v1::Album {
        let albums = self.albums().list_albums(ListAlbumsRequest::default()).await.unwrap();
        let mut albums = albums.into_inner().albums.into_iter();
        albums.find(|album| album.display_name == name).unwrap_or_else(|| panic!("no {name}"))
    }
}

/// Whether an asset is archived.
pub(crate) async fn is_archived(server: &TestServer, asset: &Asset) -> bool {
    let find = asset::Entity::find_by_id(AssetId::parse(&asset.id).unwrap());
    let row = find.one(server.app.database.reader()).await.unwrap().unwrap();
    row.visibility == asset::Visibility::Archived
}
