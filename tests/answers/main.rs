//! Procedures against targets of which the answer is known, on the real clock: a suite of its own, so that each case has
//! a process, and its memory, for itself.
//!
//! A machine that is busy with other things takes part. What no delay can undo (orders, bounds) is required of every try,
//! the tolerance of an idle machine of the best of three.

#[cfg(target_os = "linux")]
mod hoard;
mod targets;
mod tries;

proofload::main!("cases");
