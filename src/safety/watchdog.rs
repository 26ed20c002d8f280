use std::time::Duration;

use super::{
    Limits,
    limits::amount,
    standing::{Standing, Subject},
};
use crate::{monitor::Space, stop::StopReason, units::ByteSize};

/// Kernels and allocators hand out memory faster than a watcher looks: what grows like this for two more looks is
/// over its limit already.
const LOOKS_AHEAD: f64 = 2.0;

/// Operations in flight, and whether there can be more without anybody asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InFlight {
    /// Of users alone: more of them than the limit are refused before they start, so that being near it tells nothing.
    OfUsers(u64),
    /// With an open load among them: more arrive, whatever becomes of those in flight.
    WithArrivals(u64),
}

/// What the watchdog is shown at a tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// Since the case began.
    pub(crate) elapsed: Duration,
    pub(crate) memory_bytes: u64,
    /// Bytes per second, over the last ticks.
    pub(crate) memory_rate: f64,
    /// Bytes per second over [`Limits::growth_window`], once there is so much history.
    pub(crate) growth: Option<f64>,
    /// Percent of the cores available, over [`Limits::cpu_window`], once there is so much history.
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) in_flight: InFlight,
    pub(crate) descriptors: u32,
    pub(crate) threads: u32,
    pub(crate) disk_written_bytes: u64,
    /// What the machine has to spare; `None` where that is not known.
    pub(crate) free_memory_bytes: Option<u64>,
    /// The disks that are written to.
    pub(crate) disks: &'a [Space],
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
#[derive(Debug, Clone)]
pub(crate) struct Watchdog {
    limits: Limits,
    /// What has been warned of.
    warned: Vec<Subject>,
}

impl Watchdog {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self { limits, warned: Vec::new() }
    }

    /// The first limit that is crossed, the most dangerous first.
    pub(crate) fn check(&self, seen: &Seen<'_>) -> Option<Crossing> {
        let crossed = |standing: &Standing| Crossing {
            reason: standing.subject.reason(),
            sentence: standing.crossing(&self.limits),
        };
        let memory = self.memory(seen).filter(Standing::is_crossed);
        memory.as_ref().map(crossed).or_else(|| self.about_to_burst(seen)).or_else(|| {
            let mut others = self.standings(seen);
            others.find(Standing::is_crossed).as_ref().map(crossed)
        })
    }

    /// The limits of which four fifths are reached for the first time, in words. One that is crossed at once needs no
    /// warning: the stop says it.
    pub(crate) fn warnings(&mut self, seen: &Seen<'_>) -> Vec<String> {
        let near: Vec<Standing> = self
            .standings(seen)
            .filter(|standing| may_cross(standing.subject, seen) && standing.is_near())
            .filter(|standing| !self.warned.contains(&standing.subject))
            .collect();
        self.warned.extend(near.iter().map(|standing| standing.subject));
        let news = near.iter().filter(|standing| !standing.is_crossed());
        news.map(|standing| standing.warning(&self.limits)).collect()
    }

    /// Whether memory is over half of its limit or grows fast: then it is worth looking more often.
    pub(crate) fn is_near_memory(&self, seen: &Seen<'_>) -> bool {
        let Some(limit) = self.limits.memory_bytes else { return false };
        let is_fast = seen.memory_rate > limit as f64 / 4.0;
        seen.memory_bytes > limit / 2 || is_fast
    }

    /// Whether so little of the machine's memory is left that it is worth looking at it more often.
    pub(crate) fn is_near_reserve(&self, seen: &Seen<'_>) -> bool {
        let reserve = self.limits.free_memory_bytes.zip(seen.free_memory_bytes);
        reserve.is_some_and(|(reserve, free)| free < reserve.saturating_mul(2))
    }

    /// All limits that there are, the most dangerous first.
    fn standings(&self, seen: &Seen<'_>) -> impl Iterator<Item = Standing> {
        let limits = &self.limits;
        let at =
            |subject, limit: Option<f64>, seen: f64| limit.map(|limit| Standing { subject, seen, limit });
        let count =
            |subject, limit: Option<u64>, seen: u64| at(subject, limit.map(|n| n as f64), seen as f64);
        let free_memory = seen
            .free_memory_bytes
            .and_then(|free| count(Subject::MachineMemory, limits.free_memory_bytes, free));
        let (InFlight::OfUsers(in_flight) | InFlight::WithArrivals(in_flight)) = seen.in_flight;
        let time = limits.time.map(|limit| limit.as_secs_f64());
        let counted = [
            self.memory(seen),
            free_memory,
            at(Subject::Time, time, seen.elapsed.as_secs_f64()),
            count(Subject::Concurrency, limits.concurrency, in_flight),
            count(Subject::Descriptors, limits.descriptors, seen.descriptors.into()),
            count(Subject::Threads, limits.threads, seen.threads.into()),
            count(Subject::DiskWritten, limits.disk_written_bytes, seen.disk_written_bytes),
        ];
        let disks = seen.disks.iter().filter_map(move |disk| {
            let limit = amount(limits.free_disk?, ByteSize::new(disk.total_bytes))?;
            let subject = Subject::MachineDisk(disk.name);
            Some(Standing { subject, seen: disk.free_bytes as f64, limit: limit as f64 })
        });
        counted.into_iter().flatten().chain(disks).chain(self.growth(seen)).chain(self.cpu(seen))
    }

    fn memory(&self, seen: &Seen<'_>) -> Option<Standing> {
        let limit = self.limits.memory_bytes? as f64;
        Some(Standing { subject: Subject::Memory, seen: seen.memory_bytes as f64, limit })
    }

    fn about_to_burst(&self, seen: &Seen<'_>) -> Option<Crossing> {
        let limit = self.limits.memory_bytes?;
        let ahead = seen.memory_rate.max(0.0) * LOOKS_AHEAD * seen.tick.as_secs_f64();
        (seen.memory_bytes as f64 + ahead > limit as f64).then(|| {
            let (used, allowed) = (ByteSize::new(seen.memory_bytes), ByteSize::new(limit));
            let rate = ByteSize::new(seen.memory_rate as u64);
            let sentence = format!(
                "memory was {used} and grew by {rate} a second: over the limit of {allowed} (max_memory) at once"
            );
            Crossing { reason: StopReason::Memory, sentence }
        })
    }

    /// Only once the window has no warm-up in it.
    fn growth(&self, seen: &Seen<'_>) -> Option<Standing> {
        let limits = &self.limits;
        let (limit, growth) = (limits.growth_bytes_per_sec? as f64, seen.growth?);
        let is_settled = seen.elapsed >= limits.growth_warm_up + limits.growth_window;
        is_settled.then_some(Standing { subject: Subject::MemoryGrowth, seen: growth, limit })
    }

    fn cpu(&self, seen: &Seen<'_>) -> Option<Standing> {
        let (limit, used) = (self.limits.cpu_percent?, seen.cpu_percent?);
        Some(Standing { subject: Subject::Cpu, seen: used, limit })
    }
}

fn may_cross(subject: Subject, seen: &Seen<'_>) -> bool {
    subject != Subject::Concurrency || matches!(seen.in_flight, InFlight::WithArrivals(_))
}

#[cfg(test)]
mod tests;
