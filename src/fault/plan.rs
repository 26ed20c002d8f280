use std::{fmt, ops::Range, time::Duration};

use fastrand::Rng;

use super::{Clock, Fault, FaultError, Latency, schedule::Schedule};
use crate::units::{ByteSize, Ratio, show_duration};

/// The share of the operations that meet a fault where nothing is stated.
const USUAL_SHARE: Ratio = Ratio::new(0.05);

/// Shares that are sums of fractions may be over the whole by this.
const ROUNDING: f64 = 1e-9;

/// Which faults operations meet, how often and when: pure data, until [`Context::inject`](crate::Context::inject) puts it
/// in force.
///
/// Each attempt of an operation meets at most one of them: which, is decided by the seed of the case, the name of the
/// faults and the number of the operation and of its attempt, so that a run with the same seed has the same faults. A
/// retry has luck of its own.
///
/// ```
/// use proofload::{fault::{Fault, Faults, Latency}, millis, percent, seconds};
///
/// // One in twenty: a third of those fail, hang or are slow each.
/// let evenly = Faults::share(percent(5)).error("injected").hang().latency(Latency::exponential(millis(50)));
/// // Each with a share of its own, from the 5th second of a load to the 10th.
/// let stated = Faults::new()
///     .with(percent(4), Fault::error("no route"))
///     .with(percent(1), Fault::panic("out of luck"))
///     .during(seconds(5)..seconds(10));
/// assert_eq!(
///     stated.to_string(),
///     "5% of the operations from 5 s to 10 s of the load: 4% error `no route`, 1% panic `out of luck`"
/// );
/// # let _ = evenly;
/// ```
#[derive(Debug, Clone)]
#[must_use = "faults do nothing before they are injected"]
pub struct Faults {
    pub(super) name: String,
    share: Option<Ratio>,
    /// A share of its own, or an even part of what `share` leaves.
    faults: Vec<(Option<Ratio>, Fault)>,
    pub(super) points: Vec<String>,
    pub(super) schedule: Schedule,
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

impl Faults {
    /// 5 % of the operations, evenly over the faults that are stated.
    pub fn new() -> Self {
        Self {
            name: "faults".to_owned(),
            share: None,
            faults: Vec::new(),
            points: Vec::new(),
            schedule: Schedule::Always,
        }
    }

    /// This share of the operations, evenly over the faults that are stated.
    pub fn share(share: Ratio) -> Self {
        Self { share: Some(share), ..Self::new() }
    }

    /// What the report calls them; `faults` unless stated.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// One more fault, which gets an even part of the share.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push((None, fault));
        self
    }

    /// One more fault, which this share of the operations meets.
    pub fn with(mut self, share: Ratio, fault: Fault) -> Self {
        self.faults.push((Some(share), fault));
        self
    }

    /// [`Fault::error`].
    pub fn error(self, kind: impl fmt::Display) -> Self {
        self.fault(Fault::error(kind))
    }

    /// [`Fault::hang`].
    pub fn hang(self) -> Self {
        self.fault(Fault::hang())
    }

    /// [`Fault::panic`].
    pub fn panic(self, message: impl fmt::Display) -> Self {
        self.fault(Fault::panic(message))
    }

    /// [`Fault::latency`].
    pub fn latency(self, latency: Latency) -> Self {
        self.fault(Fault::latency(latency))
    }

    /// [`Fault::hold_memory`].
    pub fn hold_memory(self, amount: ByteSize, length: Duration) -> Self {
        self.fault(Fault::hold_memory(amount, length))
    }

    /// Met at the point of this name in the target's code ([`point`](super::point())) rather than before operations; may
    /// be called several times. A point that is never reached is told in the report.
    pub fn at(mut self, point: impl Into<String>) -> Self {
        self.points.push(point.into());
        self
    }

    /// In force from one time of each load to another, counted from its first level on. What an operation waits for
    /// ends with it. A `time_scale` set from outside applies.
    pub fn during(mut self, times: Range<Duration>) -> Self {
        let (every, clock) = match self.schedule {
            Schedule::Always => (None, Clock::Load),
            Schedule::At { every, clock, .. } => (every, clock),
        };
        self.schedule = Schedule::At { from: times.start, until: times.end, every, clock };
        self
    }

