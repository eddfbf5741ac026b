//! What is different when a guest uploads.
//!
//! The assets belong to the creator of the link, and count towards the creator's quota and towards
//! what the link takes. Nothing tells the guest what the creator had before: all bytes are sent and
//! all count, and a duplicate gets the answer that a new asset would get. What the creator threw
//! away or locked stays so.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    Set,
};

use super::create::{self, NewUpload, check_quota};
use super::finish::{Finished, Received, discard_blob, finished, insert_asset, insert_file};
use crate::access::{self, Actor, LinkActor, LockedUser, Sight, Uploader};
use crate::albums;
use crate::app::App;
use crate::assets::{AssetView, Content};
use crate::database::Transaction;
use crate::entity::asset::{Kind, Model as Asset, Visibility};
use crate::entity::asset_file::{Kind as FileKind, Model as AssetFile};
use crate::entity::shared_link::{self, Column as LinkColumn, Model as SharedLink};
use crate::entity::upload::{self, Model as Upload};
use crate::error::{Error, Result};
use crate::id::{AssetId, SharedLinkId};

/// A guest's new upload, into the album of the link.
pub(super) async fn begin(
    app: &App,
    transaction: &Transaction,
    link: &LinkActor,
    owner: &LockedUser,
    mut new: NewUpload,
) -> Result<upload::ActiveModel> {
    let (_, row) = access::lock_guest_album(transaction, link, app.now()).await?;
    if let Some(id) = new.motion_of_asset_id {
        let uploads = access::finished_uploads(&**transaction, link).await?;
        let (_, asset) = still(&**transaction, &uploads, |upload| shown_id(upload) == id)
            .await?
            .ok_or_else(|| Error::not_found("asset", id))?;
        check_motion(&uploads, &asset, id)?;
        new.motion_of_asset_id = Some(asset.id);
    }
    check_room(app, transaction, owner, &row, new.size_bytes).await?;
    new.album_id = Some(link.album_id);
    let mut upload = create::row(app, owner.id, new);
    upload.shared_link_id = Set(Some(link.link_id));
    upload.visitor_id = Set(Some(link.visitor_id));
    Ok(upload)
}

/// Open uploads count with their full size. Numbers are not told: they are the creator's.
async fn check_room(
    app: &App,
    transaction: &Transaction,
    owner: &LockedUser,
    link: &SharedLink,
    size_bytes: i64,
) -> Result<()> {
    let reserved = access::reserved_of_link(transaction, link, app.now()).await?;
    let bytes = reserved.iter().fold(link.uploaded_bytes, |sum, size| sum.saturating_add(*size));
    let count = i64::from(link.uploaded_count) + i64::try_from(reserved.len()).unwrap_or(i64::MAX);
    let is_too_large =
        link.max_upload_bytes.is_some_and(|max| bytes.saturating_add(size_bytes) > max);
    let is_one_too_many = link.max_upload_count.is_some_and(|max| count >= i64::from(max));
    if is_too_large || is_one_too_many {
        return Err(Error::LinkFull);
    }
    let reserved = access::reserved_bytes(&**transaction, owner.id, app.now()).await?;
    let duplicates = access::duplicate_bytes(transaction, owner).await?;
    let fits = check_quota(owner, reserved.saturating_add(duplicates), size_bytes);
    fits.map_err(|_| Error::LinkFull)
}

/// What becomes of a guest's bytes.
struct Fate {
    /// The asset that the guest gets to know; `None` if the creator keeps it from them.
    known: Option<AssetId>,
    /// Whether the asset, or its motion part, came with them.
    is_new: bool,
    /// The asset of which they are a file now; `None` if nobody needs them.
    stored: Option<AssetId>,
    /// The asset that goes into the album.
    entry: Option<Asset>,
}

