//! Libraries: for their owners and administrators, and for the server's own work on them.

use std::collections::HashMap;

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select,
};

use super::{Actor, LockedUser, UserActor, lock, lock_user};
use crate::database::Transaction;
use crate::entity::library::{self, Model as Library};
use crate::entity::library_scan::{self, Model as LibraryScan, State as ScanState};
use crate::error::{Error, Result};
use crate::id::{LibraryId, LibraryScanId};
use crate::time::Micros;

/// The caller's libraries; everybody's for an administrator.
#[must_use]
pub fn libraries(caller: &UserActor) -> Select<library::Entity> {
    let find = library::Entity::find().filter(library::Column::DeleteTime.is_null());
    if caller.is_admin { find } else { find.filter(library::Column::OwnerId.eq(caller.id)) }
}

/// A library of the caller's, or anybody's for an administrator.
pub async fn library(
    connection: &impl ConnectionTrait,
    actor: &Actor,
    id: LibraryId,
) -> Result<Library> {
    let find = libraries(actor.user()?).filter(library::Column::Id.eq(id));
    find.one(connection).await?.ok_or_else(|| Error::not_found("library", id))
}

/// A library for the server's own work, also one that is being taken apart; none if it is gone.
pub async fn any_library(
    connection: &impl ConnectionTrait,
    id: LibraryId,
) -> Result<Option<Library>> {
    Ok(library::Entity::find_by_id(id).one(connection).await?)
}

/// A library of the caller's for a change of it, locked until the transaction ends.
pub async fn lock_library(
    transaction: &Transaction,
    actor: &Actor,
    id: LibraryId,
) -> Result<Library> {
    let find = libraries(actor.user()?).filter(library::Column::Id.eq(id));
    if let Some(lock) = lock(find.clone(), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    find.one(&**transaction).await?.ok_or_else(|| Error::not_found("library", id))
}

/// [`lock_library`] for the server's own work; none if it is gone or being taken apart.
pub async fn lock_any_library(transaction: &Transaction, id: LibraryId) -> Result<Option<Library>> {
    let find = || library::Entity::find_by_id(id).filter(library::Column::DeleteTime.is_null());
    if let Some(lock) = lock(find(), transaction.get_database_backend()) {
        lock.one(&**transaction).await?;
    }
    Ok(find().one(&**transaction).await?)
}

/// A library of the caller's together with the lock of its owner, under which its files change.
pub async fn lock_library_owner(
    transaction: &Transaction,
    actor: &Actor,
    id: LibraryId,
) -> Result<(LockedUser, Library)> {
    let owner = library(&**transaction, actor, id).await?.owner_id;
    let owner = lock_user(transaction, owner).await?;
    let library = lock_library(transaction, actor, id).await?;
    Ok((owner, library))
}

/// The libraries whose schedule says that they are to be scanned by now.
pub async fn due_libraries(
    connection: &impl ConnectionTrait,
    now: Micros,
) -> Result<Vec<LibraryId>> {
    let due = library::Entity::find()
        .filter(library::Column::NextScanTime.lte(now))
        .filter(library::Column::DeleteTime.is_null())
        .order_by_asc(library::Column::NextScanTime)
        .select_only()
        .column(library::Column::Id);
    Ok(due.into_tuple().all(connection).await?)
}

/// The libraries of which changes are to be noticed.
pub async fn watched_libraries(connection: &impl ConnectionTrait) -> Result<Vec<Library>> {
    let watched = library::Entity::find()
        .filter(library::Column::IsWatched.eq(true))
        .filter(library::Column::DeleteTime.is_null());
    Ok(watched.all(connection).await?)
}

/// The latest scans of some libraries, as far as there are any.
pub async fn last_library_scans(
    connection: &impl ConnectionTrait,
    libraries: impl IntoIterator<Item = LibraryId>,
) -> Result<HashMap<LibraryId, LibraryScan>> {
    let other = Alias::new("other");
    let of_other = |column| Expr::col((other.clone(), column));
    let latest = Query::select()
        .column((other.clone(), library_scan::Column::Id))
        .from_as(library_scan::Entity, other.clone())
        .and_where(
            of_other(library_scan::Column::LibraryId)
                .equals((library_scan::Entity, library_scan::Column::LibraryId)),
        )
        .order_by((other.clone(), library_scan::Column::CreateTime), sea_orm::Order::Desc)
        .order_by((other.clone(), library_scan::Column::Id), sea_orm::Order::Desc)
        .limit(1)
        .to_owned();
    let scans = library_scan::Entity::find()
        .filter(library_scan::Column::LibraryId.is_in(libraries))
        .filter(Expr::col((library_scan::Entity, library_scan::Column::Id)).eq(Expr::from(latest)))
        .all(connection)
        .await?;
    Ok(scans.into_iter().map(|scan| (scan.library_id, scan)).collect())
}

/// The scans of a library that the caller was granted.
#[must_use]
pub fn library_scans(library: &Library) -> Select<library_scan::Entity> {
    library_scan::Entity::find().filter(library_scan::Column::LibraryId.eq(library.id))
}

/// One scan, of a library that the caller was granted.
pub async fn library_scan(
    connection: &impl ConnectionTrait,
    id: LibraryScanId,
) -> Result<LibraryScan> {
    let scan = library_scan::Entity::find_by_id(id).one(connection).await?;
    scan.ok_or_else(|| Error::not_found("library_scan", id))
}

/// The scan of a library that is queued or running, if there is one.
pub async fn active_library_scan(
    connection: &impl ConnectionTrait,
    library: LibraryId,
) -> Result<Option<LibraryScan>> {
    let active = library_scan::Entity::find()
        .filter(library_scan::Column::LibraryId.eq(library))
        .filter(library_scan::Column::State.is_in([ScanState::Queued, ScanState::Running]));
    Ok(active.one(connection).await?)
}
