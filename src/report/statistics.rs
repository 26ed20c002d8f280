//! The best, the worst and the mean of the cases' figures.

use serde::{Deserialize, Serialize};

use super::CaseReport;
use crate::observe::{Counts, Purpose};

/// Figures of a run's cases beside each other: statistics over cases, each of which counts once, whatever it did and
/// for how long. `None` where no case has the figure.
///
/// What a load does that probes (a trial of a search, an overload on purpose) says nothing of how a case fares, so only
/// the throughput has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Statistics {
    /// Operations carried out per second, of the fastest load of each case.
    pub throughput_per_sec: Option<Spread>,
    /// 95th percentile of the response times, in microseconds, of the slowest load of each case. The mean and the median
    /// are those of the cases' figures; neither is a percentile of all operations together.
    pub response_p95_us: Option<Spread>,
    /// Share of the operations due that succeeded, of all loads of each case together.
    pub success_rate: Option<Spread>,
    /// Peak CPU of each case, in percent of the cores available.
    pub peak_cpu_percent: Option<Spread>,
    /// Peak memory of each case, in bytes.
    pub peak_memory_bytes: Option<Spread>,
}

/// A figure over several cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Spread {
    /// The case that did best.
    pub best: Extreme,
    /// The case that did worst.
    pub worst: Extreme,
    /// Arithmetic mean of the cases' figures.
    pub mean: f64,
    /// Median of the cases' figures; the mean of the middle two where there is no middle.
    pub median: f64,
    /// Some of the figures are lower bounds, and so are the mean and the median.
    pub is_at_least: bool,
    /// Cases that have the figure.
    pub cases: u64,
    /// Cases that ran and do not have it.
    pub without: u64,
}

/// A case at one end of a spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Extreme {
    /// The name of the case.
    pub case: String,
    /// Its figure.
    pub value: f64,
    /// The true figure may be larger: operations without an end are among those it stands for.
    pub is_at_least: bool,
}

/// Which end is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Better {
    More,
    Less,
}

impl Statistics {
    /// Of these cases.
    pub(crate) fn of(cases: &[CaseReport]) -> Self {
        let exact = |value: f64| (value, false);
        Self {
            throughput_per_sec: spread(cases, Better::More, |case| throughput(case).map(exact)),
            response_p95_us: spread(cases, Better::Less, response_p95),
            success_rate: spread(cases, Better::More, |case| success_rate(case).map(exact)),
            peak_cpu_percent: spread(cases, Better::Less, |case| case.resources.peak_cpu_percent.map(exact)),
            peak_memory_bytes: spread(cases, Better::Less, |case| {
                let used = Some(&case.resources).filter(|used| used.samples > 0)?;
                Some(exact(used.peak_memory_bytes as f64))
            }),
        }
    }
}

pub(super) fn throughput(case: &CaseReport) -> Option<f64> {
    case.loads.iter().filter_map(|load| load.total.throughput_per_sec).reduce(f64::max)
}

/// With whether it is a lower bound.
pub(super) fn response_p95(case: &CaseReport) -> Option<(f64, bool)> {
    let measured = case.loads.iter().filter(|load| load.purpose == Purpose::Measure);
    let times = measured.filter_map(|load| {
        let times = &load.total.response;
        Some((times.p95_us?, times.lower_bounds.iter().any(|name| name == "p95")))
    });
    times.max_by(|(a, _), (b, _)| a.total_cmp(b))
}

pub(super) fn success_rate(case: &CaseReport) -> Option<f64> {
    let mut counts = Counts::default();
    let measured = case.loads.iter().filter(|load| load.purpose == Purpose::Measure);
    measured.for_each(|load| counts.merge(&load.total.counts));
    (counts.due > 0).then(|| counts.ok as f64 / counts.due as f64)
}

fn spread(
    cases: &[CaseReport],
    better: Better,
    figure: impl Fn(&CaseReport) -> Option<(f64, bool)>,
) -> Option<Spread> {
    let with = |case: &CaseReport| {
        let (value, is_at_least) = figure(case).filter(|(value, _)| value.is_finite())?;
        Some(Extreme { case: case.name.clone(), value, is_at_least })
    };
    let mut all: Vec<Extreme> = cases.iter().filter_map(with).collect();
    all.sort_by(|a, b| a.value.total_cmp(&b.value));
    let (least, highest) = (all.first()?, all.last()?.value);
    // Of several that are alike, the first by name.
    let most = all.iter().find(|one| one.value == highest)?;
    let (best, worst) = match better {
        // What is only known to be more than something is not the least as long as there are others.
        Better::Less => (all.iter().find(|one| !one.is_at_least).unwrap_or(least), most),
        Better::More => (most, least),
    };
    let count = all.len();
    Some(Spread {
        best: best.clone(),
        worst: worst.clone(),
        mean: all.iter().map(|one| one.value).sum::<f64>() / count as f64,
        median: f64::midpoint(all[(count - 1) / 2].value, all[count / 2].value),
        is_at_least: all.iter().any(|one| one.is_at_least),
        cases: count as u64,
        without: (cases.len() - count) as u64,
    })
}
