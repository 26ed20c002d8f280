use std::{fmt, io};

use serde::{Deserialize, Serialize};

use crate::monitor::is_out_of_descriptors;

/// Why a connection did not come about or did not last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionFailure {
    /// What ended it.
    pub end: ConnectionEnd,
    /// How many connections were open then, of its own node where there are several.
    pub open: u64,
    /// The node of several that saw it.
    pub node: Option<u32>,
    /// The error in words.
    pub text: String,
}

/// What ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// The target refused it.
    Refused,
    /// The target closed or reset it.
    Closed,
    /// No connection or no answer came in time.
    TimedOut,
    /// The operation panicked.
    Panicked,
    /// This process, or its system, has no file descriptor left: a limit of the generator, not of the target.
    NoDescriptors,
    /// No local port is left: a limit of the generator too.
    NoPorts,
    /// Anything else.
    Other,
}

impl ConnectionEnd {
    /// What an error says of it.
    pub(super) fn of(error: &io::Error) -> Self {
        use io::ErrorKind;
        if is_out_of_descriptors(error) {
            return Self::NoDescriptors;
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof => Self::Closed,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => Self::NoPorts,
            _ => Self::Other,
        }
    }

    /// Why it says nothing about the target, where it does not, and what to do about it.
    pub(super) fn generators_limit(self) -> Option<String> {
        match self {
            Self::NoDescriptors => Some(format!(
                "this process could not open more files{}: that is the load generator's limit, raise it with `ulimit -n`",
                open_files_limit()
            )),
            Self::NoPorts => Some(
                "no local port was left: that is the load generator's limit, wait until closed connections are \
                 forgotten (a minute) or try fewer"
                    .to_owned(),
            ),
            Self::Refused | Self::Closed | Self::TimedOut | Self::Panicked | Self::Other => None,
        }
    }

    /// What happened to the connection, in words.
    const fn words(self) -> &'static str {
        match self {
            Self::Refused => "was refused",
            Self::Closed => "was closed by the target",
            Self::TimedOut => "got no answer in time",
            Self::Panicked => "panicked",
            Self::NoDescriptors => "found no descriptor left",
            Self::NoPorts => "found no local port left",
            Self::Other => "failed",
        }
    }
}

#[cfg(unix)]
fn open_files_limit() -> String {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(String::new(), |limit| format!(" (it may have {limit})"))
}

#[cfg(not(unix))]
fn open_files_limit() -> String {
    String::new()
}

impl fmt::Display for ConnectionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "with {} open ", self.open)?;
        if let Some(node) = self.node {
            write!(f, "on node {node} ")?;
        }
        write!(f, "a connection {}", self.end.words())?;
        if self.text.is_empty() { Ok(()) } else { write!(f, " ({})", self.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::NO_DESCRIPTORS;

    #[test]
    fn what_ended_a_connection_follows_from_its_error() {
        use io::ErrorKind;
        let of = |kind: ErrorKind| ConnectionEnd::of(&kind.into());
        assert_eq!(of(ErrorKind::ConnectionRefused), ConnectionEnd::Refused);
        assert_eq!(of(ErrorKind::ConnectionReset), ConnectionEnd::Closed);
        assert_eq!(of(ErrorKind::UnexpectedEof), ConnectionEnd::Closed);
        assert_eq!(of(ErrorKind::TimedOut), ConnectionEnd::TimedOut);
        assert_eq!(of(ErrorKind::AddrNotAvailable), ConnectionEnd::NoPorts);
        assert_eq!(of(ErrorKind::InvalidData), ConnectionEnd::Other);
        for code in NO_DESCRIPTORS {
            assert_eq!(ConnectionEnd::of(&io::Error::from_raw_os_error(code)), ConnectionEnd::NoDescriptors);
        }
    }

    #[test]
    fn only_limits_of_the_generator_are_no_answer() {
        let limit = ConnectionEnd::NoDescriptors.generators_limit().unwrap();
        assert!(limit.contains("raise it with `ulimit -n`"), "{limit}");
        assert!(ConnectionEnd::NoPorts.generators_limit().is_some());
        for end in
            [ConnectionEnd::Refused, ConnectionEnd::Closed, ConnectionEnd::TimedOut, ConnectionEnd::Other]
        {
            assert_eq!(end.generators_limit(), None);
        }
    }
}
