//! `SharedLinkService`.

use std::collections::HashSet;

use albumen::v1::shared_link_service_server::SharedLinkService;
use albumen::v1::{
    AddSharedLinkAssetsRequest, AddSharedLinkAssetsResponse, CreateSharedLinkRequest,
    DeleteSharedLinkRequest, GetOpenedLinkRequest, GetSharedLinkRequest, GetSharedLinkStatsRequest,
    GetSharingPolicyRequest, ListAllSharedLinksRequest, ListAllSharedLinksResponse,
    ListSharedLinksRequest, ListSharedLinksResponse, OpenSharedLinkRequest, OpenSharedLinkResponse,
    OpenedLink, RemoveSharedLinkAssetsRequest, RemoveSharedLinkAssetsResponse, SharedLink,
    SharedLinkKind, SharedLinkState, SharedLinkStats, SharedLinkViolation, SharingPolicy,
    UpdateSharedLinkRequest, UpdateSharingPolicyRequest,
};
use tonic::{Request, Response, Status};

use super::open::rpc::{album_id, kind, opened_to_proto};
use super::options::rpc::{activity, is_populated, metadata, quality};
use super::{Filter, LinkView, PolicyField, State, Target, Violation, base, title};
use crate::access::{Client, open};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, SharedLinkId, UserId};
use crate::mask;
use crate::page::{Page, SIZES};
use crate::time::Micros;

