//! The forms of values. Each function gives `None` for text that has another form.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use tracing_subscriber::EnvFilter;

use super::{Directory, LogFormat, SecretKey, Subnet};

/// `15m`: a whole number of seconds, minutes, hours or days.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let (digits, seconds) =
        units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))?;
    let number: u64 = digits.parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// `500MiB`: a whole, positive number of bytes, KiB, MiB, GiB or TiB.
pub(super) fn size(text: &str) -> Option<i64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("", 0)];
    let (digits, shift) =
        units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let number: i64 = digits.trim_end().parse().ok()?;
    number.checked_mul(1 << shift).filter(|size| *size > 0)
}

/// The least is what OWASP asks for with two passes.
pub(super) fn password_memory(text: &str) -> Option<i64> {
    size(text).filter(|size| (19 << 20..=1 << 30).contains(size))
}

pub(super) fn secret_key(text: &str) -> Option<SecretKey> {
    STANDARD.decode(text).ok()?.try_into().ok().map(SecretKey)
}

/// An `http` or `https` address without path, kept without its final slash.
pub(super) fn public_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_bare = uri.path() == "/" && uri.query().is_none() && uri.authority().is_some();
    (is_web && is_bare).then(|| text.trim_end_matches('/').to_owned())
}

pub(super) fn origins(text: &str) -> Option<Vec<http::HeaderValue>> {
    text.split(',').map(|origin| public_url(origin.trim())?.parse().ok()).collect()
}

pub(super) fn directory(text: &str) -> Option<Directory> {
    match text {
        "everyone" => Some(Directory::Everyone),
        "exact" => Some(Directory::Exact),
        _ => None,
    }
}

pub(super) fn subnets(text: &str) -> Option<Vec<Subnet>> {
    text.split(',').map(|subnet| Subnet::parse(subnet.trim())).collect()
}

/// Absolute paths.
pub(super) fn folders(text: &str) -> Option<Vec<PathBuf>> {
    let folders = text.split(',').map(|folder| PathBuf::from(folder.trim()));
    folders.map(|folder| folder.is_absolute().then_some(folder)).collect()
}

/// A filter that no part of is ignored.
pub(super) fn filter(text: &str) -> Option<String> {
    EnvFilter::try_new(text).is_ok().then(|| text.to_owned())
}

pub(super) fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_units() {
        assert_eq!(size("500 MiB"), Some(500 << 20));
        assert_eq!(size("12"), Some(12));
        assert_eq!(size("0"), None);
        assert_eq!(size("9000000TiB"), None);
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("90"), None);
        assert_eq!(public_url("https://a.example/"), Some("https://a.example".to_owned()));
        assert_eq!(public_url("https://a.example/x"), None);
        assert_eq!(public_url("ftp://a.example"), None);
    }
}
