use std::path::PathBuf;

/// Why a client or a request cannot be made as it was asked for. What a target does is never one of these: it is an
/// outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// A base URL that is none.
    #[error(
        "{url:?} is no base URL: {reason}; it looks like http://127.0.0.1:8080 or https://example.org/api"
    )]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Where the base URL came from a variable.
    #[error("the variable {variable}: {source}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong with the URL.
        source: Box<HttpError>,
    },
    /// A file of certificates that cannot be used.
    #[error("the certificate {}: {reason}; it has to be a readable file in PEM", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No certificate to check the target's with.
    #[error("no root certificates were found on this system ({reason}): name one with `trusting`")]
    NoRoots {
        /// What the system said.
        reason: String,
    },
    /// TLS that cannot be set up.
    #[error("TLS cannot be set up for {host:?}: {reason}")]
    Tls {
        /// The host of the base URL.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// Options that contradict each other.
    #[error("{reason}")]
    Options {
        /// What contradicts what, and what to do about it.
        reason: &'static str,
    },
    /// A method that is none.
    #[error("{method:?} is no method of HTTP: write one like GET or POST")]
    Method {
        /// What was given.
        method: String,
    },
    /// A path that a request cannot have.
    #[error("{path:?} is no path of a request: {reason}")]
    Path {
        /// What was given.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header that a request cannot have.
    #[error("the header {name:?} {reason}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A body that cannot be written as JSON.
    #[error("the body cannot be written as JSON: {reason}")]
    Body {
        /// What the serializer said.
        reason: String,
    },
}
