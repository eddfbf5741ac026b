//! `AlbumService`.

use std::pin::Pin;

use albumen::v1::album_service_server::AlbumService;
use albumen::v1::list_albums_request::{Category as ListCategory, Order as ListOrder};
use albumen::v1::{
    AddAlbumAssetsRequest, AddAlbumAssetsResponse, AddAlbumMembersRequest, AddAlbumMembersResponse,
    Album, AlbumMember, AlbumOrder, AlbumRole, CreateAlbumRequest, DeleteAlbumRequest,
    GetAlbumRequest, ListAlbumMembersRequest, ListAlbumMembersResponse, ListAlbumsRequest,
    ListAlbumsResponse, MakeAlbumPrivateRequest, MakeAlbumPrivateResponse,
    RemoveAlbumAssetsRequest, RemoveAlbumAssetsResponse, RemoveAlbumMemberRequest,
    RemoveAlbumMemberResponse, ReorderAlbumAssetsRequest, ReorderAlbumAssetsResponse,
    RestoreAlbumRequest, RestoreAlbumResponse, TransferAlbumRequest, TransferAlbumResponse,
    UpdateAlbumMemberRequest, UpdateAlbumRequest, WatchAlbumRequest, WatchAlbumResponse,
};
use futures::stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::members::rpc::{new_members, role};
use super::{AlbumView, Category, Field, Filter, MemberField, NewAlbum, Order, Trash, Values};
use crate::access::open;
use crate::app::App;
use crate::entity::album;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, UserId};
use crate::mask;
use crate::page::{Page, SIZES};
use crate::time::Micros;

