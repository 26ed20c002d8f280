//! From observations to verdicts, by pure functions.
//!
//! Owns the rules: which figure answers an expectation, how many samples it needs, and when an answer cannot be
//! trusted. Never measures, waits or prints, and never calls green what it does not know.

mod breaking_point;
mod capacity;
mod degradation;
mod depth;
mod drift;
mod error_drift;
mod expectation;
mod finding;
mod judgement;
mod leak;
mod reading;
mod recovery;
mod stated;
mod trend;
mod validity;
mod verdict;

pub use breaking_point::{BreakingPoint, Search, SearchPlan, Steps, Trial, TrialResult};
pub use capacity::{Capacity, Concurrent, LevelTrial};
pub use degradation::{Degradation, Offered, PastPeak};
pub use depth::Depth;
pub use drift::{Drift, DriftRule};
pub use error_drift::ErrorDrift;
pub use expectation::judge;
pub use finding::{Detail, Finding};
pub use judgement::{Judgement, Observed};
pub use leak::{Leak, LeakRule};
pub use reading::samples_needed;
pub use recovery::{Recovery, Tolerance};
pub(crate) use validity::asked;
pub use validity::validity;
pub use verdict::Verdict;
