//! Work that goes on in the background.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, small_integer, text, text_null, uuid,
};

use crate::table::{drop_tables, index, unique_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(job()).await?;
        manager.create_index(index("job", &["state", "due_time"])).await?;
        manager.create_index(index("job", &["create_time", "id"])).await?;
        manager.create_index(index("job", &["finish_time"])).await?;
        // Only a queued job (state 1) stands in the way of another with its key.
        let mut queued = unique_index("job", &["kind", "unique_key"]);
        queued.and_where(Expr::col("state").eq(1));
        manager.create_index(queued).await?;
        manager.create_table(lease()).await?;
        manager.create_table(schedule()).await?;
        // Which uploads may still name some bytes.
        manager.create_index(index("upload", &["blob_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop().name("upload_blob_id_idx").table("upload").to_owned();
        manager.drop_index(index).await?;
        drop_tables(manager, &["schedule", "lease", "job"]).await
    }
}

/// `due_time` is when a worker may take the job: a queued one when it is to run, a running one when
/// the lease of its worker ends.
fn job() -> TableCreateStatement {
    Table::create()
        .table("job")
        .col(uuid("id").primary_key())
        .col(text("kind"))
        .col(text("payload"))
        .col(text_null("unique_key"))
        .col(small_integer("state"))
        .col(integer("attempt"))
        .col(integer("failure_count"))
        .col(big_integer("due_time"))
        .col(boolean("is_cancel_requested"))
        .col(big_integer("progress_done"))
        .col(big_integer_null("progress_total"))
        .col(text_null("last_error"))
        .col(big_integer("create_time"))
        .col(big_integer("update_time"))
        .col(big_integer_null("finish_time"))
        .to_owned()
}

fn lease() -> TableCreateStatement {
    Table::create()
        .table("lease")
        .col(text("name").primary_key())
        .col(uuid("holder"))
        .col(big_integer("expire_time"))
        .to_owned()
}

fn schedule() -> TableCreateStatement {
    Table::create()
        .table("schedule")
        .col(text("name").primary_key())
        .col(big_integer("last_time"))
        .to_owned()
}
