//! `AuthService`.

use albumen::v1::auth_service_server::AuthService;
use albumen::v1::{
    ApiKey, ChangePasswordRequest, ChangePasswordResponse, CreateApiKeyRequest,
    DeleteApiKeyRequest, DeleteApiKeyResponse, ListApiKeysRequest, ListApiKeysResponse,
    ListSessionsRequest, ListSessionsResponse, LoginRequest, LoginResponse, LogoutRequest,
    LogoutResponse, RefreshSessionRequest, RefreshSessionResponse, RevokeOtherSessionsRequest,
    RevokeOtherSessionsResponse, RevokeSessionRequest, RevokeSessionResponse, Session,
    SessionTokens, SetUpRequest, SetUpResponse, UpdateSessionRequest,
};
use tonic::{Request, Response, Status};

use super::{Device, Field, FirstUser, NewKey};
use crate::access::{Client, CookieName, UserActor, open};
use crate::app::App;
use crate::entity::{api_key, session};
use crate::error::{Error, Result};
use crate::id::{ApiKeyId, SessionId};
use crate::mask;
use crate::page::{Page, SIZES};
use crate::time::Micros;
use crate::users;

/// The gRPC face of signing in and out.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl AuthService for Rpc {
    async fn set_up(
        &self,
        request: Request<SetUpRequest>,
    ) -> Result<Response<SetUpResponse>, Status> {
        let client = Client::of(&request);
        let (_, request) = open(request)?;
        let first = FirstUser {
            email: request.email,
            password: request.password,
            display_name: request.display_name,
        };
        let device = Device { name: request.device_name, use_cookies: request.use_cookies };
        let setup = super::set_up(&self.0, &client, &request.setup_token, first, device);
        let (user, tokens) = setup.await?;
        answer(&self.0, &client, tokens, |tokens| SetUpResponse {
            user: Some(users::to_proto(user)),
            tokens,
        })
    }

    async fn login(
        &self,
        request: Request<LoginRequest>,
    ) -> Result<Response<LoginResponse>, Status> {
        let client = Client::of(&request);
        let (_, request) = open(request)?;
        let device = Device { name: request.device_name, use_cookies: request.use_cookies };
        let login = super::login(&self.0, &client, &request.email, &request.password, device);
        let (user, tokens) = login.await?;
        answer(&self.0, &client, tokens, |tokens| LoginResponse {
            user: Some(users::to_proto(user)),
            tokens,
        })
    }

    async fn refresh_session(
        &self,
        request: Request<RefreshSessionRequest>,
    ) -> Result<Response<RefreshSessionResponse>, Status> {
        let client = Client::of(&request);
        let (_, request) = open(request)?;
        let cookie = client.cookie(CookieName::Refresh).filter(|_| request.use_cookies);
        let token = cookie.unwrap_or(&request.refresh_token);
        let tokens = super::refresh(&self.0, &client, token).await?;
        answer(&self.0, &client, tokens, |tokens| RefreshSessionResponse { tokens })
    }

    async fn logout(
        &self,
        request: Request<LogoutRequest>,
    ) -> Result<Response<LogoutResponse>, Status> {
        let client = Client::of(&request);
        let (actor, _) = open(request)?;
        super::logout(&self.0, &actor).await?;
        let mut response = Response::new(LogoutResponse {});
        if client.cookie(CookieName::Session).is_some() {
            client.set_cookies(&mut response, &super::tokens::forget())?;
        }
        Ok(response)
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let paged = super::list_sessions(&self.0, &actor, &page).await?;
        let caller = actor.user()?;
        Ok(Response::new(ListSessionsResponse {
            sessions: paged.rows.into_iter().map(|row| session(caller, row)).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn update_session(
        &self,
        request: Request<UpdateSessionRequest>,
    ) -> Result<Response<Session>, Status> {
        let (actor, request) = open(request)?;
        let new = request.session.unwrap_or_default();
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            Field::DeviceName => !new.device_name.is_empty(),
        })?;
        let id = session_id(&request.session_id)?;
        let row = super::update_session(&self.0, &actor, id, new.device_name, fields).await?;
        Ok(Response::new(session(actor.user()?, row)))
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let (actor, request) = open(request)?;
        super::revoke_session(&self.0, &actor, session_id(&request.session_id)?).await?;
        Ok(Response::new(RevokeSessionResponse {}))
    }

    async fn revoke_other_sessions(
        &self,
        request: Request<RevokeOtherSessionsRequest>,
    ) -> Result<Response<RevokeOtherSessionsResponse>, Status> {
        let (actor, _) = open(request)?;
        let revoked_count = count(super::revoke_other_sessions(&self.0, &actor).await?);
        Ok(Response::new(RevokeOtherSessionsResponse { revoked_count }))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let (actor, request) = open(request)?;
        let (current, new) = (&request.current_password, &request.new_password);
        let revoked_count = count(super::change_password(&self.0, &actor, current, new).await?);
        Ok(Response::new(ChangePasswordResponse { revoked_count }))
    }

    async fn create_api_key(
        &self,
        request: Request<CreateApiKeyRequest>,
    ) -> Result<Response<ApiKey>, Status> {
        let (actor, request) = open(request)?;
        let new = request.api_key.unwrap_or_default().try_into()?;
        let (key, secret) = super::create_api_key(&self.0, &actor, new).await?;
        Ok(Response::new(ApiKey { secret, ..api_key(key) }))
    }

    async fn list_api_keys(
        &self,
        request: Request<ListApiKeysRequest>,
    ) -> Result<Response<ListApiKeysResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let paged = super::list_api_keys(&self.0, &actor, &page).await?;
        Ok(Response::new(ListApiKeysResponse {
            api_keys: paged.rows.into_iter().map(api_key).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn delete_api_key(
        &self,
        request: Request<DeleteApiKeyRequest>,
    ) -> Result<Response<DeleteApiKeyResponse>, Status> {
        let (actor, request) = open(request)?;
        let id = ApiKeyId::parse(&request.api_key_id)
            .ok_or_else(|| Error::invalid("api_key_id", "must be a UUID"))?;
        super::delete_api_key(&self.0, &actor, id).await?;
        Ok(Response::new(DeleteApiKeyResponse {}))
    }
}

/// An answer with tokens: those of a browser go into cookies.
fn answer<T>(
    app: &App,
    client: &Client,
    tokens: super::SessionTokens,
    message: impl FnOnce(Option<SessionTokens>) -> T,
) -> Result<Response<T>, Status> {
    let (tokens, cookies) = tokens.into_cookies(app.now());
    let mut response = Response::new(message(Some(tokens.into())));
    if !cookies.is_empty() {
        client.set_cookies(&mut response, &cookies)?;
    }
    Ok(response)
}

fn session_id(text: &str) -> Result<SessionId> {
    SessionId::parse(text).ok_or_else(|| Error::invalid("session_id", "must be a UUID"))
}

fn count(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn session(caller: &UserActor, row: session::Model) -> Session {
    Session {
        current: super::sessions::is_current(caller, &row),
        id: row.id.to_string(),
        device_name: row.device_name,
        create_time: Some(row.create_time.timestamp()),
        refresh_time: Some(row.rotate_time.timestamp()),
        expire_time: Some(row.expire_time.timestamp()),
    }
}

impl TryFrom<ApiKey> for NewKey {
    type Error = Error;

    fn try_from(key: ApiKey) -> Result<Self> {
        let expire_time = key.expire_time.as_ref();
        Ok(Self {
            expire_time: expire_time
                .map(|time| Micros::parse(time, "api_key.expire_time"))
                .transpose()?,
            display_name: key.display_name,
            scopes: key.scopes,
        })
    }
}

fn api_key(row: api_key::Model) -> ApiKey {
    ApiKey {
        id: row.id.to_string(),
        display_name: row.display_name,
        scopes: row.scopes.split(' ').map(str::to_owned).collect(),
        expire_time: row.expire_time.map(Micros::timestamp),
        last_use_time: row.last_use_time.map(Micros::timestamp),
        create_time: Some(row.create_time.timestamp()),
        secret: String::new(),
    }
}

impl From<super::SessionTokens> for SessionTokens {
    fn from(tokens: super::SessionTokens) -> Self {
        Self {
            access_token: tokens.access_token,
            access_expire_time: Some(tokens.access_expire_time.timestamp()),
            refresh_token: tokens.refresh_token,
            refresh_expire_time: Some(tokens.refresh_expire_time.timestamp()),
        }
    }
}
