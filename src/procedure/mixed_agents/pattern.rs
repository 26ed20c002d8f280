use std::time::Duration;

use crate::{
    load::{Load, Spacing},
    units::{Rate, show_duration},
};

/// The operations of a burst start within this time.
const BURST: Duration = Duration::from_millis(100);

/// Each burst is a stage of the load with figures of its own; the report has a row for each.
const MOST_BURSTS: u128 = 500;

/// When the users of one kind are at work.
///
/// ```
/// use proofload::{millis, per_second, procedure::Pattern, seconds};
/// // Twelve people who read for two to five seconds between two clicks, and a job that sends 50 at a time.
/// let people = Pattern::users(12, seconds(2), seconds(5));
/// let job = Pattern::bursts(50, seconds(30));
/// assert_ne!(people, job);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pattern {
    pub(super) kind: Kind,
    level: Level,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Users { users: u32, think: (Duration, Duration) },
    Rate { rate: Rate, spacing: Spacing },
    Bursts { operations: u32, every: Duration },
}

/// Whether the severity changes the level.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    Stated,
    Usual,
}

impl Pattern {
    /// `users` that each pause between `least` and `most` after an operation.
    pub const fn users(users: u32, least: Duration, most: Duration) -> Self {
        Self { kind: Kind::Users { users, think: (least, most) }, level: Level::Stated }
    }

    /// Operations at an even rate, whatever becomes of them.
    pub const fn rate(rate: Rate) -> Self {
        Self { kind: Kind::Rate { rate, spacing: Spacing::Uniform }, level: Level::Stated }
    }

    /// Operations as independent callers start them: at random moments, `rate` on average.
    pub const fn independent(rate: Rate) -> Self {
        Self { kind: Kind::Rate { rate, spacing: Spacing::Poisson }, level: Level::Stated }
    }

    /// `operations` within a tenth of a second, once in each `every`, and nothing between.
    pub const fn bursts(operations: u32, every: Duration) -> Self {
        Self { kind: Kind::Bursts { operations, every }, level: Level::Stated }
    }

    /// Short and frequent: 8 users that pause for 50 to 150 ms. As with the next three, the severity makes it more or
    /// less.
    pub const fn short_frequent() -> Self {
        Self::users(8, Duration::from_millis(50), Duration::from_millis(150)).usual()
    }

    /// Long and occasional: 2 users that pause for 2 to 6 s. What makes it long is the operation.
    pub const fn long_occasional() -> Self {
        Self::users(2, Duration::from_secs(2), Duration::from_secs(6)).usual()
    }

    /// Bursty: 20 operations every 5 s.
    pub const fn bursty() -> Self {
        Self::bursts(20, Duration::from_secs(5)).usual()
    }

    /// Sporadic: now and then, once in 2 s on average, at random.
    pub const fn sporadic() -> Self {
        Self::independent(Rate::new(0.5)).usual()
    }

    const fn usual(self) -> Self {
        Self { level: Level::Usual, ..self }
    }

    /// The pattern at `factor` times its level, unless that was stated; nobody is scaled away.
    pub(super) fn harder(self, factor: f64) -> Self {
        let count = |n: u32| ((f64::from(n) * factor).round() as u32).max(1);
        let kind = match (self.level, self.kind) {
            (Level::Stated, kind) => kind,
            (Level::Usual, Kind::Users { users, think }) => Kind::Users { users: count(users), think },
            (Level::Usual, Kind::Rate { rate, spacing }) => Kind::Rate { rate: rate.scaled(factor), spacing },
            (Level::Usual, Kind::Bursts { operations, every }) => {
                Kind::Bursts { operations: count(operations), every }
            }
        };
        Self { kind, ..self }
    }

    /// The load over `length`.
    pub(super) fn load(self, length: Duration) -> Load {
        match self.kind {
            Kind::Users { users, think: (_, Duration::ZERO) } => {
                Load::users(users).for_duration(length).into()
            }
            Kind::Users { users, think: (least, most) } => {
                Load::users(users).for_duration(length).think_between(least, most).into()
            }
            Kind::Rate { rate, spacing: Spacing::Uniform } => Load::rate(rate).for_duration(length).into(),
            Kind::Rate { rate, spacing: Spacing::Poisson } => {
                Load::rate(rate).for_duration(length).poisson().into()
            }
            Kind::Bursts { operations, every } => {
                let peak = Rate::new(f64::from(operations) / BURST.as_secs_f64());
                Load::spikes(Rate::new(0.0), peak, BURST, every, length).into()
            }
        }
    }

    /// The rise to the pattern's level; bursts have none.
    pub(super) fn rising(self, length: Duration) -> Option<Load> {
        match self.kind {
            Kind::Users { users, think: (least, most) } => {
                Some(Load::users(0).ramp_to(users, length).think_between(least, most).into())
            }
            Kind::Rate { rate, .. } => Some(Load::rate(Rate::new(0.0)).ramp_to(rate, length).into()),
            Kind::Bursts { .. } => None,
        }
    }