    /// In force again after each `length`, for those [`during`](Faults::during) a time; others are in force for the first
    /// half of each.
    pub fn every(mut self, length: Duration) -> Self {
        self.schedule = match self.schedule {
            Schedule::Always => Schedule::At {
                from: Duration::ZERO,
                until: length / 2,
                every: Some(length),
                clock: Clock::Load,
            },
            Schedule::At { from, until, clock, .. } => {
                Schedule::At { from, until, every: Some(length), clock }
            }
        };
        self
    }

    /// The clock that the times of [`during`](Faults::during) are on; that of each load unless stated.
    pub fn on(mut self, clock: Clock) -> Self {
        if let Schedule::At { clock: stated, .. } = &mut self.schedule {
            *stated = clock;
        }
        self
    }

    /// The share of the operations, or of the passages of its points, that meets one.
    pub fn total(&self) -> Ratio {
        Ratio::new(self.shares().iter().map(|(share, _)| share).sum())
    }

    /// What the report calls them, where no others of the case have that name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Each fault with its share.
    fn shares(&self) -> Vec<(f64, &Fault)> {
        let even = self.faults.iter().filter(|(own, _)| own.is_none()).count();
        let part = self.share.unwrap_or(USUAL_SHARE).share() / even.max(1) as f64;
        self.faults.iter().map(|(own, fault)| (own.map_or(part, Ratio::share), fault)).collect()
    }

    /// Refuses what contradicts itself; `share` replaces the total, where it is set from outside.
    pub(super) fn checked(&self, share: Option<Ratio>) -> Result<Plan, FaultError> {
        let name = || self.name.clone();
        if self.faults.is_empty() {
            return Err(FaultError::Nothing { faults: name() });
        }
        if let Some((fault, reason)) = self.faults.iter().find_map(|(_, f)| Some((f, f.mistake()?))) {
            return Err(FaultError::Malformed { faults: name(), word: fault.word(), reason });
        }
        if self.points.iter().any(|point| point.trim().is_empty()) {
            return Err(FaultError::Point { faults: name() });
        }
        if let Some((from, until, reason)) = self.schedule.mistake() {
            return Err(FaultError::Schedule { faults: name(), from, until, reason });
        }
        let (shares, total) = (self.shares(), self.total().share());
        let wrong = shares.iter().map(|(share, _)| *share).find(|share| !(*share > 0.0 && share.is_finite()));
        if let Some(wrong) = wrong.or((total > 1.0 + ROUNDING).then_some(total)) {
            return Err(FaultError::Share { faults: name(), share: Ratio::new(wrong).to_string() });
        }
        let factor = share.map_or(1.0, |share| share.share() / total);
        let mut up_to = 0.0;
        let chances = shares.into_iter().map(|(share, fault)| {
            up_to += share * factor;
            (up_to, fault.clone())
        });
        Ok(Plan { chances: chances.collect() })
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.points[..] {
            [] => "of the operations".to_owned(),
            points => format!("at {}", points.join(", ")),
        };
        write!(f, "{} {what}", self.total())?;
        if let Schedule::At { from, until, every, clock } = self.schedule {
            let whose = match clock {
                Clock::Load => "of the load",
                Clock::Case => "of the case",
            };
            write!(f, " from {} to {} {whose}", show_duration(from), show_duration(until))?;
            if let Some(every) = every {
                write!(f, " and again every {}", show_duration(every))?;
            }
        }
        let has_own = self.faults.iter().any(|(own, _)| own.is_some());
        let named = self.shares().into_iter().map(|(share, fault)| match has_own {
            true => format!("{} {fault}", Ratio::new(share)),
            false => fault.to_string(),
        });
        write!(f, ": {}", named.collect::<Vec<_>>().join(", "))
    }
}

/// Faults that hold together, each with the end of its part of the numbers from 0 to 1.
#[derive(Debug)]
pub(super) struct Plan {
    chances: Vec<(f64, Fault)>,
}

