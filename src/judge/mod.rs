//! From observations to verdicts, by pure functions.
//!
//! Owns the rules: which figure answers an expectation, how many samples it needs, and when an answer cannot be
//! trusted. Never measures, waits or prints, and never calls green what it does not know.

mod expectation;
mod judgement;
mod reading;
mod recovery;
mod stated;
mod validity;
mod verdict;

pub use expectation::judge;
pub use judgement::{Judgement, Observed};
pub use reading::samples_needed;
pub use recovery::{Recovery, Tolerance};
pub(crate) use validity::asked;
pub use validity::validity;
pub use verdict::Verdict;
