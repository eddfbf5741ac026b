//! `ServerService`.

use albumen::v1::server_service_server::ServerService;
use albumen::v1::{GetServerInfoRequest, GetServerInfoResponse, ServerLimits};
use tonic::{Request, Response, Status};

use crate::access::{Scopes, open};
use crate::app::App;
use crate::uploads;
use crate::zip;

/// The gRPC face of the installation.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl ServerService for Rpc {
    async fn get_server_info(
        &self,
        request: Request<GetServerInfoRequest>,
    ) -> Result<Response<GetServerInfoResponse>, Status> {
        open(request)?;
        let setup_required = super::is_setup_required(&self.0).await?;
        let limits = ServerLimits {
            max_file_size_bytes: self.0.config.max_file_size_bytes,
            max_stream_chunk_bytes: uploads::MAX_STREAM_CHUNK_BYTES,
            max_append_chunk_bytes: uploads::MAX_APPEND_CHUNK_BYTES,
            min_export_part_size_bytes: zip::MIN_PART_SIZE.cast_signed(),
            default_export_part_size_bytes: zip::DEFAULT_PART_SIZE.cast_signed(),
        };
        Ok(Response::new(GetServerInfoResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            setup_required,
            limits: Some(limits),
            api_key_scopes: Scopes::all().iter().map(|&scope| scope.to_owned()).collect(),
        }))
    }
}
