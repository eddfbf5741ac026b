//! Exports: what was in an album or a selection at one moment, as zip archives.
//!
//! Creating an export settles every byte of its archives in a manifest. Streaming one is then a
//! function of manifest and offset, on any server of the installation.

mod create;
mod entries;
mod http;
mod rpc;
mod stream;
mod sweep;

pub use self::http::routes;
pub use create::{Folders, NewExport, Source, create};
pub use rpc::Rpc;
pub use stream::{ExportPart, part};
pub use sweep::Sweep;

use prost::Message;
use sea_orm::{EntityTrait as _, ModelTrait as _};

use crate::access::{self, Actor, Subject};
use crate::app::App;
use crate::entity::export::{self, Model as Export};
use crate::entity::export_part::Summary;
use crate::entity::shared_link::Metadata;
use crate::error::{Error, Result};
use crate::events;
use crate::id::ExportId;

/// An export with its archives.
#[derive(Debug)]
pub struct ExportView {
    /// The export.
    pub export: Export,
    /// Its archives, in order.
    pub parts: Vec<Summary>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
}

/// An asset that was left out.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Skipped {
    /// The asset's id, 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub asset_id: Vec<u8>,
    /// The name of its file.
    #[prost(string, tag = "2")]
    pub file_name: String,
    /// Why it was left out.
    #[prost(enumeration = "Cause", tag = "3")]
    pub cause: i32,
    /// What its name tells, as links say what guests get to know; 0 from before they did.
    #[prost(int32, tag = "4")]
    told: i32,
}

/// Why an asset was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Cause {
    /// Its stored bytes are damaged.
    Damaged = 0,
    /// It is in the trash.
    Trashed = 1,
    /// Its file without metadata is still being made.
    NotReady = 2,
    /// Metadata cannot be taken out of its file.
    NotRemovable = 3,
    /// Its file is missing from its library.
    Offline = 4,
}

/// What `export.skipped` holds.
#[derive(Clone, PartialEq, Eq, Message)]
struct SkippedList {
    #[prost(message, repeated, tag = "1")]
    assets: Vec<Skipped>,
}

/// An export of the caller's.
pub async fn get(app: &App, actor: &Actor, id: ExportId) -> Result<ExportView> {
    let export = access::export(app.database.reader(), actor, id, app.now()).await?;
    view(app, actor, export).await
}

async fn view(app: &App, actor: &Actor, export: Export) -> Result<ExportView> {
    let parts = access::export_parts(app.database.reader(), &export).await?;
    let SkippedList { assets: mut skipped } =
        SkippedList::decode(export.skipped.as_slice()).map_err(Error::internal)?;
    let mut links = actor.links().iter().filter(|link| Some(link.link_id) == export.shared_link_id);
    if links.any(|link| link.metadata == Metadata::Hidden) {
        // Names from before the link hid them.
        let told = skipped.iter_mut().filter(|it| it.told != Metadata::Hidden as i32);
        told.for_each(|it| it.file_name.clear());
    }
    Ok(ExportView { export, parts, skipped })
}

/// Forgets an export.
pub async fn delete(app: &App, actor: &Actor, id: ExportId) -> Result<()> {
    let (app_, actor) = (app.clone(), actor.clone());
    app.transact(move |transaction| async move {
        let export = access::lock_export(&transaction, &actor, id, app_.now()).await?;
        export.delete(&*transaction).await?;
        events::revoke_from(&app_, &transaction, Subject::Assets).await
    })
    .await
}

/// The row of a new export goes first: its archives refer to it.
async fn insert_export(
    transaction: &crate::database::Transaction,
    row: export::ActiveModel,
) -> Result<()> {
    export::Entity::insert(row).exec_without_returning(&**transaction).await?;
    Ok(())
}
