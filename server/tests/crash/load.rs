//! Callers, and what they were told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use albumen::v1::asset_service_client::AssetServiceClient;
use albumen::v1::create_export_request::Source;
use albumen::v1::download_asset_response::Part;
use albumen::v1::export_service_client::ExportServiceClient;
use albumen::v1::upload_service_client::UploadServiceClient;
use albumen::v1::{
    AppendUploadRequest, AssetSelection, CancelUploadRequest, CreateExportRequest,
    CreateUploadRequest, DeleteExportRequest, DownloadAssetRequest, FinishUploadRequest,
    GetUploadRequest, Upload, UploadState,
};
use fastrand::Rng;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::photo;

/// What the server said so far, and what is to be done.
pub(crate) struct Load {
    token: String,
    /// Uploads that are not known to have ended.
    open: Mutex<Vec<Item>>,
    /// The number of the photo of each asset that is stored.
    stored: Mutex<HashMap<String, u32>>,
    last_number: Mutex<u32>,
}

/// An upload, as far as its caller knows.
struct Item {
    id: String,
    number: u32,
    bytes: Vec<u8>,
    committed: usize,
    is_created: bool,
    is_given_up: bool,
}

/// What becomes of an item.
#[derive(PartialEq, Eq)]
enum Next {
    Ended,
    Continued,
}

type Transport = InterceptedService<Channel, Bearer>;

#[derive(Clone)]
struct Bearer(String);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let value = MetadataValue::try_from(format!("Bearer {}", self.0)).unwrap();
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

impl Item {
    fn new(number: u32, rng: &mut Rng) -> Self {
        let mut id = [0; 16];
        rng.fill(&mut id);
        Self {
            id: uuid::Builder::from_random_bytes(id).into_uuid().to_string(),
            number,
            bytes: photo::bytes(number),
            committed: 0,
            is_created: false,
            is_given_up: false,
        }
    }
}

impl Load {
    pub(crate) fn new(token: String) -> Self {
        Self {
            token,
            open: Mutex::default(),
            stored: Mutex::default(),
            last_number: Mutex::default(),
        }
    }

    /// The number of the photo of each asset that is stored.
    pub(crate) fn stored(&self) -> HashMap<String, u32> {
        self.stored.lock().unwrap().clone()
    }

    /// Calls a server, one call after the other, until it is gone.
    pub(crate) async fn call(self: Arc<Self>, address: String, mut rng: Rng) {
        let Some(transport) = self.connect(&address).await else { return };
        loop {
            let result = match rng.u8(..20) {
                0 => self.download(&transport, &mut rng).await,
                1 => self.export(&transport, &mut rng).await,
                _ => self.advance(&transport, &mut rng).await,
            };
            if result.is_err_and(|status| is_cut_off(&status)) {
                return;
            }
        }
    }

    /// Completes half of the uploads that are open: whatever happened, they can be resumed.
    pub(crate) async fn complete(&self, address: &str, rng: &mut Rng) {
        let transport = self.connect(address).await.unwrap();
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        for mut item in open.into_iter().step_by(2) {
            while self.drive(&transport, &mut item, rng).await.unwrap() == Next::Continued {}
        }
    }

    async fn connect(&self, address: &str) -> Option<Transport> {
        let channel = Channel::from_shared(address.to_owned()).unwrap().connect().await.ok()?;
        Some(InterceptedService::new(channel, Bearer(self.token.clone())))
    }

    async fn advance(&self, transport: &Transport, rng: &mut Rng) -> Result<(), Status> {
        let mut item = self.take(rng);
        let result = self.drive(transport, &mut item, rng).await;
        if !matches!(result, Ok(Next::Ended)) {
            self.open.lock().unwrap().push(item);
        }
        result.map(drop)
    }

    /// An upload that is open, or a new one; of a photo that is new, or known.
    fn take(&self, rng: &mut Rng) -> Item {
        let mut open = self.open.lock().unwrap();
        if !open.is_empty() && rng.u8(..3) == 0 {
            let index = rng.usize(..open.len());
            return open.swap_remove(index);
        }
        let mut last = self.last_number.lock().unwrap();
        if *last == 0 || rng.u8(..6) > 0 {
            *last += 1;
            return Item::new(*last, rng);
        }
        Item::new(rng.u32(1..=*last), rng)
    }

