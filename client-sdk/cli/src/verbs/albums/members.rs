//! Who is in an album.

use albumen_client::v1::new_album_member::User as Who;
use albumen_client::v1::{
    AddAlbumMembersRequest, AlbumMember, AlbumRole, GetMeRequest, ListAlbumMembersRequest,
    MakeAlbumPrivateRequest, NewAlbumMember, RemoveAlbumMemberRequest, TransferAlbumRequest,
    UpdateAlbumMemberRequest,
};
use albumen_client::{Client, retry};
use clap::{Subcommand, ValueEnum};
use futures::TryStreamExt as _;
use serde_json::json;

use super::role_word;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::table::{Table, printable};
use crate::words::{count, whole};
use crate::{json, names, times};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List the members of an album
    Members {
        /// The album, by name or id
        album: String,
    },
    /// Share an album with people who have an account, or give members another role
    Share {
        /// The album, by name or id
        album: String,
        /// People by e-mail, name or id, each with a role of their own if it is named
        #[arg(required = true, value_name = "USER[=ROLE]")]
        users: Vec<String>,
        /// The role of all others [default: viewer; who is a member keeps theirs]
        #[arg(long, value_enum)]
        role: Option<Role>,
    },
    /// Remove members; their photos stay in the album
    Unshare {
        /// The album, by name or id
        album: String,
        /// The members by e-mail, name or id
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
    },
    /// Leave an album of somebody else's
    Leave {
        /// The album, by name or id
        album: String,
    },
    /// Hand an album over to a member, who owns it from then on; you stay as an editor
    Transfer {
        /// The album, by name or id
        album: String,
        /// The member by e-mail, name or id
        user: String,
    },
    /// Remove all members and revoke all links
    Private {
        /// The album, by name or id
        album: String,
    },
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// See, download, comment
    Viewer,
    /// Also add own photos
    Contributor,
    /// Also change the album, take out any photo, add and remove members, manage links
    Editor,
}

impl From<Role> for AlbumRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Contributor => Self::Contributor,
            Role::Editor => Self::Editor,
        }
    }
}

pub(super) async fn run(context: &Context, client: &Client, verb: Verb) -> Result<()> {
    match verb {
        Verb::Members { album } => {
            let album_id = names::album(client, &album, AlbumRole::Viewer).await?.id;
            list(context, client, album_id).await
        }
        Verb::Share { album, users, role } => share(context, client, &album, &users, role).await,
        Verb::Unshare { album, users } => {
            let album_id = names::album(client, &album, AlbumRole::Editor).await?.id;
            let mut user_ids = Vec::new();
            for user in &users {
                user_ids.push(names::member(client, &album_id, user).await?.user_id);
            }
            remove(client, &album_id, &user_ids).await?;
            let value = json!({ "removedUserIds": user_ids });
            context.output.did_value(&value, || format!("{} removed", count(users.len(), "member")))
        }
        Verb::Leave { album } => {
            let album_id = names::album(client, &album, AlbumRole::Viewer).await?.id;
            let me = retry(|| async { client.users().get_me(GetMeRequest {}).await }).await?;
            remove(client, &album_id, &[me.id]).await?;
            context.output.did_value(&json!({}), || "left".to_owned())
        }
        Verb::Transfer { album, user } => {
            let album_id = names::album(client, &album, AlbumRole::Owner).await?.id;
            let user_id = names::member(client, &album_id, &user).await?.user_id;
            let request = TransferAlbumRequest { album_id, user_id };
            let answer = client.albums().transfer_album(request).await?.into_inner();
            context.output.did(&answer, || "handed over".to_owned())
        }
        Verb::Private { album } => {
            let album_id = names::album(client, &album, AlbumRole::Owner).await?.id;
            let request = MakeAlbumPrivateRequest { album_id };
            let private = || async { client.albums().make_album_private(request.clone()).await };
            let answer = retry(private).await?;
            context.output.did(&answer, || {
                let members = whole(answer.removed_member_count, "member");
                let links = whole(answer.revoked_link_count, "link");
                format!("{members} removed, {links} revoked")
            })
        }
    }
}

