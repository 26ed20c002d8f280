use serde::{Deserialize, Serialize};

use super::level::{Amount, Level};

/// More than this share of an open load that is not carried out in its time is no noise of the ends of a phase.
pub(super) const BEHIND: f64 = 0.05;

/// The same of refusals.
pub(super) const REFUSED: f64 = 0.05;

/// Users that are twice as many and do not get 1.4 times as much wait for each other.
const EFFICIENCY: f64 = 0.7;

/// Up to this share of its peak throughput a target has hardly a queue, so that the service time is its own.
const CALM: f64 = 0.6;

/// That a target was loaded to its limit, and what it carried out there.
///
/// An open load is beyond the limit when over 5 % of what was due was refused, timed out, never started or was left
/// behind beyond what is always on its way (Little's law). Users are beyond it when a level with fewer of the same load
/// got over 70 % as much for each. The limit is the throughput that was reached beyond it; `1 / peak` is the time that
/// the bottleneck needs for an operation, and throughput as a share of the peak its utilisation (the utilisation law;
/// Denning and Buzen, *The Operational Analysis of Queueing Network Models*, 1978).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Saturation {
    /// Operations carried out per second (`ok` or error), at most.
    pub peak_per_sec: f64,
    /// At which level: `900/s`, `64 users`.
    pub at: String,
    /// The highest level that throughput still followed, if there was one below.
    pub knee: Option<String>,
    /// The throughput there as a share of the peak: how far the bottleneck was used.
    pub knee_utilisation: Option<f64>,
    /// How many operations were served at once at the peak: its throughput times the service time at low load (Little's
    /// law). About 1 is one at a time. `None` without a level that was calm enough to tell the service time.
    pub concurrency: Option<f64>,
}

/// A saturated level and those it is compared with.
#[derive(Debug)]
pub(super) struct Saturated<'a> {
    /// Where most was carried out beyond the limit.
    pub(super) peak: &'a Level<'a>,
    /// A level that was calm, the lowest of them.
    pub(super) calm: Option<&'a Level<'a>>,
    /// The highest level that throughput followed.
    pub(super) knee: Option<&'a Level<'a>>,
}

impl<'a> Saturated<'a> {
    /// `None` when no level was beyond what the target can do.
    pub(super) fn find(levels: &'a [Level<'a>]) -> Option<Self> {
        let (beyond, below): (Vec<_>, Vec<_>) = levels.iter().partition(|level| is_beyond(level, levels));
        let peak = beyond.into_iter().max_by(|a, b| a.carried_per_sec.total_cmp(&b.carried_per_sec))?;
        let related = |level: &&&Level<'_>| level.is_of_kind(peak);
        let lowest = |a: &&&Level<'_>, b: &&&Level<'_>| a.carried_per_sec.total_cmp(&b.carried_per_sec);
        let is_calm = |level: &&&Level<'_>| is_calm(level, peak);
        let of_kind = below.iter().filter(related).filter(is_calm).min_by(lowest);
        let calm = of_kind.or_else(|| below.iter().filter(is_calm).min_by(lowest)).copied();
        let knee = below.iter().filter(related).max_by(lowest).copied();
        Some(Self { peak, calm, knee })
    }

    /// Operations that were served at once, by Little's law.
    pub(super) fn concurrency(&self) -> Option<f64> {
        Some(self.peak.carried_per_sec * self.calm?.usual_s?)
    }

    /// How many times as long as at the calm level an answer took.
    pub(super) fn slowdown(&self) -> Option<f64> {
        Some(self.peak.response_s? / self.calm.or(self.knee)?.response_s?).filter(|times| times.is_finite())
    }

    pub(super) fn report(&self) -> Saturation {
        let share = |knee: &Level<'_>| knee.carried_per_sec / self.peak.carried_per_sec;
        Saturation {
            peak_per_sec: self.peak.carried_per_sec,
            at: self.peak.amount.to_string(),
            knee: self.knee.map(|knee| knee.amount.to_string()),
            knee_utilisation: self.knee.map(share).filter(|share| share.is_finite()),
            concurrency: self.concurrency(),
        }
    }
}

