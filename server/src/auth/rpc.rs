//! `AuthService`.

use albumen::v1::auth_service_server::AuthService;
use albumen::v1::{
    LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshSessionRequest,
    RefreshSessionResponse, SessionTokens, SetUpRequest, SetUpResponse,
};
use tonic::{Request, Response, Status};

use super::FirstUser;
use crate::access::open;
use crate::app::App;
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
        let (_, request) = open(request)?;
        let first = FirstUser {
            email: request.email,
            password: request.password,
            display_name: request.display_name,
        };
        let setup = super::set_up(&self.0, &request.setup_token, first, request.device_name);
        let (user, tokens) = setup.await?;
        Ok(Response::new(SetUpResponse {
            user: Some(users::to_proto(user)),
            tokens: Some(tokens.into()),
        }))
    }

    async fn login(
        &self,
        request: Request<LoginRequest>,
    ) -> Result<Response<LoginResponse>, Status> {
        let (_, request) = open(request)?;
        let login = super::login(&self.0, &request.email, &request.password, request.device_name);
        let (user, tokens) = login.await?;
        Ok(Response::new(LoginResponse {
            user: Some(users::to_proto(user)),
            tokens: Some(tokens.into()),
        }))
    }

    async fn refresh_session(
        &self,
        request: Request<RefreshSessionRequest>,
    ) -> Result<Response<RefreshSessionResponse>, Status> {
        let (_, request) = open(request)?;
        let tokens = super::refresh(&self.0, &request.refresh_token).await?;
        Ok(Response::new(RefreshSessionResponse { tokens: Some(tokens.into()) }))
    }

    async fn logout(
        &self,
        request: Request<LogoutRequest>,
    ) -> Result<Response<LogoutResponse>, Status> {
        let (actor, _) = open(request)?;
        super::logout(&self.0, &actor).await?;
        Ok(Response::new(LogoutResponse {}))
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
