use std::time::Duration;

use super::Context;
use crate::{
    monitor::Supply,
    pressure::Bounds,
    settings::Resolved,
    units::{ByteSize, Portion},
};

/// Where a case has no time limit.
const WITHOUT_LIMIT: Duration = Duration::from_secs(3_600);

impl Context {
    /// What pressure on the machine may take within this case: it ends when the case is stopped, and stays below the
    /// case's limits. In a dry run there is no time for any.
    pub fn pressure_bounds(&self) -> Bounds {
        let settings = self.settings();
        let total = Supply::read(&[]).memory.map_or(0, |memory| memory.total_bytes);
        Bounds {
            max_memory: settings.portion("max_memory").and_then(|most| match (most, total) {
                (Portion::Share(_), 0) => None,
                (most, total) => Some(most.of(ByteSize::new(total))),
            }),
            min_free_memory: settings.portion("min_free_memory"),
            max_written: settings.bytes("max_disk_written").map(ByteSize::new),
            min_free_disk: settings.portion("min_free_disk"),
            longest: match self.is_dry_run() {
                true => Duration::ZERO,
                false => settings.duration("time_limit").unwrap_or(WITHOUT_LIMIT),
            },
            ..Bounds::stopped_by(self.stop_token().clone())
        }
    }

    /// The settings of the case.
    pub(crate) fn settings(&self) -> &Resolved {
        &self.inner.terms.settings
    }
}
