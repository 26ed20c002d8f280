use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Containment, Ending, Gathered};
use crate::{context::Terms, monitor::Resources, progress::Board, safety::Limits, stop::StopReason};

/// A case to run, and how.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// Its name, as `--exact` takes it.
    pub(crate) name: String,
    pub(crate) terms: Terms,
    pub(crate) limits: Limits,
    /// The program to run it with: the suite itself.
    pub(crate) program: PathBuf,
    /// Whether the case's output is passed on while it runs.
    pub(crate) shows_output: bool,
    /// Where people see how the case goes.
    pub(crate) board: Board,
    /// Whether they do.
    pub(crate) shows_progress: bool,
    /// What is known before the start that makes its figures less trustworthy.
    pub(crate) warnings: Vec<String>,
}

impl Order {
    /// The folders that the case and its reports write to, with what they are called.
    pub(super) fn folders(&self) -> [(&'static str, &Path); 2] {
        [(SCRATCH, &self.terms.scratch), (REPORTS, &self.terms.folder)]
    }
}

/// What sentences call the folders of a case.
pub(crate) const SCRATCH: &str = "the temporary folder";
pub(crate) const REPORTS: &str = "the reports";

/// What became of a case.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) ending: Ending,
    pub(crate) stop: Option<StopCause>,
    pub(crate) duration: Duration,
    pub(crate) gathered: Gathered,
    pub(crate) resources: Resources,
    /// What kept its memory in.
    pub(crate) containment: Containment,
    /// The end of the output.
    pub(crate) output_tail: String,
    /// Processes of the case that were still there after its end, and were killed.
    pub(crate) left_processes: usize,
    /// Limits that came near, and what was known before the start.
    pub(crate) warnings: Vec<String>,
}

/// Why and how a case was stopped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StopCause {
    pub(crate) reason: StopReason,
    /// What was seen and what was allowed.
    pub(crate) sentence: String,
    /// Seconds after the start of the case.
    pub(crate) at_s: f64,
    /// Seconds from the decision to the end of the process.
    pub(crate) took_s: f64,
    /// The last rung of the ladder that was needed.
    pub(crate) by: &'static str,
}
