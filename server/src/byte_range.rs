//! Parts of a file over HTTP: ranges, validators and the headers that keep a browser from running
//! what it gets (RFC 9110, sections 13 and 14).

use std::ops::Range;

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::response::Builder;
use http::{HeaderMap, HeaderName, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// What may stand unescaped in `filename*` (RFC 8187, attr-char).
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a browser does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It shows it.
    Inline,
    /// It saves it.
    Attachment,
}

impl Disposition {
    /// Pictures and videos that browsers show are shown; everything else is saved.
    #[must_use]
    pub fn of_media(content_type: &str) -> Self {
        const SHOWN: [&str; 9] = [
            "image/avif",
            "image/gif",
            "image/heic",
            "image/jpeg",
            "image/png",
            "image/webp",
            "video/mp4",
            "video/quicktime",
            "video/webm",
        ];
        if SHOWN.contains(&content_type) { Self::Inline } else { Self::Attachment }
    }
}

/// A file as it is served: its bytes never change under the same `etag`.
#[derive(Debug)]
pub struct Representation<'a> {
    /// The size of the whole in bytes.
    pub size: u64,
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// The content type.
    pub content_type: &'a str,
    /// The name for the file.
    pub file_name: &'a str,
    /// What a browser does with it.
    pub disposition: Disposition,
}

impl Representation<'_> {
    /// The head of the answer to a request, and the bytes that its body has; none for an answer
    /// without body. One range is served as asked; several are answered with the whole.
    ///
    /// Fails with `OFFSET_OUT_OF_RANGE` for a range behind the end.
    pub fn head(&self, request: &Parts) -> Result<(Builder, Range<u64>)> {
        let headers = &request.headers;
        let quoted = format!("\"{}\"", self.etag);
        if text(headers, IF_NONE_MATCH).is_some_and(|tags| matches(tags, &quoted)) {
            let head = Response::builder().status(StatusCode::NOT_MODIFIED).header(ETAG, quoted);
            return Ok((head, 0..0));
        }
        let asked = text(headers, RANGE)
            .filter(|_| text(headers, IF_RANGE).is_none_or(|tag| tag == quoted))
            .and_then(Asked::parse);
        let range = asked.map(|asked| asked.resolve(self.size)).transpose()?;
        let (status, bytes) = match range {
            Some(range) => (StatusCode::PARTIAL_CONTENT, range),
            None => (StatusCode::OK, 0..self.size),
        };
        let mut head = Response::builder()
            .status(status)
            .header(ACCEPT_RANGES, "bytes")
            .header(CONTENT_LENGTH, bytes.end - bytes.start)
            .header(CONTENT_TYPE, self.content_type)
            .header(CONTENT_DISPOSITION, self.content_disposition())
            .header(ETAG, quoted)
            // Who asks decides what they get, and may lose the right to it: ask again each time.
            .header(CACHE_CONTROL, "private, no-cache")
            .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, self.size);
            head = head.header(CONTENT_RANGE, range);
        }
        Ok((head, bytes))
    }

    /// The name in its plain and its extended form (RFC 6266), without what could confuse either.
    fn content_disposition(&self) -> String {
        let kind = match self.disposition {
            Disposition::Inline => "inline",
            Disposition::Attachment => "attachment",
        };
        let is_safe = |letter: &char| !letter.is_control() && !is_bidi_control(*letter);
        let name: String = self.file_name.chars().filter(is_safe).collect();
        let plain = |letter: char| match letter {
            '"' | '\\' | '%' => '_',
            ' '..='~' => letter,
            _ => '_',
        };
        let ascii: String = name.chars().map(plain).collect();
        let encoded = utf8_percent_encode(&name, ATTR_CHAR);
        format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
    }
}

fn is_bidi_control(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn matches(tags: &str, quoted: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == quoted)
}

/// A single range as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

impl Asked {
    /// `None` for anything but one well-formed range, which is then as if there were no header.
    fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
        match (first, last) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    fn resolve(self, size: u64) -> Result<Range<u64>> {
        let range = match self {
            Self::From(first) => first..size,
            Self::Between(first, last) => first..last.saturating_add(1).min(size),
            Self::Last(length) => size.saturating_sub(length)..size,
        };
        if range.is_empty() {
            return Err(Error::OffsetOutOfRange { size_bytes: size.cast_signed() });
        }
        Ok(range)
    }
}

/// Digits only: the standard parser takes a sign as well.
fn number(digits: &str) -> Option<u64> {
    let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: Representation<'_> = Representation {
        size: 10,
        etag: "e",
        content_type: "image/jpeg",
        file_name: "ä \"x\"\r\n\u{202e}.jpg",
        disposition: Disposition::Inline,
    };

    fn ask(headers: &[(&str, &str)]) -> Result<(StatusCode, Range<u64>)> {
        let mut request = http::Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let (head, range) = FILE.head(&parts)?;
        Ok((head.body(()).unwrap().status(), range))
    }

    #[test]
    fn one_range_is_served_as_asked() {
        let partial = StatusCode::PARTIAL_CONTENT;
        assert_eq!(ask(&[("range", "bytes=2-4")]).unwrap(), (partial, 2..5));
        assert_eq!(ask(&[("range", "bytes=2-")]).unwrap(), (partial, 2..10));
        assert_eq!(ask(&[("range", "bytes=-3")]).unwrap(), (partial, 7..10));
        assert_eq!(ask(&[("range", "bytes=0-99")]).unwrap(), (partial, 0..10));
    }

    #[test]
    fn everything_else_is_served_whole() {
        for range in ["bytes=0-1,3-4", "bytes=4-2", "items=0-1", "bytes=", "bytes=+1-2", "x"] {
            assert_eq!(ask(&[("range", range)]).unwrap(), (StatusCode::OK, 0..10), "{range}");
        }
        let changed = ask(&[("range", "bytes=2-"), ("if-range", "\"other\"")]);
        assert_eq!(changed.unwrap(), (StatusCode::OK, 0..10));
        let same = ask(&[("range", "bytes=2-"), ("if-range", "\"e\"")]);
        assert_eq!(same.unwrap(), (StatusCode::PARTIAL_CONTENT, 2..10));
    }

    #[test]
    fn a_range_behind_the_end_is_refused() {
        for range in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
            assert!(matches!(
                ask(&[("range", range)]),
                Err(Error::OffsetOutOfRange { size_bytes: 10 })
            ));
        }
    }

    #[test]
    fn a_known_copy_is_not_sent_again() {
        let known = ask(&[("if-none-match", "\"x\", W/\"e\"")]).unwrap();
        assert_eq!(known, (StatusCode::NOT_MODIFIED, 0..0));
    }

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let header = FILE.content_disposition();
        assert_eq!(header, "inline; filename=\"_ _x_.jpg\"; filename*=UTF-8''%C3%A4%20%22x%22.jpg");
    }

    proptest! {
        #[test]
        fn any_range_header_gives_bytes_of_the_file_or_an_error(header in "(bytes=)?[0-9,-]{0,30}") {
            if let Ok((_, range)) = ask(&[("range", &header)]) {
                prop_assert!(range.start < range.end && range.end <= 10);
            }
        }
    }
}
