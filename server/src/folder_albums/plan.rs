//! What a rule would do now.

use std::collections::{BTreeMap, HashMap, HashSet};

use albumen_folder_plan::Planner;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::deletion;
use super::options::{Mode, Options};
use super::resolve::{Index, KnownAlbums, Resolved, resolve};
use super::scan::{Found, Group, Reason, Skipped, group};
use crate::access::{self, Located};
use crate::app::App;
use crate::error::Result;
use crate::id::{AlbumId, AssetId, FolderRuleId, UserId};

/// How many albums are looked into at once.
const MAX_ALBUMS: usize = 200;

/// What a rule would do now, or did.
#[derive(Debug)]
pub struct Plan {
    /// The albums: those with moves first, then by name.
    pub albums: Vec<PlannedAlbum>,
    /// How many files were looked at.
    pub file_count: u64,
    /// Those that no album gets.
    pub skipped: BTreeMap<Reason, Skipped>,
    /// Names the plan: the same for two plans that would do the same.
    pub token: String,
}

/// What would become of one album.
#[derive(Debug, Clone)]
pub struct PlannedAlbum {
    /// What would be done.
    pub action: Action,
    /// The name that folders give it.
    pub name: String,
    /// The album; none if it would be made.
    pub album_id: Option<AlbumId>,
    /// The name that it has now.
    pub current_name: Option<String>,
    /// Whether it would get the name that folders give it.
    pub is_renamed: bool,
    /// The folders that it stands for.
    pub folders: Vec<String>,
    /// How many assets the folders give it; of one that would be deleted, how many it has.
    pub asset_count: u64,
    /// Those that would be added.
    pub added: Vec<AssetId>,
    /// Those that would leave other albums.
    pub moves: Vec<Move>,
    /// Whether no rule made it.
    pub is_made_by_hand: bool,
    /// Whether it stood for other folders until now.
    pub(super) is_followed: bool,
    /// Whether the rule has to remember something of it.
    pub(super) is_new: bool,
}

/// What would be done with an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It would be made.
    Create,
    /// It would be changed.
    Update,
    /// It is as it should be.
    Nothing,
    /// It would go to the trash.
    Delete,
}

/// Assets that would leave an album for another one.
#[derive(Debug, Clone)]
pub struct Move {
    /// The album that they would leave.
    pub from: AlbumId,
    /// Its name.
    pub display_name: String,
    /// The assets.
    pub assets: Vec<AssetId>,
}

/// Plans for an owner: what the options would do now, with what the rule did before.
pub(super) async fn make(
    app: &App,
    owner: UserId,
    rule: Option<FolderRuleId>,
    options: &Options,
) -> Result<Plan> {
    let planner = options.planner()?;
    let (mut albums, found) = match options.mode {
        Mode::Create => create(app, owner, rule, options, &planner).await?,
        Mode::Cleanup | Mode::DeleteAll => {
            deletion::plan(app, owner, rule, options, &planner).await?
        }
    };
    // In the order of names already.
    albums.sort_by_key(|album| album.moves.is_empty());
    let token = token(options, &albums)?;
    Ok(Plan { albums, file_count: found.file_count, skipped: found.skipped, token })
}

async fn create(
    app: &App,
    owner: UserId,
    rule: Option<FolderRuleId>,
    options: &Options,
    planner: &Planner,
) -> Result<(Vec<PlannedAlbum>, Found)> {
    let which = Located {
        rule,
        in_albums: options.find_assets_in_albums,
        archived: options.find_archived_assets,
    };
    let mut found = group(app, owner, which, options, planner).await?;
    let groups = std::mem::take(&mut found.groups);
    let (mut rows, mut past) = (Vec::new(), Past::default());
    if let Some(rule) = rule {
        rows = access::rule_albums(app.database.reader(), owner, rule).await?;
        past = Past::read(app, owner, rule).await?;
    }
    let names: HashMap<_, _> =
        rows.iter().map(|(_, album)| (album.id, album.display_name.clone())).collect();
    let index = Index::of(&groups);
    let known =
        KnownAlbums { rows, placed: &past.placed, merge_same_name: options.merge_same_name };
    let resolved = resolve(app, owner, known, &groups, &index).await?;
    let mut moves = moves(&past.placed, &index, &resolved, &names);
    let mut present = Present::default();
    let mut albums = Vec::with_capacity(groups.len());
    let ids: Vec<_> = resolved.iter().map(|place| place.as_ref().map(|it| it.album_id)).collect();
    for (number, (group, place)) in groups.into_iter().zip(resolved).enumerate() {
        let next = ids.get(number..).unwrap_or_default();
        let in_album = match &place {
            Some(place) => present.of(app, place.album_id, next).await?,
            None => HashSet::new(),
        };
        let moves = moves.remove(&number).unwrap_or_default();
        albums.push(planned(group, place, moves, &in_album, &past));
    }
    Ok((albums, found))
}

