//! What hostile clients try.

use std::sync::Arc;

use albumen::v1::stream_upload_request::Part;
use albumen::v1::{GetUploadRequest, SharedLink, StreamUploadRequest, UploadHeader};
use albumen_server::config::Config;
use axum::body::{Body, Bytes};
use futures::stream::{StreamExt as _, repeat};
use http::{HeaderMap, StatusCode};
use tonic::Code;

use super::wire::{DATA, END_HEADERS, END_STREAM, HEADERS, Wire, get};
use super::{GRPC, call, frame, message, raw, refusal};
use crate::support::{fixtures, reason, test, test_with};
use crate::web::serve;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// How many idle connections a process that may open so many files can hold, both ends of each and
/// with room for the tests beside this one.
fn affordable(files: usize) -> usize {
    (files * 2 / 5).min(10_000)
}

/// The soft limit of open files.
fn file_limit() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    line.split_whitespace().nth(3).and_then(|number| number.parse().ok()).unwrap_or(1024)
}

#[tokio::test]
async fn thousands_of_idle_connections_leave_room_for_a_call() {
    let count = affordable(file_limit());
    if count < 10_000 {
        eprintln!("only {count} connections: the limit of open files is {}", file_limit());
    }
    let roomy = |config: &mut Config| config.max_connections = 2 * count;
    test_with(roomy, |server| async move {
        serve(server, |address| async move {
            let mut idle = Vec::new();
            for number in 0..count {
                // Every other one has even said that it speaks HTTP/2.
                idle.push(match number % 2 {
                    0 => Wire::open(address).await,
                    _ => Wire::http2(address).await,
                });
            }
            assert!(Wire::ask(address, HEALTH).await.ends_with("ok\n"));
            let mut last = idle.pop().unwrap();
            last.frame(HEADERS, END_STREAM | END_HEADERS, 1, &get("/healthz")).await;
            assert_eq!(last.read_until(DATA).await, Some((1, b"ok\n".to_vec())));
        })
        .await;
    })
    .await;
}

/// A stream of chunks without end takes what the upload has room for.
#[tokio::test]
async fn a_stream_of_bytes_without_end_stops_at_the_size_of_the_upload() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let photo = fixtures::photo(1);
        let id = ann.create_upload("a.jpg", 3 * photo.len()).await.id;
        let part =
            |part| Ok::<_, std::io::Error>(message(&StreamUploadRequest { part: Some(part) }));
        let header = part(Part::Header(UploadHeader { upload_id: id.clone(), offset: 0 })).unwrap();
        let chunk = part(Part::Chunk(photo.clone().into())).unwrap();
        let chunks = repeat(Bytes::from(chunk)).map(Ok::<_, std::io::Error>);
        let header = futures::stream::iter([Ok(Bytes::from(header))]);
        let body = Body::from_stream(header.chain(chunks));
        let call = call("/albumen.v1.UploadService/StreamUpload", GRPC);
        let status = refusal(&raw(&server, Some(&ann), call, body).await);
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        let upload = ann.uploads().get_upload(GetUploadRequest { upload_id: id }).await.unwrap();
        let committed = usize::try_from(upload.into_inner().committed_size_bytes).unwrap();
        assert_eq!(committed, 3 * photo.len());
    })
    .await;
}

/// A unary call reads one message: nothing that follows is kept.
#[tokio::test]
async fn messages_without_end_do_not_gather() {
    test(|server| async move {
        let many = repeat(Bytes::from(frame(0, 0, b""))).map(Ok::<_, std::io::Error>);
        let call = call("/albumen.v1.UserService/GetMe", GRPC);
        let status = refusal(&raw(&server, None, call, Body::from_stream(many)).await);
        assert_eq!(reason(&status), "CREDENTIAL_MISSING");
    })
    .await;
}

