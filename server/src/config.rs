//! Every setting of the server: one table of names, defaults and meanings, and one reading of it
//! that reports all mistakes at once.

mod database_url;
mod folder;
mod s3;
mod subnet;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use tracing_subscriber::EnvFilter;

pub use database_url::DatabaseUrl;
pub use folder::make_folder;
pub use s3::S3Config;
pub use subnet::Subnet;

/// One setting: a flag and an environment variable.
#[derive(Debug)]
pub struct Setting {
    /// The flag without its dashes; `listen` is `--listen` and `ALBUMEN_LISTEN`.
    pub name: &'static str,
    /// The default as it would be written; empty if there is none.
    pub default: &'static str,
    /// What it sets, in one sentence, with the form of its values.
    pub help: &'static str,
    /// Whether `ALBUMEN_…_FILE` may name a file with the value instead.
    pub is_secret: bool,
}

const fn setting(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default, help, is_secret: false }
}

/// Every setting, in the order in which `--help` and `.env.sample` show them.
pub const SETTINGS: &[Setting] = &[
    setting(
        "listen",
        "127.0.0.1:8420",
        "IP address and port to serve gRPC, grpc-web and HTTP on; 0.0.0.0:8420 is every IPv4 \
         address of the machine, [::]:8420 every address",
    ),
    setting(
        "public-url",
        "",
        "Address under which people reach the server, as in https://photos.example.org; \
         default: the host that a request names",
    ),
    setting(
        "tls-cert",
        "",
        "PEM file with the certificate and those that vouch for it; default: no TLS; \
         looked at again while the server runs",
    ),
    setting("tls-key", "", "PEM file with the key of the certificate"),
    setting(
        "trusted-proxies",
        "",
        "Networks of the proxies whose X-Forwarded-… headers are believed, separated by commas, \
         as in 10.0.0.0/8,::1",
    ),
    setting(
        "data-dir",
        "albumen-data",
        "Folder for photos, the SQLite database and the secret key",
    ),
    Setting {
        name: "database-url",
        default: "",
        help: "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE; \
               default: albumen.db in the data folder",
        is_secret: true,
    },
    setting("database-connections", "10", "Connections to the database, 2 to 1000"),
    Setting {
        name: "secret-key",
        default: "",
        help: "32 random bytes in base64, as `openssl rand -base64 32` makes them, that seal what \
               the database must not give away; default with SQLite and photos in the data folder: \
               secret.key there, made at the first start",
        is_secret: true,
    },
    setting(
        "s3-bucket",
        "",
        "Bucket of an S3-compatible service to keep photos in; default: the data folder",
    ),
    setting(
        "s3-endpoint",
        "",
        "Address of the service, as in https://s3.example.org; default: AWS in the region",
    ),
    setting("s3-region", "us-east-1", "Region of the bucket; many other services take any"),
    setting("s3-access-key-id", "", "Name of the key that opens the bucket"),
    Setting {
        name: "s3-secret-access-key",
        default: "",
        help: "Secret of the key that opens the bucket",
        is_secret: true,
    },
    setting("s3-prefix", "", "What every name in the bucket begins with, as in photos/albumen"),
    setting(
        "s3-virtual-host",
        "false",
        "Whether the bucket is part of the host, as in https://BUCKET.s3.example.org, rather than \
         of the path",
    ),
    setting(
        "library-roots",
        "",
        "Folders that libraries may read photos in, with all below them, separated by commas, as in \
         /srv/photos,/mnt/archive; default: none, so that there are no libraries",
    ),
    setting("max-file-size", "16GiB", "Largest file that can be uploaded, in bytes or as 500MiB"),
    setting("default-quota", "", "What a new user may store, as 500GiB; default: any amount"),
    setting(
        "directory",
        "everyone",
        "Whom users find to share with: everyone, or exact: only who shares an album with them, and \
         others by their whole e-mail",
    ),
    setting(
        "password-memory",
        "19MiB",
        "Memory that hashing one password takes, 19MiB to 1GiB; the same on every server",
    ),
    setting(
        "password-iterations",
        "2",
        "Passes over that memory, 2 to 100; the same on every server",
    ),
    setting("access-token-ttl", "15m", "How long an access token is good, 1m to 1d"),
    setting("session-ttl", "30d", "How long an unused session lasts, 1h to 366d"),
    setting("link-session-ttl", "12h", "How long a guest stays in an opened link, 1m to 30d"),
    setting("upload-ttl", "24h", "How long an unfinished upload waits for bytes, 1m to 30d"),
    setting("export-ttl", "7d", "How long an export is kept, 1m to 366d"),
    setting("trash-ttl", "30d", "How long the trash keeps assets and albums, 1h to 3660d"),
    setting("request-timeout", "60s", "How long a call that does not stream may take, 1s to 1h"),
    setting("max-concurrent-requests", "1000", "Calls worked on at once; more wait, 1 to 100000"),
    setting(
        "stream-idle-timeout",
        "60s",
        "How long a stream of uploaded bytes may pause; what came before is kept, 1s to 1h",
    ),
    setting("max-connections", "10000", "Connections open at once; more wait, 1 to 1000000"),
    setting(
        "header-timeout",
        "30s",
        "How long a client may take over the head of a call, and a new connection over TLS and \
         its first call, 1s to 10m",
    ),
    setting("idle-timeout", "5m", "How long a connection without calls stays open, 1s to 1d"),
    setting(
        "job-workers",
        "2",
        "Jobs that run at once in the background, 0 to 64; 0: other processes run them",
    ),
    setting(
        "shutdown-grace",
        "30s",
        "How long open calls and jobs may go on at shutdown, 0s to 1h",
    ),
    setting(
        "cors-origins",
        "",
        "Other origins whose pages may call, separated by commas, as in https://app.example.org",
    ),
    setting(
        "metrics-listen",
        "",
        "IP address and port to serve /metrics for Prometheus on, as in 127.0.0.1:9420; \
         default: nowhere",
    ),
    setting(
        "otlp-endpoint",
        "",
        "Collector of OpenTelemetry that gets the spans of calls over gRPC, as in \
         http://127.0.0.1:4317; default: none; only where the server was built for it",
    ),
    setting("reflection", "true", "Whether gRPC reflection tells clients about the API"),
    setting(
        "log",
        "info,sqlx=warn,sea_orm_migration=warn",
        "Log level or filter, as in info,albumen_server=debug",
    ),
    setting("log-format", "text", "Form of the log: text or json"),
];

