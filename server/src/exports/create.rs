//! Settling an export: what is in it, under which names, in which archives.

use std::collections::HashSet;

use prost::Message as _;
use sea_orm::{ColumnTrait as _, EntityTrait as _, Order, QueryFilter as _, QueryOrder as _, Set};

use super::entries::source;
use super::{Cause, ExportView, Skipped, SkippedList, insert_export, view};
use crate::access::{self, Actor, Granted};
use crate::app::App;
use crate::assets::{self, AssetView, Content, Variants};
use crate::entity::album::Model as Album;
use crate::entity::album_asset::Column;
use crate::entity::album_member::Role;
use crate::entity::asset;
use crate::entity::asset_file::Model as AssetFile;
use crate::entity::asset_variant::{Summary, Variant};
use crate::entity::{export, export_part};
use crate::error::{Error, Resource, Result};
use crate::id::{AlbumId, AssetId, ExportId, SharedLinkId};
use crate::keys;
use crate::shared_links;
use crate::time::{Date, Micros};
use crate::zip::{self, Entry, EntryTime, Manifest, Names};

/// What the archives of a selection are named after.
const SELECTION_NAME: &str = "Photos";

/// What to export.
#[derive(Debug, Clone)]
pub enum Source {
    /// An album, in its order.
    Album(AlbumId),
    /// Assets, in this order.
    Selection(Vec<AssetId>),
    /// What a link shows, in its order.
    SharedLink(SharedLinkId),
}

/// How archives are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folders {
    /// No folders.
    None,
    /// One a day, by the local date of capture.
    Day,
    /// One, named after the export.
    Album,
}

/// An export as a caller wants it.
#[derive(Debug, Clone)]
pub struct NewExport {
    /// The id that the caller chose.
    pub id: Option<ExportId>,
    /// What to export.
    pub source: Source,
    /// The largest part, in bytes.
    pub max_part_size: Option<u64>,
    /// How archives are divided.
    pub folders: Folders,
}

/// Creates an export, or finds the one that an earlier call with the same id created.
///
/// Fails with `EXPORT_EMPTY` if nothing is left to export.
pub async fn create(app: &App, actor: &Actor, new: NewExport) -> Result<ExportView> {
    if let Some(id) = new.id {
        match super::get(app, actor, id).await {
            Err(Error::NotFound(_)) => {}
            result => return result,
        }
    }
    // Before anything is read: what is withdrawn from here on makes the export stale.
    let now = app.now();
    let (album_id, title, views) = resolve(app, actor, &new.source).await?;
    let (views, missing) = without_missing_motions(app, views).await?;
    let limit = part_limit(app, actor, new.max_part_size).await?;
    let folders = new.folders;
    let settled =
        tokio::task::spawn_blocking(move || settle(title, views, missing, folders, limit));
    let settled = settled.await.map_err(Error::internal)??;
    let export = store(app, actor, &new, album_id, settled, now).await?;
    view(app, actor, export).await
}

/// What the caller may download now, in order, and what to call it.
async fn resolve(
    app: &App,
    actor: &Actor,
    source: &Source,
) -> Result<(Option<AlbumId>, String, Vec<AssetView>)> {
    match source {
        Source::Album(id) => {
            let album = access::album(app.database.reader(), actor, *id, Role::Viewer).await?;
            let album = album.downloadable()?;
            let views = album_views(app, &album).await?;
            Ok((Some(*id), album.into_row().display_name, views))
        }
        Source::Selection(ids) => {
            Ok((None, SELECTION_NAME.to_owned(), selected_views(app, actor, ids).await?))
        }
        Source::SharedLink(id) => {
            let (link, album) = access::opened_link(app.database.reader(), actor, *id).await?;
            let album = album.downloadable()?;
            let views = album_views(app, &album).await?;
            Ok((Some(album.id), shared_links::title(&link, &album), views))
        }
    }
}

/// Leaves out motion parts that are missing from their libraries, while their photos are there, and
/// says which.
async fn without_missing_motions(
    app: &App,
    mut views: Vec<AssetView>,
) -> Result<(Vec<AssetView>, Vec<Skipped>)> {
    let motions = views.iter().filter_map(|view| view.motion.as_ref());
    let lying: Vec<_> = motions.filter(|file| file.is_library).map(|file| file.blob_id).collect();
    let found = access::library_sources(app.database.reader(), &lying).await?;
    let found: HashSet<_> = found.into_iter().map(|file| file.blob_id).collect();
    let is_missing = |file: &mut AssetFile| file.is_library && !found.contains(&file.blob_id);
    let mut missing = Vec::new();
    for view in &mut views {
        let is_whole_left_out = cause(view).is_some();
        if let Some(motion) = view.motion.take_if(is_missing)
            && !is_whole_left_out
        {
            missing.push(skipped(view, motion.file_name, Cause::Offline));
        }
    }
    Ok((views, missing))
}

