//! The one list of what can go wrong, and the one table of how callers are told.

mod answer;
mod database;
mod json;
mod table;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use albumen::v1::ErrorReason;
use albumen::{Caller, Violation};
use tonic::Code;

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
