use std::time::Duration;

use super::{
    Arrivals, Stage,
    limits::MOST_STAGES,
    stage::{show_rate, show_users},
};
use crate::units::{Rate, show_duration};

/// When operations start: at a rate ([`OpenLoad`]) or by users that loop ([`ClosedLoad`]).
///
/// ```
/// use std::time::Duration;
/// use proofload::{Load, per_second, seconds};
/// let rising = Load::rate(per_second(10)).for_duration(seconds(5)).ramp_to(per_second(100), seconds(30));
/// assert_eq!(Load::from(rising).describe(), "10/s for 5 s, 10/s to 100/s in 30 s");
/// let crowd = Load::users(50).for_duration(seconds(10)).think(Duration::from_millis(20));
/// assert_eq!(Load::from(crowd).describe(), "50 users for 10 s, thinking 20 ms");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Load {
    /// Operations start when a schedule says so.
    Open(OpenLoad),
    /// Users loop.
    Closed(ClosedLoad),
}

/// How the arrivals of an open load are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Spacing {
    /// Evenly, as the rate says.
    #[default]
    Uniform,
    /// As independent callers arrive: exponential gaps with the rate as their mean.
    Poisson,
}

/// An open load: a rate over time. A slow target does not slow it down.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenLoad {
    pub(crate) stages: Vec<Stage>,
    pub(crate) spacing: Spacing,
    pub(super) level: f64,
}

/// A closed load: users that each start an operation when their last one has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedLoad {
    pub(crate) stages: Vec<Stage>,
    pub(crate) think: Think,
    pub(crate) iterations: Option<Iterations>,
    pub(crate) start_up: StartUp,
    pub(super) level: f64,
}

/// The pause of a user between two operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Think {
    /// None: the next operation starts at once.
    Never,
    /// Evenly distributed between two lengths.
    Between(Duration, Duration),
}

/// How the users of a step up come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StartUp {
    /// The first thousand at once, the others at 20 000 a second, or as fast as it takes for all of them to be there
    /// after a tenth of the stage.
    #[default]
    Spread,
    /// All of them at once.
    AtOnce,
}

/// After how many operations a closed load ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iterations {
    /// Each user does so many.
    PerUser(u64),
    /// All users together do so many.
    Shared(u64),
}

impl Load {
    /// An open load that starts operations at `rate`; give it a length with [`OpenLoad::for_duration`].
    ///
    /// A rate that is negative, infinite, not a number or over 10 million a second is refused when the load is to run,
    /// and so is a load whose rate is 0 from beginning to end.
    pub const fn rate(rate: Rate) -> OpenLoad {
        OpenLoad { stages: Vec::new(), spacing: Spacing::Uniform, level: rate.per_second() }
    }

    /// A closed load of `users`; give it a length or a number of iterations.
    ///
    /// Where more than a thousand come in one step, the others follow at 20 000 a second or within a tenth of the
    /// stage, so that a crowd is not a burst; [`ClosedLoad::all_at_once`] makes it one.
    ///
    /// A load without users or with over 10 million is refused when it is to run.
    pub const fn users(users: u32) -> ClosedLoad {
        ClosedLoad {
            stages: Vec::new(),
            think: Think::Never,
            iterations: None,
            start_up: StartUp::Spread,
            level: users as f64,
        }
    }

    /// `operations` that all start at once: as many users, one operation each.
    pub const fn at_once(operations: u32) -> ClosedLoad {
        let mut burst = Self::users(operations);
        burst.iterations = Some(Iterations::PerUser(1));
        burst.start_up = StartUp::AtOnce;
        burst
    }

    /// A base rate with a spike of `peak` for `length` at the end of each `every`, over `total`. Periods of no length,
    /// and so many that there are over 10 000 stages, are refused when the load is to run.
    pub fn spikes(base: Rate, peak: Rate, length: Duration, every: Duration, total: Duration) -> OpenLoad {
        let mut load = Self::rate(base);
        let mut left = total;
        // A spike longer than its period leaves no base; `checked` refuses a period of zero.
        let calm = every.saturating_sub(length);
        while !left.is_zero() && !every.is_zero() && load.stages.len() <= MOST_STAGES {
            load = load.step_to(base).for_duration(calm.min(left));
            left = left.saturating_sub(calm);
            if !left.is_zero() {
                load = load.step_to(peak).for_duration(length.min(left));
                left = left.saturating_sub(length);
            }
            if calm.is_zero() && length.is_zero() {
                break;
            }
        }
        load
    }

    /// A quarter, a half, the whole and again a half of `target`, each for a quarter of `total`.
    pub fn steps(target: Rate, total: Duration) -> OpenLoad {
        [0.25, 0.5, 1.0, 0.5].into_iter().fold(Self::rate(target), |load, share| {
            load.step_to(target.scaled(share)).for_duration(total / 4)
        })
    }

