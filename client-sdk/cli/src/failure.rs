//! What can go wrong, what to do about it, and the exit code that says so.

use std::fmt;
use std::io;

use albumen_client::{Code, Error};
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::causes::{about_resource, causes, is_away, unreachable};
use crate::hints;

/// The result of everything that can fail.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command did not do what it was told.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// The command line cannot be read.
    Misread { message: String, hint: Option<String> },
    /// There is no credential.
    SignedOut(String),
    /// Only administrators may do this.
    NotAdmin,
    /// The caller may not put anything into an album.
    RoleTooLow { album: String },
    /// What was named does not exist.
    NotFound(String),
    /// A name fits several.
    Ambiguous { message: String, candidates: Vec<String> },
    /// Some of it failed; what, was said already.
    Partial(String),
    /// Somebody pressed Ctrl+C.
    Interrupted,
    /// No server answers at the address.
    Unreachable { url: String, error: Error },
    /// A call or a transfer failed.
    Client(Error),
    /// Nobody reads what is printed any more.
    Closed,
    /// What went wrong is printed already; the process ends with this code.
    Told(u8),
    /// Anything else.
    Other(String),
}

impl Failure {
    /// The code that the process ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Told(code) => *code,
            Self::Usage(_) | Self::Misread { .. } | Self::Ambiguous { .. } => 2,
            Self::SignedOut(_) | Self::NotAdmin | Self::RoleTooLow { .. } => 3,
            Self::NotFound(_) => 4,
            Self::Partial(_) => 5,
            Self::Interrupted => 130,
            Self::Unreachable { .. } | Self::Other(_) => 1,
            Self::Client(error) => match error.code() {
                Some(Code::Unauthenticated | Code::PermissionDenied) => 3,
                Some(Code::NotFound) => 4,
                _ if error.reason() == Some("INVALID_REQUEST") => 2,
                _ => 1,
            },
        }
    }

    /// A stable name for what went wrong: the server's reason where it gave one.
    fn reason(&self) -> &str {
        match self {
            Self::Usage(_) | Self::Misread { .. } => "USAGE",
            Self::SignedOut(_) => "SIGNED_OUT",
            Self::NotAdmin => "CALLER_NOT_ALLOWED",
            Self::RoleTooLow { .. } => "ROLE_TOO_LOW",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Ambiguous { .. } => "AMBIGUOUS_NAME",
            Self::Partial(_) => "PARTIAL",
            Self::Interrupted => "INTERRUPTED",
            Self::Unreachable { .. } => "UNREACHABLE",
            Self::Client(error) if is_away(error) => "UNREACHABLE",
            Self::Client(error) => error.reason().unwrap_or(match error {
                Error::File { .. } => "FILE",
                Error::Damaged { .. } => "DAMAGED",
                Error::Exists(_) => "FILE_EXISTS",
                _ => "FAILED",
            }),
            Self::Closed | Self::Told(_) | Self::Other(_) => "FAILED",
        }
    }

    /// What went wrong, in the words of the command line.
    fn message(&self, call: &Call) -> String {
        let Self::Client(error) = self else { return self.to_string() };
        if error.reason() == Some("LINK_POLICY") {
            return "this is against the server's policy for links".to_owned();
        }
        if let (true, Some(url)) = (is_away(error), &call.url) {
            return unreachable(url, error);
        }
        if let Some(message) = about_resource(error) {
            return message;
        }
        let violations = error.violations().iter();
        let rules: Vec<_> = violations
            .map(|violation| {
                format!("{} {}", call.name_of(&violation.field), violation.description)
            })
            .collect();
        if rules.is_empty() { self.to_string() } else { rules.join("; ") }
    }

    /// What to do about it; `None` where nobody can tell, or the message says it.
    fn hint(&self, call: &Call) -> Option<String> {
        let text = match self {
            Self::Misread { hint, .. } => return hint.clone(),
            Self::SignedOut(_) => return Some(format!("sign in with: {}", call.login())),
            Self::RoleTooLow { .. } => {
                "its owner can give you the role; `albumen albums create` makes one of your own"
            }
            Self::Ambiguous { .. } => "name it by its id",
            Self::Interrupted => "the same command again goes on where it was",
            Self::Unreachable { url, error } => {
                return Some(hints::unreachable(url, &causes(error)));
            }
            Self::Client(error) => return hints::refused(error, call),
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// As `--json` shows it.
    pub(crate) fn to_json(&self, call: &Call) -> Value {
        let mut error = Map::new();
        error.insert("reason".to_owned(), json!(self.reason()));
        error.insert("message".to_owned(), json!(self.message(call)));
        error.insert("exitCode".to_owned(), json!(self.exit_code()));
        if let Some(hint) = self.hint(call) {
            error.insert("hint".to_owned(), json!(hint));
        }
        if let Self::Ambiguous { candidates, .. } = self {
            error.insert("candidates".to_owned(), json!(candidates));
        }
        if let Self::Client(cause) = self {
            if let Some(code) = cause.code() {
                error.insert("code".to_owned(), json!(code_name(code)));
            }
            let violations = cause.violations().iter();
            let violations: Vec<_> = violations
                .map(|violation| {
                    json!({"field": violation.field, "description": violation.description})
                })
                .collect();
            if !violations.is_empty() {
                error.insert("violations".to_owned(), json!(violations));
            }
        }
        json!({ "error": error })
    }

    /// As people read it.
    pub(crate) fn to_text(&self, call: &Call) -> String {
        let mut text = format!("error: {}", self.message(call));
        if let Self::Ambiguous { candidates, .. } = self {
            text.extend(candidates.iter().map(|candidate| format!("\n  {candidate}")));
        }
        if let Some(hint) = self.hint(call) {
            text += &format!("\nhint: {hint}");
        }
        text
    }
}

/// A code as gRPC writes it, as in `NOT_FOUND`.
fn code_name(code: Code) -> String {
    let words = format!("{code:?}");
    let mut name = String::new();
    for (index, letter) in words.chars().enumerate() {
        if index > 0 && letter.is_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAdmin => formatter.write_str("only an administrator may do this"),
            Self::RoleTooLow { album } => write!(
                formatter,
                "putting photos into the album {album:?} takes the role contributor; yours is viewer"
            ),
            Self::Usage(message)
            | Self::Misread { message, .. }
            | Self::SignedOut(message)
            | Self::NotFound(message)
            | Self::Ambiguous { message, .. }
            | Self::Partial(message)
            | Self::Other(message) => formatter.write_str(message),
            Self::Interrupted => formatter.write_str("interrupted"),
            Self::Unreachable { url, error } => formatter.write_str(&unreachable(url, error)),
            Self::Client(error) => formatter.write_str(&causes(error)),
            Self::Closed => formatter.write_str("nobody reads the output"),
            Self::Told(_) => formatter.write_str("as was said"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        Self::Client(status.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: Code) -> Failure {
        tonic::Status::new(code, "no").into()
    }

    #[test]
    fn exit_codes_tell_failures_apart() {
        assert_eq!(Failure::Usage(String::new()).exit_code(), 2);
        assert_eq!(refusal(Code::Unauthenticated).exit_code(), 3);
        assert_eq!(refusal(Code::PermissionDenied).exit_code(), 3);
        assert_eq!(refusal(Code::NotFound).exit_code(), 4);
        assert_eq!(refusal(Code::Internal).exit_code(), 1);
        assert_eq!(Failure::Partial(String::new()).exit_code(), 5);
        assert_eq!(Failure::Interrupted.exit_code(), 130);
    }

    #[test]
    fn server_that_went_away_is_one_that_does_not_answer() {
        let mut call = Call::default();
        call.url = Some("http://nas".to_owned());
        let error = refusal(Code::Unavailable).to_json(&call);
        assert_eq!(error["error"]["reason"], "UNREACHABLE");
        assert_eq!(error["error"]["message"], "no server answers at http://nas: no");
    }

    #[test]
    fn json_has_code_reason_and_message() {
        let call = Call::default();
        let error = refusal(Code::NotFound).to_json(&call);
        assert_eq!(error["error"]["code"], "NOT_FOUND");
        assert_eq!(error["error"]["message"], "no");
        let error = Failure::SignedOut("you are not signed in".to_owned()).to_json(&call);
        assert_eq!(error["error"]["reason"], "SIGNED_OUT");
        assert_eq!(error["error"]["exitCode"], 3);
    }
}
