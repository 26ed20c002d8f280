use serde::{Deserialize, Serialize};

use super::recovery::{failures, whole};
use crate::observe::{Figures, Window};

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

impl Depth {
    /// Looks at the windows of a steady load from `from_s`, where the overload began, to `to_s`, where it had recovered
    /// or was not watched any more; both in seconds since the start of the load. `baseline` is the load before. `None`
    /// where no window is in there, or nothing succeeded before.
    pub fn find(baseline: &Figures, windows: &[Window], from_s: f64, to_s: f64) -> Option<Self> {
        let normal = baseline.goodput().filter(|goodput| *goodput > 0.0)?;
        let within = whole(windows).filter(|w| w.at_s + w.length_s > from_s && w.at_s < to_s);
        let share = |w: &Window| w.counts.ok as f64 / w.length_s / normal;
        within.fold(None, |worst: Option<Self>, window| {
            let seen = Self {
                goodput_share: share(window),
                failures: failures(&window.counts),
                p99_us: window.p99_us,
                backlog: window.in_flight,
            };
            Some(worst.map_or(seen, |worst| worst.deeper(&seen)))
        })
    }

    /// The worse of each figure.
    pub(crate) fn deeper(&self, other: &Self) -> Self {
        Self {
            goodput_share: self.goodput_share.min(other.goodput_share),
            failures: self.failures.max(other.failures),
            p99_us: self.p99_us.max(other.p99_us),
            backlog: self.backlog.max(other.backlog),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    fn baseline() -> Figures {
        let counts = Counts { due: 250, ok: 250, ..Counts::default() };
        Figures { duration_s: 5.0, counts, ..Figures::default() }
    }

    /// One window a second: how many of 50 succeeded, the p99 in milliseconds and what was in flight.
    fn windows(seconds: &[(u64, f64, u64)]) -> Vec<Window> {
        let window = |(at, (ok, p99_ms, in_flight)): (usize, &(u64, f64, u64))| Window {
            at_s: at as f64,
            length_s: 1.0,
            p99_us: p99_ms * 1e3,
            in_flight: *in_flight,
            counts: Counts { due: 50, ok: *ok, timeout: 50 - ok, ..Counts::default() },
            ..Window::default()
        };
        seconds.iter().enumerate().map(window).collect()
    }

    #[test]
    fn the_worst_of_each_figure_between_the_two_moments() {
        let seen = windows(&[(1, 9e9, 999), (50, 3.0, 1), (20, 800.0, 40), (40, 900.0, 70), (50, 3.0, 0)]);
        let depth = Depth::find(&baseline(), &seen, 1.0, 4.0).unwrap();
        assert_eq!(depth, Depth { goodput_share: 0.4, failures: 0.6, p99_us: 900e3, backlog: 70 });
    }

    #[test]
    fn a_target_that_was_never_disturbed_has_no_depth() {
        let depth = Depth::find(&baseline(), &windows(&[(50, 3.0, 0); 4]), 1.0, 3.0).unwrap();
        assert_eq!(depth, Depth { goodput_share: 1.0, failures: 0.0, p99_us: 3e3, backlog: 0 });
    }

    #[test]
    fn nothing_to_look_at_is_no_depth() {
        assert_eq!(Depth::find(&baseline(), &windows(&[(50, 3.0, 0)]), 5.0, 9.0), None);
        assert_eq!(Depth::find(&Figures::default(), &windows(&[(50, 3.0, 0)]), 0.0, 9.0), None);
    }
}
