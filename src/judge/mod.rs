//! From observations to verdicts, by pure functions.
//!
//! Owns the rules: which figure answers an expectation, how many samples it needs, and when an answer cannot be
//! trusted. Never measures, waits or prints, and never calls green what it does not know.
//!
//! Cases rarely call anything here: they state what they [`expect`](crate::expect), or run a
//! [`procedure`](crate::procedure). It is public so that a finding can be read as data, and so that the rules can be put on
//! figures from elsewhere. Each rule's source, and how often it is right, is in `docs/methods.md` of the repository.

mod alert;
mod assertion;
mod bottleneck;
mod breaking_point;
mod brief;
mod capacity;
mod capacity_search;
mod comparison;
mod confidence;
mod degradation;
mod depth;
mod drift;
mod error_drift;
mod exhaustion;
mod expectation;
mod extreme_data;
mod finding;
mod judgement;
mod leak;
mod level;
mod little;
mod load_summary;
#[cfg(test)]
pub(crate) mod made;
mod plateau;
mod reading;
mod recovery;
mod regression;
mod resilience;
mod saturation;
mod scaling;
mod search;
mod stated;
mod trend;
mod under_pressure;
mod validity;
mod verdict;
mod watch;

pub use alert::{Alert, AlertLevel, AlertMetric, AlertThresholds, Peak, Peaks, alerts};
pub use assertion::judge_findings;
pub use bottleneck::{Bottleneck, Limit, Surroundings};
pub use breaking_point::{BreakingPoint, Search, SearchPlan, Steps, Trial};
pub use brief::{Brief, BriefTime};
pub use capacity::{Capacity, Concurrent, LevelTrial};
pub use capacity_search::{CapacityPlan, CapacitySearch, CapacitySteps};
pub use comparison::{ComparedFigure, Comparison};
pub use confidence::Confidence;
pub use degradation::{Degradation, Offered, PastPeak};
pub use depth::Depth;
pub use drift::{Drift, DriftRule};
pub use error_drift::ErrorDrift;
pub use exhaustion::{
    Aftermath, CeilingCrossing, ExhaustedResource, Exhaustion, ExhaustionStep, LoadLevel, ResourcePeaks,
};
pub use expectation::judge;
pub use extreme_data::{DataCell, DataRow};
pub use finding::{Detail, Finding};
pub use judgement::{Breach, Judgement, Observed};
pub use leak::{Leak, LeakRule};
pub use little::LittlesLaw;
pub use load_summary::{LoadSummary, ResponseTime};
pub use plateau::{Plateau, Served};
pub use reading::samples_needed;
pub use recovery::{Recovery, Tolerance};
pub use regression::{Change, Contrast, RegressionRule, RunFigure, Wanted};
pub use resilience::{FaultyLoads, InjectedFaults, Resilience};
pub use saturation::Saturation;
pub use scaling::{AgentSeen, PhaseSeen, Settling};
pub use search::TrialResult;
pub use under_pressure::{AppliedPressure, PressedLoads, UnderPressure};
pub use validity::validity;
pub(crate) use validity::{asked, doubts};
pub use verdict::Verdict;

pub use crate::data::{Complexity, Edge};
pub(crate) use watch::{Watch, Watched};
