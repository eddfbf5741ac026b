//! `UploadService`.

use albumen::v1::stream_upload_request::Part;
use albumen::v1::upload_service_server::UploadService;
use albumen::v1::{
    AppendUploadRequest, AppendUploadResponse, CancelUploadRequest, CancelUploadResponse,
    CreateUploadRequest, FinishUploadRequest, FinishUploadResponse, GetUploadRequest,
    StreamUploadRequest, StreamUploadResponse, UndoUploadRequest, UndoUploadResponse, Upload,
    UploadState,
};
use bytes::Bytes;
use futures::stream::{Stream, StreamExt as _, iter};
use tonic::{Request, Response, Status, Streaming};

use super::{NewUpload, guest};
use crate::access::{Messages, open, open_stream};
use crate::app::App;
use crate::entity::upload::{Model, State};
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, UploadId};
use crate::text;
use crate::time::Micros;

/// The gRPC face of uploads.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl UploadService for Rpc {
    async fn get_upload(
        &self,
        request: Request<GetUploadRequest>,
    ) -> Result<Response<Upload>, Status> {
        let (actor, request) = open(request)?;
        let upload = super::get(&self.0, &actor, upload_id(&request.upload_id)?).await?;
        Ok(Response::new(to_proto(upload)))
    }

    async fn create_upload(
        &self,
        request: Request<CreateUploadRequest>,
    ) -> Result<Response<Upload>, Status> {
        let (actor, request) = open(request)?;
        let upload = super::create(&self.0, &actor, request.try_into()?).await?;
        Ok(Response::new(to_proto(upload)))
    }

    async fn append_upload(
        &self,
        request: Request<AppendUploadRequest>,
    ) -> Result<Response<AppendUploadResponse>, Status> {
        let (actor, request) = open(request)?;
        let (id, chunk) = (upload_id(&request.upload_id)?, iter([Ok(request.chunk)]));
        let append = super::append_in_background(&self.0, actor, id, request.offset, chunk);
        let committed_size_bytes = append.await?;
        Ok(Response::new(AppendUploadResponse { committed_size_bytes }))
    }

    async fn stream_upload(
        &self,
        request: Request<Streaming<StreamUploadRequest>>,
    ) -> Result<Response<StreamUploadResponse>, Status> {
        let (actor, mut messages) = open_stream(&self.0, request)?;
        let header = match messages.next().await.transpose()?.map(|first| first.part) {
            Some(Some(Part::Header(header))) => header,
            Some(_) => return Err(Error::invalid("header", "must come first").into()),
            None => return Err(Error::invalid("part", "is required").into()),
        };
        let (id, chunks) = (upload_id(&header.upload_id)?, chunks(messages));
        let append = super::append_in_background(&self.0, actor, id, header.offset, chunks);
        let committed_size_bytes = append.await?;
        Ok(Response::new(StreamUploadResponse { committed_size_bytes }))
    }

    async fn finish_upload(
        &self,
        request: Request<FinishUploadRequest>,
    ) -> Result<Response<FinishUploadResponse>, Status> {
        let (actor, request) = open(request)?;
        let (app, id) = (self.0.clone(), upload_id(&request.upload_id)?);
        // In a task of its own: the file is moved by one call from start to end.
        let finish = self.0.spawn(async move { super::finish(&app, &actor, id).await });
        let finished = finish.await.map_err(Error::internal)??;
        let asset = Some(finished.asset.into());
        Ok(Response::new(FinishUploadResponse { asset, duplicate: finished.is_duplicate }))
    }

    async fn cancel_upload(
        &self,
        request: Request<CancelUploadRequest>,
    ) -> Result<Response<CancelUploadResponse>, Status> {
        let (actor, request) = open(request)?;
        let upload = super::cancel(&self.0, &actor, upload_id(&request.upload_id)?).await?;
        Ok(Response::new(CancelUploadResponse { upload: Some(to_proto(upload)) }))
    }

    async fn undo_upload(
        &self,
        request: Request<UndoUploadRequest>,
    ) -> Result<Response<UndoUploadResponse>, Status> {
        let (actor, request) = open(request)?;
        let upload = super::undo(&self.0, &actor, upload_id(&request.upload_id)?).await?;
        Ok(Response::new(UndoUploadResponse { upload: Some(to_proto(upload)) }))
    }
}

/// The chunks behind the header of a stream.
fn chunks(messages: Messages<StreamUploadRequest>) -> impl Stream<Item = Result<Bytes>> + Unpin {
    messages.map(|message| match message?.part {
        Some(Part::Chunk(chunk)) => Ok(chunk),
        Some(Part::Header(_)) | None => Err(Error::invalid("header", "must come once, first")),
    })
}

fn upload_id(text: &str) -> Result<UploadId> {
    UploadId::parse(text).ok_or_else(|| Error::invalid("upload_id", "must be a UUID"))
}

impl TryFrom<CreateUploadRequest> for NewUpload {
    type Error = Error;

    fn try_from(request: CreateUploadRequest) -> Result<Self> {
        let upload = request.upload.unwrap_or_default();
        let hint = upload.capture_time_hint.as_ref();
        Ok(Self {
            id: UploadId::parse(&request.request_id),
            file_name: upload.file_name,
            size_bytes: upload.size_bytes,
            sha256: (!upload.sha256.is_empty()).then(|| upload.sha256.to_vec()),
            album_id: AlbumId::parse(&upload.album_id),
            motion_of_asset_id: AssetId::parse(&upload.motion_of_asset_id),
            capture_time_hint: hint
                .map(|hint| Micros::parse(hint, "upload.capture_time_hint"))
                .transpose()?,
            guest_name: text::guest_name(&upload.guest_name, "upload.guest_name")?,
        })
    }
}

fn to_proto(upload: Model) -> Upload {
    let state = match upload.state {
        State::Active => UploadState::Active,
        State::Finished => UploadState::Finished,
        State::Cancelled => UploadState::Cancelled,
    };
    // A guest is not told what the asset was before.
    let (asset_id, motion_of_asset_id) = match upload.shared_link_id {
        Some(_) => {
            let is_still = upload.state == State::Finished && upload.motion_of_asset_id.is_none();
            (is_still.then(|| guest::shown_id(&upload)), None)
        }
        None => (upload.asset_id, upload.motion_of_asset_id),
    };
    Upload {
        id: upload.id.to_string(),
        file_name: upload.file_name,
        size_bytes: upload.size_bytes,
        sha256: upload.sha256.unwrap_or_default().into(),
        album_id: upload.album_id.map(|id| id.to_string()).unwrap_or_default(),
        capture_time_hint: upload.capture_time_hint.map(Micros::timestamp),
        motion_of_asset_id: motion_of_asset_id.map(|id| id.to_string()).unwrap_or_default(),
        state: state.into(),
        committed_size_bytes: upload.committed_size_bytes,
        expire_time: Some(upload.expire_time.timestamp()),
        asset_id: asset_id.map(|id| id.to_string()).unwrap_or_default(),
        duplicate: upload.is_duplicate && upload.shared_link_id.is_none(),
        create_time: Some(upload.create_time.timestamp()),
        guest_name: upload.guest_name.unwrap_or_default(),
    }
}
