//! The summary: a run in words, for `summary.txt` and for the terminal.
//!
//! Owns layout and the form of numbers: plain text without colours, [`WIDTH`] columns at most. Never decides
//! anything: verdicts, reasons and advice come with the model.

mod alerts;
mod beside;
mod case;
mod comparison;
mod faults;
mod generator;
mod history;
mod lay;
mod load;
mod nodes;
pub(super) mod show;
mod statistics;
mod summary;
mod trend;

pub(crate) use beside::{beside_text, run_head};
pub(crate) use case::case_line;
pub(super) use case::max_memory;
pub(crate) use comparison::compared_figure;
pub(super) use comparison::{is_notable, of_case, of_run};
pub(crate) use history::history_text;
pub(super) use history::{past_runs, short};
pub(super) use lay::{plain, shortened};
pub(super) use nodes::{clock, worst};
pub(super) use summary::outcome;
pub(crate) use summary::summary_text;

/// Columns of a line: fits a terminal on half of a screen, and the log of a CI job without a scroll bar.
const WIDTH: usize = 110;
