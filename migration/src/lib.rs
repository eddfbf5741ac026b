//! The database schema, one step a file, the same on SQLite and PostgreSQL.
//!
//! Steps are only ever added. Times are microseconds since 1970 (UTC), ids are UUIDs, enumerations
//! are small integers whose meaning the entities hold.

#![expect(
    elided_lifetimes_in_paths,
    reason = "the methods must be written as the migration trait writes them"
)]

use sea_orm_migration::prelude::*;

pub use schema::{Schema, is_empty, schema};
pub use sea_orm_migration::MigratorTrait;

mod m20261122_01_people;
mod m20261122_02_assets;
mod m20261122_03_albums;
mod m20261122_04_uploads;
mod m20261122_05_shared_links;
mod m20261122_06_exports;
mod m20261122_07_jobs;
mod m20261122_08_asset_life;
mod m20261122_09_credentials;
mod m20261122_10_sharing;
mod m20261122_11_libraries;
mod m20261122_12_folder_albums;
mod m20261122_13_undoing_runs;
mod m20261122_14_live_photos;
mod m20261122_15_removed_assets;
mod schema;
mod table;

/// Brings a database from one schema to another.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_01_people::Migration),
            Box::new(m20261122_02_assets::Migration),
            Box::new(m20261122_03_albums::Migration),
            Box::new(m20261122_04_uploads::Migration),
            Box::new(m20261122_05_shared_links::Migration),
            Box::new(m20261122_06_exports::Migration),
            Box::new(m20261122_07_jobs::Migration),
            Box::new(m20261122_08_asset_life::Migration),
            Box::new(m20261122_09_credentials::Migration),
            Box::new(m20261122_10_sharing::Migration),
            Box::new(m20261122_11_libraries::Migration),
            Box::new(m20261122_12_folder_albums::Migration),
            Box::new(m20261122_13_undoing_runs::Migration),
            Box::new(m20261122_14_live_photos::Migration),
            Box::new(m20261122_15_removed_assets::Migration),
        ]
    }
}
