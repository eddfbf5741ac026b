//! Every setting of the server: one table of names, defaults and meanings, and one reading of it
//! that reports all mistakes at once.

mod database_url;
mod folder;
mod reader;
mod s3;
mod settings;
mod subnet;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use database_url::DatabaseUrl;
pub use folder::make_folder;
use reader::Reader;
pub use s3::S3Config;
pub use settings::{SETTINGS, Setting};
pub use subnet::Subnet;

/// Whom users find to share with. Administrators find everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directory {
    /// Everybody who is active.
    Everyone,
    /// Those with whom they share an album, and others by their whole e-mail.
    Exact,
}

/// Where certificate and key for TLS lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that vouch for it, in PEM.
    pub cert: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// The settings, read and checked. [`SETTINGS`] says what each means.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is a setting, documented in SETTINGS")]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    pub tls: Option<TlsFiles>,
    pub trusted_proxies: Vec<Subnet>,
    pub data_dir: PathBuf,
    pub database_url: DatabaseUrl,
    pub database_connections: u32,
    pub secret_key: Option<SecretKey>,
    pub s3: Option<S3Config>,
    pub library_roots: Vec<PathBuf>,
    pub max_file_size_bytes: i64,
    pub default_quota_bytes: Option<i64>,
    pub directory: Directory,
    pub password_memory_bytes: i64,
    pub password_iterations: u32,
    pub access_token_ttl: Duration,
    pub session_ttl: Duration,
    pub link_session_ttl: Duration,
    pub upload_ttl: Duration,
    pub export_ttl: Duration,
    pub trash_ttl: Duration,
    pub request_timeout: Duration,
    pub max_concurrent_requests: usize,
    pub stream_idle_timeout: Duration,
    pub max_connections: usize,
    pub header_timeout: Duration,
    pub idle_timeout: Duration,
    pub job_workers: u32,
    pub shutdown_grace: Duration,
    pub cors_origins: Vec<http::HeaderValue>,
    pub metrics_listen: Option<SocketAddr>,
    pub otlp_endpoint: Option<String>,
    pub reflection: bool,
    pub log: String,
    pub log_format: LogFormat,
}

/// The 32 bytes from which every other key is derived.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(pub [u8; 32]);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret key>")
    }
}

impl Config {
    /// Reads the settings from flags and from environment variables; a flag wins.
    ///
    /// `flags` has setting names, `variables` variable names. Fails with every mistake there is,
    /// one a line: bad values, unreadable files and unknown `ALBUMEN_` names.
    pub fn read(
        flags: &BTreeMap<String, String>,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let mut reader = Reader::new(flags, variables);
        let config = config(&mut reader);
        if reader.mistakes.is_empty() { Ok(config) } else { Err(reader.mistakes.join("\n")) }
    }
}

/// Reads every setting.
fn config(reader: &mut Reader<'_>) -> Config {
    let minute = Duration::from_secs(60);
    let day = 24 * 60 * minute;
    let data_dir = PathBuf::from(reader.text("data-dir"));
    Config {
        listen: reader.parse("listen", |text| text.parse().ok(), SocketAddr::from(([0; 4], 0))),
        public_url: reader.optional("public-url", values::public_url),
        tls: tls(reader),
        trusted_proxies: reader.optional("trusted-proxies", values::subnets).unwrap_or_default(),
        database_url: reader
            .optional("database-url", DatabaseUrl::parse)
            .unwrap_or_else(|| DatabaseUrl::Sqlite(data_dir.join("albumen.db"))),
        database_connections: reader.number("database-connections", 2, 1000),
        secret_key: reader.optional("secret-key", values::secret_key),
        s3: s3::read(reader),
        library_roots: reader.optional("library-roots", values::folders).unwrap_or_default(),
        max_file_size_bytes: reader.parse("max-file-size", values::size, 0),
        default_quota_bytes: reader.optional("default-quota", values::size),
        directory: reader.parse("directory", values::directory, Directory::Exact),
        password_memory_bytes: reader.parse("password-memory", values::password_memory, 0),
        password_iterations: reader.number("password-iterations", 2, 100),
        access_token_ttl: reader.duration("access-token-ttl", minute, day),
        session_ttl: reader.duration("session-ttl", 60 * minute, 366 * day),
        link_session_ttl: reader.duration("link-session-ttl", minute, 30 * day),
        upload_ttl: reader.duration("upload-ttl", minute, 30 * day),
        export_ttl: reader.duration("export-ttl", minute, 366 * day),
        trash_ttl: reader.duration("trash-ttl", 60 * minute, 3660 * day),
        request_timeout: reader.duration("request-timeout", minute / 60, 60 * minute),
        max_concurrent_requests: reader.number("max-concurrent-requests", 1, 100_000) as usize,
        stream_idle_timeout: reader.duration("stream-idle-timeout", minute / 60, 60 * minute),
        max_connections: reader.number("max-connections", 1, 1_000_000) as usize,
        header_timeout: reader.duration("header-timeout", minute / 60, 10 * minute),
        idle_timeout: reader.duration("idle-timeout", minute / 60, day),
        job_workers: reader.number("job-workers", 0, 64),
        shutdown_grace: reader.duration("shutdown-grace", Duration::ZERO, 60 * minute),
        cors_origins: reader.optional("cors-origins", values::origins).unwrap_or_default(),
        metrics_listen: reader.optional("metrics-listen", |text| text.parse().ok()),
        otlp_endpoint: otlp_endpoint(reader),
        reflection: reader.parse("reflection", |text| text.parse().ok(), true),
        log: reader.parse("log", values::filter, String::new()),
        log_format: reader.parse("log-format", values::log_format, LogFormat::Text),
        data_dir,
    }
}

