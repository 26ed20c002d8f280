use std::time::Duration;

use super::{Spacing, Stage};

/// An integral this close under a whole number counts as having reached it: the sum of a thousand stages is off by
/// less, and one operation in a thousand million is nobody's burst. The first operation needs no such mercy: it is due
/// however small the integral is.
const NEARLY: f64 = 1e-9;

/// The moments, counted from the start of a load, at which an open load starts its operations.
///
/// Operation *k* (from 0) is due as soon as the integral of the rate over time exceeds *k*: the closed form for
/// linear ramps, with fractions carried over from stage to stage, so that stages join without a gap or a burst and
/// the number of operations is the integral of the rate, rounded up. With Poisson spacing the integral has to exceed
/// a sum of *k* exponential gaps of mean 1 (the time-change construction of a non-homogeneous Poisson process:
/// Cinlar, Introduction to Stochastic Processes, 1975, ch. 4.7).
///
/// ```
/// use std::time::Duration;
/// use proofload::{Load, per_second};
/// let load = Load::rate(per_second(2)).for_duration(Duration::from_secs(2));
/// let moments: Vec<f64> = load.arrivals(0).map(|m| m.as_secs_f64()).collect();
/// assert_eq!(moments, [0.0, 0.5, 1.0, 1.5]);
/// ```
#[derive(Debug, Clone)]
pub struct Arrivals {
    stages: Vec<Stage>,
    /// The stage the next arrival is looked for in, its start, and the integral of the rate up to there.
    stage: usize,
    stage_start_s: f64,
    stage_start_integral: f64,
    /// The integral that the next arrival waits for.
    wanted: f64,
    index: u64,
    poisson: Option<fastrand::Rng>,
}

impl Arrivals {
    pub(super) fn new(stages: &[Stage], spacing: Spacing, seed: u64) -> Self {
        let mut poisson = match spacing {
            Spacing::Uniform => None,
            Spacing::Poisson => Some(fastrand::Rng::with_seed(seed)),
        };
        let wanted = poisson.as_mut().map_or(0.0, exponential);
        let possible = |stage: &Stage| match stage.is_possible() {
            true => stage.clone(),
            false => Stage::hold(0.0, stage.length),
        };
        Self {
            stages: stages.iter().map(possible).collect(),
            stage: 0,
            stage_start_s: 0.0,
            stage_start_integral: 0.0,
            wanted,
            index: 0,
            poisson,
        }
    }

    /// The moments of one of several that carry out the same schedule together: of `parts`, the one numbered `part`
    /// from 0 gets every `parts`-th arrival, so that all shares together are the whole, whatever the stages.
    ///
    /// # Panics
    /// When `part` is not below `parts`.
    ///
    /// ```
    /// use proofload::{Load, per_second, seconds};
    /// let arrivals = Load::rate(per_second(4)).for_duration(seconds(1)).arrivals(0);
    /// let second: Vec<f64> = arrivals.share(1, 2).map(|moment| moment.as_secs_f64()).collect();
    /// assert_eq!(second, [0.25, 0.75]);
    /// ```
    pub fn share(self, part: usize, parts: usize) -> impl Iterator<Item = Duration> {
        assert!(part < parts, "part {part} of {parts}: parts are numbered from 0");
        self.skip(part).step_by(parts)
    }

    /// The next moment with the index of its stage.
    pub(crate) fn next_with_stage(&mut self) -> Option<(Duration, usize)> {
        while let Some(stage) = self.stages.get(self.stage) {
            let seconds = stage.seconds();
            let whole = stage.mean() * seconds;
            let missing = self.wanted - self.stage_start_integral;
            if missing < whole - NEARLY * self.wanted {
                let moment = self.stage_start_s + time_to(stage, seconds, missing.max(0.0));
                // Nothing is due later than time is counted.
                let found = (Duration::try_from_secs_f64(moment).ok()?, self.stage);
                self.index += 1;
                match &mut self.poisson {
                    Some(rng) => self.wanted += exponential(rng),
                    None => self.wanted = self.index as f64,
                }
                return Some(found);
            }
            self.stage += 1;
            self.stage_start_s += seconds;
            self.stage_start_integral += whole;
        }
        None
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.next_with_stage().map(|(moment, _)| moment)
    }
}

/// The time from the start of `stage` at which the integral of its rate is `area`: the root of
/// `from t + (to - from) t^2 / (2 T) = area`, in the form that does not cancel for small slopes.
fn time_to(stage: &Stage, seconds: f64, area: f64) -> f64 {
    if area <= 0.0 && stage.from > 0.0 {
        return 0.0;
    }
    let slope = if seconds.is_finite() { (stage.to - stage.from) / seconds } else { 0.0 };
    let root = (stage.from * stage.from + 2.0 * slope * area).max(0.0).sqrt();
    let t = if stage.from + root > 0.0 { 2.0 * area / (stage.from + root) } else { 0.0 };
    t.min(seconds)
}

