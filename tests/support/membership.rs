//! Making people members of albums, in one line each.

use albumen::v1::new_album_member::User;
use albumen::v1::{
    AddAlbumMembersRequest, AddAlbumMembersResponse, Album, AlbumMember, AlbumRole,
    ListAlbumMembersRequest, MakeAlbumPrivateRequest, MakeAlbumPrivateResponse, NewAlbumMember,
    RemoveAlbumMemberRequest, TransferAlbumRequest, UpdateAlbumMemberRequest,
};
use tonic::Status;

use super::Person;

/// Somebody to be added, by id.
pub(crate) fn new_member(person: &Person, role: AlbumRole) -> NewAlbumMember {
    new_member_by_id(&person.user.id, role)
}

pub(crate) fn new_member_by_id(id: &str, role: AlbumRole) -> NewAlbumMember {
    NewAlbumMember { user: Some(User::UserId(id.to_owned())), role: role.into() }
}

impl Person {
    /// Makes somebody a member of an album that this person owns or edits.
    pub(crate) async fn add_member(
        &self,
        album: &Album,
        person: &Person,
        role: AlbumRole,
    ) -> AlbumMember {
        let added = self.add_members(album, vec![new_member(person, role)]).await.unwrap();
        added.members.into_iter().next().unwrap()
    }

    pub(crate) async fn add_members(
        &self,
        album: &Album,
        members: Vec<NewAlbumMember>,
    ) -> Result<AddAlbumMembersResponse, Status> {
        let request = AddAlbumMembersRequest { album_id: album.id.clone(), members };
        Ok(self.albums().add_album_members(request).await?.into_inner())
    }

    /// Everybody in an album, the longest member first.
    pub(crate) async fn members(&self, album: &Album) -> Result<Vec<AlbumMember>, Status> {
        let album_id = album.id.clone();
        let request = ListAlbumMembersRequest { album_id, ..Default::default() };
        Ok(self.albums().list_album_members(request).await?.into_inner().members)
    }

    pub(crate) async fn set_role(
        &self,
        album: &Album,
        person: &Person,
        role: AlbumRole,
    ) -> Result<AlbumMember, Status> {
        let request = UpdateAlbumMemberRequest {
            album_id: album.id.clone(),
            user_id: person.user.id.clone(),
            member: Some(AlbumMember { role: role.into(), ..AlbumMember::default() }),
            update_mask: None,
        };
        Ok(self.albums().update_album_member(request).await?.into_inner())
    }

    pub(crate) async fn remove_member(&self, album: &Album, who: &Person) -> Result<(), Status> {
        let (album_id, user_id) = (album.id.clone(), who.user.id.clone());
        let request = RemoveAlbumMemberRequest { album_id, user_id };
        self.albums().remove_album_member(request).await.map(drop)
    }

    /// Leaves an album.
    pub(crate) async fn leave(&self, album: &Album) -> Result<(), Status> {
        self.remove_member(album, self).await
    }

    /// Hands an album over.
    pub(crate) async fn transfer(&self, album: &Album, heir: &Person) -> Result<Album, Status> {
        let (album_id, user_id) = (album.id.clone(), heir.user.id.clone());
        let request = TransferAlbumRequest { album_id, user_id };
        Ok(self.albums().transfer_album(request).await?.into_inner().album.unwrap())
    }

    pub(crate) async fn make_private(
        &self,
        album: &Album,
    ) -> Result<MakeAlbumPrivateResponse, Status> {
        let request = MakeAlbumPrivateRequest { album_id: album.id.clone() };
        Ok(self.albums().make_album_private(request).await?.into_inner())
    }
}
