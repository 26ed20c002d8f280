use std::{fmt, io};

use crate::{Outcome, monitor::is_out_of_descriptors};

/// Why a request had no answer. Each prints as one stable word, some with more behind a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nobody listens there.
    Refused,
    /// The target broke the connection off.
    Reset,
    /// The target closed the connection before its answer was whole.
    Closed(When),
    /// No connection in time, the name's lookup and TLS included.
    ConnectTimeout,
    /// No progress in time, neither with the request nor with the answer.
    ReadTimeout,
    /// TLS did not come about, or broke.
    Tls(String),
    /// What came is not HTTP, or not the HTTP that was asked for.
    Protocol(String),
    /// The name of the host has no address.
    Dns(String),
    /// This process is at a limit of its own: nothing is said about the target.
    Generator(&'static str),
    /// The request itself cannot be sent.
    Request(String),
    /// Redirects that were not to be followed.
    Redirect(&'static str),
    /// Anything else that the system said.
    Io(String),
}

/// How far an answer had come when its connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    BeforeAnswer,
    WithinAnswer,
}

/// Whether a request that failed can have been read by the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Surely not: the connection was gone before.
    Nobody,
    /// It may have.
    Perhaps,
}

/// A failure, and whether the request can be sent again without doing twice what it asks for.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) failure: Failure,
    pub(super) reached: Reached,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self { failure, reached: Reached::Perhaps }
    }
}

impl Failure {
    /// What a failed read or write, or a failed attempt to connect, means.
    pub(super) fn of(error: &io::Error, when: When) -> Self {
        use io::ErrorKind;
        if let Some(tls) =
            error.get_ref().and_then(|inner| inner.downcast_ref::<tokio_rustls::rustls::Error>())
        {
            return Self::Tls(tls.to_string());
        }
        if is_out_of_descriptors(error) {
            return Self::Generator("too many open files: raise `ulimit -n`");
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Self::Reset,
            ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof | ErrorKind::NotConnected => Self::Closed(when),
            ErrorKind::TimedOut => Self::ConnectTimeout,
            ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => {
                Self::Generator("no local port is left: keep connections, or use fewer")
            }
            // The list of kinds is the standard library's and grows.
            _ => Self::Io(error.to_string()),
        }
    }

    /// The outcome of an operation that failed so.
    pub(super) fn outcome(&self) -> Outcome {
        Outcome::error(self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("refused"),
            Self::Reset => f.write_str("reset"),
            Self::Closed(When::BeforeAnswer) => f.write_str("closed"),
            Self::Closed(When::WithinAnswer) => f.write_str("closed: within an answer"),
            Self::ConnectTimeout => f.write_str("connect timeout"),
            Self::ReadTimeout => f.write_str("read timeout"),
            Self::Tls(text) => write!(f, "tls: {text}"),
            Self::Protocol(text) => write!(f, "protocol: {text}"),
            Self::Dns(text) => write!(f, "dns: {text}"),
            Self::Generator(text) => write!(f, "load generator: {text}"),
            Self::Request(text) => write!(f, "request: {text}"),
            Self::Redirect(text) => write!(f, "redirect: {text}"),
            Self::Io(text) => write!(f, "io: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::NO_DESCRIPTORS;

    #[test]
    fn what_the_system_says_is_one_stable_word() {
        use io::ErrorKind;
        for (kind, word) in [
            (ErrorKind::ConnectionRefused, "refused"),
            (ErrorKind::ConnectionReset, "reset"),
            (ErrorKind::ConnectionAborted, "reset"),
            (ErrorKind::BrokenPipe, "closed"),
            (ErrorKind::UnexpectedEof, "closed"),
            (ErrorKind::TimedOut, "connect timeout"),
            (
                ErrorKind::AddrNotAvailable,
                "load generator: no local port is left: keep connections, or use fewer",
            ),
            (ErrorKind::PermissionDenied, "io: permission denied"),
        ] {
            assert_eq!(Failure::of(&kind.into(), When::BeforeAnswer).to_string(), word);
        }
        let none_left = io::Error::from_raw_os_error(NO_DESCRIPTORS[0]);
        let said = Failure::of(&none_left, When::BeforeAnswer).to_string();
        assert_eq!(said, "load generator: too many open files: raise `ulimit -n`");
    }

    #[test]
    fn an_error_of_tls_is_told_from_one_of_the_connection() {
        let error = io::Error::new(
            io::ErrorKind::InvalidData,
            tokio_rustls::rustls::Error::InvalidCertificate(
                tokio_rustls::rustls::CertificateError::UnknownIssuer,
            ),
        );
        let said = Failure::of(&error, When::BeforeAnswer).to_string();
        assert_eq!(said, "tls: invalid peer certificate: UnknownIssuer");
    }
}
