use super::{
    Capacity, Confidence, LevelTrial, TrialResult,
    search::{Axis, Interval, LevelSearch, Tried},
};

/// How the numbers of a search are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CapacitySteps {
    /// Each number is the one before plus this.
    By(u64),
    /// Each number is the one before times this, which is over 1, and at least one more.
    Times(f64),
}

/// What a search for a capacity does.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CapacityPlan {
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
    /// The numbers between.
    pub steps: CapacitySteps,
    /// The search ends when the interval is no wider than this; 1 finds the exact number.
    pub resolution: u64,
    /// How often each end of the interval is measured in all.
    pub repeats: u32,
}

impl Default for CapacityPlan {
    /// 1 to 64, doubling, to the exact number, each end twice.
    fn default() -> Self {
        Self { from: 1, to: 64, steps: CapacitySteps::Times(2.0), resolution: 1, repeats: 2 }
    }
}

/// A search for how much at once a target serves: the method of [`Search`](super::Search) on whole numbers.
///
/// ```
/// use proofload::judge::{CapacityPlan, CapacitySearch, TrialResult};
///
/// let mut search = CapacitySearch::new(CapacityPlan::default());
/// while let Some(users) = search.next_level() {
///     let broke = TrialResult::Broke { objective: "success_rate is 80%".into() };
///     search.tell(if users <= 11 { TrialResult::Held } else { broke });
/// }
/// assert_eq!(search.found().to_string(), "serves 11 at once, breaks at 12: success_rate is 80%");
/// ```
#[derive(Debug, Clone)]
pub struct CapacitySearch {
    levels: LevelSearch<CapacityPlan>,
}

impl CapacitySearch {
    /// A search that has not tried anything.
    pub fn new(plan: CapacityPlan) -> Self {
        Self { levels: LevelSearch::new(plan) }
    }

    /// The number to try next; `None` when the search is over.
    pub fn next_level(&self) -> Option<u64> {
        self.levels.next()
    }

    /// Says what came of the trial at [`CapacitySearch::next_level`].
    pub fn tell(&mut self, result: TrialResult) {
        self.levels.tell(result);
    }

    /// Ends a search that is not over: nothing is known beyond, for this reason.
    pub fn cut_short(&mut self, reason: &str) {
        self.levels.cut_short(reason);
    }

    /// Every trial, in the order in which they were made.
    pub fn trials(&self) -> &[LevelTrial] {
        self.levels.trials()
    }

    /// How sure what is known so far is; `None` while it is inconclusive.
    pub fn confidence(&self) -> Option<Confidence> {
        self.levels.confidence()
    }

    /// What is known so far.
    pub fn found(&self) -> Capacity {
        match self.levels.found("nothing was tried") {
            Interval::Between { holds, breaks, objective } => Capacity::Between { holds, breaks, objective },
            Interval::AtLeast { holds } => Capacity::AtLeast { holds },
            Interval::Under { breaks, objective } => Capacity::Under { breaks, objective },
            Interval::Inconclusive { holds, reason } => Capacity::Inconclusive { holds, reason },
        }
    }
}

impl Tried for LevelTrial {
    type Level = u64;

    fn new(level: u64, result: TrialResult) -> Self {
        Self { level, result }
    }

    fn level(&self) -> u64 {
        self.level
    }

    fn size(level: u64) -> f64 {
        level as f64
    }

    fn result(&self) -> &TrialResult {
        &self.result
    }
}

/// The numbers of a plan.
impl Axis for CapacityPlan {
    type Trial = LevelTrial;

    fn first(&self) -> u64 {
        self.from
    }

    fn last(&self) -> u64 {
        self.to
    }

    fn after(&self, level: u64) -> u64 {
        match self.steps {
            CapacitySteps::By(step) => level.saturating_add(step),
            CapacitySteps::Times(factor) => ((level as f64 * factor).round() as u64).max(level + 1),
        }
    }

    fn between(&self, holds: u64, breaks: u64) -> Option<u64> {
        (breaks - holds > self.resolution.max(1)).then(|| u64::midpoint(holds, breaks))
    }

    fn repeats(&self) -> u32 {
        self.repeats
    }

    fn show(level: u64) -> String {
        level.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broke() -> TrialResult {
        TrialResult::Broke { objective: "refused".to_owned() }
    }

    fn searched(plan: CapacityPlan, target: impl Fn(u64) -> TrialResult) -> CapacitySearch {
        let mut search = CapacitySearch::new(plan);
        while let Some(level) = search.next_level() {
            assert!(search.trials().len() < 100, "it does not end: {:?}", search.trials());
            search.tell(target(level));
        }
        search
    }

    fn holds_up_to(capacity: u64) -> impl Fn(u64) -> TrialResult {
        move |level| if level <= capacity { TrialResult::Held } else { broke() }
    }

    #[test]
    fn every_number_is_found_exactly() {
        for capacity in 1..64 {
            let search = searched(CapacityPlan::default(), holds_up_to(capacity));
            let exact =
                Capacity::Between { holds: capacity, breaks: capacity + 1, objective: "refused".into() };
            assert_eq!(search.found(), exact);
            // Seven numbers upwards, five to halve the last interval, and both ends again.
            assert!(search.trials().len() <= 14, "{capacity}: {:?}", search.trials());
            let ends = search.trials().iter().filter(|t| [capacity, capacity + 1].contains(&t.level));
            assert_eq!(ends.count(), 4, "both ends twice");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_answers_too() {
        assert_eq!(
            searched(CapacityPlan::default(), holds_up_to(64)).found(),
            Capacity::AtLeast { holds: 64 }
        );
        let under = Capacity::Under { breaks: 1, objective: "refused".into() };
        assert_eq!(searched(CapacityPlan::default(), holds_up_to(0)).found(), under);
    }

    #[test]
    fn a_coarse_search_stops_at_its_resolution() {
        let steps = CapacitySteps::By(50);
        let plan = CapacityPlan { from: 100, to: 1_000, steps, resolution: 10, repeats: 1 };
        let Capacity::Between { holds, breaks, .. } = searched(plan, holds_up_to(333)).found() else {
            panic!("it broke")
        };
        assert!(holds <= 333 && 333 < breaks && breaks - holds <= 10, "{holds} {breaks}");
    }

    #[test]
    fn steps_that_are_too_small_to_see_still_grow() {
        let plan =
            CapacityPlan { to: 9, steps: CapacitySteps::Times(1.01), repeats: 1, ..CapacityPlan::default() };
        let levels: Vec<u64> = searched(plan, holds_up_to(99)).trials().iter().map(|t| t.level).collect();
        assert_eq!(levels, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn what_is_not_known_ends_it_undecided() {
        let unknown = TrialResult::Unknown { reason: "no descriptors".to_owned() };
        let target = |level| if level < 20 { TrialResult::Held } else { unknown.clone() };
        let search = searched(CapacityPlan::default(), target);
        assert_eq!(search.found().to_string(), "serves 16 at once; not known beyond: at 32: no descriptors");

        let mut search = CapacitySearch::new(CapacityPlan::default());
        search.tell(TrialResult::Held);
        search.cut_short("the case was stopped");
        assert_eq!(search.next_level(), None);
        assert_eq!(search.found().to_string(), "serves 1 at once; not known beyond: the case was stopped");

        let mut over = searched(CapacityPlan::default(), holds_up_to(9));
        let found = over.found();
        over.cut_short("too late to matter");
        assert_eq!(over.found(), found);
    }
}
