//! Names in archives: any names come out safe and each once.

#![no_main]

use std::collections::HashSet;

use albumen_server::zip::{MAX_NAME_LEN, Names, clean};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let names = Names::resolve(text.split('\n'));
    let mut seen = HashSet::new();
    for name in names {
        assert!(!name.is_empty() && name.len() <= MAX_NAME_LEN);
        assert!(!name.contains(['/', '\\', '\0']) && name != "." && name != "..");
        assert_eq!(clean(&name), name);
        assert!(seen.insert(name.to_lowercase()), "{name:?} is there twice");
    }
});
