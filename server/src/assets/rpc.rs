//! `AssetService`.

use std::pin::Pin;

use albumen::v1::asset_service_server::AssetService;
use albumen::v1::download_asset_response::Part;
use albumen::v1::list_assets_request::Order;
use albumen::v1::{
    Asset, AssetKind, AssetMotion, DownloadAssetRequest, DownloadAssetResponse, DownloadHeader,
    GetAssetRequest, ListAssetsRequest, ListAssetsResponse, Rendition,
};
use futures::stream::{Stream, StreamExt as _, once};
use tonic::{Request, Response, Status};

use super::{AssetView, Filter};
use crate::access::open;
use crate::app::App;
use crate::entity::album::Order as AlbumOrder;
use crate::entity::asset::Kind;
use crate::entity::asset_file::{Kind as FileKind, Model as AssetFile};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId};
use crate::page::{ASSET_SIZES, Page};
use crate::time::Micros;

/// The gRPC face of assets.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl AssetService for Rpc {
    type DownloadAssetStream =
        Pin<Box<dyn Stream<Item = Result<DownloadAssetResponse, Status>> + Send>>;

    async fn get_asset(
        &self,
        request: Request<GetAssetRequest>,
    ) -> Result<Response<Asset>, Status> {
        let (actor, request) = open(request)?;
        let asset = super::get(&self.0, &actor, asset_id(&request.asset_id)?).await?;
        Ok(Response::new(asset.into()))
    }

    async fn list_assets(
        &self,
        request: Request<ListAssetsRequest>,
    ) -> Result<Response<ListAssetsResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, ASSET_SIZES, &request)?;
        let paged = super::list(&self.0, &actor, &filter(&request), &page).await?;
        Ok(Response::new(ListAssetsResponse {
            assets: paged.rows.into_iter().map(Into::into).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn download_asset(
        &self,
        request: Request<DownloadAssetRequest>,
    ) -> Result<Response<Self::DownloadAssetStream>, Status> {
        let (actor, request) = open(request)?;
        let kind = match request.rendition() {
            Rendition::Unspecified | Rendition::Original => FileKind::Still,
            Rendition::Motion => FileKind::Motion,
        };
        let id = asset_id(&request.asset_id)?;
        let download = super::download(&self.0, &actor, id, kind).await?;
        let size = download.size();
        let offset = request.offset.cast_unsigned();
        if offset > size {
            return Err(Error::OffsetOutOfRange { size_bytes: download.file.size_bytes }.into());
        }
        let header = Part::Header(header(&download.file, request.offset));
        let chunks = download.stream(offset..size).map(|chunk| chunk.map(Part::Chunk));
        let parts = once(async { Ok(header) }).chain(chunks);
        let stream = parts.map(|part| {
            part.map(|part| DownloadAssetResponse { part: Some(part) }).map_err(Status::from)
        });
        Ok(Response::new(Box::pin(stream)))
    }
}

fn asset_id(text: &str) -> Result<AssetId> {
    AssetId::parse(text).ok_or_else(|| Error::invalid("asset_id", "must be a UUID"))
}

fn filter(request: &ListAssetsRequest) -> Filter {
    Filter {
        album_id: AlbumId::parse(&request.album_id),
        kind: match request.kind() {
            AssetKind::Unspecified => None,
            AssetKind::Photo => Some(Kind::Photo),
            AssetKind::Video => Some(Kind::Video),
        },
        order: match request.order() {
            Order::Unspecified => None,
            Order::NewestFirst => Some(AlbumOrder::NewestFirst),
            Order::OldestFirst => Some(AlbumOrder::OldestFirst),
        },
    }
}

fn header(file: &AssetFile, offset: i64) -> DownloadHeader {
    DownloadHeader {
        content_type: file.content_type.clone(),
        file_name: file.file_name.clone(),
        size_bytes: file.size_bytes,
        sha256: file.sha256.clone().into(),
        offset,
    }
}

impl From<AssetView> for Asset {
    fn from(view: AssetView) -> Self {
        let AssetView { asset, still, motion } = view;
        let kind = match asset.kind {
            Kind::Photo => AssetKind::Photo,
            Kind::Video => AssetKind::Video,
        };
        Self {
            id: asset.id.to_string(),
            owner_id: asset.owner_id.to_string(),
            kind: kind.into(),
            content_type: still.content_type,
            file_name: still.file_name,
            size_bytes: still.size_bytes,
            sha256: still.sha256.into(),
            width_px: asset.width_px,
            height_px: asset.height_px,
            duration: asset.duration_us.map(duration),
            capture_time: asset.capture_time.map(Micros::timestamp),
            capture_utc_offset: asset
                .capture_offset_s
                .map(|seconds| duration(i64::from(seconds) * 1_000_000)),
            motion: motion.map(|file| AssetMotion {
                content_type: file.content_type,
                file_name: file.file_name,
                size_bytes: file.size_bytes,
                sha256: file.sha256.into(),
            }),
            create_time: Some(asset.create_time.timestamp()),
            update_time: Some(asset.update_time.timestamp()),
        }
    }
}

/// Seconds and nanoseconds have the same sign.
fn duration(micros: i64) -> prost_types::Duration {
    let nanos = i32::try_from(micros % 1_000_000 * 1000).unwrap_or(0);
    prost_types::Duration { seconds: micros / 1_000_000, nanos }
}
