use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Stalls for want of a resource, by the kernel's pressure stall information (`Documentation/accounting/psi.rst`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PressureUse {
    /// Waiting for a core.
    pub cpu: StallUse,
    /// Waiting for memory: reclaim, swapping, refaults.
    pub memory: StallUse,
    /// Waiting for storage.
    pub io: StallUse,
}

/// How long tasks stood still for want of one resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StallUse {
    /// Seconds in which at least one task stood still.
    pub some_s: f64,
    /// Seconds in which every task that had something to do stood still.
    pub full_s: f64,
    /// The highest share of a stretch of at least 500 ms in which at least one task stood still, in percent.
    pub peak_some_percent: Option<f64>,
}

/// The running totals of the three resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pressure {
    pub(crate) cpu: Stall,
    pub(crate) memory: Stall,
    pub(crate) io: Stall,
}

/// Running totals of one resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stall {
    pub(crate) some: Duration,
    pub(crate) full: Duration,
}

impl PressureUse {
    /// Adds what passed between two readings that lie `over` apart.
    pub(super) fn add(&mut self, earlier: &Pressure, later: &Pressure, over: Duration) {
        self.cpu.add(earlier.cpu, later.cpu, over);
        self.memory.add(earlier.memory, later.memory, over);
        self.io.add(earlier.io, later.io, over);
    }
}

/// Shorter stretches say little: one wait of 20 ms would be a peak.
const PEAK_OVER: Duration = Duration::from_millis(450);

impl StallUse {
    fn add(&mut self, earlier: Stall, later: Stall, over: Duration) {
        let some = later.some.saturating_sub(earlier.some);
        self.some_s += some.as_secs_f64();
        self.full_s += later.full.saturating_sub(earlier.full).as_secs_f64();
        if over >= PEAK_OVER {
            let percent = (100.0 * some.as_secs_f64() / over.as_secs_f64()).min(100.0);
            self.peak_some_percent = Some(self.peak_some_percent.unwrap_or(0.0).max(percent));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn stall(some_ms: u64, full_ms: u64) -> Stall {
        Stall { some: Duration::from_millis(some_ms), full: Duration::from_millis(full_ms) }
    }

    #[test]
    fn stalls_are_summed_and_the_worst_stretch_is_kept() {
        let at = |some, full| Pressure { cpu: stall(some, full), ..Pressure::default() };
        let mut used = PressureUse::default();
        used.add(&at(1000, 10), &at(1050, 10), Duration::from_millis(500));
        used.add(&at(1050, 10), &at(1250, 30), Duration::from_millis(500));
        // Too short to be a peak, and counted.
        used.add(&at(1250, 30), &at(1350, 30), Duration::from_millis(100));
        used.add(&at(1350, 30), &at(1350, 30), Duration::from_millis(500));
        assert!((used.cpu.some_s - 0.35).abs() < 1e-9 && (used.cpu.full_s - 0.02).abs() < 1e-9, "{used:?}");
        assert_eq!(used.cpu.peak_some_percent, Some(40.0));
        assert_eq!(used.io, StallUse { peak_some_percent: Some(0.0), ..StallUse::default() });
    }
}
