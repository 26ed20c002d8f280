use std::time::Duration;

use crate::{
    expect::{Metric, Statistic, Unit},
    observe::{Figures, Histogram, Observation},
};

/// The confidence with which a percentile must be bounded from above.
const CONFIDENCE: f64 = 0.95;

/// The number of samples from which on the percentile of share `q` (0 to 1) is judged: p50 needs 5, p90 29, p95 59,
/// p99 299, p99.9 2 995, p99.99 29 956.
///
/// The smallest n for which the largest sample is over the true percentile with 95 % confidence, `1 - q^n >= 0.95`:
/// with fewer, no order statistic bounds it (Hahn and Meeker, *Statistical Intervals*, chapter 5). Percentiles under the
/// median are bounded from below in the same way.
///
/// ```
/// assert_eq!(proofload::judge::samples_needed(0.99), 299);
/// ```
pub fn samples_needed(q: f64) -> u64 {
    let outer = q.max(1.0 - q);
    ((1.0 - CONFIDENCE).ln() / outer.ln()).ceil() as u64
}

/// A part of a load: all of it, or a phase.
pub(super) struct Part<'a> {
    pub(super) figures: &'a Figures,
    /// Operations that the schedule of an open load asked for.
    pub(super) asked: Option<f64>,
    /// The phase's name; `None` for the whole load.
    pub(super) phase: Option<&'a str>,
}

/// The figure that a metric has in an observation.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) value: f64,
    pub(super) unit: Unit,
    /// The true figure may be larger.
    pub(super) is_at_least: bool,
    /// Operations of which no end is known, if that is why.
    pub(super) lost: u64,
    pub(super) samples: u64,
    /// With fewer samples the figure says nothing.
    pub(super) needed: u64,
}

impl Reading {
    /// A figure that is exact, however small.
    const fn exact(value: f64, unit: Unit) -> Self {
        Self { value, unit, is_at_least: false, lost: 0, samples: 0, needed: 0 }
    }

    /// A share of `samples` operations.
    const fn share(value: f64, samples: u64, needed: u64) -> Self {
        Self { samples, needed, ..Self::exact(value, Unit::Ratio) }
    }
}

/// The figure of `metric`, or in words why there is none.
pub(super) fn read(
    metric: &Metric,
    observation: &Observation,
    part: &Part<'_>,
    least_samples: u64,
) -> Result<Reading, String> {
    match metric {
        Metric::Counter(name) => counter(observation, name, least_samples.max(1)),
        Metric::MemoryPeak | Metric::MemoryGrowth | Metric::CpuMean => process(metric, observation),
        _ => read_part(metric, part, least_samples),
    }
}

/// The same from the figures of the part alone.
pub(super) fn read_part(metric: &Metric, part: &Part<'_>, least_samples: u64) -> Result<Reading, String> {
    let (figures, counts) = (part.figures, &part.figures.counts);
    let least = least_samples.max(1);
    let count = |n: u64| Ok(Reading::exact(n as f64, Unit::Count));
    let of_due = |n: u64| Ok(Reading::share(n as f64 / counts.due as f64, counts.due, least));
    let rate = |per_sec: Option<f64>| {
        let per_sec = per_sec.ok_or_else(|| "no time was measured".to_owned())?;
        Ok(Reading::exact(per_sec, Unit::PerSec))
    };
    match metric {
        Metric::Latency(statistic) => response(figures, *statistic, least),
        Metric::ServiceTime(statistic) => {
            let lost = counts.timeout + counts.unfinished;
            times(&figures.service, lost, *statistic, least, "no operation has a service time")
        }
        Metric::RejectedLatency(statistic) => {
            times(&figures.rejected, 0, *statistic, least, "no operation was rejected")
        }
        Metric::Lateness(statistic) => times(&figures.lateness, 0, *statistic, least, "no operation started"),
        Metric::SuccessRate => of_due(counts.ok),
        Metric::ErrorRate => of_due(counts.error + counts.timeout + counts.unfinished),
        Metric::RejectedRate => of_due(counts.rejected),
        Metric::TimeoutRate => of_due(counts.timeout),
        Metric::Throughput => rate(figures.throughput()),
        Metric::Goodput => rate(figures.goodput()),
        Metric::StartedRate => rate(figures.started_per_sec()),
        Metric::AchievedRate => achieved(part, least),
        Metric::Due => count(counts.due),
        Metric::Ok => count(counts.ok),
        Metric::Rejected => count(counts.rejected),
        Metric::Errors => count(counts.error),
        Metric::Timeouts => count(counts.timeout),
        Metric::Unfinished => count(counts.unfinished),
        Metric::Dropped => count(counts.dropped),
        Metric::Retries => count(figures.retries),
        Metric::Bytes => Ok(Reading::exact(figures.bytes as f64, Unit::Bytes)),
        Metric::Status(code) => count(figures.statuses.get(code).copied().unwrap_or(0)),
        Metric::Counter(_) | Metric::MemoryPeak | Metric::MemoryGrowth | Metric::CpuMean => {
            Err(format!("{metric} is known for the whole load only"))
        }
    }
}

