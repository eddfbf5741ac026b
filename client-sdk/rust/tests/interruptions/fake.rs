//! A server that keeps one upload and hands out one archive.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use albumen_client::v1::asset_service_server::{AssetService, AssetServiceServer};
use albumen_client::v1::auth_service_server::{AuthService, AuthServiceServer};
use albumen_client::v1::export_service_server::{ExportService, ExportServiceServer};
use albumen_client::v1::upload_service_server::{UploadService, UploadServiceServer};
use albumen_client::v1::*;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

const CHUNK_BYTES: usize = 256 << 10;

type Answer<T> = Result<Response<T>, Status>;

#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<State>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) received: Mutex<Vec<u8>>,
    pub(crate) size_bytes: Mutex<i64>,
    pub(crate) archive: Mutex<Bytes>,
    pub(crate) renewals: AtomicU32,
}

impl std::ops::Deref for Fake {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl Fake {
    /// Serves until the test ends.
    pub(crate) async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(AssetServiceServer::new(self.clone()))
            .add_service(AuthServiceServer::new(self.clone()))
            .add_service(ExportServiceServer::new(self.clone()))
            .add_service(UploadServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        address
    }

    fn upload(&self) -> Upload {
        Upload {
            id: "upload".to_owned(),
            size_bytes: *self.size_bytes.lock().unwrap(),
            committed_size_bytes: i64::try_from(self.received.lock().unwrap().len()).unwrap(),
            ..Upload::default()
        }
    }

    fn chunks(&self, offset: i64) -> Vec<Bytes> {
        let archive = self.archive.lock().unwrap().clone();
        let rest = archive.slice(usize::try_from(offset).unwrap()..);
        rest.chunks(CHUNK_BYTES).map(|chunk| rest.slice_ref(chunk)).collect()
    }
}

#[tonic::async_trait]
impl UploadService for Fake {
    async fn create_upload(&self, request: Request<CreateUploadRequest>) -> Answer<Upload> {
        *self.size_bytes.lock().unwrap() = request.into_inner().upload.unwrap().size_bytes;
        Ok(Response::new(self.upload()))
    }

    async fn get_upload(&self, _: Request<GetUploadRequest>) -> Answer<Upload> {
        Ok(Response::new(self.upload()))
    }

    async fn stream_upload(
        &self,
        request: Request<Streaming<StreamUploadRequest>>,
    ) -> Answer<StreamUploadResponse> {
        let mut parts = request.into_inner();
        while let Some(part) = parts.message().await? {
            let mut received = self.received.lock().unwrap();
            match part.part {
                Some(stream_upload_request::Part::Chunk(chunk)) => received.extend(chunk),
                Some(stream_upload_request::Part::Header(header)) => {
                    assert_eq!(header.offset, i64::try_from(received.len()).unwrap());
                }
                None => {}
            }
        }
        let committed_size_bytes = self.upload().committed_size_bytes;
        Ok(Response::new(StreamUploadResponse { committed_size_bytes }))
    }

    async fn finish_upload(&self, _: Request<FinishUploadRequest>) -> Answer<FinishUploadResponse> {
        let asset = Some(Asset::default());
        Ok(Response::new(FinishUploadResponse { asset, duplicate: false }))
    }

    async fn append_upload(&self, _: Request<AppendUploadRequest>) -> Answer<AppendUploadResponse> {
        Err(Status::unimplemented(""))
    }

    async fn cancel_upload(&self, _: Request<CancelUploadRequest>) -> Answer<CancelUploadResponse> {
        Err(Status::unimplemented(""))
    }

