//! Callers who fill, delete and restore albums, and make and revoke links to them.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use albumen::v1::album_service_client::AlbumServiceClient;
use albumen::v1::shared_link_service_client::SharedLinkServiceClient;
use albumen::v1::{
    AddAlbumAssetsRequest, Album, CreateAlbumRequest, CreateSharedLinkRequest, DeleteAlbumRequest,
    DeleteSharedLinkRequest, RestoreAlbumRequest, SharedLink,
};
use albumen_server::app::App;
use albumen_server::entity::{album, album_asset, shared_link};
use fastrand::Rng;
use sea_orm::EntityTrait as _;
use tonic::Status;

use crate::library::Library;
use crate::load::{Transport, new_id, reason};

/// More of them would have less in common.
const MAX_ALBUMS: usize = 8;

/// The albums that nobody is at.
#[derive(Default)]
pub(crate) struct Albums(Mutex<Vec<Known>>);

/// An album, as far as callers know.
struct Known {
    id: String,
    is_created: bool,
    /// None after a call that was cut off.
    is_trashed: Option<bool>,
    assets: HashSet<String>,
    /// Whether each link is revoked.
    links: HashMap<String, Option<bool>>,
}

impl Albums {
    /// Does something to an album that nobody else is at.
    pub(crate) async fn change(
        &self,
        library: &Library,
        transport: &Transport,
        rng: &mut Rng,
    ) -> Result<(), Status> {
        let mut album = self.take(rng);
        let result = change(&mut album, library, transport, rng).await;
        self.0.lock().unwrap().push(album);
        result
    }

    fn take(&self, rng: &mut Rng) -> Known {
        let mut albums = self.0.lock().unwrap();
        // Others may hold as many again.
        if albums.len() >= MAX_ALBUMS {
            let index = rng.usize(..albums.len());
            return albums.swap_remove(index);
        }
        Known {
            id: new_id(rng),
            is_created: false,
            is_trashed: Some(false),
            assets: HashSet::new(),
            links: HashMap::new(),
        }
    }

    /// What callers were told is so, and what albums say of their assets is right.
    pub(crate) async fn check(&self, app: &App) {
        let reader = app.database.reader();
        let albums = album::Entity::find().all(reader).await.unwrap();
        let entries = album_asset::Entity::find().all(reader).await.unwrap();
        let links = shared_link::Entity::find().all(reader).await.unwrap();
        for album in &albums {
            let shown = entries.iter().filter(|entry| entry.album_id == album.id);
            let shown: Vec<_> = shown.filter(|entry| !entry.is_hidden).collect();
            assert_eq!(usize::try_from(album.asset_count).unwrap(), shown.len(), "{album:?}");
            assert_eq!(album.first_time, shown.iter().map(|entry| entry.sort_time).min());
            assert_eq!(album.last_time, shown.iter().map(|entry| entry.sort_time).max());
            let is_shown = |id| shown.iter().any(|entry| entry.asset_id == id);
            let has_cover = album.cover_asset_id.map(is_shown);
            assert_eq!(has_cover, (!shown.is_empty()).then_some(true), "{album:?}");
        }
        let known = self.0.lock().unwrap();
        for known in known.iter().filter(|known| known.is_created) {
            let album = albums.iter().find(|album| album.id.to_string() == known.id).unwrap();
            let is_trashed = album.delete_time.is_some();
            assert!(known.is_trashed.is_none_or(|is_known| is_known == is_trashed), "{album:?}");
            for (id, is_known) in &known.links {
                let link = links.iter().find(|link| link.id.to_string() == *id).unwrap();
                let is_revoked = link.delete_time.is_some();
                assert!(is_known.is_none_or(|is_known| is_known == is_revoked), "{link:?}");
            }
        }
        eprintln!("{} albums with {} entries, {} links", albums.len(), entries.len(), links.len());
    }

    /// Those of the assets that are there are in the albums to which they were added.
    pub(crate) async fn check_entries(&self, app: &App, is_there: impl Fn(&str) -> bool) {
        let entries = album_asset::Entity::find().all(app.database.reader()).await.unwrap();
        let entries: HashSet<_> = entries
            .iter()
            .map(|entry| (entry.album_id.to_string(), entry.asset_id.to_string()))
            .collect();
        for known in self.0.lock().unwrap().iter() {
            for asset in known.assets.iter().filter(|asset| is_there(asset)) {
                let entry = (known.id.clone(), asset.clone());
                assert!(entries.contains(&entry), "{entry:?} is lost");
            }
        }
    }
}

async fn change(
    album: &mut Known,
    library: &Library,
    transport: &Transport,
    rng: &mut Rng,
) -> Result<(), Status> {
    let mut albums = AlbumServiceClient::new(transport.clone());
    let id = album.id.clone();
    if !album.is_created {
        let named = Album { display_name: "Summer".to_owned(), ..Album::default() };
        let request =
            CreateAlbumRequest { album: Some(named), request_id: id.clone(), ..Default::default() };
        albums.create_album(request).await?;
        album.is_created = true;
    }
    if rng.u8(..6) == 0 {
        album.is_trashed = None;
        let request = DeleteAlbumRequest { album_id: id, ..Default::default() };
        let answer = albums.delete_album(request).await?.into_inner();
        assert!(answer.delete_time.is_some());
        album.is_trashed = Some(true);
        return Ok(());
    }
    if album.is_trashed != Some(false) {
        album.is_trashed = None;
        albums.restore_album(RestoreAlbumRequest { album_id: id.clone() }).await?;
        album.is_trashed = Some(false);
    }
    change_contents(album, library, transport, rng).await
}

async fn change_contents(
    album: &mut Known,
    library: &Library,
    transport: &Transport,
    rng: &mut Rng,
) -> Result<(), Status> {
    let mut albums = AlbumServiceClient::new(transport.clone());
    let mut links = SharedLinkServiceClient::new(transport.clone());
    let id = album.id.clone();
    match rng.u8(..4) {
        0 => {
            let shared = SharedLink { album_id: id, ..SharedLink::default() };
            let request_id = new_id(rng);
            let request = CreateSharedLinkRequest {
                shared_link: Some(shared),
                request_id: request_id.clone(),
                ..Default::default()
            };
            links.create_shared_link(request).await?;
            album.links.insert(request_id, Some(false));
        }
        1 => {
            let Some((id, is_revoked)) = rng.choice(album.links.iter_mut()) else { return Ok(()) };
            let before = std::mem::take(is_revoked);
            let request = DeleteSharedLinkRequest { shared_link_id: id.clone() };
            let result = links.delete_shared_link(request).await;
            *is_revoked = if result.is_ok() { Some(true) } else { before.filter(|before| *before) };
            result?;
        }
        _ => {
            let asset_ids: Vec<_> = library.some(5, rng).into_iter().map(|(id, _)| id).collect();
            if asset_ids.is_empty() {
                return Ok(());
            }
            let request = AddAlbumAssetsRequest { album_id: id, asset_ids: asset_ids.clone() };
            match albums.add_album_assets(request).await {
                Ok(_) => album.assets.extend(asset_ids),
                // What others did to the assets meanwhile.
                Err(status) if reason(&status) == "TRASHED" => {}
                Err(status) if reason(&status) == "RESOURCE_NOT_FOUND" => {
                    library.missed(&crate::load::detail(&status, "resource_id"));
                }
                Err(status) => return Err(status),
            }
        }
    }
    Ok(())
}