/// Variables of the command line clients, which may stand in the same environment.
const CLIENT_VARIABLES: [&str; 2] = ["ALBUMEN_URL", "ALBUMEN_API_KEY"];

impl Setting {
    /// The environment variable of the setting.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("ALBUMEN_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

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
        let mut reader = Reader { flags, variables, mistakes: Vec::new() };
        reader.refuse_unknown();
        let config = reader.config();
        if reader.mistakes.is_empty() { Ok(config) } else { Err(reader.mistakes.join("\n")) }
    }
}

struct Reader<'a> {
    flags: &'a BTreeMap<String, String>,
    variables: &'a BTreeMap<String, String>,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    fn config(&mut self) -> Config {
        let minute = Duration::from_secs(60);
        let day = 24 * 60 * minute;
        let data_dir = PathBuf::from(self.text("data-dir"));
        Config {
            listen: self.parse("listen", |text| text.parse().ok(), SocketAddr::from(([0; 4], 0))),
            public_url: self.optional("public-url", public_url),
            tls: self.tls(),
            trusted_proxies: self.optional("trusted-proxies", subnets).unwrap_or_default(),
            database_url: self
                .optional("database-url", DatabaseUrl::parse)
                .unwrap_or_else(|| DatabaseUrl::Sqlite(data_dir.join("albumen.db"))),
            database_connections: self.number("database-connections", 2, 1000),
            secret_key: self.optional("secret-key", secret_key),
            s3: s3::read(self),
            library_roots: self.optional("library-roots", folders).unwrap_or_default(),
            max_file_size_bytes: self.parse("max-file-size", size, 0),
            default_quota_bytes: self.optional("default-quota", size),
            directory: self.parse("directory", directory, Directory::Exact),
            password_memory_bytes: self.parse("password-memory", password_memory, 0),
            password_iterations: self.number("password-iterations", 2, 100),
            access_token_ttl: self.duration("access-token-ttl", minute, day),
            session_ttl: self.duration("session-ttl", 60 * minute, 366 * day),
            link_session_ttl: self.duration("link-session-ttl", minute, 30 * day),
            upload_ttl: self.duration("upload-ttl", minute, 30 * day),
            export_ttl: self.duration("export-ttl", minute, 366 * day),
            trash_ttl: self.duration("trash-ttl", 60 * minute, 3660 * day),
            request_timeout: self.duration("request-timeout", minute / 60, 60 * minute),
            max_concurrent_requests: self.number("max-concurrent-requests", 1, 100_000) as usize,
            stream_idle_timeout: self.duration("stream-idle-timeout", minute / 60, 60 * minute),
            max_connections: self.number("max-connections", 1, 1_000_000) as usize,
            header_timeout: self.duration("header-timeout", minute / 60, 10 * minute),
            idle_timeout: self.duration("idle-timeout", minute / 60, day),
            job_workers: self.number("job-workers", 0, 64),
            shutdown_grace: self.duration("shutdown-grace", Duration::ZERO, 60 * minute),
            cors_origins: self.optional("cors-origins", origins).unwrap_or_default(),
            metrics_listen: self.optional("metrics-listen", |text| text.parse().ok()),
            otlp_endpoint: self.otlp_endpoint(),
            reflection: self.parse("reflection", |text| text.parse().ok(), true),
            log: self.parse("log", filter, String::new()),
            log_format: self.parse("log-format", log_format, LogFormat::Text),
            data_dir,
        }
    }

    fn tls(&mut self) -> Option<TlsFiles> {
        let path = |text: &str| Some(PathBuf::from(text));
        match (self.optional("tls-cert", path), self.optional("tls-key", path)) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            _ => {
                self.mistakes.push("--tls-cert and --tls-key go together".to_owned());
                None
            }
        }
    }

    /// The setting is there in every build, so that one that cannot keep to it says so.
    fn otlp_endpoint(&mut self) -> Option<String> {
        let endpoint = self.optional("otlp-endpoint", public_url)?;
        if cfg!(not(feature = "otel")) {
            let mistake = "--otlp-endpoint needs a server that was built with --features otel";
            self.mistakes.push(mistake.to_owned());
        }
        Some(endpoint)
    }

    fn refuse_unknown(&mut self) {
        for name in self.variables.keys().filter(|name| name.starts_with("ALBUMEN_")) {
            let is_known = SETTINGS.iter().any(|setting| {
                let variable = setting.variable();
                *name == variable || setting.is_secret && *name == format!("{variable}_FILE")
            });
            if !is_known && !CLIENT_VARIABLES.contains(&name.as_str()) {
                self.mistakes.push(format!("{name} is no setting; --help lists them"));
            }
        }
    }

    /// The value as it was written, else the default.
    fn text(&mut self, name: &str) -> String {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            self.mistakes.push(format!("{name} is missing from the table of settings"));
            return String::new();
        };
        if let Some(value) = self.flags.get(name) {
            return value.clone();
        }
        let variable = setting.variable();
        let from_file = setting.is_secret.then(|| self.read_file(&format!("{variable}_FILE")));
        let value = self.variables.get(&variable).filter(|value| !value.is_empty()).cloned();
        match (value, from_file.flatten()) {
            (Some(_), Some(_)) => {
                self.mistakes.push(format!("{variable} and {variable}_FILE are both set"));
                String::new()
            }
            (Some(value), None) | (None, Some(value)) => value,
            (None, None) => setting.default.to_owned(),
        }
    }

    fn read_file(&mut self, variable: &str) -> Option<String> {
        let path = self.variables.get(variable).filter(|path| !path.is_empty())?;
        match std::fs::read_to_string(path) {
            Ok(text) => Some(text.trim().to_owned()),
            Err(error) => {
                self.mistakes
                    .push(format!("{variable} names {path}, which cannot be read: {error}"));
                None
            }
        }
    }

    /// A value that must be there.
    fn parse<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>, otherwise: T) -> T {
        let text = self.text(name);
        parse(&text).unwrap_or_else(|| {
            self.mistake(name, &text);
            otherwise
        })
    }

    /// A value that may be left out.
    fn optional<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name);
        if text.is_empty() {
            return None;
        }
        let value = parse(&text);
        if value.is_none() {
            self.mistake(name, &text);
        }
        value
    }

    fn number(&mut self, name: &str, min: u32, max: u32) -> u32 {
        let is_in_range = |number: &u32| (min..=max).contains(number);
        self.parse(name, |text| text.parse().ok().filter(is_in_range), min)
    }

    fn duration(&mut self, name: &str, min: Duration, max: Duration) -> Duration {
        let is_in_range = |duration: &Duration| (min..=max).contains(duration);
        self.parse(name, |text| duration(text).filter(is_in_range), min)
    }

    fn mistake(&mut self, name: &str, text: &str) {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else { return };
        let shown =
            if setting.is_secret { "what is given".to_owned() } else { format!("{text:?}") };
        let variable = setting.variable();
        self.mistakes
            .push(format!("--{name} ({variable}) cannot be {shown}. It sets: {}", setting.help));
    }
}

