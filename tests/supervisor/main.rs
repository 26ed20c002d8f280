//! The supervisor against cases that misbehave, from outside.
//!
//! One program in two roles. With [`PACKAGE`] in its environment it is a suite of bad cases; without, it is the list
//! of tests, each of which starts the suite as a process of its own, with one bad case and a good one after it, and
//! reads what it left: reports, processes, folders.

#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod cgroup;
#[cfg(unix)]
mod checks;
#[cfg(unix)]
mod fixture;
#[cfg(unix)]
mod processes;
#[cfg(unix)]
mod seen;

use std::process::ExitCode;

/// Names the folder that the suite of bad cases takes for its package.
#[cfg(unix)]
const PACKAGE: &str = "FIXTURE_PACKAGE";

#[cfg(unix)]
fn main() -> ExitCode {
    match std::env::var(PACKAGE) {
        Ok(package) => suite(package),
        Err(_) => checks::run(),
    }
}

/// The bad cases do with signals and processes what only Unix has.
#[cfg(not(unix))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}

#[cfg(unix)]
fn suite(package: String) -> ExitCode {
    proofload::__private::main(proofload::__private::Suite {
        package_dir: package.leak(),
        package: "fixture",
        version: "0.0.0",
        crate_name: "fixture",
        main_file: "stress/main.rs",
        folder: "cases",
        files: &[],
        tmp: None,
    })
}