fn planned(
    group: Group,
    place: Option<Resolved>,
    moves: Vec<Move>,
    in_album: &HashSet<AssetId>,
    past: &Past,
) -> PlannedAlbum {
    let asset_count = group.assets.len() as u64;
    let mut added = group.assets;
    if let Some(place) = &place {
        added.retain(|asset| {
            // A person took it out.
            let is_refused = past.left.contains(&(place.album_id, *asset));
            !is_refused && !in_album.contains(asset)
        });
    }
    let is_changed = |place: &Resolved| place.is_renamed || !added.is_empty() || !moves.is_empty();
    let action = match &place {
        None => Action::Create,
        Some(place) if is_changed(place) => Action::Update,
        Some(_) => Action::Nothing,
    };
    let is = |of: fn(&Resolved) -> bool| place.as_ref().is_some_and(of);
    PlannedAlbum {
        action,
        name: group.name,
        album_id: place.as_ref().map(|place| place.album_id),
        is_renamed: is(|place| place.is_renamed),
        is_followed: is(|place| place.is_followed),
        is_new: place.as_ref().is_none_or(|place| place.is_new),
        is_made_by_hand: false,
        current_name: place.map(|place| place.display_name),
        folders: group.folders,
        asset_count,
        added,
        moves,
    }
}

/// What a rule did before, in albums that are there.
#[derive(Debug, Default)]
struct Past {
    /// What it put into albums, and is there still.
    placed: Vec<(AlbumId, AssetId)>,
    /// What it put into albums, and a person took out.
    left: HashSet<(AlbumId, AssetId)>,
}

impl Past {
    async fn read(app: &App, owner: UserId, rule: FolderRuleId) -> Result<Self> {
        let mut past = Self::default();
        let entries = access::rule_entries(app.database.reader(), owner, rule).await?;
        for (album, asset, entry_time, place_time) in entries {
            match place_time {
                Some(time) if time == entry_time => past.placed.push((album, asset)),
                // A person put it back: it is theirs.
                Some(_) => {}
                None => {
                    past.left.insert((album, asset));
                }
            }
        }
        Ok(past)
    }
}

/// What leaves albums, by the group that gets it. An asset leaves an album when it is planned, and
/// not for there.
fn moves(
    placed: &[(AlbumId, AssetId)],
    index: &Index,
    resolved: &[Option<Resolved>],
    names: &HashMap<AlbumId, String>,
) -> HashMap<usize, Vec<Move>> {
    let mut moves: HashMap<usize, BTreeMap<AlbumId, Vec<AssetId>>> = HashMap::new();
    let album_of = |number: usize| resolved.get(number)?.as_ref().map(|place| place.album_id);
    for (album, asset) in placed {
        let mut groups = index.groups_of(*asset);
        let Some(first) = groups.clone().next() else { continue };
        if !groups.any(|number| album_of(number) == Some(*album)) {
            moves.entry(first).or_default().entry(*album).or_default().push(*asset);
        }
    }
    let named = |(from, assets)| {
        let display_name = names.get(&from).cloned().unwrap_or_default();
        Move { from, display_name, assets }
    };
    moves.into_iter().map(|(group, of)| (group, of.into_iter().map(named).collect())).collect()
}

/// What is in albums, read for some of them at a time.
#[derive(Debug, Default)]
struct Present(HashMap<AlbumId, HashSet<AssetId>>);

impl Present {
    /// What is in an album; `next` are those that will be asked for, beginning with it.
    async fn of(
        &mut self,
        app: &App,
        album: AlbumId,
        next: &[Option<AlbumId>],
    ) -> Result<HashSet<AssetId>> {
        if !self.0.contains_key(&album) {
            let next: Vec<_> = next.iter().flatten().copied().take(MAX_ALBUMS).collect();
            self.0 = next.iter().map(|album| (*album, HashSet::new())).collect();
            for (album, asset) in access::place_ids(app.database.reader(), &next).await? {
                self.0.entry(album).or_default().insert(asset);
            }
        }
        Ok(self.0.remove(&album).unwrap_or_default())
    }
}

/// The hash of all that a plan would do. Assets of an album count as a set.
fn token(options: &Options, albums: &[PlannedAlbum]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    // How it is done, and that a dry run comes first, makes no other plan.
    let options =
        Options { delete_confirm: false, chunk_size: 0, fetch_chunk_size: 0, ..options.clone() };
    part(options.write()?.as_bytes());
    let bytes = |assets: &[AssetId]| {
        let mut ids: Vec<_> = assets.iter().map(|asset| *asset.as_bytes()).collect();
        ids.sort_unstable();
        ids.concat()
    };
    for album in albums {
        part(&[album.action as u8, u8::from(album.is_renamed)]);
        part(album.name.as_bytes());
        part(album.album_id.map(|id| *id.as_bytes()).as_ref().map_or(&[], |id| &id[..]));
        part(&bytes(&album.added));
        for moved in &album.moves {
            part(moved.from.as_bytes());
            part(&bytes(&moved.assets));
        }
    }
    Ok(URL_SAFE_NO_PAD.encode(hash.finalize()))
}
