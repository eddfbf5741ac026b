//! Starting an upload: everything that can be known before the first byte.

use sea_orm::{ActiveModelTrait as _, Set};

use super::{MEMORY, guest};
use crate::access::{self, Actor, LockedUser, Uploader};
use crate::albums;
use crate::app::App;
use crate::database::Transaction;
use crate::entity::album_member::Role;
use crate::entity::asset::{self, Model as Asset};
use crate::entity::asset_file::{Kind, Model as AssetFile};
use crate::entity::upload::{self, Model as Upload, State};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, BlobId, UploadId, UserId};
use crate::media::Digest;
use crate::time::Micros;

/// An upload as a caller wants it.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// The id that the caller chose.
    pub id: Option<UploadId>,
    /// The file's name as it was given.
    pub file_name: String,
    /// The file's size.
    pub size_bytes: i64,
    /// The SHA-256 that the finished bytes must have.
    pub sha256: Option<Vec<u8>>,
    /// The album that the asset goes into.
    pub album_id: Option<AlbumId>,
    /// The still whose motion part this is.
    pub motion_of_asset_id: Option<AssetId>,
    /// When it was taken, if the file does not say.
    pub capture_time_hint: Option<Micros>,
    /// The name of the guest who uploads.
    pub guest_name: Option<String>,
}

/// Starts an upload, or finds the one that an earlier call with the same id started.
///
/// Bytes that a user has already make a finished upload of that asset. Fails with `FILE_TOO_LARGE`
/// and `QUOTA_EXCEEDED`, for guests with `UPLOAD_NOT_ALLOWED` and `LINK_FULL`; open uploads count
/// with their full size.
pub async fn create(app: &App, actor: &Actor, new: NewUpload) -> Result<Upload> {
    let limit_bytes = app.config.max_file_size_bytes;
    if new.size_bytes > limit_bytes {
        return Err(Error::FileTooLarge { limit_bytes });
    }
    let uploader = access::uploader(actor, new.album_id)?;
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        if let Some(id) = new.id {
            match access::upload(&*transaction, &actor, id).await {
                Ok(upload) => return Ok(upload),
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
            access::refuse_taken(&*transaction, "upload", *id.as_bytes()).await?;
        }
        // The lock under which quotas are counted.
        let owner = access::lock_owner(&transaction, uploader.owner_id()).await?;
        let row = match uploader {
            Uploader::User(_) => begin(&app_, &transaction, &actor, &owner, new).await?,
            Uploader::Guest(link) => guest::begin(&app_, &transaction, &link, &owner, new).await?,
        };
        Ok(row.insert(&*transaction).await?)
    })
    .await
}

/// The upload of a user, for whom a digest may stand for the bytes.
async fn begin(
    app: &App,
    transaction: &Transaction,
    actor: &Actor,
    owner: &LockedUser,
    new: NewUpload,
) -> Result<upload::ActiveModel> {
    if new.guest_name.is_some() {
        return Err(Error::invalid("upload.guest_name", "must be empty unless a guest uploads"));
    }
    let known = known(transaction, owner, &new).await?;
    if let Some(asset) = &known {
        super::arrive(app, transaction, actor, asset, new.album_id).await?;
    } else {
        if let Some(album_id) = new.album_id {
            albums::writable(transaction, actor, album_id, Role::Contributor).await?;
        }
        let reserved = access::reserved_bytes(&**transaction, owner.id, app.now()).await?;
        check_quota(owner, reserved, new.size_bytes)?;
    }
    let mut row = row(app, owner.id, new);
    if let Some(asset) = known {
        let now = app.now();
        row.state = Set(State::Finished);
        row.committed_size_bytes = row.size_bytes.clone();
        row.asset_id = Set(Some(asset.id));
        row.is_duplicate = Set(true);
        row.finish_time = Set(Some(now));
        row.expire_time = Set(now.after(MEMORY));
    }
    Ok(row)
}

/// Open uploads count with their full size: they are what is reserved.
pub(super) fn check_quota(owner: &LockedUser, reserved: i64, size_bytes: i64) -> Result<()> {
    let Some(limit_bytes) = owner.quota_bytes else { return Ok(()) };
    let used_bytes = owner.used_bytes.saturating_add(reserved);
    if used_bytes.saturating_add(size_bytes) > limit_bytes {
        return Err(Error::QuotaExceeded { limit_bytes, used_bytes });
    }
    Ok(())
}

