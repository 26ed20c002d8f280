use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    observe::{Histogram, Observation},
    units::show_duration,
};

/// Both sides may differ by this share, beside what counting once a second leaves open.
const TOLERANCE: f64 = 0.05;

/// Deviations of a path that was looked at once a second: three are no accident.
const DEVIATIONS: f64 = 3.0;

/// Shorter operations spend a notable part of their time between the two clocks that are compared.
const SHORTEST: Duration = Duration::from_millis(1);

/// Little's law N = X R in one observation: what was counted against what was timed.
///
/// The mean number of operations in flight, counted once a second, must be the rate at which operations end times the
/// mean time that they take. Over a whole load, its drain included, that is no matter of statistics: both are the same
/// area, the sum of all service times (Little, *A Proof for the Queuing Formula L = λW*, 1961; Stidham, *A Last Word on
/// L = λW*, 1974). For users without think time the mean number in flight is their number.
///
/// ```
/// use proofload::judge::LittlesLaw;
/// let law = LittlesLaw { in_flight: 50.4, per_sec: 1_000.0, time_s: 0.05, uncertainty: 0.01 };
/// assert!(law.holds());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LittlesLaw {
    /// Mean number of operations in flight, as counted (N).
    pub in_flight: f64,
    /// Operations that ended, refusals included, per second (X).
    pub per_sec: f64,
    /// The mean of their service times, in seconds (R).
    pub time_s: f64,
    /// The share by which N may be off, because it was counted once a second only.
    pub uncertainty: f64,
}

impl LittlesLaw {
    /// Both sides of the law in an observation; `None` when the data do not carry the check: an operation timed out or
    /// was not finished, the load's end is missing, operations are shorter than 1 ms, refused ones were late (their time
    /// is known from the intended start only), or so few seconds were counted, or so different ones, that a difference
    /// of 5 % would say nothing.
    pub fn of(observation: &Observation) -> Option<Self> {
        let mut ended = Histogram::default();
        let mut late = Histogram::default();
        let mut lost = 0;
        for phase in &observation.phases {
            let figures = &phase.figures;
            ended.merge(&figures.service);
            if !figures.rejected.is_empty() {
                ended.merge(&figures.rejected);
                late.merge(&figures.lateness);
            }
            lost += figures.counts.timeout + figures.counts.unfinished;
        }
        let is_too_late = late.mean() > ended.mean().mul_f64(TOLERANCE / 2.0);
        if !observation.complete || lost > 0 || is_too_late || ended.mean() < SHORTEST {
            return None;
        }
        let counted = Area::of(observation)?;
        let law = Self {
            in_flight: counted.area / counted.span_s,
            per_sec: ended.count() as f64 / counted.span_s,
            time_s: ended.mean().as_secs_f64(),
            uncertainty: counted.unsure / counted.area,
        };
        (law.uncertainty <= TOLERANCE).then_some(law)
    }

    /// Whether both sides agree within 5 %, and what counting once a second leaves open.
    pub fn holds(&self) -> bool {
        let timed = self.per_sec * self.time_s;
        (self.in_flight / timed - 1.0).abs() <= TOLERANCE + self.uncertainty
    }

    /// What to think of figures for which the law does not hold; `None` when it does.
    pub fn doubt(&self) -> Option<String> {
        let timed = self.per_sec * self.time_s;
        (!self.holds()).then(|| {
            format!(
                "{:.1} operations were in flight on average, but {:.0}/s of {} each make {timed:.1} (Little's law): \
                 counts and times do not fit each other, or the load comes and goes in step with the seconds at which \
                 it is counted",
                self.in_flight,
                self.per_sec,
                show_duration(Duration::try_from_secs_f64(self.time_s).unwrap_or_default())
            )
        })
    }
}

/// The area under the number in flight, and how far it may be off.
struct Area {
    area: f64,
    unsure: f64,
    span_s: f64,
}

