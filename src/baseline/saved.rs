use serde::{Deserialize, Serialize};

use crate::{
    journal::Figure,
    judge::{BreakingPoint, Capacity, Detail, Finding},
    monitor::Environment,
    observe::{Counts, Histogram, Model},
    report::{CaseReport, LoadReport, RunReport, TimesReport},
};

/// The version of a saved run; it rises when a key changes its meaning or goes away.
pub const SAVED_RUN_VERSION: u32 = 1;

/// A run that was saved under the name of a baseline: a file of the baseline's folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedRun {
    /// The version of this format.
    #[cfg_attr(test, schemars(extend("const" = SAVED_RUN_VERSION)))]
    pub schema_version: u32,
    /// The run's name, which is the file's too.
    pub run_id: String,
    /// When it began, UTC, RFC 3339.
    pub started_at: String,
    /// The profile of `stress.toml` that was used.
    pub profile: String,
    /// The seed of everything random.
    pub seed: u64,
    /// Machine, build, commit.
    pub environment: Environment,
    /// The cases that passed, by name.
    pub cases: Vec<SavedCase>,
}

/// What is kept of a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedCase {
    /// Its name.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// Seconds from its start to the end of its process.
    pub duration_s: f64,
    /// The most resident memory of its processes; `None` when it was not measured.
    pub peak_memory_bytes: Option<u64>,
    /// Its loads, in the order of their start.
    pub loads: Vec<SavedLoad>,
    /// Figures of its own; which way is better is not known of them, so they are kept and not compared.
    pub figures: Vec<Figure>,
    /// What its procedures found, as numbers.
    pub findings: Vec<SavedFinding>,
}

/// What is kept of a load.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedLoad {
    /// Its name.
    pub load: String,
    /// Open or closed.
    pub model: Model,
    /// The load in words.
    pub plan: String,
    /// The operation timeout.
    pub timeout_s: f64,
    /// The cap of operations in flight of an open load.
    pub max_in_flight: Option<u64>,
    /// Threads of the runtime that operations start and run on; 0 where that is not known.
    pub workers: u64,
    /// How the operations ended, warm-up left out.
    pub counts: Counts,
    /// Seconds over which operations were due.
    pub duration_s: f64,
    /// Succeeded per second.
    pub goodput_per_sec: Option<f64>,
    /// Carried out (`ok` or error) per second.
    pub throughput_per_sec: Option<f64>,
    /// Share of all due that failed, timed out or did not finish.
    pub error_rate: Option<f64>,
    /// CPU time of the case's own process while the load ran, in seconds.
    pub cpu_s: f64,
    /// End minus intended start.
    pub response: TimesReport,
    /// End minus actual start.
    pub service: TimesReport,
    /// All response times: HdrHistogram V2, deflated, base64; empty when there are none.
    pub response_histogram: Histogram,
    /// All service times, in the same form.
    pub service_histogram: Histogram,
}

/// A number that a procedure found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedFinding {
    /// What looked: `maximum throughput`.
    pub procedure: String,
    /// What it is: `breaking_point`.
    pub name: String,
    /// What the value is in: `per_sec`.
    pub unit: String,
    /// The value.
    pub value: f64,
    /// The true one may be larger.
    pub is_at_least: bool,
}

impl SavedRun {
    /// What is kept of a run: the cases that are given.
    pub(crate) fn of<'a>(run: &RunReport, cases: impl IntoIterator<Item = &'a CaseReport>) -> Self {
        Self {
            schema_version: SAVED_RUN_VERSION,
            run_id: run.run_id.clone(),
            started_at: run.started_at.clone(),
            profile: run.profile.clone(),
            seed: run.seed,
            environment: run.environment.clone(),
            cases: cases.into_iter().map(SavedCase::from).collect(),
        }
    }

    /// The case of this name.
    pub(super) fn case(&self, name: &str) -> Option<&SavedCase> {
        self.cases.iter().find(|case| case.name == name)
    }

    /// With what another process of the same run has saved; a case that is in both was run again.
    #[must_use]
    pub(super) fn with_earlier(mut self, earlier: Self) -> Self {
        let known: Vec<String> = self.cases.iter().map(|case| case.name.clone()).collect();
        self.cases.extend(earlier.cases.into_iter().filter(|case| !known.contains(&case.name)));
        self.cases.sort_by(|a, b| a.name.cmp(&b.name));
        self.started_at = self.started_at.min(earlier.started_at);
        self
    }
}

