use std::time::Duration;

use crate::settings::Resolved;

/// What a case may use. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    pub(crate) time: Option<Duration>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) growth_bytes_per_sec: Option<u64>,
    /// In percent of the cores available.
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) concurrency: Option<u64>,
}

impl Limits {
    pub(crate) fn of(settings: &Resolved) -> Self {
        Self {
            time: settings.duration("time_limit"),
            memory_bytes: settings.bytes("max_memory"),
            growth_bytes_per_sec: settings.bytes("max_memory_growth"),
            cpu_percent: settings.percent("max_cpu").map(|share| share.share() * 100.0),
            concurrency: settings.count("max_concurrency"),
        }
    }
}
