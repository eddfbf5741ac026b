//! Where a call comes from: the peer of the connection, or whom a trusted proxy speaks for.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{FORWARDED, HOST, STRICT_TRANSPORT_SECURITY};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::access::{Host, IsSecure, Network};
use crate::app::App;
use crate::config::Subnet;

/// The other end of a connection, as the listener found it.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether it speaks TLS with this server.
    pub is_tls: bool,
}

/// For how long a browser that came by TLS comes by nothing else.
const A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Puts [`Network`], [`Host`] and [`IsSecure`] to the call.
pub(super) async fn find(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let proxies = &app.config.trusted_proxies;
    let headers = request.headers();
    let forwarded = peer
        .filter(|peer| is_trusted(proxies, peer.address))
        .map(|_| Forwarded::read(headers, proxies))
        .unwrap_or_default();

    let is_public = app.config.public_url.as_ref().is_some_and(|url| url.starts_with("https:"));
    let is_tls = peer.is_some_and(|peer| peer.is_tls);
    let is_secure = IsSecure(is_public || is_tls || forwarded.is_https);
    let authority = forwarded.host.or_else(|| request.uri().authority().cloned());
    let host = authority.or_else(|| text(headers, HOST)?.parse().ok());
    let address = forwarded.client.or(peer.map(|peer| peer.address));

    let extensions = request.extensions_mut();
    extensions.insert(is_secure);
    if let Some(host) = host {
        extensions.insert(Host(host.to_string()));
    }
    if let Some(address) = address {
        extensions.insert(Network::of(address));
    }
    let mut response = next.run(request).await;
    if is_secure.0 {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, A_YEAR);
    }
    response
}

fn is_trusted(proxies: &[Subnet], address: IpAddr) -> bool {
    proxies.iter().any(|proxy| proxy.contains(address))
}

/// What a trusted proxy says of its client.
#[derive(Debug, Default)]
struct Forwarded {
    client: Option<IpAddr>,
    host: Option<Authority>,
    is_https: bool,
}

impl Forwarded {
    /// Each proxy appends what it saw, so only the end of a list is written by one we trust.
    /// What is malformed says nothing.
    fn read(headers: &HeaderMap, proxies: &[Subnet]) -> Self {
        let last = |name| list(headers, &HeaderName::from_static(name)).pop();
        Self {
            client: client(headers, proxies),
            host: last("x-forwarded-host").and_then(|host| host.parse().ok()),
            is_https: last("x-forwarded-proto").is_some_and(|proto| proto == "https"),
        }
    }
}

/// The last address that is not itself a trusted proxy's; the first of all if each is.
///
/// `Forwarded` (RFC 7239) counts only without `X-Forwarded-For`: most proxies write the latter and
/// pass on whatever the client says in the former.
fn client(headers: &HeaderMap, proxies: &[Subnet]) -> Option<IpAddr> {
    let mut chain = list(headers, &HeaderName::from_static("x-forwarded-for"));
    if chain.is_empty() {
        chain = list(headers, &FORWARDED).into_iter().map(forwarded_for).collect();
    }
    let mut found = None;
    for hop in chain.into_iter().rev() {
        let address = address(hop)?;
        found = Some(address);
        if !is_trusted(proxies, address) {
            break;
        }
    }
    found
}

/// The elements of all headers of a name, in order.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let values = headers.get_all(name).iter();
    // A value that is no text stays in the list, as an element that is nothing.
    values.flat_map(|value| value.to_str().unwrap_or("").split(',')).map(str::trim).collect()
}

/// The `for` of an element of `Forwarded`; empty without one.
fn forwarded_for(element: &str) -> &str {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("for"));
    values.next().map_or("", |(_, value)| value.trim_matches('"'))
}

/// `192.0.2.1`, `2001:db8::1` and `[2001:db8::1]`, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let bare = match bracketed {
        Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
        Some(_) => return None,
        None => {
            text.split_once(':').filter(|(_, port)| !port.contains(':')).map_or(text, |v4| v4.0)
        }
    };
    Some(bare.parse::<IpAddr>().ok()?.to_canonical())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let proxies = [Subnet::parse("10.0.0.0/8").unwrap(), Subnet::parse("::1").unwrap()];
        client(&map, &proxies).map(|address| address.to_string())
    }

    fn seen_for(value: &'static str) -> Option<String> {
        seen(&[("x-forwarded-for", value)])
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        assert_eq!(seen_for("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(seen_for("203.0.113.9, 192.0.2.1, 10.0.0.2").as_deref(), Some("192.0.2.1"));
        assert_eq!(seen_for("::1,192.0.2.1:4711 , ::1").as_deref(), Some("192.0.2.1"));
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(seen(&lines).as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn a_client_inside_the_proxies_network_is_the_first_of_all() {
        assert_eq!(seen_for("10.1.1.1, 10.0.0.2").as_deref(), Some("10.1.1.1"));
    }

    #[test]
    fn what_is_malformed_says_nothing() {
        for value in ["", "unknown", "192.0.2.1, secret", "1.2.3", "[::1", "192.0.2.1,", "[::1]x"] {
            assert_eq!(seen_for(value), None, "{value}");
        }
        // What the client made up comes before what the proxy saw.
        assert_eq!(seen_for("what, 192.0.2.1, 10.0.0.2").as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let v6 = seen(&[("forwarded", "for=203.0.113.9, For=\"[2001:db8::7]:443\";proto=https")]);
        assert_eq!(v6.as_deref(), Some("2001:db8::7"));
        assert_eq!(seen(&[("forwarded", "proto=https")]), None);
        let both = [("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(seen(&both).as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn an_address_means_the_same_however_it_is_written() {
        for text in ["192.0.2.1", "192.0.2.1:80", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80"] {
            assert_eq!(address(text).map(|found| found.to_string()).as_deref(), Some("192.0.2.1"));
        }
    }
}
