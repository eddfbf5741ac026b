//! Where the owner's files belong: a walk through the rows of their libraries, page by page.

use std::collections::BTreeMap;

use albumen_folder_plan::{Planner, Skip};

use super::options::Options;
use crate::access::{self, Located};
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
    /// Those that belong to no album.
    pub(super) skipped: BTreeMap<Skip, Skipped>,
}

/// Files that belong to no album for one reason.
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
    mut visit: impl FnMut(String, AssetId),
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
            after = page.last().map(|(path, _)| path.clone());
            for (path, asset) in page {
                visit(path, asset);
            }
            if is_last {
                break;
            }
            // A page is planned without a pause; others get their turn between two.
            tokio::task::yield_now().await;
        }
    }
    Ok(())
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
    walk(app, owner, which, options.fetch_chunk_size, |path, asset| {
        found.file_count += 1;
        let place = match planner.place(&path) {
            Ok(place) => place,
            Err(skip) => {
                let skipped = found.skipped.entry(skip).or_default();
                skipped.count += 1;
                if skipped.examples.len() < MAX_EXAMPLES {
                    skipped.examples.push(path);
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
        group.assets.push(asset);
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
