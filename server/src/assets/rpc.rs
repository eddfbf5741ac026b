//! `AssetService`.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::pin::Pin;

use albumen::v1::asset_service_server::AssetService;
use albumen::v1::download_asset_response::Part;
use albumen::v1::get_timeline_buckets_request::Unit as UnitOption;
use albumen::v1::list_assets_request::Order;
use albumen::v1::{
    Asset, AssetKind, AssetMotion, AssetVisibility, CheckAssetsRequest, CheckAssetsResponse,
    Date as DateMessage, DeleteAssetsRequest, DeleteAssetsResponse, DownloadAssetRequest,
    DownloadAssetResponse, DownloadHeader, EmptyTrashRequest, EmptyTrashResponse, GetAssetRequest,
    GetTimelineBucketsRequest, GetTimelineBucketsResponse, KnownAsset, ListAssetsRequest,
    ListAssetsResponse, Location, Rendition, RestoreAssetsRequest, RestoreAssetsResponse,
    TimelineBucket, TrashAssetsRequest, TrashAssetsResponse, UpdateAssetsRequest,
    UpdateAssetsResponse,
};
use futures::stream::{Stream, StreamExt as _, once};
use tonic::{Request, Response, Status};

use super::{AssetView, Bucket, Field, Filter, Trash, Unit, Values};
use crate::access::open;
use crate::app::App;
use crate::entity::album::Order as AlbumOrder;
use crate::entity::asset::{Kind, Visibility};
use crate::entity::asset_file::{Kind as FileKind, Model as AssetFile};
use crate::entity::shared_link::Metadata;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, SharedLinkId};
use crate::mask;
use crate::page::{ASSET_SIZES, Page};
use crate::time::{Date, Micros};

