//! Range headers: any text gives bytes of the file, or an error.

#![no_main]

use albumen_server::byte_range::{Disposition, Representation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u32, &str, &str)| {
    let (size, range, file_name) = input;
    let request = http::Request::get("/").header("range", range).body(());
    let Ok(request) = request else { return };
    let (parts, ()) = request.into_parts();
    let representation = Representation {
        size: size.into(),
        etag: "x",
        content_type: "image/jpeg",
        file_name,
        disposition: Disposition::Inline,
    };
    if let Ok((head, range)) = representation.head(&parts) {
        assert!(range.start <= range.end && range.end <= u64::from(size));
        assert!(head.body(()).is_ok());
    }
});
