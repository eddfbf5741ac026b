//! Cookies: any header is read.

#![no_main]

use albumen_server::access::{Client, CookieName};
use http::{Extensions, HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|values: Vec<Vec<u8>>| {
    let mut headers = HeaderMap::new();
    for value in values.iter().filter_map(|value| HeaderValue::from_bytes(value).ok()) {
        headers.append(header::COOKIE, value);
    }
    let client = Client::new(&headers, &Extensions::new());
    for name in [CookieName::Session, CookieName::Refresh] {
        assert!(client.cookie(name).is_none_or(|value| !value.is_empty() && !value.contains(';')));
    }
    assert!(client.link_tokens().len() <= 20);
});
