//! The credential of a client: attached to every call, and renewed, in this one place.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use albumen::v1::auth_service_client::AuthServiceClient;
use albumen::v1::{RefreshSessionRequest, SessionTokens};
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderValue};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service;

use crate::error::{Error, Result, retry};
use crate::session_file::{SavedSession, SessionFile};

/// An access token with less time left is renewed before it is used.
const RENEWAL_MARGIN: Duration = Duration::from_secs(30);

/// What a client shows to the server. It never prints its tokens.
#[derive(Clone, Default)]
pub enum Credential {
    /// Nothing.
    #[default]
    Anonymous,
    /// A bearer token, as a guest or an API key has it; it is not renewed.
    Bearer(String),
    /// The tokens of a user's session; the access token is renewed before it ends.
    Session(SessionTokens),
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Bearer(_) => "Bearer(…)",
            Self::Session(_) => "Session(…)",
        })
    }
}

impl Credential {
    fn token(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Bearer(token) => Some(token),
            Self::Session(tokens) => Some(&tokens.access_token),
        }
    }

    fn header(&self) -> Result<Option<HeaderValue>, Status> {
        let Some(token) = self.token() else { return Ok(None) };
        let mut header = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Status::unauthenticated("the token has characters that no token has"))?;
        header.set_sensitive(true);
        Ok(Some(header))
    }

    /// Whether the access token of a session ends within `margin`.
    fn ends_within(&self, margin: Duration) -> bool {
        let Self::Session(SessionTokens { access_expire_time: Some(end), .. }) = self else {
            return false;
        };
        SystemTime::try_from(*end).is_ok_and(|end| end < SystemTime::now() + margin)
    }
}

/// The credential that all clones of a client share.
#[derive(Debug, Default)]
pub(crate) struct Session {
    credential: Mutex<Credential>,
    /// Held while the tokens are renewed, so that only one call does it.
    renewal: tokio::sync::Mutex<()>,
    /// Where the tokens are kept besides, and the server whose they are.
    kept: Option<(SessionFile, String)>,
}

impl Session {
    pub(crate) fn new(credential: Credential) -> Self {
        Self { credential: Mutex::new(credential), ..Self::default() }
    }

    pub(crate) fn kept(file: SessionFile, saved: SavedSession) -> Self {
        let credential = Credential::Session(saved.tokens);
        Self { kept: Some((file, saved.url)), ..Self::new(credential) }
    }

    pub(crate) fn credential(&self) -> Credential {
        self.credential.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, credential: Credential) {
        *self.credential.lock().unwrap_or_else(PoisonError::into_inner) = credential;
    }

    /// Renews the tokens if the access token ends within `margin`, or whatever it says if `None`.
    pub(crate) async fn renew(&self, channel: &Channel, margin: Option<Duration>) -> Result<()> {
        let _renewal = self.renewal.lock().await;
        let is_fresh = || margin.is_some_and(|margin| !self.credential().ends_within(margin));
        if is_fresh() {
            return Ok(());
        }
        let Some((file, url)) = &self.kept else {
            self.refresh(channel).await?;
            return Ok(());
        };
        // A refresh token is good once: whoever comes second must find what the first one got.
        let locked = file.lock().await?;
        let Some(saved) = locked.load()?.filter(|saved| saved.url == *url) else {
            // Another sign-in has taken the place of this one, which is not to be undone.
            self.refresh(channel).await?;
            return Ok(());
        };
        self.set(Credential::Session(saved.tokens));
        if !is_fresh()
            && let Some(tokens) = self.refresh(channel).await?
        {
            locked.save(&SavedSession { url: url.clone(), tokens })?;
        }
        Ok(())
    }

    /// Asks the server for new tokens and takes them; `None` without a session.
    async fn refresh(&self, channel: &Channel) -> Result<Option<SessionTokens>> {
        let Credential::Session(tokens) = self.credential() else { return Ok(None) };
        let request =
            RefreshSessionRequest { refresh_token: tokens.refresh_token, use_cookies: false };
        let auth = AuthServiceClient::new(channel.clone());
        let renew = || async { auth.clone().refresh_session(request.clone()).await };
        let tokens = retry(renew).await?.tokens;
        if let Some(tokens) = &tokens {
            self.set(Credential::Session(tokens.clone()));
        }
        Ok(tokens)
    }

    /// The header for a call that begins now. A token that cannot be renewed is used to its end.
    async fn header(&self, channel: &Channel) -> Result<Option<HeaderValue>, Status> {
        if self.credential().ends_within(RENEWAL_MARGIN) {
            let renewed = self.renew(channel, Some(RENEWAL_MARGIN)).await;
            if let (Err(error), true) = (renewed, self.credential().ends_within(Duration::ZERO)) {
                return Err(match error {
                    Error::Call { status, .. } => status,
                    other => Status::unauthenticated(other.to_string()),
                });
            }
        }
        self.credential().header()
    }
}

/// A channel that attaches the client's credential to every call.
#[derive(Debug, Clone)]
pub struct Transport {
    pub(crate) channel: Channel,
    pub(crate) session: Arc<Session>,
}

impl Service<http::Request<Body>> for Transport {
    type Response = http::Response<Body>;
    type Error = tonic::transport::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // The clone takes the readiness that was polled for along.
        let fresh = self.channel.clone();
        let mut channel = std::mem::replace(&mut self.channel, fresh);
        let session = Arc::clone(&self.session);
        Box::pin(async move {
            match session.header(&channel).await {
                Ok(Some(header)) => request.headers_mut().insert(AUTHORIZATION, header),
                Ok(None) => None,
                Err(status) => return Ok(status.into_http()),
            };
            channel.call(request).await
        })
    }
}
