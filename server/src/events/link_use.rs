//! What guests download through links: counted in memory, and written down every few seconds, so
//! that a download costs no write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::app::App;
use crate::entity::shared_link::{self, Column};
use crate::error::Result;
use crate::id::SharedLinkId;
use crate::time::Micros;

/// How often links were used since it was last written down. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct LinkUses(Arc<Mutex<BTreeMap<SharedLinkId, Use>>>);

#[derive(Debug, Clone, Copy)]
struct Use {
    downloads: i64,
    last_time: Micros,
}

impl LinkUses {
    /// Notes that a guest began to download something.
    pub fn note_download(&self, link_id: SharedLinkId, now: Micros) {
        self.add(link_id, Use { downloads: 1, last_time: now });
    }

    fn add(&self, link_id: SharedLinkId, new: Use) {
        let mut uses = self.uses();
        let sum = uses.entry(link_id).or_insert(Use { downloads: 0, ..new });
        sum.downloads += new.downloads;
        sum.last_time = Ord::max(sum.last_time, new.last_time);
    }

    fn take(&self) -> BTreeMap<SharedLinkId, Use> {
        std::mem::take(&mut *self.uses())
    }

    fn uses(&self) -> MutexGuard<'_, BTreeMap<SharedLinkId, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down how links were used. What cannot be written is kept for the next time.
pub async fn write_link_uses(app: &App) -> Result<()> {
    let taken = app.link_uses.take();
    if taken.is_empty() {
        return Ok(());
    }
    let uses = taken.clone();
    // In the order of their ids, as all who lock several links do.
    let written = app.transact(move |transaction| async move {
        for (id, used) in uses {
            let last = Expr::col(Column::LastUseTime);
            let last =
                Expr::case(last.clone().gt(used.last_time.0), last).finally(used.last_time.0);
            let count = Expr::col(Column::DownloadCount).add(used.downloads);
            shared_link::Entity::update_many()
                .col_expr(Column::DownloadCount, count)
                .col_expr(Column::LastUseTime, last.into())
                .filter(Column::Id.eq(id))
                .exec(&*transaction)
                .await?;
        }
        Ok(())
    });
    let written = written.await;
    if written.is_err() {
        for (id, used) in taken {
            app.link_uses.add(id, used);
        }
    }
    written
}