/// Makes the rows of a guest's upload. The rows of the owner and of the upload are locked.
pub(super) async fn record(
    app: &App,
    transaction: &Transaction,
    link: &LinkActor,
    owner: LockedUser,
    upload: Upload,
    received: &Received,
) -> Result<Upload> {
    let (album, row) = access::lock_guest_album(transaction, link, app.now()).await?;
    let fate = match upload.motion_of_asset_id {
        Some(still) => of_motion(transaction, link, still, received).await?,
        None => of_still(app, transaction, &owner, &upload, received).await?,
    };
    match fate.stored {
        Some(id) => insert_file(transaction, owner, &upload, id, received).await?,
        None => discard_blob(app, transaction, &upload).await?,
    }
    let mut is_new_entry = false;
    if let Some(asset) = fate.entry {
        let added = albums::add(app, transaction, album, &[asset]).await?;
        is_new_entry = added.added_count > 0;
    }
    count(transaction, row.id, 1, upload.size_bytes).await?;
    let mut upload = finished(app, upload);
    upload.asset_id = Set(fate.known);
    upload.is_duplicate = Set(!fate.is_new);
    upload.is_new_entry = Set(is_new_entry);
    upload.sha256 = Set(Some(received.checksums.sha256.to_vec()));
    Ok(upload.update(&**transaction).await?)
}

async fn of_still(
    app: &App,
    transaction: &Transaction,
    owner: &LockedUser,
    upload: &Upload,
    received: &Received,
) -> Result<Fate> {
    let sha256 = &received.checksums.sha256;
    Ok(match access::asset_of_digest(transaction, owner, sha256).await? {
        Some(asset) if is_kept(&asset) => {
            Fate { known: None, is_new: false, stored: None, entry: None }
        }
        Some(asset) => {
            let is_stored = access::is_stored(transaction, asset.id, FileKind::Still).await?;
            let stored = (!is_stored).then_some(asset.id);
            Fate { known: Some(asset.id), is_new: false, stored, entry: Some(asset) }
        }
        None => {
            let asset = insert_asset(app, transaction, new_id(upload), upload, received).await?;
            let stored = Some(asset.id);
            Fate { known: stored, is_new: true, stored, entry: Some(asset) }
        }
    })
}

/// Only a still that this guest made an asset gets its motion part from them, or has it stored if it
/// lies in a library only.
async fn of_motion(
    transaction: &Transaction,
    link: &LinkActor,
    still_id: AssetId,
    received: &Received,
) -> Result<Fate> {
    let uploads = access::finished_uploads(&**transaction, link).await?;
    let found = still_of(&**transaction, &uploads, still_id).await?;
    let (upload, asset) = found.ok_or_else(|| Error::not_found("asset", still_id))?;
    check_motion(&uploads, &asset, shown_id(&upload))?;
    let motion = access::own_motion(&**transaction, &asset).await?;
    let is_theirs = !upload.is_duplicate && !is_kept(&asset);
    let is_new = is_theirs && motion.is_none();
    let is_same = motion.is_some_and(|motion| {
        motion.is_library && received.checksums.sha256 == motion.sha256.as_slice()
    });
    let stored = (is_new || is_theirs && is_same).then_some(asset.id);
    Ok(Fate { known: upload.asset_id, is_new, stored, entry: None })
}

/// Whether nobody but its owner may get to know of an asset.
fn is_kept(asset: &Asset) -> bool {
    asset.delete_time.is_some() || asset.visibility == Visibility::Locked
}

/// Refuses what cannot be a motion part, by what the guest knows themselves.
fn check_motion(uploads: &[Upload], still: &Asset, id: AssetId) -> Result<()> {
    if still.kind != Kind::Photo {
        return Err(Error::invalid("upload.motion_of_asset_id", "must be a photo"));
    }
    if uploads.iter().any(|upload| upload.motion_of_asset_id == Some(still.id)) {
        return Err(Error::already_exists("motion", id));
    }
    Ok(())
}

