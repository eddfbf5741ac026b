//! `UserService`.

use albumen::v1::user_service_server::UserService;
use albumen::v1::{GetMeRequest, UpdateMeRequest, User};
use tonic::{Request, Response, Status};

use super::{Change, Field};
use crate::access::open;
use crate::app::App;
use crate::entity::user::Model;
use crate::mask;

/// The gRPC face of people.
#[derive(Debug)]
pub struct Rpc(pub App);

#[tonic::async_trait]
impl UserService for Rpc {
    async fn get_me(&self, request: Request<GetMeRequest>) -> Result<Response<User>, Status> {
        let (actor, _) = open(request)?;
        let user = super::get_me(&self.0, &actor).await?;
        Ok(Response::new(to_proto(user)))
    }

    async fn update_me(&self, request: Request<UpdateMeRequest>) -> Result<Response<User>, Status> {
        let (actor, request) = open(request)?;
        let user = request.user.unwrap_or_default();
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            Field::DisplayName => !user.display_name.is_empty(),
            Field::ExportPartSizeBytes => user.export_part_size_bytes.is_some(),
        })?;
        let change = Change {
            display_name: user.display_name,
            export_part_size_bytes: user.export_part_size_bytes,
        };
        let user = super::update_me(&self.0, &actor, change, fields).await?;
        Ok(Response::new(to_proto(user)))
    }
}

/// A user as they see themselves.
#[must_use]
pub fn to_proto(user: Model) -> User {
    User {
        id: user.id.to_string(),
        display_name: user.display_name,
        export_part_size_bytes: user.export_part_size_bytes,
        email: user.email,
        is_admin: user.is_admin,
        quota_bytes: user.quota_bytes,
        used_bytes: user.used_bytes,
        create_time: Some(user.create_time.timestamp()),
        update_time: Some(user.update_time.timestamp()),
    }
}
