//! An S3-compatible service in the process, which can go wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use albumen_server::config::{Config, S3Config};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use http_body_util::BodyExt as _;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

const BUCKET: &str = "photos";
const KEY_ID: &str = "albumen";
const SECRET: &str = "correct-horse-battery";

/// How the service behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mood {
    Well,
    /// Answers everything with 500.
    Failing,
    /// Breaks the connection in the middle of each body that it sends.
    Cutting,
    /// Takes no second part of an object.
    RefusingSecondParts,
}

/// A service with one bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) folder: TempDir,
    port: u16,
    mood: Arc<AtomicU8>,
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

#[derive(Clone)]
struct Service {
    s3: S3Service,
    mood: Arc<AtomicU8>,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let bucket = Self { folder, port, mood: Arc::default(), running: Mutex::default() };
        bucket.serve(listener);
        bucket
    }

    /// The settings that lead to the bucket.
    pub(crate) fn config(&self) -> S3Config {
        let flags = [
            ("s3-bucket", BUCKET.to_owned()),
            ("s3-endpoint", format!("http://127.0.0.1:{}", self.port)),
            ("s3-access-key-id", KEY_ID.to_owned()),
            ("s3-secret-access-key", SECRET.to_owned()),
            ("s3-prefix", "all/of-it".to_owned()),
        ];
        let flags = flags.map(|(name, value)| (name.to_owned(), value));
        Config::read(&flags.into(), &BTreeMap::new()).unwrap().s3.unwrap()
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::Relaxed);
    }

    /// How many objects have parts that are neither put together nor thrown away.
    pub(crate) fn open_multipart_uploads(&self) -> usize {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload")).count()
    }

    /// Stops listening: connections are refused.
    pub(crate) async fn stop(&self) {
        let running = self.running.lock().unwrap().take();
        let (stop, serving) = running.unwrap();
        stop.send(()).unwrap();
        serving.await.unwrap();
    }

    /// Listens again after [`Bucket::stop`].
    pub(crate) async fn resume(&self) {
        self.serve(TcpListener::bind(("127.0.0.1", self.port)).await.unwrap());
    }

    #[expect(clippy::disallowed_methods, reason = "the service is no part of the server")]
    fn serve(&self, listener: TcpListener) {
        let mut builder = S3ServiceBuilder::new(FileSystem::new(self.folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = Service { s3: builder.build(), mood: Arc::clone(&self.mood) };
        let router = Router::new().fallback(answer).with_state(service);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, router)
            .with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
        let serving = tokio::spawn(async { serving.await.unwrap() });
        *self.running.lock().unwrap() = Some((stop, serving));
    }
}

async fn answer(State(service): State<Service>, request: Request) -> Response {
    let mood = service.mood.load(Ordering::Relaxed);
    let is_second = request.uri().query().is_some_and(|query| query.contains("partNumber=2"));
    if mood == Mood::Failing as u8 || (is_second && mood == Mood::RefusingSecondParts as u8) {
        return status(StatusCode::INTERNAL_SERVER_ERROR);
    }
    // The service at hand would say that the key is missing.
    if !request.uri().path().starts_with(&format!("/{BUCKET}")) {
        return status(StatusCode::NOT_FOUND).map(|_| Body::from("<Code>NoSuchBucket</Code>"));
    }
    let is_get = request.method() == http::Method::GET;
    let Ok(response) = service.s3.oneshot(request).await else {
        return status(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let (parts, body) = response.into_parts();
    if mood != Mood::Cutting as u8 || !is_get {
        return Response::from_parts(parts, Body::new(body));
    }
    let bytes = body.collect().await.unwrap().to_bytes();
    let half = bytes.slice(..bytes.len() / 2);
    let cut = [Ok(half), Err(std::io::Error::other("the line broke"))];
    Response::from_parts(parts, Body::from_stream(futures::stream::iter(cut)))
}

fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
