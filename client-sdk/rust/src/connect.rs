//! How a server is connected to.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tonic::transport::{ClientTlsConfig, Endpoint};

const MIB: u32 = 1 << 20;

/// How to connect to a server. The default is right for most.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// Take any certificate that an `https` server shows. Whoever sits between can then read and
    /// change everything, passwords included: only for servers on one's own network. Default:
    /// certificates of public authorities, for the server's name.
    pub accept_any_certificate: bool,
}

/// The endpoint of an address. Large windows and frames are what makes downloads fast.
pub(crate) fn endpoint(
    url: &str,
    options: &ConnectOptions,
) -> Result<Endpoint, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(url.to_owned())?
        .user_agent(concat!("albumen-client/", env!("CARGO_PKG_VERSION")))?
        .connect_timeout(Duration::from_secs(10))
        .http2_keep_alive_interval(Duration::from_secs(30))
        .initial_connection_window_size(8 * MIB)
        .initial_stream_window_size(4 * MIB)
        .max_frame_size(MIB)
        .tcp_nodelay(true);
    match endpoint.uri().scheme_str() {
        Some("https") if options.accept_any_certificate => {
            let anybody = Arc::new(Anybody(Arc::new(ring::default_provider())));
            endpoint.tls_config_with_verifier(ClientTlsConfig::new(), anybody)
        }
        Some("https") => endpoint.tls_config(ClientTlsConfig::new().with_webpki_roots()),
        _ => Ok(endpoint),
    }
}

/// Takes any certificate. Signatures are checked all the same, so that the server has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
