use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::units::Rate;

/// What a target did for so many users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Served {
    /// Operations in flight at once.
    pub level: u64,
    /// Operations that succeeded, per second.
    pub goodput_per_sec: f64,
    /// The mean response time in seconds; `None` without an operation.
    pub response_mean_s: Option<f64>,
}

/// Goodput of at least this share of the highest is as high: closer, the noise of two measurements is larger.
const AS_HIGH: f64 = 0.95;

/// This many times the users would have shown more goodput, had it still risen with them.
const WOULD_SHOW: f64 = 1.1;

/// From how many users on a target does no more, however many there are: what they bring beyond is waiting.
///
/// The smallest number with at least 95 % of the highest goodput, where some larger number was tried (by 10 % or more)
/// and brought nothing. Beside it the number at which the bounds of operational analysis meet, the highest goodput times
/// the response time without waiting (Little's law; Denning and Buzen, "The Operational Analysis of Queueing Network
/// Models", 1978): for a target with c places both are c.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Plateau {
    /// Goodput rises no more from here on.
    At {
        /// The number of users.
        level: u64,
        /// Their goodput.
        goodput_per_sec: f64,
        /// The largest number tried that did less, and its goodput; `None` when the first was enough.
        below: Option<Served>,
        /// The highest goodput of all.
        most_per_sec: f64,
        /// The number of users by Little's law; `None` without response times.
        by_littles_law: Option<f64>,
    },
    /// It still rose at the largest number.
    NotReached {
        /// The largest number.
        level: u64,
        /// Its goodput.
        goodput_per_sec: f64,
    },
    /// The data do not tell.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

impl Plateau {
    /// Looks at levels in any order. Of several trials at one level the best counts: a busy machine takes away and never
    /// adds.
    ///
    /// ```
    /// use proofload::judge::{Plateau, Served};
    /// let places = |level: u64| Served {
    ///     level,
    ///     goodput_per_sec: level.min(7) as f64 * 50.0,
    ///     response_mean_s: Some(0.02 * (level as f64 / 7.0).max(1.0)),
    /// };
    /// assert_eq!(
    ///     Plateau::find(&[1, 2, 4, 6, 7, 8, 16].map(places)).to_string(),
    ///     "from 7 users on it does no more: 350/s with 7, 300/s with 6, 350/s at most (by Little's law 7.0 users)"
    /// );
    /// ```
    pub fn find(served: &[Served]) -> Self {
        let levels = best_of_each(served);
        let most_per_sec = levels.values().map(|s| s.goodput_per_sec).fold(0.0, f64::max);
        let (Some(lightest), Some(last)) = (levels.values().next(), levels.values().next_back()) else {
            return Self::Inconclusive { reason: "nothing was tried".to_owned() };
        };
        if most_per_sec <= 0.0 {
            return Self::Inconclusive {
                reason: "nothing succeeded at any number of users: see the errors first".to_owned(),
            };
        }
        let is_as_high = |s: &&Served| s.goodput_per_sec >= AS_HIGH * most_per_sec;
        let Some(first) = levels.values().find(is_as_high) else {
            return Self::Inconclusive { reason: "goodput is not a number".to_owned() };
        };
        if (last.level as f64) < WOULD_SHOW * first.level as f64 {
            return Self::NotReached { level: last.level, goodput_per_sec: last.goodput_per_sec };
        }
        Self::At {
            level: first.level,
            goodput_per_sec: first.goodput_per_sec,
            below: levels.range(..first.level).next_back().map(|(_, served)| *served),
            most_per_sec,
            by_littles_law: lightest.response_mean_s.map(|s| s * most_per_sec),
        }
    }

    /// The number of users; `None` when it was not reached.
    pub const fn level(&self) -> Option<u64> {
        match self {
            Self::At { level, .. } => Some(*level),
            Self::NotReached { .. } | Self::Inconclusive { .. } => None,
        }
    }

    /// A number of users that was not tried yet and would narrow the answer.
    pub fn next_level(&self) -> Option<u64> {
        match self {
            Self::At { level, below: Some(below), .. } if level - below.level > 1 => {
                Some(u64::midpoint(*level, below.level))
            }
            Self::At { .. } | Self::NotReached { .. } | Self::Inconclusive { .. } => None,
        }
    }
}

