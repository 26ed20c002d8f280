use std::time::{Duration, Instant};

use super::{network::Interfaces, pressure::Pressure};

/// One look at a tree of processes. Zombies are not counted, except for what they have used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TreeSample {
    /// How many processes are alive.
    pub(crate) processes: u32,
    /// User and system time of the whole tree since it began, exited processes included; never falls. On Linux in
    /// steps of a clock tick (10 ms), so a share of it is meaningful over 500 ms or more.
    pub(crate) cpu: Duration,
    /// When `cpu` was that much, and `threads` as many; `None` is the time of the sample.
    pub(crate) cpu_at: Option<Instant>,
    /// Resident memory, summed: a page that two processes share counts twice.
    pub(crate) rss_bytes: u64,
    /// Threads, summed; as old as `cpu`, and 0 where the platform does not tell.
    pub(crate) threads: u32,
    /// Open descriptors, summed; up to 200 ms old (on Linux, like all below, 2 s for trees of many processes), and 0 where the platform does not tell.
    pub(crate) descriptors: u32,
    /// Bytes fetched from storage (not from the page cache) since the tree began; up to 200 ms old, never falls.
    pub(crate) read_bytes: u64,
    /// Bytes sent towards storage since the tree began; up to 200 ms old, never falls.
    pub(crate) written_bytes: u64,
    /// The most resident memory that any one of the processes ever had, by the kernel's own account; up to 200 ms old
    /// (on Linux; 0 elsewhere).
    pub(crate) highest_rss_bytes: u64,
    /// How often threads of the tree were put on a core; up to 200 ms old, never falls, 0 where unknown.
    pub(crate) context_switches: u64,
}

impl TreeSample {
    /// The same sample with every running total at least as high as in `earlier`.
    pub(super) fn not_below(self, earlier: &Self) -> Self {
        Self {
            cpu: self.cpu.max(earlier.cpu),
            read_bytes: self.read_bytes.max(earlier.read_bytes),
            written_bytes: self.written_bytes.max(earlier.written_bytes),
            context_switches: self.context_switches.max(earlier.context_switches),
            highest_rss_bytes: self.highest_rss_bytes.max(earlier.highest_rss_bytes),
            ..self
        }
    }
}

/// One look at the machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MachineSample {
    /// Busy share of all cores, 0 to 1, since a sample at least 200 ms earlier; `None` before there is one.
    pub(crate) cpu_share: Option<f64>,
    /// Memory that new work could take without swapping, within the limits of this process's control groups.
    pub(crate) memory_available_bytes: u64,
    /// Memory that is fitted, or that the control groups allow.
    pub(crate) memory_total_bytes: u64,
    /// The load average over one minute: runnable (and on Linux also uninterruptible) threads.
    pub(crate) load_1m: f64,
    /// Each interface of this process's network namespace.
    pub(crate) interfaces: Interfaces,
    /// Each interface of the watched process's network namespace, where it has one of its own.
    pub(crate) namespace: Option<Interfaces>,
    /// Bytes that the disks have read and written, where the kernel tells.
    pub(crate) disks: Option<DiskTotals>,
    /// Stalls for want of a resource since boot, where the kernel tells (Linux with PSI).
    pub(crate) pressure: Option<Pressure>,
    /// The same of the control group that the watched process is in.
    pub(crate) group_pressure: Option<Pressure>,
}

/// Bytes that the machine's disks have read and written since boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DiskTotals {
    pub(crate) read_bytes: u64,
    pub(crate) written_bytes: u64,
}
