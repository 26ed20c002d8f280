use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{cluster::Options, load::Overrides, settings::Resolved};

/// Operations in flight of an open load whose case has no limit: enough for any single machine, and an end to the
/// memory that a target which hangs can take.
const WITHOUT_LIMIT: usize = 100_000;

/// Two slots of 8 bytes are set aside for each operation in flight: a quarter of a gigabyte for that many.
const MOST_IN_FLIGHT: usize = 10_000_000;

/// The terms on which a case runs: what the supervisor decided before it began.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// The settings of the case.
    pub(crate) settings: Resolved,
    /// Where the journal goes.
    pub(crate) folder: PathBuf,
    /// An empty folder that the supervisor removes when the case has ended.
    pub(crate) scratch: PathBuf,
    /// The backstop of the memory limit: the process asks for no more than that.
    pub(crate) data_limit_bytes: Option<u64>,
    /// For everything random.
    pub(crate) seed: u64,
    /// Only say what would run.
    pub(crate) is_dry_run: bool,
    /// The nodes that carry the case out together, if it is not this process alone.
    pub(crate) cluster: Option<Options>,
}

impl Terms {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            duration: self.settings.duration("duration"),
            users: self.settings.count("users"),
            rate: self.settings.rate("rate"),
            time_scale: self.settings.factor("time_scale"),
            load_scale: self.settings.factor("load_scale"),
        }
    }

    /// What the body of the case states, unless somebody outside said otherwise.
    pub(crate) fn duration(&self, key: &str, stated: Option<Duration>) -> Duration {
        let set = self.settings.duration(key).unwrap_or(Duration::MAX);
        match stated {
            Some(stated) if !self.settings.origin(key).is_from_outside() => stated,
            _ => set,
        }
    }

    pub(crate) fn max_in_flight(&self, stated: Option<usize>) -> usize {
        let limit = self.settings.count("max_concurrency").map_or(WITHOUT_LIMIT, |n| n as usize);
        stated.unwrap_or(limit).min(limit).min(MOST_IN_FLIGHT)
    }
}
