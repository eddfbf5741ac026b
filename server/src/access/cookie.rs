//! The cookies in which browsers keep their credentials (RFC 6265).

use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;

use crate::id::SharedLinkId;
use crate::keys;

/// What the name of a guest's cookie begins with; the link follows.
const LINK: &str = "albumen-link-";
/// Under TLS only: a browser takes a cookie of such a name from this very host alone, for all of
/// its paths, so that no neighbour can plant one.
const HOST: &str = "__Host-";
/// How many opened links a browser keeps.
pub(super) const MAX_LINKS: usize = 20;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieName {
    /// A user's refresh token.
    Refresh,
    /// A user's session, for pictures and downloads.
    Session,
    /// A guest's token for a link.
    Link(SharedLinkId),
}

/// A cookie as a browser is told to keep it.
#[derive(Debug)]
pub struct Cookie {
    /// Which.
    pub name: CookieName,
    /// Its value; empty to forget it.
    pub value: String,
    /// For how long it is kept.
    pub max_age: Duration,
}

impl CookieName {
    fn text(self, is_secure: bool) -> String {
        let prefix = if is_secure { HOST } else { "" };
        match self {
            Self::Refresh => format!("{prefix}albumen-refresh"),
            Self::Session => format!("{prefix}albumen-session"),
            Self::Link(id) => {
                let hash = keys::hash(id.as_bytes());
                let digits: String =
                    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                format!("{prefix}{LINK}{digits}")
            }
        }
    }
}

impl Cookie {
    /// The value of a `set-cookie` header.
    pub(super) fn header(&self, is_secure: bool) -> String {
        let Self { name, value, max_age } = self;
        let (name, age) = (name.text(is_secure), max_age.as_secs());
        let secure = if is_secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
    }
}

/// The name and value of every cookie that a call carries.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// The value of a cookie.
pub(super) fn find(headers: &HeaderMap, name: CookieName, is_secure: bool) -> Option<&str> {
    let name = name.text(is_secure);
    let found = pairs(headers).find(|(found, _)| *found == name);
    found.map(|(_, value)| value).filter(|value| !value.is_empty())
}

/// The names and values of guests' cookies, as many as a browser keeps.
pub(super) fn links(headers: &HeaderMap, is_secure: bool) -> Vec<(&str, &str)> {
    let prefix = if is_secure { format!("{HOST}{LINK}") } else { LINK.to_owned() };
    pairs(headers).filter(|(name, _)| name.starts_with(&prefix)).take(MAX_LINKS).collect()
}

/// The header that makes a browser forget a cookie of this name.
pub(super) fn forget(name: &str, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(COOKIE, http::HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn under_tls_only_cookies_of_this_very_host_count() {
        let planted = headers(&["a=1; albumen-session=planted", "b; __Host-albumen-session=own"]);
        assert_eq!(find(&planted, CookieName::Session, true), Some("own"));
        assert_eq!(find(&planted, CookieName::Session, false), Some("planted"));
        assert_eq!(find(&planted, CookieName::Refresh, true), None);
    }

    #[test]
    fn no_more_links_are_read_than_a_browser_keeps() {
        let many: String = (0..50).map(|number| format!("albumen-link-{number}=x;")).collect();
        let mut map = HeaderMap::new();
        map.insert(COOKIE, many.parse().unwrap());
        assert_eq!(links(&map, false).len(), MAX_LINKS);
        assert!(links(&map, true).is_empty());
    }

    #[test]
    fn a_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let cookie = Cookie {
            name: CookieName::Refresh,
            value: "x".to_owned(),
            max_age: Duration::from_secs(9),
        };
        let header = "__Host-albumen-refresh=x; Path=/; Max-Age=9; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(cookie.header(true), header);
        assert!(!cookie.header(false).contains("Secure"));
        assert!(!cookie.header(false).contains("__Host-"));
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read(text in "[ -~]{0,200}") {
            let mut map = HeaderMap::new();
            map.insert(COOKIE, text.parse().unwrap());
            for is_secure in [true, false] {
                let found = find(&map, CookieName::Session, is_secure).unwrap_or_default();
                proptest::prop_assert!(!found.contains(';'));
                proptest::prop_assert!(links(&map, is_secure).len() <= MAX_LINKS);
            }
        }
    }
}
