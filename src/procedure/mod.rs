//! Procedures: ready-made sequences of loads that each answer one question about a target.
//!
//! Owns which loads follow each other. Never drives one itself (the [`Context`](crate::Context) does) and never judges
//! (the rules are in [`judge`](crate::judge)).

mod concurrent_capacity;
mod concurrent_connections;
mod exhaustion_recovery;
mod long_running;
mod maximum_throughput;
mod mixed_agents;
mod rapid_scale;
mod sliding;
mod steady;
mod terms;

pub use crate::case::Severity;
pub use concurrent_capacity::{ConcurrentCapacity, OperationsAtOnce};
pub use concurrent_connections::{
    ConcurrentConnections, ConnectionEnd, ConnectionFailure, ConnectionsAtOnce, Connector, Tcp, TcpConnection,
};
pub use exhaustion_recovery::{Exhaustion, ExhaustionRecovery};
pub use long_running::{LongRunning, Soak};
pub use maximum_throughput::{MaximumThroughput, Throughput};
pub use mixed_agents::{Agent, Mixed, MixedAgents, Pattern};
pub use rapid_scale::{RapidScale, Scaled};

/// A procedure whose terms contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the procedure `{procedure}` cannot run: {reason}")]
pub struct ProcedureError {
    /// Its name.
    pub procedure: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}
