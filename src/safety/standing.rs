use std::time::Duration;

use super::Limits;
use crate::{
    stop::StopReason,
    units::{ByteSize, show_duration},
};

/// From this share of a limit on it is worth a warning.
const WARN_FROM: f64 = 0.8;

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Memory,
    MachineMemory,
    Time,
    Concurrency,
    Descriptors,
    Threads,
    DiskWritten,
    /// The disk of which folder.
    MachineDisk(&'static str),
    MemoryGrowth,
    Cpu,
}

/// Where a case stands with one limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    pub(super) subject: Subject,
    pub(super) seen: f64,
    pub(super) limit: f64,
}

impl Subject {
    pub(super) const fn reason(self) -> StopReason {
        match self {
            Self::Memory => StopReason::Memory,
            Self::MachineMemory => StopReason::MachineMemory,
            Self::Time => StopReason::TimeLimit,
            Self::Concurrency => StopReason::Concurrency,
            Self::Descriptors => StopReason::Descriptors,
            Self::Threads => StopReason::Threads,
            Self::DiskWritten => StopReason::DiskWritten,
            Self::MachineDisk(_) => StopReason::MachineDisk,
            Self::MemoryGrowth => StopReason::MemoryGrowth,
            Self::Cpu => StopReason::Cpu,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Memory => "max_memory",
            Self::MachineMemory => "min_free_memory",
            Self::Time => "time_limit",
            Self::Concurrency => "max_concurrency",
            Self::Descriptors => "max_descriptors",
            Self::Threads => "max_threads",
            Self::DiskWritten => "max_disk_written",
            Self::MachineDisk(_) => "min_free_disk",
            Self::MemoryGrowth => "max_memory_growth",
            Self::Cpu => "max_cpu",
        }
    }

    /// Whether the limit is what must be left, not what may be used.
    const fn is_a_reserve(self) -> bool {
        matches!(self, Self::MachineMemory | Self::MachineDisk(_))
    }

    /// The value in its unit.
    fn show(self, value: f64) -> String {
        match self {
            Self::Memory
            | Self::MachineMemory
            | Self::DiskWritten
            | Self::MachineDisk(_)
            | Self::MemoryGrowth => ByteSize::new(value as u64).to_string(),
            Self::Time => show_duration(Duration::from_millis((value * 1000.0) as u64)),
            Self::Concurrency | Self::Descriptors | Self::Threads => format!("{value:.0}"),
            Self::Cpu => format!("{value:.0}%"),
        }
    }
}

impl Standing {
    pub(super) fn is_crossed(&self) -> bool {
        match self.subject {
            // Time is up when it is up.
            Subject::Time => self.seen >= self.limit,
            subject if subject.is_a_reserve() => self.seen < self.limit,
            _ => self.seen > self.limit,
        }
    }

    pub(super) fn is_near(&self) -> bool {
        match self.subject.is_a_reserve() {
            true => self.seen * WARN_FROM <= self.limit,
            false => self.seen >= WARN_FROM * self.limit,
        }
    }

    /// What was seen and what was allowed.
    pub(super) fn crossing(&self, limits: &Limits) -> String {
        let (limit, key) = (self.subject.show(self.limit), self.subject.key());
        match self.subject {
            Subject::Time => format!("it ran for {limit} ({key})"),
            subject if subject.is_a_reserve() => {
                format!("{}, and {limit} must stay free ({key})", self.observed("just under ", limits))
            }
            _ => format!("{}, the limit is {limit} ({key})", self.observed("just over ", limits)),
        }
    }

    /// What was seen and how close that is.
    pub(super) fn warning(&self, limits: &Limits) -> String {
        let (limit, key) = (self.subject.show(self.limit), self.subject.key());
        match self.subject.is_a_reserve() {
            true => {
                format!("{}, close to the {limit} that must stay free ({key})", self.observed("", limits))
            }
            false => {
                let percent = 100.0 * self.seen / self.limit;
                format!("{}, {percent:.0}% of the limit of {limit} ({key})", self.observed("", limits))
            }
        }
    }

    /// What was seen; `beside` stands before a value that prints as the limit does.
    fn observed(&self, beside: &str, limits: &Limits) -> String {
        let seen = self.subject.show(self.seen);
        let is_beside = seen == self.subject.show(self.limit);
        let seen = if is_beside { format!("{beside}{seen}") } else { seen };
        match self.subject {
            Subject::Memory => format!("memory was {seen}"),
            Subject::MachineMemory => format!("the machine had {seen} of memory left"),
            Subject::Time => format!("it ran for {seen}"),
            Subject::Concurrency => format!("{seen} operations were in flight"),
            Subject::Descriptors => format!("{seen} descriptors were open"),
            Subject::Threads => format!("{seen} threads were there"),
            Subject::DiskWritten => format!("{seen} were written to disk"),
            Subject::MachineDisk(folder) => format!("the disk of {folder} had {seen} left"),
            Subject::MemoryGrowth => {
                format!("memory grew by {seen} a second over {}", show_duration(limits.growth_window))
            }
            Subject::Cpu => {
                format!("it used {seen} of the available cores over {}", show_duration(limits.cpu_window))
            }
        }
    }
}
