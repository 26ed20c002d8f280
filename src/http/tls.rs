use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    },
};

use super::{
    HttpError,
    options::{Options, Protocol, Verification},
};

/// What every connection with TLS needs.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) connector: TlsConnector,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    pub(super) fn new(host: &str, options: &Options) -> Result<Self, HttpError> {
        let wrong = |reason: String| HttpError::Tls { host: host.to_owned(), reason };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| wrong(error.to_string()))?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?;
        let builder = match options.verification {
            Verification::Whole => builder.with_root_certificates(roots(options)?),
            Verification::None => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate { provider }))
            }
        };
        let mut config = builder.with_no_client_auth();
        let protocol: &[u8] = match options.protocol {
            Protocol::Http1 => b"http/1.1",
            Protocol::Http2 => b"h2",
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
}

/// The certificates in a file, in PEM.
pub(super) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let wrong = |reason: String| HttpError::Certificate { path: path.to_owned(), reason };
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|error| wrong(error.to_string()))?;
    }
    if certificates.is_empty() { Err(wrong("there is none in it".to_owned())) } else { Ok(certificates) }
}

/// The roots of the system and those that were named.
fn roots(options: &Options) -> Result<RootCertStore, HttpError> {
    let (system, reason) = system_roots();
    let mut store = system.clone();
    store.add_parsable_certificates(options.roots.iter().cloned());
    if store.is_empty() { Err(HttpError::NoRoots { reason: reason.clone() }) } else { Ok(store) }
}

/// Read once: there are some hundred files of them.
fn system_roots() -> &'static (RootCertStore, String) {
    static ROOTS: OnceLock<(RootCertStore, String)> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(found.certs);
        let reason = found.errors.first().map_or("it has none".to_owned(), |error| error.to_string());
        (store, reason)
    })
}

/// Takes any certificate. Signatures are still looked at: without that, it would not be TLS that is measured.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
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
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