fn tls(reader: &mut Reader<'_>) -> Option<TlsFiles> {
    let path = |text: &str| Some(PathBuf::from(text));
    match (reader.optional("tls-cert", path), reader.optional("tls-key", path)) {
        (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
        (None, None) => None,
        _ => {
            reader.mistakes.push("--tls-cert and --tls-key go together".to_owned());
            None
        }
    }
}

/// The setting is there in every build, so that one that cannot keep to it says so.
fn otlp_endpoint(reader: &mut Reader<'_>) -> Option<String> {
    let endpoint = reader.optional("otlp-endpoint", values::public_url)?;
    if cfg!(not(feature = "otel")) {
        let mistake = "--otlp-endpoint needs a server that was built with --features otel";
        reader.mistakes.push(mistake.to_owned());
    }
    Some(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_defaults_are_a_whole_configuration() {
        let config = Config::read(&map(&[]), &map(&[])).unwrap();
        assert_eq!(config.database_url, DatabaseUrl::Sqlite("albumen-data/albumen.db".into()));
        assert_eq!(config.max_file_size_bytes, 16 << 30);
        assert_eq!(config.session_ttl, Duration::from_secs(30 * 86_400));
        assert!(config.listen.ip().is_loopback());
    }

    #[test]
    fn a_flag_wins_over_a_variable() {
        let config = Config::read(
            &map(&[("log-format", "json")]),
            &map(&[("ALBUMEN_LOG_FORMAT", "text"), ("ALBUMEN_LISTEN", "[::1]:1")]),
        );
        let config = config.unwrap();
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(config.listen.port(), 1);
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let variables = map(&[
            ("ALBUMEN_LISTEN", "here"),
            ("ALBUMEN_SESSION_TTL", "30"),
            ("ALBUMEN_MAX_FILE_SIZE", "-1"),
            ("ALBUMEN_DATABASE_URL", "mysql://root:hunter2@db/x"),
            ("ALBUMEN_SECRET_KEY_FILE", "/nowhere"),
            ("ALBUMEN_SESION_TTL", "30d"),
            ("ALBUMEN_URL", "http://client"),
        ]);
        let mistakes = Config::read(&map(&[]), &variables).unwrap_err();
        assert_eq!(mistakes.lines().count(), 6, "{mistakes}");
        for part in ["--listen", "--session-ttl", "SESION", "--max-file-size", "/nowhere"] {
            assert!(mistakes.contains(part), "{part} in {mistakes}");
        }
        assert!(!mistakes.contains("hunter2"));
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let config = Config::read(&map(&[("tls-cert", "a.pem")]), &map(&[]));
        assert_eq!(config.unwrap_err(), "--tls-cert and --tls-key go together");
        let config = Config::read(&map(&[("tls-cert", "a"), ("tls-key", "b")]), &map(&[]));
        assert!(config.unwrap().tls.is_some());
    }

    #[test]
    fn spans_are_sent_only_by_a_build_that_can() {
        let config = Config::read(&map(&[("otlp-endpoint", "http://[::1]:4317")]), &map(&[]));
        assert_eq!(config.is_ok(), cfg!(feature = "otel"));
    }

    #[test]
    fn folders_of_libraries_are_absolute() {
        let read = |roots| Config::read(&map(&[("library-roots", roots)]), &map(&[]));
        let roots = read("/srv/photos, /mnt/a b").unwrap().library_roots;
        assert_eq!(roots, [PathBuf::from("/srv/photos"), PathBuf::from("/mnt/a b")]);
        assert!(read("/srv/photos,archive").is_err());
        assert!(read("").unwrap().library_roots.is_empty());
    }

    #[test]
    fn a_filter_of_the_log_is_whole_or_refused() {
        let read = |log| Config::read(&map(&[("log", log)]), &map(&[]));
        assert_eq!(read("info,albumen_server=debug").unwrap().log, "info,albumen_server=debug");
        assert!(read("info,=3").is_err());
    }

    #[test]
    fn secrets_are_not_printed() {
        let flags = map(&[("secret-key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]);
        let config = Config::read(&flags, &map(&[])).unwrap();
        assert!(config.secret_key.is_some());
        assert!(!format!("{config:?}").contains("AAAA"));
        assert!(!format!("{config:?}").contains("[0, 0"));
    }
}
