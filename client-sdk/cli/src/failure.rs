//! What can go wrong, what to do about it, and the exit code that says so.

use std::fmt;
use std::io;

use albumen_client::{Code, Error};
use serde_json::{Map, Value, json};

/// The result of everything that can fail.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command did not do what it was told.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// There is no credential.
    SignedOut(String),
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
            Self::Usage(_) | Self::Ambiguous { .. } => 2,
            Self::SignedOut(_) => 3,
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
            Self::Usage(_) => "USAGE",
            Self::SignedOut(_) => "SIGNED_OUT",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Ambiguous { .. } => "AMBIGUOUS_NAME",
            Self::Partial(_) => "PARTIAL",
            Self::Interrupted => "INTERRUPTED",
            Self::Unreachable { .. } => "UNREACHABLE",
            Self::Client(error) => error.reason().unwrap_or(match error {
                Error::File { .. } => "FILE",
                Error::Damaged { .. } => "DAMAGED",
                Error::Exists(_) => "FILE_EXISTS",
                _ => "FAILED",
            }),
            Self::Closed | Self::Told(_) | Self::Other(_) => "FAILED",
        }
    }

    /// What to do about it; `None` where nobody can tell.
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::SignedOut(_) => "sign in with: albumen login URL",
            Self::Ambiguous { .. } => "name it by its id",
            Self::Interrupted => "the same command again goes on where it was",
            Self::Unreachable { url, error } => return Some(unreachable_hint(url, error)),
            Self::Client(error) => return client_hint(error),
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// As `--json` shows it.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("reason".to_owned(), json!(self.reason()));
        error.insert("message".to_owned(), json!(self.to_string()));
        error.insert("exitCode".to_owned(), json!(self.exit_code()));
        if let Some(hint) = self.hint() {
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
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("error: {self}");
        match self {
            Self::Ambiguous { candidates, .. } => {
                text.extend(candidates.iter().map(|candidate| format!("\n  {candidate}")));
            }
            Self::Client(error) => {
                let violations = error.violations().iter();
                text.extend(violations.map(|violation| {
                    format!("\n  {}: {}", violation.field, violation.description)
                }));
            }
            _ => {}
        }
        if let Some(hint) = self.hint() {
            text += &format!("\nhint: {hint}");
        }
        text
    }
}

fn unreachable_hint(url: &str, error: &Error) -> String {
    let causes = causes(error);
    if causes.to_lowercase().contains("certificate") {
        return format!("{url} shows a certificate that nobody vouches for; --insecure takes it");
    }
    if url.starts_with("https://") {
        return "is the address right, and does the server speak TLS? http:// goes without".into();
    }
    "is the address right, and is the server running?".to_owned()
}

fn client_hint(error: &Error) -> Option<String> {
    let metadata = |key| error.metadata(key).unwrap_or_default();
    let hint = match (error, error.reason()) {
        (Error::Exists(_), _) => "move it away, or name another folder with --to".to_owned(),
        (Error::Damaged { .. }, _) => "try again".to_owned(),
        (_, Some("CREDENTIAL_MISSING" | "CREDENTIAL_INVALID")) => {
            "the session or key is no longer good; sign in with: albumen login URL".to_owned()
        }
        (_, Some("CALLER_NOT_ALLOWED")) => {
            format!("this takes {}", metadata("required_caller").to_lowercase().replace('_', " "))
        }
        (_, Some("SCOPE_MISSING")) => {
            format!("the API key lacks the scope {}", metadata("required_scope"))
        }
        (_, Some("ROLE_TOO_LOW")) => format!(
            "it takes the role {} in the album, which its owner can give",
            metadata("required_role")
        ),
        (_, Some("TOO_MANY_ATTEMPTS")) => {
            format!("wait {} seconds", metadata("retry_after_seconds"))
        }
        (_, Some("LINK_PASSWORD_REQUIRED" | "LINK_PASSWORD_WRONG")) => {
            "give the link's password with --password or --password-stdin".to_owned()
        }
        (_, Some("EXPORT_STALE")) => "something left the album meanwhile; export again".to_owned(),
        (_, Some("OWNER_REQUIRED")) => {
            "hand the album over first, with: albumen albums transfer ALBUM USER".to_owned()
        }
        (_, Some("LIBRARY_NOT_EMPTY")) => {
            "--force deletes it with the photos that are nowhere else".to_owned()
        }
        (_, Some("PLAN_CHANGED")) => {
            "the same command again shows the plan as it is now".to_owned()
        }
        (_, Some("TRASHED")) => "it is in the trash; restore it first".to_owned(),
        _ if error.is_temporary() => "the server is away or busy; try again later".to_owned(),
        _ => return None,
    };
    Some(hint)
}

/// An error and what caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text += &format!(": {more}");
        }
        cause = error.source();
    }
    text
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
            Self::Usage(message)
            | Self::SignedOut(message)
            | Self::NotFound(message)
            | Self::Ambiguous { message, .. }
            | Self::Partial(message)
            | Self::Other(message) => formatter.write_str(message),
            Self::Interrupted => formatter.write_str("interrupted"),
            Self::Unreachable { url, error } => {
                write!(formatter, "no server answers at {url}: {}", causes(error))
            }
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
    fn json_has_code_reason_and_message() {
        let error = refusal(Code::NotFound).to_json();
        assert_eq!(error["error"]["code"], "NOT_FOUND");
        assert_eq!(error["error"]["message"], "no");
        let error = Failure::SignedOut("you are not signed in".to_owned()).to_json();
        assert_eq!(error["error"]["reason"], "SIGNED_OUT");
        assert_eq!(error["error"]["exitCode"], 3);
    }
}
