#![doc = include_str!("../README.md")]

mod download;
mod error;
mod export;
mod pages;
mod session;
mod upload;

pub use albumen::v1;
pub use download::Saved;
pub use error::{Error, Result, retry};
pub use session::{Credential, Transport};
pub use tonic::Code;
pub use tonic_types::FieldViolation;
pub use upload::{UploadOptions, Uploaded};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use albumen::v1::activity_service_client::ActivityServiceClient;
use albumen::v1::album_service_client::AlbumServiceClient;
use albumen::v1::asset_service_client::AssetServiceClient;
use albumen::v1::auth_service_client::AuthServiceClient;
use albumen::v1::export_service_client::ExportServiceClient;
use albumen::v1::folder_album_service_client::FolderAlbumServiceClient;
use albumen::v1::library_service_client::LibraryServiceClient;
use albumen::v1::server_service_client::ServerServiceClient;
use albumen::v1::shared_link_service_client::SharedLinkServiceClient;
use albumen::v1::upload_service_client::UploadServiceClient;
use albumen::v1::user_service_client::UserServiceClient;
use albumen::v1::{
    LoginRequest, LogoutRequest, OpenSharedLinkRequest, OpenedLink, SessionTokens, SetUpRequest,
    User,
};
use session::Session;
use tonic::transport::{ClientTlsConfig, Endpoint};

