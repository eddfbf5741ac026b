//! Originals over HTTP, with ranges: the face of `AssetService.DownloadAsset` for browsers.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures::stream::TryStreamExt as _;

use crate::access::open_http;
use crate::app::App;
use crate::byte_range::{Disposition, Representation};
use crate::entity::asset_file::Kind;
use crate::error::{Error, Result, log};
use crate::id::AssetId;

/// The RPC whose access rule these routes have.
const RPC: &str = "/albumen.v1.AssetService/DownloadAsset";

/// The routes, with the RPC whose access rule they have.
pub fn routes() -> (Router<App>, &'static str) {
    let router = Router::new()
        .route("/api/assets/{id}/original", get(original))
        .route("/api/assets/{id}/motion", get(motion));
    (router, RPC)
}

async fn original(app: State<App>, id: Path<String>, request: Request) -> Response {
    answer(serve(app, id, request, Kind::Still).await)
}

async fn motion(app: State<App>, id: Path<String>, request: Request) -> Response {
    answer(serve(app, id, request, Kind::Motion).await)
}

fn answer(result: Result<Response>) -> Response {
    result.unwrap_or_else(|error| {
        log(&error);
        error.to_http().into_response()
    })
}

async fn serve(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
    kind: Kind,
) -> Result<Response> {
    let (parts, _) = request.into_parts();
    let actor = open_http(&parts)?;
    let id = AssetId::parse(&id).ok_or_else(|| Error::not_found("asset", &id))?;
    let download = super::download(&app, &actor, id, kind).await?;
    let etag: String = download.file.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let content_type = download.file.content_type.clone();
    let representation = Representation {
        size: download.size(),
        etag: &etag,
        disposition: Disposition::of_media(&content_type),
        content_type: &content_type,
        file_name: &download.file.file_name,
    };
    let (head, range) = representation.head(&parts)?;
    let is_bodyless = parts.method == http::Method::HEAD || range.is_empty();
    let body = if is_bodyless {
        Body::empty()
    } else {
        Body::from_stream(download.stream(range).inspect_err(log))
    };
    head.body(body).map_err(Error::internal)
}
