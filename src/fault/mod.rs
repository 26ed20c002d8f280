//! Faults on purpose: errors, hangs, panics, latency and held resources that a share of the operations meets, and what is
//! put between a target and what it needs: the network, a disk, descriptors.
//!
//! Owns what may go wrong, when and how often, the points in a target's code at which it may, and the guards that end
//! it. Decides by a seed, so that a run can be repeated. Never judges what a fault does to a target.

mod board;
mod chance;
mod core;
mod descriptors;
mod error;
mod full_disk;
mod hold;
mod injection;
mod kind;
mod latency;
mod met;
mod plan;
mod point;
mod proxy;
mod schedule;
#[cfg(test)]
mod tests;
mod wait;

pub(crate) use board::Board;
pub use descriptors::{FewDescriptors, FewDescriptorsError};
pub use error::{FaultError, Injected};
pub use full_disk::{FullDisk, FullDiskError};
pub(crate) use injection::Circumstances;
pub use injection::{BoxedOperation, Injection, Injector};
pub use kind::Fault;
pub use latency::Latency;
pub use plan::Faults;
pub use point::{point, point_blocking};
pub use proxy::{Direction, Proxy, ProxyBuilder, ProxyCounts, Toxic, ToxicError, ToxicGuard};
pub use schedule::Clock;
