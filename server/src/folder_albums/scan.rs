//! Where the owner's files belong: a walk through the rows of their libraries, page by page.

use std::collections::BTreeMap;

use albumen_folder_plan::{Place, Planner, Skip};

use super::options::Options;
use crate::access::{self, Located, LocatedFile};
use crate::app::App;
use crate::error::Result;
use crate::id::{AssetId, UserId};

/// How many files are named for each reason.
const MAX_EXAMPLES: usize = 5;

/// The assets that folders put into one album.
#[derive(Debug)]
pub(super) struct Group {
    /// The name that the folders give it.
    pub(super) name: String,
    /// The folders, ascending.
    pub(super) folders: Vec<String>,
    /// The assets in the order of their paths, each once.
    pub(super) assets: Vec<AssetId>,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The groups in the order of their names by code point, then of their folders.
    pub(super) groups: Vec<Group>,
    /// How many files there are.
    pub(super) file_count: u64,
    /// Those that no album gets.
    pub(super) skipped: BTreeMap<Reason, Skipped>,
}

/// Why no album gets a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its path belongs to none.
    Path(Skip),
    /// Its asset is in some album already.
    InAlbum,
    /// Its asset is archived.
    Archived,
}

/// Files that no album gets, for one reason.
#[derive(Debug, Default, Clone)]
pub struct Skipped {
    /// How many there are.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<String>,
}

/// Calls `visit` for each file of an owner's libraries, library by library in the order of paths.
/// What is kept at a time is a page.
pub(super) async fn walk(
    app: &App,
    owner: UserId,
    which: Located,
    page_size: u32,
    mut visit: impl FnMut(LocatedFile),
) -> Result<()> {
    let connection = app.database.reader();
    let limit = u64::from(page_size);
    for library in access::library_ids(connection, owner).await? {
        let mut after: Option<String> = None;
        loop {
            let after_ = after.as_deref();
            let page =
                access::located_files(connection, owner, library, which, after_, limit).await?;
            let is_last = (page.len() as u64) < limit;
            after = page.last().map(|file| file.path.clone());
            page.into_iter().for_each(&mut visit);
            if is_last {
                break;
            }
            // A page is planned without a pause; others get their turn between two.
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// Which album a file belongs to. Only of those that have one it matters what became of them.
fn place(planner: &Planner, file: &LocatedFile) -> Result<Place, Reason> {
    let place = planner.place(&file.path).map_err(Reason::Path)?;
    match file {
        LocatedFile { is_in_album: true, .. } => Err(Reason::InAlbum),
        LocatedFile { is_archived: true, .. } => Err(Reason::Archived),
        _ => Ok(place),
    }
}

/// Groups an owner's files into albums.
pub(super) async fn group(
    app: &App,
    owner: UserId,
    which: Located,
    options: &Options,
    planner: &Planner,
) -> Result<Found> {
    let mut found = Found::default();
    // Kept apart by folder where folders of the same name do not share an album.
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    walk(app, owner, which, options.fetch_chunk_size, |file| {
        found.file_count += 1;
        let place = match place(planner, &file) {
            Ok(place) => place,
            Err(reason) => {
                let skipped = found.skipped.entry(reason).or_default();
                skipped.count += 1;
                if skipped.examples.len() < MAX_EXAMPLES {
                    skipped.examples.push(file.path);
                }
                return;
            }
        };
        let folder = if options.merge_same_name { String::new() } else { place.folder.clone() };
        let group = groups.entry((place.name, folder)).or_insert_with_key(|(name, _)| Group {
            name: name.clone(),
            folders: Vec::new(),
            assets: Vec::new(),
        });
        // Files of a folder come one after the other.
        if group.folders.last() != Some(&place.folder) {
            group.folders.push(place.folder);
        }
        group.assets.push(file.asset_id);
    })
    .await?;
    found.groups = groups.into_values().collect();
    for group in &mut found.groups {
        group.folders.sort_unstable();
        group.folders.dedup();
        let mut seen = std::collections::HashSet::with_capacity(group.assets.len());
        group.assets.retain(|asset| seen.insert(*asset));
    }
    Ok(found)
}
