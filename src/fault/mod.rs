//! Faults on purpose: errors, hangs, panics, latency and held resources that a share of the operations meets.
//!
//! Owns what may go wrong, when and how often, the points in a target's code at which it may, and the guard that ends
//! it. Decides by a seed, so that a run can be repeated. Never judges what a fault does to a target.

mod board;
mod chance;
mod error;
mod hold;
mod injection;
mod kind;
mod latency;
mod met;
mod plan;
mod point;
mod schedule;
#[cfg(test)]
mod tests;
mod wait;

pub(crate) use board::Board;
pub use error::{FaultError, Injected};
pub(crate) use injection::Circumstances;
pub use injection::{BoxedOperation, Injection, Injector};
pub use kind::Fault;
pub use latency::Latency;
pub use plan::Faults;
pub use point::{point, point_blocking};
pub use schedule::Clock;
