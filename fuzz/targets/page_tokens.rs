//! Page tokens: any text is read or refused.

#![no_main]

use albumen_server::page::{Key, Page, SIZES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|token: &str| {
    if let Ok(page) = Page::parse(0, token, SIZES, &Key::default()) {
        assert!(page.after.is_none_or(|key| key.id.len() == 16));
    }
});
