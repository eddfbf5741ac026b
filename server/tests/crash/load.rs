//! Callers, and what they were told.

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

use crate::albums::Albums;
use crate::library::{Fate, Library};
use crate::{photo, trash};

/// What the server said so far, and what is to be done.
pub(crate) struct Load {
    token: String,
    /// Uploads that are not known to have ended.
    open: Mutex<Vec<Item>>,
    pub(crate) library: Library,
    pub(crate) albums: Albums,
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

pub(crate) type Transport = InterceptedService<Channel, Bearer>;

#[derive(Clone)]
pub(crate) struct Bearer(String);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let value = MetadataValue::try_from(format!("Bearer {}", self.0)).unwrap();
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }
}

impl Item {
    fn new(number: u32, rng: &mut Rng) -> Self {
        Self {
            id: new_id(rng),
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
            library: Library::default(),
            albums: Albums::default(),
            last_number: Mutex::default(),
        }
    }

    /// Calls a server, one call after the other, until it is gone.
    pub(crate) async fn call(self: Arc<Self>, address: String, mut rng: Rng) {
        let Some(transport) = connect(&address, &self.token).await else { return };
        loop {
            let result = match rng.u8(..20) {
                0 => self.download(&transport, &mut rng).await,
                1 => self.export(&transport, &mut rng).await,
                2..=5 => trash::change(&self.library, &transport, &mut rng).await,
                6..=8 => self.albums.change(&self.library, &transport, &mut rng).await,
                _ => self.advance(&transport, &mut rng).await,
            };
            if result.is_err_and(|status| is_cut_off(&status)) {
                return;
            }
        }
    }

    /// Completes half of the uploads that are open: whatever happened, they can be resumed.
    pub(crate) async fn complete(&self, address: &str, rng: &mut Rng) {
        let transport = connect(address, &self.token).await.unwrap();
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        for mut item in open.into_iter().step_by(2) {
            while self.drive(&transport, &mut item, rng).await.unwrap() == Next::Continued {}
        }
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
        self.library.arriving(item.number);
        let result = uploads.finish_upload(request).await;
        let asset = result.as_ref().ok().map(|answer| answer.get_ref().asset.clone().unwrap());
        self.library.arrived(item.number, asset.as_ref().map(|asset| asset.id.clone()));
        match asset {
            Some(asset) => {
                let sha256 = photo::sha256(&item.bytes);
                assert_eq!(asset.sha256, sha256, "{} became something else", item.id);
            }
            // It was finished before, without our knowledge, and its asset is deleted.
            None if result.as_ref().is_err_and(is_missing) => {
                assert!(self.library.has_lost(item.number), "photo {} is lost", item.number);
            }
            None => drop(result?),
        }
        Ok(Next::Ended)
    }

    /// Looks at the bytes of an asset, which others may delete.
    async fn download(&self, transport: &Transport, rng: &mut Rng) -> Result<(), Status> {
        let Some((asset_id, number)) = self.library.some(1, rng).pop() else { return Ok(()) };
        match download(transport, asset_id.clone()).await {
            Ok(bytes) => assert!(bytes == photo::bytes(number), "photo {number} is damaged"),
            Err(status) => {
                let may_be_gone = self.library.fate(&asset_id) != Fate::Kept;
                let is_loss = matches!(status.code(), Code::NotFound | Code::DataLoss);
                if !(is_loss && may_be_gone) {
                    return Err(status);
                }
            }
        }
        Ok(())
    }

    /// Makes an export, which may be deleted again.
    async fn export(&self, transport: &Transport, rng: &mut Rng) -> Result<(), Status> {
        let asset_ids: Vec<_> = self.library.some(5, rng).into_iter().map(|(id, _)| id).collect();
        if asset_ids.is_empty() {
            return Ok(());
        }
        let mut exports = ExportServiceClient::new(transport.clone());
        let source = Some(Source::Selection(AssetSelection { asset_ids }));
        let request = CreateExportRequest { source, ..CreateExportRequest::default() };
        let export_id = match exports.create_export(request).await {
            Ok(answer) => answer.into_inner().id,
            Err(status) if is_missing(&status) => {
                self.library.missed(&detail(&status, "resource_id"));
                return Ok(());
            }
            // What is in the trash is not exported.
            Err(status) if matches!(reason(&status).as_str(), "TRASHED" | "EXPORT_EMPTY") => {
                return Ok(());
            }
            Err(status) => return Err(status),
        };
        if rng.bool() {
            exports.delete_export(DeleteExportRequest { export_id }).await?;
        }
        Ok(())
    }
}

/// Connects to a server, unless it is gone.
pub(crate) async fn connect(address: &str, token: &str) -> Option<Transport> {
    let channel = Channel::from_shared(address.to_owned()).unwrap().connect().await.ok()?;
    Some(InterceptedService::new(channel, Bearer(token.to_owned())))
}

pub(crate) async fn download(transport: &Transport, asset_id: String) -> Result<Vec<u8>, Status> {
    let mut assets = AssetServiceClient::new(transport.clone());
    let request = DownloadAssetRequest { asset_id, ..DownloadAssetRequest::default() };
    let mut stream = assets.download_asset(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(answer) = stream.message().await? {
        if let Some(Part::Chunk(chunk)) = answer.part {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes)
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

/// Why the server refused a call; empty if it did not.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// What the server says about a refusal, under a key of its metadata.
pub(crate) fn detail(status: &Status, key: &str) -> String {
    let info = status.get_details_error_info();
    info.and_then(|info| info.metadata.get(key).cloned()).unwrap_or_default()
}

fn is_missing(status: &Status) -> bool {
    reason(status) == "RESOURCE_NOT_FOUND"
}

/// A random UUID.
pub(crate) fn new_id(rng: &mut Rng) -> String {
    let mut id = [0; 16];
    rng.fill(&mut id);
    uuid::Builder::from_random_bytes(id).into_uuid().to_string()
}