    /// Brings an upload on, to its end or nearly so.
    async fn drive(
        &self,
        transport: &Transport,
        item: &mut Item,
        rng: &mut Rng,
    ) -> Result<Next, Status> {
        let mut uploads = UploadServiceClient::new(transport.clone());
        let upload = look(&mut uploads, item).await?;
        match upload.state() {
            UploadState::Cancelled => {
                assert!(item.is_given_up, "nobody cancelled {}", item.id);
                return Ok(Next::Ended);
            }
            UploadState::Finished => return self.finish(&mut uploads, item).await,
            _ => {}
        }
        item.is_given_up |= rng.u8(..30) == 0;
        if item.is_given_up {
            let request = CancelUploadRequest { upload_id: item.id.clone() };
            uploads.cancel_upload(request).await?;
            return Ok(Next::Ended);
        }
        while item.committed < item.bytes.len() {
            if rng.u8(..20) == 0 {
                return Ok(Next::Continued);
            }
            append(&mut uploads, item, rng).await?;
        }
        self.finish(&mut uploads, item).await
    }

    async fn finish(
        &self,
        uploads: &mut UploadServiceClient<Transport>,
        item: &Item,
    ) -> Result<Next, Status> {
        let request = FinishUploadRequest { upload_id: item.id.clone() };
        let asset = uploads.finish_upload(request).await?.into_inner().asset.unwrap();
        assert_eq!(asset.sha256, photo::sha256(&item.bytes), "{} became something else", item.id);
        self.stored.lock().unwrap().insert(asset.id, item.number);
        Ok(Next::Ended)
    }

    /// Some assets that are stored.
    fn some(&self, count: usize, rng: &mut Rng) -> Vec<(String, u32)> {
        let stored = self.stored.lock().unwrap();
        rng.choose_multiple(stored.iter(), count)
            .into_iter()
            .map(|(id, number)| (id.clone(), *number))
            .collect()
    }

    /// Looks at the bytes of an asset.
    async fn download(&self, transport: &Transport, rng: &mut Rng) -> Result<(), Status> {
        let Some((asset_id, number)) = self.some(1, rng).pop() else { return Ok(()) };
        let mut assets = AssetServiceClient::new(transport.clone());
        let request = DownloadAssetRequest { asset_id, ..DownloadAssetRequest::default() };
        let mut stream = assets.download_asset(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(answer) = stream.message().await? {
            if let Some(Part::Chunk(chunk)) = answer.part {
                bytes.extend_from_slice(&chunk);
            }
        }
        assert!(bytes == photo::bytes(number), "photo {number} is damaged");
        Ok(())
    }

    /// Makes an export, which may be deleted again.
    async fn export(&self, transport: &Transport, rng: &mut Rng) -> Result<(), Status> {
        let asset_ids: Vec<_> = self.some(5, rng).into_iter().map(|(id, _)| id).collect();
        if asset_ids.is_empty() {
            return Ok(());
        }
        let mut exports = ExportServiceClient::new(transport.clone());
        let source = Some(Source::Selection(AssetSelection { asset_ids }));
        let request = CreateExportRequest { source, ..CreateExportRequest::default() };
        let export_id = exports.create_export(request).await?.into_inner().id;
        if rng.bool() {
            exports.delete_export(DeleteExportRequest { export_id }).await?;
        }
        Ok(())
    }
}

/// The upload as the server has it, with all the bytes that it said were safe.
async fn look(
    uploads: &mut UploadServiceClient<Transport>,
    item: &mut Item,
) -> Result<Upload, Status> {
    if !item.is_created {
        let upload = Upload {
            file_name: format!("{}.jpg", item.number),
            size_bytes: item.bytes.len().try_into().unwrap(),
            ..Upload::default()
        };
        let request = CreateUploadRequest { upload: Some(upload), request_id: item.id.clone() };
        uploads.create_upload(request).await?;
        item.is_created = true;
    }
    let request = GetUploadRequest { upload_id: item.id.clone() };
    let upload = uploads.get_upload(request).await?.into_inner();
    let committed = usize::try_from(upload.committed_size_bytes).unwrap();
    let is_open = upload.state() == UploadState::Active;
    assert!(!is_open || committed >= item.committed, "bytes of {} are gone", item.id);
    item.committed = committed;
    Ok(upload)
}

async fn append(
    uploads: &mut UploadServiceClient<Transport>,
    item: &mut Item,
    rng: &mut Rng,
) -> Result<(), Status> {
    let rest = &item.bytes[item.committed..];
    let length = rng.usize(1..=1 << 20).min(rest.len());
    let request = AppendUploadRequest {
        upload_id: item.id.clone(),
        offset: item.committed.try_into().unwrap(),
        chunk: rest[..length].to_vec().into(),
    };
    let answer = uploads.append_upload(request).await?.into_inner();
    item.committed += length;
    assert_eq!(answer.committed_size_bytes, i64::try_from(item.committed).unwrap());
    Ok(())
}

/// Whether a call failed because its server is gone. Every other failure is one of the server's,
/// and the only one that may come is that somebody else is at the same thing.
fn is_cut_off(status: &Status) -> bool {
    let is_answer = status.get_details_error_info().is_some();
    assert!(!is_answer || status.code() == Code::Aborted, "{status:?}");
    !is_answer
}
