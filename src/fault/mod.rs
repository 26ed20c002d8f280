//! Faults that a case puts between a target and what it needs: the network, a disk, descriptors.
//!
//! Owns guards; every fault is bounded and ends when its guard is dropped. Never decides when a fault begins, and never
//! judges what it does to a target.

mod descriptors;
mod full_disk;
mod proxy;

pub use descriptors::{FewDescriptors, FewDescriptorsError};
pub use full_disk::{FullDisk, FullDiskError};
pub use proxy::{Direction, Proxy, ProxyBuilder, ProxyCounts, Toxic, ToxicError, ToxicGuard};
