//! History: the key figures of each run of a case, kept beside the folders of the runs.
//!
//! Owns the files and what of them belongs into the trend of a run. Never judges, and never fails a run: what cannot be
//! kept or read is a sentence. What makes two runs alike is the baselines'.

mod kept;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use kept::trend;
pub use kept::{HISTORY_VERSION, KeptRun};
pub(crate) use store::{Kept, Store};
