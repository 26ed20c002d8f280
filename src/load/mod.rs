//! When operations start: loads as sequences of stages, and the exact moments that follow from them.
//!
//! Pure: owns arithmetic on time, never a clock. An open load asks for a rate, a closed load for users.
//!
//! ```
//! use proofload::{Load, minutes, per_second, seconds};
//!
//! let rising = Load::rate(per_second(10)).ramp_to(per_second(1_000), minutes(2)).for_duration(minutes(1));
//! let crowd = Load::users(50).for_duration(seconds(30));
//! # drop((rising, crowd));
//! let moments: Vec<_> = Load::rate(per_second(2)).for_duration(seconds(2)).arrivals(7).collect();
//! assert_eq!(moments.len(), 4);
//! ```

mod arrivals;
mod limits;
mod part;
mod plan;
mod scale;
mod stage;
#[cfg(test)]
mod tests;

pub use arrivals::Arrivals;
pub(crate) use part::Part;
pub use plan::{ClosedLoad, Iterations, Load, LoadError, OpenLoad, Spacing, StartUp, Think};
pub(crate) use scale::Overrides;
pub use stage::Stage;
