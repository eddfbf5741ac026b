//! People who call: the same clients with different credentials.

use std::net::{IpAddr, Ipv4Addr};

use albumen::v1::activity_service_client::ActivityServiceClient;
use albumen::v1::album_service_client::AlbumServiceClient;
use albumen::v1::asset_service_client::AssetServiceClient;
use albumen::v1::audit_service_client::AuditServiceClient;
use albumen::v1::auth_service_client::AuthServiceClient;
use albumen::v1::create_export_request::Source;
use albumen::v1::export_service_client::ExportServiceClient;
use albumen::v1::folder_album_service_client::FolderAlbumServiceClient;
use albumen::v1::job_service_client::JobServiceClient;
use albumen::v1::library_service_client::LibraryServiceClient;
use albumen::v1::server_service_client::ServerServiceClient;
use albumen::v1::shared_link_service_client::SharedLinkServiceClient;
use albumen::v1::stream_upload_request::Part;
use albumen::v1::upload_service_client::UploadServiceClient;
use albumen::v1::user_service_client::UserServiceClient;
use albumen::v1::{
    Album, Asset, CreateAlbumRequest, CreateExportRequest, CreateSharedLinkRequest,
    CreateUploadRequest, Export, FinishUploadRequest, LoginRequest, OpenSharedLinkRequest,
    SessionTokens, SetUpRequest, SharedLink, StreamUploadRequest, Upload, UploadHeader, User,
};
use albumen_server::access;
use albumen_server::entity::user;
use albumen_server::id::UserId;
use albumen_server::time::Micros;
use albumen_server::transport::Peer;
use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};
use tonic::metadata::{MetadataKey, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::{Response, Status};
use tower::ServiceExt as _;

use super::{TestServer, fixtures};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Somebody who calls.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    router: Router,
    token: Option<String>,
    /// What every call carries besides.
    headers: Vec<(String, String)>,
    peer: Peer,
    pub(crate) user: User,
    pub(crate) tokens: SessionTokens,
}

/// The other end of the connection that no test has.
const PEER: Peer = Peer { address: IpAddr::V4(Ipv4Addr::LOCALHOST), is_tls: false };

pub(crate) type Transport = InterceptedService<Router, Caller>;

/// Puts the credential to every call, and what the transport would find.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    token: Option<String>,
    headers: Vec<(String, String)>,
    peer: Peer,
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
        if let Some(token) = &self.token {
            let value = MetadataValue::try_from(format!("Bearer {token}")).unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        for (name, value) in &self.headers {
            let name = MetadataKey::from_bytes(name.as_bytes()).unwrap();
            request.metadata_mut().append(name, MetadataValue::try_from(value).unwrap());
        }
        request.extensions_mut().insert(self.peer);
        Ok(request)
    }
}

impl TestServer {
    /// Somebody without a credential.
    pub(crate) fn anonymous(&self) -> Person {
        self.bearer(None)
    }

    /// Somebody with any token.
    pub(crate) fn bearer(&self, token: Option<&str>) -> Person {
        Person {
            router: self.router.clone(),
            token: token.map(str::to_owned),
            headers: Vec::new(),
            peer: PEER,
            user: User::default(),
            tokens: SessionTokens::default(),
        }
    }

    /// Somebody without a credential, from a network.
    pub(crate) fn from(&self, address: [u8; 4]) -> Person {
        Person { peer: Peer { address: address.into(), is_tls: false }, ..self.anonymous() }
    }

    /// A browser with cookies.
    pub(crate) fn with_cookie(&self, cookie: &str) -> Person {
        self.with_headers(&[("cookie", cookie)])
    }

    /// Somebody whose calls carry headers.
    pub(crate) fn with_headers(&self, headers: &[(&str, &str)]) -> Person {
        let owned = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Person { headers: owned.collect(), ..self.anonymous() }
    }

    /// The first user, an administrator.
    pub(crate) async fn admin(&self) -> Person {
        let request = SetUpRequest {
            setup_token: self.setup_token().await,
            email: "admin@example.org".to_owned(),
            password: PASSWORD.to_owned(),
            display_name: "admin".to_owned(),
            ..SetUpRequest::default()
        };
        let answer = self.anonymous().auth().set_up(request).await.unwrap().into_inner();
        self.signed_in(answer.user.unwrap(), answer.tokens.unwrap())
    }