    /// The load in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Open(open) => {
                let stages = describe_stages(&open.stages, show_rate);
                match open.spacing {
                    Spacing::Uniform => stages,
                    Spacing::Poisson => format!("{stages}, Poisson"),
                }
            }
            Self::Closed(closed) => {
                let think = match closed.think {
                    Think::Never => String::new(),
                    Think::Between(a, b) if a == b => format!(", thinking {}", show_duration(a)),
                    Think::Between(a, b) => {
                        format!(", thinking {} to {}", show_duration(a), show_duration(b))
                    }
                };
                let iterations = match closed.iterations {
                    None => String::new(),
                    Some(Iterations::PerUser(1)) => " once each".to_owned(),
                    Some(Iterations::PerUser(n)) => format!(" x {n} iterations each"),
                    Some(Iterations::Shared(n)) => format!(", {n} iterations in all"),
                };
                format!("{}{iterations}{think}", describe_stages(&closed.stages, show_users))
            }
        }
    }

    pub(crate) fn stages(&self) -> &[Stage] {
        match self {
            Self::Open(open) => &open.stages,
            Self::Closed(closed) => &closed.stages,
        }
    }

    /// The highest level: operations per second, or users.
    pub(crate) fn peak(&self) -> f64 {
        self.stages().iter().map(Stage::peak).fold(0.0, f64::max)
    }

    /// The scheduled length; `None` when only iterations end it.
    pub(crate) fn length(&self) -> Option<Duration> {
        self.stages().iter().try_fold(Duration::ZERO, |sum, stage| Some(sum.saturating_add(stage.length?)))
    }

    /// Says what a stage is called in reports.
    pub(crate) fn stage_name(&self, index: usize) -> String {
        let stage = &self.stages()[index];
        match (&stage.name, self) {
            (Some(name), _) => name.clone(),
            (None, Self::Open(_)) => stage.describe(show_rate),
            (None, Self::Closed(_)) => stage.describe(show_users),
        }
    }

    /// Gives a load without a stage its only one, and refuses what contradicts itself.
    pub(crate) fn checked(mut self) -> Result<Self, LoadError> {
        match &mut self {
            Self::Closed(closed) if closed.stages.is_empty() && closed.iterations.is_some() => {
                closed.stages.push(Stage::hold(closed.level, None));
            }
            _ => {}
        }
        let wrong = |reason: String| Err(self.refused(reason));
        if self.stages().is_empty() {
            return wrong("it has no length: add `.for_duration(...)`".to_owned());
        }
        if !self.stages().iter().all(Stage::is_possible) {
            return wrong("a rate must be a finite number that is not negative: give it one like 100/s, and load_scale a small factor".to_owned());
        }
        self.within_limits(Duration::ZERO)?;
        let is_idle = self.peak() == 0.0;
        let has_no_time = self.length().is_some_and(|l| l.is_zero());
        match &self {
            Self::Open(_) if is_idle => wrong(
                "its rate is 0 from beginning to end: nothing would start; give it one over 0".to_owned(),
            ),
            Self::Closed(_) if is_idle => {
                wrong("it has no users: nothing would start; give it at least 1".to_owned())
            }
            _ if has_no_time => wrong("it lasts 0 s: give it a longer duration".to_owned()),
            Self::Closed(ClosedLoad {
                iterations: Some(Iterations::PerUser(0) | Iterations::Shared(0)),
                ..
            }) => wrong("0 iterations: nothing would start; give it at least 1".to_owned()),
            Self::Closed(ClosedLoad { think: Think::Between(least, most), .. }) if least > most => {
                wrong(format!(
                    "the think time ends ({}) before it begins ({}): exchange the two",
                    show_duration(*most),
                    show_duration(*least)
                ))
            }
            _ => Ok(self),
        }
    }
}

fn describe_stages(stages: &[Stage], level: fn(f64) -> String) -> String {
    stages.iter().map(|s| s.describe(level)).collect::<Vec<_>>().join(", ")
}

