//! `ActivityService`.

use std::collections::HashSet;

use albumen::v1::activity_service_server::ActivityService;
use albumen::v1::list_activities_request::Order;
use albumen::v1::{
    Activity, ActivityCounts, ActivityKind, AssetActivityCounts, CreateCommentRequest,
    DeleteCommentRequest, DeleteCommentResponse, GetActivityCountsRequest, ListActivitiesRequest,
    ListActivitiesResponse, SetLikeRequest, SetLikeResponse,
};
use tonic::{Request, Response, Status};

use super::{ActivityView, Counts, Filter, Place};
use crate::access::open;
use crate::app::App;
use crate::entity::activity::Kind;
use crate::error::{Error, Result};
use crate::id::{ActivityId, AlbumId, AssetId, UserId};
use crate::page::{Page, SIZES};
use crate::text;

/// The gRPC face of comments and likes.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl ActivityService for Rpc {
    async fn list_activities(
        &self,
        request: Request<ListActivitiesRequest>,
    ) -> Result<Response<ListActivitiesResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let paged = super::list(&self.0, &actor, &request.try_into()?, &page).await?;
        Ok(Response::new(ListActivitiesResponse {
            activities: paged.rows.into_iter().map(Into::into).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn create_comment(
        &self,
        request: Request<CreateCommentRequest>,
    ) -> Result<Response<Activity>, Status> {
        let (actor, request) = open(request)?;
        let id = ActivityId::parse(&request.request_id);
        let place = place(&request.album_id, &request.asset_id, &request.guest_name)?;
        let comment = super::create_comment(&self.0, &actor, id, place, &request.text).await?;
        Ok(Response::new(comment.into()))
    }

    async fn delete_comment(
        &self,
        request: Request<DeleteCommentRequest>,
    ) -> Result<Response<DeleteCommentResponse>, Status> {
        let (actor, request) = open(request)?;
        let id = ActivityId::parse(&request.activity_id)
            .ok_or_else(|| Error::invalid("activity_id", "must be a UUID"))?;
        super::delete_comment(&self.0, &actor, id).await?;
        Ok(Response::new(DeleteCommentResponse {}))
    }

    async fn set_like(
        &self,
        request: Request<SetLikeRequest>,
    ) -> Result<Response<SetLikeResponse>, Status> {
        let (actor, request) = open(request)?;
        let place = place(&request.album_id, &request.asset_id, &request.guest_name)?;
        let like = super::set_like(&self.0, &actor, place, request.liked).await?;
        Ok(Response::new(SetLikeResponse { like: like.map(Into::into) }))
    }

    async fn get_activity_counts(
        &self,
        request: Request<GetActivityCountsRequest>,
    ) -> Result<Response<ActivityCounts>, Status> {
        let (actor, request) = open(request)?;
        let (id, assets) = (album_id(&request.album_id)?, asset_ids(&request.asset_ids)?);
        let counts = super::get_counts(&self.0, &actor, id, assets).await?;
        Ok(Response::new(counts.try_into()?))
    }
}

fn album_id(text: &str) -> Result<AlbumId> {
    AlbumId::parse(text).ok_or_else(|| Error::invalid("album_id", "must be a UUID"))
}

fn asset_ids(texts: &[String]) -> Result<Vec<AssetId>> {
    let mut seen = HashSet::new();
    let ids = texts.iter().map(|text| AssetId::parse(text).filter(|id| seen.insert(*id)));
    let ids: Option<_> = ids.collect();
    ids.ok_or_else(|| Error::invalid("asset_ids", "must be UUIDs, each once"))
}

fn place(album: &str, asset: &str, guest_name: &str) -> Result<Place> {
    Ok(Place {
        album_id: album_id(album)?,
        asset_id: AssetId::parse(asset),
        guest_name: text::guest_name(guest_name, "guest_name")?,
    })
}

impl TryFrom<ListActivitiesRequest> for Filter {
    type Error = Error;

    fn try_from(request: ListActivitiesRequest) -> Result<Self> {
        Ok(Self {
            album_id: album_id(&request.album_id)?,
            asset_id: AssetId::parse(&request.asset_id),
            kind: match request.kind() {
                ActivityKind::Unspecified => None,
                ActivityKind::Comment => Some(Kind::Comment),
                ActivityKind::Like => Some(Kind::Like),
            },
            user_id: UserId::parse(&request.user_id),
            is_oldest_first: match request.order() {
                Order::Unspecified | Order::NewestFirst => false,
                Order::OldestFirst => true,
            },
        })
    }
}

impl From<ActivityView> for Activity {
    fn from(view: ActivityView) -> Self {
        let activity = view.activity;
        let kind = match activity.kind {
            Kind::Comment => ActivityKind::Comment,
            Kind::Like => ActivityKind::Like,
        };
        Self {
            id: activity.id.to_string(),
            album_id: activity.album_id.to_string(),
            asset_id: activity.asset_id.map(|id| id.to_string()).unwrap_or_default(),
            kind: kind.into(),
            text: activity.text,
            user_id: view.user_id.map(|id| id.to_string()).unwrap_or_default(),
            author_display_name: view.author_display_name,
            guest: activity.visitor_id.is_some(),
            create_time: Some(activity.create_time.timestamp()),
            deletable: view.is_deletable,
        }
    }
}

impl TryFrom<Counts> for ActivityCounts {
    type Error = Error;

    fn try_from(counts: Counts) -> Result<Self> {
        let assets = counts.assets.into_iter().map(|asset| {
            Ok(AssetActivityCounts {
                asset_id: asset.asset_id.to_string(),
                comment_count: number(asset.comments)?,
                like_count: number(asset.likes)?,
                liked: asset.is_liked,
            })
        });
        Ok(Self {
            comment_count: number(counts.comments)?,
            like_count: number(counts.likes)?,
            liked: counts.is_liked,
            assets: assets.collect::<Result<_>>()?,
        })
    }
}

fn number(count: i64) -> Result<i32> {
    i32::try_from(count).map_err(Error::internal)
}
