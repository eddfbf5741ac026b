//! `UserService`.

use albumen::v1::user_service_server::UserService;
use albumen::v1::{
    CreateUserRequest, DeleteUserRequest, GetMeRequest, GetUsageRequest, GetUserRequest,
    ListUsersRequest, ListUsersResponse, ResetPasswordRequest, ResetPasswordResponse,
    RestoreUserRequest, RestoreUserResponse, UpdateMeRequest, UpdateUserRequest, Usage, User,
};
use tonic::{Request, Response, Status};

use super::{AdminField, Change, Field, Filter, NewUser, Profile, Values};
use crate::access::open;
use crate::app::App;
use crate::entity::user::Model;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::mask;
use crate::page::{Page, SIZES};
use crate::time::Micros;

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

    async fn get_usage(
        &self,
        request: Request<GetUsageRequest>,
    ) -> Result<Response<Usage>, Status> {
        let (actor, _) = open(request)?;
        let usage = super::get_usage(&self.0, &actor).await?;
        Ok(Response::new(Usage {
            used_bytes: usage.used_bytes,
            reserved_bytes: usage.reserved_bytes,
            quota_bytes: usage.quota_bytes,
            asset_count: usage.asset_count.cast_signed(),
        }))
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let (actor, request) = open(request)?;
        let profile = super::get(&self.0, &actor, user_id(&request.user_id)?).await?;
        Ok(Response::new(profile.into()))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let (actor, mut request) = open(request)?;
        let (size, token) = (request.page_size, std::mem::take(&mut request.page_token));
        request.page_size = 0;
        let page = Page::parse(size, &token, SIZES, &request)?;
        let filter = Filter {
            display_name: request.display_name,
            email: request.email,
            show_deleted: request.show_deleted,
        };
        let paged = super::list(&self.0, &actor, &filter, &page).await?;
        Ok(Response::new(ListUsersResponse {
            users: paged.rows.into_iter().map(Into::into).collect(),
            next_page_token: paged.next_page_token,
        }))
    }

    async fn create_user(
        &self,
        request: Request<CreateUserRequest>,
    ) -> Result<Response<User>, Status> {
        let (actor, request) = open(request)?;
        let new = NewUser {
            id: UserId::parse(&request.request_id),
            values: request.user.unwrap_or_default().into(),
            password: request.password,
        };
        Ok(Response::new(super::create(&self.0, &actor, new).await?.into()))
    }

    async fn update_user(
        &self,
        request: Request<UpdateUserRequest>,
    ) -> Result<Response<User>, Status> {
        let (actor, request) = open(request)?;
        let user = request.user.unwrap_or_default();
        let fields = mask::parse(request.update_mask.as_ref(), |field| match field {
            AdminField::DisplayName => !user.display_name.is_empty(),
            AdminField::Email => !user.email.is_empty(),
            AdminField::IsAdmin => user.is_admin.is_some(),
            AdminField::QuotaBytes => user.quota_bytes.is_some(),
            AdminField::Disabled => user.disabled.is_some(),
        })?;
        let id = user_id(&request.user_id)?;
        let profile = super::update(&self.0, &actor, id, user.into(), fields).await?;
        Ok(Response::new(profile.into()))
    }

    async fn delete_user(
        &self,
        request: Request<DeleteUserRequest>,
    ) -> Result<Response<User>, Status> {
        let (actor, request) = open(request)?;
        let profile = super::delete(&self.0, &actor, user_id(&request.user_id)?).await?;
        Ok(Response::new(profile.into()))
    }

    async fn restore_user(
        &self,
        request: Request<RestoreUserRequest>,
    ) -> Result<Response<RestoreUserResponse>, Status> {
        let (actor, request) = open(request)?;
        let profile = super::restore(&self.0, &actor, user_id(&request.user_id)?).await?;
        Ok(Response::new(RestoreUserResponse { user: Some(profile.into()) }))
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        let (actor, request) = open(request)?;
        let id = user_id(&request.user_id)?;
        let count = super::reset_password(&self.0, &actor, id, &request.new_password).await?;
        let revoked_count = i32::try_from(count).unwrap_or(i32::MAX);
        Ok(Response::new(ResetPasswordResponse { revoked_count }))
    }
}

fn user_id(text: &str) -> Result<UserId> {
    UserId::parse(text).ok_or_else(|| Error::invalid("user_id", "must be a UUID"))
}

impl From<User> for Values {
    fn from(user: User) -> Self {
        Self {
            display_name: user.display_name,
            email: user.email,
            is_admin: user.is_admin.unwrap_or(false),
            quota_bytes: user.quota_bytes,
            is_disabled: user.disabled.unwrap_or(false),
        }
    }
}

impl From<Profile> for User {
    fn from(profile: Profile) -> Self {
        let name = |user: Model| Self {
            id: user.id.to_string(),
            display_name: user.display_name,
            ..Self::default()
        };
        match profile {
            Profile::Whole(user) => to_proto(*user),
            Profile::Known(user) => Self { email: user.email.clone(), ..name(*user) },
            Profile::Name(user) => name(*user),
        }
    }
}

/// A user as they see themselves, and as administrators do.
#[must_use]
pub fn to_proto(user: Model) -> User {
    User {
        id: user.id.to_string(),
        display_name: user.display_name,
        export_part_size_bytes: user.export_part_size_bytes,
        email: user.email,
        is_admin: Some(user.is_admin),
        quota_bytes: user.quota_bytes,
        used_bytes: user.used_bytes,
        create_time: Some(user.create_time.timestamp()),
        update_time: Some(user.update_time.timestamp()),
        disabled: Some(user.disabled_time.is_some()),
        delete_time: user.delete_time.map(Micros::timestamp),
        purge_time: user.purge_time.map(Micros::timestamp),
    }
}
