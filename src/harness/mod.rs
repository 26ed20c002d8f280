//! The command line of a suite: arguments, selection, the run on libtest-mimic, the exit status.
//!
//! Owns what a person types and sees. Never watches a process and never judges: it gives orders to the supervisor and
//! hands records to the report.

mod arguments;
mod audience;
mod baselines;
mod compare;
mod exit;
mod github;
#[cfg(test)]
mod handbook;
mod history;
mod init;
mod lock;
mod needs;
mod nodes;
mod on_alert;
mod place;
mod recover;
mod run;
mod selection;
mod self_check;
mod step_summary;
mod trials;

pub use exit::{FAILED, HUNG_UP, INTERRUPTED, NO_ROOM, PASSED, REPORT_NOT_WRITTEN, TERMINATED, USAGE};
#[cfg(all(test, feature = "cluster"))]
pub(crate) use nodes::NodesMistake;

use std::process::ExitCode;

use crate::{
    suite::{Registered, Suite, SuiteError, sorted},
    supervisor::{CHILD_VARIABLE, run_as_child},
};

/// What `main!` calls: runs the suite as its command line says, or, in a child process, the one case it is for.
pub fn main(suite: Suite) -> ExitCode {
    let registered = inventory::iter::<Registered>.into_iter().copied();
    let cases = sorted(registered, &suite);
    if std::env::var_os(CHILD_VARIABLE).is_some() {
        return cases.map_or_else(|error| mistaken(&error), |cases| run_as_child(&cases));
    }
    let arguments = arguments::CommandLine::of_process();
    if arguments.init {
        return init::init(&suite);
    }
    if let Some(late) = place::not_built(&suite) {
        return mistaken(&late);
    }
    match cases {
        Ok(cases) => run::run(&suite, &cases, arguments),
        // Editors and nextest list whole workspaces: one that has just begun must not take the others' lists away.
        Err(error @ SuiteError::Empty { .. }) if arguments.test.list => {
            eprintln!("warning: {error}");
            ExitCode::from(PASSED)
        }
        Err(error) => mistaken(&error),
    }
}

fn mistaken(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(USAGE)
}
