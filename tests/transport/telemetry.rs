//! What the server tells about its calls, and what it never tells.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};

use albumen::v1::{
    GetServerInfoRequest, LoginRequest, LogoutRequest, OpenSharedLinkRequest, SharedLink,
};
use http::Request;
use tracing::Dispatch;
use tracing::dispatcher::{DefaultGuard, set_default};
use tracing_subscriber::EnvFilter;

use super::{GRPC_WEB, message};
use crate::support::person::{PASSWORD, address};
use crate::support::{Person, TestServer, fixtures, test, test_with};
use crate::web::serve;

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Catches what this thread logs until the guard is dropped: our crates at `debug`.
fn catch() -> (Log, DefaultGuard) {
    // With a single subscriber around, tracing asks only that of the thread that comes by a line
    // first, and remembers for all threads if that is none.
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| subscriber(Log::default()));
    LazyLock::force(&SECOND);
    let log = Log::default();
    (log.clone(), set_default(&subscriber(log)))
}

fn subscriber(log: Log) -> Dispatch {
    let filter = EnvFilter::new("info,albumen=debug,albumen_server=debug");
    let subscriber = tracing_subscriber::fmt().json().with_env_filter(filter);
    subscriber.with_writer(move || log.clone()).finish().into()
}

/// The lines of the log that are about calls of a method, as JSON.
fn lines(log: &Log, rpc: &str) -> Vec<serde_json::Value> {
    let lines = log.text();
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["span"]["rpc"] == rpc && line["fields"]["message"] == "call").collect()
}

#[tokio::test]
async fn a_call_that_ends_in_trailers_has_its_code_in_its_one_line() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let asset = ann.upload("a.jpg", &fixtures::photo(1)).await;
        let (log, _guard) = catch();
        let request = albumen::v1::DownloadAssetRequest {
            asset_id: asset.id.clone(),
            rendition: 0,
            offset: 0,
        };
        let mut stream = ann.assets().download_asset(request).await.unwrap().into_inner();
        while stream.message().await.unwrap().is_some() {}
        drop(stream);
        ann.get(&format!("/api/assets/{}/original", asset.id), &[]).await;
        server.anonymous().get(&format!("/api/assets/{}/original", asset.id), &[]).await;
        let lines = lines(&log, "/albumen.v1.AssetService/DownloadAsset");
        let found = lines.iter().map(|line| {
            let fields = &line["fields"];
            assert!(fields["duration_us"].is_u64(), "{line}");
            (fields["http.status"].as_u64(), fields["grpc.status"].as_i64())
        });
        let expected = [(Some(200), Some(0)), (Some(200), None), (Some(401), None)];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert!(lines[1]["fields"]["sent_bytes"] == 4096);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_has_a_line_too() {
    test(|server| async move {
        let ann = server.user("ann").await;
        let bytes = fixtures::sized_photo(1, 4 << 20);
        let asset = ann.upload("a.jpg", &bytes).await;
        let (log, _guard) = catch();
        let request =
            albumen::v1::DownloadAssetRequest { asset_id: asset.id, rendition: 0, offset: 0 };
        let stream = ann.assets().download_asset(request).await.unwrap();
        drop(stream);
        let lines = lines(&log, "/albumen.v1.AssetService/DownloadAsset");
        assert_eq!(lines.len(), 1);
        assert!(lines[0]["fields"]["grpc.status"].is_null(), "{}", lines[0]);
    })
    .await;
}

/// Does what people do, well and badly, and hands out what must not be told of it.
async fn scenario(server: &TestServer) -> Vec<String> {
    let ann = server.user("ann-of-green-gables").await;
    let mut secrets = vec![
        ann.user.email.clone(),
        "ann-of-green-gables".to_owned(),
        PASSWORD.to_owned(),
        ann.tokens.access_token.clone(),
        ann.tokens.refresh_token.clone(),
    ];
    let asset = ann.upload("secret-holiday.jpg", &fixtures::photo(1)).await;
    ann.finish("00000000-0000-4000-8000-000000000000").await.unwrap_err();
    let text = ann.create_upload("secret-notes.txt", 5000).await;
    ann.stream(&text.id, 0, &[b'x'; 5000]).await.unwrap_err();
    let album = ann.album("secret-album", std::slice::from_ref(&asset)).await;
    let plain = ann.link(&album, SharedLink::default()).await;
    let link = SharedLink {
        slug: "secret-slug".to_owned(),
        password: "secret-word".to_owned(),
        ..SharedLink::default()
    };
    let link = ann.link(&album, link).await;
    secrets.push(address(&plain).to_owned());
    secrets.push("secret-".to_owned());
    guests(server, &plain, &link, &mut secrets).await;
    http(server, &ann, &asset.id, &ann.export(&album).await.unwrap().parts[0].http_path).await;
    for (email, password) in [(ann.user.email.as_str(), "secret-guess"), ("secret-no@b.c", "x")] {
        let request = LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            device_name: "secret-phone".to_owned(),
            use_cookies: false,
        };
        server.anonymous().auth().login(request).await.unwrap_err();
    }
    ann.auth().logout(LogoutRequest {}).await.unwrap();
    ann.auth().logout(LogoutRequest {}).await.unwrap_err();
    secrets
}

