//! Photos and videos: looking at them, one or a page at a time, getting their bytes, saying
//! something about them and taking them away.
//!
//! Every change of an asset runs under the lock of its owner's row, so that what happens to one
//! asset happens one after the other, in all its albums at once.

mod archive;
mod change;
mod create;
mod download;
mod http;
mod rpc;
mod sweep;
mod timeline;
mod trash;
mod variants;
mod view;

pub use self::http::routes;
pub use archive::set_archived;
pub use change::{Field, Values, update};
pub use create::{NewAsset, NewFile, asset_row, content_row, file_row};
pub use download::{Download, download, read_windows, spliced};
pub use rpc::Rpc;
pub use sweep::{DeleteBlobs, SweepBlobs};
pub use timeline::{Bucket, Filter, Trash, Unit, get_timeline_buckets, list};
pub use trash::{
    PurgeTrash, delete, delete_of_purgeable, empty_trash, erase, erase_all, erase_motion,
    purge_expired, remove_missing, restore, take_back, trash,
};
pub use variants::MakeVariants;
pub use view::{AssetView, Content, Variants, join_files, with_files};

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait as _, QueryFilter as _};

use crate::access::{self, Actor};
use crate::app::App;
use crate::entity::asset::{self, Model as Asset};
use crate::entity::asset_file::Kind;
use crate::error::{Error, Result};
use crate::id::{AssetId, BlobId};

/// An asset that the caller may see.
pub async fn get(app: &App, actor: &Actor, id: AssetId) -> Result<AssetView> {
    let connection = app.database.reader();
    let asset = access::asset(connection, actor, id).await?.into_row();
    let mut views = with_files(app, actor, vec![asset]).await?;
    views.pop().ok_or_else(|| Error::not_found("asset", id))
}

/// Which of some SHA-256 digests are of the caller's assets, in the trash or not. What a guest may
/// still take back is left out, and what only lies in a library: who hears that bytes are here may
/// delete theirs.
pub async fn check(app: &App, actor: &Actor, digests: &[Vec<u8>]) -> Result<Vec<Asset>> {
    let find = access::own_list(actor.user()?)
        .filter(asset::Column::Sha256.is_in(digests.iter().map(Vec::as_slice)));
    let connection = app.database.reader();
    let mut found = find.all(connection).await?;
    let passing = access::unsafe_assets(connection, actor.user()?, app.now()).await?;
    found.retain(|asset| !passing.contains(&asset.id));
    let files = access::files(connection, found.iter().map(|asset| asset.id)).await?;
    let in_library = files.iter().filter(|file| file.kind == Kind::Still && file.is_library);
    let in_library: HashSet<_> = in_library.map(|file| file.asset_id).collect();
    found.retain(|asset| !in_library.contains(&asset.id));
    let places: HashMap<_, _> = digests.iter().zip(0..).collect();
    found.sort_by_key(|asset| places.get(&asset.sha256).copied().unwrap_or(usize::MAX));
    Ok(found)
}

/// Remembers that the bytes of a blob were found missing or not to match their checksum, and
/// returns whose they are; `None` if they are nobody's, since the asset was deleted meanwhile.
pub async fn mark_damaged(app: &App, blob_id: BlobId) -> Result<Option<AssetId>> {
    let Some(file) = access::asset_of_blob(app.database.reader(), blob_id).await? else {
        return Ok(None);
    };
    let (key, now) = ((file.asset_id, file.kind), app.now());
    let mark = app.transact(move |transaction| async move {
        if file.is_library {
            access::doubt_library_files(&transaction, key).await?;
        }
        access::mark_damaged(&transaction, key, now).await
    });
    mark.await?;
    Ok(Some(file.asset_id))
}