async fn album_views(app: &App, album: &Granted<Album>) -> Result<Vec<AssetView>> {
    let (column, is_descending) = album.order.column();
    let order = if is_descending { Order::Desc } else { Order::Asc };
    let rows = access::album_assets(album)
        .order_by(column, order.clone())
        .order_by(Column::AssetId, order)
        .all(app.database.reader())
        .await?;
    let files = access::album_files(album).all(app.database.reader()).await?;
    // By the links to this album alone: the export is good for as long as they are.
    let sight = album.sight();
    let variants = match Variant::of(sight.file()) {
        None => Variants::new(),
        Some(variant) => {
            let find = access::album_variants(album, variant).into_partial_model::<Summary>();
            let found = find.all(app.database.reader()).await?;
            found.into_iter().map(|row| ((row.asset_id, row.variant), row)).collect()
        }
    };
    let found = rows.into_iter().filter_map(|(_, asset)| Some((asset?, sight)));
    Ok(assets::join_files(found, files, &variants))
}

async fn selected_views(app: &App, actor: &Actor, ids: &[AssetId]) -> Result<Vec<AssetView>> {
    let find = access::visible_assets(actor).filter(asset::Column::Id.is_in(ids.iter().copied()));
    let mut found = find.all(app.database.reader()).await?;
    found.sort_by_key(|asset| ids.iter().position(|id| *id == asset.id));
    if let Some(missing) = ids.iter().find(|id| !found.iter().any(|asset| asset.id == **id)) {
        return Err(Error::not_found("asset", missing));
    }
    let views = assets::with_files(app, actor, found).await?;
    views.iter().try_for_each(|view| view.sight.downloadable())?;
    Ok(views)
}

/// What was asked for, else what the user prefers; guests get what the creator of their link does.
async fn part_limit(app: &App, actor: &Actor, asked: Option<u64>) -> Result<u64> {
    if let Some(asked) = asked {
        return Ok(asked);
    }
    let connection = app.database.reader();
    let user = match actor {
        Actor::User(user) => Some(access::me(connection, user).await?),
        Actor::Guest(links) => match links.first() {
            Some(link) => Some(access::user(connection, link.creator_id).await?),
            None => None,
        },
        Actor::Anonymous | Actor::Operator => None,
    };
    let preferred = user.and_then(|user| user.export_part_size_bytes);
    Ok(preferred.map_or(zip::DEFAULT_PART_SIZE, i64::cast_unsigned))
}

/// An export whose every byte is decided.
struct Settled {
    title: String,
    parts: Vec<Part>,
    skipped: Vec<Skipped>,
}

struct Part {
    file_name: String,
    size: u64,
    manifest: Manifest,
}

fn settle(
    title: String,
    views: Vec<AssetView>,
    missing: Vec<Skipped>,
    folders: Folders,
    limit: u64,
) -> Result<Settled> {
    let (left_out, views): (Vec<_>, Vec<_>) =
        views.into_iter().partition(|view| cause(view).is_some());
    if views.is_empty() {
        return Err(nothing_left(&left_out));
    }
    let entries = entries(&title, &views, folders);
    let mut rest = entries.as_slice();
    let groups = views.iter().map(|view| {
        let (group, others) = rest.split_at(files(view).count().min(rest.len()));
        rest = others;
        group
    });
    let ranges = zip::split(groups, limit);
    let of = u32::try_from(ranges.len()).map_err(Error::internal)?;
    let parts = ranges.into_iter().zip(1..).map(|(range, number)| {
        let entries = entries.get(range).unwrap_or_default();
        let manifest = Manifest::new(entries).map_err(Error::internal)?;
        let file_name = zip::part_file_name(&title, number, of);
        Ok(Part { file_name, size: zip::Layout::new(manifest.clone()).size(), manifest })
    });
    let parts = parts.collect::<Result<_>>()?;
    let left_out = left_out.into_iter().filter_map(|view| {
        let cause = cause(&view)?;
        Some(skipped(&view, view.still.file_name.clone(), cause))
    });
    Ok(Settled { parts, skipped: left_out.chain(missing).collect(), title })
}

