//! When operations start: loads as sequences of stages, and the exact moments that follow from them.
//!
//! Pure: owns arithmetic on time, never a clock. An open load asks for a rate, a closed load for users.

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
