//! What a caller gets to know of an asset, and which of its bytes they may have.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use super::asset::MAX_VALUES;
use super::{Actor, LinkActor};
use crate::entity::asset::Model as Asset;
use crate::entity::asset_variant::{self, Summary, Variant};
use crate::entity::export::Model as Export;
use crate::entity::shared_link::{Metadata, Quality};
use crate::entity::{album_asset, asset_file};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, BlobId};

/// What a caller gets to know of an asset, and which of its bytes they may have.
///
/// A guest who sees an asset through several links gets to know what the most open of them tells,
/// and may have what the most open of those gives out that allow downloads of originals: never a
/// mix of two links that is more than either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Whether the asset is the caller's own.
    pub is_own: bool,
    /// Whether they see it while its file is missing.
    pub sees_offline: bool,
    /// What they get to know of it.
    pub metadata: Metadata,
    download: Download,
}

/// Which bytes somebody may have. The order is the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Download {
    None,
    Previews,
    Originals(Metadata),
}

impl Download {
    fn of(link: &LinkActor) -> Self {
        match (link.allow_download, link.quality) {
            (false, _) => Self::None,
            (true, Quality::Previews) => Self::Previews,
            (true, Quality::Originals) => Self::Originals(link.metadata),
        }
    }
}

impl Sight {
    /// That of a user, who sees everything that they see at all.
    #[must_use]
    pub fn of_user(is_own: bool) -> Self {
        let download = Download::Originals(Metadata::Full);
        Self { is_own, sees_offline: true, metadata: Metadata::Full, download }
    }

    /// That of a guest on what all of some links show.
    #[must_use]
    pub fn of_links<'a>(links: impl Iterator<Item = &'a LinkActor> + Clone) -> Self {
        let metadata = links.clone().map(|link| link.metadata).max();
        let download = links.map(Download::of).max();
        Self {
            is_own: false,
            sees_offline: false,
            metadata: metadata.unwrap_or(Metadata::Hidden),
            download: download.unwrap_or(Download::None),
        }
    }

    /// Fails with `DOWNLOAD_NOT_ALLOWED` or `PREVIEWS_ONLY` if the caller may not have the file at
    /// all; which form of it they may have, [`Sight::file`] tells.
    pub fn downloadable(&self) -> Result<()> {
        match self.download {
            Download::Originals(_) => Ok(()),
            Download::Previews => Err(Error::PreviewsOnly),
            Download::None => Err(Error::DownloadNotAllowed),
        }
    }

    /// How much the file says that they may have; of who may have none, the one that they would be
    /// told of.
    #[must_use]
    pub fn file(&self) -> Metadata {
        match self.download {
            Download::Originals(metadata) => metadata.min(self.metadata),
            Download::Previews | Download::None => self.metadata,
        }
    }

    /// Whether a file that says so much may be had.
    #[must_use]
    pub fn gives(&self, file: Metadata) -> bool {
        self.download >= Download::Originals(file)
    }
}

/// The caller's sight on assets that they may see, in the same order. One query at most, and none
/// unless a guest has links that differ.
pub async fn sights(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    assets: &[Asset],
) -> Result<Vec<Sight>> {
    let links = match actor {
        Actor::User(user) => {
            let own = assets.iter().map(|asset| Sight::of_user(asset.owner_id == user.id));
            return Ok(own.collect());
        }
        Actor::Guest(links) => links,
        Actor::Anonymous | Actor::Operator => return Ok(vec![NOTHING; assets.len()]),
    };
    if are_alike(links) {
        return Ok(vec![Sight::of_links(links.iter()); assets.len()]);
    }
    let ids: Vec<_> = assets.iter().map(|asset| asset.id).collect();
    let sights = by_asset(connection, links, &ids).await?;
    Ok(ids.iter().map(|id| sights.get(id).copied().unwrap_or(NOTHING)).collect())
}

/// What is seen of what is not shown.
const NOTHING: Sight = Sight {
    is_own: false,
    sees_offline: false,
    metadata: Metadata::Hidden,
    download: Download::None,
};

/// Whether it makes no difference through which link an asset is seen.
fn are_alike(links: &[LinkActor]) -> bool {
    let of = |link: &LinkActor| (link.metadata, Download::of(link));
    links.windows(2).all(|pair| of(&pair[0]) == of(&pair[1]))
}

/// The sight on each asset by the links that show it.
async fn by_asset(
    connection: &impl ConnectionTrait,
    links: &[LinkActor],
    ids: &[AssetId],
) -> Result<HashMap<AssetId, Sight>> {
    let mut albums: HashMap<AssetId, Vec<AlbumId>> = HashMap::new();
    for ids in ids.chunks(MAX_VALUES) {
        let shown: Vec<(AssetId, AlbumId)> = album_asset::Entity::find()
            .filter(album_asset::Column::AssetId.is_in(ids.iter().copied()))
            .filter(album_asset::Column::AlbumId.is_in(links.iter().map(|link| link.album_id)))
            .filter(album_asset::Column::IsHidden.eq(false))
            .select_only()
            .column(album_asset::Column::AssetId)
            .column(album_asset::Column::AlbumId)
            .into_tuple()
            .all(connection)
            .await?;
        for (asset, album) in shown {
            albums.entry(asset).or_default().push(album);
        }
    }
    let sight = |albums: Vec<AlbumId>| {
        Sight::of_links(links.iter().filter(|link| albums.contains(&link.album_id)))
    };
    Ok(albums.into_iter().map(|(asset, albums)| (asset, sight(albums))).collect())
}

