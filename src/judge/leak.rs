use std::fmt;

use serde::{Deserialize, Serialize};

use super::trend::Trend;
/// When growing memory is a leak.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LeakRule {
    /// The share of the time at the beginning that is left out: caches and pools fill then.
    pub warm_up: f64,
    /// Fewer windows than this do not tell.
    pub least_windows: usize,
    /// Growth that is surely more than this, in bytes a second, is a leak.
    pub threshold_bytes_per_sec: f64,
    /// Unless it comes to less than this in all the time that is looked at: in a few seconds a process touches so much
    /// for the first time, whatever it does.
    pub least_growth_bytes: u64,
}

impl Default for LeakRule {
    /// The first 40 % left out, 10 windows, 10 kB a second and 1 MiB in all.
    fn default() -> Self {
        Self {
            warm_up: 0.4,
            least_windows: 10,
            threshold_bytes_per_sec: 10_000.0,
            least_growth_bytes: 1 << 20,
        }
    }
}

/// More windows than this say nothing more, and comparing all pairs takes the square of their number.
const MOST_WINDOWS: usize = 60;

/// Readings that a window takes the least of, where there are enough: memory goes up and down with the work.
const READINGS_A_WINDOW: usize = 3;

/// Whether memory leaks.
///
/// Two points never tell: they flag every warm-up. The beginning is left out; of the rest, the *least* memory in each
/// of at least ten windows is looked at, which a burst does not raise and a leak does. It leaks when the trend test of
/// Mann and Kendall finds a rise at 99 % confidence, the lower bound of the Theil-Sen slope is over the threshold, and
/// both halves rise: memory that steps up once is no leak.
///
/// ```
/// use proofload::judge::{Leak, LeakRule};
/// let leaking: Vec<_> = (0..60).map(|s| (f64::from(s), 100_000_000 + 200_000 * s as u64)).collect();
/// let found = Leak::find(&leaking, &LeakRule::default());
/// assert_eq!(found.to_string(), "memory grows by 200 kB/s (at least 200 kB/s), without an end over 35 s");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Leak {
    /// Memory does not grow for good.
    None {
        /// The median slope all the same, in bytes a second.
        bytes_per_sec: f64,
        /// Seconds looked at.
        over_s: f64,
    },
    /// It does.
    Leaking {
        /// The median slope, in bytes a second.
        bytes_per_sec: f64,
        /// It is larger than this with 99 % confidence.
        at_least_bytes_per_sec: f64,
        /// Seconds looked at.
        over_s: f64,
    },
    /// The data do not tell.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

impl Leak {
    /// Looks at `readings` of memory: seconds and bytes, in the order of time.
    pub fn find(readings: &[(f64, u64)], rule: &LeakRule) -> Self {
        let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
            return Self::Inconclusive { reason: "memory was not measured".to_owned() };
        };
        let from = first.0 + (last.0 - first.0) * rule.warm_up;
        let settled: Vec<(f64, u64)> = readings.iter().copied().filter(|(at, _)| *at >= from).collect();
        let windows = minima(&settled, rule.least_windows);
        if windows.len() < rule.least_windows {
            return Self::Inconclusive {
                reason: format!(
                    "there are {} windows of memory after the warm-up, and a leak needs {} to be told: let it run longer",
                    windows.len(),
                    rule.least_windows
                ),
            };
        }
        let Some(trend) = Trend::of(&windows) else {
            return Self::Inconclusive { reason: "too few windows of memory".to_owned() };
        };
        let over_s = last.0 - from;
        let threshold = rule.threshold_bytes_per_sec.max(rule.least_growth_bytes as f64 / over_s);
        match trend.rises_over(threshold) {
            true => {
                Self::Leaking { bytes_per_sec: trend.slope, at_least_bytes_per_sec: trend.at_least, over_s }
            }
            false => Self::None { bytes_per_sec: trend.slope, over_s },
        }
    }

    /// Whether it was found that memory leaks.
    pub const fn is_leaking(&self) -> bool {
        matches!(self, Self::Leaking { .. })
    }
}

