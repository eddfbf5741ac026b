//! `ExportService`.

use std::pin::Pin;

use albumen::v1::create_export_request::{Folders as FoldersOption, Source as SourceOption};
use albumen::v1::export_service_server::ExportService;
use albumen::v1::skipped_asset::Reason;
use albumen::v1::stream_export_response::Part;
use albumen::v1::{
    CreateExportRequest, DeleteExportRequest, DeleteExportResponse, Export, ExportHeader,
    ExportPart, GetExportRequest, SkippedAsset, StreamExportRequest, StreamExportResponse,
};
use futures::stream::{Stream, StreamExt as _, once};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tonic::{Request, Response, Status};

use super::{Cause, ExportView, Folders, NewExport, Skipped, Source};
use crate::access::open;
use crate::app::App;
use crate::entity::export_part::Summary;
use crate::error::{Error, Result};
use crate::id::{AlbumId, AssetId, ExportId, SharedLinkId};

/// What stands for itself in a path (RFC 3986, section 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The gRPC face of exports.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl ExportService for Rpc {
    type StreamExportStream =
        Pin<Box<dyn Stream<Item = Result<StreamExportResponse, Status>> + Send>>;

    async fn get_export(
        &self,
        request: Request<GetExportRequest>,
    ) -> Result<Response<Export>, Status> {
        let (actor, request) = open(request)?;
        let export = super::get(&self.0, &actor, export_id(&request.export_id)?).await?;
        Ok(Response::new(export.into()))
    }

    async fn create_export(
        &self,
        request: Request<CreateExportRequest>,
    ) -> Result<Response<Export>, Status> {
        let (actor, request) = open(request)?;
        let export = super::create(&self.0, &actor, request.try_into()?).await?;
        Ok(Response::new(export.into()))
    }

    async fn delete_export(
        &self,
        request: Request<DeleteExportRequest>,
    ) -> Result<Response<DeleteExportResponse>, Status> {
        let (actor, request) = open(request)?;
        super::delete(&self.0, &actor, export_id(&request.export_id)?).await?;
        Ok(Response::new(DeleteExportResponse {}))
    }

    async fn stream_export(
        &self,
        request: Request<StreamExportRequest>,
    ) -> Result<Response<Self::StreamExportStream>, Status> {
        let (actor, request) = open(request)?;
        let id = export_id(&request.export_id)?;
        let part = super::part(&self.0, &actor, id, request.part).await?;
        let (size, offset) = (part.size(), request.offset.cast_unsigned());
        if offset > size {
            return Err(Error::OffsetOutOfRange { size_bytes: part.row.size_bytes }.into());
        }
        let limit = request.limit_bytes.map_or(u64::MAX, i64::cast_unsigned);
        let header = Part::Header(ExportHeader {
            file_name: part.row.file_name.clone(),
            size_bytes: part.row.size_bytes,
            etag: part.row.etag.clone(),
            offset: request.offset,
        });
        let chunks = part.stream(offset..offset.saturating_add(limit).min(size)).await?;
        let parts = once(async { Ok(header) }).chain(chunks.map(|chunk| chunk.map(Part::Chunk)));
        let stream = parts.map(|part| {
            part.map(|part| StreamExportResponse { part: Some(part) }).map_err(Status::from)
        });
        Ok(Response::new(Box::pin(stream)))
    }
}

fn export_id(text: &str) -> Result<ExportId> {
    ExportId::parse(text).ok_or_else(|| Error::invalid("export_id", "must be a UUID"))
}

impl TryFrom<CreateExportRequest> for NewExport {
    type Error = Error;

    fn try_from(request: CreateExportRequest) -> Result<Self> {
        let folders = match request.folders() {
            FoldersOption::Unspecified | FoldersOption::None => Folders::None,
            FoldersOption::Day => Folders::Day,
            FoldersOption::Album => Folders::Album,
        };
        let source = match request.source {
            Some(SourceOption::AlbumId(id)) => AlbumId::parse(&id).map(Source::Album),
            Some(SourceOption::Selection(selection)) => {
                let ids = selection.asset_ids.iter().map(|id| AssetId::parse(id));
                ids.collect::<Option<_>>().map(Source::Selection)
            }
            Some(SourceOption::SharedLinkId(id)) => {
                SharedLinkId::parse(&id).map(Source::SharedLink)
            }
            None => None,
        };
        Ok(Self {
            id: ExportId::parse(&request.request_id),
            source: source.ok_or_else(|| Error::invalid("source", "is required"))?,
            max_part_size: request.max_part_size_bytes.map(i64::cast_unsigned),
            folders,
        })
    }
}

impl From<ExportView> for Export {
    fn from(view: ExportView) -> Self {
        let export = view.export;
        let parts = view.parts.into_iter().map(|part| part_to_proto(export.id, part));
        let parts: Vec<_> = parts.collect();
        Self {
            id: export.id.to_string(),
            display_name: export.display_name,
            size_bytes: parts.iter().map(|part| part.size_bytes).sum(),
            parts,
            skipped_assets: view.skipped.into_iter().map(skipped_to_proto).collect(),
            create_time: Some(export.create_time.timestamp()),
            expire_time: Some(export.expire_time.timestamp()),
        }
    }
}

fn part_to_proto(id: ExportId, part: Summary) -> ExportPart {
    let name = utf8_percent_encode(&part.file_name, UNRESERVED);
    ExportPart {
        http_path: format!("/api/exports/{id}/parts/{}/{name}", part.number),
        number: part.number,
        file_name: part.file_name,
        size_bytes: part.size_bytes,
        entry_count: part.entry_count,
        etag: part.etag,
    }
}

fn skipped_to_proto(skipped: Skipped) -> SkippedAsset {
    let reason = match skipped.cause() {
        Cause::Damaged => Reason::Damaged,
        Cause::Trashed => Reason::Trashed,
        Cause::NotReady => Reason::VariantNotReady,
        Cause::NotRemovable => Reason::MetadataNotRemovable,
        Cause::Offline => Reason::Offline,
    };
    let id = skipped.asset_id.try_into().map(AssetId::from_bytes);
    SkippedAsset {
        asset_id: id.map(|id| id.to_string()).unwrap_or_default(),
        file_name: skipped.file_name,
        reason: reason.into(),
    }
}
