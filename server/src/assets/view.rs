//! An asset as its caller gets to see it.

use std::collections::HashMap;

use crate::access::{self, Actor, Sight};
use crate::app::App;
use crate::entity::asset::{Kind, Model as Asset};
use crate::entity::asset_file::{self, Model as AssetFile};
use crate::entity::asset_variant::{Summary, Variant};
use crate::entity::shared_link::Metadata;
use crate::error::Result;
use crate::id::AssetId;
use crate::time::Date;

/// An asset with its files. What the caller must not know is not in it, and sizes and checksums are
/// those of the file that they may have.
#[derive(Debug, Clone)]
pub struct AssetView {
    /// The asset.
    pub asset: Asset,
    /// The photo or video itself.
    pub still: AssetFile,
    /// The moving part of a live photo.
    pub motion: Option<AssetFile>,
    /// What the caller gets to know.
    pub sight: Sight,
    /// What `still` is to the caller.
    pub content: Content,
}

/// What the file of an asset is to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The file as it was uploaded.
    Original,
    /// The file without some of its metadata.
    Variant(Variant),
    /// Nothing yet: the file without its metadata is still being made.
    NotReady,
    /// Nothing: metadata cannot be taken out of it.
    NotRemovable,
}

/// The variants of some assets.
pub type Variants = HashMap<(AssetId, Variant), Summary>;

/// Puts files to assets that the caller was granted, in the same order, by a few queries.
pub async fn with_files(app: &App, actor: &Actor, assets: Vec<Asset>) -> Result<Vec<AssetView>> {
    let connection = app.database.reader();
    let sights = access::sights(connection, actor, &assets).await?;
    let wanted = assets
        .iter()
        .zip(&sights)
        .filter_map(|(asset, sight)| Variant::of(sight.file()).map(|variant| (asset.id, variant)));
    let variants = access::variants(connection, &wanted.collect::<Vec<_>>()).await?;
    let files = access::files(connection, assets.iter().map(|asset| asset.id)).await?;
    Ok(join_files(assets.into_iter().zip(sights), files, &variants))
}

/// Puts files and variants to assets, in the assets' order.
#[must_use]
pub fn join_files(
    assets: impl IntoIterator<Item = (Asset, Sight)>,
    files: Vec<AssetFile>,
    variants: &Variants,
) -> Vec<AssetView> {
    let mut files: HashMap<_, _> = files
        .into_iter()
        .map(|file| ((file.asset_id, file.kind == asset_file::Kind::Motion), file))
        .collect();
    assets
        .into_iter()
        .filter_map(|(asset, sight)| {
            let still = files.remove(&(asset.id, false))?;
            let motion = files.remove(&(asset.id, true));
            let view = AssetView { asset, still, motion, sight, content: Content::Original };
            Some(view.seen(variants))
        })
        .collect()
}

impl AssetView {
    /// Leaves what the caller must not know.
    fn seen(mut self, variants: &Variants) -> Self {
        if !self.sight.is_own {
            self.asset.rating = None;
        }
        if self.sight.metadata < Metadata::Full {
            (self.asset.latitude, self.asset.longitude) = (None, None);
        }
        if self.sight.metadata == Metadata::Hidden {
            self.asset.capture_offset_s = None;
            // Not the local one, which tells something of the offset.
            self.asset.local_day = self.asset.sort_time.day_number();
            self.asset.description = String::new();
            self.still.file_name = neutral_name(&self.asset, &self.still);
        }
        if let Some(variant) = Variant::of(self.sight.file()) {
            self.take(variant, variants.get(&(self.asset.id, variant)));
        }
        self
    }

    /// Takes a variant for the file. There is none of a video, nor of the motion part of a photo.
    fn take(&mut self, variant: Variant, made: Option<&Summary>) {
        self.motion = None;
        (self.content, self.still.size_bytes) = match made {
            _ if self.asset.kind == Kind::Video => (Content::NotRemovable, 0),
            Some(made) if made.is_available => (Content::Variant(variant), made.size_bytes),
            Some(_) => (Content::NotRemovable, 0),
            None => (Content::NotReady, 0),
        };
        let made = made.filter(|_| self.content == Content::Variant(variant));
        self.still.sha256 = made.map(|made| made.sha256.clone()).unwrap_or_default();
        self.still.crc32 = made.map(|made| made.crc32).unwrap_or_default();
        self.asset.sha256.clone_from(&self.still.sha256);
    }
}

/// A name that says no more than the date.
fn neutral_name(asset: &Asset, file: &AssetFile) -> String {
    let noun = match asset.kind {
        Kind::Photo => "photo",
        Kind::Video => "video",
    };
    let date = Date::of_day(asset.local_day);
    format!("{noun}-{date}{}", extension(&file.content_type))
}

/// The usual extension of a content type. The one in the file's name is not asked: names can be
/// anything.
fn extension(content_type: &str) -> &'static str {
    const KNOWN: [(&str, &str); 13] = [
        ("image/jpeg", ".jpg"),
        ("image/png", ".png"),
        ("image/webp", ".webp"),
        ("image/gif", ".gif"),
        ("image/heic", ".heic"),
        ("image/heif", ".heif"),
        ("image/avif", ".avif"),
        ("image/tiff", ".tiff"),
        ("image/x-adobe-dng", ".dng"),
        ("video/mp4", ".mp4"),
        ("video/quicktime", ".mov"),
        ("video/webm", ".webm"),
        ("video/x-matroska", ".mkv"),
    ];
    KNOWN.iter().find(|(known, _)| *known == content_type).map_or("", |(_, extension)| extension)
}
