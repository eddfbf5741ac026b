//! Which albums stand for which folders.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::{ColumnTrait as _, QueryFilter as _};

use super::scan::Group;
use crate::access;
use crate::app::App;
use crate::entity::album::{self, Model as Album};
use crate::entity::folder_album::Model as FolderAlbum;
use crate::error::Result;
use crate::id::{AlbumId, AssetId, UserId};

/// How many names one statement takes.
const MAX_NAMES: usize = 1000;

/// The album that stands for a group.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub(super) album_id: AlbumId,
    /// The name that it has.
    pub(super) display_name: String,
    /// Whether it is to get the name that the folders give it.
    pub(super) is_renamed: bool,
    /// Whether it stood for other folders until now.
    pub(super) is_followed: bool,
    /// Whether a folder of the group is new to it, or its name.
    pub(super) is_new: bool,
}

/// An album that the rule knows.
struct Known {
    album: Album,
    folders: Vec<FolderAlbum>,
}

impl Known {
    fn given_name(&self) -> &str {
        self.folders.first().map_or("", |folder| &folder.display_name)
    }

    fn is_made(&self) -> bool {
        self.folders.iter().any(|folder| folder.is_made)
    }

    fn resolved(&self, group: &Group, is_followed: bool) -> Resolved {
        let current = &self.album.display_name;
        let is_folders_own = self.is_made() && self.given_name() == current;
        let same_name = self.folders.iter().filter(|known| known.display_name == group.name);
        let same_name: HashSet<_> = same_name.map(|known| &known.folder).collect();
        Resolved {
            album_id: self.album.id,
            display_name: current.clone(),
            is_renamed: is_folders_own && *current != group.name,
            is_followed,
            is_new: !group.folders.iter().all(|folder| same_name.contains(folder)),
        }
    }
}

/// What the rule knows of albums.
pub(super) struct KnownAlbums<'a> {
    /// Its folders with their albums.
    pub(super) rows: Vec<(FolderAlbum, Album)>,
    /// The assets that it put into them and that are there still.
    pub(super) placed: &'a [(AlbumId, AssetId)],
    /// Whether folders of the same name share an album.
    pub(super) merge_same_name: bool,
}

/// In which groups assets are.
pub(super) struct Index(Vec<(AssetId, u32)>);

impl Index {
    pub(super) fn of(groups: &[Group]) -> Self {
        let numbered = groups.iter().zip(0_u32..);
        let mut index: Vec<_> = numbered
            .flat_map(|(group, number)| group.assets.iter().map(move |asset| (*asset, number)))
            .collect();
        index.sort_unstable();
        Self(index)
    }

    /// The numbers of the groups that have an asset, ascending.
    pub(super) fn groups_of(&self, asset: AssetId) -> impl Iterator<Item = usize> + Clone {
        let start = self.0.partition_point(|(other, _)| *other < asset);
        let rest = self.0.get(start..).unwrap_or_default();
        rest.iter().take_while(move |(other, _)| *other == asset).map(|(_, group)| *group as usize)
    }
}

/// Finds the album of each group, if it has one: by its folders; else one whose folders are gone and
/// most of whose assets are in the group now, since a folder that is renamed keeps its files; else
/// one of the owner's with the group's name.
pub(super) async fn resolve(
    app: &App,
    owner: UserId,
    known: KnownAlbums<'_>,
    groups: &[Group],
    index: &Index,
) -> Result<Vec<Option<Resolved>>> {
    let KnownAlbums { rows, placed, merge_same_name } = known;
    let mut known: BTreeMap<AlbumId, Known> = BTreeMap::new();
    for (row, album) in rows {
        let entry = known.entry(album.id);
        entry.or_insert_with(|| Known { album, folders: Vec::new() }).folders.push(row);
    }
    let mut resolved: Vec<Option<Resolved>> = groups.iter().map(|_| None).collect();
    let mut claimed = HashSet::new();
    by_folder(&known, groups, &mut resolved, &mut claimed);
    by_assets(&known, groups, index, placed, &mut resolved, &mut claimed);
    let open = groups.iter().zip(&resolved).filter(|(_, place)| place.is_none());
    let names: Vec<_> = open.map(|(group, _)| group.name.as_str()).collect();
    let named = named(app, owner, &names).await?;
    if !merge_same_name {
        // One that the rule made for another folder is not this folder's.
        claimed.extend(known.keys());
    }
    by_name(&known, &named, groups, &mut resolved, &mut claimed);
    Ok(resolved)
}