async fn list(context: &Context, client: &Client, album_id: String) -> Result<()> {
    let request = ListAlbumMembersRequest { album_id, ..ListAlbumMembersRequest::default() };
    let members: Vec<_> = client.list_album_members(request).try_collect().await?;
    context.output.list("members", &members, || table(&members))
}

fn table(members: &[AlbumMember]) -> Table {
    Table::of(["name", "e-mail", "role", "photos", "since"], members, |member| {
        [
            member.display_name.clone(),
            member.email.clone(),
            role_word(member.role()),
            member.asset_count.to_string(),
            times::format(member.create_time),
        ]
    })
}

/// Adds people, and gives members another role where the command line names one.
async fn share(
    context: &Context,
    client: &Client,
    album: &str,
    users: &[String],
    role: Option<Role>,
) -> Result<()> {
    let album_id = names::album(client, album, AlbumRole::Editor).await?.id;
    let members = new_members(client, users, role.unwrap_or(Role::Viewer)).await?;
    let request = AddAlbumMembersRequest { album_id: album_id.clone(), members: members.clone() };
    let add = || async { client.albums().add_album_members(request.clone()).await };
    let mut shared = retry(add).await?.members;
    for (user, member) in users.iter().zip(members) {
        let who = match &member.user {
            Some(Who::Email(text) | Who::UserId(text)) => text.as_str(),
            None => continue,
        };
        let now = names::member(client, &album_id, who).await?;
        let is_named = role.is_some() || user.contains('=');
        let is_other = now.role() != member.role() && now.role() != AlbumRole::Owner;
        let is_other = is_other && is_named;
        let now = if is_other { update(client, &album_id, &now, member.role()).await? } else { now };
        shared.retain(|other| other.user_id != now.user_id);
        shared.push(now);
    }
    let value = json!({ "members": json::values(&shared)? });
    context.output.did_value(&value, || {
        let line = |member: &AlbumMember| {
            format!("{}: {}", printable(&member.display_name), role_word(member.role()))
        };
        shared.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

async fn update(
    client: &Client,
    album_id: &str,
    member: &AlbumMember,
    role: AlbumRole,
) -> Result<AlbumMember> {
    let request = UpdateAlbumMemberRequest {
        album_id: album_id.to_owned(),
        user_id: member.user_id.clone(),
        member: Some(AlbumMember { role: role.into(), ..AlbumMember::default() }),
        update_mask: None,
    };
    let update = || async { client.albums().update_album_member(request.clone()).await };
    Ok(retry(update).await?)
}

async fn remove(client: &Client, album_id: &str, user_ids: &[String]) -> Result<()> {
    for user_id in user_ids {
        let (album_id, user_id) = (album_id.to_owned(), user_id.clone());
        let request = RemoveAlbumMemberRequest { album_id, user_id };
        client.albums().remove_album_member(request).await?;
    }
    Ok(())
}

/// Reads `USER` and `USER=ROLE`. The server finds people by e-mail itself, whoever may be listed.
pub(super) async fn new_members(
    client: &Client,
    users: &[String],
    role: Role,
) -> Result<Vec<NewAlbumMember>> {
    let mut members = Vec::new();
    for user in users {
        let (name, role) = split(user, role)?;
        let who = match names::is_email(name) {
            true => Who::Email(name.to_owned()),
            false => Who::UserId(names::user(client, name, false).await?.id),
        };
        members.push(NewAlbumMember { user: Some(who), role: AlbumRole::from(role).into() });
    }
    Ok(members)
}

fn split(user: &str, default: Role) -> Result<(&str, Role)> {
    let Some((name, role)) = user.split_once('=') else { return Ok((user.trim(), default)) };
    let role = Role::from_str(role.trim(), true).map_err(|_| {
        let roles = "viewer, contributor and editor";
        Failure::Usage(format!("{role:?} in {user:?} is no role; there are {roles}"))
    })?;
    Ok((name.trim(), role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_can_have_a_role_of_their_own() {
        let read = |text| split(text, Role::Viewer).ok();
        assert_eq!(read("bob"), Some(("bob", Role::Viewer)));
        assert_eq!(read("bob@example.org = Editor"), Some(("bob@example.org", Role::Editor)));
        assert_eq!(read("bob=owner"), None);
    }
}