#[tokio::test]
async fn nothing_breaks_out_of_a_header() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let name = "a\r\nset-cookie: x=1\r\n\r\n<script>\u{202e}\"; filename=\"evil.html";
        let asset = ann.upload(name, &fixtures::photo(1)).await;
        let token = ann.tokens.access_token.clone();
        serve(Arc::clone(&server), |address| async move {
            let asked = format!(
                "GET /api/assets/{}/original HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
                 connection: close\r\n\r\n",
                asset.id
            );
            let answer = Wire::ask(address, &asked).await;
            let (head, _) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            assert!(!head.contains("\r\nset-cookie"), "{head}");
            let disposition = head.lines().find(|line| line.starts_with("content-disposition"));
            assert_eq!(disposition.unwrap().matches('"').count(), 2, "{head}");
            assert!(!head.contains('\u{202e}') && !head.contains("%E2%80%AE"), "{head}");

            for request in [
                "GET /%0d%0aset-cookie:%20x=1 HTTP/1.1\r\nhost: x\r\n",
                "GET /healthz?%0d%0aset-cookie:%20x=1 HTTP/1.1\r\nhost: x\r\n",
                "GET / HTTP/1.1\r\nhost: x%0d%0aset-cookie: x=1\r\n",
                "GET / HTTP/1.1\r\nhost: x\rset-cookie: x=1\r\n",
                "GET /\rx HTTP/1.1\r\nhost: x\r\n",
                "GET / HTTP/1.1\r\nhost: x\r\nset-cookie : x=1\r\n",
                "GET / HTTP/1.1\r\nhost: x\r\norigin: https://e\0vil\r\n",
            ] {
                let answer = Wire::ask(address, &format!("{request}connection: close\r\n\r\n")).await;
                assert!(!answer.to_lowercase().contains("set-cookie"), "{request}: {answer}");
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn two_lengths_or_a_length_and_chunks_are_no_request() {
    test(|server| async move {
        serve(server, |address| async move {
            for framing in [
                "content-length: 4\r\ncontent-length: 5\r\n",
                "content-length: -1\r\n",
                "content-length: 4\r\ntransfer-encoding: chunked, identity\r\n",
            ] {
                let request =
                    format!("POST /healthz HTTP/1.1\r\nhost: x\r\n{framing}\r\n0\r\n\r\n");
                let answer = Wire::ask(address, &request).await;
                assert!(answer.starts_with("HTTP/1.1 400"), "{framing}: {answer}");
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn no_path_leads_out_of_its_route() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let asset = ann.upload("a.jpg", &fixtures::photo(1)).await;
        let album = ann.album("Summer", std::slice::from_ref(&asset)).await;
        let export = ann.export(&album).await.unwrap();
        let (asset, export) = (asset.id, export.id);
        let climbs = ["..", "%2e%2e", "..%2f..%2fsecret.key", "..\\..", "%00", "x%00.jpg", "."];
        let mut paths = Vec::new();
        for climb in climbs {
            paths.push(format!("/{climb}"));
            paths.push(format!("/{climb}/secret.key"));
            paths.push(format!("/api/assets/{climb}/original"));
            paths.push(format!("/api/assets/{asset}/{climb}"));
            paths.push(format!("/api/assets/{asset}/original/{climb}"));
            paths.push(format!("/api/exports/{climb}/parts/1/x.zip"));
            paths.push(format!("/api/exports/{export}/parts/{climb}/x.zip"));
            paths.push(format!("/share/{climb}"));
        }
        let secret = "albumen.db";
        for path in &paths {
            let (status, _, body) = ann.get(path, &[]).await;
            let is_refused = [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&status);
            assert!(is_refused, "{path}: {status}");
            assert!(!String::from_utf8_lossy(&body).contains(secret));
        }
        // The name at the end is the client's own; it is not looked at.
        let named = format!("/api/exports/{export}/parts/1/..%2f..%2fsecret.key");
        let (status, headers, body) = ann.get(&named, &[]).await;
        assert_eq!((status, &body[..2]), (StatusCode::OK, &b"PK"[..]));
        assert!(!headers["content-disposition"].to_str().unwrap().contains("secret"));
    })
    .await;
}

fn cors(headers: &HeaderMap) -> Vec<&str> {
    let names = headers.keys().map(http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn other_origins_get_nothing_unless_they_are_listed() {
    let origins = |config: &mut Config| {
        config.cors_origins = vec!["https://app.example.org".parse().unwrap()];
    };
    let evil =
        ["https://evil.org", "https://app.example.org.evil.org", "null", "http://app.example.org"];
    test(|server| async move {
        for origin in evil.into_iter().chain(["https://app.example.org"]) {
            for path in ["/healthz", "/albumen.v1.ServerService/GetServerInfo"] {
                let (_, headers, _) = server.anonymous().get(path, &[("origin", origin)]).await;
                assert!(cors(&headers).is_empty(), "{origin}: {headers:?}");
            }
        }
    })
    .await;
    test_with(origins, |server| async move {
        for origin in evil {
            let (_, headers, _) = server.anonymous().get("/healthz", &[("origin", origin)]).await;
            assert!(!headers.contains_key("access-control-allow-origin"), "{origin}");
        }
        let listed = [("origin", "https://app.example.org")];
        let (_, headers, _) = server.anonymous().get("/healthz", &listed).await;
        assert_eq!(headers["access-control-allow-origin"], "https://app.example.org");
        assert!(!headers.contains_key("access-control-allow-credentials"));
    })
    .await;
}

/// Metadata that gRPC would keep for the handlers is limited like any head.
#[tokio::test]
async fn metadata_of_a_call_is_limited() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("Summer", &[]).await;
        let link = ann.link(&album, SharedLink::default()).await;
        serve(Arc::clone(&server), |address| async move {
            let url = format!("http://{address}/albumen.v1.SharedLinkService/OpenSharedLink");
            let bomb = "eA".repeat(10 << 10);
            let request = albumen::v1::OpenSharedLinkRequest {
                key_or_slug: crate::support::person::address(&link).to_owned(),
                password: String::new(),
                use_cookies: false,
            };
            let ask = |bomb: &str| {
                let ask = reqwest::Client::new().post(&url).header("x-bomb-bin", bomb);
                let ask = ask.header("content-type", super::GRPC_WEB);
                ask.body(message(&request)).send()
            };
            assert_eq!(ask(&bomb).await.unwrap().status().as_u16(), 431);
            assert_eq!(ask("eA").await.unwrap().status(), StatusCode::OK);
        })
        .await;
    })
    .await;
}

/// Answers that a stranger causes do not grow with what they send.
#[tokio::test]
async fn a_refusal_stays_small() {
    test(|server| async move {
        let long = "x".repeat(8 << 10);
        let headers = raw(&server, None, call(&format!("/{long}"), GRPC), frame(0, 0, b"")).await;
        let size: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        assert!(size < 1024, "{size}");
        let (_, _, body) = server.anonymous().get(&format!("/{long}"), &[]).await;
        assert!(body.len() < 1024);
    })
    .await;
}