/// A load that contradicts itself or that no machine could carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the load `{load}` cannot run: {reason}")]
pub struct LoadError {
    /// The load in words.
    pub load: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl From<OpenLoad> for Load {
    fn from(load: OpenLoad) -> Self {
        Self::Open(load)
    }
}

impl From<ClosedLoad> for Load {
    fn from(load: ClosedLoad) -> Self {
        Self::Closed(load)
    }
}

macro_rules! stages {
    ($load:ty, $level:ty, $amount:expr) => {
        impl $load {
            /// Holds the present level for `length`. The first operation is due at its start, so that a length under
            /// one interval has one. All stages together may last 10 days.
            pub fn for_duration(mut self, length: Duration) -> Self {
                self.stages.push(Stage::hold(self.level, Some(length)));
                self
            }

            /// Goes to `level` in a straight line within `length`; at once when that is 0, as `step_to` does.
            pub fn ramp_to(mut self, level: $level, length: Duration) -> Self {
                let to = $amount(level);
                self.stages.push(Stage::ramp(self.level, to, length));
                self.level = to;
                self
            }

            /// Goes to `level` at once; hold it with `for_duration`.
            pub fn step_to(mut self, level: $level) -> Self {
                self.level = $amount(level);
                self
            }

            /// Jumps to `level` for `length` and back again.
            pub fn spike(mut self, level: $level, length: Duration) -> Self {
                self.stages.push(Stage::hold($amount(level), Some(length)));
                self
            }

            /// Starts nothing for `length`.
            pub fn pause(mut self, length: Duration) -> Self {
                self.stages.push(Stage::hold(0.0, Some(length)));
                self
            }

            /// Names the last stage, for the report and for expectations by phase.
            pub fn called(mut self, name: impl Into<String>) -> Self {
                if let Some(stage) = self.stages.last_mut() {
                    stage.name = Some(name.into());
                }
                self
            }
        }
    };
}

stages!(OpenLoad, Rate, |rate: Rate| rate.per_second());
stages!(ClosedLoad, u32, f64::from);

impl OpenLoad {
    /// Spreads the arrivals as those of independent callers, with the seed of the run.
    pub const fn poisson(mut self) -> Self {
        self.spacing = Spacing::Poisson;
        self
    }

    /// The moments at which an operation starts, counted from the start of the load. A stage whose rate is no rate
    /// (negative, infinite, not a number) has none.
    pub fn arrivals(&self, seed: u64) -> Arrivals {
        Arrivals::new(&self.stages, self.spacing, seed)
    }
}

impl ClosedLoad {
    /// Each user waits for `pause` after an operation.
    pub const fn think(mut self, pause: Duration) -> Self {
        self.think = Think::Between(pause, pause);
        self
    }

    /// Each user waits between `least` and `most` after an operation.
    pub const fn think_between(mut self, least: Duration, most: Duration) -> Self {
        self.think = Think::Between(least, most);
        self
    }

    /// The users of every step up come at once, however many they are.
    pub const fn all_at_once(mut self) -> Self {
        self.start_up = StartUp::AtOnce;
        self
    }

    /// Each user does `n` operations and leaves.
    pub const fn iterations_each(mut self, n: u64) -> Self {
        self.iterations = Some(Iterations::PerUser(n));
        self
    }

    /// All users together do `n` operations.
    pub const fn iterations(mut self, n: u64) -> Self {
        self.iterations = Some(Iterations::Shared(n));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{per_second, seconds};

    fn refused(load: impl Into<Load>) -> String {
        load.into().checked().unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        assert_eq!(
            refused(Load::rate(per_second(0)).for_duration(seconds(5))),
            "the load `pause for 5 s` cannot run: its rate is 0 from beginning to end: nothing would start; give it one over 0"
        );
        assert_eq!(
            refused(Load::rate(per_second(f64::NAN)).for_duration(seconds(5))),
            "the load `NaN/s to NaN/s in 5 s` cannot run: a rate must be a finite number that is not negative: give it one like \
             100/s, and load_scale a small factor"
        );
        assert!(refused(Load::rate(per_second(-1)).for_duration(seconds(5))).contains("not negative"));
        assert!(refused(Load::rate(per_second(1))).contains("no length"));
        assert!(refused(Load::rate(per_second(1)).for_duration(Duration::ZERO)).contains("lasts 0 s"));
        assert!(refused(Load::users(0).for_duration(seconds(1))).contains("no users"));
        assert!(refused(Load::users(1).iterations(0)).contains("0 iterations"));
        let thinking = Load::users(1).for_duration(seconds(1)).think_between(seconds(2), seconds(1));
        assert!(refused(thinking).contains("ends (1 s) before it begins (2 s)"));
    }

    #[test]
    fn patterns_say_what_they_are() {
        let say = |load: OpenLoad| Load::from(load).describe();
        assert_eq!(
            say(Load::steps(per_second(100), seconds(40))),
            "25/s for 10 s, 50/s for 10 s, 100/s for 10 s, 50/s for 10 s"
        );
        assert_eq!(
            say(Load::spikes(per_second(10), per_second(90), seconds(2), seconds(5), seconds(9))),
            "10/s for 3 s, 90/s for 2 s, 10/s for 3 s, 90/s for 1 s"
        );
        assert_eq!(Load::from(Load::at_once(2000)).checked().unwrap().describe(), "2000 users once each");
    }
}