/// The gRPC face of albums.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl AlbumService for Rpc {
    type WatchAlbumStream = Pin<Box<dyn Stream<Item = Result<WatchAlbumResponse, Status>> + Send>>;

    async fn get_album(
        &self,
        request: Request<GetAlbumRequest>,
    ) -> Result<Response<Album>, Status> {
        let (actor, request) = open(request)?;
        let album = super::get(&self.0, &actor, album_id(&request.album_id)?).await?;
        Ok(Response::new(album.into()))
    }

    async fn list_albums(
        &self,
        request: Request<ListAlbumsRequest>,
    ) -> Result<Response<ListAlbumsResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let paged = super::list(&self.0, &actor, &filter(request), &page).await?;
        Ok(Response::new(ListAlbumsResponse {
            albums: paged.rows.into_iter().map(Into::into).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn create_album(
        &self,
        request: Request<CreateAlbumRequest>,
    ) -> Result<Response<Album>, Status> {
        let (actor, request) = open(request)?;
        let new = NewAlbum {
            id: AlbumId::parse(&request.request_id),
            values: request.album.unwrap_or_default().into(),
            assets: asset_ids(&request.asset_ids)?,
            members: new_members(request.members)?,
        };
        let album = super::create(&self.0, &actor, new).await?;
        Ok(Response::new(album.into()))
    }

    async fn update_album(
        &self,
        request: Request<UpdateAlbumRequest>,
    ) -> Result<Response<Album>, Status> {
        let (actor, request) = open(request)?;
        let id = album_id(&request.album_id)?;
        let album = request.album.unwrap_or_default();
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            Field::DisplayName => !album.display_name.is_empty(),
            Field::Description => !album.description.is_empty(),
            Field::Order => album.order() != AlbumOrder::Unspecified,
            Field::CoverAssetId => !album.cover_asset_id.is_empty(),
            Field::ActivityEnabled => album.activity_enabled.is_some(),
        })?;
        let album = super::update(&self.0, &actor, id, album.into(), fields).await?;
        Ok(Response::new(album.into()))
    }

    async fn delete_album(
        &self,
        request: Request<DeleteAlbumRequest>,
    ) -> Result<Response<Album>, Status> {
        let (actor, request) = open(request)?;
        let id = album_id(&request.album_id)?;
        let album = super::delete(&self.0, &actor, id, request.etag).await?;
        Ok(Response::new(album.into()))
    }

    async fn restore_album(
        &self,
        request: Request<RestoreAlbumRequest>,
    ) -> Result<Response<RestoreAlbumResponse>, Status> {
        let (actor, request) = open(request)?;
        let album = super::restore(&self.0, &actor, album_id(&request.album_id)?).await?;
        Ok(Response::new(RestoreAlbumResponse { album: Some(album.into()) }))
    }

    async fn add_album_assets(
        &self,
        request: Request<AddAlbumAssetsRequest>,
    ) -> Result<Response<AddAlbumAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, assets) = (album_id(&request.album_id)?, asset_ids(&request.asset_ids)?);
        let added = super::add_assets(&self.0, &actor, id, assets).await?;
        Ok(Response::new(AddAlbumAssetsResponse {
            added_count: count(added.added_count)?,
            existing_asset_ids: added.existing.iter().map(AssetId::to_string).collect(),
        }))
    }

    async fn remove_album_assets(
        &self,
        request: Request<RemoveAlbumAssetsRequest>,
    ) -> Result<Response<RemoveAlbumAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, assets) = (album_id(&request.album_id)?, asset_ids(&request.asset_ids)?);
        let removed_count = count(super::remove_assets(&self.0, &actor, id, assets).await?)?;
        Ok(Response::new(RemoveAlbumAssetsResponse { removed_count }))
    }

    async fn reorder_album_assets(
        &self,
        request: Request<ReorderAlbumAssetsRequest>,
    ) -> Result<Response<ReorderAlbumAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, assets) = (album_id(&request.album_id)?, asset_ids(&request.asset_ids)?);
        let previous = AssetId::parse(&request.previous_asset_id);
        let album = super::reorder_assets(&self.0, &actor, id, assets, previous).await?;
        Ok(Response::new(ReorderAlbumAssetsResponse { album: Some(album.into()) }))
    }

    async fn list_album_members(
        &self,
        request: Request<ListAlbumMembersRequest>,
    ) -> Result<Response<ListAlbumMembersResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let id = album_id(&request.album_id)?;
        let members = super::list_members(&self.0, &actor, id, &page).await?;
        Ok(Response::new(members.into()))
    }

    async fn add_album_members(
        &self,
        request: Request<AddAlbumMembersRequest>,
    ) -> Result<Response<AddAlbumMembersResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, new) = (album_id(&request.album_id)?, new_members(request.members)?);
        let added = super::add_members(&self.0, &actor, id, new).await?;
        Ok(Response::new(added.into()))
    }

    async fn update_album_member(
        &self,
        request: Request<UpdateAlbumMemberRequest>,
    ) -> Result<Response<AlbumMember>, Status> {
        let (actor, request) = open(request)?;
        let (id, user) = (album_id(&request.album_id)?, user_id(&request.user_id)?);
        let new_role = request.member.unwrap_or_default().role();
        mask::parse(request.update_mask.as_ref(), |field| match field {
            MemberField::Role => new_role != AlbumRole::Unspecified,
        })?;
        let member = super::update_member(&self.0, &actor, id, user, role(new_role)).await?;
        Ok(Response::new(member.into()))
    }

    async fn remove_album_member(
        &self,
        request: Request<RemoveAlbumMemberRequest>,
    ) -> Result<Response<RemoveAlbumMemberResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, user) = (album_id(&request.album_id)?, user_id(&request.user_id)?);
        super::remove_member(&self.0, &actor, id, user).await?;
        Ok(Response::new(RemoveAlbumMemberResponse {}))
    }

    async fn transfer_album(
        &self,
        request: Request<TransferAlbumRequest>,
    ) -> Result<Response<TransferAlbumResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, user) = (album_id(&request.album_id)?, user_id(&request.user_id)?);
        let album = super::transfer(&self.0, &actor, id, user).await?;
        Ok(Response::new(TransferAlbumResponse { album: Some(album.into()) }))
    }

    async fn make_album_private(
        &self,
        request: Request<MakeAlbumPrivateRequest>,
    ) -> Result<Response<MakeAlbumPrivateResponse>, Status> {
        let (actor, request) = open(request)?;
        let id = album_id(&request.album_id)?;
        let private = super::make_private(&self.0, &actor, id).await?;
        Ok(Response::new(MakeAlbumPrivateResponse {
            album: Some(private.album.into()),
            removed_member_count: count(private.removed_count)?,
            revoked_link_count: count(private.revoked_count)?,
        }))
    }

    async fn watch_album(
        &self,
        request: Request<WatchAlbumRequest>,
    ) -> Result<Response<Self::WatchAlbumStream>, Status> {
        let (actor, request) = open(request)?;
        let id = album_id(&request.album_id)?;
        let messages = super::watch(&self.0, &actor, id, &request.cursor).await?;
        let messages = messages.map(|message| message.map(Into::into).map_err(Status::from));
        Ok(Response::new(Box::pin(messages)))
    }
}