/// Response times. Those of operations that timed out or did not finish are known as lower bounds; the dropped ones
/// would have waited without end.
fn response(figures: &Figures, statistic: Statistic, least: u64) -> Result<Reading, String> {
    let (ended, at_least) = (&figures.response, &figures.at_least);
    let lost = at_least.count() + figures.counts.dropped;
    let samples = ended.count() + lost;
    if samples == 0 {
        return Err("no operation has a response time".to_owned());
    }
    let (value, is_at_least) = match statistic {
        Statistic::Percentile(quantile) => {
            let percentile = figures
                .response_percentile(quantile.share())
                .expect("there are samples, and a quantile is a share from 0 to 1");
            (percentile.value, percentile.is_at_least)
        }
        Statistic::Min if ended.is_empty() => (at_least.min(), true),
        Statistic::Min if !at_least.is_empty() && at_least.min() < ended.min() => (at_least.min(), true),
        Statistic::Min => (ended.min(), false),
        Statistic::Max => (ended.max().max(at_least.max()), lost > 0),
        Statistic::Mean => {
            let mut all = ended.clone();
            all.merge(at_least);
            (all.mean(), lost > 0)
        }
        Statistic::StdDev => (deviation(ended, lost)?, false),
    };
    Ok(of_times(value, is_at_least, lost, samples, needed_for(statistic, least)))
}

/// Times of which `lost` more are unknown, and taken for slower than all others.
fn times(
    known: &Histogram,
    lost: u64,
    statistic: Statistic,
    least: u64,
    none: &str,
) -> Result<Reading, String> {
    let samples = known.count() + lost;
    if samples == 0 {
        return Err(none.to_owned());
    }
    let (value, is_at_least) = match statistic {
        Statistic::Percentile(quantile) => match known.at_rank(quantile.rank(samples)) {
            Some(value) => (value, false),
            None => (known.max(), true),
        },
        Statistic::Min => (known.min(), known.is_empty()),
        Statistic::Max => (known.max(), lost > 0),
        Statistic::Mean => (known.mean(), lost > 0),
        Statistic::StdDev => (deviation(known, lost)?, false),
    };
    Ok(of_times(value, is_at_least, lost, samples, needed_for(statistic, least)))
}

/// Unlike a mean, a deviation has no lower bound when a few values are unknown.
fn deviation(known: &Histogram, lost: u64) -> Result<Duration, String> {
    match lost {
        0 => Ok(known.deviation()),
        _ => Err(format!("{}, so the deviation is unknown", never_ended(lost))),
    }
}

/// Why a figure is a lower bound or none at all.
pub(super) fn never_ended(lost: u64) -> String {
    format!("{lost} {} never ended", if lost == 1 { "operation" } else { "operations" })
}

fn of_times(value: Duration, is_at_least: bool, lost: u64, samples: u64, needed: u64) -> Reading {
    Reading { value: value.as_secs_f64(), unit: Unit::Seconds, is_at_least, lost, samples, needed }
}

fn needed_for(statistic: Statistic, least: u64) -> u64 {
    match statistic {
        Statistic::Percentile(quantile) => samples_needed(quantile.share()),
        // One operation over the limit is enough to know.
        Statistic::Min | Statistic::Max => 1,
        Statistic::Mean => least,
        Statistic::StdDev => least.max(2),
    }
}

fn achieved(part: &Part<'_>, least: u64) -> Result<Reading, String> {
    let counts = &part.figures.counts;
    let asked = part.asked.filter(|asked| *asked > 0.0);
    let asked =
        asked.ok_or_else(|| "only an open load asks for a rate: state `throughput` instead".to_owned())?;
    let started = counts.due.saturating_sub(counts.dropped);
    Ok(Reading::share(started as f64 / asked, counts.due, least))
}

fn counter(observation: &Observation, name: &str, least: u64) -> Result<Reading, String> {
    let Some(counter) = observation.counters.get(name) else {
        let known: Vec<&str> = observation.counters.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(format!("no counter `{name}` was recorded; recorded: {known}"));
    };
    let value = counter.value().ok_or_else(|| format!("the rate `{name}` was never asked"))?;
    Ok(match counter.of {
        Some(of) => Reading::share(value, of, least),
        None => Reading::exact(value, Unit::Count),
    })
}

fn process(metric: &Metric, observation: &Observation) -> Result<Reading, String> {
    let process = &observation.process;
    let memory = |bytes: u64, is_known: bool| match is_known {
        true => Ok(Reading::exact(bytes as f64, Unit::Bytes)),
        false => {
            Err("memory was not measured: this system does not tell it, or the case was over too soon"
                .to_owned())
        }
    };
    let (start, peak) = (process.memory_start_bytes, process.memory_peak_bytes);
    match metric {
        // No process lives in zero bytes: a zero was never measured.
        Metric::MemoryPeak => memory(peak, peak > 0),
        Metric::MemoryGrowth => memory(peak.saturating_sub(start), start > 0 && peak > 0),
        _ if process.span_s > 0.0 => Ok(Reading::exact(process.cpu_s / process.span_s, Unit::Ratio)),
        _ => Err("CPU time was not measured: this system does not tell it, or the case was over too soon"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_need_the_samples_that_bound_them() {
        let needed = [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999].map(samples_needed);
        assert_eq!(needed, [5, 29, 59, 299, 2_995, 29_956]);
        for (q, n) in [(0.5, 5), (0.9, 29), (0.95, 59), (0.99, 299), (0.999, 2_995)] {
            assert!(1.0 - f64::powi(q, n) >= CONFIDENCE && 1.0 - f64::powi(q, n - 1) < CONFIDENCE);
        }
        assert_eq!(samples_needed(0.01), samples_needed(0.99));
    }
}
