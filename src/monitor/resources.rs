use serde::{Deserialize, Serialize};

use super::{machine_use::MachineUse, shared::SharedMemory};

/// What a case's processes used, and how the machine fared meanwhile.
///
/// Percentages of CPU are of the cores available to the case (affinity and quotas), so 100 means "all it may have".
/// Figures of the machine include whatever else ran on it. `None` means not measured, never zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Resources {
    /// The cores available to the case (affinity and quotas count, so it may be a fraction), of which percentages are.
    #[serde(default)]
    pub cores_available: Option<f64>,
    /// How many descriptors each of its processes may have open, where the platform tells.
    #[serde(default)]
    pub descriptor_limit: Option<u64>,
    /// The most resident memory, in bytes: what one sample saw of all processes, or what the kernel says that one of
    /// them had at most. A peak of several together between two samples is missed. What a parent had is not in it.
    pub peak_memory_bytes: u64,
    /// The busiest stretch of at least 500 ms, in percent of the cores available.
    pub peak_cpu_percent: Option<f64>,
    /// Over all the time between the first and the last sample; `None` under 500 ms.
    pub mean_cpu_percent: Option<f64>,
    /// User and system time of all processes, in seconds of one core.
    pub cpu_seconds: f64,
    /// The most threads at once.
    pub peak_threads: u32,
    /// The most open descriptors at once.
    pub peak_descriptors: u32,
    /// The most processes at once.
    pub peak_processes: u32,
    /// Bytes fetched from storage; what came from the page cache does not count.
    pub read_bytes: u64,
    /// Bytes sent towards storage.
    pub written_bytes: u64,
    /// How often its threads were put on a core; 0 where the platform does not tell.
    pub context_switches: u64,
    /// Bytes that the whole machine received meanwhile, loopback left out.
    pub network_received_bytes: u64,
    /// Bytes that the whole machine sent meanwhile, loopback left out.
    pub network_sent_bytes: u64,
    /// Bytes that went through loopback meanwhile, of the whole machine.
    pub loopback_bytes: u64,
    /// The highest share of all of the machine's cores that was busy, in percent.
    pub machine_peak_cpu_percent: Option<f64>,
    /// The least memory that the machine had to spare, in bytes.
    pub machine_memory_available_min_bytes: Option<u64>,
    /// How the machine fared beside that.
    pub machine: MachineUse,
    /// Proportional set size where loads and phases begin and end, as far as there was time to ask.
    pub shared_memory: Vec<SharedMemory>,
    /// CPU time of the thread that took these samples, in seconds; `None` where the platform does not tell.
    pub sampling_cpu_seconds: Option<f64>,
    /// The slope of a least-squares line through the windows' `rss_min_bytes`, the first 40 % of the time left out as
    /// warm-up; `None` when fewer than 10 windows remain. A figure to show, no proof of a leak.
    pub memory_growth_bytes_per_sec: Option<f64>,
    /// How many samples there are.
    pub samples: u64,
    /// The longest time between two samples, in milliseconds: for so long nobody looked.
    pub longest_gap_ms: f64,
    /// The width of a window, in seconds. It doubles when there would be too many windows.
    pub window_s: u32,
    /// The course of it; windows without a sample are left out.
    pub windows: Vec<ResourceWindow>,
}

/// One stretch of the timeline, [`Resources::window_s`] wide.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ResourceWindow {
    /// Where it begins: seconds since the start of the case.
    pub at_s: u32,
    /// Mean over the window, in percent of the cores available; `None` when it saw less than 500 ms.
    pub cpu_percent: Option<f64>,
    /// The most resident memory, in bytes.
    pub rss_bytes: u64,
    /// The least resident memory, in bytes: what a leak raises and a burst does not.
    pub rss_min_bytes: u64,
    /// The most threads.
    pub threads: u32,
    /// The most open descriptors.
    pub descriptors: u32,
    /// The machine's cores, mean over the window, in percent of all of them.
    pub machine_cpu_percent: Option<f64>,
    /// The least memory that the machine had to spare, in bytes.
    pub memory_available_bytes: Option<u64>,
    /// Bytes that the machine received in this window, loopback left out.
    pub network_received_bytes: u64,
    /// Bytes that the machine sent in this window, loopback left out.
    pub network_sent_bytes: u64,
    /// Bytes that went through the machine's loopback in this window.
    pub loopback_bytes: u64,
    /// Bytes fetched from storage by the case in this window.
    pub read_bytes: u64,
    /// Bytes sent towards storage by the case in this window.
    pub written_bytes: u64,
    /// How often the case's threads were put on a core in this window.
    pub context_switches: u64,
    /// Seconds of this window in which a task waited for memory: one of the case's control group where that has an
    /// account of its own, else any of the machine. `None` where the kernel does not tell.
    #[serde(default)]
    pub memory_stall_s: Option<f64>,
    /// The same of waiting for storage.
    #[serde(default)]
    pub storage_stall_s: Option<f64>,
}
