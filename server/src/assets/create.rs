//! The rows of new assets.

use sea_orm::{NotSet, Set};

use crate::app::App;
use crate::entity::asset_file::Kind as FileKind;
use crate::entity::{asset, asset_file};
use crate::error::{Error, Result};
use crate::id::{AssetId, BlobId, UserId};
use crate::media::{Checksums, FileType, MediaKind, Metadata};
use crate::time::Micros;

/// A file whose bytes were read whole and are of a kind that is kept.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// The bytes, as others refer to them.
    pub blob_id: BlobId,
    /// Whether they lie in a library and are not stored.
    pub is_library: bool,
    /// The file's name, without folders.
    pub file_name: String,
    /// What identifies the bytes.
    pub checksums: Checksums,
    /// What kind of file they are.
    pub file_type: FileType,
    /// What they say about themselves.
    pub metadata: Metadata,
}

/// What a file does not say about the asset that it becomes.
#[derive(Debug, Clone)]
pub struct NewAsset {
    /// The id.
    pub id: AssetId,
    /// Whose asset it is.
    pub owner_id: UserId,
    /// When it was taken, if the file does not say.
    pub capture_time: Option<Micros>,
    /// The name that the guest gave who uploaded it.
    pub guest_name: Option<String>,
}

/// The row of an asset that is new now.
#[must_use]
pub fn asset_row(app: &App, new: NewAsset, file: &NewFile) -> asset::ActiveModel {
    let now = app.now();
    asset::ActiveModel {
        id: Set(new.id),
        owner_id: Set(new.owner_id),
        create_time: Set(now),
        description: Set(String::new()),
        rating: Set(None),
        visibility: Set(asset::Visibility::Timeline),
        delete_time: Set(None),
        withdraw_time: Set(None),
        guest_name: Set(new.guest_name),
        offline_time: Set(None),
        is_removed: Set(false),
        ..content_row(file, new.capture_time, now, now)
    }
}

/// What the row of an asset says of its file's bytes. `capture_time` is when it was taken if they
/// do not say, and `create_time` when it came if nobody does.
#[must_use]
pub fn content_row(
    file: &NewFile,
    capture_time: Option<Micros>,
    create_time: Micros,
    now: Micros,
) -> asset::ActiveModel {
    let metadata = &file.metadata;
    let taken = metadata.capture_time.as_ref();
    let capture_time = taken.map(|taken| Micros(taken.unix_us)).or(capture_time);
    let pixels = |number: Option<u32>| number.and_then(|number| i32::try_from(number).ok());
    asset::ActiveModel {
        kind: Set(match file.file_type.media {
            MediaKind::Photo => asset::Kind::Photo,
            MediaKind::Video => asset::Kind::Video,
        }),
        sha256: Set(file.checksums.sha256.to_vec()),
        width_px: Set(pixels(metadata.width_px)),
        height_px: Set(pixels(metadata.height_px)),
        duration_us: Set(metadata.duration_us),
        capture_time: Set(capture_time),
        capture_offset_s: Set(taken.and_then(|taken| taken.utc_offset_s)),
        sort_time: Set(capture_time.unwrap_or(create_time)),
        update_time: Set(now),
        latitude: Set(metadata.position.map(|position| position.latitude)),
        longitude: Set(metadata.position.map(|position| position.longitude)),
        local_day: NotSet,
        ..Default::default()
    }
}

/// The row of a file of an asset.
pub fn file_row(
    asset_id: AssetId,
    kind: FileKind,
    file: &NewFile,
) -> Result<asset_file::ActiveModel> {
    Ok(asset_file::ActiveModel {
        asset_id: Set(asset_id),
        kind: Set(kind),
        blob_id: Set(file.blob_id),
        content_type: Set(file.file_type.content_type.to_owned()),
        file_name: Set(file.file_name.clone()),
        size_bytes: Set(i64::try_from(file.checksums.size).map_err(Error::internal)?),
        sha256: Set(file.checksums.sha256.to_vec()),
        crc32: Set(file.checksums.crc32.into()),
        damage_time: Set(None),
        is_library: Set(file.is_library),
    })
}
