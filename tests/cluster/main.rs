//! Several nodes that carry out a suite together, over a real broker on this machine.
//!
//! One program in two roles. With [`PACKAGE`] in its environment it is a small stress suite (`cases.rs`); without, each
//! test starts a broker and that suite a few times, and reads what the nodes left. Without `nats-server` the tests are
//! left out; with `CI` in the environment they fail then, unless `STRESS_WITHOUT` names `nats`.

#[cfg(unix)]
mod access;
#[cfg(unix)]
mod broker;
#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod checks;
#[cfg(unix)]
mod fixture;
#[cfg(unix)]
mod hosts;
#[cfg(unix)]
mod losses;
#[cfg(unix)]
mod procedures;
#[cfg(unix)]
mod stops;

use std::process::ExitCode;

/// Names the folder that the suite takes for its package.
#[cfg(unix)]
const PACKAGE: &str = "FIXTURE_PACKAGE";

#[cfg(unix)]
fn main() -> ExitCode {
    match std::env::var(PACKAGE) {
        Ok(package) => cases::run(package),
        Err(_) => checks::run(),
    }
}

/// Nodes are stopped and woken by signals here.
#[cfg(not(unix))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}
