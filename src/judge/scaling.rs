use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Brief, Verdict, judgement::show};
use crate::{expect::Unit, observe::Window};

/// A phase with fewer windows than this is too short to tell how quickly it settled.
const LEAST_WINDOWS: usize = 6;

/// It must stay within the tolerance for so many windows in a row, as for a recovery.
const IN_A_ROW: usize = 3;

/// Throughput and the median response time of a settled window are this close to what the phase came to.
const CLOSE: f64 = 0.3;

/// A median that is off by less than this is no disturbance.
const FLOOR_US: f64 = 5_000.0;

/// How quickly a target took to a new number of users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Settling {
    /// So long after the change.
    After {
        /// From the start of the phase to the first of three windows like those of the phase's second half, in seconds.
        seconds: f64,
    },
    /// Not while the phase lasted.
    NotWithin {
        /// The length of the phase in seconds.
        seconds: f64,
    },
    /// The data do not tell.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

/// A phase of users that came or went, as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PhaseSeen {
    /// The phase in words.
    pub name: String,
    /// The users.
    pub users: u64,
    /// Its length in seconds.
    pub length_s: f64,
    /// What they saw.
    pub figures: Brief,
    /// How quickly throughput and response times came to what they then were.
    pub settling: Settling,
    /// Whether the phase met its objectives.
    pub verdict: Verdict,
    /// Each objective with its figure, where it was not met.
    pub missed: Vec<String>,
}

/// One of several kinds of users at work at the same time, as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AgentSeen {
    /// Its name.
    pub name: String,
    /// Its load in words.
    pub plan: String,
    /// What it saw.
    pub figures: Brief,
    /// Whether it met its objectives.
    pub verdict: Verdict,
    /// Each objective with its figure, where it was not met.
    pub missed: Vec<String>,
}

impl Settling {
    /// Looks at the windows of one phase, which began `began_s` after its load.
    pub fn find(windows: &[Window], began_s: f64) -> Self {
        // What the end of a phase cuts short tells no rate.
        let whole: Vec<&Window> = windows.iter().filter(|w| w.length_s >= 0.5).collect();
        if whole.len() < LEAST_WINDOWS {
            let (has, needed) = (whole.len(), LEAST_WINDOWS);
            return Self::Inconclusive {
                reason: format!("the phase has {has} windows and needs {needed}: make it longer"),
            };
        }
        let later = &whole[whole.len() / 2..];
        let usual = Usual {
            per_sec: median(later.iter().map(|w| per_sec(w)).collect()),
            p50_us: median(later.iter().map(|w| w.p50_us).collect()),
        };
        if usual.per_sec == 0.0 {
            return Self::Inconclusive { reason: "nothing ended in most of its second half".to_owned() };
        }
        match whole.windows(IN_A_ROW).find(|run| run.iter().all(|w| usual.includes(w))) {
            Some(run) => Self::After { seconds: (run[0].at_s - began_s).max(0.0) },
            None => Self::NotWithin { seconds: whole.iter().map(|w| w.length_s).sum() },
        }
    }
}

/// What a phase came to.
struct Usual {
    per_sec: f64,
    p50_us: f64,
}

impl Usual {
    fn includes(&self, window: &Window) -> bool {
        let off_us = (window.p50_us - self.p50_us).abs();
        (per_sec(window) - self.per_sec).abs() <= CLOSE * self.per_sec
            && (off_us <= CLOSE * self.p50_us || off_us <= FLOOR_US)
    }
}

fn per_sec(window: &Window) -> f64 {
    (window.counts.ok + window.counts.error) as f64 / window.length_s
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl fmt::Display for Settling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After { seconds } => write!(f, "settled after {}", show(*seconds, Unit::Seconds)),
            Self::NotWithin { seconds } => write!(f, "not settled within {}", show(*seconds, Unit::Seconds)),
            Self::Inconclusive { reason } => write!(f, "settling cannot be told: {reason}"),
        }
    }
}

impl fmt::Display for PhaseSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {}", self.name, self.figures, self.verdict)?;
        match self.settling {
            Settling::After { .. } | Settling::NotWithin { .. } => write!(f, ", {}", self.settling),
            Settling::Inconclusive { .. } => Ok(()),
        }
    }
}

impl fmt::Display for AgentSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {}", self.name, self.figures, self.verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    /// A phase from 10 s on, with the operations and the median in milliseconds of each second.
    fn settling(seconds: &[(u64, f64)]) -> String {
        let window = |(second, (ok, p50_ms)): (usize, &(u64, f64))| Window {
            at_s: 10.0 + second as f64,
            length_s: 1.0,
            counts: Counts { ok: *ok, ..Counts::default() },
            p50_us: p50_ms * 1e3,
            ..Window::default()
        };
        let windows: Vec<Window> = seconds.iter().enumerate().map(window).collect();
        Settling::find(&windows, 10.0).to_string()
    }

    #[test]
    fn a_phase_settles_when_it_stays_near_what_it_comes_to() {
        assert_eq!(settling(&[(100, 9.0); 6]), "settled after 0 ns");
        let slow = [(20, 900.0), (60, 300.0), (95, 100.0), (100, 90.0), (104, 96.0), (100, 91.0), (99, 90.0)];
        assert_eq!(settling(&slow), "settled after 2 s");
        let queue =
            [(100, 900.0), (100, 400.0), (100, 90.0), (100, 90.0), (100, 90.0), (100, 90.0), (99, 90.0)];
        assert_eq!(
            settling(&queue),
            "settled after 2 s",
            "what piled up is worked off at the usual throughput"
        );
    }

    #[test]
    fn one_that_swings_does_not_settle() {
        let swings = [(100, 9.0), (10, 9.0), (100, 9.0), (10, 9.0), (100, 9.0), (10, 9.0), (100, 9.0)];
        assert_eq!(settling(&swings), "not settled within 7 s");
    }

    #[test]
    fn too_little_tells_nothing() {
        assert_eq!(
            settling(&[(100, 9.0); 5]),
            "settling cannot be told: the phase has 5 windows and needs 6: make it longer"
        );
        assert!(settling(&[(0, 0.0); 8]).contains("nothing ended"));
    }
}