/// `15m`: a whole number of seconds, minutes, hours or days.
fn duration(text: &str) -> Option<Duration> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let (digits, seconds) =
        units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))?;
    let number: u64 = digits.parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// `500MiB`: a whole, positive number of bytes, KiB, MiB, GiB or TiB.
fn size(text: &str) -> Option<i64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("", 0)];
    let (digits, shift) =
        units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    let number: i64 = digits.trim_end().parse().ok()?;
    number.checked_mul(1 << shift).filter(|size| *size > 0)
}

/// The least is what OWASP asks for with two passes.
fn password_memory(text: &str) -> Option<i64> {
    size(text).filter(|size| (19 << 20..=1 << 30).contains(size))
}

fn secret_key(text: &str) -> Option<SecretKey> {
    STANDARD.decode(text).ok()?.try_into().ok().map(SecretKey)
}

/// An `http` or `https` address without path, kept without its final slash.
fn public_url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_bare = uri.path() == "/" && uri.query().is_none() && uri.authority().is_some();
    (is_web && is_bare).then(|| text.trim_end_matches('/').to_owned())
}

fn origins(text: &str) -> Option<Vec<http::HeaderValue>> {
    text.split(',').map(|origin| public_url(origin.trim())?.parse().ok()).collect()
}

fn directory(text: &str) -> Option<Directory> {
    match text {
        "everyone" => Some(Directory::Everyone),
        "exact" => Some(Directory::Exact),
        _ => None,
    }
}

fn subnets(text: &str) -> Option<Vec<Subnet>> {
    text.split(',').map(|subnet| Subnet::parse(subnet.trim())).collect()
}

/// Absolute paths.
fn folders(text: &str) -> Option<Vec<PathBuf>> {
    let folders = text.split(',').map(|folder| PathBuf::from(folder.trim()));
    folders.map(|folder| folder.is_absolute().then_some(folder)).collect()
}

/// A filter that no part of is ignored.
fn filter(text: &str) -> Option<String> {
    EnvFilter::try_new(text).is_ok().then(|| text.to_owned())
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
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

    #[test]
    fn secrets_are_not_printed() {
        let flags = map(&[("secret-key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]);
        let config = Config::read(&flags, &map(&[])).unwrap();
        assert!(config.secret_key.is_some());
        assert!(!format!("{config:?}").contains("AAAA"));
        assert!(!format!("{config:?}").contains("[0, 0"));
    }
}
