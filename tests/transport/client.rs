//! Whom a call is taken to come from.

use albumen::v1::{Album, CreateSharedLinkRequest, SharedLink};
use albumen_server::config::{Config, Subnet};
use tonic::Request;

use crate::support::{Person, test_with};

fn without_address(config: &mut Config) {
    config.public_url = None;
}

fn behind_a_proxy(config: &mut Config) {
    config.public_url = None;
    config.trusted_proxies = vec![Subnet::parse("127.0.0.0/8").unwrap()];
}

/// The address of a new link, as seen by a call with some headers.
async fn url(person: &Person, album: &Album, headers: &[(&'static str, &'static str)]) -> String {
    let link = SharedLink { album_id: album.id.clone(), ..SharedLink::default() };
    let request = CreateSharedLinkRequest { shared_link: Some(link), ..Default::default() };
    let mut request = Request::new(request);
    for (name, value) in headers {
        request.metadata_mut().append(*name, value.parse().unwrap());
    }
    person.links().create_shared_link(request).await.unwrap().into_inner().url
}

const FORWARDED: [(&str, &str); 3] = [
    ("host", "inside:8420"),
    ("x-forwarded-host", "forged.example.org, photos.example.org"),
    ("x-forwarded-proto", "https"),
];

#[tokio::test]
async fn a_trusted_proxy_says_how_the_client_came() {
    test_with(behind_a_proxy, |server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("Summer", &[]).await;
        let seen = url(&ann, &album, &FORWARDED).await;
        assert!(seen.starts_with("https://photos.example.org/share/"), "{seen}");
        let plain = url(&ann, &album, &[("host", "inside:8420")]).await;
        assert!(plain.starts_with("http://inside:8420/share/"), "{plain}");
    })
    .await;
}

#[tokio::test]
async fn nobody_else_is_believed() {
    test_with(without_address, |server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("Summer", &[]).await;
        let seen = url(&ann, &album, &FORWARDED).await;
        assert!(seen.starts_with("http://inside:8420/share/"), "{seen}");
    })
    .await;
}

#[tokio::test]
async fn a_host_that_is_none_gets_into_no_address() {
    test_with(behind_a_proxy, |server| async move {
        let ann = server.user("ann").await;
        let album = ann.album("Summer", &[]).await;
        for host in ["evil.org/x?", "a b", "<script>", "u\"v"] {
            let seen = url(&ann, &album, &[("x-forwarded-host", host)]).await;
            assert!(seen.starts_with("http://localhost/share/"), "{host}: {seen}");
        }
    })
    .await;
}
