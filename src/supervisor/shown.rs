use std::time::Duration;

use crate::{
    monitor::Sampler,
    progress::{Live, Status},
    safety::Limits,
};

/// CPU is told of this time.
const CPU_OVER: Duration = Duration::from_secs(1);

/// What people are shown of a case.
pub(super) fn status(
    sampler: &Sampler,
    live: &mut Live,
    limits: &Limits,
    elapsed: Duration,
    is_stopping: bool,
) -> Status {
    let mut status = Status {
        is_stopping,
        elapsed,
        cpu_percent: sampler.recorder().cpu_percent_over(CPU_OVER),
        memory_bytes: sampler.last().rss_bytes,
        memory_limit_bytes: limits.memory_bytes,
        ..Status::default()
    };
    live.tell(elapsed, &mut status);
    status
}
