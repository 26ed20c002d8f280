//! Procedures: ready-made sequences of loads that each answer one question about a target.
//!
//! Owns which loads follow each other. Never drives one itself (the [`Context`](crate::Context) does) and never judges
//! (the rules are in [`judge`](crate::judge)), and holds no resource and breaks nothing itself (that is for
//! [`pressure`](crate::pressure) and [`fault`](crate::fault)).
//!
//! | question | procedure |
//! |---|---|
//! | where does it break, and how does it degrade? | [`MaximumThroughput`] |
//! | how many at once does it serve? | [`ConcurrentCapacity`], [`ConcurrentConnections`] |
//! | what runs out first? | [`ResourceExhaustion`] |
//! | does it recover? | [`ExhaustionRecovery`] |
//! | does it leak, or get slower? | [`LongRunning`] |
//! | how does it fare under pressure, with faults, with strange data? | [`MemoryPressure`], [`CpuSaturation`], [`IoStress`], [`FailureInjection`], [`ExtremeData`] |
//! | how do users fare that come and go, or differ? | [`RapidScale`], [`MixedAgents`] |

mod concurrent_capacity;
mod concurrent_connections;
mod cpu_saturation;
mod exhaustion_recovery;
mod extreme_data;
mod failure_injection;
mod io_stress;
mod long_running;
mod maximum_throughput;
mod memory_pressure;
mod mixed_agents;
mod pressed;
mod rapid_scale;
mod resource_exhaustion;
mod sliding;
mod steady;
pub mod suites;
mod terms;

pub use crate::{
    case::Severity,
    judge::{Complexity, Edge},
};
pub use concurrent_capacity::{ConcurrentCapacity, OperationsAtOnce};
pub use concurrent_connections::{
    ConcurrentConnections, ConnectionEnd, ConnectionFailure, ConnectionsAtOnce, Connector, Tcp, TcpConnection,
};
pub use cpu_saturation::CpuSaturation;
pub use exhaustion_recovery::{ExhaustionRecovery, OverloadRecovery};
pub use extreme_data::{DataTable, Datum, ExtremeData};
pub use failure_injection::FailureInjection;
pub use io_stress::IoStress;
pub use long_running::{LongRunning, Soak};
pub use maximum_throughput::{MaximumThroughput, Throughput};
pub use memory_pressure::MemoryPressure;
pub use mixed_agents::{Agent, Mixed, MixedAgents, Pattern};
pub use rapid_scale::{RapidScale, Scaled};
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
