//! Errors as answers, over gRPC and over HTTP.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER};
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::table::seconds;
use super::{DOMAIN, Error, REQUEST_ID, json, log};
use crate::id::RequestId;

impl Error {
    /// After how long the same call can succeed; `None` where waiting does not help.
    fn retry_delay(&self) -> Option<Duration> {
        match self {
            Self::Conflict | Self::WatchLagged(_) => Some(Duration::from_millis(100)),
            Self::Busy | Self::StorageUnavailable(_) | Self::VariantNotReady(_) => {
                Some(Duration::from_secs(1))
            }
            Self::TooManyAttempts(wait) => Some(Duration::from_secs(seconds(*wait))),
            _ => None,
        }
    }

    fn details(&self) -> ErrorDetails {
        let reason = self.reason_name();
        let metadata = self.metadata().into_iter().map(|(key, value)| (key.to_owned(), value));
        let metadata: HashMap<_, _> = metadata.collect();
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
        match self {
            Self::InvalidRequest(violations) => {
                for violation in violations {
                    details.add_bad_request_violation(&violation.field, &violation.description);
                }
            }
            Self::NotFound(resource)
            | Self::AlreadyExists(resource)
            | Self::MetadataNotRemovable(resource)
            | Self::DataDamaged(resource) => {
                details.set_resource_info(resource.kind, &resource.id, "", self.row().2);
            }
            Self::AlreadySetUp
            | Self::LastAdmin
            | Self::OwnerRequired(_)
            | Self::Trashed(_)
            | Self::AssetLocked(_)
            | Self::LibraryNotEmpty(_)
            | Self::AssetOffline(_)
            | Self::NotInTrash(_)
            | Self::UploadIncomplete { .. }
            | Self::UploadNotActive(_)
            | Self::UploadNotUndoable(_)
            | Self::JobEnded(_)
            | Self::PlanChanged
            | Self::RuleRunning(_)
            | Self::ExportEmpty
            | Self::ExportStale(_)
            | Self::CursorExpired => {
                details.add_precondition_failure_violation(reason, "", self.row().2);
            }
            Self::LinkPolicy { field, .. } => {
                details.add_precondition_failure_violation(reason, *field, self.row().2);
            }
            Self::FileTooLarge { .. }
            | Self::QuotaExceeded { .. }
            | Self::LinkFull
            | Self::LimitReached { .. } => {
                details.add_quota_failure_violation("caller", self.row().2);
            }
            Self::Internal(_) => {
                let id = REQUEST_ID.try_with(RequestId::to_string).unwrap_or_default();
                details.set_request_info(id, "");
            }
            _ => {}
        }
        if let Some(delay) = self.retry_delay() {
            details.set_retry_info(Some(delay));
        }
        details
    }

    /// The error as an HTTP answer, its body a `google.rpc.Status` in JSON.
    #[must_use]
    pub fn to_http(&self) -> http::Response<String> {
        let (code, _, message) = self.row();
        let details = json::details(&self.details());
        let body = json!({ "code": code as i32, "message": message, "details": details });
        let mut response = http::Response::new(body.to_string());
        *response.status_mut() = self.http_status(code);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        if let Some(delay) = self.retry_delay() {
            headers.insert(RETRY_AFTER, delay.as_secs().max(1).into());
        }
        if let Self::OffsetOutOfRange { size_bytes } = self
            && let Ok(range) = format!("bytes */{size_bytes}").parse()
        {
            headers.insert(CONTENT_RANGE, range);
        }
        response
    }

    fn http_status(&self, code: Code) -> StatusCode {
        match code {
            Code::InvalidArgument => StatusCode::BAD_REQUEST,
            Code::Unauthenticated => StatusCode::UNAUTHORIZED,
            Code::PermissionDenied => StatusCode::FORBIDDEN,
            Code::NotFound | Code::Unimplemented => StatusCode::NOT_FOUND,
            Code::FailedPrecondition if matches!(self, Self::ExportStale(_)) => StatusCode::GONE,
            Code::AlreadyExists | Code::Aborted | Code::FailedPrecondition => StatusCode::CONFLICT,
            Code::OutOfRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        log(&error);
        let (code, _, message) = error.row();
        Self::with_error_details(code, message, error.details())
    }
}
