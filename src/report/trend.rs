use serde::{Deserialize, Serialize};

use super::{
    CaseReport, LoadReport, TimesReport,
    statistics::{success_rate, throughput},
};
use crate::{
    judge::{BreakingPoint, Capacity, Detail, Recovery, Verdict, samples_needed},
    observe::{Counts, Purpose},
    supervisor::Ending,
};

/// How a case fared in its last runs: for people to look at. No verdict rests on it; baselines judge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Trend {
    /// The last runs that were made under the same conditions, the oldest first and this one last: at most 20.
    pub runs: Vec<PastRun>,
    /// What is kept of this case and not among them, and why: a sentence each.
    pub left_out: Vec<String>,
}

/// The key figures of a case in one run. `None` is what was not measured, or has too few samples to be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PastRun {
    /// The name of the run's folder, which may be gone by now.
    pub run_id: String,
    /// When the case began, UTC, RFC 3339.
    pub started_at: String,
    /// The git commit that was checked out.
    pub commit: Option<String>,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether it ran to its end. The figures of one that did not are those of a part, and are not drawn.
    pub complete: bool,
    /// Operations carried out per second, of its fastest load.
    pub throughput_per_sec: Option<f64>,
    /// Median of the response times, in microseconds, of the slowest load that probed nothing; with at least 5 samples.
    pub response_p50_us: Option<f64>,
    /// 95th percentile, likewise; with at least 59 samples.
    pub response_p95_us: Option<f64>,
    /// 99th percentile, likewise; with at least 299 samples.
    pub response_p99_us: Option<f64>,
    /// Those of `p50`, `p95` and `p99` that are lower bounds: operations that never ended are among them.
    pub lower_bounds: Vec<String>,
    /// Share of all due that succeeded, of its loads that probed nothing.
    pub success_rate: Option<f64>,
    /// Share of all due that failed, timed out or did not finish, likewise.
    pub error_rate: Option<f64>,
    /// The most resident memory of its processes.
    pub peak_memory_bytes: Option<u64>,
    /// Peak CPU, in percent of the cores available.
    pub peak_cpu_percent: Option<f64>,
    /// The highest rate that held, where a breaking point was looked for.
    pub breaking_point_low_per_sec: Option<f64>,
    /// The lowest rate that broke.
    pub breaking_point_high_per_sec: Option<f64>,
    /// The largest number at once that held, where a capacity was looked for.
    pub capacity: Option<u64>,
    /// Seconds from the release of an overload until the target was back to normal.
    pub recovery_s: Option<f64>,
}

impl CaseReport {
    /// Whether everything of the case ran as it was meant to, whatever was expected of it.
    pub(crate) fn is_complete(&self) -> bool {
        let is_whole = |load: &LoadReport| load.complete && load.stopped.is_none();
        self.ending == Ending::Returned && self.stop.is_none() && self.loads.iter().all(is_whole)
    }
}

impl PastRun {
    /// What is kept of a case of this run.
    pub(crate) fn of(run_id: &str, commit: Option<&str>, case: &CaseReport) -> Self {
        let times = |name: &'static str, q: f64, of: fn(&TimesReport) -> Option<f64>| {
            let measured = case.loads.iter().filter(|load| load.purpose == Purpose::Measure);
            let told = measured.map(|load| &load.total.response).filter(|t| t.count >= samples_needed(q));
            let values =
                told.filter_map(|times| Some((of(times)?, times.lower_bounds.iter().any(|b| b == name))));
            values.max_by(|(a, _), (b, _)| a.total_cmp(b))
        };
        let p50 = times("p50", 0.5, |times| times.p50_us);
        let p95 = times("p95", 0.95, |times| times.p95_us);
        let p99 = times("p99", 0.99, |times| times.p99_us);
        let bounds = [("p50", p50), ("p95", p95), ("p99", p99)];
        let used = Some(&case.resources).filter(|used| used.samples > 0);
        let found = Found::of(case);
        Self {
            run_id: run_id.to_owned(),
            started_at: case.started_at.clone(),
            commit: commit.map(str::to_owned),
            verdict: case.verdict,
            complete: case.is_complete(),
            throughput_per_sec: throughput(case),
            response_p50_us: p50.map(|(us, _)| us),
            response_p95_us: p95.map(|(us, _)| us),
            response_p99_us: p99.map(|(us, _)| us),
            lower_bounds: bounds
                .into_iter()
                .filter(|(_, time)| time.is_some_and(|(_, is_at_least)| is_at_least))
                .map(|(name, _)| name.to_owned())
                .collect(),
            success_rate: success_rate(case),
            error_rate: error_rate(case),
            peak_memory_bytes: used.map(|used| used.peak_memory_bytes),
            peak_cpu_percent: used.and_then(|used| used.peak_cpu_percent),
            breaking_point_low_per_sec: found.low,
            breaking_point_high_per_sec: found.high,
            capacity: found.capacity,
            recovery_s: found.recovery_s,
        }
    }

    /// Whether a percentile is a lower bound.
    pub(super) fn is_at_least(&self, name: &str) -> bool {
        self.lower_bounds.iter().any(|bound| bound == name)
    }
}

fn error_rate(case: &CaseReport) -> Option<f64> {
    let mut counts = Counts::default();
    let measured = case.loads.iter().filter(|load| load.purpose == Purpose::Measure);
    measured.for_each(|load| counts.merge(&load.total.counts));
    let lost = counts.error + counts.timeout + counts.unfinished;
    (counts.due > 0).then(|| lost as f64 / counts.due as f64)
}

