use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FiguresReport, LimitsReport, NodeReport, RunAlert, Statistics, Trend};
use crate::{
    case::Severity,
    journal::{FaultBand, Figure, Step},
    judge::{
        Alert, AlertThresholds, Bottleneck, Comparison, Finding, Judgement, Limit, LittlesLaw, Verdict,
        asked, doubts,
    },
    monitor::{Environment, Resources},
    observe::{Histogram, Model, NodeShare, Observation, Phase, ProcessUse, Purpose, Window},
    stop::StopReason,
    supervisor::{Containment, Ending},
    traffic::Traffic,
};

/// The version of `report.json` and `case.json`; it rises when a key changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything about a run: `report.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunReport {
    /// The version of this format; it rises when a key changes its meaning or goes away.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// The name of the run's folder.
    pub run_id: String,
    /// When the run began, UTC, RFC 3339.
    pub started_at: String,
    /// Seconds from the first case's start to the last one's end.
    pub duration_s: f64,
    /// The profile of `stress.toml` that was used.
    pub profile: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The arguments that the suite was started with.
    pub command: Vec<String>,
    /// How many cases ended in which way.
    pub summary: Summary,
    /// The best, the worst and the mean of the cases' figures.
    #[serde(default)]
    pub statistics: Statistics,
    /// What was over its threshold, the critical first. No verdicts: they fail nothing.
    #[serde(default)]
    pub alerts: Vec<RunAlert>,
    /// Why the run ended before its last case, if it did.
    pub stopped: Option<String>,
    /// What makes the figures less trustworthy than they look.
    pub warnings: Vec<String>,
    /// What limited the targets of its cases, the most frequent first.
    #[serde(default)]
    pub bottlenecks: Vec<BottleneckCount>,
    /// What to do, most important first, without repeats.
    pub recommendations: Vec<Recommendation>,
    /// Machine, build, commit.
    pub environment: Environment,
    /// The settings of the run.
    pub settings: Vec<SettingReport>,
    /// The cases that ran, by name.
    pub cases: Vec<CaseReport>,
    /// The cases that were left out.
    pub ignored: Vec<IgnoredCase>,
}

/// How many cases ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// Cases that ran.
    pub cases: u64,
    /// Met everything that was expected.
    pub passed: u64,
    /// Did not, or crashed.
    pub failed: u64,
    /// Could not be judged.
    pub inconclusive: u64,
    /// Were stopped by a limit or a person.
    pub aborted: u64,
    /// Were left out.
    pub ignored: u64,
    /// Operations of all cases that ended, warm-ups left out.
    pub operations: u64,
}

/// How many cases of a run had the same limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BottleneckCount {
    /// The limit; `inconclusive` for one that was reached and not found.
    pub limit: Limit,
    /// The cases.
    pub cases: u64,
}

/// Something to do, and the cases that say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Recommendation {
    /// What to do and the figure that it rests on.
    pub sentence: String,
    /// The names of the cases.
    pub cases: Vec<String>,
}

/// A case that did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IgnoredCase {
    /// Its name.
    pub name: String,
    /// Why it was left out.
    pub reason: String,
}

/// A setting with where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SettingReport {
    /// The key.
    pub key: String,
    /// The value as text; `None` when it was not set.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: String,
}

