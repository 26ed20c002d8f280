//! Over TLS: certificates that are right, and those that are not.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use proofload::http::{Http, Prepared};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

use crate::{
    seen::{one_by_one, say, told},
    service::Service,
};

static AUTHORITIES: AtomicU32 = AtomicU32::new(0);

/// An authority of the test's own, its certificate in a file, and a service with a certificate of it.
struct Secured {
    service: Service,
    folder: tempfile::TempDir,
}

impl Secured {
    /// With a certificate for `name`, and these protocols to choose from.
    fn start(name: &str, protocols: &[&str]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Of one name, they would be taken for one authority with a wrong signature.
        let number = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &authority).expect("a certificate");

        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("a file");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a configuration");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { service: Service::start_with(TlsAcceptor::from(Arc::new(config))), folder }
    }

    fn http(&self) -> Http {
        Http::to(self.service.url().replace("http://", "https://")).expect("a URL")
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

#[test]
fn a_certificate_of_an_authority_that_is_trusted_is_right_in_both_versions() {
    let secured = Secured::start("127.0.0.1", &["h2", "http/1.1"]);
    let http = secured.http().trusting(secured.authority()).expect("the certificate");
    for http in [http.clone(), http.http2().connections(1)] {
        let figures = one_by_one(http.post("/echo").json(&"hello"), 3);
        assert_eq!(told(&figures), "3 ok; 200 x 3");
        assert_eq!(http.connections_opened(), 1, "one connection carries them all");
    }
}

#[test]
fn a_certificate_of_an_authority_that_is_not_trusted_is_an_error_of_tls() {
    let secured = Secured::start("127.0.0.1", &[]);
    // With some other authority, so that there is one on every machine.
    let other = Secured::start("127.0.0.1", &[]);
    let http = secured.http().trusting(other.authority()).expect("the certificate");
    assert_eq!(say(http.get("/hello"), 1), "1 error \"tls: invalid peer certificate: UnknownIssuer\"");
    assert_eq!(say(http.dangerously_without_verification().get("/hello"), 1), "1 ok; 200 x 1");
}

#[test]
fn a_certificate_for_another_host_is_an_error_of_tls() {
    let secured = Secured::start("example.org", &[]);
    let http = secured.http().trusting(secured.authority()).expect("the certificate");
    let said = say(http.get("/hello"), 1);
    assert!(
        said.starts_with("1 error \"tls: invalid peer certificate: certificate not valid for name"),
        "{said}"
    );
}

#[test]
fn a_target_that_cannot_speak_http_2_says_so_within_tls() {
    for protocols in [&["http/1.1"][..], &[]] {
        let secured = Secured::start("127.0.0.1", protocols);
        let http = secured.http().http2().trusting(secured.authority()).expect("the certificate");
        let said = say(http.get("/hello"), 1);
        assert!(said.starts_with("1 error \"tls: ") || said.starts_with("1 error \"protocol: "), "{said}");
    }
}

#[test]
fn a_target_without_tls_is_an_error_of_tls() {
    let service = Service::start();
    let http = Http::to(service.url().replace("http://", "https://")).expect("a URL");
    let http = http.dangerously_without_verification();
    let said = say(http.get("/hello"), 1);
    assert!(said.starts_with("1 error \"tls: "), "{said}");
}

#[test]
fn a_file_that_is_no_certificate_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let http = || Http::to("https://127.0.0.1:1").expect("a URL");
    for (text, said) in [
        (None, "has to be a readable file in PEM"),
        (Some("hello"), "there is none in it"),
        (
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "has to be a readable file in PEM",
        ),
    ] {
        let file = folder.path().join("ca.pem");
        if let Some(text) = text {
            std::fs::write(&file, text).expect("a file");
        }
        let error = http().trusting(&file).expect_err(said).to_string();
        assert!(error.starts_with(&format!("the certificate {}: ", file.display())), "{error}");
        assert!(error.contains(said), "{error}");
    }
    assert!(http().dangerously_without_verification().get("/").prepared().is_ok());
}
