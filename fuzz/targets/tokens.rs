//! Access tokens of users and of links' guests: nothing but what was signed is read.

#![no_main]

use std::sync::LazyLock;

use albumen_server::access::token::{Tokens, generate};
use albumen_server::time::Micros;
use libfuzzer_sys::fuzz_target;

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let key = generate().expect("a key is made");
    Tokens::new(&[("key".to_owned(), key)]).expect("the key is read")
});

fuzz_target!(|token: &str| {
    assert!(TOKENS.read(token, Micros(0)).is_err());
});
