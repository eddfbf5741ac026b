//! `SharedLinkService`.

use albumen::v1::shared_link_service_server::SharedLinkService;
use albumen::v1::{
    CreateSharedLinkRequest, DeleteSharedLinkRequest, GetSharedLinkRequest, ListSharedLinksRequest,
    ListSharedLinksResponse, OpenSharedLinkRequest, OpenSharedLinkResponse, OpenedLink, SharedLink,
    SharedLinkState, UpdateSharedLinkRequest,
};
use tonic::{Extensions, Request, Response, Status};

use super::{Field, LinkView, Opened, State, Values};
use crate::access::{Client, Host, IsSecure, open};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{AlbumId, SharedLinkId};
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
        let (album_id, state) = (AlbumId::parse(&request.album_id), state(request.state()));
        let paged = super::list(&self.0, &actor, album_id, state, &page).await?;
        Ok(Response::new(ListSharedLinksResponse {
            shared_links: paged.rows.into_iter().map(|link| to_proto(link, &base)).collect(),
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
        let album_id = AlbumId::parse(&link.album_id)
            .ok_or_else(|| Error::invalid("shared_link.album_id", "must be set"))?;
        let link = super::create(&self.0, &actor, id, album_id, link.try_into()?).await?;
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
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            Field::Description => !link.description.is_empty(),
            Field::Slug => !link.slug.is_empty(),
            Field::Password => !link.password.is_empty(),
            Field::ExpireTime => link.expire_time.is_some(),
            Field::AllowDownload => link.allow_download.is_some(),
        })?;
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

    async fn open_shared_link(
        &self,
        request: Request<OpenSharedLinkRequest>,
    ) -> Result<Response<OpenSharedLinkResponse>, Status> {
        let client = Client::of(&request);
        let (_, request) = open(request)?;
        let (address, password) = (&request.key_or_slug, &request.password);
        let opened = super::open(&self.0, &client, address, password).await?;
        let cookie = request.use_cookies.then(|| opened.cookie(self.0.now()));
        let mut response = Response::new(opened.into());
        if let Some(cookie) = cookie {
            client.set_cookies(&mut response, &[cookie])?;
        }
        Ok(response)
    }
}

impl From<Opened> for OpenSharedLinkResponse {
    fn from(opened: Opened) -> Self {
        let Opened { link, album, token } = opened;
        let description =
            if link.description.is_empty() { album.description } else { link.description };
        let link = OpenedLink {
            album_id: album.id.to_string(),
            display_name: album.display_name,
            description,
            asset_count: album.asset_count,
            allow_download: link.allow_download,
            expire_time: link.expire_time.map(Micros::timestamp),
        };
        Self {
            link: Some(link),
            access_token: token.token,
            access_expire_time: Some(token.expire_time.timestamp()),
        }
    }
}

fn link_id(text: &str) -> Result<SharedLinkId> {
    SharedLinkId::parse(text).ok_or_else(|| Error::invalid("shared_link_id", "must be a UUID"))
}

fn state(state: SharedLinkState) -> Option<State> {
    match state {
        SharedLinkState::Unspecified => None,
        SharedLinkState::Live => Some(State::Live),
        SharedLinkState::Expired => Some(State::Expired),
        SharedLinkState::Revoked => Some(State::Revoked),
    }
}

/// The configured public address, else the host by which the client came.
fn base(app: &App, extensions: &Extensions) -> String {
    if let Some(url) = &app.config.public_url {
        return url.clone();
    }
    let scheme = if IsSecure::of_call(extensions).0 { "https" } else { "http" };
    let host = extensions.get::<Host>().map_or("localhost", |host| host.0.as_str());
    format!("{scheme}://{host}")
}

impl TryFrom<SharedLink> for Values {
    type Error = Error;

    fn try_from(link: SharedLink) -> Result<Self> {
        let expire_time = link.expire_time.as_ref();
        Ok(Self {
            expire_time: expire_time
                .map(|time| Micros::parse(time, "shared_link.expire_time"))
                .transpose()?,
            allow_download: link.allow_download,
            description: link.description,
            slug: Some(link.slug).filter(|slug| !slug.is_empty()),
            password: Some(link.password).filter(|password| !password.is_empty()),
        })
    }
}

fn to_proto(view: LinkView, base: &str) -> SharedLink {
    let LinkView { link, album, address, state } = view;
    let state = match state {
        State::Live => SharedLinkState::Live,
        State::Expired => SharedLinkState::Expired,
        State::Revoked => SharedLinkState::Revoked,
    };
    SharedLink {
        id: link.id.to_string(),
        album_id: album.id.to_string(),
        description: link.description,
        slug: link.slug.unwrap_or_default(),
        password: String::new(),
        expire_time: link.expire_time.map(Micros::timestamp),
        allow_download: Some(link.allow_download),
        url: if address.is_empty() { address } else { format!("{base}/share/{address}") },
        has_password: link.password_hash.is_some(),
        state: state.into(),
        creator_id: link.creator_id.to_string(),
        album_display_name: album.display_name,
        asset_count: album.asset_count,
        create_time: Some(link.create_time.timestamp()),
        update_time: Some(link.update_time.timestamp()),
    }
}
