//! From observations to verdicts, by pure functions.
//!
//! Owns the rules: which figure answers an expectation, how many samples it needs, and when an answer cannot be
//! trusted. Never measures, waits or prints, and never calls green what it does not know.

mod bottleneck;
mod breaking_point;
mod capacity;
mod degradation;
mod drift;
mod expectation;
mod finding;
mod judgement;
mod leak;
mod level;
mod little;
mod reading;
mod recovery;
mod saturation;
mod stated;
mod trend;
mod validity;
mod verdict;

pub use bottleneck::{Bottleneck, Limit, Surroundings};
pub use breaking_point::{BreakingPoint, Search, SearchPlan, Steps, Trial, TrialResult};
pub use capacity::{Capacity, Concurrent, LevelTrial};
pub use degradation::{Degradation, Offered, PastPeak};
pub use drift::{Drift, DriftRule, ErrorDrift};
pub use expectation::judge;
pub use finding::{Detail, Finding};
pub use judgement::{Judgement, Observed};
pub use leak::{Leak, LeakRule};
pub use little::LittlesLaw;
pub use reading::samples_needed;
pub use recovery::{Depth, Recovery, Tolerance};
pub use saturation::Saturation;
pub use validity::validity;
pub(crate) use validity::{asked, doubts};
pub use verdict::Verdict;
