//! Access tokens of users and of links' guests: nothing but what was signed is read.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use albumen_server::access::token::{SigningKey, Tokens, generate};
use albumen_server::id::SigningKeyId;
use albumen_server::time::Micros;
use libfuzzer_sys::fuzz_target;

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let key = generate().expect("a key is made");
    let key = SigningKey { id: SigningKeyId::NIL, pkcs8: key, create_time: Micros(0) };
    Tokens::new(&[key], Duration::from_secs(60)).expect("the key is read")
});

fuzz_target!(|token: &str| {
    assert!(TOKENS.read(token, Micros(0)).is_err());
});
