//! Stills without metadata: any file is stripped or refused, and what is stripped is left as it is.

#![no_main]

use std::io::Cursor;

use albumen_server::media::{Splice, Splices, Variants, strip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(splices) = Splices::decode(bytes) {
        assert_eq!(splices.pieces(0..u64::MAX).map(|piece| piece.size()).sum::<u64>(), splices.size());
    }
    let Some(Variants { without_location, without_metadata, .. }) = strip(Cursor::new(bytes)) else {
        return;
    };
    for stripped in [without_location, without_metadata] {
        let mut file = Vec::new();
        for piece in stripped.splices.pieces(0..u64::MAX) {
            match piece {
                Splice::File(range) => file.extend(&bytes[range.start as usize..range.end as usize]),
                Splice::Bytes(literal) => file.extend(literal),
            }
        }
        assert_eq!(file.len() as u64, stripped.checksums.size);
        assert!(strip(Cursor::new(file)).is_some());
    }
});
