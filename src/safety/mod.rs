//! The limits of a case, the watchdog that notices a crossing, and what a case has to find before it starts.
//!
//! Owns the decision that a case must stop or be left out, as a pure function of samples. Never stops it: that is the
//! supervisor's.

mod limits;
mod preflight;
mod standing;
mod watchdog;

pub(crate) use limits::{Limits, Needs};
pub(crate) use preflight::{Preflight, preflight};
pub(crate) use watchdog::{Crossing, InFlight, Seen, Watchdog};
