//! Baselines: runs that were saved under a name, and how a new run compares with them.
//!
//! Owns the files of saved runs and what makes two runs comparable. Never judges by itself: the rule is in `judge`. Never
//! decides what becomes of a run that got worse: that is the harness's.

mod alike;
mod beside;
mod compare;
mod error;
mod figures;
mod saved;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use alike::{apart, differs};
pub(crate) use beside::beside;
pub(crate) use compare::Comparer;
pub(crate) use error::BaselineError;
pub use saved::{SAVED_RUN_VERSION, SavedCase, SavedFinding, SavedLoad, SavedRun};
pub(crate) use store::Store;
