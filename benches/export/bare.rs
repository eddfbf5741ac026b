//! The ceiling: a server that does nothing but read files in the export's way and send them. What
//! the Albumen server is slower than this, its zip headers, database and access checks cost.

use std::fs::File;
use std::future::ready;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use albumen::v1::export_service_server::{ExportService, ExportServiceServer};
use albumen::v1::stream_export_response::Part;
use albumen::v1::{
    CreateExportRequest, DeleteExportRequest, DeleteExportResponse, Export, ExportHeader,
    GetExportRequest, StreamExportRequest, StreamExportResponse,
};
use anyhow::Result;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use futures::stream::{BoxStream, Stream, StreamExt as _, iter, once};
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};

/// As the server's: limits apply to both or to none.
const WINDOW_BYTES: u64 = 1 << 20;
const READ_AHEAD: usize = 2;
const FRAME_BYTES: u32 = 1 << 20;
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;

/// How much is sent where only a part is asked for: that is to warm up.
const WARM_UP_WINDOWS: usize = 1;

/// Files to send one behind the other.
#[derive(Debug, Clone)]
pub(crate) struct Files(Arc<[(PathBuf, u64)]>);

impl Files {
    /// Reads a list of paths, one a line.
    pub(crate) fn read(list: &Path) -> Result<Self> {
        let list = std::fs::read_to_string(list)?;
        let files = list.lines().map(|path| Ok((path.into(), std::fs::metadata(path)?.len())));
        Ok(Self(files.collect::<Result<_>>()?))
    }

    fn size(&self) -> u64 {
        self.0.iter().map(|(_, size)| size).sum()
    }

    /// The bytes of all files, read ahead of whoever takes them.
    fn stream(&self, is_checked: bool) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let files = self.clone();
        let windows = Windows { files: self.clone(), file: 0, offset: 0 };
        let read = move |window| {
            let files = files.clone();
            async move {
                let read = move || files.window(window, is_checked);
                tokio::task::spawn_blocking(read).await?
            }
        };
        iter(windows).map(read).buffered(READ_AHEAD)
    }

    fn window(&self, window: Vec<(usize, Range<u64>)>, is_checked: bool) -> io::Result<Bytes> {
        let length: u64 = window.iter().map(|(_, range)| range.end - range.start).sum();
        let mut buffer = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        for (index, range) in window {
            let (path, _) = self.0.get(index).ok_or(io::ErrorKind::NotFound)?;
            let mut file = File::open(path)?;
            if range.start > 0 {
                file.seek(SeekFrom::Start(range.start))?;
            }
            let start = buffer.len();
            file.take(range.end - range.start).read_to_end(&mut buffer)?;
            if is_checked {
                std::hint::black_box(crc32fast::hash(buffer.get(start..).unwrap_or_default()));
            }
        }
        Ok(buffer.into())
    }
}

/// Cuts the files into windows of equal size, as if they were one.
struct Windows {
    files: Files,
    file: usize,
    offset: u64,
}

impl Iterator for Windows {
    type Item = Vec<(usize, Range<u64>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut window, mut room) = (Vec::new(), WINDOW_BYTES);
        while let Some((_, size)) = self.files.0.get(self.file)
            && room > 0
        {
            let end = (self.offset + room).min(*size);
            room -= end - self.offset;
            window.push((self.file, self.offset..end));
            (self.file, self.offset) =
                if end == *size { (self.file + 1, 0) } else { (self.file, end) };
        }
        (!window.is_empty()).then_some(window)
    }
}

/// Serves files over gRPC, grpc-web and HTTP/1.1.
pub(crate) async fn serve(
    files: Files,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    let plain = get(plain).with_state(files.clone());
    let routes = Routes::new(ExportServiceServer::new(files)).prepare();
    let router = routes.into_axum_router().layer(from_fn(grpc_web)).route("/files", plain);
    Server::builder()
        .accept_http1(true)
        .max_frame_size(FRAME_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .add_routes(Routes::from(router))
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            shutdown,
        )
        .await?;
    Ok(())
}

/// A range is answered with the first few windows, whatever it is.
async fn plain(State(files): State<Files>, request: Request) -> Response {
    if request.headers().contains_key(RANGE) {
        return Response::new(Body::from_stream(files.stream(false).take(WARM_UP_WINDOWS)));
    }
    let body = Body::from_stream(files.stream(false));
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_LENGTH, files.size().into());
    response
}

/// What grpc-web changes: the content type, and trailers that are a last frame of the body.
async fn grpc_web(mut request: Request, next: Next) -> Response {
    let content_type = request.headers_mut().get_mut(CONTENT_TYPE);
    let web = content_type.filter(|value| value.as_bytes().starts_with(b"application/grpc-web"));
    let Some(content_type) = web else { return next.run(request).await };
    let asked = std::mem::replace(content_type, HeaderValue::from_static("application/grpc"));
    let (mut head, body) = next.run(request).await.into_parts();
    head.headers.insert(CONTENT_TYPE, asked);
    let end = once(ready(Ok(Bytes::from_static(b"\x80\0\0\0\x0fgrpc-status:0\r\n"))));
    Response::from_parts(head, Body::from_stream(body.into_data_stream().chain(end)))
}

#[tonic::async_trait]
impl ExportService for Files {
    type StreamExportStream = BoxStream<'static, Result<StreamExportResponse, Status>>;

    async fn stream_export(
        &self,
        request: tonic::Request<StreamExportRequest>,
    ) -> Result<tonic::Response<Self::StreamExportStream>, Status> {
        let windows = request.get_ref().limit_bytes.map_or(usize::MAX, |_| WARM_UP_WINDOWS);
        let header = once(ready(Ok(Part::Header(ExportHeader::default()))));
        let chunks = self.stream(true).take(windows).map(|chunk| Ok(Part::Chunk(chunk?)));
        let parts = header.chain(chunks);
        let stream = parts.map(|part: io::Result<Part>| match part {
            Ok(part) => Ok(StreamExportResponse { part: Some(part) }),
            Err(error) => Err(Status::new(Code::Internal, error.to_string())),
        });
        Ok(tonic::Response::new(stream.boxed()))
    }

    async fn get_export(
        &self,
        _: tonic::Request<GetExportRequest>,
    ) -> Result<tonic::Response<Export>, Status> {
        Err(Status::new(Code::Unimplemented, "not here"))
    }

    async fn create_export(
        &self,
        _: tonic::Request<CreateExportRequest>,
    ) -> Result<tonic::Response<Export>, Status> {
        Err(Status::new(Code::Unimplemented, "not here"))
    }

    async fn delete_export(
        &self,
        _: tonic::Request<DeleteExportRequest>,
    ) -> Result<tonic::Response<DeleteExportResponse>, Status> {
        Err(Status::new(Code::Unimplemented, "not here"))
    }
}
