use serde::{Deserialize, Serialize};

use crate::{
    engine::{Slice, Started},
    judge::{Finding, Judgement},
    observe::Observation,
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
    CaseStarted { schema_version: u32, case: String, pid: u32, seed: u64 },
    /// A load begins.
    LoadStarted(Started),
    /// What happened in a load since the last slice.
    Slice(Box<Slice>),
    /// A load has ended and this is all of it.
    LoadFinished(Box<Observation>),
    /// A load that a dry run came across.
    LoadPlanned(Planned),
    /// An expectation was judged.
    Judged(Judgement),
    /// A figure of the case's own.
    Figure(Figure),
    /// A procedure has found something out.
    Found(Box<Finding>),
    /// A procedure goes on to its next step.
    Step(Step),
    /// A remark of the case's own.
    Note { text: String },
    /// The case panicked, outside of its operations.
    Panic { message: String, place: String },
    /// The body has returned; always the last.
    CaseFinished { result: CaseResult, peak_memory_bytes: Option<u64> },
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