/// An exponential gap of mean 1.
fn exponential(rng: &mut fastrand::Rng) -> f64 {
    -(1.0 - rng.f64()).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moments(stages: &[Stage]) -> Vec<f64> {
        Arrivals::new(stages, Spacing::Uniform, 0).map(|m| m.as_secs_f64()).collect()
    }

    fn hold(rate: f64, seconds: f64) -> Stage {
        Stage::hold(rate, Some(Duration::from_secs_f64(seconds)))
    }

    fn ramp(from: f64, to: f64, seconds: f64) -> Stage {
        Stage::ramp(from, to, Duration::from_secs_f64(seconds))
    }

    #[test]
    fn a_ramp_follows_the_square_root() {
        let expected: Vec<f64> = (0..5).map(|k| (2.0 * f64::from(k) * 10.0 / 1.0).sqrt()).collect();
        let found = moments(&[ramp(0.0, 1.0, 10.0)]);
        assert_eq!(found.len(), 5);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
    }

    #[test]
    fn fractions_are_carried_over_a_pause() {
        // 1.5 operations before the pause: the second is due in the first stage, the third when the half is filled.
        assert_eq!(moments(&[hold(1.0, 1.5), hold(0.0, 10.0), hold(1.0, 1.0)]), [0.0, 1.0, 12.0]);
    }

    #[test]
    fn nothing_is_due_in_a_leading_pause() {
        assert_eq!(moments(&[hold(0.0, 3.0), hold(2.0, 1.0)]), [3.0, 3.5]);
        assert_eq!(moments(&[hold(0.0, 3.0)]), [0.0; 0]);
    }

    #[test]
    fn poisson_is_repeatable_and_has_the_mean_and_the_spread_of_its_name() {
        let stages = [hold(1_000.0, 20.0)];
        let of_seed = |seed| Arrivals::new(&stages, Spacing::Poisson, seed).collect::<Vec<_>>();
        assert_eq!(of_seed(3), of_seed(3));
        assert_ne!(of_seed(3), of_seed(4));
        let moments = of_seed(3);
        // 20 000 expected, standard deviation 141: five of them.
        assert!((19_300..20_700).contains(&moments.len()), "{}", moments.len());
        let gaps: Vec<f64> = moments.windows(2).map(|w| (w[1] - w[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        let variation = variance.sqrt() / mean;
        assert!(
            (0.95..1.05).contains(&variation),
            "an exponential's coefficient of variation is 1: {variation}"
        );
    }

    fn stages() -> impl Strategy<Value = Vec<Stage>> {
        let stage =
            (0.0..500.0f64, 0.0..500.0f64, 0.0..5.0f64, any::<bool>()).prop_map(|(from, to, s, holds)| {
                let seconds = (s * 1000.0).round() / 1000.0;
                if holds { hold(from, seconds) } else { ramp(from, to, seconds) }
            });
        proptest::collection::vec(stage, 1..6)
    }

    proptest! {
        #[test]
        fn the_number_of_arrivals_is_the_integral(stages in stages()) {
            let integral: f64 = stages.iter().map(|s| s.mean() * s.seconds()).sum();
            let n = moments(&stages).len() as f64;
            prop_assert!((n - integral).abs() <= 1.0, "{n} arrivals for an integral of {integral}");
        }

        #[test]
        fn shares_add_up_to_the_whole(stages in stages(), parts in 1usize..5, seed in any::<u64>()) {
            for spacing in [Spacing::Uniform, Spacing::Poisson] {
                let whole: Vec<Duration> = Arrivals::new(&stages, spacing, seed).collect();
                let mut together: Vec<Duration> = (0..parts)
                    .flat_map(|part| Arrivals::new(&stages, spacing, seed).share(part, parts).collect::<Vec<_>>())
                    .collect();
                together.sort();
                prop_assert_eq!(&together, &whole);
            }
        }

        #[test]
        fn stages_join_without_a_gap_or_a_burst(rate in 1.0..500.0f64, cuts in proptest::collection::vec(0.001..2.0f64, 1..8)) {
            // The same rate in many stages is the same as in one.
            let pieces: Vec<Stage> = cuts.iter().map(|s| hold(rate, (s * 1000.0).round() / 1000.0)).collect();
            let whole: f64 = pieces.iter().map(Stage::seconds).sum();
            let (in_pieces, in_one) = (moments(&pieces), moments(&[hold(rate, whole)]));
            prop_assert!(in_pieces.len().abs_diff(in_one.len()) <= 1);
            for (a, b) in in_pieces.iter().zip(&in_one) {
                prop_assert!((a - b).abs() < 1e-6, "{a} for {b}");
            }
        }

        #[test]
        fn at_every_arrival_the_integral_is_its_number(stages in stages()) {
            for (k, t) in moments(&stages).into_iter().enumerate() {
                let mut start = 0.0;
                let mut integral = 0.0;
                for stage in &stages {
                    let inside = (t - start).clamp(0.0, stage.seconds());
                    let slope = if stage.seconds() > 0.0 { (stage.to - stage.from) / stage.seconds() } else { 0.0 };
                    integral += stage.from * inside + slope * inside * inside / 2.0;
                    start += stage.seconds();
                }
                prop_assert!((integral - k as f64).abs() < 1e-3, "arrival {k} at {t}: {integral}");
            }
        }
    }
}