/// The variants of assets that the caller was granted, as far as there are any.
pub async fn variants(
    connection: &impl ConnectionTrait,
    wanted: &[(AssetId, Variant)],
) -> Result<HashMap<(AssetId, Variant), Summary>> {
    let mut found = HashMap::new();
    for wanted in wanted.chunks(MAX_VALUES) {
        let rows = asset_variant::Entity::find()
            .filter(asset_variant::Column::AssetId.is_in(wanted.iter().map(|(id, _)| *id)))
            .into_partial_model::<Summary>()
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|row| ((row.asset_id, row.variant), row)));
    }
    Ok(found)
}

/// A variant of an asset that the caller was granted, with its pieces.
pub async fn variant(
    connection: &impl ConnectionTrait,
    asset: AssetId,
    variant: Variant,
) -> Result<Option<asset_variant::Model>> {
    Ok(asset_variant::Entity::find_by_id((asset, variant)).one(connection).await?)
}

/// The variants of the files that some blobs are, with their pieces, for archives that the caller
/// was granted.
pub async fn variants_of_blobs(
    connection: &impl ConnectionTrait,
    blobs: &[BlobId],
) -> Result<Vec<(BlobId, asset_variant::Model)>> {
    let files = asset_file::Entity::find()
        .filter(asset_file::Column::BlobId.is_in(blobs.iter().copied()))
        .all(connection)
        .await?;
    let blobs: HashMap<_, _> = files.iter().map(|file| (file.asset_id, file.blob_id)).collect();
    let variants = asset_variant::Entity::find()
        .filter(asset_variant::Column::AssetId.is_in(blobs.keys().copied()))
        .all(connection)
        .await?;
    Ok(variants.into_iter().filter_map(|row| Some((*blobs.get(&row.asset_id)?, row))).collect())
}

/// Whether the caller may still have files of an export that they were granted, each of which says
/// so much. What is no longer there does not matter here.
pub async fn may_have_blobs(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    export: &Export,
    blobs: &[(BlobId, Metadata)],
) -> Result<bool> {
    let Actor::Guest(links) = actor else { return Ok(true) };
    let shown = |link: &&LinkActor| export.album_id.is_none_or(|id| id == link.album_id);
    if export.album_id.is_some() || are_alike(links) {
        let sight = Sight::of_links(links.iter().filter(shown));
        return Ok(blobs.iter().all(|(_, file)| sight.gives(*file)));
    }
    for blobs in blobs.chunks(MAX_VALUES) {
        let needed: HashMap<_, _> = blobs.iter().copied().collect();
        let files = asset_file::Entity::find()
            .filter(asset_file::Column::BlobId.is_in(needed.keys().copied()))
            .all(connection)
            .await?;
        let ids: Vec<_> = files.iter().map(|file| file.asset_id).collect();
        let sights = by_asset(connection, links, &ids).await?;
        let gives = |file: &asset_file::Model| {
            let needed = needed.get(&file.blob_id).copied().unwrap_or(Metadata::Full);
            sights.get(&file.asset_id).is_some_and(|sight| sight.gives(needed))
        };
        if !files.iter().all(gives) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::shared_link::GuestActivity;
    use crate::id::{SharedLinkId, UserId, VisitorId};

    fn link(metadata: Metadata, allow_download: bool, quality: Quality) -> LinkActor {
        LinkActor {
            link_id: SharedLinkId::NIL,
            album_id: AlbumId::NIL,
            creator_id: UserId::NIL,
            visitor_id: VisitorId::NIL,
            password_version: 0,
            allow_download,
            quality,
            metadata,
            allow_upload: false,
            allow_undo: false,
            activity: GuestActivity::Off,
            expire_time: None,
        }
    }

    #[test]
    fn two_links_never_give_more_than_either() {
        use Metadata::{Full, Hidden, WithoutLocation};
        let all = [Full, WithoutLocation, Hidden].into_iter().flat_map(|metadata| {
            [(false, Quality::Originals), (true, Quality::Originals), (true, Quality::Previews)]
                .map(|(allow_download, quality)| link(metadata, allow_download, quality))
        });
        let all: Vec<_> = all.collect();
        for first in &all {
            for second in &all {
                let both = Sight::of_links([first, second].into_iter());
                let each = [first, second].map(|link| Sight::of_links([link].into_iter()));
                for file in [Full, WithoutLocation, Hidden] {
                    assert_eq!(both.gives(file), each.iter().any(|sight| sight.gives(file)));
                }
                assert!(each.iter().any(|sight| sight.metadata == both.metadata));
                assert_eq!(
                    both.downloadable().is_ok(),
                    each.iter().any(|sight| sight.downloadable().is_ok())
                );
            }
        }
    }

    #[test]
    fn a_hiding_link_that_gives_files_out_does_not_open_those_of_another() {
        let told = link(Metadata::Full, false, Quality::Originals);
        let given = link(Metadata::Hidden, true, Quality::Originals);
        let sight = Sight::of_links([&told, &given].into_iter());
        assert_eq!(sight.metadata, Metadata::Full);
        assert_eq!(sight.file(), Metadata::Hidden);
        assert!(!sight.gives(Metadata::WithoutLocation));
    }
}
