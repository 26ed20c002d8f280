use std::time::Duration;

use crate::observe::Percentile;

/// What is to be shown of a case that runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Status {
    /// The name of the case.
    pub(crate) name: String,
    /// Where it is: the step of its procedure, else the phase of its load.
    pub(crate) phase: String,
    /// Whether it was told to end.
    pub(crate) is_stopping: bool,
    /// Since its start.
    pub(crate) elapsed: Duration,
    /// Until the loads that run now stop starting operations; `None` where none runs or only iterations end one.
    pub(crate) left: Option<Duration>,
    /// What the loads that run now do; `None` while none runs.
    pub(crate) work: Option<Work>,
    /// How many operations of the case failed, timed out or did not finish so far.
    pub(crate) errors: u64,
    /// How many operations of the case were never started so far: the cap of operations in flight was reached.
    pub(crate) dropped: u64,
    /// Of the cores available, over the last second.
    pub(crate) cpu_percent: Option<f64>,
    /// Resident memory of its process tree.
    pub(crate) memory_bytes: u64,
    /// What the tree may have; `None` where nothing limits it.
    pub(crate) memory_limit_bytes: Option<u64>,
}

/// What the loads of a case did in the last seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Work {
    /// How many loads run.
    pub(crate) loads: usize,
    /// Operations that ended, a second, in all loads; `None` in the first moments.
    pub(crate) rate_per_sec: Option<f64>,
    /// The longest of the loads' 99th percentiles of the response time; `None` where no operation ended.
    pub(crate) p99: Option<Percentile>,
    /// Share of the operations that ended which failed, timed out or did not finish; `None` where none ended.
    pub(crate) error_share: Option<f64>,
    /// Operations running now.
    pub(crate) in_flight: u64,
}
