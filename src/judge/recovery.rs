use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::observe::{Counts, Figures, Window};

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
    /// start of the load that `windows` belong to. Recovered is the first moment after that from which a number of
    /// windows in a row, each beginning where the one before ends, are normal, and so is every window between them:
    /// windows may overlap, and the answer is as fine as their beginnings are.
    ///
    /// ```
    /// use proofload::{
    ///     Load, drive_alone, judge::{Recovery, Tolerance}, millis, observe::{Counts, Window}, per_second, seconds,
    /// };
    ///
    /// # tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
    /// let before = Load::rate(per_second(100)).for_duration(millis(300));
    /// let before = drive_alone(before, seconds(1), |_op| async { Ok::<_, String>(()) }).await.unwrap();
    /// let window = |(second, p99_us)| Window {
    ///     at_s: f64::from(second),
    ///     length_s: 1.0,
    ///     p99_us,
    ///     counts: Counts { due: 100, ok: 100, ..Counts::default() },
    ///     ..Window::default()
    /// };
    /// // Slow for three seconds after a release at 1 s.
    /// let windows: Vec<_> = [2e3, 9e5, 8e5, 7e5, 2e3, 2e3, 2e3].into_iter().enumerate()
    ///     .map(|(second, p99_us)| window((second as u32, p99_us))).collect();
    /// let found = Recovery::find(&before.total, &windows, 1.0, &Tolerance::default());
    /// assert_eq!(found.to_string(), "recovered within 3.0 s of the release");
    /// # });
    /// ```
    pub fn find(baseline: &Figures, windows: &[Window], released_s: f64, tolerance: &Tolerance) -> Self {
        let normal = match Normal::of(baseline, tolerance) {
            Ok(normal) => normal,
            Err(reason) => return Self::Inconclusive { reason },
        };
        let watched: Vec<&Window> = whole(windows).filter(|w| end(w) > released_s).collect();
        let runs = || (0..watched.len()).map(|first| &watched[first..]);
        if !runs().any(|run| has_in_a_row(run, tolerance.windows, |_| true)) {
            let reason = "the load was not watched for long enough after the release: let it last longer";
            return Self::Inconclusive { reason: reason.to_owned() };
        }
        let first = runs().find(|run| has_in_a_row(run, tolerance.windows, |window| normal.includes(window)));
        let since_release = |s: f64| Duration::from_secs_f64((s - released_s).max(0.0));
        match (first, late(&watched, &normal)) {
            (Some(run), _) => Self::Recovered { after: since_release(run[0].at_s) },
            (None, Some(reason)) => Self::Inconclusive { reason },
            (None, None) => {
                Self::NotWithin { watched: since_release(watched.last().map_or(released_s, |w| end(w))) }
            }
        }
    }

    /// The same with a limit: what takes longer is not within it.
    pub(crate) fn within(self, limit: Duration) -> Self {
        match self {
            Self::Recovered { after } if after > limit => Self::NotWithin { watched: limit },
            Self::NotWithin { watched } => Self::NotWithin { watched: watched.min(limit) },
            found @ (Self::Recovered { .. } | Self::Inconclusive { .. }) => found,
        }
    }

    /// Of two answers the one that is less good; of two recoveries the longer.
    pub(crate) fn worse(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::NotWithin { .. }, _) => self,
            (_, Self::NotWithin { .. }) => other,
            (Self::Inconclusive { .. }, _) => self,
            (_, Self::Inconclusive { .. }) => other,
            (Self::Recovered { after: this }, Self::Recovered { after: that }) if this >= that => self,
            (Self::Recovered { .. }, Self::Recovered { .. }) => other,
        }
    }
}

fn end(window: &Window) -> f64 {
    window.at_s + window.length_s
}

/// The windows without one that the end of the load cut short: too short to tell a rate.
pub(super) fn whole(windows: &[Window]) -> impl Iterator<Item = &Window> {
    let longest = windows.iter().map(|w| w.length_s).fold(0.0, f64::max);
    windows.iter().filter(move |w| w.length_s >= longest / 2.0)
}

/// Whether `windows` begin with `number` that follow each other, and all of them, with those that lie across their
/// borders, are as asked.
fn has_in_a_row(windows: &[&Window], number: usize, is_asked: impl Fn(&Window) -> bool) -> bool {
    let mut left = number;
    let mut next_s = f64::NEG_INFINITY;
    for window in windows {
        if left == 0 {
            break;
        }
        if !is_asked(window) {
            return false;
        }
        if window.at_s > next_s - BORDER_S {
            left -= 1;
            next_s = end(window);
        }
    }
    left == 0
}

/// Borders of windows that are closer than this are the same: they are sums of fractions.
const BORDER_S: f64 = 1e-6;

