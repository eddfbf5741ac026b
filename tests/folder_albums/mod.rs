//! Albums from folders.

mod creating;
mod deleting;
mod moving;
mod planning;
mod rules;
mod running;
mod sharing;
mod syncing;
mod thumbnails;
mod undoing;
mod undoing_moves;

use albumen::v1::{
    AddAlbumAssetsRequest, Album, Asset, RemoveAlbumAssetsRequest, UpdateAlbumRequest,
};

use crate::support::Person;
use crate::support::person::ids;

/// Takes assets out of an album by hand.
async fn take_out(person: &Person, album: &Album, assets: &[Asset]) {
    let request = RemoveAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(assets) };
    person.albums().remove_album_assets(request).await.unwrap();
}

/// Puts assets into an album by hand.
async fn put_in(person: &Person, album: &Album, assets: &[Asset]) {
    let request = AddAlbumAssetsRequest { album_id: album.id.clone(), asset_ids: ids(assets) };
    person.albums().add_album_assets(request).await.unwrap();
}

/// Renames an album by hand.
async fn rename(person: &Person, album: &Album, name: &str) {
    let request = UpdateAlbumRequest {
        album_id: album.id.clone(),
        album: Some(Album { display_name: name.to_owned(), ..Album::default() }),
        update_mask: None,
    };
    person.albums().update_album(request).await.unwrap();
}
