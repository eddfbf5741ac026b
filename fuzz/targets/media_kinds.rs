//! Kinds of files: any bytes are of a kind, or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|head: &[u8]| {
    match albumen_server::media::detect(head) {
        Ok(found) => assert!(found.content_type.contains('/')),
        Err(refused) => assert!(!refused.detected.is_empty()),
    }
});
