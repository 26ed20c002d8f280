//! Pressure on the machine beside a load: memory that is held, cores that are kept busy, a disk that is written to.
//!
//! Owns threads that take a resource, each bounded in amount and in time, and gives all of it back when the guard is
//! dropped. Never decides how much, and never judges what it does to a target.

mod ballast;
mod bounds;
mod burners;
mod churn;
mod hand;

pub use ballast::MemoryBallast;
pub use bounds::Bounds;
pub use burners::CpuBurners;
pub(crate) use burners::MOST_PER_CORE;
pub use churn::{Churned, DiskChurn};
