use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::observe::{Counts, Figures, Histogram, Kind};

/// Counts, rates and times of a phase or a load.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FiguresReport {
    /// How the operations ended.
    pub counts: Counts,
    /// Seconds over which operations were due.
    pub duration_s: f64,
    /// Share of all due that succeeded.
    pub success_rate: Option<f64>,
    /// Share of all due that failed, timed out or did not finish.
    pub error_rate: Option<f64>,
    /// Share of all due that were politely refused.
    pub rejected_rate: Option<f64>,
    /// Carried out (`ok` or error) per second.
    pub throughput_per_sec: Option<f64>,
    /// Succeeded per second.
    pub goodput_per_sec: Option<f64>,
    /// Started per second.
    pub started_per_sec: Option<f64>,
    /// End minus intended start.
    pub response: TimesReport,
    /// End minus actual start.
    pub service: TimesReport,
    /// Response times of refusals.
    pub rejected: TimesReport,
    /// Actual minus intended start.
    pub lateness: TimesReport,
    /// Further attempts.
    pub retries: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// Kinds of failures.
    pub kinds: Vec<Kind>,
    /// Status codes.
    pub statuses: BTreeMap<u16, u64>,
}

/// A distribution of times, in microseconds; `None` without samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimesReport {
    /// Samples, those without an end included.
    pub count: u64,
    /// Arithmetic mean of those that ended.
    pub mean_us: Option<f64>,
    /// Standard deviation of those that ended.
    pub stddev_us: Option<f64>,
    /// The shortest that ended.
    pub min_us: Option<f64>,
    /// Median.
    pub p50_us: Option<f64>,
    /// 90th percentile.
    pub p90_us: Option<f64>,
    /// 95th percentile.
    pub p95_us: Option<f64>,
    /// 99th percentile.
    pub p99_us: Option<f64>,
    /// 99.9th percentile.
    pub p999_us: Option<f64>,
    /// The longest.
    pub max_us: Option<f64>,
    /// Those of the percentiles, and `max`, that are lower bounds: operations that never ended are among them.
    pub lower_bounds: Vec<String>,
}

impl From<&Figures> for FiguresReport {
    fn from(figures: &Figures) -> Self {
        Self {
            counts: figures.counts,
            duration_s: figures.duration_s,
            success_rate: figures.success_rate(),
            error_rate: figures.error_rate(),
            rejected_rate: figures.rejected_rate(),
            throughput_per_sec: figures.throughput(),
            goodput_per_sec: figures.goodput(),
            started_per_sec: figures.started_per_sec(),
            response: response_times(figures),
            service: TimesReport::from(&figures.service),
            rejected: TimesReport::from(&figures.rejected),
            lateness: TimesReport::from(&figures.lateness),
            retries: figures.retries,
            bytes: figures.bytes,
            kinds: figures.kinds.clone(),
            statuses: figures.statuses.clone(),
        }
    }
}

const PERCENTILES: [(&str, f64); 6] =
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Response times with those that are only known to be longer than something.
fn response_times(figures: &Figures) -> TimesReport {
    let percentiles = PERCENTILES.map(|(_, q)| figures.response_percentile(q));
    let lower_bounds = PERCENTILES.iter().zip(&percentiles).filter(|(_, p)| p.is_some_and(|p| p.is_at_least));
    let lower_bounds = lower_bounds.map(|((name, _), _)| (*name).to_owned()).collect();
    let count = figures.response.count() + figures.at_least.count() + figures.counts.dropped;
    let values = percentiles.map(|p| p.map(|p| us(p.value)));
    TimesReport { count, lower_bounds, ..times(&figures.response, values) }
}

impl From<&Histogram> for TimesReport {
    fn from(histogram: &Histogram) -> Self {
        let count = histogram.count();
        let rank = |q: f64| ((q * count as f64 - 1e-9).ceil() as u64).max(1);
        times(histogram, PERCENTILES.map(|(_, q)| histogram.at_rank(rank(q)).map(us)))
    }
}

fn times(ended: &Histogram, percentiles: [Option<f64>; 6]) -> TimesReport {
    let [p50_us, p90_us, p95_us, p99_us, p999_us, max_us] = percentiles;
    let some = |time: Duration| (!ended.is_empty()).then(|| us(time));
    TimesReport {
        count: ended.count(),
        mean_us: some(ended.mean()),
        stddev_us: some(ended.deviation()),
        min_us: some(ended.min()),
        p50_us,
        p90_us,
        p95_us,
        p99_us,
        p999_us,
        max_us,
        lower_bounds: Vec::new(),
    }
}
