use serde::{Deserialize, Serialize};

use crate::safety::Limits;

/// The limits of a case, shares of the machine worked out. `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LimitsReport {
    /// Longest time, in seconds.
    pub time_s: Option<f64>,
    /// Most memory of its processes.
    pub memory_bytes: Option<u64>,
    /// Fastest growth of memory.
    pub memory_growth_bytes_per_sec: Option<u64>,
    /// Over how long growth is judged.
    pub memory_growth_window_s: f64,
    /// For how long after the start memory may grow as it likes.
    pub memory_growth_warm_up_s: f64,
    /// Most CPU, in percent of the cores available.
    pub cpu_percent: Option<f64>,
    /// Over how long CPU is judged.
    pub cpu_window_s: f64,
    /// Most operations in flight.
    pub concurrency: Option<u64>,
    /// Most open descriptors.
    pub descriptors: Option<u64>,
    /// Most threads.
    pub threads: Option<u64>,
    /// Most bytes sent towards storage.
    pub disk_written_bytes: Option<u64>,
    /// Memory that the machine must keep.
    pub free_memory_bytes: Option<u64>,
    /// Space that each disk which is written to must keep, as it was set: a size, or a share of the disk.
    pub free_disk: Option<String>,
}

impl From<&Limits> for LimitsReport {
    fn from(limits: &Limits) -> Self {
        Self {
            time_s: limits.time.map(|time| time.as_secs_f64()),
            memory_bytes: limits.memory_bytes,
            memory_growth_bytes_per_sec: limits.growth_bytes_per_sec,
            memory_growth_window_s: limits.growth_window.as_secs_f64(),
            memory_growth_warm_up_s: limits.growth_warm_up.as_secs_f64(),
            cpu_percent: limits.cpu_percent,
            cpu_window_s: limits.cpu_window.as_secs_f64(),
            concurrency: limits.concurrency,
            descriptors: limits.descriptors,
            threads: limits.threads,
            disk_written_bytes: limits.disk_written_bytes,
            free_memory_bytes: limits.free_memory_bytes,
            free_disk: limits.free_disk.map(|portion| portion.to_string()),
        }
    }
}
