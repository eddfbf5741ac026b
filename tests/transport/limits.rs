//! How much and how long the server bears, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use albumen::v1::stream_upload_request::Part;
use albumen::v1::{GetUploadRequest, StreamUploadRequest, UploadHeader};
use albumen_server::config::Config;
use axum::body::{Body, Bytes};
use futures::stream::{StreamExt as _, iter, pending};
use http::StatusCode;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;
use tonic::Code;

use super::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RESET, SETTINGS, TOO_LARGE, Wire,
    field, get,
};
use super::{GRPC, call, http_reason, message, raw, refusal};
use crate::support::{Person, expect_reason, fixtures, reason, test, test_with};
use crate::web::serve;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
const MOMENT: Duration = Duration::from_millis(300);

fn hasty_heads(config: &mut Config) {
    config.header_timeout = MOMENT;
}

fn hasty_idlers(config: &mut Config) {
    config.idle_timeout = MOMENT;
}

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off() {
    test_with(hasty_heads, |server| async move {
        serve(server, |address| async move {
            let starts = ["", "G", "GET /healthz HTTP/1.1\r\nhost: x\r\na: ", "PRI * HTTP/2.0\r\n"];
            for start in starts {
                let mut slow = Wire::open(address).await;
                slow.send(start.as_bytes()).await;
                // One byte after the other, as long as the server listens. A response that says
                // so is an end too.
                while slow.send(b"y").await {
                    let mut answer = [0; 512];
                    if timeout(MOMENT / 10, slow.0.read(&mut answer)).await.is_ok() {
                        break;
                    }
                }
                assert!(Wire::ask(address, HEALTH).await.ends_with("ok\n"));
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_http2_head_that_never_ends_is_cut_off() {
    test_with(hasty_heads, |server| async move {
        serve(server, |address| async move {
            // Only the preface; and a head whose end does not come.
            let mut silent = Wire::http2(address).await;
            assert!(silent.read_until(GOAWAY).await.is_some());
            silent.read_to_end().await;
            let mut slow = Wire::http2(address).await;
            slow.frame(HEADERS, END_STREAM, 1, &get("/healthz")).await;
            slow.read_to_end().await;
            assert!(Wire::ask(address, HEALTH).await.ends_with("ok\n"));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_without_calls_is_closed() {
    test_with(hasty_idlers, |server| async move {
        serve(server, |address| async move {
            let mut first = Wire::open(address).await;
            first.send(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
            assert!(first.read_to_end().await.ends_with("ok\n"));
            let mut second = Wire::http2(address).await;
            second.frame(HEADERS, END_STREAM | END_HEADERS, 1, &get("/healthz")).await;
            assert_eq!(second.read_until(DATA).await, Some((1, b"ok\n".to_vec())));
            assert!(second.read_until(GOAWAY).await.is_some());
            second.read_to_end().await;
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_with_an_open_call_is_not_idle() {
    test_with(hasty_idlers, |server| async move {
        let ann = server.user("ann").await;
        let size = 24 << 20;
        let asset = ann.upload("a.jpg", &fixtures::sized_photo(1, size)).await;
        let token = ann.tokens.access_token.clone();
        serve(Arc::clone(&server), |address| async move {
            let url = format!("http://{address}/api/assets/{}/original", asset.id);
            let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
            // More than the buffers between hold, so that the server waits for the reader.
            tokio::time::sleep(MOMENT * 3).await;
            assert_eq!(answer.bytes().await.unwrap().len(), size);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    test_with(
        |config| config.max_connections = 2,
        |server| async move {
            serve(server, |address| async move {
                let first = Wire::http2(address).await;
                let _second = Wire::http2(address).await;
                let mut third = Wire::open(address).await;
                third.send(HEALTH.as_bytes()).await;
                assert!(timeout(MOMENT, third.read_to_end()).await.is_err(), "nobody took it");
                drop(first);
                assert!(third.read_to_end().await.ends_with("ok\n"));
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_head_over_16_kib_is_refused() {
    test(|server| async move {
        serve(server, |address| async move {
            let large = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "x".repeat(20 << 10));
            assert!(Wire::ask(address, &large).await.starts_with(TOO_LARGE));
            let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(500));
            assert!(Wire::ask(address, &many).await.starts_with(TOO_LARGE));

            let mut wire = Wire::http2(address).await;
            let block = [get("/healthz"), field("a", &"x".repeat(100)).repeat(200)].concat();
            let (first, rest) = block.split_at(16 << 10);
            wire.frame(HEADERS, END_STREAM, 1, first).await;
            wire.frame(CONTINUATION, END_HEADERS, 1, rest).await;
            let (_, head) = wire.read_until(HEADERS).await.unwrap();
            // 431 in the code of header blocks (RFC 7541, appendix B).
            assert!(head.windows(3).any(|bytes| bytes == [0x69, 0x90, 0xFF]), "{head:x?}");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn heads_without_end_are_cut_off() {
    test(|server| async move {
        serve(server, |address| async move {
            let mut one = Wire::open(address).await;
            one.send(b"GET / HTTP/1.1\r\nhost: x\r\n").await;
            let mut sent = 0;
            while sent < 1_000_000 && one.send(&b"a: b\r\n".repeat(1000)).await {
                sent += 1000;
            }
            assert!(sent < 1_000_000, "a million headers were taken");

            let mut two = Wire::http2(address).await;
            two.frame(HEADERS, END_STREAM, 1, &get("/healthz")).await;
            let fields = field("a", "b").repeat(1000);
            let mut sent = 0;
            while sent < 1_000_000 && two.frame(CONTINUATION, 0, 1, &fields).await {
                sent += 1000;
            }
            assert!(sent < 1_000_000, "a million headers were taken");
            assert!(Wire::ask(address, HEALTH).await.ends_with("ok\n"));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_resets_rapidly_is_sent_away() {
    test(|server| async move {
        serve(server, |address| async move {
            let mut wire = Wire::http2(address).await;
            let block = get("/readyz");
            for stream in (1..100_000).step_by(2) {
                let asked = wire.frame(HEADERS, END_STREAM | END_HEADERS, stream, &block).await;
                if !asked || !wire.frame(RESET, 0, stream, &8_u32.to_be_bytes()).await {
                    break;
                }
            }
            wire.read_to_end().await;
            assert!(Wire::ask(address, HEALTH).await.ends_with("ok\n"));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_carries_256_streams() {
    test(|server| async move {
        serve(server, |address| async move {
            let mut wire = Wire::http2(address).await;
            let (_, settings) = wire.read_until(SETTINGS).await.unwrap();
            let values = settings.chunks(6).map(|setting| {
                let value = u32::from_be_bytes(setting[2..].try_into().unwrap());
                (u16::from_be_bytes([setting[0], setting[1]]), value)
            });
            let values: std::collections::HashMap<_, _> = values.collect();
            // SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE.
            assert_eq!((values[&3], values[&6]), (256, 16 << 10));
        })
        .await;
    })
    .await;
}

/// The frames of a stream of uploaded bytes that begins and then pauses for ever.
fn paused(id: &str, chunk: &[u8]) -> Body {
    let header = Part::Header(UploadHeader { upload_id: id.to_owned(), offset: 0 });
    let parts = [header, Part::Chunk(chunk.to_vec().into())];
    let frames = parts.map(|part| message(&StreamUploadRequest { part: Some(part) }));
    let frames = iter(frames.map(|frame| Ok::<_, std::io::Error>(Bytes::from(frame))));
    Body::from_stream(frames.chain(pending()))
}

async fn committed(person: &Person, id: &str) -> i64 {
    let request = GetUploadRequest { upload_id: id.to_owned() };
    person.uploads().get_upload(request).await.unwrap().into_inner().committed_size_bytes
}

#[tokio::test]
async fn a_stream_that_pauses_ends_and_keeps_what_it_has() {
    let hasty = |config: &mut Config| config.stream_idle_timeout = MOMENT;
    test_with(hasty, |server| async move {
        let ann = server.user("ann").await;
        let bytes = fixtures::photo(1);
        let id = ann.create_upload("a.jpg", bytes.len()).await.id;
        let path = "/albumen.v1.UploadService/StreamUpload";
        let body = paused(&id, &bytes[..1000]);
        let status = refusal(&raw(&server, Some(&ann), call(path, GRPC), body).await);
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        assert_eq!(reason(&status), "TIMED_OUT");
        assert_eq!(committed(&ann, &id).await, 1000);
        ann.stream(&id, 1000, &bytes[1000..]).await.unwrap();
        ann.finish(&id).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_clients_own_patience_counts_if_it_is_shorter() {
    test(|server| async move {
        let stuck = Body::from_stream(pending::<Result<Bytes, std::io::Error>>());
        let call = call("/albumen.v1.ServerService/GetServerInfo", GRPC);
        let call = call.header("grpc-timeout", "100m");
        let status = refusal(&raw(&server, None, call, stuck).await);
        assert_eq!(reason(&status), "TIMED_OUT");
    })
    .await;
    let hasty = |config: &mut Config| config.request_timeout = MOMENT;
    test_with(hasty, |server| async move {
        let stuck = Body::from_stream(pending::<Result<Bytes, std::io::Error>>());
        let call = call("/albumen.v1.ServerService/GetServerInfo", GRPC);
        let call = call.header("grpc-timeout", "1H");
        let status = refusal(&raw(&server, None, call, stuck).await);
        assert_eq!(reason(&status), "TIMED_OUT");
    })
    .await;
}

#[tokio::test]
async fn a_server_without_its_store_is_not_ready() {
    test(|server| async move {
        let nobody = server.anonymous();
        let blobs = server.app.config.data_dir.join("blobs");
        let aside = server.app.config.data_dir.join("aside");
        std::fs::rename(&blobs, &aside).unwrap();
        let (status, headers, body) = nobody.get("/readyz", &[]).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers["retry-after"], "1");
        assert_eq!(http_reason(&headers, &body), "STORAGE_UNAVAILABLE");
        assert_eq!(nobody.get("/healthz", &[]).await.0, StatusCode::OK);
        std::fs::rename(&aside, &blobs).unwrap();
        assert_eq!(nobody.get("/readyz", &[]).await.0, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn a_larger_chunk_than_a_message_may_have_is_refused_by_name() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let id = ann.create_upload("a.jpg", 8 << 20).await.id;
        let chunk = vec![0; 5 << 20].into();
        let request = albumen::v1::AppendUploadRequest { upload_id: id, offset: 0, chunk };
        let answer = ann.uploads().append_upload(request).await;
        expect_reason(answer, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    })
    .await;
}
