//! TLS, with a certificate that can be replaced while the server runs.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::app::App;
use crate::config::TlsFiles;
use crate::keys;
use crate::time::Micros;

/// How often the files are looked at, at most.
const INTERVAL: Duration = Duration::from_secs(10);

/// Takes TLS connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
    files: Arc<Mutex<Files>>,
}

/// The files as they were when they were last looked at.
struct Files {
    files: TlsFiles,
    digest: Vec<u8>,
    looked: Micros,
}

impl Tls {
    /// Reads the files. Fails if they are not a certificate and its key.
    pub(super) fn open(files: TlsFiles) -> anyhow::Result<Self> {
        let contents = Contents::read(&files)?;
        let certificate = Arc::new(Certificate(RwLock::new(contents.certificate()?)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let files = Files { files, digest: contents.digest(), looked: Micros(0) };
        let files = Arc::new(Mutex::new(files));
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate, files })
    }

    /// Shakes hands; `None` if the client does not, or not in time.
    pub(super) async fn accept(
        &self,
        app: &App,
        socket: TcpStream,
    ) -> Option<TlsStream<TcpStream>> {
        self.refresh(app.now()).await;
        match timeout(app.config.header_timeout, self.acceptor.accept(socket)).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS with this client");
                None
            }
            Err(_) => None,
        }
    }

    /// Takes over new files. Whoever connects looks for them, so nothing need run in between; open
    /// connections keep the certificate that they began with.
    async fn refresh(&self, now: Micros) {
        // Somebody else is looking already.
        let Ok(mut seen) = self.files.try_lock() else { return };
        if now < seen.looked.after(INTERVAL) {
            return;
        }
        seen.looked = now;
        let files = seen.files.clone();
        let read = tokio::task::spawn_blocking(move || Contents::read(&files)).await;
        match read.map_err(io::Error::from).flatten() {
            Ok(contents) if contents.digest() == seen.digest => {}
            Ok(contents) => {
                // Even if they are broken: that is said once.
                seen.digest = contents.digest();
                self.replace(&contents);
            }
            Err(error) => tracing::error!(%error, "cannot read the files for TLS"),
        }
    }

    fn replace(&self, contents: &Contents) {
        match contents.certificate() {
            Ok(certificate) => {
                *self.certificate.0.write().unwrap_or_else(PoisonError::into_inner) = certificate;
                tracing::info!("there is a new certificate");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the new certificate cannot be used; the old one stays");
            }
        }
    }
}

struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Contents {
    fn read(files: &TlsFiles) -> io::Result<Self> {
        let read = |path: &Path| {
            let named = |error| io::Error::other(format!("{}: {error}", path.display()));
            fs::read(path).map_err(named)
        };
        Ok(Self { cert: read(&files.cert)?, key: read(&files.key)? })
    }

    fn digest(&self) -> Vec<u8> {
        [keys::hash(&self.cert), keys::hash(&self.key)].concat()
    }

    /// Fails while one of the files is new and the other old, too: they would not belong together.
    fn certificate(&self) -> anyhow::Result<Arc<CertifiedKey>> {
        let chain = CertificateDer::pem_slice_iter(&self.cert).collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)?;
        Ok(Arc::new(CertifiedKey::from_der(chain, key, &default_provider())?))
    }
}

/// The certificate for whoever connects now.
#[derive(Debug)]
struct Certificate(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