/// The asset that the announced digest belongs to, if the caller has it.
async fn known(
    transaction: &Transaction,
    owner: &LockedUser,
    new: &NewUpload,
) -> Result<Option<Asset>> {
    if let Some(still) = new.motion_of_asset_id {
        let target = motion_target(transaction, owner, still, new.sha256.as_deref()).await?;
        return Ok(target.1.filter(|motion| is_kept(motion, new)).map(|_| target.0));
    }
    let Some(sha256) = &new.sha256 else { return Ok(None) };
    let Some(asset) = access::asset_of_digest(transaction, owner, sha256).await? else {
        return Ok(None);
    };
    let files = access::files(&**transaction, [asset.id]).await?;
    let is_same = files.iter().any(|file| file.kind == Kind::Still && is_kept(file, new));
    Ok(is_same.then_some(asset))
}

/// Whether a file with the announced digest stands for the bytes. Another size cannot have this
/// digest; the finish will say so. What lies in a library can be gone tomorrow, and whoever hears
/// that bytes are here may delete theirs.
fn is_kept(file: &AssetFile, new: &NewUpload) -> bool {
    file.size_bytes == new.size_bytes && !file.is_library
}

/// The still that a motion part is for, and the part that it has if that is the same. Fails with
/// `ALREADY_EXISTS` if it has another, and with `TRASHED` if it would get one in the trash.
pub(super) async fn motion_target(
    transaction: &Transaction,
    owner: &LockedUser,
    still: AssetId,
    sha256: Option<&[u8]>,
) -> Result<(Asset, Option<AssetFile>)> {
    let mut assets = access::own_assets(transaction, owner, &[still]).await?;
    let asset = assets.pop().ok_or_else(|| Error::not_found("asset", still))?;
    if asset.kind != asset::Kind::Photo {
        return Err(Error::invalid("upload.motion_of_asset_id", "must be a photo"));
    }
    match access::own_motion(&**transaction, &asset).await? {
        Some(motion) if Some(motion.sha256.as_slice()) == sha256 => Ok((asset, Some(motion))),
        Some(_) => Err(Error::already_exists("motion", still)),
        None if asset.delete_time.is_some() => Err(Error::trashed("asset", still)),
        None => Ok((asset, None)),
    }
}

/// A new upload that takes bytes.
pub(super) fn row(app: &App, owner_id: UserId, new: NewUpload) -> upload::ActiveModel {
    let now = app.now();
    upload::ActiveModel {
        id: Set(new.id.unwrap_or_else(UploadId::generate)),
        owner_id: Set(owner_id),
        file_name: Set(file_name(&new.file_name)),
        size_bytes: Set(new.size_bytes),
        sha256: Set(new.sha256),
        album_id: Set(new.album_id),
        motion_of_asset_id: Set(new.motion_of_asset_id),
        capture_time_hint: Set(new.capture_time_hint),
        state: Set(State::Active),
        blob_id: Set(BlobId::generate()),
        committed_size_bytes: Set(0),
        digest_state: Set(Digest::new().state()),
        asset_id: Set(None),
        is_duplicate: Set(false),
        create_time: Set(now),
        expire_time: Set(now.after(app.config.upload_ttl)),
        shared_link_id: Set(None),
        visitor_id: Set(None),
        guest_name: Set(new.guest_name),
        finish_time: Set(None),
        is_new_entry: Set(false),
    }
}

/// The name as it was given, without folders and control characters, at most 255 bytes.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last.chars().filter(|letter| !letter.is_control()).collect();
    name.truncate(name.floor_char_boundary(255));
    if name.trim().is_empty() { "unnamed".to_owned() } else { name }
}

/// Which file of an asset an upload becomes.
pub(super) fn file_kind(upload: &Upload) -> Kind {
    if upload.motion_of_asset_id.is_some() { Kind::Motion } else { Kind::Still }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_folders_and_control_characters() {
        assert_eq!(file_name("/home/ann/IMG 1.jpg"), "IMG 1.jpg");
        assert_eq!(file_name("C:\\DCIM\\ä.heic"), "ä.heic");
        assert_eq!(file_name("a\u{0}\nb.jpg"), "ab.jpg");
        assert_eq!(file_name(".."), "..");
        assert_eq!(file_name("photos/"), "unnamed");
        assert_eq!(file_name(&"ä".repeat(300)).len(), 254);
    }
}
