//! What to do about what went wrong.

use albumen_client::Error;

use crate::call::Call;

/// What to do where no server answers, by the causes.
pub(crate) fn unreachable(url: &str, causes: &str) -> String {
    if causes.to_lowercase().contains("certificate") {
        return format!("{url} shows a certificate that nobody vouches for; --insecure takes it");
    }
    match url.strip_prefix("https://") {
        Some(host) => format!("is the address right? Without TLS it would be http://{host}"),
        None => "is the address right, and is the server running?".to_owned(),
    }
}

/// What to do about a call or a transfer that failed; `None` where the message says it, or nobody
/// can tell.
pub(crate) fn refused(error: &Error, call: &Call) -> Option<String> {
    let hint = match (error, error.reason()) {
        (Error::Exists(_), _) => "move it away, or name another folder with --to",
        (Error::Damaged { .. }, _) => "try again",
        (_, Some("CREDENTIAL_MISSING" | "CREDENTIAL_INVALID")) if call.has_key => {
            "the API key is wrong, or no longer good; `albumen keys create` makes another"
        }
        (_, Some("CREDENTIAL_MISSING" | "CREDENTIAL_INVALID")) => {
            return Some(format!("the session has ended; sign in with: {}", call.login()));
        }
        (_, Some("ROLE_TOO_LOW")) => "the owner of the album can give you the role",
        (_, Some("LINK_PASSWORD_REQUIRED" | "LINK_PASSWORD_WRONG")) => {
            "give the link's password with --password or --password-stdin"
        }
        (_, Some("LINK_POLICY")) => return policy(error),
        (_, Some("OWNER_REQUIRED")) => {
            "hand the album over with: albumen albums transfer ALBUM USER"
        }
        (_, Some("LIBRARY_NOT_EMPTY")) => {
            "--force deletes it with the photos that are nowhere else"
        }
        (_, Some("PLAN_CHANGED")) => "the same command again shows the plan as it is now",
        (_, Some("INVALID_REQUEST")) if is_about(error, "scopes") => {
            "`albumen keys scopes` lists them"
        }
        (_, Some("CONFLICT" | "ETAG_MISMATCH")) => "try again",
        (_, None) if error.is_temporary() => "the server is away; try again later",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What the server wants of links.
fn policy(error: &Error) -> Option<String> {
    let hint = match error.metadata("policy")? {
        "require_link_password" => "links need a password here: --password asks for one",
        "max_link_lifetime" => {
            "links must end soon enough here: name a time with --expires, as in 7d"
        }
        "allow_links" => "the administrators of the server allow no links",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn is_about(error: &Error, field: &str) -> bool {
    error.violations().iter().any(|violation| violation.field.ends_with(field))
}
