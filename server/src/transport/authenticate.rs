//! From a request to its caller, before the body is read.

use albumen::{Caller, method};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http::header::AUTHORIZATION;
use http::request::Parts;
use tonic::Status;

use super::trace::Facts;
use crate::access::{Actor, Client, Network, authenticate, authenticate_cookies};
use crate::app::App;
use crate::error::{Error, Result, log};

/// For gRPC: the path names the method.
pub(super) async fn by_path(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(method) = method(request.uri().path()) else { return next.run(request).await };
    match admit(&app, request, method).await {
        Ok(request) => next.run(request).await,
        Err(error) => Status::from(error).into_http(),
    }
}

/// For HTTP: the route is the face of a method.
pub(super) async fn as_rpc(
    State((app, path)): State<(App, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(facts) = request.extensions().get::<Facts>() {
        facts.is_face_of(path);
    }
    let admitted = match method(path) {
        Some(method) => admit(&app, request, method).await,
        None => Err(Error::internal(format!("{path} is no method"))),
    };
    match admitted {
        Ok(request) => next.run(request).await,
        Err(error) => {
            log(&error);
            error.to_http().map(Body::from)
        }
    }
}

async fn admit(app: &App, request: Request, method: &albumen::Method) -> Result<Request> {
    let (mut parts, body) = request.into_parts();
    // A public method does not look at credentials: a client whose token has ended must be able to
    // sign in again.
    let actor = match method.caller {
        Caller::Public => Actor::Anonymous,
        Caller::User | Caller::UserOrLink | Caller::Admin => match bearer(&parts)? {
            None if takes_cookies(&parts) => {
                authenticate_cookies(app, &Client::new(&parts.headers, &parts.extensions)).await?
            }
            token => authenticate(app, token, Network::of_call(&parts.extensions)).await?,
        },
    };
    actor.permit(method)?;
    parts.extensions.insert(actor);
    Ok(Request::from_parts(parts, body))
}

/// Cookies come along whoever makes a browser ask. So they count where nothing is changed, and
/// nowhere else: for what pages show and people download. Everything else wants a bearer token.
fn takes_cookies(parts: &Parts) -> bool {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    is_read && parts.uri.path().starts_with("/api/")
}

/// The token of the authorization header; `None` without the header.
fn bearer(parts: &Parts) -> Result<Option<&str>> {
    let Some(value) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Error::CredentialInvalid),
    }
}
