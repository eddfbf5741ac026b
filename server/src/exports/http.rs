//! Archives over HTTP, with ranges: the face of `ExportService.StreamExport` for browsers and curl.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures::stream::TryStreamExt as _;

use crate::access::open_http;
use crate::app::App;
use crate::byte_range::{Disposition, Representation};
use crate::error::{Error, Result, log};
use crate::id::ExportId;

/// The RPC whose access rule this route has.
const RPC: &str = "/albumen.v1.ExportService/StreamExport";

/// The routes, with the RPC whose access rule they have.
pub fn routes() -> (Router<App>, &'static str) {
    (Router::new().route("/api/exports/{id}/parts/{number}/{name}", get(archive)), RPC)
}

/// The name at the end is for whoever saves the file; it is not looked at.
async fn archive(
    State(app): State<App>,
    Path((id, number, _)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    serve(app, &id, &number, request).await.unwrap_or_else(|error| {
        log(&error);
        error.to_http().into_response()
    })
}

async fn serve(app: App, id: &str, number: &str, request: Request) -> Result<Response> {
    let (parts, _) = request.into_parts();
    let actor = open_http(&parts)?;
    let id = ExportId::parse(id).ok_or_else(|| Error::not_found("export", id))?;
    let number = number.parse().map_err(|_| Error::not_found("export_part", number))?;
    let part = super::part(&app, &actor, id, number).await?;
    let representation = Representation {
        size: part.size(),
        etag: &part.row.etag,
        content_type: "application/zip",
        file_name: &part.row.file_name,
        disposition: Disposition::Attachment,
    };
    let (head, range) = representation.head(&parts)?;
    let is_bodyless = parts.method == http::Method::HEAD || range.is_empty();
    let body = if is_bodyless {
        Body::empty()
    } else {
        Body::from_stream(part.stream(range).await?.inspect_err(log))
    };
    head.body(body).map_err(Error::internal)
}