fn best_of_each(served: &[Served]) -> BTreeMap<u64, Served> {
    let mut levels: BTreeMap<u64, Served> = BTreeMap::new();
    for one in served {
        let best = levels.entry(one.level).or_insert(*one);
        if one.goodput_per_sec > best.goodput_per_sec {
            *best = *one;
        }
    }
    levels
}

impl fmt::Display for Plateau {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |per_sec: f64| Rate::new(per_sec.round());
        match self {
            Self::At { level, goodput_per_sec, below, most_per_sec, by_littles_law } => {
                let (users, at) = (users(*level), rate(*goodput_per_sec));
                write!(f, "from {users} on it does no more: {at} with {level}")?;
                if let Some(below) = below {
                    write!(f, ", {} with {}", rate(below.goodput_per_sec), below.level)?;
                }
                write!(f, ", {} at most", rate(*most_per_sec))?;
                by_littles_law.map_or(Ok(()), |n| write!(f, " (by Little's law {n:.1} users)"))
            }
            Self::NotReached { level, goodput_per_sec } => {
                let rate = rate(*goodput_per_sec);
                write!(f, "not saturated: {rate} with {}, the most that was tried", users(*level))
            }
            Self::Inconclusive { reason } => write!(f, "saturation cannot be told: {reason}"),
        }
    }
}

fn users(n: u64) -> String {
    if n == 1 { "1 user".to_owned() } else { format!("{n} users") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `places` of 20 ms each, in front of which users queue.
    fn queue(places: u64) -> impl Fn(u64) -> Served {
        move |level| Served {
            level,
            goodput_per_sec: level.min(places) as f64 * 50.0,
            response_mean_s: Some(0.02 * (level as f64 / places as f64).max(1.0)),
        }
    }

    /// Doubles, then narrows, as the procedure does.
    fn narrowed(target: impl Fn(u64) -> Served) -> Plateau {
        let mut served: Vec<Served> = [1, 2, 4, 8, 16, 32, 64].map(&target).to_vec();
        loop {
            let found = Plateau::find(&served);
            let Some(level) = found.next_level() else { return found };
            assert!(served.iter().all(|s| s.level != level), "{level} was tried already");
            served.push(target(level));
        }
    }

    #[test]
    fn places_are_counted() {
        for places in 1..=19 {
            let found = narrowed(queue(places));
            assert_eq!(found.level(), Some(places), "{found}");
            let Plateau::At { by_littles_law: Some(users), .. } = found else { panic!("{found}") };
            assert!((users - places as f64).abs() < 1e-9, "{users}");
        }
    }

    #[test]
    fn a_target_that_still_does_more_is_not_saturated() {
        assert_eq!(
            narrowed(queue(1_000)).to_string(),
            "not saturated: 3200/s with 64 users, the most that was tried"
        );
        let close = [60, 61].map(queue(60));
        assert_eq!(Plateau::find(&close).level(), None, "one user in sixty would not show");
    }

    #[test]
    fn a_target_that_collapses_is_saturated_where_it_did_most() {
        let served = [(1, 50.0), (2, 100.0), (3, 60.0), (4, 10.0)];
        let served =
            served.map(|(level, goodput_per_sec)| Served { level, goodput_per_sec, response_mean_s: None });
        assert_eq!(
            Plateau::find(&served).to_string(),
            "from 2 users on it does no more: 100/s with 2, 50/s with 1, 100/s at most"
        );
    }

    #[test]
    fn the_best_of_several_trials_counts_and_nothing_tells_nothing() {
        let served = [(7, 200.0), (7, 350.0), (6, 300.0), (16, 340.0)];
        let served =
            served.map(|(level, goodput_per_sec)| Served { level, goodput_per_sec, response_mean_s: None });
        assert_eq!(Plateau::find(&served).level(), Some(7));
        assert_eq!(Plateau::find(&[]).to_string(), "saturation cannot be told: nothing was tried");
        let nothing = Served { level: 1, goodput_per_sec: 0.0, response_mean_s: None };
        assert!(matches!(Plateau::find(&[nothing]), Plateau::Inconclusive { .. }));
    }
}
