use super::{Alert, AlertMetric, AlertThresholds, Peak, Peaks};
use crate::{
    judge::{judgement::show, samples_needed, validity},
    observe::{Counts, Figures, Observation, Purpose, Window},
    units::ByteSize,
};

/// The percentile of the response time that is watched.
const LATENCY: f64 = 0.95;

/// What is over its threshold in a case, the critical first, each metric once at most: of several loads the worst is
/// named and the others are counted.
///
/// Loads that probe are left out, since to break is what they are for. The p95 of fewer operations than it is judged
/// from ([`samples_needed`]) raises none, and neither does one that is a lower bound and below the threshold: then
/// over 5 % have no end, and the success rate says so.
pub fn alerts(at: &AlertThresholds, loads: &[Observation], peaks: &Peaks) -> Vec<Alert> {
    let of_loads = [
        (AlertMetric::SuccessRate, at.success_rate),
        (AlertMetric::ErrorRate, at.error_rate),
        (AlertMetric::Latency, at.latency_p95_s),
    ];
    let share = |peak: Peak| Peak { value: peak.value / 100.0, ..peak };
    let of_processes = [
        (AlertMetric::Memory, at.memory_bytes.map(|bytes| bytes as f64), peaks.memory_bytes),
        (AlertMetric::Cpu, at.cpu_percent.map(|percent| percent / 100.0), peaks.cpu_percent.map(share)),
    ];
    let of_loads = of_loads.into_iter().filter_map(|(metric, at)| of_worst_load(metric, at?, loads));
    let of_processes = of_processes.into_iter().filter_map(|(metric, at, peak)| of_peak(metric, at?, peak?));
    let mut alerts: Vec<Alert> = of_loads.chain(of_processes).collect();
    alerts.sort_by_key(|alert| (alert.level, alert.metric));
    alerts
}

/// A figure of a load.
#[derive(Debug, Clone, Copy)]
struct Figure {
    value: f64,
    is_at_least: bool,
}

fn of_worst_load(metric: AlertMetric, threshold: f64, loads: &[Observation]) -> Option<Alert> {
    let measured = loads.iter().filter(|load| load.purpose == Purpose::Measure);
    let figures = measured.filter_map(|load| Some((load, figure(metric, &load.total)?)));
    let over: Vec<_> = figures.filter(|(_, f)| metric.level(f.value, threshold).is_some()).collect();
    let bad = |figure: &Figure| metric.badness(figure.value);
    let (load, worst) = over.iter().max_by(|(_, a), (_, b)| bad(a).total_cmp(&bad(b)))?;
    let others = over.len() - 1;
    let more = if others > 0 { format!(" and {others} more") } else { String::new() };
    // What the generator did itself is no news of the target, but no reason to keep silent either.
    let doubt = match metric == AlertMetric::Latency && !validity(load).is_empty() {
        true => "; the load generator may be the cause",
        false => "",
    };
    Some(Alert {
        load: Some(load.load.clone()),
        other_loads: others as u64,
        at_s: worst_window(metric, load),
        is_at_least: worst.is_at_least,
        sentence: format!("{} (load `{}`{more}){doubt}", words(metric, *worst, threshold), load.load),
        ..bare(metric, worst.value, threshold)?
    })
}

fn of_peak(metric: AlertMetric, threshold: f64, peak: Peak) -> Option<Alert> {
    let figure = Figure { value: peak.value, is_at_least: false };
    Some(Alert {
        at_s: peak.at_s,
        sentence: words(metric, figure, threshold),
        ..bare(metric, peak.value, threshold)?
    })
}

fn bare(metric: AlertMetric, value: f64, threshold: f64) -> Option<Alert> {
    Some(Alert {
        level: metric.level(value, threshold)?,
        metric,
        value,
        is_at_least: false,
        threshold,
        unit: metric.unit(),
        load: None,
        other_loads: 0,
        at_s: None,
        sentence: String::new(),
    })
}

/// The figure of a load that a metric of loads is about.
fn figure(metric: AlertMetric, figures: &Figures) -> Option<Figure> {
    let exact = |value| Figure { value, is_at_least: false };
    match metric {
        AlertMetric::SuccessRate => figures.success_rate().map(exact),
        AlertMetric::ErrorRate => figures.error_rate().map(exact),
        AlertMetric::Latency => {
            let samples = figures.response.count() + figures.at_least.count() + figures.counts.dropped;
            let p95 = figures.response_percentile(LATENCY).filter(|_| samples >= samples_needed(LATENCY))?;
            Some(Figure { value: p95.value.as_secs_f64(), is_at_least: p95.is_at_least })
        }
        AlertMetric::Memory | AlertMetric::Cpu => None,
    }
}

/// When a load was at its worst, the warm-up left out: seconds from the start of the case to the window.
fn worst_window(metric: AlertMetric, load: &Observation) -> Option<f64> {
    let is_counted = |window: &&Window| {
        load.phases.get(window.phase as usize).is_none_or(|phase| !phase.is_warm_up)
            && window.counts.ended() > 0
    };
    let share = |part: fn(&Counts) -> u64, window: &Window| {
        part(&window.counts) as f64 / window.counts.ended() as f64
    };
    let value = |window: &Window| match metric {
        AlertMetric::SuccessRate => share(|counts| counts.ok, window),
        AlertMetric::ErrorRate => share(|counts| counts.error + counts.timeout + counts.unfinished, window),
        AlertMetric::Latency => window.p95_us,
        AlertMetric::Memory | AlertMetric::Cpu => 0.0,
    };
    // The first of several that are alike.
    let worst = load
        .timeline
        .iter()
        .filter(is_counted)
        .rev()
        .max_by(|a, b| metric.badness(value(a)).total_cmp(&metric.badness(value(b))))?;
    Some(load.started_s + worst.at_s)
}

fn words(metric: AlertMetric, figure: Figure, threshold: f64) -> String {
    let (value, limit) = match metric {
        AlertMetric::Memory => sizes(figure.value, threshold),
        AlertMetric::SuccessRate | AlertMetric::ErrorRate | AlertMetric::Latency | AlertMetric::Cpu => {
            (show(figure.value, metric.unit()), show(threshold, metric.unit()))
        }
    };
    let sign = match (figure.is_at_least, value == limit, metric) {
        (true, _, _) => "at least ",
        (false, true, AlertMetric::SuccessRate) => "just under ",
        (false, true, _) => "just over ",
        (false, false, _) => "",
    };
    format!("{} is {sign}{value}, alert at {limit}", metric.name())
}

/// Two sizes in the kind of unit that the threshold is whole in: 2000 MB read as 1.9 GiB.
fn sizes(value: f64, threshold: f64) -> (String, String) {
    let binary = |bytes: f64| ByteSize::new(bytes as u64).to_string();
    let is_binary = binary(threshold).parse() == Ok(ByteSize::new(threshold as u64));
    let decimal = |bytes: f64| match (bytes / 1e6).fract() == 0.0 {
        true => format!("{:.0} MB", bytes / 1e6),
        false => format!("{:.1} MB", bytes / 1e6),
    };
    match is_binary {
        true => (binary(value), binary(threshold)),
        false => (decimal(value), decimal(threshold)),
    }
}
