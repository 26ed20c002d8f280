//! Procedures that raise a level, against targets of which the answer is known, on the real clock.
//!
//! One program in two roles. With [`PACKAGE`] in its environment it is a small stress suite (`cases.rs`) for the package in
//! that folder; without, each test starts that suite with one case and reads what was found from its `report.json`. What
//! no delay can undo (which number is the last that holds) is required of every run; where a busy machine takes part,
//! the best of three decides.

mod cases;
mod checks;
mod fixture;

use std::process::ExitCode;

/// Names the folder that the suite takes for its package.
const PACKAGE: &str = "FIXTURE_PACKAGE";

fn main() -> ExitCode {
    match std::env::var(PACKAGE) {
        Ok(package) => cases::run(package),
        Err(_) => checks::run(),
    }
}
