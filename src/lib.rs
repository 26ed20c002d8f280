//! Stress tests inside `cargo test`.

pub mod case;
pub mod units;

pub use proofload_macros::case;
pub use units::{gib, hours, mib, millis, minutes, per_minute, per_second, seconds};
