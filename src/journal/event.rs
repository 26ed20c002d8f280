use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    engine::{Slice, Started},
    judge::{Finding, Judgement},
    observe::{Observation, Window},
    stop::StopReason,
};

/// The version of the journal's format; it rises when an event changes its meaning.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// One line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Line {
    /// Seconds since the case's process began.
    pub(crate) t_s: f64,
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// Something that a case tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The process of the case has begun; always the first.
    CaseStarted {
        schema_version: u32,
        case: String,
        pid: u32,
        seed: u64,
        /// When that was, in seconds since 1970, UTC; `None` of a journal that is older than this key.
        #[serde(default)]
        unix_s: Option<f64>,
    },
    /// A load begins.
    LoadStarted(Started),
    /// What happened in a load since the last slice.
    Slice(Box<Slice>),
    /// A window of a load's timeline is over: the slices since the one before are in it.
    Window { load: String, window: Box<Window> },
    /// A load has ended and this is all of it.
    LoadFinished(Box<Observation>),
    /// What this node did of a load that several carry out together; the load's own end has what all did.
    Share(Box<Observation>),
    /// The nodes of the case were stopped by one of them, or by the loss of one.
    NodesStopped { reason: StopReason, sentence: String },
    /// A load that a dry run came across.
    LoadPlanned(Planned),
    /// An expectation was judged.
    Judged(Judgement),
    /// A threshold that says `abort` was missed: the case ends early.
    ThresholdMissed(MissedThreshold),
    /// A figure of the case's own.
    Figure(Figure),
    /// A procedure has found something out.
    Found(Box<Finding>),
    /// A procedure goes on to its next step.
    Step(Step),
    /// A remark of the case's own.
    Note { text: String },
    /// Something that makes the figures less trustworthy than they look.
    Warning { text: String },
    /// Faults are, or will be by their schedule, in force while a load runs.
    FaultsBegan { faults: String, plan: String, load: String },
    /// They are not any more, or the load has ended.
    FaultsEnded { faults: String, load: String, bands: Vec<FaultBand> },
    /// The case panicked, outside of its operations.
    Panic { message: String, place: String },
    /// The body has returned; always the last.
    CaseFinished { result: CaseResult, peak_memory_bytes: Option<u64> },
}

/// A threshold that ended its case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MissedThreshold {
    pub(crate) load: String,
    /// The expectation as text.
    pub(crate) expectation: String,
    /// Seconds from the start of the load.
    pub(crate) at_s: f64,
}

/// A load as a dry run shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Planned {
    pub(crate) load: String,
    pub(crate) plan: String,
    /// `None` where only iterations end the load.
    pub(crate) length_s: Option<f64>,
}

/// A stretch of a case in which injected faults were in force, and what met them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FaultBand {
    /// What the faults are called: `faults` unless they were named.
    pub faults: String,
    /// The faults in words; empty where they are the user's own and only their name is known.
    pub plan: String,
    /// The load that ran meanwhile; empty where none did.
    pub load: String,
    /// When they came into force, in seconds since the start of the case.
    pub from_s: f64,
    /// When they ended, in seconds since the start of the case.
    pub until_s: f64,
    /// Attempts, or passages of the faults' points, that met one; `None` where nobody counts them, or the case did not
    /// live to tell.
    pub met: Option<u64>,
    /// How many of them met what: `error`, `hang`, `panic`, `latency` or `hold`.
    pub kinds: BTreeMap<String, u64>,
    /// When the first one was met, in seconds since the start of the case.
    pub first_s: Option<f64>,
    /// When the last one was met.
    pub last_s: Option<f64>,
}

/// A figure that a case measured itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figure {
    /// What was measured: `recovery_time`.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Its unit: `s`, `bytes`, `per_sec`, `count`, `ratio`, or the case's own word.
    pub unit: String,
}

/// Where a procedure is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// The procedure: `exhaustion and recovery`.
    pub procedure: String,
    /// What it does now: `overload`.
    pub step: String,
    /// The number of this step, from 1.
    pub number: u64,
    /// How many there are; `None` where that is not known before.
    pub of: Option<u64>,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = self.of.map_or(String::new(), |of| format!(" of {of}"));
        write!(f, "{}, step {}{of}: {}", self.procedure, self.number, self.step)
    }
}

/// How the body of a case ended, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum CaseResult {
    Returned,
    /// It returned an error.
    Failed(String),
    /// It panicked.
    Panicked,
}
