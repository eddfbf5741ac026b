//! The one list of what can go wrong, and the one table of how callers are told.

mod json;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use albumen::v1::ErrorReason;
use albumen::{Caller, Violation};
use http::StatusCode;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER};
use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::id::{AlbumId, AssetId, FolderRuleRunId, LibraryId, RequestId};

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The `domain` of every `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "albumen";

tokio::task_local! {
    static REQUEST_ID: RequestId;
}

/// Runs a call under an id, which an internal error in it will name.
pub fn with_request_id<F: Future>(id: RequestId, call: F) -> impl Future<Output = F::Output> {
    REQUEST_ID.scope(id, call)
}

/// [`with_request_id`] for one step of what goes on after the call was answered.
pub fn within_request<R>(id: RequestId, step: impl FnOnce() -> R) -> R {
    REQUEST_ID.sync_scope(id, step)
}

/// A thing that an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is, as in `album`.
    pub kind: &'static str,
    /// Its id or unique name, as the caller gave it.
    pub id: String,
}

/// What can go wrong. [`ErrorReason`] documents each for callers.
#[derive(Debug)]
#[expect(missing_docs, reason = "each variant is an ErrorReason, documented in the proto")]
pub enum Error {
    InvalidRequest(Vec<Violation>),
    PageTokenMismatch,
    CredentialMissing,
    CredentialInvalid,
    LoginFailed,
    SetupTokenWrong,
    LinkPasswordRequired,
    LinkPasswordWrong,
    CallerNotAllowed(Caller),
    RoleTooLow(&'static str),
    ScopeMissing(&'static str),
    CrossSite,
    LastAdmin,
    OwnerRequired(Resource),
    DownloadNotAllowed,
    UploadNotAllowed,
    UndoNotAllowed,
    ActivityNotAllowed,
    PreviewsOnly,
    MetadataNotRemovable(Resource),
    VariantNotReady(Resource),
    LibraryNotEmpty(Resource),
    AssetOffline(Resource),
    PlanChanged,
    RuleRunning(Resource),
    NotFound(Resource),
    AlreadyExists(Resource),
    AlreadySetUp,
    Trashed(Resource),
    AssetLocked(Resource),
    NotInTrash(Resource),
    UploadIncomplete { committed_size_bytes: i64, size_bytes: i64 },
    UploadNotActive(&'static str),
    UploadNotUndoable(&'static str),
    JobEnded(&'static str),
    ExportEmpty,
    ExportStale(String),
    WatchLagged(String),
    CursorExpired,
    LinkPolicy { field: &'static str, policy: &'static str },
    DigestMismatch,
    UnsupportedType(String),
    EtagMismatch(String),
    Conflict,
    UploadOffset { committed_size_bytes: i64 },
    OffsetOutOfRange { size_bytes: i64 },
    FileTooLarge { limit_bytes: i64 },
    QuotaExceeded { limit_bytes: i64, used_bytes: i64 },
    LinkFull,
    LimitReached { kind: &'static str, limit: u64 },
    Busy,
    TooManyAttempts(Duration),
    StorageUnavailable(String),
    DataDamaged(Resource),
    TimedOut,
    MessageTooLarge,
    MalformedMessage,
    MethodUnknown,
    EncodingUnsupported,
    Internal(String),
}

impl Error {
    /// A request whose `field` breaks a rule: `description` says what it must be.
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::InvalidRequest(vec![Violation {
            field: field.into(),
            description: description.into(),
        }])
    }

    /// A `kind` that does not exist or that the caller may not see.
    pub fn not_found(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::NotFound(Resource { kind, id: id.to_string() })
    }

    /// A `kind` whose id or unique name is taken.
    pub fn already_exists(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::AlreadyExists(Resource { kind, id: id.to_string() })
    }

    /// A `kind` that is in the trash.
    pub fn trashed(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::Trashed(Resource { kind, id: id.to_string() })
    }

    /// What the database says of a row whose `field` must be unique: that its value is taken, or
    /// something else.
    pub fn of_unique(field: &'static str, value: &str, error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::already_exists(field, value),
            _ => error.into(),
        }
    }

    /// An album whose owner would leave it.
    pub fn owner_required(id: AlbumId) -> Self {
        Self::OwnerRequired(Resource { kind: "album", id: id.to_string() })
    }

    /// An asset that is locked, and so for its owner alone.
    pub fn asset_locked(id: AssetId) -> Self {
        Self::AssetLocked(Resource { kind: "asset", id: id.to_string() })
    }

    /// A library with assets that would be deleted with it.
    pub fn library_not_empty(id: LibraryId) -> Self {
        Self::LibraryNotEmpty(Resource { kind: "library", id: id.to_string() })
    }

    /// An asset that is not in the trash, though it had to be.
    pub fn not_in_trash(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::NotInTrash(Resource { kind, id: id.to_string() })
    }

    /// A folder rule of which a run is under way.
    pub fn rule_running(run: FolderRuleRunId) -> Self {
        Self::RuleRunning(Resource { kind: "folder_rule_run", id: run.to_string() })
    }

    /// A failure that nobody foresaw; only the log gets to see the cause.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// What tonic refuses before a method sees the message, by the code that tonic gives it.
    #[must_use]
    pub fn of_unread_message(code: Code) -> Self {
        match code {
            Code::OutOfRange | Code::ResourceExhausted => Self::MessageTooLarge,
            Code::Unimplemented => Self::EncodingUnsupported,
            _ => Self::MalformedMessage,
        }
    }

    /// The stable reason that callers can test for.
    #[must_use]
    pub fn reason(&self) -> ErrorReason {
        self.row().1
    }

    /// The reason's name, as callers see it.
    #[must_use]
    pub fn reason_name(&self) -> &'static str {
        self.reason().as_str_name().trim_start_matches("ERROR_REASON_")
    }

    /// What callers are told.
    #[must_use]
    pub fn message(&self) -> String {
        self.row().2
    }

    /// The cause that only the log may see; `None` where the message says it all.
    #[must_use]
    pub fn hidden_cause(&self) -> Option<&str> {
        match self {
            Self::Internal(cause) | Self::StorageUnavailable(cause) => Some(cause),
            _ => None,
        }
    }

    /// The table: code, reason and message of each error.
    #[expect(clippy::too_many_lines, reason = "one row for each error, nothing else")]
    fn row(&self) -> (Code, ErrorReason, String) {
        use ErrorReason as R;
        match self {
            Self::InvalidRequest(violations) => {
                (Code::InvalidArgument, R::InvalidRequest, sentence(violations))
            }
            Self::PageTokenMismatch => (
                Code::InvalidArgument,
                R::PageTokenMismatch,
                "page_token was made for a request with other parameters".to_owned(),
            ),
            Self::CredentialMissing => (
                Code::Unauthenticated,
                R::CredentialMissing,
                "this call needs a bearer token".to_owned(),
            ),
            Self::CredentialInvalid => (
                Code::Unauthenticated,
                R::CredentialInvalid,
                "the token is malformed, expired or revoked".to_owned(),
            ),
            Self::LoginFailed => (
                Code::Unauthenticated,
                R::LoginFailed,
                "e-mail and password do not belong together".to_owned(),
            ),
            Self::SetupTokenWrong => (
                Code::Unauthenticated,
                R::SetupTokenWrong,
                "this is not the setup token that the server printed at its last start".to_owned(),
            ),
            Self::LinkPasswordRequired => (
                Code::Unauthenticated,
                R::LinkPasswordRequired,
                "this link has a password".to_owned(),
            ),
            Self::LinkPasswordWrong => (
                Code::Unauthenticated,
                R::LinkPasswordWrong,
                "this is not the link's password".to_owned(),
            ),
            Self::CallerNotAllowed(required) => (
                Code::PermissionDenied,
                R::CallerNotAllowed,
                format!("only {} may call this", caller_name(*required).1),
            ),
            Self::RoleTooLow(required) => {
                (Code::PermissionDenied, R::RoleTooLow, format!("this needs the {required} role"))
            }
            Self::ScopeMissing(scope) => (
                Code::PermissionDenied,
                R::ScopeMissing,
                format!("the API key is not good for {scope}"),
            ),
            Self::CrossSite => (
                Code::PermissionDenied,
                R::CrossSite,
                "the page of another site may not make this call".to_owned(),
            ),
            Self::DownloadNotAllowed => (
                Code::PermissionDenied,
                R::DownloadNotAllowed,
                "this link does not allow downloads".to_owned(),
            ),
            Self::UploadNotAllowed => (
                Code::PermissionDenied,
                R::UploadNotAllowed,
                "this link does not allow uploads".to_owned(),
            ),
            Self::UndoNotAllowed => (
                Code::PermissionDenied,
                R::UndoNotAllowed,
                "only a guest of a link that allows it may take an upload back".to_owned(),
            ),
            Self::ActivityNotAllowed => (
                Code::PermissionDenied,
                R::ActivityNotAllowed,
                "the album or the link does not allow this with comments and likes".to_owned(),
            ),
            Self::PreviewsOnly => (
                Code::PermissionDenied,
                R::PreviewsOnly,
                "this link gives out previews, not the files themselves".to_owned(),
            ),
            Self::MetadataNotRemovable(resource) => (
                Code::PermissionDenied,
                R::MetadataNotRemovable,
                format!("this link hides metadata, which cannot be taken out of {resource}"),
            ),
            Self::VariantNotReady(resource) => (
                Code::Unavailable,
                R::VariantNotReady,
                format!("{resource} without its metadata is still being made; try again"),
            ),
            Self::LibraryNotEmpty(resource) => (
                Code::FailedPrecondition,
                R::LibraryNotEmpty,
                format!("{resource} has assets that would be deleted with it: set `force`"),
            ),
            Self::AssetOffline(resource) => (
                Code::FailedPrecondition,
                R::AssetOffline,
                format!("the file of {resource} is not where it was found: scan its library"),
            ),
            Self::PlanChanged => (
                Code::FailedPrecondition,
                R::PlanChanged,
                "the plan is another one by now, and nothing was done; plan again".to_owned(),
            ),
            Self::RuleRunning(resource) => (
                Code::FailedPrecondition,
                R::RuleRunning,
                format!("{resource} of the rule is under way; wait for it"),
            ),
            Self::NotFound(resource) => {
                (Code::NotFound, R::ResourceNotFound, format!("{resource} does not exist"))
            }
            Self::AlreadyExists(resource) => {
                (Code::AlreadyExists, R::ResourceAlreadyExists, format!("{resource} is taken"))
            }
            Self::AlreadySetUp => (
                Code::FailedPrecondition,
                R::AlreadySetUp,
                "the server has its first user already".to_owned(),
            ),
            Self::LastAdmin => (
                Code::FailedPrecondition,
                R::LastAdmin,
                "the server would be left without an administrator".to_owned(),
            ),
            Self::OwnerRequired(resource) => (
                Code::FailedPrecondition,
                R::OwnerRequired,
                format!("{resource} must have an owner; hand it over first"),
            ),
            Self::Trashed(resource) => (
                Code::FailedPrecondition,
                R::Trashed,
                format!("{resource} is in the trash; restore it first"),
            ),
            Self::AssetLocked(resource) => (
                Code::FailedPrecondition,
                R::AssetLocked,
                format!("{resource} is locked and cannot be shared; unlock it first"),
            ),
            Self::NotInTrash(resource) => (
                Code::FailedPrecondition,
                R::NotInTrash,
                format!("{resource} is not in the trash; only what is there is deleted for good"),
            ),
            Self::UploadIncomplete { committed_size_bytes, size_bytes } => (
                Code::FailedPrecondition,
                R::UploadIncomplete,
                format!("the upload has {committed_size_bytes} of {size_bytes} bytes"),
            ),
            Self::JobEnded(state) => {
                (Code::FailedPrecondition, R::JobEnded, format!("the job has ended: {state}"))
            }
            Self::UploadNotActive(state) => {
                (Code::FailedPrecondition, R::UploadNotActive, format!("the upload is {state}"))
            }
            Self::UploadNotUndoable(state) => (
                Code::FailedPrecondition,
                R::UploadNotUndoable,
                format!("the upload cannot be taken back: it is {state}"),
            ),
            Self::ExportEmpty => {
                (Code::FailedPrecondition, R::ExportEmpty, "there is nothing to export".to_owned())
            }
            Self::ExportStale(_) => (
                Code::FailedPrecondition,
                R::ExportStale,
                "an asset of the export is gone; create a new export".to_owned(),
            ),
            Self::WatchLagged(_) => (
                Code::Aborted,
                R::WatchLagged,
                "too much happened to keep up; watch again from the last cursor".to_owned(),
            ),
            Self::CursorExpired => (
                Code::FailedPrecondition,
                R::CursorExpired,
                "what happened since the cursor is forgotten; read the album, and watch it without \
                 a cursor"
                    .to_owned(),
            ),
            Self::LinkPolicy { field, policy } => (
                Code::FailedPrecondition,
                R::LinkPolicy,
                format!("{field} breaks {policy} of the server's sharing policy"),
            ),
            Self::DigestMismatch => (
                Code::InvalidArgument,
                R::DigestMismatch,
                "the bytes do not have the announced sha256; the upload is cancelled".to_owned(),
            ),
            Self::UnsupportedType(detected) => (
                Code::InvalidArgument,
                R::UnsupportedType,
                format!("this is neither a photo nor a video but {detected}"),
            ),
            Self::EtagMismatch(current) => (
                Code::Aborted,
                R::EtagMismatch,
                format!("somebody else changed it; its etag is now {current}"),
            ),
            Self::Conflict => {
                (Code::Aborted, R::Conflict, "another call was changing the same thing".to_owned())
            }
            Self::UploadOffset { committed_size_bytes } => (
                Code::OutOfRange,
                R::OffsetOutOfRange,
                format!("the next byte belongs at offset {committed_size_bytes}"),
            ),
            Self::OffsetOutOfRange { size_bytes } => (
                Code::OutOfRange,
                R::OffsetOutOfRange,
                format!("the offset lies behind the end at {size_bytes}"),
            ),
            Self::FileTooLarge { limit_bytes } => (
                Code::ResourceExhausted,
                R::FileTooLarge,
                format!("files may have {limit_bytes} bytes here"),
            ),
            Self::QuotaExceeded { limit_bytes, used_bytes } => (
                Code::ResourceExhausted,
                R::QuotaExceeded,
                format!("{used_bytes} of {limit_bytes} bytes are used; the file does not fit"),
            ),
            Self::LinkFull => (
                Code::ResourceExhausted,
                R::LinkFull,
                "the file does not fit into what this link takes".to_owned(),
            ),
            Self::LimitReached { kind, limit } => (
                Code::ResourceExhausted,
                R::LimitReached,
                format!("a user may have {limit} of kind {kind}, and not more"),
            ),
            Self::Busy => (
                Code::ResourceExhausted,
                R::Busy,
                "too many are doing this at once; try again".to_owned(),
            ),
            Self::TooManyAttempts(wait) => (
                Code::ResourceExhausted,
                R::TooManyAttempts,
                format!("too many wrong attempts; the next is possible in {} s", seconds(*wait)),
            ),
            Self::StorageUnavailable(_) => (
                Code::Unavailable,
                R::StorageUnavailable,
                "the server cannot reach its storage; try again".to_owned(),
            ),
            Self::DataDamaged(resource) => (
                Code::DataLoss,
                R::DataDamaged,
                format!("the stored bytes of {resource} no longer match their checksum"),
            ),
            Self::TimedOut => (
                Code::DeadlineExceeded,
                R::TimedOut,
                "the call took longer than the server allows".to_owned(),
            ),
            Self::MessageTooLarge => (
                Code::ResourceExhausted,
                R::MessageTooLarge,
                "the message is larger than the server takes".to_owned(),
            ),
            Self::MalformedMessage => (
                Code::InvalidArgument,
                R::MalformedMessage,
                "the message is cut short or none of this method".to_owned(),
            ),
            Self::MethodUnknown => {
                (Code::Unimplemented, R::MethodUnknown, "there is no such method".to_owned())
            }
            Self::EncodingUnsupported => (
                Code::Unimplemented,
                R::EncodingUnsupported,
                "messages must not be compressed".to_owned(),
            ),
            Self::Internal(_) => {
                (Code::Internal, R::Internal, "something unforeseen went wrong".to_owned())
            }
        }
    }

    /// The metadata that `ErrorReason` promises.
    #[expect(clippy::too_many_lines, reason = "one row for each error, nothing else")]
    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::InvalidRequest(violations) => {
                violations.first().map(|first| ("field", first.field.clone())).into_iter().collect()
            }
            Self::PageTokenMismatch => vec![("field", "page_token".to_owned())],
            Self::CallerNotAllowed(required) => {
                vec![("required_caller", caller_name(*required).0.to_owned())]
            }
            Self::RoleTooLow(required) => vec![("required_role", (*required).to_owned())],
            Self::ScopeMissing(required) => vec![("required_scope", (*required).to_owned())],
            Self::TooManyAttempts(wait) => {
                vec![("retry_after_seconds", seconds(*wait).to_string())]
            }
            Self::NotFound(resource)
            | Self::AlreadyExists(resource)
            | Self::OwnerRequired(resource)
            | Self::Trashed(resource)
            | Self::AssetLocked(resource)
            | Self::NotInTrash(resource)
            | Self::MetadataNotRemovable(resource)
            | Self::VariantNotReady(resource)
            | Self::LibraryNotEmpty(resource)
            | Self::AssetOffline(resource)
            | Self::RuleRunning(resource)
            | Self::DataDamaged(resource) => resource.metadata(),
            Self::UploadIncomplete { committed_size_bytes, size_bytes } => vec![
                ("committed_size_bytes", committed_size_bytes.to_string()),
                ("size_bytes", size_bytes.to_string()),
            ],
            Self::UploadNotActive(state)
            | Self::UploadNotUndoable(state)
            | Self::JobEnded(state) => {
                vec![("state", (*state).to_owned())]
            }
            Self::ExportStale(export_id) => vec![("resource_id", export_id.clone())],
            Self::WatchLagged(cursor) => vec![("cursor", cursor.clone())],
            Self::LinkPolicy { field, policy } => {
                vec![("field", (*field).to_owned()), ("policy", (*policy).to_owned())]
            }
            Self::UnsupportedType(detected) => vec![("detected_type", detected.clone())],
            Self::EtagMismatch(current) => vec![("etag", current.clone())],
            Self::UploadOffset { committed_size_bytes } => {
                vec![("committed_size_bytes", committed_size_bytes.to_string())]
            }
            Self::OffsetOutOfRange { size_bytes } => vec![("size_bytes", size_bytes.to_string())],
            Self::FileTooLarge { limit_bytes } => vec![("limit_bytes", limit_bytes.to_string())],
            Self::QuotaExceeded { limit_bytes, used_bytes } => {
                vec![
                    ("limit_bytes", limit_bytes.to_string()),
                    ("used_bytes", used_bytes.to_string()),
                ]
            }
            Self::LimitReached { kind, limit } => {
                vec![("resource_type", (*kind).to_owned()), ("limit", limit.to_string())]
            }
            Self::CredentialMissing
            | Self::CredentialInvalid
            | Self::LoginFailed
            | Self::SetupTokenWrong
            | Self::LinkPasswordRequired
            | Self::LinkPasswordWrong
            | Self::DownloadNotAllowed
            | Self::UploadNotAllowed
            | Self::UndoNotAllowed
            | Self::ActivityNotAllowed
            | Self::LinkFull
            | Self::PreviewsOnly
            | Self::CrossSite
            | Self::LastAdmin
            | Self::AlreadySetUp
            | Self::ExportEmpty
            | Self::PlanChanged
            | Self::CursorExpired
            | Self::DigestMismatch
            | Self::Conflict
            | Self::Busy
            | Self::StorageUnavailable(_)
            | Self::TimedOut
            | Self::MessageTooLarge
            | Self::MalformedMessage
            | Self::MethodUnknown
            | Self::EncodingUnsupported
            | Self::Internal(_) => Vec::new(),
        }
    }

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

/// Whole seconds, rounded up: who waits that long has waited long enough.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn sentence(violations: &[Violation]) -> String {
    let rules: Vec<_> = violations
        .iter()
        .map(|violation| format!("{} {}", violation.field, violation.description))
        .collect();
    rules.join("; ")
}

/// The name of a kind of caller, and the same with its article.
fn caller_name(caller: Caller) -> (&'static str, &'static str) {
    match caller {
        Caller::Public | Caller::UserOrLink => ("user or guest", "a user or guest"),
        Caller::User => ("user", "a user"),
        Caller::Admin => ("administrator", "an administrator"),
    }
}

impl Resource {
    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("resource_type", self.kind.to_owned()), ("resource_id", self.id.clone())]
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was asked for may have been a secret, and is not repeated.
        if self.id.is_empty() {
            f.write_str(self.kind)
        } else {
            write!(f, "{} {}", self.kind, self.id)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hidden_cause() {
            Some(cause) => f.write_str(cause),
            None => f.write_str(&self.row().2),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        log(&error);
        let (code, _, message) = error.row();
        Self::with_error_details(code, message, error.details())
    }
}

/// Logs what callers do not get to see; called once, where the error leaves the server.
pub fn log(error: &Error) {
    match error {
        Error::Internal(cause) => tracing::error!(error.cause = %cause, "call failed"),
        Error::StorageUnavailable(cause) => {
            tracing::warn!(error.cause = %cause, "storage is unavailable");
        }
        Error::DataDamaged(resource) => {
            tracing::error!(resource.id = %resource.id, "stored bytes are damaged");
        }
        _ => {}
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        // A row that was there, or gone, only since this transaction looked.
        if let Some(
            SqlErr::UniqueConstraintViolation(_) | SqlErr::ForeignKeyConstraintViolation(_),
        ) = error.sql_err()
        {
            return Self::Conflict;
        }
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => {
                Self::StorageUnavailable(error.to_string())
            }
            DbErr::Exec(cause) | DbErr::Query(cause) => from_runtime(cause, &error),
            _ => Self::internal(error),
        }
    }
}

/// SQLSTATE of PostgreSQL where it has no room, no connections left or shuts down, and SQLite's
/// `SQLITE_READONLY`, `SQLITE_IOERR`, `SQLITE_FULL` and `SQLITE_CANTOPEN`, whose extended codes
/// have the same last byte: the database itself is in trouble, and may get out of it.
const TROUBLE: [&str; 10] =
    ["53000", "53100", "53200", "53300", "53400", "57P01", "57P02", "57P03", "58000", "58030"];
const SQLITE_TROUBLE: [u32; 4] = [8, 10, 13, 14];

fn is_trouble(code: &str) -> bool {
    // SQLSTATEs have five characters; SQLite's codes are numbers of up to four digits.
    let sqlite = code.parse::<u32>().ok().filter(|_| code.len() < 5);
    TROUBLE.contains(&code) || sqlite.is_some_and(|code| SQLITE_TROUBLE.contains(&(code & 0xff)))
}

/// SQLSTATE of a serialization failure and of a deadlock, and SQLite's `SQLITE_BUSY` with its
/// extended `SQLITE_BUSY_SNAPSHOT`: the same call can succeed when it is repeated.
const REPEATABLE: [&str; 4] = ["40001", "40P01", "5", "517"];

fn from_runtime(cause: &RuntimeErr, error: &DbErr) -> Error {
    let RuntimeErr::SqlxError(cause) = cause else { return Error::internal(error) };
    let database_error = cause.as_database_error();
    let code = database_error.and_then(sea_orm::sqlx::error::DatabaseError::code);
    if code.as_ref().is_some_and(|code| REPEATABLE.contains(&code.as_ref())) {
        return Error::Conflict;
    }
    if code.is_some_and(|code| is_trouble(&code)) {
        return Error::StorageUnavailable(error.to_string());
    }
    match cause.as_ref() {
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Error::StorageUnavailable(error.to_string()),
        _ => Error::internal(error),
    }
}
