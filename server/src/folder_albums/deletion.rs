//! Which albums the modes that delete would put into the trash.

use std::collections::{BTreeMap, HashSet};

use albumen_folder_plan::Planner;

use super::options::{Mode, Options};
use super::plan::{Action, PlannedAlbum};
use super::resolve::named;
use super::scan::{Found, group};
use crate::access::{self, Located};
use crate::app::App;
use crate::entity::album::Model as Album;
use crate::error::Result;
use crate::id::{AlbumId, FolderRuleId, UserId};

/// The albums in the order of their names: for [`Mode::Cleanup`] those that the folders name, else
/// all; of those the ones that the rule made, unless the options say all.
pub(super) async fn plan(
    app: &App,
    owner: UserId,
    rule: Option<FolderRuleId>,
    options: &Options,
    planner: &Planner,
) -> Result<(Vec<PlannedAlbum>, Found)> {
    let connection = app.database.reader();
    let (albums, found) = if options.mode == Mode::Cleanup {
        // Everything that has a folder, whatever became of it.
        let which = Located { rule, in_albums: true, archived: true };
        let found = group(app, owner, which, options, planner).await?;
        (named_by(app, owner, rule, &found).await?, found)
    } else {
        (access::live_albums(owner).all(connection).await?, Found::default())
    };
    let made_by_any: HashSet<_> =
        access::made_albums(connection, owner, None).await?.into_iter().collect();
    let made = match rule {
        Some(rule) => access::made_albums(connection, owner, Some(rule)).await?,
        None => Vec::new(),
    };
    let made: HashSet<_> = made.into_iter().collect();
    let mut albums: Vec<_> = albums
        .into_iter()
        .filter(|album| options.all_albums || made.contains(&album.id))
        .map(|album| planned(album, &made_by_any))
        .collect();
    albums.sort_by(|one, other| (&one.name, one.album_id).cmp(&(&other.name, other.album_id)));
    Ok((albums, found))
}

/// The owner's albums with the names of groups, and those that stand for their folders.
async fn named_by(
    app: &App,
    owner: UserId,
    rule: Option<FolderRuleId>,
    found: &Found,
) -> Result<Vec<Album>> {
    let names: Vec<_> = found.groups.iter().map(|group| group.name.as_str()).collect();
    let named = named(app, owner, &names).await?.into_values().flatten();
    let mut albums: BTreeMap<AlbumId, Album> = named.map(|album| (album.id, album)).collect();
    if let Some(rule) = rule {
        let folders: HashSet<_> =
            found.groups.iter().flat_map(|group| &group.folders).map(String::as_str).collect();
        for (row, album) in access::rule_albums(app.database.reader(), owner, rule).await? {
            if folders.contains(row.folder.as_str()) {
                albums.insert(album.id, album);
            }
        }
    }
    Ok(albums.into_values().collect())
}

fn planned(album: Album, by_any: &HashSet<AlbumId>) -> PlannedAlbum {
    PlannedAlbum {
        action: Action::Delete,
        name: album.display_name.clone(),
        album_id: Some(album.id),
        current_name: Some(album.display_name),
        is_renamed: false,
        folders: Vec::new(),
        asset_count: u64::try_from(album.asset_count).unwrap_or(0),
        added: Vec::new(),
        moves: Vec::new(),
        is_made_by_hand: !by_any.contains(&album.id),
        is_followed: false,
        is_new: false,
    }
}
