//! Numbers of bytes as people read and write them.

/// A number of bytes as people read it.
pub(crate) fn format(bytes: u64) -> String {
    let mut size = bytes as f64;
    if bytes < 1024 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    for unit in ["KiB", "MiB", "GiB"] {
        size /= 1024.0;
        if size < 1024.0 {
            return format!("{size:.1} {unit}");
        }
    }
    format!("{:.2} TiB", size / 1024.0)
}

/// The same of a number from the server, which never sends negative ones.
pub(crate) fn format_signed(bytes: i64) -> String {
    format(u64::try_from(bytes).unwrap_or(0))
}

/// Reads a number of bytes: `500M`, `2GiB`, `1048576`. Units are powers of 1024.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let complaint = || format!("{text:?} is no size: it must be like 500M, 2G or 1048576");
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_uppercase();
    let number: i64 = digits.trim().parse().map_err(|_| complaint())?;
    let power = match unit.trim_end_matches("IB").trim_end_matches('B') {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err(complaint()),
    };
    let bytes = 1024_i64.checked_pow(power).and_then(|unit| number.checked_mul(unit));
    bytes.filter(|bytes| *bytes >= 0).ok_or_else(complaint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        assert_eq!(format(1023), "1023 bytes");
        assert_eq!(format(3 << 20), "3.0 MiB");
        assert_eq!(parse("500M"), Ok(500 << 20));
        assert_eq!(parse("2 GiB"), Ok(2 << 30));
        assert_eq!(parse("7"), Ok(7));
        for wrong in ["", "M", "-1", "1X", "9999999T", "1.5G"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
