use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    TrialResult,
    search::{Interval, Tried},
};

/// The points of the integral in each of its parts.
const POINTS: u32 = 200;

/// The spreads that are reckoned with: from 0.2 % to 13 % of the limit.
const SPREADS: [f64; 7] = [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128];

/// How sure an interval is that trials have narrowed: the probability that the limit lies within it, given every trial.
///
/// The limit is the level at which a target holds as often as not. Around it the chance to hold falls as a logistic
/// function of the logarithm of the level, over a spread that is not known. Before the trials every limit from half of the
/// first level to twice the last one is as likely as any other of the same order of magnitude, and so is every spread
/// from 0.2 % to 13 %. (Bayes' rule for thresholds that are found by trials: A. Watson, D. Pelli, "QUEST: a Bayesian adaptive
/// psychometric method", Perception & Psychophysics 33, 1983.) Trials that depend on each other, such as those of
/// a target that has not recovered, are worth less than they are counted here.
///
/// ```
/// use proofload::judge::{Search, SearchPlan, TrialResult};
///
/// let mut plan = SearchPlan::default();
/// plan.repeats = 5;
/// let mut search = Search::new(plan);
/// while let Some(rate) = search.next_rate() {
///     let broke = TrialResult::Broke { objective: "latency.p95 is 2 s".into() };
///     search.tell(if rate.per_second() <= 333.0 { TrialResult::Held } else { broke });
/// }
/// let confidence = search.confidence().expect("it has both ends");
/// assert_eq!((confidence.held, confidence.broke), (5, 5));
/// assert!(confidence.probability > 0.9, "{confidence}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Confidence {
    /// Trials at the level that holds; each held.
    pub held: u32,
    /// Trials at the level that breaks which broke.
    pub broke: u32,
    /// Trials at the level that breaks which held none the less.
    pub held_beyond: u32,
    /// The probability that the limit is where it is said to be, from 0 to 1.
    pub probability: f64,
}

impl Confidence {
    /// Of the answer `interval` that `trials` of levels from `first` to `last` came to; `None` where there is no answer to
    /// be sure of.
    pub(super) fn of<T: Tried>(
        interval: &Interval<T::Level>,
        trials: &[T],
        [first, last]: [T::Level; 2],
    ) -> Option<Self> {
        let (holds, breaks) = match interval {
            Interval::Between { holds, breaks, .. } => (Some(*holds), Some(*breaks)),
            Interval::AtLeast { holds } => (Some(*holds), None),
            Interval::Under { breaks, .. } => (None, Some(*breaks)),
            Interval::Inconclusive { .. } => return None,
        };
        let seen: Vec<Seen> = trials.iter().filter_map(Seen::of).collect();
        let count = |level: Option<T::Level>, held: bool| {
            let level = level.map(|level| T::size(level).ln());
            let alike = seen.iter().filter(|seen| Some(seen.at) == level && seen.held == held);
            u32::try_from(alike.count()).unwrap_or(u32::MAX)
        };
        let all = [(T::size(first) / 2.0).ln(), (T::size(last) * 2.0).ln()];
        let within = [holds.map_or(all[0], |l| T::size(l).ln()), breaks.map_or(all[1], |l| T::size(l).ln())];
        Some(Self {
            held: count(holds, true),
            broke: count(breaks, false),
            held_beyond: count(breaks, true),
            probability: probability(&seen, within, all),
        })
    }
}

/// A trial, with the logarithm of its level.
struct Seen {
    at: f64,
    held: bool,
}

impl Seen {
    fn of<T: Tried>(trial: &T) -> Option<Self> {
        let at = T::size(trial.level()).ln();
        match trial.result() {
            TrialResult::Held => Some(Self { at, held: true }),
            TrialResult::Broke { .. } => Some(Self { at, held: false }),
            TrialResult::Unknown { .. } => None,
        }
    }

    /// The logarithm of the chance of this trial when the limit is `limit`.
    fn likelihood(&self, limit: f64, spread: f64) -> f64 {
        let beyond = (self.at - limit) / spread;
        let against = if self.held { beyond } else { -beyond };
        // ln(1 / (1 + e^x)) without an overflow.
        -(against.max(0.0) + (-against.abs()).exp().ln_1p())
    }
}

/// The share of what is likely after the trials that is `within` these limits, of `all`.
fn probability(seen: &[Seen], within: [f64; 2], all: [f64; 2]) -> f64 {
    let [holds, breaks] = within;
    let inside = likely(seen, holds, breaks, breaks - holds);
    // Beside the interval, densest at its ends, where what is likely changes fastest.
    let below = likely(seen, holds, all[0], breaks - holds);
    let above = likely(seen, breaks, all[1], breaks - holds);
    inside / (inside + below + above)
}

