use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DriftRule, drift::minutes_of, trend::Trend};
use crate::observe::Window;

/// More points than this are put together, the failures of each with its operations: errors are rare, and a window
/// without any tells the slope nothing.
const MOST_POINTS: usize = 30;

/// Whether the share of failures rises under a constant load.
///
/// The trend test of [`Leak`](super::Leak), on the error rate of each window, or of up to thirty groups of neighbours
/// where there are more: of all that ended there, what failed, timed out or did not finish. Rejections are not errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorDrift {
    /// It does not.
    None {
        /// The change of the share a minute.
        per_minute: f64,
    },
    /// It does.
    Rising {
        /// The change of the share a minute.
        per_minute: f64,
        /// It is more than this with 99 % confidence.
        at_least_per_minute: f64,
    },
    /// The data do not tell.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

impl ErrorDrift {
    /// Looks at the windows of a load that was the same all along; [`DriftRule::of_errors`] is the usual rule.
    pub fn find(windows: &[Window], rule: &DriftRule) -> Self {
        let settled = match rule.settled(windows, |w| ended(w) > 0) {
            Ok(settled) => settled,
            Err(reason) => return Self::Inconclusive { reason },
        };
        let size = settled.len().div_ceil(MOST_POINTS.max(rule.least_windows));
        // A last group of fewer windows would be noisier than the others.
        let points: Vec<(f64, f64)> = settled.chunks_exact(size).map(error_rate).collect();
        let Some(trend) = Trend::of(&points) else {
            return Self::Inconclusive { reason: "too few windows".to_owned() };
        };
        let threshold = rule.threshold_per_minute.max(rule.least_growth / minutes_of(&settled));
        match trend.rises_over(threshold) {
            true => Self::Rising { per_minute: trend.slope, at_least_per_minute: trend.at_least },
            false => Self::None { per_minute: trend.slope },
        }
    }
}

fn failed(window: &Window) -> u64 {
    window.counts.error + window.counts.timeout + window.counts.unfinished
}

fn ended(window: &Window) -> u64 {
    window.counts.ok + window.counts.rejected + failed(window)
}

/// The middle of some windows in minutes, and their error rate.
fn error_rate(windows: &[&Window]) -> (f64, f64) {
    let at_s = windows.iter().map(|w| w.at_s).sum::<f64>() / windows.len() as f64;
    let (failed, ended) = windows.iter().fold((0, 0), |(bad, all), w| (bad + failed(w), all + ended(w)));
    (at_s / 60.0, failed as f64 / ended.max(1) as f64)
}

impl fmt::Display for ErrorDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = |share: f64| format!("{:.2} points", share * 100.0);
        match self {
            Self::None { per_minute } => {
                write!(f, "the error rate does not drift: {} a minute", points(*per_minute))
            }
            Self::Rising { per_minute, at_least_per_minute } => write!(
                f,
                "the error rate rises by {} a minute (at least {})",
                points(*per_minute),
                points(*at_least_per_minute)
            ),
            Self::Inconclusive { reason } => write!(f, "a drift of errors cannot be told: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    /// A window a second with 100 operations, of which each fails with the probability that `share` says of the minute.
    fn windows(seconds: u32, seed: u64, share: impl Fn(f64) -> f64) -> Vec<Window> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..seconds)
            .map(|s| {
                let probability = share(f64::from(s) / 60.0);
                let error = (0..100).filter(|_| random.f64() < probability).count() as u64;
                let counts = Counts { due: 100, ok: 100 - error, error, ..Counts::default() };
                Window { at_s: f64::from(s), length_s: 1.0, counts, ..Window::default() }
            })
            .collect()
    }

    fn found(seconds: u32, share: impl Fn(f64) -> f64) -> f64 {
        let rises = |seed: &u64| {
            let found = ErrorDrift::find(&windows(seconds, *seed, &share), &DriftRule::of_errors());
            matches!(found, ErrorDrift::Rising { .. })
        };
        (0..200).filter(rises).count() as f64 / 200.0
    }

    #[test]
    fn errors_that_become_more_are_found() {
        let seen = [
            found(300, |minutes| 0.02 * minutes),
            found(600, |minutes| 0.005 * minutes),
            found(600, |minutes| 0.01 + 0.005 * minutes),
        ];
        assert!(seen.iter().all(|share| *share >= 0.95), "{seen:?}");
    }

    #[test]
    fn errors_that_stay_or_become_fewer_or_came_once_do_not_drift() {
        let seen = [
            found(300, |_| 0.0),
            found(300, |_| 0.001),
            found(300, |_| 0.05),
            found(300, |minutes| 0.05 - 0.01 * minutes),
            found(600, |minutes| if minutes < 7.0 { 0.01 } else { 0.05 }),
        ];
        assert!(seen.iter().all(|share| *share <= 0.02), "{seen:?}");
    }

    #[test]
    fn a_short_run_tells_nothing() {
        assert_eq!(
            ErrorDrift::find(&windows(30, 1, |_| 0.01), &DriftRule::of_errors()).to_string(),
            "a drift of errors cannot be told: there are 18 windows after the warm-up, and a drift needs 20 to be told: let it run longer"
        );
        assert_eq!(
            ErrorDrift::find(&[], &DriftRule::of_errors()).to_string(),
            "a drift of errors cannot be told: there is no timeline: let it run longer"
        );
    }
}
