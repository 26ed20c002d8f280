use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Confidence, TrialResult,
    search::{Axis, Interval, LevelSearch, Tried},
};
use crate::units::Rate;

/// How the rates of a search are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Steps {
    /// Each rate is the one before plus this.
    By(Rate),
    /// Each rate is the one before times this, which is over 1.
    Times(f64),
}

/// What a search for a breaking point does.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SearchPlan {
    /// The first rate.
    pub from: Rate,
    /// The last rate.
    pub to: Rate,
    /// The rates between.
    pub steps: Steps,
    /// The search ends when the interval is narrower than this share of its lower end.
    pub resolution: f64,
    /// How often each end of the interval is measured in all: a breaking point rests on no single measurement.
    pub repeats: u32,
}

impl Default for SearchPlan {
    /// 10/s to 1000/s by 50/s, to within 5 %, each end twice.
    fn default() -> Self {
        Self {
            from: Rate::new(10.0),
            to: Rate::new(1_000.0),
            steps: Steps::By(Rate::new(50.0)),
            resolution: 0.05,
            repeats: 2,
        }
    }
}

/// One trial of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trial {
    /// The rate asked for.
    pub per_sec: f64,
    /// What it came to.
    pub result: TrialResult,
}

/// The rate up to which a target holds, as an interval: trials never show a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakingPoint {
    /// It holds at the one rate and breaks at the other.
    Between {
        /// The highest rate that held each time it was tried.
        holds_per_sec: f64,
        /// The lowest rate that broke.
        breaks_per_sec: f64,
        /// What broke there.
        objective: String,
    },
    /// It held at every rate up to the last one.
    AtLeast {
        /// The last one.
        holds_per_sec: f64,
    },
    /// It broke at the first rate.
    Under {
        /// The first one.
        breaks_per_sec: f64,
        /// What broke there.
        objective: String,
    },
    /// It cannot be told.
    Inconclusive {
        /// Up to here it held.
        holds_per_sec: Option<f64>,
        /// Why it is not known beyond.
        reason: String,
    },
}

/// A search for the rate at which a target breaks: rates upwards until one breaks, then the interval halved until it is
/// narrow, then its ends once more. Pure: it says which rate to try, and is told what came of it.
///
/// The method of RFC 2544, section 26.1 (throughput), with the repetitions of MLRsearch (draft-ietf-bmwg-mlrsearch,
/// "Multiple Loss Ratio Search"): an end that does not repeat moves the interval.
///
/// ```
/// use proofload::{judge::{BreakingPoint, Search, SearchPlan, TrialResult}, per_second};
///
/// let mut search = Search::new(SearchPlan::default());
/// while let Some(rate) = search.next_rate() {
///     let broke = TrialResult::Broke { objective: "latency.p95 is 2 s".into() };
///     search.tell(if rate <= per_second(333) { TrialResult::Held } else { broke });
/// }
/// let found = search.found();
/// assert_eq!(found.to_string(), "holds at 323/s, breaks at 335/s: latency.p95 is 2 s");
/// ```
#[derive(Debug, Clone)]
pub struct Search {
    levels: LevelSearch<SearchPlan>,
}

impl Search {
    /// A search that has not tried anything.
    pub fn new(plan: SearchPlan) -> Self {
        Self { levels: LevelSearch::new(plan) }
    }

    /// The rate to try next; `None` when the search is over.
    pub fn next_rate(&self) -> Option<Rate> {
        self.levels.next().map(Rate::new)
    }

    /// Says what came of the trial at [`Search::next_rate`].
    pub fn tell(&mut self, result: TrialResult) {
        self.levels.tell(result);
    }

    /// Ends a search that is not over: nothing is known beyond, for this reason.
    pub fn cut_short(&mut self, reason: &str) {
        self.levels.cut_short(reason);
    }

    /// Every trial, in the order in which they were made.
    pub fn trials(&self) -> &[Trial] {
        self.levels.trials()
    }

    /// How sure what is known so far is; `None` while it is inconclusive.
    pub fn confidence(&self) -> Option<Confidence> {
        self.levels.confidence()
    }

    /// What is known so far.
    pub fn found(&self) -> BreakingPoint {
        match self.levels.found("no rate was tried") {
            Interval::Between { holds, breaks, objective } => {
                BreakingPoint::Between { holds_per_sec: holds, breaks_per_sec: breaks, objective }
            }
            Interval::AtLeast { holds } => BreakingPoint::AtLeast { holds_per_sec: holds },
            Interval::Under { breaks, objective } => {
                BreakingPoint::Under { breaks_per_sec: breaks, objective }
            }
            Interval::Inconclusive { holds, reason } => {
                BreakingPoint::Inconclusive { holds_per_sec: holds, reason }
            }
        }
    }
}

impl Tried for Trial {
    type Level = f64;

    fn new(per_sec: f64, result: TrialResult) -> Self {
        Self { per_sec, result }
    }

    fn level(&self) -> f64 {
        self.per_sec
    }

    fn size(per_sec: f64) -> f64 {
        per_sec
    }

    fn result(&self) -> &TrialResult {
        &self.result
    }
}

/// The rates of a plan.
impl Axis for SearchPlan {
    type Trial = Trial;

    fn first(&self) -> f64 {
        self.from.per_second()
    }

    fn last(&self) -> f64 {
        self.to.per_second()
    }

    fn after(&self, per_sec: f64) -> f64 {
        match self.steps {
            Steps::By(step) => per_sec + step.per_second(),
            Steps::Times(factor) => per_sec * factor,
        }
    }

