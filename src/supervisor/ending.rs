use std::{fmt, process::ExitStatus};

use serde::{Deserialize, Serialize};

use super::{
    Gathered,
    child::{JOURNAL_FAILED, JOURNAL_INCOMPLETE},
};
use crate::journal::CaseResult;

/// How the process of a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// The case returned, and its process ended.
    Returned,
    /// The case returned an error.
    Failed {
        /// What it said.
        error: String,
    },
    /// The case panicked, outside of its operations.
    Panicked {
        /// What the panic said.
        message: String,
        /// File and line.
        place: String,
    },
    /// The process called `abort`.
    Aborted,
    /// The stack of a thread was not enough.
    StackOverflow,
    /// The allocator had no memory to give.
    AllocationFailed,
    /// The kernel ended the process because the machine, or the container that it is in, had no memory left.
    OutOfMemory,
    /// A signal ended the process that the supervisor did not send.
    Signal {
        /// Its number.
        number: i32,
        /// Its name, where it is known.
        name: String,
    },
    /// The process exited by itself before the case had ended.
    Exited {
        /// Its status.
        status: i32,
    },
    /// The supervisor ended the process: see the reason of the stop.
    Killed,
    /// The case ended, and its process did not: the supervisor ended it.
    Hung,
    /// The supervisor went away while the case ran: killed, or the machine lost power.
    SupervisorLost,
    /// The journal could not be written, so the report is incomplete.
    JournalFailed,
    /// The process could not be started or watched.
    NotRun {
        /// Why.
        error: String,
    },
}

/// What is known when the process is gone.
pub(super) struct Evidence<'a> {
    pub(super) status: Option<ExitStatus>,
    pub(super) gathered: &'a Gathered,
    /// The last that the process printed.
    pub(super) output_end: &'a str,
    /// The supervisor sent a signal on the emergency ladder.
    pub(super) was_killed: bool,
    /// The supervisor ended a process whose case had ended.
    pub(super) was_hung: bool,
    /// The kernel ended some process for want of memory meanwhile.
    pub(super) was_out_of_memory: bool,
}

impl Ending {
    pub(super) fn of(evidence: &Evidence<'_>) -> Self {
        if evidence.was_hung {
            return Self::Hung;
        }
        let status = evidence.status;
        let code = status.and_then(|s| s.code());
        let signal = status.and_then(|s| signal_of(&s));
        let is_journal_failed =
            code == Some(i32::from(JOURNAL_FAILED)) && evidence.output_end.contains(JOURNAL_INCOMPLETE);
        match (&evidence.gathered.result, code) {
            // The process crashed after its case, in a destructor say: what it measured is told, and no success.
            (Some(CaseResult::Returned), None) if signal.is_some() && !evidence.was_killed => {
                Self::of_signal(signal.unwrap_or(0), evidence)
            }
            _ if is_journal_failed => Self::JournalFailed,
            (Some(CaseResult::Returned), _) => Self::Returned,
            (Some(CaseResult::Failed(error)), _) => Self::Failed { error: error.clone() },
            (Some(CaseResult::Panicked), _) => {
                let (message, place) = evidence.gathered.panics.last().cloned().unwrap_or_default();
                Self::Panicked { message, place }
            }
            (None, _) if evidence.was_killed => Self::Killed,
            (None, Some(status)) => Self::Exited { status },
            (None, None) => Self::of_signal(signal.unwrap_or(0), evidence),
        }
    }

    fn of_signal(number: i32, evidence: &Evidence<'_>) -> Self {
        let (name, output_end) = (signal_name(number), evidence.output_end);
        match name {
            // Both end in an abort; what the runtime prints before tells them apart.
            "SIGABRT" if output_end.contains("has overflowed its stack") => Self::StackOverflow,
            "SIGABRT" if output_end.contains("memory allocation of") => Self::AllocationFailed,
            "SIGABRT" => Self::Aborted,
            "SIGKILL" if evidence.was_out_of_memory => Self::OutOfMemory,
            _ => Self::Signal { number, name: name.to_owned() },
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned => f.write_str("the case returned"),
            Self::Failed { error } => write!(f, "the case returned an error: {error}"),
            Self::Panicked { message, place } => write!(f, "the case panicked at {place}: {message}"),
            Self::Aborted => f.write_str("the process aborted"),
            Self::StackOverflow => f.write_str("a thread overflowed its stack"),
            Self::AllocationFailed => f.write_str("a memory allocation failed"),
            Self::OutOfMemory => f.write_str(
                "the kernel ended the process because the machine or its container had no memory left",
            ),
            Self::Signal { number, name } if name == "SIGKILL" => write!(
                f,
                "the process was killed by signal {number} (SIGKILL) that the supervisor did not send: by a person or \
                 another program"
            ),
            Self::Signal { number, name } => write!(f, "signal {number} ({name}) ended the process"),
            Self::Exited { status } => {
                write!(f, "the process exited by itself with status {status} before the case had ended")
            }
            Self::Killed => f.write_str("the supervisor ended the process"),
            Self::Hung => f.write_str("the case ended, but its process hung and had to be killed"),
            Self::SupervisorLost => f.write_str(
                "the supervisor was lost while the case ran; what the journal kept is what is known of it",
            ),
            Self::JournalFailed => {
                f.write_str("the journal could not be written, so this report is incomplete")
            }
            Self::NotRun { error } => write!(f, "the case could not be run: {error}"),
        }
    }
}

#[cfg(unix)]
fn signal_of(status: &ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(status)
}

#[cfg(not(unix))]
fn signal_of(_status: &ExitStatus) -> Option<i32> {
    None
}

#[cfg(unix)]
fn signal_name(number: i32) -> &'static str {
    signal_hook::low_level::signal_name(number).unwrap_or("unknown")
}

#[cfg(not(unix))]
fn signal_name(_number: i32) -> &'static str {
    "unknown"
}
