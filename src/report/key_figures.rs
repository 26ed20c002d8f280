use super::{
    CaseReport, TimesReport,
    statistics::{success_rate, throughput},
};
use crate::{
    judge::{BreakingPoint, Detail, Finding, Recovery},
    observe::{Counts, Purpose},
};

/// The figures of a case that fit into a row: as the statistics over cases have them.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyFigures<'a> {
    /// Operations of all loads that ended, warm-ups left out.
    pub(super) operations: u64,
    /// Of the fastest load.
    pub(super) throughput_per_sec: Option<f64>,
    /// The response times of the slowest load, by its p95, that was no probe.
    pub(super) slowest: Option<&'a TimesReport>,
    /// Of all loads that were no probes.
    pub(super) success_rate: Option<f64>,
    /// Of the same: failed, timed out or did not finish.
    pub(super) error_rate: Option<f64>,
    pub(super) peak_cpu_percent: Option<f64>,
    pub(super) peak_memory_bytes: Option<u64>,
}

impl<'a> KeyFigures<'a> {
    pub(super) fn of(case: &'a CaseReport) -> Self {
        let measured = || case.loads.iter().filter(|load| load.purpose == Purpose::Measure);
        let times =
            measured().map(|load| &load.total.response).filter_map(|times| Some((times.p95_us?, times)));
        let used = Some(&case.resources).filter(|used| used.samples > 0);
        let mut counts = Counts::default();
        measured().for_each(|load| counts.merge(&load.total.counts));
        let bad = counts.error + counts.timeout + counts.unfinished;
        Self {
            operations: case.loads.iter().map(|load| load.total.counts.ended()).sum(),
            throughput_per_sec: throughput(case),
            slowest: times.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, times)| times),
            success_rate: success_rate(case),
            error_rate: (counts.due > 0).then(|| bad as f64 / counts.due as f64),
            peak_cpu_percent: used.and_then(|used| used.peak_cpu_percent),
            peak_memory_bytes: used.map(|used| used.peak_memory_bytes),
        }
    }

    /// p50, p95 and p99 of the response times in microseconds, each with its name and whether it is a lower bound.
    pub(super) fn percentiles(&self) -> [(&'static str, Option<(f64, bool)>); 3] {
        let of = |name: &'static str, us: fn(&TimesReport) -> Option<f64>| {
            let is_at_least = |times: &TimesReport| times.lower_bounds.iter().any(|bound| bound == name);
            (name, self.slowest.and_then(|times| Some((us(times)?, is_at_least(times)))))
        };
        [of("p50", |times| times.p50_us), of("p95", |times| times.p95_us), of("p99", |times| times.p99_us)]
    }
}

/// What a finding is about, as a name for machines.
pub(super) const fn finding_name(finding: &Finding) -> &'static str {
    match &finding.detail {
        Detail::BreakingPoint { .. } => "breaking_point",
        Detail::Degradation { .. } => "degradation",
        Detail::Leak { .. } => "leak",
        Detail::Drift { .. } => "drift",
        Detail::ErrorDrift { .. } => "error_drift",
        Detail::Capacity { .. } => "capacity",
        Detail::Saturation { .. } => "saturation",
        Detail::RapidScale { .. } => "rapid_scale",
        Detail::MixedAgents { .. } => "mixed_agents",
        Detail::Recovery { .. } => "recovery",
        Detail::Exhaustion { .. } => "exhaustion",
        Detail::UnderPressure { .. } => "under_pressure",
        Detail::Resilience { .. } => "resilience",
        Detail::ExtremeData { .. } => "extreme_data",
    }
}

/// The one number of a finding, with its name and unit, where it has one: the highest rate that held, the time to
/// recover.
pub(super) fn finding_number(finding: &Finding) -> Option<(&'static str, f64)> {
    match &finding.detail {
        Detail::BreakingPoint { found, .. } => {
            let holds = match found {
                BreakingPoint::Between { holds_per_sec, .. } | BreakingPoint::AtLeast { holds_per_sec } => {
                    Some(*holds_per_sec)
                }
                BreakingPoint::Under { .. } | BreakingPoint::Inconclusive { .. } => None,
            };
            holds.map(|rate| ("breaking_point_holds_per_sec", rate))
        }
        Detail::Recovery { found, .. } => match found {
            Recovery::Recovered { after } => Some(("recovery_time_s", after.as_secs_f64())),
            Recovery::NotWithin { .. } | Recovery::Inconclusive { .. } => None,
        },
        Detail::Degradation { .. }
        | Detail::Leak { .. }
        | Detail::Drift { .. }
        | Detail::ErrorDrift { .. }
        | Detail::Capacity { .. }
        | Detail::Saturation { .. }
        | Detail::RapidScale { .. }
        | Detail::MixedAgents { .. }
        | Detail::Exhaustion { .. }
        | Detail::UnderPressure { .. }
        | Detail::Resilience { .. }
        | Detail::ExtremeData { .. } => None,
    }
}
