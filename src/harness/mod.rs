//! The command line of a suite: arguments, selection, the run on libtest-mimic, the exit status.
//!
//! Owns what a person types and sees. Never watches a process and never judges: it gives orders to the supervisor and
//! hands records to the report.

mod arguments;
mod baselines;
mod exit;
mod lock;
mod needs;
mod nodes;
mod on_alert;
mod place;
mod recover;
mod run;
mod selection;
mod self_check;
mod trials;

pub use exit::{FAILED, HUNG_UP, INTERRUPTED, NO_ROOM, PASSED, REPORT_NOT_WRITTEN, TERMINATED, USAGE};

use std::process::ExitCode;

use crate::{
    suite::{Registered, Suite, sorted},
    supervisor::{CHILD_VARIABLE, run_as_child},
};

/// What `main!` calls: runs the suite as its command line says, or, in a child process, the one case it is for.
pub fn main(suite: Suite) -> ExitCode {
    let registered = inventory::iter::<Registered>.into_iter().copied();
    let cases = match sorted(registered, &suite) {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(USAGE);
        }
    };
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        return run_as_child(&cases);
    }
    run::run(&suite, &cases, arguments::CommandLine::of_process())
}