const DAY_S: i64 = 24 * 60 * 60;

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
        let paged = super::list(&self.0, &actor, &request.try_into()?, &page).await?;
        Ok(Response::new(ListAssetsResponse {
            assets: to_protos(paged.rows),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn update_assets(
        &self,
        request: Request<UpdateAssetsRequest>,
    ) -> Result<Response<UpdateAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let (ids, asset) = (asset_ids(&request.asset_ids)?, request.asset.unwrap_or_default());
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            Field::CaptureTime => asset.capture_time.is_some(),
            Field::CaptureUtcOffset => asset.capture_utc_offset.is_some(),
            Field::Location => asset.location.is_some(),
            Field::Description => !asset.description.is_empty(),
            Field::Rating => asset.rating.is_some(),
            Field::Visibility => asset.visibility() != AssetVisibility::Unspecified,
        })?;
        let updated = super::update(&self.0, &actor, ids, asset.try_into()?, fields).await?;
        Ok(Response::new(UpdateAssetsResponse { assets: to_protos(updated) }))
    }

    async fn get_timeline_buckets(
        &self,
        request: Request<GetTimelineBucketsRequest>,
    ) -> Result<Response<GetTimelineBucketsResponse>, Status> {
        let (actor, request) = open(request)?;
        let unit = match request.unit() {
            UnitOption::Unspecified | UnitOption::Month => Unit::Month,
            UnitOption::Day => Unit::Day,
        };
        let filter = request.into();
        let buckets = super::get_timeline_buckets(&self.0, &actor, &filter, unit).await?;
        let buckets: Result<_> = buckets.into_iter().map(TimelineBucket::try_from).collect();
        Ok(Response::new(GetTimelineBucketsResponse { buckets: buckets? }))
    }

    async fn check_assets(
        &self,
        request: Request<CheckAssetsRequest>,
    ) -> Result<Response<CheckAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let digests: Vec<_> = request.sha256.iter().map(|digest| digest.to_vec()).collect();
        let known = super::check(&self.0, &actor, &digests).await?;
        let known_assets = known.into_iter().map(|asset| KnownAsset {
            sha256: asset.sha256.into(),
            asset_id: asset.id.to_string(),
            trashed: asset.delete_time.is_some(),
        });
        Ok(Response::new(CheckAssetsResponse { known_assets: known_assets.collect() }))
    }

    async fn trash_assets(
        &self,
        request: Request<TrashAssetsRequest>,
    ) -> Result<Response<TrashAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let trashed = super::trash(&self.0, &actor, asset_ids(&request.asset_ids)?).await?;
        Ok(Response::new(TrashAssetsResponse { assets: to_protos(trashed) }))
    }

    async fn restore_assets(
        &self,
        request: Request<RestoreAssetsRequest>,
    ) -> Result<Response<RestoreAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let restored = super::restore(&self.0, &actor, asset_ids(&request.asset_ids)?).await?;
        Ok(Response::new(RestoreAssetsResponse { assets: to_protos(restored) }))
    }

    async fn delete_assets(
        &self,
        request: Request<DeleteAssetsRequest>,
    ) -> Result<Response<DeleteAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        super::delete(&self.0, &actor, asset_ids(&request.asset_ids)?).await?;
        Ok(Response::new(DeleteAssetsResponse {}))
    }

    async fn empty_trash(
        &self,
        request: Request<EmptyTrashRequest>,
    ) -> Result<Response<EmptyTrashResponse>, Status> {
        let (actor, _) = open(request)?;
        let deleted_count = count(super::empty_trash(&self.0, &actor).await?)?;
        Ok(Response::new(EmptyTrashResponse { deleted_count }))
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

fn asset_ids(texts: &[String]) -> Result<Vec<AssetId>> {
    let mut seen = HashSet::new();
    let ids = texts.iter().map(|text| AssetId::parse(text).filter(|id| seen.insert(*id)));
    let ids: Option<_> = ids.collect();
    ids.ok_or_else(|| Error::invalid("asset_ids", "must be UUIDs, each once"))
}

fn count(number: impl TryInto<i32>) -> Result<i32> {
    number.try_into().map_err(|_| Error::internal("more assets than an i32 counts"))
}

impl TryFrom<ListAssetsRequest> for Filter {
    type Error = Error;

    fn try_from(request: ListAssetsRequest) -> Result<Self> {
        let (start, end) = (request.start_date.as_ref(), request.end_date.as_ref());
        let start = start.map(|date| days(date, "start_date")).transpose()?;
        let end = end.map(|date| days(date, "end_date")).transpose()?;
        let days = (start.is_some() || end.is_some()).then(|| {
            let first = start.map_or(Date::FIRST.day_number(), |days| *days.start());
            let last = end.map_or(Date::LAST.day_number(), |days| *days.end());
            first..=last
        });
        Ok(Self {
            album_id: AlbumId::parse(&request.album_id),
            shared_link_id: SharedLinkId::parse(&request.shared_link_id),
            kind: kind(request.kind()),
            order: order(request.order()),
            visibility: visibility(request.visibility()),
            trash: match (request.show_deleted, request.only_deleted) {
                (false, false) => Trash::Without,
                (true, false) => Trash::With,
                (_, true) => Trash::Only,
            },
            days,
        })
    }
}

impl From<GetTimelineBucketsRequest> for Filter {
    fn from(request: GetTimelineBucketsRequest) -> Self {
        Self {
            album_id: AlbumId::parse(&request.album_id),
            shared_link_id: SharedLinkId::parse(&request.shared_link_id),
            kind: kind(request.kind()),
            order: order(request.order()),
            visibility: visibility(request.visibility()),
            ..Self::default()
        }
    }
}

fn kind(kind: AssetKind) -> Option<Kind> {
    match kind {
        AssetKind::Unspecified => None,
        AssetKind::Photo => Some(Kind::Photo),
        AssetKind::Video => Some(Kind::Video),
    }
}

fn order(order: Order) -> Option<AlbumOrder> {
    match order {
        Order::Unspecified => None,
        Order::NewestFirst => Some(AlbumOrder::NewestFirst),
        Order::OldestFirst => Some(AlbumOrder::OldestFirst),
    }
}

fn visibility(visibility: AssetVisibility) -> Option<Visibility> {
    match visibility {
        AssetVisibility::Unspecified => None,
        AssetVisibility::Timeline => Some(Visibility::Timeline),
        AssetVisibility::Archived => Some(Visibility::Archived),
        AssetVisibility::Locked => Some(Visibility::Locked),
    }
}

/// The days of a date, or of a whole month.
fn days(date: &DateMessage, field: &str) -> Result<RangeInclusive<i32>> {
    let DateMessage { year, month, day } = *date;
    let date = Date { year, month, day };
    let (first, last) = date.month_days();
    match day {
        0 => Ok(first..=last),
        _ if date.day_number() <= last => Ok(date.day_number()..=date.day_number()),
        _ => Err(Error::invalid(field, "must be a date of the calendar")),
    }
}

impl TryFrom<Bucket> for TimelineBucket {
    type Error = Error;

    fn try_from(bucket: Bucket) -> Result<Self> {
        let Date { year, month, day } = bucket.date;
        let date = Some(DateMessage { year, month, day });
        Ok(Self { date, asset_count: count(bucket.count)? })
    }
}

impl TryFrom<Asset> for Values {
    type Error = Error;

    fn try_from(asset: Asset) -> Result<Self> {
        let (time, offset) = (asset.capture_time.as_ref(), asset.capture_utc_offset.as_ref());
        Ok(Self {
            capture_time: time.map(|time| Micros::parse(time, "asset.capture_time")).transpose()?,
            capture_offset_s: offset.map(offset_s).transpose()?,
            location: asset.location.map(|location| (location.latitude, location.longitude)),
            rating: asset.rating.map(i16::try_from).transpose().map_err(Error::internal)?,
            visibility: visibility(asset.visibility()).unwrap_or(Visibility::Timeline),
            description: asset.description,
        })
    }
}

fn offset_s(offset: &prost_types::Duration) -> Result<i32> {
    let is_whole = offset.nanos == 0 && (1 - DAY_S..DAY_S).contains(&offset.seconds);
    let seconds = i32::try_from(offset.seconds).ok().filter(|_| is_whole);
    seconds.ok_or_else(|| {
        Error::invalid("asset.capture_utc_offset", "must be whole seconds and less than a day")
    })
}

fn to_protos(views: Vec<AssetView>) -> Vec<Asset> {
    views.into_iter().map(Into::into).collect()
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
        let AssetView { asset, still, motion, sight, .. } = view;
        let is_hidden = sight.metadata == Metadata::Hidden;
        let kind = match asset.kind {
            Kind::Photo => AssetKind::Photo,
            Kind::Video => AssetKind::Video,
        };
        let visibility = match asset.visibility {
            _ if !sight.is_own => AssetVisibility::Unspecified,
            Visibility::Timeline => AssetVisibility::Timeline,
            Visibility::Archived => AssetVisibility::Archived,
            Visibility::Locked => AssetVisibility::Locked,
        };
        Self {
            id: asset.id.to_string(),
            owner_id: if is_hidden { String::new() } else { asset.owner_id.to_string() },
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
            location: asset
                .latitude
                .zip(asset.longitude)
                .map(|(latitude, longitude)| Location { latitude, longitude }),
            description: asset.description,
            rating: asset.rating.map(i32::from),
            visibility: visibility.into(),
            delete_time: asset.delete_time.map(Micros::timestamp),
            guest_name: asset.guest_name.unwrap_or_default(),
            offline_time: asset.offline_time.map(Micros::timestamp),
        }
    }
}

/// Seconds and nanoseconds have the same sign.
fn duration(micros: i64) -> prost_types::Duration {
    let nanos = i32::try_from(micros % 1_000_000 * 1000).unwrap_or(0);
    prost_types::Duration { seconds: micros / 1_000_000, nanos }
}
