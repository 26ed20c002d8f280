use std::fmt;

use serde::{Deserialize, Serialize};

use super::trend::Trend;
use crate::observe::Window;

/// When latency that changes is a drift.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DriftRule {
    /// The share of the time at the beginning that is left out.
    pub warm_up: f64,
    /// Fewer windows than this do not tell.
    pub least_windows: usize,
    /// A rise that is surely faster than this share a minute is a drift.
    pub threshold_per_minute: f64,
}

impl Default for DriftRule {
    /// The first 40 % left out, 20 windows, 0.2 % a minute.
    fn default() -> Self {
        Self { warm_up: 0.4, least_windows: 20, threshold_per_minute: 0.002 }
    }
}

/// More windows than this are put together: comparing all pairs takes the square of their number.
const MOST_WINDOWS: usize = 240;

/// Whether latency drifts upwards under a constant load.
///
/// The trend test of [`Leak`](super::Leak), on the logarithm of the median and of the p99 of each window: a drift is a
/// share of what there is, not a number of milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Drift {
    /// Neither rises for good.
    None {
        /// The change of the median a minute, as a share.
        p50_per_minute: f64,
        /// The change of the p99 a minute, as a share.
        p99_per_minute: f64,
    },
    /// One of them does.
    Rising {
        /// Which: `p50` or `p99`; the median where both do.
        percentile: String,
        /// By how much a minute, as a share.
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

/// Whether the share of failures rises under a constant load.
///
/// The trend test of [`Leak`](super::Leak), on the error rate of each window.
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

impl Drift {
    /// Looks at the windows of a load that was the same all along.
    pub fn find(windows: &[Window], rule: &DriftRule) -> Self {
        let Some(last) = windows.last() else {
            return Self::Inconclusive { reason: "there is no timeline".to_owned() };
        };
        let first = windows[0].at_s;
        let from = first + (last.at_s - first) * rule.warm_up;
        let settled: Vec<&Window> =
            windows.iter().filter(|w| w.at_s >= from && w.counts.ok > 0 && w.p50_us > 0.0).collect();
        if settled.len() < rule.least_windows {
            let (there, needed) = (settled.len(), rule.least_windows);
            return Self::Inconclusive {
                reason: format!(
                    "there are {there} windows after the warm-up, and a drift needs {needed} to be told"
                ),
            };
        }
        let size = settled.len().div_ceil(MOST_WINDOWS);
        let trend = |figure: fn(&Window) -> f64| {
            let points: Vec<(f64, f64)> = settled.chunks(size).map(|group| middle(group, figure)).collect();
            Trend::of(&points)
        };
        let (Some(p50), Some(p99)) = (trend(|w| w.p50_us), trend(|w| w.p99_us)) else {
            return Self::Inconclusive { reason: "too few windows".to_owned() };
        };
        let threshold = rule.threshold_per_minute.ln_1p();
        let rising = [("p50", p50), ("p99", p99)].into_iter().find(|(_, trend)| trend.rises_over(threshold));
        match rising {
            Some((percentile, trend)) => Self::Rising {
                percentile: percentile.to_owned(),
                per_minute: trend.slope.exp_m1(),
                at_least_per_minute: trend.at_least.exp_m1(),
            },
            None => Self::None { p50_per_minute: p50.slope.exp_m1(), p99_per_minute: p99.slope.exp_m1() },
        }
    }
}

/// The middle of some windows in minutes, and the logarithm of the median of a figure.
fn middle(windows: &[&Window], figure: fn(&Window) -> f64) -> (f64, f64) {
    let mut figures: Vec<f64> = windows.iter().map(|w| figure(w)).collect();
    figures.sort_by(f64::total_cmp);
    let at = windows.iter().map(|w| w.at_s).sum::<f64>() / windows.len() as f64;
    (at / 60.0, figures[figures.len() / 2].max(f64::MIN_POSITIVE).ln())
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.1}%", share * 100.0);
        match self {
            Self::None { p50_per_minute, p99_per_minute } => write!(
                f,
                "latency does not drift: p50 {} a minute, p99 {}",
                percent(*p50_per_minute),
                percent(*p99_per_minute)
            ),
            Self::Rising { percentile, per_minute, at_least_per_minute } => write!(
                f,
                "the {percentile} of the response time rises by {} a minute (at least {})",
                percent(*per_minute),
                percent(*at_least_per_minute)
            ),
            Self::Inconclusive { reason } => write!(f, "a drift cannot be told: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    /// A window a second: p50 of 10 ms and p99 of 30 ms, both with 5 % of noise, times `factor` of the minutes.
    fn windows(seconds: u32, seed: u64, factor: impl Fn(f64) -> f64) -> Vec<Window> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut noisy = |us: f64, at: f64| us * factor(at / 60.0) * (0.975 + 0.05 * random.f64());
        (0..seconds)
            .map(|s| {
                let at = f64::from(s);
                Window {
                    at_s: at,
                    length_s: 1.0,
                    counts: Counts { due: 100, ok: 100, ..Counts::default() },
                    p50_us: noisy(10_000.0, at),
                    p99_us: noisy(30_000.0, at),
                    ..Window::default()
                }
            })
            .collect()
    }

    fn found(seconds: u32, factor: impl Fn(f64) -> f64) -> f64 {
        let drifts = |seed: &u64| {
            matches!(
                Drift::find(&windows(seconds, *seed, &factor), &DriftRule::default()),
                Drift::Rising { .. }
            )
        };
        (0..100).filter(drifts).count() as f64 / 100.0
    }

    #[test]
    fn one_percent_a_minute_is_found_in_ten_minutes() {
        let rate = found(600, |minutes| 1.01f64.powf(minutes));
        assert!(rate >= 0.95, "{rate}");
    }

    #[test]
    fn what_is_steady_or_gets_better_or_steps_once_does_not_drift() {
        assert!(found(600, |_| 1.0) <= 0.02);
        assert!(found(600, |minutes| 0.99f64.powf(minutes)) <= 0.02);
        assert!(found(600, |minutes| if minutes < 6.0 { 1.0 } else { 1.5 }) <= 0.02);
    }

    #[test]
    fn a_short_run_tells_nothing() {
        assert_eq!(
            Drift::find(&windows(30, 1, |_| 1.0), &DriftRule::default()).to_string(),
            "a drift cannot be told: there are 18 windows after the warm-up, and a drift needs 20 to be told"
        );
        let rising =
            Drift::Rising { percentile: "p99".into(), per_minute: 0.0123, at_least_per_minute: 0.0101 };
        assert_eq!(rising.to_string(), "the p99 of the response time rises by 1.2% a minute (at least 1.0%)");
    }
}