/// Everything about one case: an element of `cases`, and `case.json` in its folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CaseReport {
    /// Its name: `cases::search::sustained`.
    pub name: String,
    /// The first paragraph of its documentation.
    pub about: String,
    /// File and line.
    pub place: String,
    /// Its markers.
    pub markers: Vec<String>,
    /// How much a failure matters.
    pub severity: Severity,
    /// The name of what it puts under stress, if it says so.
    #[serde(default)]
    pub target: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass: one sentence each.
    pub reasons: Vec<String>,
    /// When it began, UTC, RFC 3339.
    pub started_at: String,
    /// Seconds from its start to the end of its process.
    pub duration_s: f64,
    /// Its seed.
    pub seed: u64,
    /// Which try of the run this is, from 1: test runners try again what has failed.
    #[serde(default = "first")]
    pub attempt: u32,
    /// The command that repeats it.
    pub repeat: String,
    /// How its process ended.
    pub ending: Ending,
    /// The same in words.
    pub ending_sentence: String,
    /// Why and how it was stopped, if it was.
    pub stop: Option<StopReport>,
    /// What was expected, and what became of it.
    pub expectations: Vec<Judgement>,
    /// The loads that ran, in the order of their start.
    pub loads: Vec<LoadReport>,
    /// Figures of the case's own.
    pub figures: Vec<Figure>,
    /// What its procedures found out.
    pub findings: Vec<Finding>,
    /// What limited its target; `None` without a load.
    #[serde(default)]
    pub bottleneck: Option<Bottleneck>,
    /// The steps of its procedures, in order.
    #[serde(default)]
    pub steps: Vec<StepReport>,
    /// Where injected faults were in force, by their beginning.
    #[serde(default)]
    pub faults: Vec<FaultBand>,
    /// How it compares with the baseline of the run, if that has one.
    #[serde(default)]
    pub comparison: Option<Comparison>,
    /// How it fared in its last runs; `None` where no run is kept.
    #[serde(default)]
    pub history: Option<Trend>,
    /// Remarks of the case's own.
    pub notes: Vec<String>,
    /// What its processes used.
    pub resources: Resources,
    /// The nodes that carried it out together, by number; empty where this machine did it alone.
    #[serde(default)]
    pub nodes: Vec<NodeReport>,
    /// What kept its memory in.
    pub containment: Containment,
    /// What makes its figures less trustworthy than they look.
    pub warnings: Vec<String>,
    /// What to do, most important first.
    pub recommendations: Vec<String>,
    /// What was over its threshold, the critical first. No verdicts: they fail nothing.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// From where on there are alerts.
    #[serde(default)]
    pub alert_thresholds: AlertThresholds,
    /// The limits it ran under.
    pub limits: LimitsReport,
    /// The settings it ran with.
    pub settings: Vec<SettingReport>,
    /// The last lines that it printed.
    pub output_tail: String,
    /// Its folder, relative to the run's.
    pub folder: String,
}

/// Of a report that was written before tries were counted.
fn first() -> u32 {
    1
}

/// A step of a procedure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepReport {
    /// When it began, in seconds since the start of the case.
    pub at_s: f64,
    /// What it was.
    #[serde(flatten)]
    pub step: Step,
}

/// Why and how a case was stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StopReport {
    /// The reason.
    pub reason: StopReason,
    /// What was seen and what was allowed.
    pub sentence: String,
    /// Seconds after the start of the case.
    pub at_s: f64,
    /// Seconds from the decision to the end of the process.
    pub took_s: f64,
    /// What ended it: `stop token`, `SIGTERM` or `SIGKILL`; always the first where a threshold of the case's own did.
    pub by: String,
}

