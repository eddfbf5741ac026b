//! TLS with certificates that come and go.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use albumen_server::config::{Config, TlsFiles};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::wire::{DATA, END_HEADERS, END_STREAM, HEADERS, Wire, get};
use crate::support::{TestServer, test, test_with};
use crate::web::serve;

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") }
}

fn write(files: &TlsFiles, certificate: &CertifiedKey<rcgen::KeyPair>) {
    std::fs::write(&files.cert, certificate.cert.pem()).unwrap();
    std::fs::write(&files.key, certificate.signing_key.serialize_pem()).unwrap();
}

fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(["photos.example.org".to_owned()]).unwrap()
}

/// Where the server finds its certificate, and that certificate.
fn with_tls(config: &mut Config) {
    let files = files(&config.data_dir);
    write(&files, &certificate());
    config.tls = Some(files);
}

fn current(server: &TestServer) -> TlsFiles {
    server.app.config.tls.clone().unwrap()
}

/// Connects, trusting nothing but what the server says that it has: a stranger's certificate fails.
async fn connect(
    address: SocketAddr,
    trusted: &CertifiedKey<rcgen::KeyPair>,
    protocol: &str,
) -> std::io::Result<Wire<TlsStream<TcpStream>>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = ServerName::try_from("photos.example.org").unwrap();
    let socket = TcpStream::connect(address).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    Ok(Wire(stream))
}

#[tokio::test]
async fn both_versions_of_http_are_served_under_tls() {
    test_with(with_tls, |server| async move {
        let known = certificate();
        write(&current(&server), &known);
        serve(Arc::clone(&server), |address| async move {
            let mut one = connect(address, &known, "http/1.1").await.unwrap();
            one.send(ASK).await;
            let answer = one.read_to_end().await;
            assert!(answer.ends_with("ok\n"), "{answer}");
            assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
            let mut two = connect(address, &known, "h2").await.unwrap();
            two.begin_http2().await;
            two.frame(HEADERS, END_STREAM | END_HEADERS, 1, &get("/healthz")).await;
            assert_eq!(two.read_until(DATA).await, Some((1, b"ok\n".to_vec())));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_new_certificate_is_taken_over_and_a_broken_one_is_not() {
    test_with(with_tls, |server| async move {
        let (old, new) = (certificate(), certificate());
        let files = current(&server);
        write(&files, &old);
        serve(Arc::clone(&server), |address| async move {
            let mut open = connect(address, &old, "h2").await.unwrap();
            open.begin_http2().await;

            std::fs::write(&files.cert, "-----BEGIN CERTIFICATE-----\nbroken").unwrap();
            server.sleep(Duration::from_secs(11));
            connect(address, &old, "h2").await.unwrap();
            // Half of a renewal: the certificate is new and its key is not there yet.
            std::fs::write(&files.cert, new.cert.pem()).unwrap();
            server.sleep(Duration::from_secs(11));
            connect(address, &old, "h2").await.unwrap();

            write(&files, &new);
            server.sleep(Duration::from_secs(11));
            connect(address, &new, "h2").await.unwrap();
            assert!(connect(address, &old, "h2").await.is_err());

            open.frame(HEADERS, END_STREAM | END_HEADERS, 1, &get("/healthz")).await;
            assert_eq!(open.read_until(DATA).await, Some((1, b"ok\n".to_vec())));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn who_speaks_no_tls_is_sent_away() {
    let hasty = |config: &mut Config| {
        with_tls(config);
        config.header_timeout = Duration::from_millis(300);
    };
    test_with(hasty, |server| async move {
        serve(Arc::clone(&server), |address| async move {
            let plain = Wire::ask(address, std::str::from_utf8(ASK).unwrap()).await;
            assert!(!plain.contains("HTTP"), "{plain}");
            let mut silent = Wire::open(address).await;
            assert_eq!(silent.read_to_end().await, "");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_stops_the_start() {
    let missing = TlsFiles { cert: PathBuf::from("/nowhere"), key: PathBuf::from("/nowhere") };
    test_with(
        |config| config.tls = Some(missing),
        |server| async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let forever = std::future::pending();
            let failed = albumen_server::serve(server.app.clone(), listener, forever).await;
            assert!(format!("{:#}", failed.unwrap_err()).contains("/nowhere"));
        },
    )
    .await;
}

#[tokio::test]
async fn nobody_is_told_to_insist_on_tls_without_it() {
    let plain = |config: &mut Config| config.public_url = None;
    test_with(plain, |server| async move {
        let (_, headers, _) = server.anonymous().get("/healthz", &[]).await;
        assert!(!headers.contains_key("strict-transport-security"));
    })
    .await;
    test(|server| async move {
        let (_, headers, _) = server.anonymous().get("/healthz", &[]).await;
        assert!(headers.contains_key("strict-transport-security"), "public-url is https");
    })
    .await;
}
