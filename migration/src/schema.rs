//! Where a database stands.

use std::collections::BTreeSet;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseConnection;

use crate::Migrator;

const TABLE: &str = "seaql_migrations";

/// The steps of a database's schema, as this version sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Steps that were taken, the first one first.
    pub taken: Vec<String>,
    /// Steps of this version that were not taken yet, the first one first.
    pub pending: Vec<String>,
    /// Steps that were taken and that this version does not know: a newer one took them.
    pub unknown: Vec<String>,
}

/// Looks at a database and changes nothing in it.
pub async fn schema(connection: &DatabaseConnection) -> Result<Schema, DbErr> {
    let ours: Vec<_> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    if !SchemaManager::new(connection).has_table(TABLE).await? {
        return Ok(Schema { pending: ours, ..Schema::default() });
    }
    let find = Query::select().column("version").from(TABLE).order_by("version", Order::Asc).take();
    let rows = connection.query_all(&find).await?;
    let taken: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "version")).collect();
    Ok(compare(ours, taken?))
}

/// Whether a PostgreSQL database has no tables.
pub async fn is_empty(connection: &DatabaseConnection) -> Result<bool, DbErr> {
    let find = Query::select()
        .column("table_name")
        .from(("information_schema", "tables"))
        .and_where(Expr::col("table_schema").eq("public"))
        .limit(1)
        .take();
    Ok(connection.query_all(&find).await?.is_empty())
}

fn compare(ours: Vec<String>, taken: Vec<String>) -> Schema {
    let known: BTreeSet<_> = ours.iter().cloned().collect();
    let done: BTreeSet<_> = taken.iter().cloned().collect();
    let pending = ours.into_iter().filter(|step| !done.contains(step)).collect();
    let unknown = taken.iter().filter(|step| !known.contains(*step)).cloned().collect();
    Schema { taken, pending, unknown }
}
