//! Runs each case in a child process, watches it, stops it, and gathers what it left behind.
//!
//! Owns processes, signals and the case's folder. Never judges what a case measured and never formats a report: it
//! ends with a [`Record`].

mod body;
#[cfg(target_os = "linux")]
mod cgroup;
mod child;
mod containment;
mod control;
mod ending;
mod gather;
mod hand_over;
mod hold;
mod in_process;
mod ladder;
mod listener;
mod order;
mod output;
mod parent;
mod salvage;
mod seen;
mod shown;

pub(crate) use child::{CHILD_VARIABLE, run_as_child};
pub(crate) use containment::become_subreaper;
pub(crate) use control::Control;
pub use ending::Ending;
pub(crate) use gather::Gathered;
pub(crate) use hand_over::{HandOverError, hand_over};
pub use hold::{Containment, Tier};
pub(crate) use in_process::supervise_in_process;
pub(crate) use listener::Listener;
pub(crate) use order::{Order, REPORTS, Record, SCRATCH, StopCause};
pub(crate) use parent::{SuperviseError, supervise};
pub(crate) use salvage::salvage;