impl Area {
    /// By trapezoids between the counts at the ends of the windows. How far two neighbours lie apart says how far the
    /// path between them may stray; at its beginning and its end the whole of a window is unknown.
    fn of(observation: &Observation) -> Option<Self> {
        let windows = &observation.timeline;
        let last = windows.last()?;
        let (mut before, mut area, mut steps) = (0.0, 0.0, Vec::with_capacity(windows.len()));
        for window in windows {
            let now = window.in_flight as f64;
            area += (before + now) / 2.0 * window.length_s;
            steps.push((now - before).abs() / 2.0 * window.length_s);
            before = now;
        }
        let span_s = last.at_s + last.length_s;
        let (rise, inside, fall) = match steps.as_slice() {
            [rise, inside @ .., fall] => (rise, inside, fall + before / 2.0),
            [_] | [] => return None,
        };
        let unsure = rise + fall + DEVIATIONS * inside.iter().map(|step| step * step).sum::<f64>().sqrt();
        (area > 0.0 && span_s > 0.0).then_some(Self { area, unsure, span_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Counts, Figures, Phase, Window};

    /// A load of `seconds` with `per_sec` operations of `ms` each, of which `in_flight(second)` were counted.
    fn observed(seconds: u64, per_sec: u64, ms: u64, in_flight: impl Fn(u64) -> u64) -> Observation {
        let mut figures = Figures { duration_s: seconds as f64, ..Figures::default() };
        let due = seconds * per_sec;
        figures.counts = Counts { due, ok: due, ..Counts::default() };
        figures.service.record_n(ms * 1_000_000, due);
        let window = |n: u64| Window {
            at_s: n as f64,
            length_s: 1.0,
            in_flight: if n + 1 == seconds { 0 } else { in_flight(n) },
            ..Window::default()
        };
        Observation {
            timeline: (0..seconds).map(window).collect(),
            phases: vec![Phase { is_started: true, figures, ..Phase::default() }],
            complete: true,
            ..Observation::default()
        }
    }

    #[test]
    fn counts_and_times_that_fit_raise_no_doubt() {
        for steady in [observed(60, 1_000, 50, |_| 50), observed(60, 1_000, 50, |n| 45 + n * 7 % 11)] {
            let law = LittlesLaw::of(&steady).expect("there are enough seconds");
            assert!(law.holds() && law.doubt().is_none(), "{law:?}");
            assert!((law.per_sec * law.time_s - 50.0).abs() < 0.1, "{law:?}");
        }
    }

    #[test]
    fn counts_that_do_not_fit_are_told() {
        let law = LittlesLaw::of(&observed(60, 1_000, 50, |_| 60)).expect("there are enough seconds");
        assert!(!law.holds(), "{law:?}");
        insta::assert_snapshot!(
            law.doubt().unwrap(),
            @"59.0 operations were in flight on average, but 1000/s of 50 ms each make 50.0 (Little's law): counts and times do not fit each other, or the load comes and goes in step with the seconds at which it is counted"
        );
        let fewer = LittlesLaw::of(&observed(60, 1_000, 50, |_| 40)).expect("there are enough seconds");
        assert!(!fewer.holds(), "{fewer:?}");
    }

    #[test]
    fn what_the_data_do_not_carry_is_not_checked() {
        let none = |seen: Observation| assert_eq!(LittlesLaw::of(&seen), None);
        none(observed(10, 1_000, 50, |_| 60));
        none(observed(60, 1_000, 50, |n| if n % 2 == 0 { 0 } else { 120 }));
        none(observed(60, 1_000, 0, |_| 60));
        none(Observation { complete: false, ..observed(60, 1_000, 50, |_| 60) });
        none(Observation { timeline: Vec::new(), ..observed(60, 1_000, 50, |_| 60) });
        let mut censored = observed(60, 1_000, 50, |_| 60);
        censored.phases[0].figures.counts.timeout = 1;
        none(censored);
    }
}
