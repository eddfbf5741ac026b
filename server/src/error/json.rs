//! The details of errors in JSON, for HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use tonic_types::ErrorDetails;

/// Every detail in the JSON form of `google.protobuf.Any`.
pub(super) fn details(details: &ErrorDetails) -> Vec<Value> {
    let found = [
        details.error_info().map(|info| {
            let (reason, domain) = (&info.reason, &info.domain);
            any("ErrorInfo", json!({ "reason": reason, "domain": domain, "metadata": info.metadata }))
        }),
        details.bad_request().map(|request| {
            let violations = request.field_violations.iter();
            let violations: Vec<_> = violations
                .map(|one| json!({ "field": one.field, "description": one.description }))
                .collect();
            any("BadRequest", json!({ "fieldViolations": violations }))
        }),
        details.precondition_failure().map(|failure| {
            let violations = failure.violations.iter();
            let violations: Vec<_> = violations
                .map(|one| json!({ "type": one.r#type, "subject": one.subject, "description": one.description }))
                .collect();
            any("PreconditionFailure", json!({ "violations": violations }))
        }),
        details.quota_failure().map(|failure| {
            let violations = failure.violations.iter();
            let violations: Vec<_> = violations
                .map(|one| json!({ "subject": one.subject, "description": one.description }))
                .collect();
            any("QuotaFailure", json!({ "violations": violations }))
        }),
        details.resource_info().map(|info| {
            let (kind, name) = (&info.resource_type, &info.resource_name);
            let description = &info.description;
            any("ResourceInfo", json!({ "resourceType": kind, "resourceName": name, "description": description }))
        }),
        details.retry_info().and_then(|info| info.retry_delay).map(|delay| {
            any("RetryInfo", json!({ "retryDelay": seconds(delay) }))
        }),
        details.request_info().map(|info| {
            any("RequestInfo", json!({ "requestId": info.request_id }))
        }),
    ];
    found.into_iter().flatten().collect()
}

fn any(name: &str, mut detail: Value) -> Value {
    detail["@type"] = format!("type.googleapis.com/google.rpc.{name}").into();
    detail
}

/// A duration as protobuf writes it in JSON.
fn seconds(duration: Duration) -> String {
    format!("{}.{:03}s", duration.as_secs(), duration.subsec_millis())
}

#[cfg(test)]
mod tests {
    use albumen::Caller;

    use crate::error::{Error, Resource};

    fn resource() -> Resource {
        Resource { kind: "album", id: "7".to_owned() }
    }

    /// The status, and the kinds of details behind `ErrorInfo`.
    fn over_http(error: &Error) -> (u16, Vec<String>) {
        let answer = error.to_http();
        let body: serde_json::Value = serde_json::from_str(answer.body()).unwrap();
        let details = body["details"].as_array().unwrap().iter();
        let kinds = details.map(|detail| {
            let kind = detail["@type"].as_str().unwrap();
            kind.strip_prefix("type.googleapis.com/google.rpc.").unwrap().to_owned()
        });
        let mut kinds: Vec<_> = kinds.collect();
        assert_eq!(kinds.remove(0), "ErrorInfo");
        let waits = kinds.contains(&"RetryInfo".to_owned());
        assert_eq!(answer.headers().contains_key("retry-after"), waits, "{error:?}");
        let has_size = matches!(error, Error::OffsetOutOfRange { .. });
        assert_eq!(answer.headers().contains_key("content-range"), has_size, "{error:?}");
        (answer.status().as_u16(), kinds)
    }

    #[test]
    fn every_code_has_its_status_and_its_details() {
        let cases = [
            (Error::invalid("x", "must be y"), 400, &["BadRequest"][..]),
            (Error::MalformedMessage, 400, &[]),
            (Error::CredentialInvalid, 401, &[]),
            (Error::CallerNotAllowed(Caller::User), 403, &[]),
            (Error::NotFound(resource()), 404, &["ResourceInfo"]),
            (Error::MethodUnknown, 404, &[]),
            (Error::AlreadyExists(resource()), 409, &["ResourceInfo"]),
            (Error::Trashed(resource()), 409, &["PreconditionFailure"]),
            (Error::Conflict, 409, &["RetryInfo"]),
            (Error::ExportStale("7".to_owned()), 410, &["PreconditionFailure"]),
            (Error::OffsetOutOfRange { size_bytes: 7 }, 416, &[]),
            (Error::QuotaExceeded { limit_bytes: 1, used_bytes: 1 }, 429, &["QuotaFailure"]),
            (Error::Busy, 429, &["RetryInfo"]),
            (Error::StorageUnavailable("disk".to_owned()), 503, &["RetryInfo"]),
            (Error::DataDamaged(resource()), 500, &["ResourceInfo"]),
            (Error::TimedOut, 500, &[]),
            (Error::internal("why"), 500, &["RequestInfo"]),
        ];
        for (error, status, details) in cases {
            let details: Vec<_> = details.iter().map(|&kind| kind.to_owned()).collect();
            assert_eq!(over_http(&error), (status, details), "{error:?}");
        }
    }

    #[test]
    fn details_have_the_names_of_their_json_form() {
        let answer = Error::QuotaExceeded { limit_bytes: 9, used_bytes: 8 }.to_http().into_body();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["details"][0]["metadata"]["limit_bytes"], "9");
        assert_eq!(answer["details"][1]["violations"][0]["subject"], "caller");
        let answer: serde_json::Value =
            serde_json::from_str(Error::Conflict.to_http().body()).unwrap();
        assert_eq!(answer["details"][1]["retryDelay"], "0.100s");
        let answer: serde_json::Value =
            serde_json::from_str(Error::NotFound(resource()).to_http().body()).unwrap();
        assert_eq!(answer["details"][1]["resourceType"], "album");
        assert_eq!(answer["details"][1]["resourceName"], "7");
    }
}
