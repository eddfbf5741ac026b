//! `AlbumService`.

use std::pin::Pin;

use albumen::v1::album_service_server::AlbumService;
use albumen::v1::list_albums_request::Order as ListOrder;
use albumen::v1::{
    AddAlbumAssetsRequest, AddAlbumAssetsResponse, Album, AlbumAssets, AlbumEvent, AlbumOrder,
    AlbumRole, CreateAlbumRequest, DeleteAlbumRequest, GetAlbumRequest, ListAlbumsRequest,
    ListAlbumsResponse, RemoveAlbumAssetsRequest, RemoveAlbumAssetsResponse,
    ReorderAlbumAssetsRequest, ReorderAlbumAssetsResponse, RestoreAlbumRequest,
    RestoreAlbumResponse, UpdateAlbumRequest, WatchAlbumRequest, WatchAlbumResponse, album_event,
};
use futures::stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use super::{AlbumView, Field, Filter, Message, Order, Values};
use crate::access::open;
use crate::app::App;
use crate::entity::album;
use crate::entity::album_member::Role;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::id::{AlbumId, AssetId};
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
        let id = AlbumId::parse(&request.request_id);
        let values = request.album.unwrap_or_default().into();
        let assets = asset_ids(&request.asset_ids)?;
        let album = super::create(&self.0, &actor, id, values, assets).await?;
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

impl From<Message> for WatchAlbumResponse {
    fn from(message: Message) -> Self {
        let kind = message.entry.map(|entry| {
            let assets = |ids: &[AssetId]| AlbumAssets {
                asset_ids: ids.iter().map(ToString::to_string).collect(),
            };
            match &entry.event {
                Event::AssetsAdded(ids) => album_event::Kind::AssetsAdded(assets(ids)),
                Event::AssetsRemoved(ids) => album_event::Kind::AssetsRemoved(assets(ids)),
                Event::AssetsChanged(ids) => album_event::Kind::AssetsChanged(assets(ids)),
                _ => todo!(),
            }
        });
        let event = kind.map(|kind| AlbumEvent { kind: Some(kind) });
        Self { cursor: message.cursor, event }
    }
}

fn album_id(text: &str) -> Result<AlbumId> {
    AlbumId::parse(text).ok_or_else(|| Error::invalid("album_id", "must be a UUID"))
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
        min_role: match request.min_role() {
            AlbumRole::Unspecified | AlbumRole::Viewer => Role::Viewer,
            AlbumRole::Contributor => Role::Contributor,
            AlbumRole::Editor => Role::Editor,
            AlbumRole::Owner => Role::Owner,
        },
        show_deleted: request.show_deleted,
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
        let role = match view.role {
            Role::Viewer => AlbumRole::Viewer,
            Role::Contributor => AlbumRole::Contributor,
            Role::Editor => AlbumRole::Editor,
            Role::Owner => AlbumRole::Owner,
        };
        Self {
            id: album.id.to_string(),
            etag: super::etag(&album),
            display_name: album.display_name,
            description: album.description,
            order: order.into(),
            cover_asset_id: album.cover_asset_id.map(|id| id.to_string()).unwrap_or_default(),
            owner_id: view.owner_id.to_string(),
            role: role.into(),
            asset_count: album.asset_count,
            first_time: album.first_time.map(Micros::timestamp),
            last_time: album.last_time.map(Micros::timestamp),
            create_time: Some(album.create_time.timestamp()),
            update_time: Some(album.update_time.timestamp()),
            delete_time: album.delete_time.map(Micros::timestamp),
        }
    }
}