fn by_folder(
    known: &BTreeMap<AlbumId, Known>,
    groups: &[Group],
    resolved: &mut [Option<Resolved>],
    claimed: &mut HashSet<AlbumId>,
) {
    let of_folder: HashMap<_, _> = known
        .values()
        .flat_map(|known| known.folders.iter().map(move |row| (row.folder.as_str(), known)))
        .collect();
    // Those first whose name is as it was: of an album whose folders now have different names, they
    // keep it.
    for is_same_name in [true, false] {
        for (group, place) in groups.iter().zip(resolved.iter_mut()) {
            if place.is_some() {
                continue;
            }
            let found = group
                .folders
                .iter()
                .filter_map(|folder| of_folder.get(folder.as_str()))
                .filter(|known| !is_same_name || known.given_name() == group.name)
                .find(|known| !claimed.contains(&known.album.id));
            if let Some(known) = found {
                claimed.insert(known.album.id);
                *place = Some(known.resolved(group, false));
            }
        }
    }
}

fn by_assets(
    known: &BTreeMap<AlbumId, Known>,
    groups: &[Group],
    index: &Index,
    placed: &[(AlbumId, AssetId)],
    resolved: &mut [Option<Resolved>],
    claimed: &mut HashSet<AlbumId>,
) {
    let planned: HashSet<_> = groups.iter().flat_map(|group| &group.folders).collect();
    let is_gone = |known: &&Known| known.folders.iter().all(|row| !planned.contains(&row.folder));
    let gone: HashSet<_> = known.values().filter(is_gone).map(|known| known.album.id).collect();
    let mut tallies: BTreeMap<AlbumId, (HashMap<usize, usize>, usize)> = BTreeMap::new();
    for (album, asset) in placed {
        if claimed.contains(album) || !gone.contains(album) {
            continue;
        }
        let (counts, total) = tallies.entry(*album).or_default();
        let mut is_planned = false;
        for group in index.groups_of(*asset) {
            *counts.entry(group).or_default() += 1;
            is_planned = true;
        }
        *total += usize::from(is_planned);
    }
    let mut candidates: Vec<_> = tallies
        .into_iter()
        .flat_map(|(album, (counts, total))| {
            let most = counts.into_iter().filter(move |(_, count)| count * 2 > total);
            most.map(move |(group, count)| (std::cmp::Reverse(count), album, group))
        })
        .collect();
    candidates.sort_unstable();
    for (_, album, number) in candidates {
        let (Some(group), Some(place)) = (groups.get(number), resolved.get_mut(number)) else {
            continue;
        };
        if let Some(known) = known.get(&album)
            && place.is_none()
            && claimed.insert(album)
        {
            *place = Some(known.resolved(group, true));
        }
    }
}

fn by_name(
    known: &BTreeMap<AlbumId, Known>,
    named: &HashMap<String, Vec<Album>>,
    groups: &[Group],
    resolved: &mut [Option<Resolved>],
    claimed: &mut HashSet<AlbumId>,
) {
    // Each album is looked at once, however many groups have its name.
    let mut left: HashMap<_, _> =
        named.iter().map(|(name, albums)| (name.as_str(), albums.iter())).collect();
    for (group, place) in groups.iter().zip(resolved.iter_mut()) {
        if place.is_some() {
            continue;
        }
        let Some(left) = left.get_mut(group.name.as_str()) else { continue };
        let Some(album) = left.find(|album| !claimed.contains(&album.id)) else { continue };
        claimed.insert(album.id);
        *place = Some(match known.get(&album.id) {
            Some(known) => known.resolved(group, false),
            None => Resolved {
                album_id: album.id,
                display_name: album.display_name.clone(),
                is_renamed: false,
                is_followed: false,
                is_new: true,
            },
        });
    }
}

/// The albums of an owner's with some names, those of the same name in the order of their making.
pub(super) async fn named(
    app: &App,
    owner: UserId,
    names: &[&str],
) -> Result<HashMap<String, Vec<Album>>> {
    let mut albums: HashMap<String, Vec<Album>> = HashMap::new();
    for names in names.chunks(MAX_NAMES) {
        let find = access::live_albums(owner)
            .filter(album::Column::DisplayName.is_in(names.iter().copied()));
        for album in find.all(app.database.reader()).await? {
            albums.entry(album.display_name.clone()).or_default().push(album);
        }
    }
    Ok(albums)
}
