use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::Rate;

/// A load that was offered, and what came of it, both per second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Offered {
    /// Operations that were due.
    pub offered_per_sec: f64,
    /// Operations that succeeded.
    pub goodput_per_sec: f64,
}

/// Past the peak is from here on: closer to it the noise of two measurements is larger than what they tell.
const PAST: f64 = 1.1;

/// Loads up to this many times the peak are looked at; beyond, nobody is promised anything.
const FAR: f64 = 2.0;

/// At least this share of the peak's goodput is graceful, ...
const GRACEFUL: f64 = 0.9;

/// ... and less than this a collapse.
const COLLAPSE: f64 = 0.5;

/// What a target does when it is asked for more than it can do.
///
/// From the goodput at 1.1 to 2 times the load at which goodput was highest: at least 90 % of the peak is graceful, 50 to
/// 90 % degraded, less a collapse. The worst point decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Degradation {
    /// It goes on doing what it can, and sheds the rest.
    Graceful(PastPeak),
    /// It does less than it could.
    Degraded(PastPeak),
    /// It does next to nothing of what it could.
    Collapse(PastPeak),
    /// The data do not tell.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

/// The peak, and the worst that was seen past it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PastPeak {
    /// Where goodput was highest.
    pub peak: Offered,
    /// Where it was lowest past that.
    pub worst: Offered,
    /// The worst goodput as a share of the highest.
    pub share: f64,
}

impl Degradation {
    /// Looks at loads in any order.
    ///
    /// ```
    /// use proofload::judge::{Degradation, Offered};
    /// let loads = [(100.0, 100.0), (200.0, 190.0), (300.0, 80.0)];
    /// let loads = loads.map(|(offered_per_sec, goodput_per_sec)| Offered { offered_per_sec, goodput_per_sec });
    /// assert_eq!(
    ///     Degradation::find(&loads).to_string(),
    ///     "collapse: 80/s succeed at 300/s, 42% of the 190/s at 200/s"
    /// );
    /// ```
    pub fn find(loads: &[Offered]) -> Self {
        let inconclusive = |reason: &str| Self::Inconclusive { reason: reason.to_owned() };
        let peak = loads.iter().max_by(|a, b| a.goodput_per_sec.total_cmp(&b.goodput_per_sec));
        let Some(peak) = peak.copied().filter(|peak| peak.goodput_per_sec > 0.0) else {
            return inconclusive("nothing succeeded at any load: see the errors first");
        };
        let past = |load: &&Offered| {
            // What it can do is the peak's goodput, at whatever load beyond it that was seen.
            let times = load.offered_per_sec / peak.goodput_per_sec;
            load.offered_per_sec > peak.offered_per_sec && (PAST..=FAR * 1.01).contains(&times)
        };
        let worst = loads.iter().filter(past).min_by(|a, b| a.goodput_per_sec.total_cmp(&b.goodput_per_sec));
        let Some(worst) = worst.copied() else {
            return inconclusive(
                "no load was 1.1 to 2 times what the target could do at most: try higher ones",
            );
        };
        let share = worst.goodput_per_sec / peak.goodput_per_sec;
        let seen = PastPeak { peak, worst, share };
        match share {
            s if s >= GRACEFUL => Self::Graceful(seen),
            s if s >= COLLAPSE => Self::Degraded(seen),
            _ => Self::Collapse(seen),
        }
    }

    /// The finding in a word: `graceful`, `degraded`, `collapse` or `inconclusive`.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Graceful(_) => "graceful",
            Self::Degraded(_) => "degraded",
            Self::Collapse(_) => "collapse",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

impl fmt::Display for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graceful(seen) | Self::Degraded(seen) | Self::Collapse(seen) => {
                let rate = |per_sec: f64| Rate::new(per_sec.round());
                write!(
                    f,
                    "{}: {} succeed at {}, {:.0}% of the {} at {}",
                    self.words(),
                    rate(seen.worst.goodput_per_sec),
                    rate(seen.worst.offered_per_sec),
                    seen.share * 100.0,
                    rate(seen.peak.goodput_per_sec),
                    rate(seen.peak.offered_per_sec)
                )
            }
            Self::Inconclusive { reason } => write!(f, "degradation cannot be told: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(loads: &[(f64, f64)]) -> &'static str {
        let loads: Vec<Offered> = loads
            .iter()
            .map(|(offered_per_sec, goodput_per_sec)| Offered {
                offered_per_sec: *offered_per_sec,
                goodput_per_sec: *goodput_per_sec,
            })
            .collect();
        Degradation::find(&loads).words()
    }

    #[test]
    fn the_worst_load_past_the_peak_decides() {
        assert_eq!(found(&[(100.0, 100.0), (200.0, 180.0), (250.0, 175.0), (360.0, 170.0)]), "graceful");
        assert_eq!(found(&[(100.0, 100.0), (200.0, 180.0), (250.0, 175.0), (360.0, 120.0)]), "degraded");
        assert_eq!(found(&[(100.0, 100.0), (200.0, 180.0), (250.0, 20.0), (360.0, 170.0)]), "collapse");
    }

    #[test]
    fn loads_that_are_not_past_the_peak_or_far_beyond_tell_nothing() {
        assert_eq!(found(&[(100.0, 100.0), (200.0, 200.0)]), "inconclusive", "it was never overloaded");
        assert_eq!(found(&[(100.0, 100.0), (105.0, 60.0)]), "inconclusive", "too close to the peak");
        assert_eq!(found(&[(100.0, 100.0), (900.0, 10.0)]), "inconclusive", "nine times what it can do");
        assert_eq!(found(&[(100.0, 0.0)]), "inconclusive");
        assert_eq!(found(&[]), "inconclusive");
    }
}
