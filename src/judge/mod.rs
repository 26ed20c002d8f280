//! From observations to verdicts, by pure functions.
//!
//! Owns the rules: which figure answers an expectation, how many samples it needs, and when an answer cannot be
//! trusted. Never measures, waits or prints, and never calls green what it does not know.

mod breaking_point;
mod brief;
mod capacity;
mod capacity_search;
mod degradation;
mod drift;
mod expectation;
mod finding;
mod judgement;
mod leak;
mod plateau;
mod reading;
mod recovery;
mod scaling;
mod search;
mod stated;
mod trend;
mod validity;
mod verdict;

pub use breaking_point::{BreakingPoint, Search, SearchPlan, Steps, Trial};
pub use brief::{Brief, BriefTime};
pub use capacity::{Capacity, Concurrent, LevelTrial};
pub use capacity_search::{CapacityPlan, CapacitySearch, CapacitySteps};
pub use degradation::{Degradation, Offered, PastPeak};
pub use drift::{Drift, DriftRule, ErrorDrift};
pub use expectation::judge;
pub use finding::{Detail, Finding};
pub use judgement::{Judgement, Observed};
pub use leak::{Leak, LeakRule};
pub use plateau::{Plateau, Served};
pub use reading::samples_needed;
pub use recovery::{Depth, Recovery, Tolerance};
pub use scaling::{AgentSeen, PhaseSeen, Settling};
pub use search::TrialResult;
pub(crate) use validity::asked;
pub use validity::validity;
pub use verdict::Verdict;
