//! Several processes, on as many machines as need be, that carry out a run together: they join, meet before each load,
//! drive a part of it each, and all get the same merged observation.
//!
//! Owns what nodes say to each other and how it is carried. What they decide is in state machines that hold no clock and
//! no socket: [`link`] makes messages arrive once and in order, [`member`] and [`coordinator`] are the two ends of a
//! meeting. Only [`session`] waits, with [`here`] between the two. Never judges, and never writes a report.

mod access;
mod barrier;
mod bus;
mod clock;
mod coordinator;
mod here;
mod join;
mod lease;
mod link;
mod lobby;
mod member;
mod merge;
mod message;
mod session;
mod simulation;
#[cfg(test)]
mod tests;

pub(crate) use access::Access;
pub(crate) use bus::{Bus, BusError};
pub(crate) use join::{Hello, Joined, Seat};
pub(crate) use lobby::{JoinError, join};
pub(crate) use message::{Arrival, Delta, Finished, LoadTerms, LossRule, StopWord, WhichNode};
pub(crate) use session::{Cluster, ClusterError, Listener, LoadEars, Met, Options};
pub use simulation::{SimulatedCluster, simulate_cluster};