    /// A user who has signed in. Their row is as `CreateUser` makes it, without the slow hash of
    /// one more password.
    pub(crate) async fn user(&self, name: &str) -> Person {
        if !access::has_users(self.app.database.reader()).await.unwrap() {
            self.admin().await;
        }
        let reader = self.app.database.reader();
        let admin = access::user_by_email(reader, "admin@example.org").await.unwrap().unwrap();
        let email = format!("{name}@example.org");
        let mut row = admin.into_active_model();
        row.id = Set(UserId::generate());
        row.folded_email = Set(user::fold(&email));
        row.email = Set(email.clone());
        row.display_name = Set(name.to_owned());
        row.is_admin = Set(false);
        row.quota_bytes = Set(self.app.config.default_quota_bytes);
        row.used_bytes = Set(0);
        row.create_time = Set(Micros(self.now_us()));
        let insert =
            self.app.transact(|transaction| async move { Ok(row.insert(&*transaction).await?) });
        insert.await.unwrap();
        self.login(&email).await
    }

    /// A new session of a user.
    pub(crate) async fn login(&self, email: &str) -> Person {
        let request = LoginRequest {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            device_name: "test".to_owned(),
            ..LoginRequest::default()
        };
        let answer = self.anonymous().auth().login(request).await.unwrap().into_inner();
        self.signed_in(answer.user.unwrap(), answer.tokens.unwrap())
    }

    /// A guest who has opened a link.
    pub(crate) async fn guest(&self, link: &SharedLink, password: &str) -> Person {
        let request = OpenSharedLinkRequest {
            key_or_slug: address(link).to_owned(),
            password: password.to_owned(),
            ..OpenSharedLinkRequest::default()
        };
        let answer = self.anonymous().links().open_shared_link(request).await.unwrap();
        self.bearer(Some(&answer.into_inner().access_token))
    }

    fn signed_in(&self, user: User, tokens: SessionTokens) -> Person {
        let token = Some(tokens.access_token.clone());
        Person { token, user, tokens, ..self.anonymous() }
    }
}

/// What stands behind `/share/` in a link's address.
pub(crate) fn address(link: &SharedLink) -> &str {
    link.url.rsplit_once("/share/").unwrap().1
}

macro_rules! clients {
    ($($name:ident: $client:ident),* $(,)?) => {$(
        pub(crate) fn $name(&self) -> $client<Transport> {
            $client::new(self.transport()).max_decoding_message_size(8 << 20)
        }
    )*};
}

impl Person {
    clients! {
        server: ServerServiceClient,
        audit: AuditServiceClient,
        jobs: JobServiceClient,
        auth: AuthServiceClient,
        users: UserServiceClient,
        uploads: UploadServiceClient,
        activities: ActivityServiceClient,
        assets: AssetServiceClient,
        albums: AlbumServiceClient,
        links: SharedLinkServiceClient,
        exports: ExportServiceClient,
        folder_albums: FolderAlbumServiceClient,
        libraries: LibraryServiceClient,
    }

    fn transport(&self) -> Transport {
        let caller =
            Caller { token: self.token.clone(), headers: self.headers.clone(), peer: self.peer };
        InterceptedService::new(self.router.clone(), caller)
    }

    /// The same person at another server.
    pub(crate) fn at(&self, server: &TestServer) -> Self {
        Self { router: server.router.clone(), ..self.clone() }
    }

    /// Takes another access token from here on.
    pub(crate) fn set_token(&mut self, token: &str) {
        self.token = Some(token.to_owned());
    }

    /// Starts an upload.
    pub(crate) async fn create_upload(&self, name: &str, size: usize) -> Upload {
        let upload = Upload {
            file_name: name.to_owned(),
            size_bytes: size.try_into().unwrap(),
            ..Upload::default()
        };
        let request = CreateUploadRequest { upload: Some(upload), ..Default::default() };
        self.uploads().create_upload(request).await.unwrap().into_inner()
    }