fn is_beyond(level: &Level<'_>, all: &[Level<'_>]) -> bool {
    if level.refused > REFUSED {
        return true;
    }
    match level.amount {
        Amount::PerSec(_) => level.behind > BEHIND,
        Amount::Users(users) => all.iter().any(|lower| match lower.amount {
            Amount::Users(fewer) if fewer < users && lower.is_of_kind(level) => {
                level.carried_per_sec / lower.carried_per_sec < EFFICIENCY * users / fewer
            }
            Amount::Users(_) | Amount::PerSec(_) => false,
        }),
    }
}

/// A user alone never waits for another; many are calm when the target could do more than they got.
fn is_calm(level: &Level<'_>, peak: &Level<'_>) -> bool {
    let is_alone = match level.amount {
        Amount::Users(users) => users <= 1.0,
        Amount::PerSec(_) => false,
    };
    is_alone || level.carried_per_sec <= CALM * peak.carried_per_sec
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::made::{closed, open};

    fn found(observations: &[crate::observe::Observation]) -> Option<Saturation> {
        let levels = Level::all(observations);
        Saturated::find(&levels).map(|found| found.report())
    }

    #[test]
    fn a_rate_that_is_not_followed_saturates() {
        let seen = found(&[
            open("at 50/s", 50, 50, 5),
            open("at 150/s", 150, 150, 6),
            open("at 400/s", 400, 200, 900),
        ]);
        let seen = seen.expect("half of 400/s is left behind");
        assert_eq!((seen.at.as_str(), seen.peak_per_sec.round()), ("400/s", 200.0));
        assert_eq!((seen.knee.as_deref(), seen.knee_utilisation), (Some("150/s"), Some(0.75)));
        assert!((seen.concurrency.unwrap() - 1.0).abs() < 0.01, "200/s of 5 ms: {seen:?}");
    }

    #[test]
    fn a_rate_that_is_followed_does_not() {
        assert_eq!(found(&[open("at 50/s", 50, 50, 5), open("at 400/s", 400, 396, 5)]), None);
        assert_eq!(found(&[]), None);
        // Operations of half a second: 50 are always on their way, and end after the phase.
        assert_eq!(found(&[open("at 100/s", 100, 95, 500)]), None);
    }

    #[test]
    fn users_that_bring_no_more_saturate() {
        let seen =
            found(&[closed("load", 1, 200, 5), closed("load", 8, 204, 39), closed("load", 32, 201, 159)]);
        let seen = seen.expect("eight users got what one got");
        assert_eq!((seen.at.as_str(), seen.knee.as_deref()), ("8 users", Some("1 user")));
        assert!((seen.concurrency.unwrap() - 1.02).abs() < 0.01, "{seen:?}");
        assert_eq!(found(&[closed("load", 1, 100, 10), closed("load", 8, 790, 10)]), None);
        assert_eq!(found(&[closed("load", 8, 790, 10)]), None, "one level tells nothing");
        assert_eq!(found(&[closed("fill", 4, 5_000, 1), closed("search", 64, 800, 80)]), None, "other work");
    }

    #[test]
    fn a_few_delays_at_the_calm_level_do_not_make_places() {
        let mut alone = closed("load", 1, 60, 10);
        // A hundred of 700 were held up for 50 ms by whatever else the machine did.
        alone.phases[0].figures.service.record_n(50_000_000, 100);
        let seen = found(&[alone, closed("load", 16, 98, 160)]).expect("16 users got hardly more");
        let at_once = seen.concurrency.expect("a user alone is calm");
        assert!((1.0..1.4).contains(&at_once), "the mean alone says 1.5: {at_once}");
    }

    #[test]
    fn the_service_time_is_told_by_a_calm_level_only() {
        let seen =
            found(&[closed("load", 4, 200, 20), closed("load", 32, 200, 160)]).expect("no more for more");
        assert_eq!(seen.concurrency, None, "one at a time or four at a time: nobody knows");
        let seen =
            found(&[open("at 190/s", 190, 190, 20), open("at 400/s", 400, 200, 900)]).expect("it is behind");
        assert_eq!(seen.concurrency, None, "190/s of 200/s is no calm");
    }
}
