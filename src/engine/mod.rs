//! Load x workload x stop -> observation: starts operations when the load says so, bounds and records them.
//!
//! Owns running time. Never judges what it saw, never prints, never touches a file: slices of what happens go to a
//! [`Sink`].

mod alone;
mod attempt;
mod clock;
mod closed;
mod collector;
mod drain;
mod drive;
mod flight;
mod inside;
mod op;
mod open;
mod pacer;
mod phase;
mod shared;
mod tag;
#[cfg(test)]
mod tests;
mod workers;
mod workload;

pub use alone::{DriveAloneError, drive_alone, drive_workload_alone};
pub(crate) use attempt::panic_text;
pub(crate) use collector::{Collecting, Look, Reading, Sink, Slice, Started};
pub(crate) use drive::{DriveError, Job, drive, total_of};
pub(crate) use inside::is_in_operation;
pub use op::Op;
pub(crate) use workload::{Async, Blocking};
pub use workload::{Workload, workload};

/// The clock of a load, nanoseconds since now, for the benchmarks.
pub(crate) fn clock() -> impl Fn() -> u64 {
    let clock = clock::Clock::start(Collecting::ByThread.is_virtual());
    move || clock.now_ns()
}
