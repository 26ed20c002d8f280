use std::time::Duration;

use crate::{
    monitor::{Sampler, TreeSample},
    safety::{InFlight, Limits, Seen},
};

/// What the watchdog is shown of a sample; operations in flight are not the sampler's to know.
pub(super) fn seen<'a>(
    sampler: &'a Sampler,
    sample: &TreeSample,
    limits: &Limits,
    elapsed: Duration,
    tick: Duration,
) -> Seen<'a> {
    let recorder = sampler.recorder();
    Seen {
        elapsed,
        memory_bytes: sample.rss_bytes,
        memory_rate: recorder.rate_now(),
        growth: recorder.growth_over(limits.growth_window),
        cpu_percent: recorder.cpu_percent_over(limits.cpu_window),
        in_flight: InFlight::OfUsers(0),
        descriptors: sample.descriptors,
        threads: sample.threads,
        disk_written_bytes: sample.written_bytes,
        free_memory_bytes: sampler.free_memory_bytes(),
        disks: sampler.disks(),
        tick,
    }
}
