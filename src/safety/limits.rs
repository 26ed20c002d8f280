use std::time::Duration;

use crate::{
    settings::Resolved,
    units::{ByteSize, Portion},
};

/// What a case may use, and what it must leave. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    pub(crate) time: Option<Duration>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) growth_bytes_per_sec: Option<u64>,
    /// Growth is judged over this long: a buffer that fills once is no growth.
    pub(crate) growth_window: Duration,
    /// Filling caches and pools at the start is not growth either.
    pub(crate) growth_warm_up: Duration,
    /// In percent of the cores available.
    pub(crate) cpu_percent: Option<f64>,
    /// A burst of work is no reason to stop; this long at the limit is.
    pub(crate) cpu_window: Duration,
    pub(crate) concurrency: Option<u64>,
    pub(crate) descriptors: Option<u64>,
    pub(crate) threads: Option<u64>,
    pub(crate) disk_written_bytes: Option<u64>,
    /// Of the machine, at least.
    pub(crate) free_memory_bytes: Option<u64>,
    /// Of each disk that is written to, at least.
    pub(crate) free_disk: Option<Portion>,
}

impl Limits {
    /// The limits of a case; shares are of `memory_total`, what the machine has.
    pub(crate) fn of(settings: &Resolved, memory_total: ByteSize) -> Self {
        let memory = |key| settings.portion(key).and_then(|portion| amount(portion, memory_total));
        let window = |key| settings.duration(key).unwrap_or_default();
        Self {
            time: settings.duration("time_limit"),
            memory_bytes: memory("max_memory"),
            growth_bytes_per_sec: settings.bytes("max_memory_growth"),
            growth_window: window("memory_growth_window"),
            growth_warm_up: window("memory_growth_warm_up"),
            cpu_percent: settings.percent("max_cpu").map(|share| share.share() * 100.0),
            cpu_window: window("cpu_window"),
            concurrency: settings.count("max_concurrency"),
            descriptors: settings.count("max_descriptors"),
            threads: settings.count("max_threads"),
            disk_written_bytes: settings.bytes("max_disk_written"),
            free_memory_bytes: memory("min_free_memory"),
            free_disk: settings.portion("min_free_disk"),
        }
    }
}

/// So many bytes; none for a share of something that could not be measured.
pub(super) fn amount(portion: Portion, whole: ByteSize) -> Option<u64> {
    match portion {
        Portion::Share(_) if whole.bytes() == 0 => None,
        Portion::Share(_) | Portion::Size(_) => Some(portion.of(whole).bytes()),
    }
}

/// What a case has to find before it starts. `None` is no need.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Needs {
    pub(crate) memory: Option<Portion>,
    /// For the scratch folder.
    pub(crate) disk: Option<Portion>,
    /// The highest load average for each core available.
    pub(crate) load_per_core: Option<f64>,
}

impl Needs {
    pub(crate) fn of(settings: &Resolved) -> Self {
        Self {
            memory: settings.portion("needs_memory"),
            disk: settings.portion("needs_disk"),
            load_per_core: settings.factor_limit("max_machine_load"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        settings::Scope,
        units::{Ratio, gib, mib, seconds},
    };

    #[test]
    fn the_defaults() {
        let limits = Limits::of(&Resolved::built_in(Scope::Case), mib(2000));
        let expected = Limits {
            time: Some(seconds(300)),
            memory_bytes: Some(1 << 30),
            growth_bytes_per_sec: Some(10_000_000),
            growth_window: seconds(10),
            growth_warm_up: seconds(10),
            cpu_percent: Some(90.0),
            cpu_window: seconds(5),
            concurrency: Some(50),
            descriptors: None,
            threads: None,
            disk_written_bytes: None,
            free_memory_bytes: Some(100 << 20),
            free_disk: Some(Portion::Share(Ratio::new(0.05))),
        };
        assert_eq!(limits, expected);
        assert_eq!(Needs::of(&Resolved::built_in(Scope::Case)), Needs::default());
    }

    #[test]
    fn a_share_of_what_is_not_known_is_no_limit() {
        let share = Portion::Share(Ratio::new(0.6));
        assert_eq!(amount(share, ByteSize::new(0)), None);
        assert_eq!(amount(share, ByteSize::new(1000)), Some(600));
        assert_eq!(amount(Portion::Size(gib(1)), ByteSize::new(0)), Some(1 << 30));
    }
}