impl From<&CaseReport> for SavedCase {
    fn from(case: &CaseReport) -> Self {
        Self {
            name: case.name.clone(),
            seed: case.seed,
            duration_s: case.duration_s,
            peak_memory_bytes: (case.resources.samples > 0).then_some(case.resources.peak_memory_bytes),
            loads: case.loads.iter().map(SavedLoad::from).collect(),
            figures: case.figures.clone(),
            findings: case.findings.iter().filter_map(number).collect(),
        }
    }
}

impl From<&LoadReport> for SavedLoad {
    fn from(load: &LoadReport) -> Self {
        Self {
            load: load.load.clone(),
            model: load.model,
            plan: load.plan.clone(),
            timeout_s: load.timeout_s,
            max_in_flight: load.max_in_flight,
            workers: load.process.workers,
            counts: load.total.counts,
            duration_s: load.total.duration_s,
            goodput_per_sec: load.total.goodput_per_sec,
            throughput_per_sec: load.total.throughput_per_sec,
            error_rate: load.total.error_rate,
            cpu_s: load.process.cpu_s,
            response: load.total.response.clone(),
            service: load.total.service.clone(),
            response_histogram: load.response_histogram.clone(),
            service_histogram: load.service_histogram.clone(),
        }
    }
}

/// A finding as a number, where it is one.
fn number(finding: &Finding) -> Option<SavedFinding> {
    let (name, unit, (value, is_at_least)) = match &finding.detail {
        Detail::BreakingPoint { found, .. } => ("breaking_point", "per_sec", held(found)?),
        Detail::Capacity { of, found, .. } => (of.words(), "count", held_at_once(found)?),
        // Words, or figures of which the answer matters and not the size.
        Detail::Degradation { .. }
        | Detail::Leak { .. }
        | Detail::Drift { .. }
        | Detail::ErrorDrift { .. }
        | Detail::Saturation { .. }
        | Detail::RapidScale { .. }
        | Detail::MixedAgents { .. }
        | Detail::Exhaustion { .. }
        | Detail::UnderPressure { .. }
        | Detail::Resilience { .. }
        | Detail::ExtremeData { .. }
        | Detail::Recovery { .. } => return None,
    };
    let (procedure, name, unit) = (finding.procedure.clone(), name.to_owned(), unit.to_owned());
    Some(SavedFinding { procedure, name, unit, value, is_at_least })
}

/// The largest number at once that held, and whether a larger one may.
fn held_at_once(found: &Capacity) -> Option<(f64, bool)> {
    match found {
        Capacity::Between { holds, .. } => Some((*holds as f64, false)),
        Capacity::AtLeast { holds } => Some((*holds as f64, true)),
        Capacity::Under { .. } => Some((0.0, false)),
        Capacity::Inconclusive { .. } => None,
    }
}

/// The highest rate that held, and whether a higher one may.
fn held(found: &BreakingPoint) -> Option<(f64, bool)> {
    match found {
        BreakingPoint::Between { holds_per_sec, .. } => Some((*holds_per_sec, false)),
        BreakingPoint::AtLeast { holds_per_sec } => Some((*holds_per_sec, true)),
        // None of the rates that were tried held.
        BreakingPoint::Under { .. } => Some((0.0, false)),
        BreakingPoint::Inconclusive { .. } => None,
    }
}