    /// Why it cannot be carried out within `length`, if so.
    pub(super) fn mistake(self, length: Duration) -> Option<String> {
        match self.kind {
            Kind::Users { users: 0, .. } => Some("it has no users: give it at least 1".to_owned()),
            Kind::Users { think: (least, most), .. } if least > most => {
                let (least, most) = (show_duration(least), show_duration(most));
                Some(format!("its pause ends ({most}) before it begins ({least}): exchange the two"))
            }
            Kind::Users { .. } => None,
            Kind::Rate { rate, .. } if !(rate.per_second().is_finite() && rate.per_second() > 0.0) => {
                Some(format!("its rate is {rate}: it must be over 0"))
            }
            Kind::Rate { .. } => None,
            Kind::Bursts { operations: 0, .. } => {
                Some("its bursts have no operations: give them at least 1".to_owned())
            }
            Kind::Bursts { every, .. } if every <= BURST => Some(format!(
                "its bursts follow each other every {}: it must be longer than the {} of a burst",
                show_duration(every),
                show_duration(BURST)
            )),
            Kind::Bursts { every, .. } if every > length => Some(format!(
                "its first burst comes after {}, and all is over after {}: let them last longer, or the bursts come \
                 more often",
                show_duration(every),
                show_duration(length)
            )),
            Kind::Bursts { every, .. } if length.as_nanos() / every.as_nanos() > MOST_BURSTS => {
                Some(format!("it has over {MOST_BURSTS} bursts: give them a longer `every`"))
            }
            Kind::Bursts { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, per_second, seconds};

    #[test]
    fn patterns_are_loads() {
        let plan = |pattern: Pattern| pattern.load(seconds(10)).describe();
        assert_eq!(plan(Pattern::short_frequent()), "8 users for 10 s, thinking 50 ms to 150 ms");
        assert_eq!(plan(Pattern::long_occasional()), "2 users for 10 s, thinking 2 s to 6 s");
        assert_eq!(
            plan(Pattern::bursty()),
            "pause for 4.9 s, 200/s for 100 ms, pause for 4.9 s, 200/s for 100 ms"
        );
        assert_eq!(plan(Pattern::sporadic()), "0.5/s for 10 s, Poisson");
        assert_eq!(plan(Pattern::users(3, Duration::ZERO, Duration::ZERO)), "3 users for 10 s");
        assert_eq!(plan(Pattern::rate(per_second(7))), "7/s for 10 s");
    }

    #[test]
    fn a_burst_has_its_operations() {
        let Load::Open(load) = Pattern::bursts(20, seconds(5)).load(seconds(10)) else {
            panic!("it is open")
        };
        let arrivals: Vec<f64> = load.arrivals(1).map(|at| at.as_secs_f64()).collect();
        let (first, second) = arrivals.split_at(20);
        assert!(first.iter().all(|at| (4.9..5.0).contains(at)), "{first:?}");
        assert!(second.len() == 20 && second.iter().all(|at| (9.9..10.0).contains(at)), "{second:?}");
    }

    #[test]
    fn severity_moves_the_usual_ones_only() {
        let plan = |pattern: Pattern, factor| pattern.harder(factor).load(seconds(10)).describe();
        assert_eq!(plan(Pattern::short_frequent(), 4.0), "32 users for 10 s, thinking 50 ms to 150 ms");
        assert_eq!(plan(Pattern::long_occasional(), 0.1), "1 user for 10 s, thinking 2 s to 6 s");
        assert_eq!(plan(Pattern::sporadic(), 2.0), "1/s for 10 s, Poisson");
        assert_eq!(plan(Pattern::rate(per_second(7)), 2.0), "7/s for 10 s");
    }

    #[test]
    fn what_cannot_be_is_told() {
        let mistake = |pattern: Pattern| pattern.mistake(seconds(10)).unwrap_or_default();
        assert_eq!(mistake(Pattern::users(0, millis(1), millis(2))), "it has no users: give it at least 1");
        assert_eq!(
            mistake(Pattern::users(1, seconds(2), seconds(1))),
            "its pause ends (1 s) before it begins (2 s): exchange the two"
        );
        assert_eq!(mistake(Pattern::rate(per_second(0))), "its rate is 0/s: it must be over 0");
        assert!(mistake(Pattern::independent(per_second(f64::NAN))).contains("must be over 0"));
        assert_eq!(
            mistake(Pattern::bursts(0, seconds(1))),
            "its bursts have no operations: give them at least 1"
        );
        assert!(
            mistake(Pattern::bursts(5, millis(100))).contains("must be longer than the 100 ms of a burst")
        );
        assert!(mistake(Pattern::bursts(5, seconds(11))).contains("its first burst comes after 11 s"));
        assert!(mistake(Pattern::bursts(5, millis(101)).harder(1.0)).is_empty());
        assert!(Pattern::bursts(5, millis(101)).mistake(seconds(100)).unwrap().contains("over 500 bursts"));
        assert_eq!(mistake(Pattern::bursty()), "");
    }
}