async fn guests(
    server: &TestServer,
    plain: &SharedLink,
    link: &SharedLink,
    secrets: &mut Vec<String>,
) {
    for (key_or_slug, password) in
        [(address(plain), ""), (address(link), "secret-word"), (address(link), "secret-guess")]
    {
        let request = OpenSharedLinkRequest {
            key_or_slug: key_or_slug.to_owned(),
            password: password.to_owned(),
            use_cookies: false,
        };
        if let Ok(opened) = server.anonymous().links().open_shared_link(request).await {
            secrets.push(opened.into_inner().access_token);
        }
    }
    server.anonymous().get(&format!("/share/{}", address(plain)), &[]).await;
}

async fn http(server: &TestServer, ann: &Person, asset: &str, archive: &str) {
    let original = format!("/api/assets/{asset}/original");
    ann.get(&original, &[]).await;
    ann.get(archive, &[]).await;
    ann.get(&original, &[("range", "bytes=99999-"), ("cookie", "x=secret-cookie")]).await;
    server.bearer(Some("secret-token")).get(&original, &[]).await;
    ann.get("/api/assets/secret-name/original?token=secret-query", &[]).await;
    // The photo's bytes are lost: an error that is logged with its cause.
    let blobs = server.app.config.data_dir.join("blobs");
    let aside = server.app.config.data_dir.join("aside");
    std::fs::rename(&blobs, &aside).unwrap();
    ann.http(Request::get(&original)).await.2.unwrap_err();
    ann.get("/readyz", &[]).await;
    std::fs::rename(&aside, &blobs).unwrap();
}

#[tokio::test]
async fn the_log_has_no_secrets_and_no_names() {
    test(|server| async move {
        let (log, guard) = catch();
        let secrets = scenario(&server).await;
        drop(guard);
        let text = log.text();
        for rpc in ["AuthService/Login", "UploadService/StreamUpload", "ExportService/StreamExport"]
        {
            assert!(!lines(&log, &format!("/albumen.v1.{rpc}")).is_empty(), "{rpc} in {text}");
        }
        assert!(text.contains("damaged"), "{text}");
        assert!(secrets.iter().all(|secret| secret.len() > 5));
        for secret in secrets {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
    })
    .await;
}

/// An address that nobody listens on.
fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn metrics_count_calls_by_method_and_code_and_name_nobody() {
    let metrics = free();
    test_with(
        |config| config.metrics_listen = Some(metrics),
        |server| async move {
            serve(Arc::clone(&server), |address| async move {
                let secrets = scenario(&server).await;
                let url = format!("http://{address}/albumen.v1.ServerService/GetServerInfo");
                let ask = reqwest::Client::new().post(url).header("content-type", GRPC_WEB);
                let answer = ask.body(message(&GetServerInfoRequest {})).send().await.unwrap();
                answer.bytes().await.unwrap();

                let answer = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap();
                let text = answer.text().await.unwrap();
                let calls = |method: &str, code: &str| {
                    let method = format!("method=\"/albumen.v1.{method}\"");
                    let line = format!("albumen_calls_total{{{method},code=\"{code}\"}}");
                    assert!(text.contains(&line), "{line} in {text}");
                };
                calls("ServerService/GetServerInfo", "Ok");
                calls("AuthService/Login", "Unauthenticated");
                calls("UploadService/StreamUpload", "InvalidArgument");
                calls("AssetService/DownloadAsset", "200");
                calls("AssetService/DownloadAsset", "416");
                for secret in secrets {
                    assert!(!text.contains(&secret), "{secret} in {text}");
                }
                check_form(&text);
                // Nowhere but there.
                let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
                assert_eq!(answer.status(), http::StatusCode::NOT_FOUND);
            })
            .await;
        },
    )
    .await;
}

/// Every metric says what it is, has been measured, and has no label beyond these.
fn check_form(text: &str) {
    let measured: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(measured.len() > 10, "{text}");
    for metric in measured {
        let name = metric.split(' ').next().unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} is not described");
    }
    for line in text.lines().filter(|line| !line.starts_with('#') && line.contains('{')) {
        let labels = line.split_once('{').unwrap().1.rsplit_once('}').unwrap().0;
        for label in labels.split("\",") {
            let name = label.split('=').next().unwrap();
            assert!(["method", "code", "pool", "le"].contains(&name), "{line}");
        }
    }
}
