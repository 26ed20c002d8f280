//! The limits of a case and the watchdog that notices a crossing.
//!
//! Owns the decision that a case must stop, as a pure function of samples. Never stops it: that is the supervisor's.

mod limits;
mod watchdog;

pub(crate) use limits::Limits;
pub(crate) use watchdog::{CPU_WINDOW, Crossing, GROWTH_WINDOW, Seen, Watchdog};
