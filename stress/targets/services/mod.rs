//! Servers of other makes: PostgreSQL, Redis, NATS, each from the program that is installed on this machine.
//!
//! A server is started in a folder of its own on a free port of 127.0.0.1, and stopped when it is dropped. Where a
//! variable such as `PROOFLOAD_REDIS_URL` says where one runs already, that one is used, in a corner of its own, and left
//! as it was. Beside each server is the client that a load uses, which keeps account of what it was promised.

pub(crate) mod account;
pub(crate) mod program;
mod server;

pub(crate) mod nats;
pub(crate) mod postgres;
pub(crate) mod redis;

use std::{env, io, path::PathBuf, process::ExitStatus};

pub(crate) use server::Server;

/// What stands in the way of a service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// Its program is not installed.
    #[error("{program} is not on PATH: install it (on Debian: apt-get install {package}), or set {variable}")]
    NotInstalled { program: &'static str, package: &'static str, variable: &'static str },
    /// It cannot run under root's account, and there is no other.
    #[error(
        "{program} does not run as root, and there is no account called postgres or nobody to run it under"
    )]
    NoAccount { program: &'static str },
    /// Its program cannot be started, or its folder cannot be made.
    #[error("{program} cannot be started: {source}")]
    Start { program: &'static str, source: io::Error },
    /// Its program ended before it answered.
    #[error("{program} ended ({status}) before it answered; it said: {said}")]
    Ended { program: &'static str, status: ExitStatus, said: String },
    /// It answered, and does not do what every client asks of it first.
    #[error("{name} cannot be used: {said}")]
    Unusable { name: &'static str, said: String },
    /// It never answered.
    #[error("{program} did not answer within {seconds} s ({last}); it said: {said}")]
    Silent { program: &'static str, seconds: u64, last: String, said: String },
}

/// What a service is called here and there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service {
    /// As `STRESS_WITHOUT` names it.
    pub(crate) name: &'static str,
    /// The program of the server.
    pub(crate) program: &'static str,
    /// Debian's package of it.
    pub(crate) package: &'static str,
    /// The variable that says where one runs already.
    pub(crate) variable: &'static str,
    /// Folders that have the program though PATH does not name them; a `*` stands for any one name.
    pub(crate) folders: &'static [&'static str],
}

/// Names the services that a machine with `CI` may be without, separated by blanks.
const WITHOUT: &str = "STRESS_WITHOUT";

impl Service {
    /// Where one runs already, if somebody says so.
    pub(crate) fn url(&self) -> Option<String> {
        env::var(self.variable).ok().filter(|url| !url.trim().is_empty())
    }

    /// The program of the server.
    pub(crate) fn program(&self) -> Result<PathBuf, ServiceError> {
        program::find(self.program, self.folders).ok_or(ServiceError::NotInstalled {
            program: self.program,
            package: self.package,
            variable: self.variable,
        })
    }

    /// What a case asks that needs this service. With `CI` in the environment a missing program is no reason to leave
    /// the case out: it fails then, for want of it, so that nobody takes it for tested.
    pub(crate) fn is_there(&self) -> Result<(), ServiceError> {
        let is_set = |name| env::var_os(name).is_some_and(|text| !text.is_empty());
        let without = env::var(WITHOUT).unwrap_or_default();
        match self.required(is_set("CI"), &without) || self.url().is_some() {
            true => Ok(()),
            false => self.program().map(drop),
        }
    }

    /// What a client was told before any operation.
    fn unusable(&self, error: impl std::fmt::Display) -> ServiceError {
        ServiceError::Unusable { name: self.name, said: error.to_string() }
    }

    /// Whether the case has to run, or fail for want of the service.
    pub(crate) fn required(&self, is_ci: bool, without: &str) -> bool {
        is_ci && !without.split_whitespace().any(|name| name == self.name)
    }
}

/// A name that no other process uses at the same time: for what is made in a server that others may use too.
fn corner() -> String {
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
    format!("stress_{}_{now}", std::process::id())
}

/// What a client was promised, beside what it may have been given without hearing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    /// Changes that the server has confirmed.
    pub(crate) confirmed: u64,
    /// Changes that were asked for and not answered.
    pub(crate) in_doubt: u64,
    /// Changes that the server has.
    pub(crate) found: u64,
}

impl Account {
    /// Whether nothing is lost and nothing came from elsewhere.
    pub(crate) fn adds_up(&self) -> bool {
        (self.confirmed..=self.confirmed + self.in_doubt).contains(&self.found)
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { confirmed, in_doubt, found } = self;
        write!(f, "{confirmed} confirmed, {in_doubt} in doubt, {found} found")
    }
}
