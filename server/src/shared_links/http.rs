//! The pages behind the addresses of links. They are public like `OpenSharedLink`, and guesses at
//! addresses count the same.

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use futures::stream::TryStreamExt as _;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::response::Builder;
use http::{HeaderName, Method, StatusCode};

use super::page::{self, BUSY, LOCKED, MISSING};
use crate::access::Client;
use crate::app::App;
use crate::error::{Error, Result, log};

/// The RPC whose access rule these routes have.
const RPC: &str = "/albumen.v1.SharedLinkService/OpenSharedLink";
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// The routes, with the RPC whose access rule they have.
pub fn routes() -> (Router<App>, &'static str) {
    let router = Router::new()
        .route("/share/{address}", get(share_page))
        .route("/share/{address}/cover", get(cover));
    (router, RPC)
}

async fn share_page(
    State(app): State<App>,
    address: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let address = text(address);
    let client = Client::new(request.headers(), request.extensions());
    let found = super::share_page(&app, &client, &address).await;
    answer(found.and_then(|page| {
        let url = format!("{}/share/{address}", super::base(&app, request.extensions()));
        let body = page.map_or_else(|| LOCKED.clone(), |page| page.html(&url));
        html(StatusCode::OK, body)
    }))
}

async fn cover(
    State(app): State<App>,
    address: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let client = Client::new(request.headers(), request.extensions());
    let found = super::cover(&app, &client, &text(address)).await;
    answer(found.and_then(|cover| {
        let size = cover.size();
        let head = head(StatusCode::OK)
            .header(CONTENT_TYPE, &cover.file.content_type)
            .header(CONTENT_LENGTH, size)
            .header(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
        let body = if request.method() == Method::HEAD {
            Body::empty()
        } else {
            Body::from_stream(cover.stream(0..size).inspect_err(log))
        };
        head.body(body).map_err(Error::internal)
    }))
}

/// An address that is no text is as unknown as any other.
fn text(address: Result<Path<String>, PathRejection>) -> String {
    address.map(|Path(address)| address).unwrap_or_default()
}

fn answer(result: Result<Response>) -> Response {
    let answer = match result {
        Err(Error::NotFound(_)) => html(StatusCode::NOT_FOUND, MISSING.clone()),
        Err(error @ Error::TooManyAttempts(_)) => {
            let wait = error.to_http().headers().get(RETRY_AFTER).cloned();
            html(StatusCode::TOO_MANY_REQUESTS, BUSY.clone()).map(|mut response| {
                response.headers_mut().extend(wait.map(|wait| (RETRY_AFTER, wait)));
                response
            })
        }
        answer => answer,
    };
    answer.unwrap_or_else(|error| {
        log(&error);
        error.to_http().map(Body::from)
    })
}

fn html(status: StatusCode, body: String) -> Result<Response> {
    head(status)
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .header(CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY.as_str())
        .body(Body::from(body))
        .map_err(Error::internal)
}

/// What every answer has: nobody keeps it, indexes it or learns the address from it.
fn head(status: StatusCode) -> Builder {
    Response::builder()
        .status(status)
        .header(CACHE_CONTROL, "private, no-store")
        .header(REFERRER_POLICY, "no-referrer")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(X_ROBOTS_TAG, "noindex")
}
