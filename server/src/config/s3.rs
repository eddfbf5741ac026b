//! The settings of the bucket that photos can be kept in.

use http::Uri;

use super::Secret;
use super::reader::Reader;

/// The bucket, where it is and who opens it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is a setting, documented in SETTINGS")]
pub struct S3Config {
    pub bucket: String,
    pub endpoint: Option<String>,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub prefix: String,
    pub virtual_host: bool,
}

impl S3Config {
    /// The address under which a service that is not AWS has the bucket, as the client wants it:
    /// with the bucket where that is part of the host.
    #[must_use]
    pub fn bucket_endpoint(&self) -> Option<String> {
        let endpoint = self.endpoint.clone()?;
        match endpoint.split_once("://") {
            Some((scheme, host)) if self.virtual_host => {
                Some(format!("{scheme}://{}.{host}", self.bucket))
            }
            _ => Some(endpoint),
        }
    }
}

/// Reads the settings; `None` if no bucket is set.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<S3Config> {
    let config = S3Config {
        bucket: reader.optional("s3-bucket", bucket).unwrap_or_default(),
        endpoint: reader.optional("s3-endpoint", endpoint),
        region: reader.text("s3-region"),
        access_key_id: reader.text("s3-access-key-id"),
        secret_access_key: Secret(reader.text("s3-secret-access-key")),
        prefix: reader.optional("s3-prefix", prefix).unwrap_or_default(),
        virtual_host: reader.parse("s3-virtual-host", |text| text.parse().ok(), false),
    };
    if config.bucket.is_empty() {
        return None;
    }
    let keys = [
        ("s3-access-key-id", &config.access_key_id),
        ("s3-secret-access-key", &config.secret_access_key.0),
    ];
    for (name, value) in keys {
        if value.is_empty() {
            reader.mistakes.push(format!("--s3-bucket is set, and --{name} is not"));
        }
    }
    Some(config)
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

fn bucket(text: &str) -> Option<String> {
    is_plain(text).then(|| text.to_owned())
}

/// An `http` or `https` address, kept without its final slash.
fn endpoint(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    is_web.then(|| text.trim_end_matches('/').to_owned())
}

fn prefix(text: &str) -> Option<String> {
    let is_name = |name: &str| is_plain(name) && !matches!(name, "" | "." | "..");
    text.split('/').all(is_name).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;

    fn config(settings: &[(&str, &str)]) -> Result<Config, String> {
        let flags = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Config::read(&flags.collect(), &BTreeMap::new())
    }

    #[test]
    fn a_bucket_needs_its_keys() {
        assert!(config(&[]).unwrap().s3.is_none());
        let mistakes = config(&[("s3-bucket", "photos")]).unwrap_err();
        assert!(mistakes.contains("s3-access-key-id"), "{mistakes}");
        assert!(mistakes.contains("s3-secret-access-key"), "{mistakes}");
        let keys = [("s3-access-key-id", "me"), ("s3-secret-access-key", "hunter2")];
        let whole = config(&[&[("s3-bucket", "photos")], &keys[..]].concat()).unwrap();
        assert!(!format!("{whole:?}").contains("hunter2"));
        assert!(!whole.s3.unwrap().virtual_host);
    }

    #[test]
    fn the_bucket_is_in_the_host_or_in_the_path() {
        let mut s3 = S3Config {
            bucket: "photos".into(),
            endpoint: Some("https://s3.example.org".into()),
            region: String::new(),
            access_key_id: String::new(),
            secret_access_key: Secret(String::new()),
            prefix: String::new(),
            virtual_host: false,
        };
        assert_eq!(s3.bucket_endpoint().unwrap(), "https://s3.example.org");
        s3.virtual_host = true;
        assert_eq!(s3.bucket_endpoint().unwrap(), "https://photos.s3.example.org");
        s3.endpoint = None;
        assert_eq!(s3.bucket_endpoint(), None);
    }

    #[test]
    fn addresses_and_prefixes_are_checked() {
        assert_eq!(endpoint("http://nas:9000/").as_deref(), Some("http://nas:9000"));
        assert_eq!(endpoint("nas:9000"), None);
        assert_eq!(prefix("a/b-1").as_deref(), Some("a/b-1"));
        for wrong in ["/a", "a/", "a//b", "..", "a b"] {
            assert_eq!(prefix(wrong), None, "{wrong}");
        }
    }
}
