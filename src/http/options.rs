use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::HttpError;

/// What becomes of an answer with a status of 3xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// It is the answer, and it is ok.
    AreOk,
    /// It is the answer, and an error.
    AreErrors,
    /// It is followed up to so many times within its origin; a `location` elsewhere, or one more, is an error.
    Follow(u32),
}

/// The version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// What becomes of a connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connections {
    Kept,
    /// A new one for each request.
    Anew,
}

/// Whether the target's certificate is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    Whole,
    None,
}

/// How a client speaks to its target.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) protocol: Protocol,
    pub(super) connections: Connections,
    /// HTTP/1.1: most connections at once, no limit unless stated. HTTP/2: how many there are.
    pub(super) most: Option<usize>,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) redirects: Redirects,
    /// Sent with every request.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Bytes of a body that are kept for a check.
    pub(super) most_body: usize,
    /// Trusted beside those of the system.
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) verification: Verification,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            protocol: Protocol::Http1,
            connections: Connections::Kept,
            most: None,
            connect_timeout: Duration::from_secs(10),
            // As long as an operation may take unless stated.
            read_timeout: Duration::from_secs(30),
            redirects: Redirects::AreOk,
            headers: Vec::new(),
            // Bounded, so that a target that answers without end fills no memory.
            most_body: 1 << 20,
            roots: Vec::new(),
            verification: Verification::Whole,
        }
    }
}

impl Options {
    /// Whether they can all hold at once.
    pub(super) fn checked(&self) -> Result<(), HttpError> {
        let wrong = |reason: &'static str| Err(HttpError::Options { reason });
        if self.most == Some(0) {
            return wrong("no connection at all cannot carry a request: allow one or more");
        }
        if self.connect_timeout.is_zero() || self.read_timeout.is_zero() {
            return wrong("a timeout of no time fails every request: allow some");
        }
        match (self.protocol, self.connections) {
            (Protocol::Http2, Connections::Anew) => {
                wrong("HTTP/2 shares its connections: a new one for each request is for HTTP/1.1")
            }
            (Protocol::Http1, _) | (Protocol::Http2, Connections::Kept) => Ok(()),
        }
    }
}