const MIB: u32 = 1 << 20;
/// A page of a thousand assets with the longest names stays below this.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// A connection to a server, and who is calling.
///
/// Clones are cheap; they share the connection and the credential, so that signing in one clone
/// signs in all of them.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// Connects to the server at an `http` or `https` address without a path, as in
    /// `http://127.0.0.1:8420`, as nobody. Later interruptions are mended by themselves.
    ///
    /// Fails with [`Error::Connect`].
    pub async fn connect(url: &str) -> Result<Self> {
        let channel = endpoint(url)?.connect().await?;
        Ok(Self { transport: Transport { channel, session: Arc::default() } })
    }

    /// The same connection with a credential of its own.
    #[must_use]
    pub fn with_credential(&self, credential: Credential) -> Self {
        let session = Arc::new(Session::new(credential));
        Self { transport: Transport { channel: self.transport.channel.clone(), session } }
    }

    /// The same connection with a bearer token of its own, which is not renewed.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        self.with_credential(Credential::Bearer(token.into()))
    }

    /// The current credential, to be kept for [`Client::with_credential`] of a later run.
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.transport.session.credential()
    }

    /// Creates the server's first user and signs in.
    ///
    /// Gives the user. Fails with `SETUP_TOKEN_WRONG` and `ALREADY_SET_UP`.
    pub async fn set_up(&self, request: SetUpRequest) -> Result<User> {
        let answer = self.anonymous().auth().set_up(request).await?.into_inner();
        self.signed_in(answer.user, answer.tokens)
    }

    /// Signs in with e-mail and password; `device` names this device in the list of sessions.
    ///
    /// Gives the user. Fails with `LOGIN_FAILED`.
    pub async fn login(&self, email: &str, password: &str, device: &str) -> Result<User> {
        let request = LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            device_name: device.to_owned(),
            use_cookies: false,
        };
        let answer = self.anonymous().auth().login(request).await?.into_inner();
        self.signed_in(answer.user, answer.tokens)
    }

    /// Ends the session on the server and forgets its tokens.
    pub async fn logout(&self) -> Result<()> {
        self.auth().logout(LogoutRequest {}).await?;
        self.transport.session.set(Credential::Anonymous);
        Ok(())
    }

    /// Renews the session's tokens now; calls do so by themselves in the last 30 seconds of an
    /// access token. Does nothing without a session.
    pub async fn refresh(&self) -> Result<()> {
        self.transport.session.renew(&self.transport.channel, None).await
    }

    /// Opens a shared link as a guest. `link` is its address, key or slug; `password` is empty for a
    /// link without one.
    ///
    /// Gives a client with the guest's credential, and what the link shows. Fails with
    /// `RESOURCE_NOT_FOUND`, `LINK_PASSWORD_REQUIRED` and `LINK_PASSWORD_WRONG`.
    pub async fn open_link(&self, link: &str, password: &str) -> Result<(Self, OpenedLink)> {
        let key_or_slug = link.rsplit_once("/share/").map_or(link, |(_, key)| key);
        let request = OpenSharedLinkRequest {
            key_or_slug: key_or_slug.to_owned(),
            password: password.to_owned(),
            use_cookies: false,
        };
        let mut links = self.anonymous().shared_links();
        let answer = links.open_shared_link(request).await?.into_inner();
        let link = answer.link.ok_or(Error::Answer("no link"))?;
        Ok((self.with_token(answer.access_token), link))
    }

    /// The comments and likes, by plain calls.
    #[must_use]
    pub fn activities(&self) -> ActivityServiceClient<Transport> {
        ActivityServiceClient::new(self.transport.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The albums, by plain calls.
    #[must_use]
    pub fn albums(&self) -> AlbumServiceClient<Transport> {
        AlbumServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The photos and videos, by plain calls.
    #[must_use]
    pub fn assets(&self) -> AssetServiceClient<Transport> {
        AssetServiceClient::new(self.transport.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// Signing in and out, by plain calls: they leave the client's credential as it is.
    #[must_use]
    pub fn auth(&self) -> AuthServiceClient<Transport> {
        AuthServiceClient::new(self.transport.clone())
    }

    /// The albums from folders, by plain calls.
    #[must_use]
    pub fn folder_albums(&self) -> FolderAlbumServiceClient<Transport> {
        FolderAlbumServiceClient::new(self.transport.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The zip archives, by plain calls.
    #[must_use]
    pub fn exports(&self) -> ExportServiceClient<Transport> {
        ExportServiceClient::new(self.transport.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The libraries of folders on the server, by plain calls.
    #[must_use]
    pub fn libraries(&self) -> LibraryServiceClient<Transport> {
        LibraryServiceClient::new(self.transport.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The server itself, by plain calls.
    #[must_use]
    pub fn server(&self) -> ServerServiceClient<Transport> {
        ServerServiceClient::new(self.transport.clone())
    }

    /// The links for people without an account, by plain calls.
    #[must_use]
    pub fn shared_links(&self) -> SharedLinkServiceClient<Transport> {
        SharedLinkServiceClient::new(self.transport.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// The files on their way in, by plain calls.
    #[must_use]
    pub fn uploads(&self) -> UploadServiceClient<Transport> {
        UploadServiceClient::new(self.transport.clone())
    }

    /// The people, by plain calls.
    #[must_use]
    pub fn users(&self) -> UserServiceClient<Transport> {
        UserServiceClient::new(self.transport.clone())
    }

    fn anonymous(&self) -> Self {
        self.with_credential(Credential::Anonymous)
    }

    fn signed_in(&self, user: Option<User>, tokens: Option<SessionTokens>) -> Result<User> {
        let tokens = tokens.ok_or(Error::Answer("no tokens"))?;
        self.transport.session.set(Credential::Session(tokens));
        user.ok_or(Error::Answer("no user"))
    }
}

/// How a server is connected to. Large windows and frames are what makes downloads fast.
fn endpoint(url: &str) -> Result<Endpoint, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(url.to_owned())?
        .user_agent(concat!("albumen-client/", env!("CARGO_PKG_VERSION")))?
        .connect_timeout(Duration::from_secs(10))
        .http2_keep_alive_interval(Duration::from_secs(30))
        .initial_connection_window_size(8 * MIB)
        .initial_stream_window_size(4 * MIB)
        .max_frame_size(MIB)
        .tcp_nodelay(true);
    match endpoint.uri().scheme_str() {
        Some("https") => endpoint.tls_config(ClientTlsConfig::new().with_webpki_roots()),
        _ => Ok(endpoint),
    }
}

/// Is told how far a transfer is. The default one tells nobody.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Tell>>);

/// Takes the bytes transferred so far and all there are.
type Tell = dyn Fn(u64, u64) + Send + Sync;

impl Progress {
    /// Calls `tell` with the bytes transferred so far and all there are, once a chunk. It must be
    /// quick, and is called from the task that transfers.
    pub fn new(tell: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, done: u64, total: u64) {
        if let Some(tell) = &self.0 {
            tell(done, total);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Progress")
    }
}
