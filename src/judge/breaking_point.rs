use std::fmt;

use serde::{Deserialize, Serialize};

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

/// What a trial at one rate came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TrialResult {
    /// Every objective held.
    Held,
    /// One did not.
    Broke {
        /// The objective with the figure that was seen.
        objective: String,
    },
    /// It cannot be told: the generator was the limit, or there were too few operations.
    Unknown {
        /// Why.
        reason: String,
    },
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
    plan: SearchPlan,
    trials: Vec<Trial>,
    next: Option<f64>,
    unknown: Option<String>,
}

impl Search {
    /// A search that has not tried anything.
    pub fn new(plan: SearchPlan) -> Self {
        Self { next: Some(plan.from.per_second()), plan, trials: Vec::new(), unknown: None }
    }

    /// The rate to try next; `None` when the search is over.
    pub fn next_rate(&self) -> Option<Rate> {
        self.next.map(Rate::new)
    }

    /// Says what came of the trial at [`Search::next_rate`].
    pub fn tell(&mut self, result: TrialResult) {
        let Some(per_sec) = self.next else { return };
        if let TrialResult::Unknown { reason } = &result {
            self.unknown = Some(format!("at {}: {reason}", Rate::new(per_sec)));
        }
        self.trials.push(Trial { per_sec, result });
        self.next = if self.unknown.is_some() { None } else { self.choose() };
    }

    /// Every trial, in the order in which they were made.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The highest rate below all that broke that held each time.
    fn holds(&self) -> Option<f64> {
        let breaks = self.breaks().unwrap_or(f64::INFINITY);
        let held = self.trials.iter().filter(|t| t.result == TrialResult::Held && t.per_sec < breaks);
        held.map(|t| t.per_sec).max_by(f64::total_cmp)
    }

    /// The lowest rate that broke. A rate that held once and broke once broke.
    fn breaks(&self) -> Option<f64> {
        let broke = self.trials.iter().filter(|t| matches!(t.result, TrialResult::Broke { .. }));
        broke.map(|t| t.per_sec).min_by(f64::total_cmp)
    }

    fn tries_of(&self, per_sec: f64) -> u32 {
        self.trials.iter().filter(|t| t.per_sec == per_sec).count() as u32
    }

    fn choose(&self) -> Option<f64> {
        let most = self.plan.to.per_second();
        let again = |per_sec: f64| (self.tries_of(per_sec) < self.plan.repeats).then_some(per_sec);
        match (self.holds(), self.breaks()) {
            (Some(holds), None) if holds < most => Some(self.after(holds).min(most)),
            (Some(holds), None) => again(holds),
            (Some(holds), Some(breaks)) if breaks - holds > holds * self.plan.resolution => {
                Some(self.between(holds, breaks))
            }
            (Some(holds), Some(breaks)) => again(holds).or_else(|| again(breaks)),
            (None, Some(breaks)) => again(breaks),
            (None, None) => None,
        }
    }

    fn after(&self, per_sec: f64) -> f64 {
        match self.plan.steps {
            Steps::By(step) => per_sec + step.per_second(),
            Steps::Times(factor) => per_sec * factor,
        }
    }

    /// The middle of an interval, to whole operations where these are fine enough.
    fn between(&self, holds: f64, breaks: f64) -> f64 {
        let middle = f64::midpoint(holds, breaks);
        let rounded = middle.round();
        if rounded > holds && rounded < breaks { rounded } else { middle }
    }

    /// What is known so far.
    pub fn found(&self) -> BreakingPoint {
        let holds = self.holds();
        if let Some(reason) = &self.unknown {
            return BreakingPoint::Inconclusive { holds_per_sec: holds, reason: reason.clone() };
        }
        match (holds, self.breaks()) {
            (Some(holds_per_sec), Some(breaks_per_sec)) => BreakingPoint::Between {
                holds_per_sec,
                breaks_per_sec,
                objective: self.objective(breaks_per_sec),
            },
            (Some(holds_per_sec), None) => BreakingPoint::AtLeast { holds_per_sec },
            (None, Some(breaks_per_sec)) => {
                BreakingPoint::Under { breaks_per_sec, objective: self.objective(breaks_per_sec) }
            }
            (None, None) => {
                BreakingPoint::Inconclusive { holds_per_sec: None, reason: "no rate was tried".to_owned() }
            }
        }
    }

    fn objective(&self, per_sec: f64) -> String {
        let of_rate = self.trials.iter().filter(|t| t.per_sec == per_sec);
        let mut broken = of_rate.filter_map(|t| match &t.result {
            TrialResult::Broke { objective } => Some(objective.clone()),
            TrialResult::Held | TrialResult::Unknown { .. } => None,
        });
        broken.next_back().unwrap_or_default()
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
