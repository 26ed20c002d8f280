use std::time::Duration;

use super::{
    Load, LoadError,
    stage::{show_rate, show_users},
};
use crate::units::show_duration;

/// One thread starts the operations of an open load, and a start costs it more than the 100 ns that this rate leaves.
const MOST_PER_SECOND: f64 = 1e7;

/// Each user has a slot of 128 bytes and a task beside what the workload keeps: several gigabytes for that many.
const MOST_USERS: f64 = 1e7;

/// The time of a running operation is kept in 50 bits of nanoseconds, 13 days; the drain is part of it.
const LONGEST: Duration = Duration::from_secs(10 * 24 * 3600);

/// Every stage has figures of its own, some ten kilobytes for each thread that records.
pub(super) const MOST_STAGES: usize = 10_000;

/// So many stages say what kind of load it is.
const STAGES_SHOWN: usize = 3;

impl Load {
    /// Refuses what no machine could carry out, with `warm_up` in front.
    pub(crate) fn within_limits(&self, warm_up: Duration) -> Result<(), LoadError> {
        let length = self.length().unwrap_or(Duration::ZERO);
        let peak = self.peak();
        let reason = match self {
            _ if self.stages().len() > MOST_STAGES => {
                format!("a load can have at most {MOST_STAGES} stages: make them longer, or the load shorter")
            }
            _ if length > LONGEST => {
                format!("a load can last at most {}: give it a shorter duration", show_duration(LONGEST))
            }
            _ if length.saturating_add(warm_up) > LONGEST => format!(
                "a load can last at most {} with its warm-up of {}: make one of them shorter",
                show_duration(LONGEST),
                show_duration(warm_up)
            ),
            Self::Open(_) if peak > MOST_PER_SECOND => {
                format!("the generator can be asked for at most {MOST_PER_SECOND}/s: lower the rate")
            }
            Self::Closed(_) if peak > MOST_USERS => {
                format!("a load can have at most {MOST_USERS} users: lower their number")
            }
            Self::Open(_) | Self::Closed(_) => return Ok(()),
        };
        Err(self.refused(reason))
    }

    /// The error that this load cannot run for `reason`.
    pub(super) fn refused(&self, reason: String) -> LoadError {
        let more = self.stages().len().saturating_sub(STAGES_SHOWN);
        match self {
            Self::Open(open) if open.stages.is_empty() => {
                return LoadError { load: show_rate(open.level), reason };
            }
            Self::Closed(closed) if closed.stages.is_empty() => {
                return LoadError { load: show_users(closed.level), reason };
            }
            Self::Open(_) | Self::Closed(_) if more == 0 => {
                return LoadError { load: self.describe(), reason };
            }
            Self::Open(_) | Self::Closed(_) => {}
        }
        let mut short = self.clone();
        match &mut short {
            Self::Open(open) => open.stages.truncate(STAGES_SHOWN),
            Self::Closed(closed) => closed.stages.truncate(STAGES_SHOWN),
        }
        LoadError { load: format!("{} and {more} more stages", short.describe()), reason }
    }
}
