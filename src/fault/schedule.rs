use std::time::Duration;

/// Repeats that come sooner after each other are a rate of faults rather than a schedule.
const SHORTEST_REPEAT: Duration = Duration::from_millis(100);

/// Which clock the times of a fault are on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// That of each load: from its first level on, after a warm-up.
    #[default]
    Load,
    /// That of the case.
    Case,
}

/// When faults are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schedule {
    /// Until the guard is dropped.
    Always,
    /// From a time to another, and again after each `every`.
    At { from: Duration, until: Duration, every: Option<Duration>, clock: Clock },
}

/// A stretch of time, and which repeat it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) number: u32,
    pub(super) from: Duration,
    pub(super) until: Duration,
}

impl Schedule {
    /// Why this is no schedule, if it is none.
    pub(super) fn mistake(&self) -> Option<(Duration, Duration, &'static str)> {
        let Self::At { from, until, every, .. } = *self else { return None };
        let reason = match every {
            _ if from >= until => "the end has to be after the beginning",
            Some(every) if every < SHORTEST_REPEAT => "repeats are at least 100 ms apart",
            Some(every) if every < until - from => {
                "a repeat begins before the one before it ends: end it earlier, or repeat it later"
            }
            Some(_) | None => return None,
        };
        Some((from, until, reason))
    }

    pub(super) const fn clock(&self) -> Clock {
        match self {
            Self::Always => Clock::Load,
            Self::At { clock, .. } => *clock,
        }
    }

    /// The same with all times multiplied.
    pub(super) fn scaled(self, factor: f64) -> Self {
        let times = |time: Duration| {
            Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
        };
        match self {
            Self::Always => Self::Always,
            Self::At { from, until, every, clock } => {
                Self::At { from: times(from), until: times(until), every: every.map(times), clock }
            }
        }
    }

    /// The stretch that is in force at `at`, if one is; `None` for a time before the clock begins.
    pub(super) fn at(&self, at: Option<Duration>) -> Option<Stretch> {
        match *self {
            Self::Always => Some(Stretch { number: 0, from: Duration::ZERO, until: Duration::MAX }),
            Self::At { from, every, .. } => {
                let since = at?.checked_sub(from)?;
                let number = every.map_or(0, |every| (since.as_nanos() / every.as_nanos().max(1)) as u32);
                self.stretch(number).filter(|stretch| at.is_some_and(|at| at < stretch.until))
            }
        }
    }

    /// The stretch of this number, from 0.
    pub(super) fn stretch(&self, number: u32) -> Option<Stretch> {
        match *self {
            Self::Always => {
                (number == 0).then_some(Stretch { number, from: Duration::ZERO, until: Duration::MAX })
            }
            Self::At { from, until, every, .. } => {
                let later = match (number, every) {
                    (0, _) => Duration::ZERO,
                    (_, Some(every)) => every.checked_mul(number)?,
                    (_, None) => return None,
                };
                Some(Stretch { number, from: from.checked_add(later)?, until: until.checked_add(later)? })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, seconds};

    fn at(from: u64, until: u64, every: Option<u64>) -> Schedule {
        Schedule::At {
            from: seconds(from),
            until: seconds(until),
            every: every.map(seconds),
            clock: Clock::Load,
        }
    }

    #[test]
    fn a_stretch_begins_and_ends_where_it_was_asked_for() {
        let once = at(5, 10, None);
        let in_force = |schedule: &Schedule, ms| schedule.at(Some(millis(ms))).map(|stretch| stretch.number);
        let times = [0, 4_999, 5_000, 9_999, 10_000, 60_000];
        assert_eq!(times.map(|ms| in_force(&once, ms)), [None, None, Some(0), Some(0), None, None]);
        assert_eq!((once.at(None), once.stretch(1)), (None, None));
        let again = at(5, 10, Some(20));
        let times = [24_999, 25_000, 29_999, 30_000, 45_000, 50_000];
        assert_eq!(times.map(|ms| in_force(&again, ms)), [None, Some(1), Some(1), None, Some(2), None]);
        assert_eq!(again.stretch(2), Some(Stretch { number: 2, from: seconds(45), until: seconds(50) }));
        assert_eq!(in_force(&again.scaled(0.1), 2_600), Some(1));
        assert!(Schedule::Always.at(None).is_some());
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let reason = |schedule: Schedule| schedule.mistake().map(|(_, _, reason)| reason);
        assert_eq!(reason(at(10, 5, None)), Some("the end has to be after the beginning"));
        assert_eq!(
            reason(at(5, 10, Some(4))),
            Some("a repeat begins before the one before it ends: end it earlier, or repeat it later")
        );
        assert_eq!(reason(at(5, 10, Some(0))), Some("repeats are at least 100 ms apart"));
        assert_eq!(reason(at(5, 10, Some(5))), None);
        assert_eq!(reason(Schedule::Always), None);
    }
}
