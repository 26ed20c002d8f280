//! Stress tests inside `cargo test`.

pub mod case;
mod context;
mod engine;
mod error;
pub mod expect;
pub mod harness;
mod journal;
pub mod judge;
pub mod load;
mod monitor;
pub mod observe;
mod outcome;
pub mod report;
mod safety;
mod settings;
mod stop;
mod suite;
mod supervisor;
pub mod units;

pub use context::{CaseCounter, CaseRatio, Context, LoadBuilder, Run, RunError};
pub use engine::{Op, Workload};
pub use error::{Error, Result};
pub use journal::Figure;
pub use load::Load;
pub use monitor::{BuildInfo, Environment, MachineInfo, ResourceWindow, Resources};
pub use outcome::{IntoOutcome, Outcome, OutcomeClass, Rejected, Retry};
pub use proofload_macros::{case, main};
pub use stop::{StopReason, StopToken};
pub use supervisor::Ending;
pub use units::{gib, hours, mib, millis, minutes, per_minute, per_second, seconds};

/// What the macros expand to. No part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::{
        harness::main,
        suite::{Body, IntoCaseResult, Registered, Suite},
    };
}