/// What procedures found, as numbers; of several that looked for the same the first.
#[derive(Default)]
struct Found {
    low: Option<f64>,
    high: Option<f64>,
    capacity: Option<u64>,
    recovery_s: Option<f64>,
}

impl Found {
    fn of(case: &CaseReport) -> Self {
        let mut all = Self::default();
        for finding in &case.findings {
            match &finding.detail {
                Detail::BreakingPoint { found, .. } if all.low.is_none() && all.high.is_none() => {
                    (all.low, all.high) = between(found);
                }
                Detail::Capacity { found, .. } => all.capacity = all.capacity.or(held(found)),
                Detail::Recovery { found: Recovery::Recovered { after }, .. } => {
                    all.recovery_s = all.recovery_s.or(Some(after.as_secs_f64()));
                }
                // Words, or figures of which the answer matters and not the size.
                _ => {}
            }
        }
        all
    }
}

fn between(found: &BreakingPoint) -> (Option<f64>, Option<f64>) {
    match found {
        BreakingPoint::Between { holds_per_sec, breaks_per_sec, .. } => {
            (Some(*holds_per_sec), Some(*breaks_per_sec))
        }
        BreakingPoint::AtLeast { holds_per_sec } => (Some(*holds_per_sec), None),
        // None of the rates that were tried held.
        BreakingPoint::Under { breaks_per_sec, .. } => (Some(0.0), Some(*breaks_per_sec)),
        BreakingPoint::Inconclusive { .. } => (None, None),
    }
}

fn held(found: &Capacity) -> Option<u64> {
    match found {
        Capacity::Between { holds, .. } | Capacity::AtLeast { holds } => Some(*holds),
        Capacity::Under { .. } => Some(0),
        Capacity::Inconclusive { .. } => None,
    }
}

/// One figure over the runs of a trend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course {
    pub(super) name: &'static str,
    /// `s`, `per_sec`, `count`.
    pub(super) unit: &'static str,
    /// The value of each run, and whether it is a lower bound; nothing of a run that does not have it, or did not run to its
    /// end.
    pub(super) points: Vec<Option<(f64, bool)>>,
}

/// How far from the median a line reaches at least, in shares of it: noise of a few percent is to look like that.
const REACH: f64 = 0.2;

impl Trend {
    /// The course of the throughput.
    pub(super) fn throughput(&self) -> Option<Course> {
        self.course("throughput", "per_sec", |run| Some((run.throughput_per_sec?, false)))
    }

    /// The course of the highest percentile that its runs have the samples for.
    pub(super) fn percentile(&self) -> Option<Course> {
        let seconds = |run: &PastRun, name: &str, us: Option<f64>| Some((us? * 1e-6, run.is_at_least(name)));
        let p99 = || self.course("p99", "s", |run| seconds(run, "p99", run.response_p99_us));
        let p95 = || self.course("p95", "s", |run| seconds(run, "p95", run.response_p95_us));
        let p50 = || self.course("p50", "s", |run| seconds(run, "p50", run.response_p50_us));
        p99().or_else(p95).or_else(p50)
    }

    /// The course of what a search came to.
    pub(super) fn found(&self) -> Option<Course> {
        let rate = self.course("breaking point", "per_sec", |run| {
            Some((run.breaking_point_low_per_sec?, run.breaking_point_high_per_sec.is_none()))
        });
        rate.or_else(|| self.course("capacity", "count", |run| Some((run.capacity? as f64, false))))
    }

    /// One value makes no course.
    fn course(
        &self,
        name: &'static str,
        unit: &'static str,
        of: impl Fn(&PastRun) -> Option<(f64, bool)>,
    ) -> Option<Course> {
        let point = |run: &PastRun| of(run).filter(|(value, _)| run.complete && value.is_finite());
        let points: Vec<_> = self.runs.iter().map(point).collect();
        (points.iter().flatten().count() > 1).then_some(Course { name, unit, points })
    }

    /// The earlier runs that did not pass.
    pub(super) fn not_passed(&self) -> usize {
        let earlier = self.runs.len().saturating_sub(1);
        self.runs.iter().take(earlier).filter(|run| run.verdict != Verdict::Pass).count()
    }
}

impl Course {
    /// The value of this run.
    pub(super) fn now(&self) -> Option<(f64, bool)> {
        self.points.last().copied().flatten()
    }

    /// The median of the runs before it; of an even number the mean of the middle two.
    pub(super) fn median(&self) -> Option<f64> {
        let earlier = self.points.split_last().map_or(&[][..], |(_now, earlier)| earlier);
        let mut values: Vec<f64> = earlier.iter().flatten().map(|(value, _)| *value).collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        (count > 0).then(|| f64::midpoint(values[(count - 1) / 2], values[count / 2]))
    }

    /// How high a value stands, from 0 to 1, between the lowest and the highest, which are at least [`REACH`] from the
    /// median.
    pub(super) fn height(&self, value: f64) -> f64 {
        let values = || self.points.iter().flatten().map(|(value, _)| *value);
        let middle = self.median().or_else(|| values().next()).unwrap_or(0.0);
        let low = values().fold(middle - middle.abs() * REACH, f64::min);
        let high = values().fold(middle + middle.abs() * REACH, f64::max);
        if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// The value of this run beside the median of those before: `31 ms, was 28 ms in the median`.
    pub(super) fn sentence(&self) -> String {
        let shown = |value: f64| super::text::show::figure(value, self.unit);
        let now = self
            .now()
            .map(|(value, is_at_least)| format!("{}{}", if is_at_least { ">= " } else { "" }, shown(value)));
        let was = self.median().map(|median| format!("was {} in the median", shown(median)));
        now.into_iter().chain(was).collect::<Vec<_>>().join(", ")
    }
}