    async fn undo_upload(&self, _: Request<UndoUploadRequest>) -> Answer<UndoUploadResponse> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl AssetService for Fake {
    type DownloadAssetStream = BoxStream<'static, Result<DownloadAssetResponse, Status>>;

    /// Answers with the token that the caller showed.
    async fn get_asset(&self, request: Request<GetAssetRequest>) -> Answer<Asset> {
        let token = request.metadata().get("authorization").unwrap().to_str().unwrap();
        Ok(Response::new(Asset { id: token.to_owned(), ..Asset::default() }))
    }

    async fn list_assets(&self, request: Request<ListAssetsRequest>) -> Answer<ListAssetsResponse> {
        let token = request.into_inner().page_token;
        let (next, ids) = match token.as_str() {
            "" => ("second", vec!["1", "2"]),
            "second" => ("third", vec![]),
            _ => ("", vec!["3"]),
        };
        let asset = |id: &str| Asset { id: id.to_owned(), ..Asset::default() };
        let assets = ids.into_iter().map(asset).collect();
        Ok(Response::new(ListAssetsResponse { assets, next_page_token: next.to_owned() }))
    }

    async fn download_asset(
        &self,
        request: Request<DownloadAssetRequest>,
    ) -> Answer<Self::DownloadAssetStream> {
        let chunks = self.chunks(request.into_inner().offset).into_iter().map(|chunk| {
            let part = Some(download_asset_response::Part::Chunk(chunk));
            Ok(DownloadAssetResponse { part })
        });
        Ok(Response::new(stream::iter(chunks).boxed()))
    }

    async fn update_assets(&self, _: Request<UpdateAssetsRequest>) -> Answer<UpdateAssetsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn get_timeline_buckets(
        &self,
        _: Request<GetTimelineBucketsRequest>,
    ) -> Answer<GetTimelineBucketsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn check_assets(&self, _: Request<CheckAssetsRequest>) -> Answer<CheckAssetsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn trash_assets(&self, _: Request<TrashAssetsRequest>) -> Answer<TrashAssetsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn restore_assets(
        &self,
        _: Request<RestoreAssetsRequest>,
    ) -> Answer<RestoreAssetsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn delete_assets(&self, _: Request<DeleteAssetsRequest>) -> Answer<DeleteAssetsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn empty_trash(&self, _: Request<EmptyTrashRequest>) -> Answer<EmptyTrashResponse> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl ExportService for Fake {
    type StreamExportStream = BoxStream<'static, Result<StreamExportResponse, Status>>;

    async fn stream_export(
        &self,
        request: Request<StreamExportRequest>,
    ) -> Answer<Self::StreamExportStream> {
        let header = stream_export_response::Part::Header(ExportHeader::default());
        let chunks = self.chunks(request.into_inner().offset).into_iter();
        let chunks = chunks.map(stream_export_response::Part::Chunk);
        let parts = [header].into_iter().chain(chunks);
        let parts = parts.map(|part| Ok(StreamExportResponse { part: Some(part) }));
        Ok(Response::new(stream::iter(parts.collect::<Vec<_>>()).boxed()))
    }

    async fn get_export(&self, _: Request<GetExportRequest>) -> Answer<Export> {
        Err(Status::unimplemented(""))
    }

    async fn create_export(&self, _: Request<CreateExportRequest>) -> Answer<Export> {
        Err(Status::unimplemented(""))
    }

    async fn delete_export(&self, _: Request<DeleteExportRequest>) -> Answer<DeleteExportResponse> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl AuthService for Fake {
    async fn refresh_session(
        &self,
        _: Request<RefreshSessionRequest>,
    ) -> Answer<RefreshSessionResponse> {
        let number = self.renewals.fetch_add(1, Ordering::Relaxed) + 1;
        let tokens = tokens(&format!("renewed {number}"), Duration::from_secs(900));
        Ok(Response::new(RefreshSessionResponse { tokens: Some(tokens) }))
    }

    async fn set_up(&self, _: Request<SetUpRequest>) -> Answer<SetUpResponse> {
        Err(Status::unimplemented(""))
    }

    async fn login(&self, _: Request<LoginRequest>) -> Answer<LoginResponse> {
        Err(Status::unimplemented(""))
    }

    async fn logout(&self, _: Request<LogoutRequest>) -> Answer<LogoutResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_sessions(&self, _: Request<ListSessionsRequest>) -> Answer<ListSessionsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn update_session(&self, _: Request<UpdateSessionRequest>) -> Answer<Session> {
        Err(Status::unimplemented(""))
    }

    async fn revoke_session(
        &self,
        _: Request<RevokeSessionRequest>,
    ) -> Answer<RevokeSessionResponse> {
        Err(Status::unimplemented(""))
    }

    async fn revoke_other_sessions(
        &self,
        _: Request<RevokeOtherSessionsRequest>,
    ) -> Answer<RevokeOtherSessionsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn change_password(
        &self,
        _: Request<ChangePasswordRequest>,
    ) -> Answer<ChangePasswordResponse> {
        Err(Status::unimplemented(""))
    }

    async fn create_api_key(&self, _: Request<CreateApiKeyRequest>) -> Answer<ApiKey> {
        Err(Status::unimplemented(""))
    }

    async fn list_api_keys(&self, _: Request<ListApiKeysRequest>) -> Answer<ListApiKeysResponse> {
        Err(Status::unimplemented(""))
    }

    async fn delete_api_key(
        &self,
        _: Request<DeleteApiKeyRequest>,
    ) -> Answer<DeleteApiKeyResponse> {
        Err(Status::unimplemented(""))
    }
}

/// A session's tokens; the access token has so much time left.
pub(crate) fn tokens(access_token: &str, left: Duration) -> SessionTokens {
    SessionTokens {
        access_token: access_token.to_owned(),
        access_expire_time: Some((SystemTime::now() + left).into()),
        ..SessionTokens::default()
    }
}
