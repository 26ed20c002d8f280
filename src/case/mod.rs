//! Names and labels of cases: what a case is called, how it is marked, which of them a run takes.
//!
//! Owns the vocabulary of selection. Never knows what a case does: bodies live upstairs, behind a function pointer.

mod info;
mod marker;

pub use info::{CaseInfo, LEFT_OUT_BY_DEFAULT, Severity};
pub(crate) use marker::{MarkerError, MarkerExpression, nearest};
