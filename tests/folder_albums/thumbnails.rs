//! Covers.

use albumen::v1::folder_album_options::Thumbnail;
use albumen::v1::{Asset, FolderAlbumOptions, UpdateAssetsRequest};
use prost_types::Timestamp;

use crate::support::Person;
use crate::support::folders::{Folders, options};
use crate::support::test;

/// Says that photos were taken one after the other.
async fn date(person: &Person, assets: &[&Asset]) {
    for (asset, seconds) in assets.iter().zip(1_000_i64..) {
        let change =
            Asset { capture_time: Some(Timestamp { seconds, nanos: 0 }), ..Asset::default() };
        let request = UpdateAssetsRequest {
            asset_ids: vec![asset.id.clone()],
            asset: Some(change),
            update_mask: None,
        };
        person.assets().update_assets(request).await.unwrap();
    }
}

fn with(thumbnail: Thumbnail) -> FolderAlbumOptions {
    FolderAlbumOptions { set_album_thumbnail: thumbnail.into(), ..options() }
}

#[tokio::test]
async fn the_first_or_the_last_by_capture_time_becomes_the_cover_of_what_grew() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders
            .photos(&["/photos/a/1.jpg", "/photos/a/2.jpg", "/photos/a/3.jpg", "/photos/b/4.jpg"])
            .await;
        date(&ann, &[&photos[1], &photos[0], &photos[2], &photos[3]]).await;
        folders.apply(with(Thumbnail::First)).await;
        assert_eq!(ann.album_named("a").await.cover_asset_id, photos[1].id);
        let counts = folders.apply(with(Thumbnail::Last)).await.counts.unwrap();
        assert_eq!(counts.set_thumbnails, 0, "nothing was added");
        assert_eq!(ann.album_named("a").await.cover_asset_id, photos[1].id);
        folders.photo("/photos/a/0.jpg").await;
        folders.apply(with(Thumbnail::Random)).await;
        folders.photo("/photos/b/0.jpg").await;
        let counts = folders.apply(with(Thumbnail::Last)).await.counts.unwrap();
        assert_eq!(counts.done_albums, 2);
        let latest = ann.album_named("b").await;
        assert_ne!(latest.cover_asset_id, photos[3].id, "the new one is later");
    })
    .await;
}

#[tokio::test]
async fn random_all_chooses_for_every_album_of_the_owner() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let loose = ann.photos(0..30).await;
        ann.album("By hand", &loose).await;
        ann.album("Empty", &[]).await;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..4 {
            folders.apply(with(Thumbnail::RandomAll)).await;
            let cover = ann.album_named("By hand").await.cover_asset_id;
            assert!(loose.iter().any(|asset| asset.id == cover));
            seen.insert(cover);
        }
        assert!(seen.len() > 1, "each run chooses anew");
    })
    .await;
}

#[tokio::test]
async fn random_filtered_chooses_among_what_passes_the_filters() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let folders = Folders::of(&server, &ann).await;
        let photos = folders.photos(&["/photos/a/1.jpg", "/photos/a/2.png"]).await;
        let loose = ann.photos(40..43).await;
        let mixed = [&loose[..], &photos[1..]].concat();
        ann.album("Mixed", &mixed).await;
        let other = ann.album("Other", &loose).await;
        let options = FolderAlbumOptions {
            path_filter: vec!["**/*.png".to_owned()],
            find_assets_in_albums: true,
            ..with(Thumbnail::RandomFiltered)
        };
        folders.apply(options).await;
        assert_eq!(ann.album_named("Mixed").await.cover_asset_id, photos[1].id);
        assert_eq!(ann.album_named("Other").await, other, "nothing in it passes");
    })
    .await;
}
