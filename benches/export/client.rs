//! Clients that take an archive and throw it away.

use albumen::v1::StreamExportRequest;
use albumen::v1::export_service_client::ExportServiceClient;
use albumen::v1::stream_export_response::Part;
use anyhow::{Context as _, Result};
use axum::body::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RANGE};
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

/// The settings of our own clients: with the usual ones, small frames cost a third of the speed.
const FRAME_BYTES: u32 = 1 << 20;
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// The message before the first chunk and its frame are smaller, every chunk of ours larger.
const HEADER_BYTES: usize = 1 << 10;
const WARM_UP_BYTES: u32 = 1;

/// How the bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    GrpcWeb,
    Http,
}

/// What is asked of whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The server, as in `http://127.0.0.1:1234`.
    pub(crate) origin: String,
    /// The access token.
    pub(crate) token: String,
    /// The export for gRPC and grpc-web.
    pub(crate) export_id: String,
    /// The path for HTTP.
    pub(crate) path: String,
}

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Client {
    target: Target,
    connection: Connection,
}

#[derive(Debug)]
enum Connection {
    Grpc(ExportServiceClient<Channel>),
    GrpcWeb(reqwest::Client),
    Http(reqwest::Client),
}

impl Client {
    pub(crate) async fn connect(target: Target, protocol: Protocol) -> Result<Self> {
        let connection = match protocol {
            Protocol::Grpc => {
                Connection::Grpc(ExportServiceClient::new(channel(&target.origin).await?))
            }
            Protocol::GrpcWeb => Connection::GrpcWeb(http_client()?),
            Protocol::Http => Connection::Http(http_client()?),
        };
        Ok(Self { target, connection })
    }

    /// Takes the first byte, so that what follows measures no start of anything, but has still to
    /// make its buffers.
    pub(crate) async fn warm_up(&self) -> Result<()> {
        let mut stream = self.stream(Some(WARM_UP_BYTES)).await?;
        while let Some(chunk) = stream.next().await {
            drop(chunk?);
        }
        Ok(())
    }

    /// The bytes of the archive, or at least as many of the first as said. Of what comes before them
    /// only lengths of 0 are seen.
    pub(crate) async fn stream(
        &self,
        limit: Option<u32>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let request = StreamExportRequest {
            export_id: self.target.export_id.clone(),
            part: 1,
            limit_bytes: limit.map(i64::from),
            ..Default::default()
        };
        match &self.connection {
            Connection::Grpc(client) => {
                let request = signed(request, &self.target.token)?;
                let messages = client.clone().stream_export(request).await?.into_inner();
                Ok(messages.map(|message| Ok(chunk(message?.part))).boxed())
            }
            Connection::GrpcWeb(client) => {
                let url = format!("{}/albumen.v1.ExportService/StreamExport", self.target.origin);
                let request = client
                    .post(url)
                    .header(AUTHORIZATION, format!("Bearer {}", self.target.token))
                    .header(CONTENT_TYPE, "application/grpc-web+proto")
                    .body(framed(&request));
                let mut seen = 0;
                let bytes = request.send().await?.error_for_status()?.bytes_stream();
                let body = bytes.map(move |bytes| {
                    let bytes = bytes?;
                    seen += bytes.len();
                    Ok(if seen > HEADER_BYTES { bytes } else { Bytes::new() })
                });
                Ok(body.boxed())
            }
            Connection::Http(client) => {
                let mut request = client
                    .get(format!("{}{}", self.target.origin, self.target.path))
                    .header(AUTHORIZATION, format!("Bearer {}", self.target.token));
                if let Some(limit) = limit {
                    request = request.header(RANGE, format!("bytes=0-{}", limit - 1));
                }
                let bytes = request.send().await?.error_for_status()?.bytes_stream();
                Ok(bytes.map(|bytes| Ok(bytes?)).boxed())
            }
        }
    }
}

/// A connection with the settings of our own clients.
pub(crate) async fn channel(origin: &str) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(origin.to_owned())?
        .max_frame_size(FRAME_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    endpoint.connect().await.context("cannot connect")
}

/// A request with an access token.
pub(crate) fn signed<T>(message: T, token: &str) -> Result<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    Ok(request)
}

fn http_client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn chunk(part: Option<Part>) -> Bytes {
    match part {
        Some(Part::Chunk(chunk)) => chunk,
        Some(Part::Header(_)) | None => Bytes::new(),
    }
}

fn framed(request: &StreamExportRequest) -> Vec<u8> {
    let message = prost::Message::encode_to_vec(request);
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0], length.as_slice(), &message].concat()
}