    /// The middle of an interval, to whole operations where these are fine enough.
    fn between(&self, holds: f64, breaks: f64) -> Option<f64> {
        let middle = f64::midpoint(holds, breaks);
        let rounded = middle.round();
        let is_wide = breaks - holds > holds * self.resolution;
        is_wide.then_some(if rounded > holds && rounded < breaks { rounded } else { middle })
    }

    fn repeats(&self) -> u32 {
        self.repeats
    }

    fn show(per_sec: f64) -> String {
        Rate::new(per_sec).to_string()
    }
}

impl BreakingPoint {
    /// The highest rate that is known to hold, per second.
    pub const fn holds_per_sec(&self) -> Option<f64> {
        match self {
            Self::Between { holds_per_sec, .. } | Self::AtLeast { holds_per_sec } => Some(*holds_per_sec),
            Self::Inconclusive { holds_per_sec, .. } => *holds_per_sec,
            Self::Under { .. } => None,
        }
    }
}

impl fmt::Display for BreakingPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = Rate::new;
        match self {
            Self::Between { holds_per_sec, breaks_per_sec, objective } => {
                write!(
                    f,
                    "holds at {}, breaks at {}: {objective}",
                    rate(*holds_per_sec),
                    rate(*breaks_per_sec)
                )
            }
            Self::AtLeast { holds_per_sec } => {
                write!(f, "holds at {}, the highest rate tried", rate(*holds_per_sec))
            }
            Self::Under { breaks_per_sec, objective } => {
                write!(f, "breaks at {}, the lowest rate tried: {objective}", rate(*breaks_per_sec))
            }
            Self::Inconclusive { holds_per_sec: Some(holds), reason } => {
                write!(f, "holds at {}; not known beyond: {reason}", rate(*holds))
            }
            Self::Inconclusive { holds_per_sec: None, reason } => write!(f, "cannot be told: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::per_second;

    fn broke() -> TrialResult {
        TrialResult::Broke { objective: "too slow".to_owned() }
    }

    /// The search on a target, with the number of trials it took.
    fn searched(plan: SearchPlan, mut target: impl FnMut(f64) -> TrialResult) -> (BreakingPoint, usize) {
        let mut search = Search::new(plan);
        while let Some(rate) = search.next_rate() {
            assert!(search.trials().len() < 200, "it does not end: {:?}", search.trials());
            search.tell(target(rate.per_second()));
        }
        (search.found(), search.trials().len())
    }

    #[test]
    fn the_interval_holds_the_truth_wherever_it_is() {
        for capacity in [10.0, 11.0, 59.9, 60.0, 137.0, 500.0, 999.0] {
            let (found, trials) =
                searched(
                    SearchPlan::default(),
                    |rate| if rate <= capacity { TrialResult::Held } else { broke() },
                );
            let BreakingPoint::Between { holds_per_sec, breaks_per_sec, .. } = found else {
                panic!("{found:?}")
            };
            assert!(holds_per_sec <= capacity && capacity < breaks_per_sec, "{capacity}: {found}");
            assert!(breaks_per_sec - holds_per_sec <= holds_per_sec * 0.05, "{capacity}: {found}");
            assert!(trials < 36, "{capacity}: {trials} trials");
        }
    }

    #[test]
    fn geometric_steps_need_few_trials() {
        let plan = SearchPlan { to: per_second(100_000), steps: Steps::Times(2.0), ..SearchPlan::default() };
        let (found, trials) =
            searched(plan, |rate| if rate <= 7_777.0 { TrialResult::Held } else { broke() });
        let holds = found.holds_per_sec().unwrap();
        assert!((7_400.0..=7_777.0).contains(&holds) && trials <= 20, "{found}, {trials} trials");
    }

    #[test]
    fn the_ends_of_the_range_are_answers_too() {
        let (found, _) = searched(SearchPlan::default(), |_| TrialResult::Held);
        assert_eq!(found.to_string(), "holds at 1000/s, the highest rate tried");
        let (found, trials) = searched(SearchPlan::default(), |_| broke());
        assert_eq!(found.to_string(), "breaks at 10/s, the lowest rate tried: too slow");
        assert_eq!(trials, 2, "the first might have been a hiccup");
    }

    #[test]
    fn an_end_that_does_not_repeat_moves_the_interval() {
        let mut seen = std::collections::BTreeMap::new();
        // It holds up to 300/s; between 300/s and 400/s it holds the first time only.
        let (found, _) = searched(SearchPlan::default(), |rate| {
            let times = seen.entry(rate as u64).or_insert(0);
            *times += 1;
            match rate {
                r if r <= 300.0 => TrialResult::Held,
                r if r <= 400.0 && *times == 1 => TrialResult::Held,
                _ => broke(),
            }
        });
        let BreakingPoint::Between { holds_per_sec, .. } = found else { panic!("{found:?}") };
        assert!(holds_per_sec <= 300.0, "{found}");
    }

    #[test]
    fn a_generator_that_is_the_limit_ends_it_undecided() {
        let limited = TrialResult::Unknown { reason: "the load generator was late".to_owned() };
        let (found, _) =
            searched(
                SearchPlan::default(),
                |rate| if rate < 200.0 { TrialResult::Held } else { limited.clone() },
            );
        assert_eq!(
            found.to_string(),
            "holds at 160/s; not known beyond: at 210/s: the load generator was late"
        );
    }
}