fn album_id(text: &str) -> Result<AlbumId> {
    AlbumId::parse(text).ok_or_else(|| Error::invalid("album_id", "must be a UUID"))
}

fn user_id(text: &str) -> Result<UserId> {
    UserId::parse(text).ok_or_else(|| Error::invalid("user_id", "must be a UUID"))
}

fn asset_ids(texts: &[String]) -> Result<Vec<AssetId>> {
    let mut seen = std::collections::HashSet::new();
    let ids = texts.iter().map(|text| AssetId::parse(text).filter(|id| seen.insert(*id)));
    let ids: Option<_> = ids.collect();
    ids.ok_or_else(|| Error::invalid("asset_ids", "must be UUIDs, each once"))
}

fn count(number: usize) -> Result<i32> {
    i32::try_from(number).map_err(Error::internal)
}

fn filter(request: ListAlbumsRequest) -> Filter {
    Filter {
        order: match request.order() {
            ListOrder::Unspecified | ListOrder::CreateTimeDesc => Order::CreateTimeDesc,
            ListOrder::CreateTimeAsc => Order::CreateTimeAsc,
            ListOrder::UpdateTimeDesc => Order::UpdateTimeDesc,
            ListOrder::DisplayName => Order::DisplayName,
            ListOrder::LastTimeDesc => Order::LastTimeDesc,
        },
        asset_id: AssetId::parse(&request.asset_id),
        min_role: role(request.min_role()),
        category: match request.category() {
            ListCategory::Unspecified => Category::All,
            ListCategory::Owned => Category::Owned,
            ListCategory::SharedWithMe => Category::SharedWithMe,
            ListCategory::SharedByMe => Category::SharedByMe,
            ListCategory::NotShared => Category::NotShared,
        },
        trash: match (request.only_deleted, request.show_deleted) {
            (true, _) => Trash::Only,
            (false, true) => Trash::Shown,
            (false, false) => Trash::Hidden,
        },
        display_name_contains: request.display_name_contains,
    }
}

impl From<Album> for Values {
    fn from(album: Album) -> Self {
        Self {
            order: match album.order() {
                AlbumOrder::Unspecified | AlbumOrder::NewestFirst => album::Order::NewestFirst,
                AlbumOrder::OldestFirst => album::Order::OldestFirst,
                AlbumOrder::Manual => album::Order::Manual,
            },
            cover_asset_id: AssetId::parse(&album.cover_asset_id),
            is_activity_enabled: album.activity_enabled,
            display_name: album.display_name,
            description: album.description,
            etag: album.etag,
        }
    }
}

impl From<AlbumView> for Album {
    fn from(view: AlbumView) -> Self {
        let album = view.album;
        let order = match album.order {
            album::Order::NewestFirst => AlbumOrder::NewestFirst,
            album::Order::OldestFirst => AlbumOrder::OldestFirst,
            album::Order::Manual => AlbumOrder::Manual,
        };
        Self {
            id: album.id.to_string(),
            etag: super::etag(&album),
            display_name: album.display_name,
            description: album.description,
            order: order.into(),
            cover_asset_id: album.cover_asset_id.map(|id| id.to_string()).unwrap_or_default(),
            owner_id: view.owner_id.map(|id| id.to_string()).unwrap_or_default(),
            role: AlbumRole::from(view.role).into(),
            asset_count: album.asset_count,
            first_time: album.first_time.map(Micros::timestamp),
            last_time: album.last_time.map(Micros::timestamp),
            create_time: Some(album.create_time.timestamp()),
            update_time: Some(album.update_time.timestamp()),
            delete_time: album.delete_time.map(Micros::timestamp),
            activity_enabled: Some(album.is_activity_enabled),
            member_count: i32::try_from(view.member_count).unwrap_or(i32::MAX),
            is_shared: view.is_shared,
            has_link: view.has_link,
            unseen: view.is_unseen,
        }
    }
}
