//! What is seen while a load runs: recorders that cost nanoseconds, and the observation they add up to.
//!
//! Owns counting and merging. Never judges a figure and never decides when an operation starts.
//!
//! A case meets it as the [`Observation`] of a load that has run: counts that add up, response and service times,
//! outcomes, phases, a timeline. What expectations make of it is in [`judge`](crate::judge).

mod counts;
mod doublings;
mod histogram;
mod node;
mod observation;
mod recorder;
mod statuses;
mod tally;
mod window;

pub use counts::Counts;
pub use doublings::Doublings;
pub use histogram::Histogram;
pub use node::{NodeShare, NodeWindow};
pub use observation::{
    Counter, Figures, Kind, Model, Observation, Percentile, Phase, ProcessUse, Purpose, Window,
};
pub(crate) use recorder::{Ended, Recorder};