    /// Streams bytes to an upload, in chunks of 64 KiB.
    pub(crate) async fn stream(
        &self,
        id: &str,
        offset: usize,
        bytes: &[u8],
    ) -> Result<i64, Status> {
        let header = UploadHeader { upload_id: id.to_owned(), offset: offset.try_into().unwrap() };
        let chunks = bytes.chunks(65_536).map(|chunk| Part::Chunk(chunk.to_vec().into()));
        let parts: Vec<_> = std::iter::once(Part::Header(header)).chain(chunks).collect();
        let messages = parts.into_iter().map(|part| StreamUploadRequest { part: Some(part) });
        let stream = futures::stream::iter(messages);
        let answer = self.uploads().stream_upload(stream).await?;
        Ok(answer.into_inner().committed_size_bytes)
    }

    pub(crate) async fn finish(&self, id: &str) -> Result<Asset, Status> {
        let request = FinishUploadRequest { upload_id: id.to_owned() };
        let answer = self.uploads().finish_upload(request).await?;
        Ok(answer.into_inner().asset.unwrap())
    }

    /// Uploads a file from start to end.
    pub(crate) async fn upload(&self, name: &str, bytes: &[u8]) -> Asset {
        let upload = self.create_upload(name, bytes.len()).await;
        self.stream(&upload.id, 0, bytes).await.unwrap();
        self.finish(&upload.id).await.unwrap()
    }

    /// Uploads the small photos with these numbers.
    pub(crate) async fn photos(&self, numbers: std::ops::Range<u32>) -> Vec<Asset> {
        let mut assets = Vec::new();
        for number in numbers {
            let name = format!("{number}.jpg");
            assets.push(self.upload(&name, &fixtures::photo(number)).await);
        }
        assets
    }

    pub(crate) async fn album(&self, name: &str, assets: &[Asset]) -> Album {
        let album = Album { display_name: name.to_owned(), ..Album::default() };
        let request = CreateAlbumRequest {
            album: Some(album),
            asset_ids: ids(assets),
            ..CreateAlbumRequest::default()
        };
        self.albums().create_album(request).await.unwrap().into_inner()
    }

    /// Makes a link to an album, with the options that are set in `link`.
    pub(crate) async fn link(&self, album: &Album, link: SharedLink) -> SharedLink {
        let link = SharedLink { album_id: album.id.clone(), ..link };
        let request = CreateSharedLinkRequest { shared_link: Some(link), ..Default::default() };
        self.links().create_shared_link(request).await.unwrap().into_inner()
    }

    /// Makes a link to a list of assets, with the options that are set in `link`.
    pub(crate) async fn list_link(&self, assets: &[Asset], link: SharedLink) -> SharedLink {
        let request = CreateSharedLinkRequest {
            shared_link: Some(link),
            asset_ids: ids(assets),
            ..Default::default()
        };
        self.links().create_shared_link(request).await.unwrap().into_inner()
    }

    pub(crate) async fn export(&self, album: &Album) -> Result<Export, Status> {
        let source = Some(Source::AlbumId(album.id.clone()));
        let request = CreateExportRequest { source, ..Default::default() };
        self.exports().create_export(request).await.map(Response::into_inner)
    }

    /// Sends a request with the credential, unless it has one.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> http::Response<Body> {
        request.extensions_mut().insert(self.peer);
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().entry("authorization").or_insert(value);
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends an HTTP request with the credential; the body comes whole, or with the error that cut
    /// it short.
    pub(crate) async fn http(
        &self,
        request: http::request::Builder,
    ) -> (StatusCode, http::HeaderMap, Result<Vec<u8>, String>) {
        let response = self.send(request.body(Body::empty()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string());
        (parts.status, parts.headers, body.map(|body| body.to_bytes().to_vec()))
    }

    pub(crate) async fn get(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, http::HeaderMap, Vec<u8>) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (status, headers, body) = self.http(request).await;
        (status, headers, body.unwrap())
    }
}

pub(crate) fn ids(assets: &[Asset]) -> Vec<String> {
    assets.iter().map(|asset| asset.id.clone()).collect()
}