impl Plan {
    /// The fault that an attempt meets, if it meets one. What is left of its random numbers is for the fault.
    pub(super) fn draw(&self, random: &mut Rng) -> Option<&Fault> {
        let drawn = random.f64();
        self.chances.iter().find(|(up_to, _)| drawn < *up_to).map(|(_, fault)| fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fault::chance::Chance,
        units::{mib, millis, percent, seconds},
    };

    fn refused(faults: Faults) -> String {
        faults.checked(None).expect_err("it contradicts itself").to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        assert_eq!(
            refused(Faults::new()),
            "the faults \"faults\" have no fault among them: state one, such as `error(\"injected\")`"
        );
        assert_eq!(
            refused(Faults::share(percent(120)).error("x").named("net")),
            "the faults \"net\" cannot meet 120% of the operations: shares are over 0% and come to 100% at most"
        );
        for share in [0.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(
                refused(Faults::share(Ratio::new(share)).hang()).contains("shares are over 0%"),
                "{share}"
            );
        }
        let both = Faults::new().with(percent(60), Fault::hang()).with(percent(50), Fault::error("x"));
        assert!(refused(both).contains("cannot meet 110%"));
        let latency = Faults::new().latency(Latency::uniform(millis(5), millis(1)));
        assert!(
            refused(latency).contains("have a `latency` that cannot be: its delays go from 5 ms to 1 ms")
        );
        assert!(refused(Faults::new().hold_memory(mib(0), seconds(1))).contains("have a `hold`"));
        assert!(refused(Faults::new().error(" ")).contains("it says nothing"));
        assert!(refused(Faults::new().hang().at("")).contains("a point with an empty name"));
        assert_eq!(
            refused(Faults::new().hang().during(seconds(10)..seconds(5))),
            "the faults \"faults\" are to be there from 10 s to 5 s: the end has to be after the beginning"
        );
    }

    #[test]
    fn each_fault_gets_its_share() {
        let plan = Faults::new()
            .with(percent(4), Fault::error("x"))
            .with(percent(1), Fault::hang())
            .checked(None)
            .expect("it is right");
        let chance = Chance::new(3, "faults");
        let drawn = |plan: &Plan, word: &str| {
            let met = |i: &u64| plan.draw(&mut chance.of(*i, 0)).is_some_and(|fault| fault.word() == word);
            (0..100_000).filter(met).count()
        };
        // 4 000 and 1 000, within five deviations.
        assert!((3_690..4_310).contains(&drawn(&plan, "error")), "{}", drawn(&plan, "error"));
        assert!((842..1_158).contains(&drawn(&plan, "hang")), "{}", drawn(&plan, "hang"));
        let evenly = Faults::share(percent(100)).error("x").hang().checked(None).expect("it is right");
        let (errors, hangs) = (drawn(&evenly, "error"), drawn(&evenly, "hang"));
        assert_eq!(errors + hangs, 100_000);
        assert!((49_200..50_800).contains(&errors), "{errors}");
    }

    #[test]
    fn a_share_from_outside_replaces_the_total() {
        let faults = Faults::share(percent(5)).error("x").hang();
        let drawn = |share| {
            let plan = faults.checked(Some(share)).expect("it is right");
            (0..10_000).filter(|i| plan.draw(&mut Chance::new(1, "x").of(*i, 0)).is_some()).count()
        };
        assert_eq!((drawn(percent(0)), drawn(percent(100))), (0, 10_000));
        assert!((1_800..2_200).contains(&drawn(percent(20))));
    }

    #[test]
    fn it_reads_well() {
        let faults = Faults::share(percent(2.5)).error("no route").hang().at("model").every(seconds(4));
        assert_eq!(
            faults.to_string(),
            "2.5% at model from 0 ns to 2 s of the load and again every 4 s: error `no route`, hang"
        );
        let during = Faults::new().hang().during(seconds(1)..seconds(2)).on(Clock::Case);
        assert_eq!(during.to_string(), "5% of the operations from 1 s to 2 s of the case: hang");
    }
}
