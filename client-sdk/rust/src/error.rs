//! What can go wrong, and when to try again.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tonic::{Code, Response, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// How often a call is made in all.
const MAX_ATTEMPTS: u32 = 5;
/// How often a transfer may break off without getting any further: long enough for a server to
/// start again.
const MAX_INTERRUPTIONS: u32 = 7;
const FIRST_DELAY: Duration = Duration::from_millis(100);

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused a call, or the call did not reach it.
    #[error("{}", .status.message())]
    Call {
        /// The answer.
        status: Status,
        /// What the answer says besides its code and message.
        details: Box<ErrorDetails>,
    },
    /// The server cannot be connected to, or its address is malformed.
    #[error("cannot connect")]
    Connect(#[from] tonic::transport::Error),
    /// A file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// What arrived is not what the server holds; the damaged file is removed.
    #[error("{}: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Something else is in the place of a download; it is left as it is.
    #[error("{}: is there already and differs", .0.display())]
    Exists(PathBuf),
    /// The server ended a stream that has no end, as it does when it stops.
    #[error("the server ended the stream")]
    Ended,
    /// The server sent something that its API does not allow.
    #[error("unexpected answer: {0}")]
    Answer(&'static str),
}

impl Error {
    /// The code of the server's answer; `None` for everything that is not an answer.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.call().map(|(status, _)| status.code())
    }

    /// The stable reason of the server's answer, as in `RESOURCE_NOT_FOUND`: the names of
    /// [`ErrorReason`](albumen::v1::ErrorReason) without their prefix. `None` if the answer did not
    /// come from Albumen.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        Some(self.call()?.1.error_info()?.reason.as_str())
    }

    /// A value that belongs to the reason, as in `limit_bytes` of `FILE_TOO_LARGE`.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.call()?.1.error_info()?.metadata.get(key).map(String::as_str)
    }

    /// The fields of the request that break a rule, each with what it must be; usually none.
    #[must_use]
    pub fn violations(&self) -> &[FieldViolation] {
        let bad_request = self.call().and_then(|(_, details)| details.bad_request());
        bad_request.map_or(&[], |bad_request| bad_request.field_violations.as_slice())
    }

    /// How long the server asks to wait before the call is repeated.
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        self.call()?.1.retry_info()?.retry_delay
    }

    /// Whether the same call may succeed a little later: the server or its storage is away, the
    /// connection broke, or another call was in the way.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        let Some((status, details)) = self.call() else { return matches!(self, Self::Ended) };
        match status.code() {
            Code::Unavailable => true,
            Code::Aborted => details.retry_info().is_some(),
            // Only what was made on this side of a broken connection has a source.
            Code::Unknown | Code::Internal | Code::Cancelled => status.source().is_some(),
            _ => false,
        }
    }

    /// Whether a transfer can go on from where the server says. Besides temporary errors that is a
    /// wrong offset: the server had not given up the stream before.
    fn is_interruption(&self) -> bool {
        self.is_temporary() || self.reason() == Some("OFFSET_OUT_OF_RANGE")
    }

    /// Makes the error of a file out of the system's.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::File { path, error }
    }

    fn call(&self) -> Option<(&Status, &ErrorDetails)> {
        match self {
            Self::Call { status, details } => Some((status, details)),
            _ => None,
        }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let details = Box::new(status.get_error_details());
        Self::Call { status, details }
    }
}

/// Makes a call and repeats it, up to five times in all, while its error is
/// [temporary](Error::is_temporary). Between the attempts it waits as long as the server asks and a
/// random time that grows with each.
///
/// Gives the answer's message, or the last error. Meant for calls that may be repeated: reads, and
/// writes with a `request_id`.
pub async fn retry<T, F>(call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let mut attempt = 1;
    loop {
        let error = match call().await {
            Ok(response) => return Ok(response.into_inner()),
            Err(status) => Error::from(status),
        };
        if attempt == MAX_ATTEMPTS || !error.is_temporary() {
            return Err(error);
        }
        pause(attempt, &error).await;
        attempt += 1;
    }
}

/// Waits after a failed attempt, the first of which is 1.
async fn pause(attempt: u32, error: &Error) {
    let backoff = FIRST_DELAY * 2_u32.saturating_pow(attempt);
    let jitter = backoff.mul_f64(fastrand::f64());
    tokio::time::sleep(error.retry_delay().unwrap_or_default() + jitter).await;
}

/// Counts how often a transfer breaks off without getting any further.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    attempt: u32,
    reached: u64,
}

impl Patience {
    /// Waits before a transfer goes on that an interruption stopped at `reached` bytes. Gives back
    /// any other error, and the interruption when it is one too many.
    pub(crate) async fn pause(&mut self, reached: u64, error: Error) -> Result<()> {
        if reached > self.reached {
            *self = Self { attempt: 0, reached };
        }
        self.attempt += 1;
        if self.attempt == MAX_INTERRUPTIONS || !error.is_interruption() {
            return Err(error);
        }
        pause(self.attempt, &error).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn refusal(code: Code, details: ErrorDetails) -> Status {
        Status::with_error_details(code, "no", details)
    }

    /// How often a call is made that fails with this status.
    async fn attempts(status: Status) -> u32 {
        let count = Cell::new(0);
        let call = || async {
            count.set(count.get() + 1);
            Err::<Response<()>, _>(status.clone())
        };
        assert!(retry(call).await.is_err());
        count.get()
    }

    #[test]
    fn error_tells_what_the_answer_says() {
        let mut details = ErrorDetails::new();
        details.set_error_info("FILE_TOO_LARGE", "albumen", [("limit_bytes".into(), "7".into())]);
        details.add_bad_request_violation("upload.size_bytes", "must be at most 7");
        details.set_retry_info(Some(Duration::from_secs(3)));
        let error = Error::from(refusal(Code::ResourceExhausted, details));
        assert_eq!(error.code(), Some(Code::ResourceExhausted));
        assert_eq!(error.reason(), Some("FILE_TOO_LARGE"));
        assert_eq!(error.metadata("limit_bytes"), Some("7"));
        assert_eq!(error.violations()[0].field, "upload.size_bytes");
        assert_eq!(error.retry_delay(), Some(Duration::from_secs(3)));
        assert_eq!(error.to_string(), "no");
    }

    #[test]
    fn error_of_a_file_is_no_answer() {
        let error = Error::file(Path::new("a.jpg"))(io::ErrorKind::NotFound.into());
        assert_eq!(error.code(), None);
        assert_eq!(error.reason(), None);
        assert!(error.violations().is_empty());
        assert!(!error.is_temporary());
    }

    #[tokio::test(start_paused = true)]
    async fn only_temporary_errors_are_retried() {
        let soon = ErrorDetails::with_retry_info(Some(Duration::ZERO));
        assert_eq!(attempts(refusal(Code::Aborted, soon)).await, 5);
        assert_eq!(attempts(Status::unavailable("no")).await, 5);
        assert_eq!(attempts(Status::aborted("no")).await, 1);
        assert_eq!(attempts(Status::internal("no")).await, 1);
        assert_eq!(attempts(Status::not_found("no")).await, 1);
    }
}
