use serde::{Deserialize, Serialize};

use super::Confidence;

/// What a trial at one rate or one number came to.
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

/// A trial as the report has it.
pub(super) trait Tried {
    /// What is searched for: a rate, a number.
    type Level: Copy + PartialOrd + std::fmt::Debug;

    fn new(level: Self::Level, result: TrialResult) -> Self;
    fn level(&self) -> Self::Level;
    /// A level as a number.
    fn size(level: Self::Level) -> f64;
    fn result(&self) -> &TrialResult;
}

/// The levels that a search may try.
pub(super) trait Axis {
    type Trial: Tried;

    fn first(&self) -> Level<Self>;
    fn last(&self) -> Level<Self>;
    /// The next one on the way up.
    fn after(&self, level: Level<Self>) -> Level<Self>;
    /// One strictly between the two; `None` when they are close enough.
    fn between(&self, holds: Level<Self>, breaks: Level<Self>) -> Option<Level<Self>>;
    /// How often each end of the interval is tried in all.
    fn repeats(&self) -> u32;
    /// A level in words.
    fn show(level: Level<Self>) -> String;
}

pub(super) type Level<A> = <<A as Axis>::Trial as Tried>::Level;

/// Where a target breaks.
pub(super) enum Interval<L> {
    Between { holds: L, breaks: L, objective: String },
    AtLeast { holds: L },
    Under { breaks: L, objective: String },
    Inconclusive { holds: Option<L>, reason: String },
}

/// A search for the level at which a target breaks: levels upwards until one breaks, then the interval halved until it
/// is narrow, then its ends once more.
#[derive(Debug, Clone)]
pub(super) struct LevelSearch<A: Axis> {
    axis: A,
    trials: Vec<A::Trial>,
    next: Option<Level<A>>,
    unknown: Option<String>,
}

impl<A: Axis> LevelSearch<A> {
    pub(super) fn new(axis: A) -> Self {
        Self { next: Some(axis.first()), axis, trials: Vec::new(), unknown: None }
    }

    /// The level to try next; `None` when the search is over.
    pub(super) const fn next(&self) -> Option<Level<A>> {
        self.next
    }

    pub(super) fn trials(&self) -> &[A::Trial] {
        &self.trials
    }

    /// Says what came of the trial at the next level.
    pub(super) fn tell(&mut self, result: TrialResult) {
        let Some(level) = self.next else { return };
        if let TrialResult::Unknown { reason } = &result {
            self.unknown = Some(format!("at {}: {reason}", A::show(level)));
        }
        self.trials.push(A::Trial::new(level, result));
        self.next = if self.unknown.is_some() { None } else { self.choose() };
    }

    /// Ends a search that is not over; one that is stays as it is.
    pub(super) fn cut_short(&mut self, reason: &str) {
        if self.next.take().is_some() {
            self.unknown = Some(reason.to_owned());
        }
    }

    /// The highest level below all that broke that held each time.
    fn holds(&self) -> Option<Level<A>> {
        let breaks = self.breaks();
        let held = self.trials.iter().filter(|t| *t.result() == TrialResult::Held).map(Tried::level);
        held.filter(|level| breaks.is_none_or(|breaks| *level < breaks))
            .reduce(|a, b| if b > a { b } else { a })
    }

    /// The lowest level that broke. One that held once and broke once broke.
    fn breaks(&self) -> Option<Level<A>> {
        let broke = self.trials.iter().filter(|t| matches!(t.result(), TrialResult::Broke { .. }));
        broke.map(Tried::level).reduce(|a, b| if b < a { b } else { a })
    }

    fn choose(&self) -> Option<Level<A>> {
        let tries_of = |level: Level<A>| self.trials.iter().filter(|t| t.level() == level).count() as u32;
        let again = |level: Level<A>| (tries_of(level) < self.axis.repeats()).then_some(level);
        let last = self.axis.last();
        match (self.holds(), self.breaks()) {
            (Some(holds), None) if holds < last => {
                let after = self.axis.after(holds);
                Some(if after < last { after } else { last })
            }
            (Some(holds), None) => again(holds),
            (Some(holds), Some(breaks)) => {
                self.axis.between(holds, breaks).or_else(|| again(holds)).or_else(|| again(breaks))
            }
            (None, Some(breaks)) => again(breaks),
            (None, None) => None,
        }
    }

    /// What is known so far; `none` says that nothing was tried.
    pub(super) fn found(&self, none: &str) -> Interval<Level<A>> {
        let holds = self.holds();
        if let Some(reason) = &self.unknown {
            return Interval::Inconclusive { holds, reason: reason.clone() };
        }
        match (holds, self.breaks()) {
            (Some(holds), Some(breaks)) => {
                Interval::Between { holds, breaks, objective: self.objective(breaks) }
            }
            (Some(holds), None) => Interval::AtLeast { holds },
            (None, Some(breaks)) => Interval::Under { breaks, objective: self.objective(breaks) },
            (None, None) => Interval::Inconclusive { holds: None, reason: none.to_owned() },
        }
    }

    /// How sure what is known is; `none` as for [`LevelSearch::found`].
    pub(super) fn confidence(&self) -> Option<Confidence> {
        Confidence::of(&self.found(""), &self.trials, [self.axis.first(), self.axis.last()])
    }

    /// What broke at `level`.
    fn objective(&self, level: Level<A>) -> String {
        let of_level = self.trials.iter().filter(|t| t.level() == level);
        let mut broken = of_level.filter_map(|t| match t.result() {
            TrialResult::Broke { objective } => Some(objective.clone()),
            TrialResult::Held | TrialResult::Unknown { .. } => None,
        });
        broken.next_back().unwrap_or_default()
    }
}
