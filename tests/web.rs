//! The server on a real socket: grpc-web over HTTP/1.1, CORS, health and reflection.

use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;
use reqwest::{Client, Method};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::{TestServer, fixtures, test, test_with};

/// Serves on a free port while `body` runs.
pub(crate) async fn serve<F: Future<Output = ()>>(
    server: Arc<TestServer>,
    body: impl FnOnce(SocketAddr) -> F,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = server.app.clone();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    let serving = albumen_server::serve(app, listener, shutdown);
    let body = async {
        body(address).await;
        stop.send(()).unwrap();
    };
    let (served, ()) = tokio::join!(serving, body);
    served.unwrap();
}

/// A grpc-web message: a flag, the length and the bytes.
fn frame(message: &impl prost::Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let length = u32::try_from(bytes.len()).unwrap();
    [&[0][..], &length.to_be_bytes(), &bytes].concat()
}

#[tokio::test]
async fn grpc_web_works_over_http_1() {
    test(|server| async move {
        serve(Arc::clone(&server), |address| async move {
            let url = format!("http://{address}/albumen.v1.ServerService/GetServerInfo");
            let answer = Client::builder()
                .http1_only()
                .build()
                .unwrap()
                .post(url)
                .header("content-type", "application/grpc-web+proto")
                .body(frame(&albumen::v1::GetServerInfoRequest {}))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["content-type"], "application/grpc-web+proto");
            let body = answer.bytes().await.unwrap();
            let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
            let info: albumen::v1::GetServerInfoResponse =
                prost::Message::decode(&body[5..5 + length]).unwrap();
            assert!(info.setup_required);
            let trailers = String::from_utf8_lossy(&body[5 + length + 5..]);
            assert!(trailers.contains("grpc-status:0"), "{trailers}");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn browsers_are_told_of_errors_in_their_own_form() {
    test(|server| async move {
        serve(Arc::clone(&server), |address| async move {
            let url = format!("http://{address}/albumen.v1.UserService/GetMe");
            let request =
                Client::new().post(url).header("content-type", "application/grpc-web+proto");
            let answer = request.body(frame(&albumen::v1::GetMeRequest {})).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["content-type"], "application/grpc-web+proto");
            assert_eq!(answer.headers()["grpc-status"], "16");
            assert!(answer.headers().contains_key("grpc-status-details-bin"));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn pages_answer_beside_the_services() {
    test(|server| async move {
        serve(Arc::clone(&server), |address| async move {
            for (path, status, body) in
                [("/healthz", StatusCode::OK, "ok\n"), ("/readyz", StatusCode::OK, "ready\n")]
            {
                let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
                assert_eq!(answer.status(), status, "{path}");
                assert!(answer.headers().contains_key("x-request-id"));
                assert_eq!(answer.text().await.unwrap(), body, "{path}");
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn only_the_configured_origins_may_call() {
    let origins = |config: &mut albumen_server::config::Config| {
        config.cors_origins = vec!["https://app.example.org".parse().unwrap()];
    };
    test_with(origins, |server| async move {
        serve(Arc::clone(&server), |address| async move {
            let url = format!("http://{address}/albumen.v1.ServerService/GetServerInfo");
            for (origin, allowed) in
                [("https://app.example.org", true), ("https://evil.org", false)]
            {
                let answer = Client::new()
                    .request(Method::OPTIONS, &url)
                    .header("origin", origin)
                    .header("access-control-request-method", "POST")
                    .header("access-control-request-headers", "content-type,x-grpc-web")
                    .send()
                    .await
                    .unwrap();
                let granted = answer.headers().get("access-control-allow-origin");
                assert_eq!(granted.is_some(), allowed, "{origin}");
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn the_client_library_goes_the_whole_way() {
    test(|server| async move {
        serve(Arc::clone(&server), |address| {
            let server = Arc::clone(&server);
            async move {
                let ann = server.user("ann").await;
                let bytes = fixtures::sized_photo(1, 3 << 20);
                let asset = ann.upload("a.jpg", &bytes).await;
                let url = format!("http://{address}/api/assets/{}/original", asset.id);
                let token = &ann.tokens.access_token;
                let answer = Client::new().get(url).bearer_auth(token).send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK);
                assert!(answer.bytes().await.unwrap() == bytes);
            }
        })
        .await;
    })
    .await;
}
