//! The table of settings: names, defaults and meanings.

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
pub(super) const CLIENT_VARIABLES: [&str; 2] = ["ALBUMEN_URL", "ALBUMEN_API_KEY"];

impl Setting {
    /// The environment variable of the setting.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("ALBUMEN_{}", self.name.to_uppercase().replace('-', "_"))
    }
}
