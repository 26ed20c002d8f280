//! From observations to verdicts, by pure functions.
//!
//! Owns the rules: which figure answers an expectation, how many samples it needs, and when an answer cannot be
//! trusted. Never measures, waits or prints, and never calls green what it does not know.

mod breaking_point;
mod capacity;
mod degradation;
mod drift;
mod exhaustion;
mod expectation;
mod extreme_data;
mod finding;
mod judgement;
mod leak;
mod load_summary;
mod reading;
mod recovery;
mod stated;
mod trend;
mod under_pressure;
mod validity;
mod verdict;

pub use breaking_point::{BreakingPoint, Search, SearchPlan, Steps, Trial, TrialResult};
pub use capacity::{Capacity, Concurrent, LevelTrial};
pub use degradation::{Degradation, Offered, PastPeak};
pub use drift::{Drift, DriftRule, ErrorDrift};
pub use exhaustion::{
    Aftermath, CeilingCrossing, ExhaustedResource, Exhaustion, ExhaustionStep, LoadLevel, ResourcePeaks,
};
pub use expectation::judge;
pub use extreme_data::{Complexity, DataCell, DataRow, Edge};
pub use finding::{Detail, Finding};
pub use judgement::{Judgement, Observed};
pub use leak::{Leak, LeakRule};
pub use load_summary::{LoadSummary, ResponseTime};
pub use reading::samples_needed;
pub use recovery::{Depth, Recovery, Tolerance};
pub use under_pressure::{AppliedPressure, PressedLoads, UnderPressure};
pub(crate) use validity::asked;
pub use validity::validity;
pub use verdict::Verdict;