fn skipped(view: &AssetView, file_name: String, cause: Cause) -> Skipped {
    Skipped {
        asset_id: view.asset.id.as_bytes().to_vec(),
        told: view.sight.metadata as i32,
        cause: cause.into(),
        file_name,
    }
}

/// Why an asset is left out, if it is.
fn cause(view: &AssetView) -> Option<Cause> {
    if view.asset.delete_time.is_some() {
        return Some(Cause::Trashed);
    }
    if view.asset.offline_time.is_some() {
        return Some(Cause::Offline);
    }
    if files(view).any(|file| file.damage_time.is_some()) {
        return Some(Cause::Damaged);
    }
    match view.content {
        Content::Original | Content::Variant(_) => None,
        Content::NotReady => Some(Cause::NotReady),
        Content::NotRemovable => Some(Cause::NotRemovable),
    }
}

/// Waiting helps if a file is still being made.
fn nothing_left(skipped: &[AssetView]) -> Error {
    let not_ready = skipped.iter().find(|view| cause(view) == Some(Cause::NotReady));
    not_ready.map_or(Error::ExportEmpty, |view| {
        Error::VariantNotReady(Resource { kind: "asset", id: view.asset.id.to_string() })
    })
}

fn files(view: &AssetView) -> impl Iterator<Item = &AssetFile> {
    std::iter::once(&view.still).chain(&view.motion)
}

/// One entry for each file. Names are unique over all parts and folders together.
fn entries(title: &str, views: &[AssetView], folders: Folders) -> Vec<Entry> {
    let all = || views.iter().flat_map(|view| files(view).map(move |file| (view, file)));
    let names = Names::resolve(all().map(|(_, file)| file.file_name.as_str()));
    all()
        .zip(names)
        .map(|((view, file), name)| Entry {
            source: source(file, view.content),
            name: match folders {
                Folders::None => name,
                Folders::Day => format!("{}/{name}", Date::of_day(view.asset.local_day)),
                Folders::Album => format!("{}/{name}", zip::clean(title)),
            },
            size: file.size_bytes.cast_unsigned(),
            crc32: u32::try_from(file.crc32).unwrap_or_default(),
            time: time(&view.asset),
        })
        .collect()
}

/// Capture time, local if the offset is known; else upload time.
fn time(asset: &asset::Model) -> EntryTime {
    EntryTime {
        unix_seconds: asset.sort_time.seconds(),
        local_offset_seconds: asset.capture_offset_s.unwrap_or(0),
    }
}

async fn store(
    app: &App,
    actor: &Actor,
    new: &NewExport,
    album_id: Option<AlbumId>,
    settled: Settled,
    now: Micros,
) -> Result<export::Model> {
    let id = new.id.unwrap_or_else(ExportId::generate);
    let is_chosen = new.id.is_some();
    let link = actor.links().iter().find(|link| match new.source {
        Source::SharedLink(id) => id == link.link_id,
        Source::Album(_) | Source::Selection(_) => album_id.is_none_or(|id| id == link.album_id),
    });
    let row = export::Model {
        id,
        user_id: actor.user().ok().map(|user| user.id),
        shared_link_id: link.map(|link| link.link_id),
        album_id,
        display_name: settled.title,
        skipped: SkippedList { assets: settled.skipped }.encode_to_vec(),
        create_time: now,
        expire_time: Micros(now.after(app.config.export_ttl).0),
    };
    let parts: Vec<_> = settled.parts.into_iter().zip(1..).collect();
    let parts: Vec<_> = parts
        .into_iter()
        .map(|(part, number)| part_row(id, number, part))
        .collect::<Result<_>>()?;
    app.transact(move |transaction| async move {
        if is_chosen {
            access::refuse_taken(&*transaction, "export", *id.as_bytes()).await?;
        }
        insert_export(&transaction, row.clone().into()).await?;
        for part in parts {
            export_part::Entity::insert(part).exec_without_returning(&*transaction).await?;
        }
        Ok(row)
    })
    .await
}

fn part_row(export_id: ExportId, number: i32, part: Part) -> Result<export_part::ActiveModel> {
    let manifest = part.manifest.as_bytes();
    let hash = keys::hash(&[&[zip::FORMAT_VERSION][..], manifest].concat());
    Ok(export_part::ActiveModel {
        export_id: Set(export_id),
        number: Set(number),
        file_name: Set(part.file_name),
        size_bytes: Set(part.size.cast_signed()),
        entry_count: Set(i32::try_from(part.manifest.len()).map_err(Error::internal)?),
        etag: Set(hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()),
        manifest: Set(manifest.to_vec()),
    })
}
