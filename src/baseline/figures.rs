use super::saved::{SavedCase, SavedLoad};
use crate::{
    judge::{RunFigure, Wanted, samples_needed},
    report::TimesReport,
};

/// A figure that is compared.
pub(super) struct Compared<T: 'static> {
    /// As the report has it: `response_p95`.
    pub(super) name: &'static str,
    /// `s`, `ratio`, `per_sec`, `bytes`.
    pub(super) unit: &'static str,
    /// Which end is the good one.
    pub(super) wanted: Wanted,
    /// Differences up to this do not matter, however small the figure is.
    pub(super) floor: f64,
    /// What a run has of it; nothing where it was not measured or has too few samples.
    pub(super) of: fn(&T) -> Option<RunFigure>,
}

/// 100 us: what a busy scheduler adds without anybody's fault.
const TIME_FLOOR_S: f64 = 100e-6;

/// 5 us of a core: the generator's own cost of an operation is of that size, and moves with it.
const CPU_FLOOR_S: f64 = 5e-6;

/// One operation in ten seconds.
const RATE_FLOOR_PER_SEC: f64 = 0.1;

/// One operation in a thousand.
const SHARE_FLOOR: f64 = 0.001;

/// 4 MiB: an arena more or less of the allocator.
const MEMORY_FLOOR_BYTES: f64 = (4 << 20) as f64;

/// The figures of a load.
pub(super) static OF_LOAD: [Compared<SavedLoad>; 6] = [
    time("response_p50", |load| percentile(&load.response, "p50", 0.5, load.response.p50_us)),
    time("response_p95", |load| percentile(&load.response, "p95", 0.95, load.response.p95_us)),
    time("response_p99", |load| percentile(&load.response, "p99", 0.99, load.response.p99_us)),
    Compared {
        name: "goodput",
        unit: "per_sec",
        wanted: Wanted::High,
        floor: RATE_FLOOR_PER_SEC,
        of: |load| load.goodput_per_sec.map(exact),
    },
    Compared {
        name: "error_rate",
        unit: "ratio",
        wanted: Wanted::Low,
        floor: SHARE_FLOOR,
        of: |load| load.error_rate.map(exact),
    },
    Compared {
        name: "cpu_per_operation",
        unit: "s",
        wanted: Wanted::Low,
        floor: CPU_FLOOR_S,
        of: cpu_per_operation,
    },
];

/// The figures of a whole case.
pub(super) static OF_CASE: [Compared<SavedCase>; 1] = [Compared {
    name: "peak_memory",
    unit: "bytes",
    wanted: Wanted::Low,
    floor: MEMORY_FLOOR_BYTES,
    of: |case| case.peak_memory_bytes.map(|bytes| exact(bytes as f64)),
}];

/// What is compared of findings: a rate or a number at once that held, which is wanted high.
pub(super) const FINDING: (Wanted, f64) = (Wanted::High, RATE_FLOOR_PER_SEC);

const fn time(name: &'static str, of: fn(&SavedLoad) -> Option<RunFigure>) -> Compared<SavedLoad> {
    Compared { name, unit: "s", wanted: Wanted::Low, floor: TIME_FLOOR_S, of }
}

const fn exact(value: f64) -> RunFigure {
    RunFigure { value, is_at_least: false }
}

/// A percentile that has the samples that bound it.
fn percentile(times: &TimesReport, name: &str, q: f64, us: Option<f64>) -> Option<RunFigure> {
    let value = us.filter(|_| times.count >= samples_needed(q))? * 1e-6;
    Some(RunFigure { value, is_at_least: times.lower_bounds.iter().any(|bound| bound == name) })
}

/// CPU time of the process, generator and in-process target together, by operations that started.
fn cpu_per_operation(load: &SavedLoad) -> Option<RunFigure> {
    let started = load.counts.due.saturating_sub(load.counts.dropped);
    (started > 0 && load.cpu_s > 0.0).then(|| exact(load.cpu_s / started as f64))
}
