//! Metadata of photos and videos: any file is read in bounded time.

#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file_type) = albumen_server::media::detect(bytes) else { return };
    let mut file = tempfile::NamedTempFile::new().expect("a file is made");
    file.write_all(bytes).expect("the file takes bytes");
    albumen_server::media::read(file.path(), file_type);
});