/// The least reading of each window, at the middle of the window.
fn minima(readings: &[(f64, u64)], least_windows: usize) -> Vec<(f64, f64)> {
    let windows = (readings.len() / READINGS_A_WINDOW).clamp(least_windows, MOST_WINDOWS.max(least_windows));
    // Rounded down: rounded up, a few readings would make fewer windows than are needed.
    let size = (readings.len() / windows).max(1);
    let least = |window: &[(f64, u64)]| {
        let middle = (window[0].0 + window[window.len() - 1].0) / 2.0;
        (middle, window.iter().map(|(_, bytes)| *bytes).min().unwrap_or(0) as f64)
    };
    // A last window of fewer readings has a higher minimum by chance.
    let whole = readings.chunks_exact(size);
    whole.map(least).collect()
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |bytes: f64| match bytes.abs() {
            b if b < 1e6 => format!("{:.0} kB/s", bytes / 1e3),
            _ => format!("{:.1} MB/s", bytes / 1e6),
        };
        match self {
            Self::None { bytes_per_sec, over_s } => {
                write!(f, "memory does not leak: {} over {over_s:.0} s", rate(*bytes_per_sec))
            }
            Self::Leaking { bytes_per_sec, at_least_bytes_per_sec, over_s } => write!(
                f,
                "memory grows by {} (at least {}), without an end over {over_s:.0} s",
                rate(*bytes_per_sec),
                rate(*at_least_bytes_per_sec)
            ),
            Self::Inconclusive { reason } => write!(f, "a leak cannot be told: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1e6;

    /// Memory once a second for `seconds`, by a function of the time in seconds, with noise of `noise` bytes.
    fn readings(seconds: u32, seed: u64, noise: f64, memory: impl Fn(f64) -> f64) -> Vec<(f64, u64)> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..seconds)
            .map(|s| {
                let at = f64::from(s);
                (at, (100.0 * MB + memory(at) + noise * random.f64()) as u64)
            })
            .collect()
    }

    /// The share of 200 seeds in which a leak was found.
    fn found(seconds: u32, noise: f64, memory: impl Fn(f64) -> f64) -> f64 {
        let is_leak =
            |seed| Leak::find(&readings(seconds, seed, noise, &memory), &LeakRule::default()).is_leaking();
        (0..200).filter(|seed| is_leak(*seed)).count() as f64 / 200.0
    }

    #[test]
    fn leaks_of_a_known_rate_are_found() {
        for rate in [0.05, 0.2, 1.0] {
            assert!(found(120, 2.0 * MB, |t| rate * MB * t) >= 0.99, "{rate} MB/s");
        }
    }

    #[test]
    fn what_stays_flat_is_no_leak() {
        assert!(found(120, 2.0 * MB, |_| 0.0) <= 0.01, "noise alone");
        assert!(found(120, 0.5 * MB, |t| 20.0 * MB * ((t / 7.0).fract())) <= 0.01, "a saw-tooth");
        assert!(
            found(120, 0.5 * MB, |t| 60.0 * MB * (1.0 - (-t / 10.0).exp())) <= 0.01,
            "a cache that fills"
        );
        assert!(found(120, 0.5 * MB, |t| if t < 70.0 { 0.0 } else { 30.0 * MB }) <= 0.01, "one step");
    }

    #[test]
    fn growth_that_comes_to_little_is_no_leak() {
        // 50 kB a second are under 1 MiB in 15 s, and over it in 71 s.
        let grows = |seconds| Leak::find(&readings(seconds, 1, 0.0, |t| 0.05 * MB * t), &LeakRule::default());
        assert_eq!(grows(26).to_string(), "memory does not leak: 50 kB/s over 15 s");
        assert!(grows(120).is_leaking());
    }

    #[test]
    fn a_short_run_tells_nothing() {
        let short = Leak::find(&readings(15, 1, 0.0, |t| MB * t), &LeakRule::default());
        assert_eq!(
            short.to_string(),
            "a leak cannot be told: there are 9 windows of memory after the warm-up, and a leak needs 10 to be told: let it run longer"
        );
        assert_eq!(
            Leak::find(&[], &LeakRule::default()).to_string(),
            "a leak cannot be told: memory was not measured"
        );
    }

    #[test]
    fn sentences() {
        let flat = Leak::find(&readings(120, 1, 0.0, |_| 0.0), &LeakRule::default());
        assert_eq!(flat.to_string(), "memory does not leak: 0 kB/s over 71 s");
    }
}
