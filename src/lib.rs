//! Stress tests inside `cargo test`.

pub mod case;
mod engine;
pub mod load;
mod monitor;
pub mod observe;
mod outcome;
mod stop;
pub mod units;

pub use engine::{Op, Workload};
pub use load::Load;
pub use outcome::{IntoOutcome, Outcome, OutcomeClass, Rejected, Retry};
pub use proofload_macros::case;
pub use stop::{StopReason, StopToken};
pub use units::{gib, hours, mib, millis, minutes, per_minute, per_second, seconds};
