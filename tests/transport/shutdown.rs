//! The way a server ends.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{GRPC_WEB, frame, message};
use crate::support::{fixtures, test, test_with};

/// `SERVING` and `NOT_SERVING` as `grpc.health.v1.HealthCheckResponse`.
const SERVING: [u8; 2] = [8, 1];
const NOT_SERVING: [u8; 2] = [8, 2];

#[tokio::test]
async fn open_downloads_go_on_and_nobody_new_gets_in() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let bytes = fixtures::sized_photo(1, 24 << 20);
        let asset = ann.upload("a.jpg", &bytes).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { stopped.await.unwrap() };
        let serving = albumen_server::serve(server.app.clone(), listener, shutdown);
        let client = async {
            let url = format!("http://{address}/api/assets/{}/original", asset.id);
            let token = &ann.tokens.access_token;
            let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
            stop.send(()).unwrap();
            while TcpStream::connect(address).await.is_ok() {
                tokio::task::yield_now().await;
            }
            assert!(answer.bytes().await.unwrap() == bytes);
        };
        let (served, ()) = tokio::join!(serving, client);
        served.unwrap();
    })
    .await;
}

#[tokio::test]
async fn health_says_so_first_and_what_does_not_end_is_cut_off() {
    let brief = |config: &mut albumen_server::config::Config| {
        config.shutdown_grace = Duration::from_millis(500);
    };
    test_with(brief, |server| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { stopped.await.unwrap() };
        let serving = albumen_server::serve(Arc::clone(&server).app.clone(), listener, shutdown);
        let client = async {
            let url = format!("http://{address}/grpc.health.v1.Health/Watch");
            let watch = reqwest::Client::new().post(url).header("content-type", GRPC_WEB);
            let empty = albumen::v1::GetServerInfoRequest {};
            let answer = watch.body(message(&empty)).send().await.unwrap();
            let mut states = answer.bytes_stream();
            assert_eq!(states.next().await.unwrap().unwrap(), frame(0, 2, &SERVING));
            stop.send(()).unwrap();
            assert_eq!(states.next().await.unwrap().unwrap(), frame(0, 2, &NOT_SERVING));
            assert!(states.next().await.unwrap().is_err(), "a watcher never leaves by itself");
        };
        let (served, ()) = tokio::join!(serving, client);
        served.unwrap();
    })
    .await;
}
