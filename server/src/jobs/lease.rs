//! Things that only one process may do at a time: whoever holds the lease of that name.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::database::Database;
use crate::entity::lease;
use crate::error::Result;
use crate::id::HolderId;
use crate::time::Micros;

/// Held while a backup is made. Bytes that it may have to copy yet are not removed.
pub const BACKUP: &str = "backup";

/// A lease that is held until it is released, or expires because nobody renews it.
#[derive(Debug)]
pub struct Lease {
    name: &'static str,
    holder: HolderId,
}

/// Takes a lease for `time`; `None` if somebody holds it.
///
/// A lease that lasts more than twice as long as it could was taken before the clock went back,
/// and counts as expired.
pub async fn acquire(
    database: &Database,
    now: Micros,
    name: &'static str,
    time: Duration,
) -> Result<Option<Lease>> {
    let holder = HolderId::generate();
    let expire_time = now.after(time);
    let row = lease::ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(holder),
        expire_time: Set(expire_time),
    };
    let held_until = || Expr::col((lease::Entity, lease::Column::ExpireTime));
    let is_expired = held_until().lte(now).or(held_until().gt(expire_time.after(time)));
    let conflict = OnConflict::column(lease::Column::Name)
        .update_columns([lease::Column::Holder, lease::Column::ExpireTime])
        .action_and_where(is_expired)
        .to_owned();
    let insert = lease::Entity::insert(row).on_conflict(conflict);
    let taken = database.transact(move |transaction| async move {
        Ok(insert.exec_without_returning(&*transaction).await?)
    });
    Ok((taken.await? == 1).then_some(Lease { name, holder }))
}

/// Whether anybody holds a lease.
pub async fn is_held(database: &Database, now: Micros, name: &str) -> Result<bool> {
    let lease = lease::Entity::find_by_id(name.to_owned()).one(database.reader()).await?;
    Ok(lease.is_some_and(|lease| lease.expire_time > now))
}

impl Lease {
    /// Holds the lease for `time` from now on; `false` if somebody else took it since it expired.
    pub async fn renew(&self, database: &Database, now: Micros, time: Duration) -> Result<bool> {
        let update = lease::Entity::update_many()
            .col_expr(lease::Column::ExpireTime, now.after(time).into())
            .filter(lease::Column::Name.eq(self.name))
            .filter(lease::Column::Holder.eq(self.holder));
        let renew = database
            .transact(move |transaction| async move { Ok(update.exec(&*transaction).await?) });
        Ok(renew.await?.rows_affected == 1)
    }

    /// Gives the lease back. Does nothing if somebody else has it by now.
    pub async fn release(self, database: &Database) -> Result<()> {
        let delete = lease::Entity::delete_many()
            .filter(lease::Column::Name.eq(self.name))
            .filter(lease::Column::Holder.eq(self.holder));
        database
            .transact(move |transaction| async move {
                delete.exec(&*transaction).await?;
                Ok(())
            })
            .await
    }
}
