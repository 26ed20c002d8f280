use std::time::Duration;

use super::Limits;
use crate::{
    stop::StopReason,
    units::{ByteSize, show_duration},
};

/// Growth is judged over this long: a buffer that fills once is no growth.
pub(crate) const GROWTH_WINDOW: Duration = Duration::from_secs(10);

/// Filling caches and pools at the start is not growth either.
const GROWTH_WARM_UP: Duration = Duration::from_secs(10);

/// A burst of work is no reason to stop; this long at the limit is.
pub(crate) const CPU_WINDOW: Duration = Duration::from_secs(5);

/// Kernels and allocators hand out memory faster than a watcher looks: what grows like this for two more looks is
/// over its limit already.
const LOOKS_AHEAD: f64 = 2.0;

/// What the watchdog is shown at a tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// Since the case began.
    pub(crate) elapsed: Duration,
    pub(crate) memory_bytes: u64,
    /// Bytes per second, over the last ticks.
    pub(crate) memory_rate: f64,
    /// Bytes per second over [`GROWTH_WINDOW`], once there is so much history.
    pub(crate) growth: Option<f64>,
    /// Percent of the cores available, over [`CPU_WINDOW`], once there is so much history.
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) in_flight: u64,
    /// The time between two looks.
    pub(crate) tick: Duration,
}

/// A limit that was crossed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Crossing {
    pub(crate) reason: StopReason,
    /// What was seen and what was allowed.
    pub(crate) sentence: String,
}

/// Compares what is seen with the limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watchdog {
    limits: Limits,
}

impl Watchdog {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// The first limit that is crossed, the most dangerous first.
    pub(crate) fn check(&self, seen: &Seen) -> Option<Crossing> {
        self.memory(seen)
            .or_else(|| self.time(seen))
            .or_else(|| self.concurrency(seen))
            .or_else(|| self.growth(seen))
            .or_else(|| self.cpu(seen))
    }

    /// Whether memory is over half of its limit or grows fast: then it is worth looking more often.
    pub(crate) fn is_near_memory(&self, seen: &Seen) -> bool {
        let Some(limit) = self.limits.memory_bytes else { return false };
        let is_fast = seen.memory_rate > limit as f64 / 4.0;
        seen.memory_bytes > limit / 2 || is_fast
    }

    fn memory(&self, seen: &Seen) -> Option<Crossing> {
        let limit = self.limits.memory_bytes?;
        let ahead = seen.memory_rate.max(0.0) * LOOKS_AHEAD * seen.tick.as_secs_f64();
        let predicted = seen.memory_bytes as f64 + ahead;
        let (used, allowed) = (ByteSize::new(seen.memory_bytes), ByteSize::new(limit));
        if seen.memory_bytes > limit {
            let sentence = format!("memory was {used}, the limit is {allowed} (max_memory)");
            Some(Crossing { reason: StopReason::Memory, sentence })
        } else if predicted > limit as f64 {
            let rate = ByteSize::new(seen.memory_rate as u64);
            let sentence = format!(
                "memory was {used} and grew by {rate} a second: over the limit of {allowed} (max_memory) at once"
            );
            Some(Crossing { reason: StopReason::Memory, sentence })
        } else {
            None
        }
    }

    fn time(&self, seen: &Seen) -> Option<Crossing> {
        let limit = self.limits.time?;
        (seen.elapsed >= limit).then(|| Crossing {
            reason: StopReason::TimeLimit,
            sentence: format!("it ran for {} (time_limit)", show_duration(limit)),
        })
    }

    fn concurrency(&self, seen: &Seen) -> Option<Crossing> {
        let limit = self.limits.concurrency?;
        (seen.in_flight > limit).then(|| Crossing {
            reason: StopReason::Concurrency,
            sentence: format!(
                "{} operations were in flight, the limit is {limit} (max_concurrency)",
                seen.in_flight
            ),
        })
    }

    fn growth(&self, seen: &Seen) -> Option<Crossing> {
        let (limit, growth) = (self.limits.growth_bytes_per_sec?, seen.growth?);
        if seen.elapsed < GROWTH_WARM_UP + GROWTH_WINDOW || growth <= limit as f64 {
            return None;
        }
        let (grew, allowed) = (ByteSize::new(growth as u64), ByteSize::new(limit));
        let window = show_duration(GROWTH_WINDOW);
        let sentence = format!(
            "memory grew by {grew} a second over {window}, the limit is {allowed} (max_memory_growth)"
        );
        Some(Crossing { reason: StopReason::MemoryGrowth, sentence })
    }

    fn cpu(&self, seen: &Seen) -> Option<Crossing> {
        let (limit, used) = (self.limits.cpu_percent?, seen.cpu_percent?);
        (used > limit).then(|| Crossing {
            reason: StopReason::Cpu,
            sentence: format!(
                "it used {used:.0}% of the available cores over {}, the limit is {limit:.0}% (max_cpu)",
                show_duration(CPU_WINDOW)
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        time: Some(Duration::from_secs(60)),
        memory_bytes: Some(1 << 30),
        growth_bytes_per_sec: Some(10 << 20),
        cpu_percent: Some(90.0),
        concurrency: Some(50),
    };

    const CALM: Seen = Seen {
        elapsed: Duration::from_secs(30),
        memory_bytes: 1 << 29,
        memory_rate: 0.0,
        growth: Some(0.0),
        cpu_percent: Some(50.0),
        in_flight: 50,
        tick: Duration::from_millis(20),
    };

    fn said(seen: Seen) -> String {
        Watchdog::new(LIMITS).check(&seen).map_or("nothing".to_owned(), |c| c.sentence)
    }

    #[test]
    fn each_limit_has_its_sentence() {
        assert_eq!(said(CALM), "nothing");
        assert_eq!(
            said(Seen { memory_bytes: 3 << 29, ..CALM }),
            "memory was 1.5 GiB, the limit is 1 GiB (max_memory)"
        );
        assert_eq!(
            said(Seen { memory_bytes: 960 << 20, memory_rate: 2e9, ..CALM }),
            "memory was 960 MiB and grew by 1.9 GiB a second: over the limit of 1 GiB (max_memory) at once"
        );
        assert_eq!(said(Seen { elapsed: Duration::from_secs(61), ..CALM }), "it ran for 1m (time_limit)");
        assert_eq!(
            said(Seen { in_flight: 51, ..CALM }),
            "51 operations were in flight, the limit is 50 (max_concurrency)"
        );
        assert_eq!(
            said(Seen { growth: Some(2e7), ..CALM }),
            "memory grew by 19.1 MiB a second over 10 s, the limit is 10 MiB (max_memory_growth)"
        );
        assert_eq!(
            said(Seen { cpu_percent: Some(97.2), ..CALM }),
            "it used 97% of the available cores over 5 s, the limit is 90% (max_cpu)"
        );
    }

    #[test]
    fn growth_at_the_start_is_warming_up() {
        assert_eq!(said(Seen { growth: Some(2e9), elapsed: Duration::from_secs(19), ..CALM }), "nothing");
    }

    #[test]
    fn no_limit_no_crossing() {
        let none = Limits {
            time: None,
            memory_bytes: None,
            growth_bytes_per_sec: None,
            cpu_percent: None,
            concurrency: None,
        };
        let wild = Seen { memory_bytes: u64::MAX, cpu_percent: Some(1e9), in_flight: u64::MAX, ..CALM };
        assert_eq!(Watchdog::new(none).check(&wild), None);
    }
}
