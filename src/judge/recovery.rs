use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::observe::{Figures, Window};

/// How close to the baseline is "back to normal".
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Tolerance {
    /// A window's p99 may be this many times the baseline's ...
    pub latency_factor: f64,
    /// ... or longer than it by this, whichever is more: a tenth of a millisecond doubled is no disturbance.
    pub latency_floor: Duration,
    /// The share of failed, timed-out and rejected operations may be higher by this.
    pub failures: f64,
    /// Goodput may fall to this share of the baseline's.
    pub goodput: f64,
    /// It must stay so for this many windows in a row.
    pub windows: usize,
}

impl Default for Tolerance {
    /// Twice the p99 or 20 ms more, 1 % more failures, 90 % of the goodput, for 3 windows.
    fn default() -> Self {
        Self {
            latency_factor: 2.0,
            latency_floor: Duration::from_millis(20),
            failures: 0.01,
            goodput: 0.9,
            windows: 3,
        }
    }
}

/// Whether a target came back to normal after an overload, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recovery {
    /// It did, this long after the release.
    Recovered {
        /// From the release to the start of the first window that was normal and was followed by normal ones, in
        /// seconds.
        #[serde(rename = "after_s", with = "seconds")]
        #[cfg_attr(test, schemars(with = "f64"))]
        after: Duration,
    },
    /// It did not within the time that was watched.
    NotWithin {
        /// The time watched after the release, in seconds.
        #[serde(rename = "watched_s", with = "seconds")]
        #[cfg_attr(test, schemars(with = "f64"))]
        watched: Duration,
    },
    /// The data do not tell.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

impl Recovery {
    /// Finds the recovery in the windows of a steady load that went on through the overload and after it.
    ///
    /// `baseline` is the same load before the overload; `released_s` is the end of the overload in seconds since the
    /// start of the load that `windows` belong to.
    pub fn find(baseline: &Figures, windows: &[Window], released_s: f64, tolerance: &Tolerance) -> Self {
        let inconclusive = |reason: &str| Self::Inconclusive { reason: reason.to_owned() };
        let (Some(p99), Some(goodput)) = (baseline.response_percentile(0.99), baseline.goodput()) else {
            return inconclusive("the baseline has no operations");
        };
        if goodput == 0.0 {
            return inconclusive("nothing succeeded in the baseline");
        }
        let normal = Normal {
            p99_us: (p99.value.mul_f64(tolerance.latency_factor))
                .max(p99.value + tolerance.latency_floor)
                .as_secs_f64()
                * 1e6,
            failures: failures(baseline.counts.ok, baseline.counts.ended()) + tolerance.failures,
            goodput: goodput * tolerance.goodput,
        };
        // The last window is cut short by the end of the load: too short to tell a rate.
        let whole: Vec<&Window> = windows.iter().filter(|w| w.length_s >= 0.5).collect();
        let watched: Vec<&Window> = whole.into_iter().filter(|w| w.at_s + w.length_s > released_s).collect();
        if watched.len() < tolerance.windows {
            return inconclusive("the load was not watched for long enough after the release");
        }
        let first = watched.windows(tolerance.windows).find(|run| run.iter().all(|w| normal.includes(w)));
        match first {
            Some(run) => {
                Self::Recovered { after: Duration::from_secs_f64((run[0].at_s - released_s).max(0.0)) }
            }
            None => {
                let end = watched.last().map_or(released_s, |w| w.at_s + w.length_s);
                Self::NotWithin { watched: Duration::from_secs_f64((end - released_s).max(0.0)) }
            }
        }
    }
}

/// A duration as a number of seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(length: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(length.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// How badly a target fared between the start of an overload and its recovery.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Depth {
    /// The lowest goodput of a window, as a share of the baseline's.
    pub goodput_share: f64,
    /// The highest share of operations of a window that failed, timed out or were refused.
    pub failures: f64,
    /// The highest p99 of a window, in microseconds.
    pub p99_us: f64,
    /// The most operations in flight at the end of a window: what piled up.
    pub backlog: u64,
}

/// The bounds of normal.
struct Normal {
    p99_us: f64,
    failures: f64,
    goodput: f64,
}

impl Normal {
    fn includes(&self, window: &Window) -> bool {
        let counts = &window.counts;
        window.p99_us <= self.p99_us
            && failures(counts.ok, counts.ended()) <= self.failures
            && counts.ok as f64 / window.length_s >= self.goodput
    }
}

fn failures(ok: u64, ended: u64) -> f64 {
    if ended == 0 { 0.0 } else { (ended - ok) as f64 / ended as f64 }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovered { after } => {
                write!(f, "recovered within {:.0} s of the release", after.as_secs_f64().ceil())
            }
            Self::NotWithin { watched } => {
                write!(f, "had not recovered {:.0} s after the release", watched.as_secs_f64())
            }
            Self::Inconclusive { reason } => write!(f, "recovery cannot be told: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    fn baseline() -> Figures {
        let mut figures = Figures { duration_s: 5.0, ..Figures::default() };
        figures.counts = Counts { due: 250, ok: 250, ..Counts::default() };
        figures.response.record_n(2_000_000, 250);
        figures
    }

    /// One window a second: its p99 in milliseconds and how many of 50 succeeded.
    fn windows(seconds: &[(f64, u64)]) -> Vec<Window> {
        let window = |(at, (p99_ms, ok)): (usize, &(f64, u64))| Window {
            at_s: at as f64,
            length_s: 1.0,
            p99_us: p99_ms * 1e3,
            counts: Counts { due: 50, ok: *ok, error: 50 - ok, ..Counts::default() },
            ..Window::default()
        };
        seconds.iter().enumerate().map(window).collect()
    }

    fn found(seconds: &[(f64, u64)], released_s: f64) -> String {
        Recovery::find(&baseline(), &windows(seconds), released_s, &Tolerance::default()).to_string()
    }

    #[test]
    fn the_first_window_that_stays_normal_counts() {
        let slow_then_normal =
            [(900.0, 50), (500.0, 50), (3.0, 50), (80.0, 50), (4.0, 50), (3.0, 50), (3.0, 50)];
        assert_eq!(found(&slow_then_normal, 1.0), "recovered within 3 s of the release");
        assert_eq!(found(&[(3.0, 50); 6], 1.0), "recovered within 0 s of the release");
    }

    #[test]
    fn errors_and_lost_goodput_are_no_recovery() {
        assert_eq!(found(&[(3.0, 44); 8], 2.0), "had not recovered 6 s after the release");
        assert_eq!(found(&[(900.0, 50); 8], 2.0), "had not recovered 6 s after the release");
    }

    #[test]
    fn too_little_to_tell() {
        assert_eq!(
            found(&[(3.0, 50); 4], 3.0),
            "recovery cannot be told: the load was not watched for long enough after the release"
        );
        let empty =
            Recovery::find(&Figures::default(), &windows(&[(3.0, 50); 9]), 0.0, &Tolerance::default());
        assert_eq!(empty.to_string(), "recovery cannot be told: the baseline has no operations");
    }
}