/// One load of a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LoadReport {
    /// Its name.
    pub load: String,
    /// Open or closed.
    pub model: Model,
    /// Whether it may break what it is put on: then it raises no alert.
    #[serde(default)]
    pub purpose: Purpose,
    /// The load in words.
    pub plan: String,
    /// Seconds from the start of the case to the start of the load.
    pub started_s: f64,
    /// `false` when it was put together from the journal of a case that did not live to report.
    pub complete: bool,
    /// Why it ended before its schedule, if it did.
    pub stopped: Option<StopReason>,
    /// The operation timeout.
    pub timeout_s: f64,
    /// The cap of operations in flight of an open load.
    pub max_in_flight: Option<u64>,
    /// Operations per second that the schedule asked for, on average and without the warm-up; open loads only.
    pub asked_per_sec: Option<f64>,
    /// Share of the operations asked for that were started; open loads only.
    pub achieved_rate: Option<f64>,
    /// Why the figures may be the load generator's rather than the target's, or do not fit each other; empty when
    /// nothing speaks for it.
    pub validity: Vec<String>,
    /// What was counted in flight against what was timed, where the data carry it.
    #[serde(default)]
    pub littles_law: Option<LittlesLaw>,
    /// All phases but the warm-up.
    pub total: FiguresReport,
    /// Each phase.
    pub phases: Vec<PhaseReport>,
    /// The operations that called themselves something, by what. Those without an end are in none.
    #[serde(default)]
    pub tags: BTreeMap<String, FiguresReport>,
    /// The user's own counters and rates.
    pub counters: BTreeMap<String, CounterReport>,
    /// Bytes through the case's counted streams meanwhile.
    #[serde(default)]
    pub traffic: Traffic,
    /// What the process of the case used meanwhile.
    pub process: ProcessUse,
    /// What each node contributed, where several carried the load out together.
    #[serde(default)]
    pub nodes: Vec<NodeShare>,
    /// One window a second.
    pub timeline: Vec<Window>,
    /// All response times: HdrHistogram V2, deflated, base64; empty when there are none.
    pub response_histogram: Histogram,
    /// All service times, in the same form.
    pub service_histogram: Histogram,
}

/// One phase of a load.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhaseReport {
    /// Its name.
    pub name: String,
    /// Whether it is the warm-up.
    pub is_warm_up: bool,
    /// Whether it began.
    pub is_started: bool,
    /// Operations per second asked for on average; open loads only.
    pub asked_per_sec: Option<f64>,
    /// The largest number of users; closed loads only.
    pub users: Option<u64>,
    /// What happened in it.
    pub figures: FiguresReport,
}

/// A counter or a rate of the user's own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CounterReport {
    /// What was counted; for a rate, how often it was true.
    pub count: u64,
    /// For a rate: how often it was asked.
    pub of: Option<u64>,
    /// The share of a rate, the count of a counter.
    pub value: Option<f64>,
}

impl From<&Observation> for LoadReport {
    fn from(seen: &Observation) -> Self {
        let counters = seen.counters.iter().map(|(name, counter)| {
            let report = CounterReport { count: counter.count, of: counter.of, value: counter.value() };
            (name.clone(), report)
        });
        let asked = asked(seen).filter(|asked| *asked > 0.0);
        let started = seen.total.counts.due.saturating_sub(seen.total.counts.dropped);
        let span = seen.total.duration_s;
        Self {
            load: seen.load.clone(),
            model: seen.model,
            purpose: seen.purpose,
            plan: seen.plan.clone(),
            started_s: seen.started_s,
            complete: seen.complete,
            stopped: seen.stopped,
            timeout_s: seen.timeout_s,
            max_in_flight: seen.max_in_flight,
            asked_per_sec: asked.map(|asked| asked / span).filter(|rate| rate.is_finite()),
            achieved_rate: asked.map(|asked| started as f64 / asked),
            validity: doubts(seen),
            littles_law: LittlesLaw::of(seen),
            total: FiguresReport::from(&seen.total),
            phases: seen.phases.iter().map(PhaseReport::from).collect(),
            tags: seen
                .tags
                .iter()
                .map(|(tag, figures)| (tag.clone(), FiguresReport::from(figures)))
                .collect(),
            counters: counters.collect(),
            nodes: seen.nodes.clone(),
            traffic: seen.traffic,
            process: seen.process,
            timeline: seen.timeline.clone(),
            response_histogram: seen.total.response.clone(),
            service_histogram: seen.total.service.clone(),
        }
    }
}

impl From<&Phase> for PhaseReport {
    fn from(phase: &Phase) -> Self {
        Self {
            name: phase.name.clone(),
            is_warm_up: phase.is_warm_up,
            is_started: phase.is_started,
            asked_per_sec: phase.asked_per_sec,
            users: phase.users,
            figures: FiguresReport::from(&phase.figures),
        }
    }
}
