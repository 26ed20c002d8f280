use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::trend::Trend;
use crate::observe::Window;

/// When latency or an error rate that changes is a drift.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DriftRule {
    /// The share of the time at the beginning that is left out.
    pub warm_up: f64,
    /// Fewer windows than this do not tell.
    pub least_windows: usize,
    /// A rise that is surely faster than this is a drift: of latency as a share of itself a minute, of the error rate in
    /// shares of all operations a minute.
    pub threshold_per_minute: f64,
    /// Unless it comes to less than this in all the time that is looked at: any machine is that uneven.
    pub least_growth: f64,
    /// Less time than this after the warm-up does not tell, however many windows it has: what a machine does for a few
    /// seconds would be a trend.
    pub least_span: Duration,
}

/// Twenty windows of the usual second.
const LEAST_SPAN: Duration = Duration::from_secs(20);

impl Default for DriftRule {
    /// The first 40 % left out, 20 windows, 20 s, 0.2 % a minute and 3 % in all: the rule for latency.
    fn default() -> Self {
        Self {
            warm_up: 0.4,
            least_windows: 20,
            threshold_per_minute: 0.002,
            least_growth: 0.03,
            least_span: LEAST_SPAN,
        }
    }
}

impl DriftRule {
    /// The rule for error rates: the first 40 % left out, 20 windows, 20 s, 0.01 points a minute, which is 0.6 points an hour,
    /// and 0.2 points in all.
    pub const fn of_errors() -> Self {
        Self {
            warm_up: 0.4,
            least_windows: 20,
            threshold_per_minute: 0.0001,
            least_growth: 0.002,
            least_span: LEAST_SPAN,
        }
    }

    /// The windows after the warm-up, without those that do not tell anything; or in words why they are too few.
    pub(super) fn settled<'a>(
        &self,
        windows: &'a [Window],
        tells: impl Fn(&Window) -> bool,
    ) -> Result<Vec<&'a Window>, String> {
        let Some(last) = windows.last() else {
            return Err("there is no timeline: let it run longer".to_owned());
        };
        let first = windows[0].at_s;
        let from = first + (last.at_s - first) * self.warm_up;
        let settled: Vec<&Window> = windows.iter().filter(|w| w.at_s >= from && tells(w)).collect();
        match (settled.len(), self.least_windows) {
            (there, needed) if there < needed => Err(format!(
                "there are {there} windows after the warm-up, and a drift needs {needed} to be told: let it run longer"
            )),
            _ if minutes_of(&settled) * 60.0 < self.least_span.as_secs_f64() * NEARLY => Err(format!(
                "there are {:.0} s after the warm-up, and a drift needs {:.0} to be told: let it run longer",
                minutes_of(&settled) * 60.0,
                self.least_span.as_secs_f64()
            )),
            _ => Ok(settled),
        }
    }
}

/// Windows come a little early or late.
const NEARLY: f64 = 0.98;

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

impl Drift {
    /// Looks at the windows of a load that was the same all along.
    pub fn find(windows: &[Window], rule: &DriftRule) -> Self {
        let settled = match rule.settled(windows, |w| w.counts.ok > 0 && w.p50_us > 0.0) {
            Ok(settled) => settled,
            Err(reason) => return Self::Inconclusive { reason },
        };
        let size = settled.len().div_ceil(MOST_WINDOWS);
        let trend = |figure: fn(&Window) -> f64| {
            let points: Vec<(f64, f64)> = settled.chunks(size).map(|group| middle(group, figure)).collect();
            Trend::of(&points)
        };
        let (Some(p50), Some(p99)) = (trend(|w| w.p50_us), trend(|w| w.p99_us)) else {
            return Self::Inconclusive { reason: "too few windows".to_owned() };
        };
        let threshold =
            rule.threshold_per_minute.ln_1p().max(rule.least_growth.ln_1p() / minutes_of(&settled));
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

/// The time from the beginning of the first window to the end of the last.
pub(super) fn minutes_of(windows: &[&Window]) -> f64 {
    let span = windows.first().zip(windows.last()).map_or(0.0, |(a, b)| b.at_s + b.length_s - a.at_s);
    span / 60.0
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
    fn a_rise_that_comes_to_little_is_no_drift() {
        // 1 % a minute is 1.2 % in the 72 s that are looked at in 2 min, and 6 % in those of 10 min.
        let steadily = |seconds: u32| {
            let exact = windows(seconds, 1, |minutes| 1.01f64.powf(minutes));
            let exact: Vec<Window> = exact
                .iter()
                .map(|w| Window { p50_us: 1e4 * 1.01f64.powf(w.at_s / 60.0), p99_us: 3e4, ..*w })
                .collect();
            Drift::find(&exact, &DriftRule::default())
        };
        assert!(matches!(steadily(120), Drift::None { .. }), "{}", steadily(120));
        assert!(matches!(steadily(600), Drift::Rising { .. }), "{}", steadily(600));
    }

    #[test]
    fn a_short_run_tells_nothing() {
        assert_eq!(
            Drift::find(&windows(30, 1, |_| 1.0), &DriftRule::default()).to_string(),
            "a drift cannot be told: there are 18 windows after the warm-up, and a drift needs 20 to be told: let it run longer"
        );
        let fine: Vec<Window> = windows(100, 1, |_| 1.0)
            .iter()
            .map(|w| Window { at_s: w.at_s / 10.0, length_s: 0.1, ..*w })
            .collect();
        assert_eq!(
            Drift::find(&fine, &DriftRule::default()).to_string(),
            "a drift cannot be told: there are 6 s after the warm-up, and a drift needs 20 to be told: let it run longer"
        );
        let rising =
            Drift::Rising { percentile: "p99".into(), per_minute: 0.0123, at_least_per_minute: 0.0101 };
        assert_eq!(rising.to_string(), "the p99 of the response time rises by 1.2% a minute (at least 1.0%)");
    }
}