/// The first of a guest's stills that fits, with the asset that its bytes are.
async fn still(
    connection: &impl ConnectionTrait,
    uploads: &[Upload],
    fits: impl Fn(&Upload) -> bool,
) -> Result<Option<(Upload, Asset)>> {
    let mut stills = uploads.iter().filter(|upload| upload.motion_of_asset_id.is_none());
    let Some(upload) = stills.find(|upload| fits(upload)) else { return Ok(None) };
    let asset = access::uploaded_asset(connection, upload).await?;
    Ok(asset.map(|asset| (upload.clone(), asset)))
}

/// The guest's still whose bytes are an asset.
async fn still_of(
    connection: &impl ConnectionTrait,
    uploads: &[Upload],
    id: AssetId,
) -> Result<Option<(Upload, Asset)>> {
    for upload in uploads.iter().filter(|upload| upload.asset_id.is_none_or(|known| known == id)) {
        let found = still(connection, uploads, |other| other.id == upload.id).await?;
        if found.as_ref().is_some_and(|(_, asset)| asset.id == id) {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Moves the numbers of a link whose lock the transaction holds.
pub(super) async fn count(
    transaction: &Transaction,
    link: SharedLinkId,
    uploads: i32,
    bytes: i64,
) -> Result<()> {
    shared_link::Entity::update_many()
        .col_expr(LinkColumn::UploadedCount, Expr::col(LinkColumn::UploadedCount).add(uploads))
        .col_expr(LinkColumn::UploadedBytes, Expr::col(LinkColumn::UploadedBytes).add(bytes))
        .filter(LinkColumn::Id.eq(link))
        .exec(&**transaction)
        .await?;
    Ok(())
}

/// The id of the asset that a guest's upload becomes if its bytes are new. Only the server knows it
/// before, so it can also stand for an asset that the creator keeps to themselves.
fn new_id(upload: &Upload) -> AssetId {
    AssetId::from_bytes(*upload.blob_id.as_bytes())
}

/// The id under which a guest knows the asset that their finished still became.
pub(super) fn shown_id(upload: &Upload) -> AssetId {
    upload.asset_id.unwrap_or_else(|| new_id(upload))
}

/// The answer to a guest: what they know of the asset from the file that they sent, whether it is
/// new, the creator's, or kept from them.
pub(super) async fn answer(app: &App, actor: &Actor, upload: &Upload) -> Result<Finished> {
    let connection = app.database.reader();
    let Uploader::Guest(link) = access::uploader_of(actor, upload)? else {
        return Err(Error::not_found("upload", upload.id));
    };
    let found = match upload.motion_of_asset_id {
        Some(id) => {
            let uploads = access::finished_uploads(connection, &link).await?;
            still_of(connection, &uploads, id).await?
        }
        None => {
            access::uploaded_asset(connection, upload).await?.map(|asset| (upload.clone(), asset))
        }
    };
    let (upload, asset) = found.ok_or_else(|| Error::not_found("asset", shown_id(upload)))?;
    let files = access::files(connection, [asset.id]).await?;
    let still = files.into_iter().find(|file| file.kind == FileKind::Still);
    let still = still.ok_or_else(|| Error::not_found("asset", shown_id(&upload)))?;
    Ok(Finished { asset: view(&link, &upload, asset, still), is_duplicate: false })
}

fn view(link: &LinkActor, upload: &Upload, asset: Asset, still: AssetFile) -> AssetView {
    let (id, time) = (shown_id(upload), upload.finish_time.unwrap_or(upload.create_time));
    let asset = Asset {
        id,
        capture_time: None,
        capture_offset_s: None,
        sort_time: time,
        create_time: time,
        update_time: time,
        latitude: None,
        longitude: None,
        description: String::new(),
        rating: None,
        visibility: Visibility::Timeline,
        delete_time: None,
        withdraw_time: None,
        guest_name: upload.guest_name.clone(),
        ..asset
    };
    let still = AssetFile { asset_id: id, file_name: upload.file_name.clone(), ..still };
    // They know what they sent, and of whose it is now what the link tells.
    let sight = Sight::of_links(std::iter::once(link));
    AssetView { asset, still, motion: None, content: Content::Original, sight }
}