/// The integral over the limits between `from` and `to` of the chance of all trials, over all spreads alike.
fn likely(seen: &[Seen], from: f64, to: f64, fine: f64) -> f64 {
    let length = to - from;
    // The power that makes the first of the points as close as those inside of the interval.
    let power = if length.abs() > fine { 3 } else { 1 };
    let part = |i: u32| {
        let along = (f64::from(i) + 0.5) / f64::from(POINTS);
        let limit = length.mul_add(along.powi(power), from);
        let weight = f64::from(power) * along.powi(power - 1);
        let chance =
            |spread: &f64| seen.iter().map(|seen| seen.likelihood(limit, *spread)).sum::<f64>().exp();
        weight * SPREADS.iter().map(chance).sum::<f64>()
    };
    (0..POINTS).map(part).sum::<f64>() * length.abs() / f64::from(POINTS)
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { held, broke, held_beyond, probability } = self;
        if *held > 0 {
            write!(f, "held {held} of {held}, ")?;
        }
        if *broke > 0 {
            write!(f, "broke {broke} of {}, ", broke + held_beyond)?;
        }
        write!(f, "{:.0}% sure", (probability * 100.0).floor())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BreakingPoint, Search, SearchPlan, Trial};
    use super::*;

    const RANGE: [f64; 2] = [10.0, 1_000.0];

    fn trials(told: &[(f64, bool)]) -> Vec<Trial> {
        let broke = || TrialResult::Broke { objective: "too slow".to_owned() };
        let trial = |(per_sec, held): &(f64, bool)| {
            Trial::new(*per_sec, if *held { TrialResult::Held } else { broke() })
        };
        told.iter().map(trial).collect()
    }

    fn between(told: &[(f64, bool)]) -> Confidence {
        let interval = Interval::Between { holds: 100.0, breaks: 105.0, objective: String::new() };
        Confidence::of(&interval, &trials(told), RANGE).unwrap()
    }

    #[test]
    fn each_repetition_makes_it_surer() {
        let mut last = 0.0;
        for repeats in [1, 2, 3, 5, 10] {
            let told = [vec![(100.0, true); repeats], vec![(105.0, false); repeats]].concat();
            let now = between(&told).probability;
            assert!(now > last && now < 1.0, "{repeats}: {now} after {last}");
            last = now;
        }
        assert!(last > 0.95, "{last}");
    }

    #[test]
    fn a_trial_against_it_takes_from_it() {
        let mut told = [vec![(100.0, true); 5], vec![(105.0, false); 5]].concat();
        let sure = between(&told);
        told.push((105.0, true));
        let less = between(&told);
        assert!(less.probability < sure.probability, "{less} after {sure}");
        let counts = less.to_string();
        assert!(counts.starts_with("held 5 of 5, broke 5 of 6, "), "{counts}");
    }

    #[test]
    fn what_is_tried_far_away_says_little_and_nothing_wrong() {
        let mut told = [vec![(100.0, true); 2], vec![(105.0, false); 2]].concat();
        let alone = between(&told).probability;
        told.extend([(20.0, true), (50.0, true), (400.0, false)]);
        let more = between(&told).probability;
        assert!(more > alone && more - alone < 0.1, "{alone} and {more}");
    }

    #[test]
    fn one_end_is_judged_alone_and_no_answer_not_at_all() {
        let held = trials(&[(1_000.0, true), (1_000.0, true)]);
        let confidence = Confidence::of(&Interval::AtLeast { holds: 1_000.0 }, &held, RANGE).unwrap();
        assert!(confidence.to_string().starts_with("held 2 of 2, "), "{confidence}");
        let broke = trials(&[(10.0, false), (10.0, false)]);
        let under = Interval::Under { breaks: 10.0, objective: String::new() };
        let confidence = Confidence::of(&under, &broke, RANGE).unwrap();
        assert!(confidence.to_string().starts_with("broke 2 of 2, "), "{confidence}");
        let unknown = Interval::Inconclusive { holds: Some(100.0), reason: String::new() };
        assert_eq!(Confidence::of(&unknown, &held, RANGE), None);
    }

    /// Four hundred targets with limits and spreads as they are reckoned with, which hold at random: in the mean the limit is
    /// within the interval as often as is said.
    #[test]
    fn it_is_right_as_often_as_it_says() {
        for repeats in [1, 2, 4] {
            let mut rng = fastrand::Rng::with_seed(u64::from(repeats));
            let (mut right, mut said, mut answers) = (0.0, 0.0, 0.0);
            for _ in 0..400 {
                let limit = 5.0 * 400_f64.powf(rng.f64());
                let spread = SPREADS[rng.usize(..SPREADS.len())];
                let mut search = Search::new(SearchPlan { repeats, ..SearchPlan::default() });
                while let Some(rate) = search.next_rate() {
                    let holds = 1.0 / (1.0 + ((rate.per_second() / limit).ln() / spread).exp());
                    let broke = TrialResult::Broke { objective: "too slow".to_owned() };
                    search.tell(if rng.f64() < holds { TrialResult::Held } else { broke });
                }
                let is_within = match search.found() {
                    BreakingPoint::Between { holds_per_sec, breaks_per_sec, .. } => {
                        holds_per_sec < limit && limit < breaks_per_sec
                    }
                    BreakingPoint::AtLeast { holds_per_sec } => holds_per_sec < limit,
                    BreakingPoint::Under { breaks_per_sec, .. } => limit < breaks_per_sec,
                    BreakingPoint::Inconclusive { .. } => continue,
                };
                answers += 1.0;
                right += f64::from(u8::from(is_within));
                said += search.confidence().unwrap().probability;
            }
            let (share, said) = (right / answers, said / answers);
            assert!((share - said).abs() < 0.06, "{repeats} repeats: right in {share:.3}, said {said:.3}");
        }
    }
}