/// Why the generator, and not the target, may be what was seen: in at least half of the windows that are not normal its
/// starts were later than what is normal for a whole operation.
fn late(watched: &[&Window], normal: &Normal) -> Option<String> {
    let bad: Vec<&&Window> = watched.iter().filter(|window| !normal.includes(window)).collect();
    let late = bad.iter().filter(|window| window.lateness_p99_us > normal.p99_us).count();
    (late > 0 && 2 * late >= bad.len()).then(|| {
        format!(
            "in {late} of the {} windows that were not normal the load generator was late by more than {:.0} ms, which \
             is normal for a whole operation: give the case more `workers`, or its loads lower rates",
            bad.len(),
            normal.p99_us / 1e3
        )
    })
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

/// The bounds of normal.
struct Normal {
    p99_us: f64,
    failures: f64,
    goodput: f64,
}

impl Normal {
    /// What is normal after this baseline, or in words why that is not known.
    fn of(baseline: &Figures, tolerance: &Tolerance) -> Result<Self, String> {
        let (Some(p99), Some(goodput)) = (baseline.response_percentile(0.99), baseline.goodput()) else {
            return Err("the baseline has no operations: give it a higher rate or more time".to_owned());
        };
        if goodput == 0.0 {
            return Err("nothing succeeded in the baseline: see its errors first".to_owned());
        }
        let longest = p99.value.mul_f64(tolerance.latency_factor).max(p99.value + tolerance.latency_floor);
        Ok(Self {
            p99_us: longest.as_secs_f64() * 1e6,
            failures: failures(&baseline.counts) + tolerance.failures,
            goodput: goodput * tolerance.goodput,
        })
    }

    fn includes(&self, window: &Window) -> bool {
        let counts = &window.counts;
        window.p99_us <= self.p99_us
            && failures(counts) <= self.failures
            && counts.ok as f64 / window.length_s >= self.goodput
    }
}

/// The share of what ended that did not succeed.
pub(super) fn failures(counts: &Counts) -> f64 {
    match counts.ended() {
        0 => 0.0,
        ended => (ended - counts.ok) as f64 / ended as f64,
    }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovered { after } => {
                write!(f, "recovered within {:.1} s of the release", after.as_secs_f64())
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
        assert_eq!(found(&slow_then_normal, 1.0), "recovered within 3.0 s of the release");
        assert_eq!(found(&[(3.0, 50); 6], 1.0), "recovered within 0.0 s of the release");
    }

    #[test]
    fn errors_and_lost_goodput_are_no_recovery() {
        assert_eq!(found(&[(3.0, 44); 8], 2.0), "had not recovered 6 s after the release");
        assert_eq!(found(&[(900.0, 50); 8], 2.0), "had not recovered 6 s after the release");
    }

    /// Windows of a second that begin every tenth of one; down from 1 s to `back_s`.
    fn overlapping(back_s: f64) -> Vec<Window> {
        let is_down = |at: f64| (1.0..back_s).contains(&at);
        let window = |tenth: u32| {
            let at_s = f64::from(tenth) / 10.0;
            let ok = (0..50).filter(|n| !is_down(at_s + f64::from(*n) / 50.0)).count() as u64;
            let counts = Counts { due: 50, ok, error: 50 - ok, ..Counts::default() };
            Window { at_s, length_s: 1.0, p99_us: 3e3, counts, ..Window::default() }
        };
        (0..100).map(window).collect()
    }

    #[test]
    fn windows_that_overlap_tell_more_exactly() {
        for back_s in [3.0, 3.05, 3.5, 4.0] {
            match Recovery::find(&baseline(), &overlapping(back_s), 1.0, &Tolerance::default()) {
                Recovery::Recovered { after } => {
                    let off = after.as_secs_f64() - (back_s - 1.0);
                    assert!((-1e-9..0.1).contains(&off), "back at {back_s} s: off by {off}");
                }
                other => panic!("{other}"),
            }
        }
        // Three seconds of normal are three seconds, however many windows begin in them.
        let short = &overlapping(3.0)[..49];
        let found = Recovery::find(&baseline(), short, 1.0, &Tolerance::default());
        assert_eq!(found.to_string(), "had not recovered 5 s after the release");
    }

    #[test]
    fn a_generator_that_was_late_tells_nothing_of_the_target() {
        let mut late = windows(&[(900.0, 50); 8]);
        late.iter_mut().for_each(|window| window.lateness_p99_us = 890e3);
        let found = Recovery::find(&baseline(), &late, 2.0, &Tolerance::default()).to_string();
        assert!(found.starts_with("recovery cannot be told: in 6 of the 6 windows"), "{found}");
    }

    #[test]
    fn the_worst_answer_and_the_limit() {
        let recovered = |s| Recovery::Recovered { after: Duration::from_secs(s) };
        let unknown = || Recovery::Inconclusive { reason: "stopped".into() };
        let never = || Recovery::NotWithin { watched: Duration::from_secs(60) };
        assert_eq!(recovered(2).worse(recovered(3)), recovered(3));
        assert_eq!(recovered(3).worse(recovered(2)), recovered(3));
        assert_eq!(recovered(3).worse(unknown()), unknown());
        assert_eq!(unknown().worse(never()), never());
        assert_eq!(never().worse(recovered(1)), never());
        assert_eq!(recovered(61).within(Duration::from_secs(60)), never());
        assert_eq!(recovered(60).within(Duration::from_secs(60)), recovered(60));
        let longer = Recovery::NotWithin { watched: Duration::from_secs(63) };
        assert_eq!(longer.within(Duration::from_secs(60)), never(), "what was watched beyond it is not told");
    }

    #[test]
    fn too_little_to_tell() {
        assert_eq!(
            found(&[(3.0, 50); 4], 3.0),
            "recovery cannot be told: the load was not watched for long enough after the release: let it last longer"
        );
        let empty =
            Recovery::find(&Figures::default(), &windows(&[(3.0, 50); 9]), 0.0, &Tolerance::default());
        assert_eq!(
            empty.to_string(),
            "recovery cannot be told: the baseline has no operations: give it a higher rate or more time"
        );
    }
}
