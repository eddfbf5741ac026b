//! The rows that change with the places of assets.

use std::path::Path;

use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, Set};

use super::Work;
use super::place::Places;
use super::read::Photo;
use super::walk::Stat;
use crate::assets::{self, NewAsset, NewFile};
use crate::entity::asset_file::{self, Kind, Part};
use crate::entity::library_file::{self, Column, Model as LibraryFile, State};
use crate::entity::{asset, asset_variant};
use crate::error::Result;
use crate::id::{AssetId, BlobId, LibraryFileId};
use crate::time::Micros;

/// Rows that are to be written.
#[derive(Debug, Default)]
pub(super) struct Writes {
    assets: Vec<asset::ActiveModel>,
    files: Vec<asset_file::ActiveModel>,
    new_rows: Vec<library_file::ActiveModel>,
    changed_rows: Vec<library_file::ActiveModel>,
    /// The assets that get other bytes, and when those were taken if they do not say.
    contents: Vec<(AssetId, NewFile, Option<Micros>)>,
    /// Assets that have other bytes now.
    pub(super) replaced: Vec<AssetId>,
    /// Digests that no longer stay out.
    pub(super) restored: Vec<Vec<u8>>,
    pub(super) has_new_photos: bool,
}

impl Writes {
    /// A new asset of a file.
    pub(super) fn make(&mut self, work: &Work, path: &str, photo: &Photo) -> Result<AssetId> {
        let (id, file) = (AssetId::generate(), new_file(path, photo));
        let new = NewAsset {
            id,
            owner_id: work.library.owner_id,
            capture_time: modify_time(photo),
            guest_name: None,
        };
        self.assets.push(assets::asset_row(&work.app, new, &file));
        self.files.push(assets::file_row(id, Kind::Still, &file)?);
        self.has_new_photos = true;
        Ok(id)
    }

    /// Other bytes for an asset.
    pub(super) fn replace(&mut self, id: AssetId, path: &str, photo: &Photo) {
        self.contents.push((id, new_file(path, photo), modify_time(photo)));
        self.replaced.push(id);
        self.has_new_photos = true;
    }

    /// The row of a path as it is from now on.
    pub(super) fn row(
        &mut self,
        work: &Work,
        row: Option<LibraryFile>,
        path: String,
        stat: Stat,
        (state, sha256, part): (State, Option<Vec<u8>>, Option<Part>),
    ) {
        let now = work.app.now();
        let values = library_file::ActiveModel {
            library_id: Set(work.library.id),
            path: Set(path),
            state: Set(state),
            size_bytes: Set(stat.size_bytes),
            modify_time_ns: Set(stat.modify_time_ns),
            inode: Set(stat.inode),
            sha256: Set(sha256),
            asset_id: Set(part.map(|(asset, _)| asset)),
            part: Set(part.map_or(Kind::Still, |(_, kind)| kind)),
            missing_scan_id: Set(None),
            offline_time: Set(None),
            update_time: Set(now),
            ..Default::default()
        };
        match row {
            Some(row) => {
                let create_time = Set(row.create_time);
                let row = library_file::ActiveModel { id: Set(row.id), create_time, ..values };
                self.changed_rows.push(row);
            }
            None => {
                let (id, create_time) = (Set(LibraryFileId::generate()), Set(now));
                self.new_rows.push(library_file::ActiveModel { id, create_time, ..values });
            }
        }
    }
}

impl Places<'_> {
    pub(super) async fn write_rows(&mut self) -> Result<()> {
        let transaction = &**self.transaction;
        for (id, file, capture_time) in std::mem::take(&mut self.writes.contents) {
            self.write_content(id, file, capture_time).await?;
        }
        let (assets, files) =
            (std::mem::take(&mut self.writes.assets), std::mem::take(&mut self.writes.files));
        if !assets.is_empty() {
            asset::Entity::insert_many(assets).exec_without_returning(transaction).await?;
            asset_file::Entity::insert_many(files).exec_without_returning(transaction).await?;
        }
        for row in std::mem::take(&mut self.writes.changed_rows) {
            row.update(transaction).await?;
        }
        let rows = std::mem::take(&mut self.writes.new_rows);
        if !rows.is_empty() {
            library_file::Entity::insert_many(rows).exec_without_returning(transaction).await?;
        }
        let restored = std::mem::take(&mut self.writes.restored);
        if !restored.is_empty() {
            let rows = library_file::Entity::delete_many()
                .filter(Column::LibraryId.eq(self.work.library.id))
                .filter(Column::Sha256.is_in(restored.iter().map(Vec::as_slice)))
                .filter(Column::State.eq(State::Excluded));
            rows.exec(transaction).await?;
        }
        Ok(())
    }

    /// The asset keeps what people said about it and its places in albums.
    async fn write_content(
        &self,
        id: AssetId,
        file: NewFile,
        capture_time: Option<Micros>,
    ) -> Result<()> {
        let (transaction, now) = (&**self.transaction, self.work.app.now());
        let Some(before) = self.asset(id) else { return Ok(()) };
        let change = assets::content_row(&file, capture_time, before.create_time, now);
        let update = asset::Entity::update_many().set(change).filter(asset::Column::Id.eq(id));
        update.exec(transaction).await?;
        // Another blob: archives that were made of the old bytes have them no more.
        let still = assets::file_row(id, Kind::Still, &file)?;
        still.update(transaction).await?;
        let variants =
            asset_variant::Entity::delete_many().filter(asset_variant::Column::AssetId.eq(id));
        variants.exec(transaction).await?;
        // Where it was missing, its old bytes were.
        let missing = library_file::Entity::delete_many()
            .filter(Column::AssetId.eq(id))
            .filter(Column::Part.eq(Kind::Still))
            .filter(Column::State.eq(State::Offline))
            .filter(Column::MissingScanId.is_null());
        missing.exec(transaction).await?;
        Ok(())
    }
}

fn new_file(path: &str, photo: &Photo) -> NewFile {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    NewFile {
        blob_id: BlobId::generate(),
        is_library: true,
        file_name: name.chars().filter(|letter| !letter.is_control()).collect(),
        checksums: photo.checksums,
        file_type: photo.file_type,
        metadata: photo.metadata,
    }
}

/// When a file was last changed: the best guess of when a photo was taken that does not say.
fn modify_time(photo: &Photo) -> Option<Micros> {
    let time = Micros(photo.stat.modify_time_ns / 1000);
    // What was never set, or by a broken clock, says nothing.
    (time.0 > 0).then_some(time).filter(|time| Micros::parse(&time.timestamp(), "").is_ok())
}