/// The gRPC face of shared links.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl SharedLinkService for Rpc {
    async fn get_shared_link(
        &self,
        request: Request<GetSharedLinkRequest>,
    ) -> Result<Response<SharedLink>, Status> {
        let base = base(&self.0, request.extensions());
        let (actor, request) = open(request)?;
        let link = super::get(&self.0, &actor, link_id(&request.shared_link_id)?).await?;
        Ok(Response::new(to_proto(link, &base)))
    }

    async fn list_shared_links(
        &self,
        request: Request<ListSharedLinksRequest>,
    ) -> Result<Response<ListSharedLinksResponse>, Status> {
        let base = base(&self.0, request.extensions());
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let filter = Filter {
            album_id: AlbumId::parse(&request.album_id),
            state: state(request.state()),
            is_list: is_list(request.kind()),
            ..Filter::default()
        };
        let paged = super::list(&self.0, &actor, &filter, &page).await?;
        Ok(Response::new(ListSharedLinksResponse {
            shared_links: paged.rows.into_iter().map(|link| to_proto(link, &base)).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn list_all_shared_links(
        &self,
        request: Request<ListAllSharedLinksRequest>,
    ) -> Result<Response<ListAllSharedLinksResponse>, Status> {
        let (_, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let filter = Filter {
            creator_id: UserId::parse(&request.creator_id),
            state: state(request.state()),
            is_list: is_list(request.kind()),
            only_violating: request.only_violating,
            ..Filter::default()
        };
        let paged = super::list_all(&self.0, &filter, &page).await?;
        Ok(Response::new(ListAllSharedLinksResponse {
            shared_links: paged.rows.into_iter().map(|link| to_proto(link, "")).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn create_shared_link(
        &self,
        request: Request<CreateSharedLinkRequest>,
    ) -> Result<Response<SharedLink>, Status> {
        let base = base(&self.0, request.extensions());
        let (actor, request) = open(request)?;
        let id = SharedLinkId::parse(&request.request_id);
        let link = request.shared_link.unwrap_or_default();
        let target = target(&link.album_id, &request.asset_ids)?;
        let link = super::create(&self.0, &actor, id, target, link.try_into()?).await?;
        Ok(Response::new(to_proto(link, &base)))
    }

    async fn update_shared_link(
        &self,
        request: Request<UpdateSharedLinkRequest>,
    ) -> Result<Response<SharedLink>, Status> {
        let base = base(&self.0, request.extensions());
        let (actor, request) = open(request)?;
        let id = link_id(&request.shared_link_id)?;
        let link = request.shared_link.unwrap_or_default();
        let is_set = |field| is_populated(&link, field);
        let fields = mask::parse(request.update_mask.as_ref(), is_set)?;
        let link = super::update(&self.0, &actor, id, link.try_into()?, fields).await?;
        Ok(Response::new(to_proto(link, &base)))
    }

    async fn delete_shared_link(
        &self,
        request: Request<DeleteSharedLinkRequest>,
    ) -> Result<Response<SharedLink>, Status> {
        let base = base(&self.0, request.extensions());
        let (actor, request) = open(request)?;
        let link = super::delete(&self.0, &actor, link_id(&request.shared_link_id)?).await?;
        Ok(Response::new(to_proto(link, &base)))
    }

    async fn add_shared_link_assets(
        &self,
        request: Request<AddSharedLinkAssetsRequest>,
    ) -> Result<Response<AddSharedLinkAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, assets) = (link_id(&request.shared_link_id)?, asset_ids(&request.asset_ids)?);
        let added = super::add_assets(&self.0, &actor, id, assets).await?;
        Ok(Response::new(AddSharedLinkAssetsResponse {
            added_count: count(added.added_count)?,
            existing_asset_ids: added.existing.iter().map(ToString::to_string).collect(),
        }))
    }

    async fn remove_shared_link_assets(
        &self,
        request: Request<RemoveSharedLinkAssetsRequest>,
    ) -> Result<Response<RemoveSharedLinkAssetsResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, assets) = (link_id(&request.shared_link_id)?, asset_ids(&request.asset_ids)?);
        let removed = super::remove_assets(&self.0, &actor, id, assets).await?;
        Ok(Response::new(RemoveSharedLinkAssetsResponse { removed_count: count(removed)? }))
    }

    async fn get_shared_link_stats(
        &self,
        request: Request<GetSharedLinkStatsRequest>,
    ) -> Result<Response<SharedLinkStats>, Status> {
        let (actor, request) = open(request)?;
        let link = super::get_stats(&self.0, &actor, link_id(&request.shared_link_id)?).await?;
        Ok(Response::new(SharedLinkStats {
            shared_link_id: link.id.to_string(),
            open_count: link.open_count,
            visitor_count: link.visitor_count,
            download_count: link.download_count,
            uploaded_count: link.uploaded_count,
            uploaded_bytes: link.uploaded_bytes,
            last_use_time: link.last_use_time.map(Micros::timestamp),
        }))
    }

    async fn get_sharing_policy(
        &self,
        request: Request<GetSharingPolicyRequest>,
    ) -> Result<Response<SharingPolicy>, Status> {
        open(request)?;
        Ok(Response::new(super::get_sharing_policy(&self.0).await?.into()))
    }

    async fn update_sharing_policy(
        &self,
        request: Request<UpdateSharingPolicyRequest>,
    ) -> Result<Response<SharingPolicy>, Status> {
        let (actor, request) = open(request)?;
        let policy = request.sharing_policy.unwrap_or_default();
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            PolicyField::AllowLinks => policy.allow_links.is_some(),
            PolicyField::RequireLinkPassword => policy.require_link_password.is_some(),
            PolicyField::MaxLinkLifetime => policy.max_link_lifetime.is_some(),
        })?;
        let values = policy.try_into()?;
        let policy = super::update_sharing_policy(&self.0, &actor, values, fields).await?;
        Ok(Response::new(policy.into()))
    }

    async fn open_shared_link(
        &self,
        request: Request<OpenSharedLinkRequest>,
    ) -> Result<Response<OpenSharedLinkResponse>, Status> {
        let client = Client::of(&request);
        let (_, request) = open(request)?;
        let (address, password) = (&request.key_or_slug, &request.password);
        let opened = super::open(&self.0, &client, address, password).await?;
        let cookie = request.use_cookies.then(|| opened.cookie(self.0.now()));
        let mut response = Response::new(OpenSharedLinkResponse {
            link: Some(opened_to_proto(&opened.link, &opened.album)),
            access_token: opened.token.token,
            access_expire_time: Some(opened.token.expire_time.timestamp()),
        });
        if let Some(cookie) = cookie {
            client.set_cookies(&mut response, &[cookie])?;
        }
        Ok(response)
    }

    async fn get_opened_link(
        &self,
        request: Request<GetOpenedLinkRequest>,
    ) -> Result<Response<OpenedLink>, Status> {
        let (actor, request) = open(request)?;
        let id = SharedLinkId::parse(&request.shared_link_id);
        let (link, album) = super::get_opened(&self.0, &actor, id).await?;
        Ok(Response::new(opened_to_proto(&link, &album)))
    }
}

fn link_id(text: &str) -> Result<SharedLinkId> {
    SharedLinkId::parse(text).ok_or_else(|| Error::invalid("shared_link_id", "must be a UUID"))
}

fn asset_ids(texts: &[String]) -> Result<Vec<AssetId>> {
    let mut seen = HashSet::new();
    let ids = texts.iter().map(|text| AssetId::parse(text).filter(|id| seen.insert(*id)));
    let ids: Option<_> = ids.collect();
    ids.ok_or_else(|| Error::invalid("asset_ids", "must be UUIDs, each once"))
}

fn count(number: usize) -> Result<i32> {
    i32::try_from(number).map_err(Error::internal)
}

fn target(album_id: &str, assets: &[String]) -> Result<Target> {
    match (AlbumId::parse(album_id), assets.is_empty()) {
        (Some(_), false) => {
            Err(Error::invalid("asset_ids", "must not be set with shared_link.album_id"))
        }
        (Some(album_id), true) => Ok(Target::Album(album_id)),
        (None, false) => Ok(Target::List(asset_ids(assets)?)),
        (None, true) => {
            Err(Error::invalid("shared_link.album_id", "must be set, unless asset_ids is"))
        }
    }
}

fn state(state: SharedLinkState) -> Option<State> {
    match state {
        SharedLinkState::Unspecified => None,
        SharedLinkState::Live => Some(State::Live),
        SharedLinkState::Expired => Some(State::Expired),
        SharedLinkState::Revoked => Some(State::Revoked),
    }
}

fn is_list(kind: SharedLinkKind) -> Option<bool> {
    match kind {
        SharedLinkKind::Unspecified => None,
        SharedLinkKind::Album => Some(false),
        SharedLinkKind::List => Some(true),
    }
}

fn to_proto(view: LinkView, base: &str) -> SharedLink {
    let LinkView { link, album, address, state, violations, is_seen } = view;
    let proto = SharedLink {
        id: link.id.to_string(),
        album_id: album_id(&album),
        title: title(&link, &album),
        description: link.description,
        slug: link.slug.unwrap_or_default(),
        password: String::new(),
        expire_time: link.expire_time.map(Micros::timestamp),
        allow_download: Some(link.allow_download),
        url: if address.is_empty() { address } else { format!("{base}/share/{address}") },
        has_password: link.password_hash.is_some(),
        state: state_to_proto(state).into(),
        creator_id: link.creator_id.to_string(),
        album_display_name: album.display_name.clone(),
        asset_count: album.asset_count,
        create_time: Some(link.create_time.timestamp()),
        update_time: Some(link.update_time.timestamp()),
        kind: kind(&album).into(),
        metadata: metadata(link.metadata).into(),
        quality: quality(link.quality).into(),
        guest_activity: activity(link.guest_activity).into(),
        allow_upload: Some(link.allow_upload),
        allow_undo: Some(link.allow_undo),
        max_upload_bytes: link.max_upload_bytes,
        max_upload_count: link.max_upload_count,
        uploaded_bytes: link.uploaded_bytes,
        uploaded_count: link.uploaded_count,
        cover_asset_id: album.cover_asset_id.map(|id| id.to_string()).unwrap_or_default(),
        violations: violations
            .into_iter()
            .map(|violation| violation_to_proto(violation).into())
            .collect(),
    };
    if is_seen { proto } else { without_content(proto) }
}

/// Without what opens the link and what tells of its content.
fn without_content(link: SharedLink) -> SharedLink {
    SharedLink {
        album_id: String::new(),
        description: String::new(),
        slug: String::new(),
        url: String::new(),
        album_display_name: String::new(),
        cover_asset_id: String::new(),
        title: String::new(),
        ..link
    }
}

fn state_to_proto(state: State) -> SharedLinkState {
    match state {
        State::Live => SharedLinkState::Live,
        State::Expired => SharedLinkState::Expired,
        State::Revoked => SharedLinkState::Revoked,
    }
}

fn violation_to_proto(violation: Violation) -> SharedLinkViolation {
    match violation {
        Violation::LinksForbidden => SharedLinkViolation::LinksForbidden,
        Violation::PasswordMissing => SharedLinkViolation::PasswordMissing,
        Violation::LifetimeTooLong => SharedLinkViolation::LifetimeTooLong,
    }
}
