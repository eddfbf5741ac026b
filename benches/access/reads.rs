//! The reads that are compared.

use albumen::v1::ListAssetsRequest;
use albumen_server::access;
use albumen_server::albums;
use albumen_server::assets::{self, Filter};
use albumen_server::entity::{album, album_asset, album_member, asset, asset_file};
use albumen_server::page::{ASSET_SIZES, Page};
use anyhow::{Context as _, Result};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::dataset::Dataset;

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Read {
    /// An album.
    Album,
    /// The first hundred assets of an album.
    Page,
}

impl Read {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Album => "`GetAlbum`",
            Self::Page => "`ListAssets`",
        }
    }
}

/// Who reads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// Nobody: the rows alone, by the album's id.
    Bare,
    Owner,
    Viewer,
    Guest,
}

/// Reads once, with all that stands between a credential and the rows.
pub(crate) async fn once(dataset: &Dataset, read: Read, way: Way) -> Result<()> {
    let token = match way {
        Way::Bare => return bare(dataset, read).await,
        Way::Owner => &dataset.owner,
        Way::Viewer => &dataset.viewer,
        Way::Guest => &dataset.guest,
    };
    let app = &dataset.app;
    let actor = access::authenticate(app, Some(token), dataset.network).await?;
    match read {
        Read::Album => {
            albums::get(app, &actor, dataset.album).await?;
        }
        Read::Page => {
            let filter = Filter { album_id: Some(dataset.album), ..Filter::default() };
            let page = Page::parse(100, "", ASSET_SIZES, &ListAssetsRequest::default())?;
            let page = assets::list(app, &actor, &filter, &page).await?;
            anyhow::ensure!(!page.rows.is_empty(), "an empty page");
        }
    }
    Ok(())
}

/// The same rows by the same indexes.
async fn bare(dataset: &Dataset, read: Read) -> Result<()> {
    let connection = dataset.app.database.reader();
    let album = album::Entity::find_by_id(dataset.album).one(connection).await?;
    album.context("no album")?;
    match read {
        Read::Album => {
            let owner = album_member::Entity::find()
                .filter(album_member::Column::AlbumId.eq(dataset.album))
                .filter(album_member::Column::Role.eq(album_member::Role::Owner));
            owner.one(connection).await?.context("no owner")?;
        }
        Read::Page => {
            let rows = album_asset::Entity::find()
                .find_also_related(asset::Entity)
                .filter(album_asset::Column::AlbumId.eq(dataset.album))
                .filter(album_asset::Column::IsHidden.eq(false))
                .order_by_desc(album_asset::Column::SortTime)
                .order_by_desc(album_asset::Column::AssetId)
                .limit(101)
                .all(connection)
                .await?;
            let ids = rows.iter().map(|(entry, _)| entry.asset_id);
            let files = asset_file::Entity::find().filter(asset_file::Column::AssetId.is_in(ids));
            files.all(connection).await?;
        }
    }
    Ok(())
}
