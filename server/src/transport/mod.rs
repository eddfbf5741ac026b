//! One port for gRPC, grpc-web and HTTP: the list of services and the list of layers.

mod authenticate;
mod body;
mod client;
mod connection;
mod limits;
mod listener;
mod metrics;
#[cfg(feature = "otel")]
pub mod otel;
mod refusals;
mod tls;
mod trace;

use albumen::v1::activity_service_server::ActivityServiceServer;
use albumen::v1::album_service_server::AlbumServiceServer;
use albumen::v1::asset_service_server::AssetServiceServer;
use albumen::v1::audit_service_server::AuditServiceServer;
use albumen::v1::auth_service_server::AuthServiceServer;
use albumen::v1::export_service_server::ExportServiceServer;
use albumen::v1::folder_album_service_server::FolderAlbumServiceServer;
use albumen::v1::job_service_server::JobServiceServer;
use albumen::v1::library_service_server::LibraryServiceServer;
use albumen::v1::server_service_server::ServerServiceServer;
use albumen::v1::shared_link_service_server::SharedLinkServiceServer;
use albumen::v1::upload_service_server::UploadServiceServer;
use albumen::v1::user_service_server::UserServiceServer;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderName, Method, header};
use tonic::Status;
use tonic::service::{Routes, RoutesBuilder};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;
use tower::ServiceExt as _;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::csrf::{CsrfLayer, ProtectionError};

pub use client::Peer;
pub use listener::listen;
pub use metrics::serve as serve_metrics;

use crate::app::App;
use crate::error::{Error, log};
use crate::{
    activities, albums, assets, audit, auth, exports, folder_albums, installation, jobs, libraries,
    shared_links, uploads, users,
};

/// The largest message that is read: room for a chunk of 3 MiB.
const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// The largest body that an HTTP route may read. None does yet.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Everything that the server answers, behind all layers.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The services as one.
    pub router: Router,
    /// Tells health checks whether the server takes calls.
    pub health: HealthReporter,
}

/// Builds the stack.
pub async fn stack(app: &App) -> Stack {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", ServingStatus::Serving).await;
    let mut services = services(app);
    services.add_service(health_service);
    if app.config.reflection {
        add_reflection(&mut services);
    }
    let limits = limits::Limits::new(app);
    // In each list, the first layer that a request meets comes last.
    let grpc = services
        .routes()
        .prepare()
        .into_axum_router()
        // Who calls, before any body is read.
        .layer(from_fn_with_state(app.clone(), authenticate::by_path))
        // Time for unary calls, and turns for all.
        .layer(from_fn_with_state(limits.clone(), limits::limit))
        // Pages of other sites, which may make a browser call with its cookies.
        .layer(same_site(app))
        // Reasons for what tonic refuses by itself.
        .layer(from_fn(refusals::explain))
        // The code of the call, in the head or in the trailers.
        .layer(from_fn(trace::follow))
        // Browsers' calls; outside the others, so that it translates their answers too.
        .layer(GrpcWebLayer::new());
    let pages = pages(app).layer(from_fn_with_state(limits, limits::limit));
    let router = Router::new()
        .fallback(choose)
        .with_state(Faces { grpc, pages })
        // Other origins, as far as the settings allow.
        .layer(cors(app))
        // Where the call comes from.
        .layer(from_fn_with_state(app.clone(), client::find))
        // One span and one log line for each call.
        .layer(from_fn(trace::trace));
    Stack { router, health }
}

/// Refuses calls that a browser makes for the page of another site, unless the settings name it.
/// Programs, which send neither `Sec-Fetch-Site` nor `Origin`, are none of its concern.
fn same_site(app: &App) -> CsrfLayer<fn(ProtectionError) -> Response> {
    let refuse: fn(ProtectionError) -> Response = |_| Status::from(Error::CrossSite).into_http();
    let origins = app.config.cors_origins.iter().filter_map(|origin| origin.to_str().ok());
    let mut layer = CsrfLayer::new().with_rejection_response(refuse);
    for origin in origins.chain(app.config.public_url.as_deref()) {
        match layer.clone().add_trusted_origin(origin) {
            Ok(trusting) => layer = trusting,
            Err(error) => tracing::error!(%error, "an origin of the settings is never sent"),
        }
    }
    layer
}

/// gRPC calls and everything else.
#[derive(Debug, Clone)]
struct Faces {
    grpc: Router,
    pages: Router,
}

/// Two routers with fallbacks cannot be merged; the content type tells them apart.
async fn choose(State(faces): State<Faces>, request: Request) -> Response {
    let router = if is_grpc(&request) { faces.grpc } else { faces.pages };
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}

fn is_grpc<B>(request: &http::Request<B>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

fn services(app: &App) -> RoutesBuilder {
    let mut routes = Routes::builder();
    routes
        .add_service(ServerServiceServer::new(installation::Rpc(app.clone())))
        .add_service(AuditServiceServer::new(audit::Rpc(app.clone())))
        .add_service(AuthServiceServer::new(auth::Rpc(app.clone())))
        .add_service(JobServiceServer::new(jobs::Rpc(app.clone())))
        .add_service(UserServiceServer::new(users::Rpc(app.clone())))
        .add_service(
            UploadServiceServer::new(uploads::Rpc(app.clone()))
                .max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(AssetServiceServer::new(assets::Rpc(app.clone())))
        .add_service(ActivityServiceServer::new(activities::Rpc(app.clone())))
        .add_service(AlbumServiceServer::new(albums::Rpc(app.clone())))
        .add_service(SharedLinkServiceServer::new(shared_links::Rpc(app.clone())))
        .add_service(ExportServiceServer::new(exports::Rpc(app.clone())))
        .add_service(FolderAlbumServiceServer::new(folder_albums::Rpc(app.clone())))
        .add_service(LibraryServiceServer::new(libraries::Rpc(app.clone())));
    routes
}

/// Both versions of reflection: older clients ask for v1alpha.
fn add_reflection(services: &mut RoutesBuilder) {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(albumen::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // So that clients can read the details of errors.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => {
            services.add_service(v1).add_service(v1alpha);
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "cannot serve reflection");
        }
    }
}

/// What is served over plain HTTP.
fn pages(app: &App) -> Router {
    let mut pages = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readiness))
        .merge(installation::routes());
    for (routes, rpc) in [assets::routes(), exports::routes(), shared_links::routes()] {
        let layer = from_fn_with_state((app.clone(), rpc), authenticate::as_rpc);
        pages = pages.merge(routes.route_layer(layer));
    }
    pages
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .fallback(refusals::no_route)
        .method_not_allowed_fallback(refusals::no_method)
        .with_state(app.clone())
}

async fn readiness(State(app): State<App>) -> Response {
    let blobs = async {
        app.blobs.ping().await.map_err(|error| Error::StorageUnavailable(error.to_string()))
    };
    match tokio::try_join!(app.database.ping(), blobs, uploads::ping(&app)) {
        Ok(((), (), ())) => "ready\n".into_response(),
        Err(error) => {
            log(&error);
            error.to_http().map(Body::from)
        }
    }
}

fn cors(app: &App) -> CorsLayer {
    if app.config.cors_origins.is_empty() {
        return CorsLayer::new();
    }
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(app.config.cors_origins.iter().cloned()))
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::RANGE,
            header::IF_RANGE,
            name("grpc-timeout"),
            name("x-grpc-web"),
            name("x-user-agent"),
        ])
        .expose_headers([
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            header::ETAG,
            name("grpc-message"),
            name("grpc-status"),
            name("grpc-status-details-bin"),
            name("x-request-id"),
        ])
}
