//! What stands around every call, whatever it calls.

mod abuse;
mod client;
mod errors;
mod limits;
mod shutdown;
mod telemetry;
mod tls;
mod wire;

use albumen_server::error::DOMAIN;
use axum::body::Body;
use http::{HeaderMap, Request, Version};
use tonic::Status;
use tower::ServiceExt as _;

use crate::support::{Person, TestServer};

const GRPC: &str = "application/grpc";
const GRPC_WEB: &str = "application/grpc-web+proto";

/// A message on the wire: a flag, the length and the bytes.
fn frame(flag: u8, length: usize, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).unwrap();
    [&[flag][..], &length.to_be_bytes(), bytes].concat()
}

fn message(message: &impl prost::Message) -> Vec<u8> {
    frame(0, message.encoded_len(), &message.encode_to_vec())
}

/// Sends any bytes as the body of a call, and hands out the head of the answer.
async fn raw(
    server: &TestServer,
    who: Option<&Person>,
    request: http::request::Builder,
    body: impl Into<Body>,
) -> HeaderMap {
    let mut request = request.version(Version::HTTP_2).method("POST");
    if let Some(who) = who {
        request = request.header("authorization", format!("Bearer {}", who.tokens.access_token));
    }
    let request = request.body(body.into()).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    response.headers().clone()
}

/// A call by path and content type.
fn call(path: &str, content_type: &str) -> http::request::Builder {
    Request::builder().uri(path).header("content-type", content_type)
}

/// The status of an answer that is nothing but a refusal.
#[track_caller]
fn refusal(headers: &HeaderMap) -> Status {
    Status::from_header_map(headers).unwrap_or_else(|| panic!("no refusal: {headers:?}"))
}

/// The reason in the JSON body of an HTTP answer, after a look at its form.
#[track_caller]
fn http_reason(headers: &HeaderMap, body: &[u8]) -> String {
    assert_eq!(headers["content-type"], "application/json");
    let status: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert!(status["code"].is_u64() && status["message"].is_string(), "{status}");
    let info = &status["details"][0];
    assert_eq!(info["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(info["domain"], DOMAIN);
    info["reason"].as_str().unwrap().to_owned()
}
