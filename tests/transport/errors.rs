//! Refusals that no method makes have a code, a reason and a form like all others.

use std::time::Duration;

use albumen::v1::stream_upload_request::Part;
use albumen::v1::{GetUploadRequest, SharedLink, StreamUploadRequest, UploadHeader};
use axum::body::{Body, Bytes};
use futures::stream::{StreamExt as _, iter, pending};
use http::{Request, StatusCode};
use tonic::{Code, Status};

use super::{GRPC, GRPC_WEB, call, frame, http_reason, message, raw, refusal};
use crate::support::{fixtures, reason, test, test_with};

const GET_ME: &str = "/albumen.v1.UserService/GetMe";
const APPEND: &str = "/albumen.v1.UploadService/AppendUpload";
const STREAM: &str = "/albumen.v1.UploadService/StreamUpload";

#[track_caller]
fn expect(status: &Status, code: Code, reason: &str) {
    assert_eq!((status.code(), self::reason(status).as_str()), (code, reason), "{status:?}");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_refused_with_a_reason() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let large = vec![0; (4 << 20) + 1];
        let (too_large, malformed) = (Code::ResourceExhausted, Code::InvalidArgument);
        let cases = [
            ("large", frame(0, large.len(), &large), too_large, "MESSAGE_TOO_LARGE"),
            ("said to be large", frame(0, 0xFFFF_FFFF, b"x"), too_large, "MESSAGE_TOO_LARGE"),
            ("garbage", frame(0, 3, &[0xFF; 3]), malformed, "MALFORMED_MESSAGE"),
            ("cut short", frame(0, 9, b"x"), malformed, "MALFORMED_MESSAGE"),
            ("nothing", Vec::new(), malformed, "MALFORMED_MESSAGE"),
            ("a flag that is none", frame(7, 0, b""), malformed, "MALFORMED_MESSAGE"),
            ("compressed unannounced", frame(1, 1, b"x"), malformed, "MALFORMED_MESSAGE"),
        ];
        for (what, body, code, reason) in cases {
            for content_type in [GRPC, GRPC_WEB] {
                let call = call(APPEND, content_type);
                let status = refusal(&raw(&server, Some(&ann), call, body.clone()).await);
                let found = (status.code(), self::reason(&status));
                assert_eq!(found, (code, reason.to_owned()), "{what} as {content_type}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn compressed_messages_are_not_unpacked() {
    test(|server| async move {
        let ann = server.user("ann").await;
        for encoding in ["gzip", "zstd", "deflate"] {
            let call = call(GET_ME, GRPC).header("grpc-encoding", encoding);
            let headers = raw(&server, Some(&ann), call, frame(1, 1, b"x")).await;
            expect(&refusal(&headers), Code::Unimplemented, "ENCODING_UNSUPPORTED");
            assert_eq!(headers["grpc-accept-encoding"], "identity");
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_method_is_refused_with_a_reason() {
    test(|server| async move {
        for path in ["/albumen.v1.UserService/Nothing", "/no.Service/Nothing", "/nothing", "/"] {
            for content_type in [GRPC, GRPC_WEB] {
                let headers = raw(&server, None, call(path, content_type), frame(0, 0, b"")).await;
                expect(&refusal(&headers), Code::Unimplemented, "METHOD_UNKNOWN");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_never_comes_runs_into_the_time_limit() {
    let hurry = |config: &mut albumen_server::config::Config| {
        config.request_timeout = Duration::from_millis(200);
    };
    test_with(hurry, |server| async move {
        let stuck = || Body::from_stream(pending::<Result<Bytes, std::io::Error>>());
        for content_type in [GRPC, GRPC_WEB] {
            let call = call("/albumen.v1.ServerService/GetServerInfo", content_type);
            let status = refusal(&raw(&server, None, call, stuck()).await);
            expect(&status, Code::DeadlineExceeded, "TIMED_OUT");
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_inside_a_stream_is_refused_alike_and_what_came_before_stays() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let bytes = fixtures::photo(1);
        let large = frame(0, 5 << 20, b"x");
        let cases = [
            (large, Code::ResourceExhausted, "MESSAGE_TOO_LARGE"),
            (frame(0, 3, &[0xFF; 3]), Code::InvalidArgument, "MALFORMED_MESSAGE"),
            (frame(0, 9, b"x"), Code::InvalidArgument, "MALFORMED_MESSAGE"),
        ];
        for (end, code, reason) in cases {
            let id = ann.create_upload("a.jpg", bytes.len()).await.id;
            let header = Part::Header(UploadHeader { upload_id: id.clone(), offset: 0 });
            let parts = [header, Part::Chunk(bytes[..1000].to_vec().into())];
            let parts = parts.map(|part| message(&StreamUploadRequest { part: Some(part) }));
            let frames = parts.into_iter().chain([end]).map(|frame| Ok::<_, Status>(frame.into()));
            let body = Body::from_stream(iter(frames).map(|frame: Result<Bytes, _>| frame));
            let headers = raw(&server, Some(&ann), call(STREAM, GRPC), body).await;
            expect(&refusal(&headers), code, reason);
            let request = GetUploadRequest { upload_id: id };
            let upload = ann.uploads().get_upload(request).await.unwrap().into_inner();
            assert_eq!(upload.committed_size_bytes, 1000);
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_address_is_refused_in_json() {
    test(|server| async move {
        let nobody = server.anonymous();
        for path in ["/nothing", "/api", "/api/assets/x/y", "/albumen.v1.UserService/GetMe"] {
            let (status, headers, body) = nobody.get(path, &[]).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(http_reason(&headers, &body), "METHOD_UNKNOWN", "{path}");
        }
        let id = "00000000-0000-4000-8000-000000000000";
        for path in [format!("/api/assets/{id}/original"), "/healthz".to_owned()] {
            for method in ["POST", "DELETE", "TRACE"] {
                let request = Request::builder().method(method).uri(&path);
                let (status, headers, body) = nobody.http(request).await;
                assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
                assert_eq!(headers["allow"], "GET,HEAD");
                assert_eq!(http_reason(&headers, &body.unwrap()), "METHOD_UNKNOWN");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn refusals_of_a_method_have_their_http_status() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let asset = ann.upload("a.jpg", &fixtures::photo(1)).await;
        let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
        let link = SharedLink { allow_download: Some(false), ..SharedLink::default() };
        let guest = server.guest(&ann.link(&album, link).await, "").await;
        let path = format!("/api/assets/{}/original", asset.id);
        let range = [("range", "bytes=9999-")];
        let cases = [
            (server.anonymous(), &path, &[][..], 401, "CREDENTIAL_MISSING"),
            (server.bearer(Some("x")), &path, &[], 401, "CREDENTIAL_INVALID"),
            (guest, &path, &[], 403, "DOWNLOAD_NOT_ALLOWED"),
            (server.user("eve").await, &path, &[], 404, "RESOURCE_NOT_FOUND"),
            (ann, &path, &range, 416, "OFFSET_OUT_OF_RANGE"),
        ];
        for (who, path, headers, expected, reason) in cases {
            let (status, headers, body) = who.get(path, headers).await;
            assert_eq!(status.as_u16(), expected);
            assert_eq!(http_reason(&headers, &body), reason);
            let size = headers.get("content-range").map(|range| range.to_str().unwrap());
            assert_eq!(size, (expected == 416).then_some("bytes */4096"));
        }
    })
    .await;
}
