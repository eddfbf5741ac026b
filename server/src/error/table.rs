//! The one table of how callers are told: code, reason, message and metadata of each error.

use std::time::Duration;

use albumen::v1::ErrorReason;
use albumen::{Caller, Violation};
use tonic::Code;

use super::{Error, Resource};

impl Error {
    /// The table: code, reason and message of each error.
    #[expect(clippy::too_many_lines, reason = "one row for each error, nothing else")]
    pub(super) fn row(&self) -> (Code, ErrorReason, String) {
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
    pub(super) fn metadata(&self) -> Vec<(&'static str, String)> {
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
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
pub(super) fn seconds(wait: Duration) -> u64 {
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
