//! Taking files out of a library.

use std::collections::{BTreeSet, HashSet};

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::scan::set_offline;
use crate::access::{self, LockedUser};
use crate::app::App;
use crate::assets;
use crate::database::Transaction;
use crate::entity::asset_file::Kind;
use crate::entity::library_file::{self, Column, Model as LibraryFile};
use crate::error::Result;

/// Forgets rows of a library, and deletes for good those of their assets that were not uploaded and
/// are in no row any more; motion parts of the others go if they were in these rows only.
pub(super) async fn detach(
    app: &App,
    transaction: &Transaction,
    owner: LockedUser,
    rows: &[LibraryFile],
) -> Result<()> {
    let touched: BTreeSet<_> = rows.iter().filter_map(|row| row.asset_id).collect();
    let delete =
        library_file::Entity::delete_many().filter(Column::Id.is_in(rows.iter().map(|row| row.id)));
    delete.exec(&**transaction).await?;
    if touched.is_empty() {
        return Ok(());
    }
    access::forget_lost_motions(transaction, touched.iter().copied()).await?;
    let files = access::files(&**transaction, touched.iter().copied()).await?;
    let in_libraries: HashSet<_> = files
        .iter()
        .filter(|file| file.kind == Kind::Still && file.is_library)
        .map(|file| file.asset_id)
        .collect();
    let kept = access::assets_in_libraries(transaction, in_libraries.iter().copied()).await?;
    let (kept, gone): (Vec<_>, Vec<_>) = in_libraries.into_iter().partition(|id| kept.contains(id));
    set_offline(app, transaction, kept).await?;
    if !gone.is_empty() {
        // Nobody said that they are to stay out: they may be films from now on.
        access::forget_motion_places(transaction, gone.iter().copied()).await?;
        assets::erase_all(app, transaction, owner, gone).await?;
    }
    Ok(())
}
