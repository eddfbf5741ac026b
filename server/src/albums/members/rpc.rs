//! Members as messages.

use albumen::v1::new_album_member::User;
use albumen::v1::{
    AddAlbumMembersResponse, AlbumMember, AlbumRole, ListAlbumMembersResponse, NewAlbumMember,
};

use super::{AddedMembers, Invited, MemberView, NewMember};
use crate::entity::album_member::Role;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::page::Paged;

/// Who is to become a member, as a request says it.
pub(in crate::albums) fn new_members(members: Vec<NewAlbumMember>) -> Result<Vec<NewMember>> {
    let new = |(index, member): (usize, NewAlbumMember)| {
        let role = role(member.role());
        let user = match member.user {
            Some(User::UserId(id)) => UserId::parse(&id).map(Invited::Id),
            Some(User::Email(email)) => Some(Invited::Email(email)),
            None => None,
        };
        let user = user.ok_or_else(|| {
            Error::invalid(format!("members[{index}].user"), "must be a UUID or an e-mail address")
        })?;
        Ok(NewMember { user, role })
    };
    members.into_iter().enumerate().map(new).collect()
}

/// A role that a request names; none is the viewer's.
pub(in crate::albums) fn role(role: AlbumRole) -> Role {
    match role {
        AlbumRole::Unspecified | AlbumRole::Viewer => Role::Viewer,
        AlbumRole::Contributor => Role::Contributor,
        AlbumRole::Editor => Role::Editor,
        AlbumRole::Owner => Role::Owner,
    }
}

impl From<Role> for AlbumRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Contributor => Self::Contributor,
            Role::Editor => Self::Editor,
            Role::Owner => Self::Owner,
        }
    }
}

impl From<MemberView> for AlbumMember {
    fn from(view: MemberView) -> Self {
        Self {
            user_id: view.user.id.to_string(),
            role: AlbumRole::from(view.member.role).into(),
            display_name: view.user.display_name,
            email: view.user.email,
            create_time: Some(view.member.create_time.timestamp()),
            asset_count: i32::try_from(view.asset_count).unwrap_or(i32::MAX),
        }
    }
}

impl From<Paged<MemberView>> for ListAlbumMembersResponse {
    fn from(page: Paged<MemberView>) -> Self {
        Self {
            members: page.rows.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token,
        }
    }
}

impl From<AddedMembers> for AddAlbumMembersResponse {
    fn from(added: AddedMembers) -> Self {
        Self {
            members: added.members.into_iter().map(Into::into).collect(),
            existing_user_ids: added.existing.iter().map(UserId::to_string).collect(),
        }
    }
}
