//! Procedures: ready-made sequences of loads that each answer one question about a target.
//!
//! Owns which loads follow each other. Never drives one itself (the [`Context`](crate::Context) does) and never judges
//! (the rules are in [`judge`](crate::judge)), and holds no resource itself (that is for
//! [`pressure`](crate::pressure)). Failure injection, the one procedure that is missing, comes with the injector of
//! faults.

mod cpu_saturation;
mod extreme_data;
mod io_stress;
mod maximum_throughput;
mod memory_pressure;
mod pressed;
mod resource_exhaustion;
mod terms;

pub use crate::{
    case::Severity,
    judge::{Complexity, Edge},
};
pub use cpu_saturation::CpuSaturation;
pub use extreme_data::{DataTable, Datum, ExtremeData};
pub use io_stress::IoStress;
pub use maximum_throughput::{MaximumThroughput, Throughput};
pub use memory_pressure::MemoryPressure;
pub use resource_exhaustion::{Exhausted, ResourceExhaustion};

/// A procedure whose terms contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the procedure `{procedure}` cannot run: {reason}")]
pub struct ProcedureError {
    /// Its name.
    pub procedure: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}
