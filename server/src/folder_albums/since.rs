//! What people did with an album since a run made it.

use super::options::{Options, Share};
use crate::access::{self, Granted};
use crate::database::Transaction;
use crate::entity::activity::Kind;
use crate::entity::album::Model as Album;
use crate::entity::album_member::Role;
use crate::entity::folder_album::Model as FolderAlbum;
use crate::entity::folder_rule_run::Model as FolderRuleRun;
use crate::error::{Error, Result};

/// What an album has that the run did not give it, in words: nothing if only the run touched it.
/// `None` if the run did not make it. The transaction holds the album's lock.
pub(super) async fn changes(
    transaction: &Transaction,
    run: &FolderRuleRun,
    album: &Granted<Album>,
) -> Result<Option<Vec<String>>> {
    let folders = access::folders_of_album(transaction, album.id).await?;
    let is_own = |folder: &FolderAlbum| folder.is_made && folder.run_id == Some(run.id);
    let Some(made) = folders.into_iter().find(is_own) else { return Ok(None) };
    let mut changes = Vec::new();
    for (kind, count) in access::activity_counts(transaction, album).await? {
        let noun = match kind {
            Kind::Comment => "comment",
            Kind::Like => "like",
        };
        add(&mut changes, count.cast_unsigned(), noun, "");
    }
    add(&mut changes, access::link_count(transaction, album).await?, "link", "");
    let members = other_members(transaction, run, album).await?;
    add(&mut changes, members, "member", " added or changed by hand");
    let own = access::placed_count(transaction, album.id, run.id).await?;
    let others = access::place_count(transaction, album).await?.saturating_sub(own);
    add(&mut changes, others, "asset", " added since");
    let options = Options::read(&run.options)?;
    let is_activity_enabled = options.comments_and_likes.unwrap_or(true);
    let has_other_cover = match made.cover_asset_id {
        // Else it went, and another one took its place.
        Some(cover) if access::is_in_album(transaction, album, cover).await? => {
            album.cover_asset_id != Some(cover)
        }
        _ => false,
    };
    let settings = [
        (album.display_name != made.display_name, "another name"),
        (!album.description.is_empty(), "a description"),
        (has_other_cover, "another cover"),
        (album.order != options.album_order.of_album(), "another order"),
        (album.is_activity_enabled != is_activity_enabled, "another use of comments"),
    ];
    let settings = settings.into_iter().filter(|(is_changed, _)| *is_changed);
    changes.extend(settings.map(|(_, what)| what.to_owned()));
    Ok(Some(changes))
}

/// How many are in an album whom the run did not add, or not in their role.
async fn other_members(
    transaction: &Transaction,
    run: &FolderRuleRun,
    album: &Granted<Album>,
) -> Result<u64> {
    let given: Vec<Share> = serde_json::from_str(&run.shared_with).map_err(Error::internal)?;
    let members = access::member_roles(transaction, album).await?;
    let others = members.into_iter().filter(|(id, role)| {
        let id = id.to_string();
        let is_given = |share: &Share| share.user == id && share.role.of_album() == *role;
        *role != Role::Owner && !given.iter().any(is_given)
    });
    Ok(others.count() as u64)
}

fn add(changes: &mut Vec<String>, count: u64, noun: &str, end: &str) {
    let plural = if count == 1 { "" } else { "s" };
    if count > 0 {
        changes.push(format!("{count} {noun}{plural}{end}"));
    }
}
