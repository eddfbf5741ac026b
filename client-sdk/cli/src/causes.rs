//! What went wrong, out of an error and its causes.

use std::error::Error as _;

use albumen_client::{Code, Error};

use crate::call::noun;

/// An error and what caused it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
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

/// What began it all, which says more than the layers above it.
fn root_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), root_cause)
}

/// Whether the server was there, and answers no more.
pub(crate) fn is_away(error: &Error) -> bool {
    error.code() == Some(Code::Unavailable) && error.reason().is_none()
}

/// That nobody answers at an address, and why.
pub(crate) fn unreachable(url: &str, error: &Error) -> String {
    let cause = match error {
        // What a status says of itself has its code in it.
        Error::Call { status, .. } => status.source().map_or_else(|| error.to_string(), root_cause),
        other => root_cause(other),
    };
    format!("no server answers at {url}: {cause}")
}

/// What is the matter with something that the server names by its kind.
pub(crate) fn about_resource(error: &Error) -> Option<String> {
    let noun = noun(error.metadata("resource_type")?);
    let id = error.metadata("resource_id").filter(|id| !id.is_empty());
    match (error.reason()?, id) {
        ("RESOURCE_NOT_FOUND", Some(id)) => Some(format!("the {noun} {id} does not exist")),
        ("RESOURCE_NOT_FOUND", None) => Some(format!("the {noun} does not exist")),
        ("RESOURCE_ALREADY_EXISTS", Some(id)) => Some(format!("the {noun} {id:?} is taken")),
        _ => None,
    }
}
