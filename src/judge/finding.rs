use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Aftermath, AgentSeen, BreakingPoint, Capacity, Concurrent, Confidence, DataRow, Degradation, Depth,
    Drift, ErrorDrift, Exhaustion, ExhaustionStep, Leak, LevelTrial, Offered, PhaseSeen, Plateau, Recovery,
    Resilience, Served, Trial, UnderPressure, Verdict, extreme_data,
};

/// Something that a procedure found out about a target: data for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Finding {
    /// What looked: `maximum throughput`.
    pub procedure: String,
    /// The finding in words, with the figures it rests on.
    pub sentence: String,
    /// The finding as data.
    pub detail: Detail,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "about", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// Up to which rate a target holds.
    BreakingPoint {
        /// The interval.
        found: BreakingPoint,
        /// Every trial, in order.
        trials: Vec<Trial>,
        /// How sure it is; `None` where it is inconclusive.
        #[serde(default)]
        confidence: Option<Confidence>,
    },
    /// What it does beyond.
    Degradation {
        /// How it degrades.
        found: Degradation,
        /// Every load that was offered.
        loads: Vec<Offered>,
    },
    /// Whether memory grows without an end.
    Leak {
        /// The answer.
        found: Leak,
    },
    /// Whether latency rises under a constant load.
    Drift {
        /// The answer.
        found: Drift,
    },
    /// Whether the share of failures rises under a constant load.
    ErrorDrift {
        /// The answer.
        found: ErrorDrift,
    },
    /// How much at once a target serves.
    Capacity {
        /// What was counted.
        of: Concurrent,
        /// The interval.
        found: Capacity,
        /// Every trial, in order.
        trials: Vec<LevelTrial>,
        /// How sure it is; `None` where it is inconclusive.
        #[serde(default)]
        confidence: Option<Confidence>,
    },
    /// From how many users on a target does no more.
    Saturation {
        /// The answer.
        found: Plateau,
        /// Every level that was tried, in order.
        levels: Vec<Served>,
    },
    /// How a target took users that came and went.
    RapidScale {
        /// A row for each phase.
        phases: Vec<PhaseSeen>,
    },
    /// How several kinds of users fared beside each other.
    MixedAgents {
        /// A row for each kind.
        agents: Vec<AgentSeen>,
    },
    /// Whether a target came back to normal after an overload.
    Recovery {
        /// The answer; of several attempts, the worst.
        found: Recovery,
        /// How badly it fared until then; `None` without data.
        depth: Option<Depth>,
        /// The answer of each attempt, in order.
        attempts: Vec<Recovery>,
    },
    /// Which resource a rising load exhausts first.
    Exhaustion {
        /// The answer.
        found: Exhaustion,
        /// Every step of the load that was begun, in order.
        steps: Vec<ExhaustionStep>,
        /// What became of the target afterwards; `None` where no ceiling was reached.
        after: Option<Aftermath>,
    },
    /// How a target fares while memory, CPU or a disk is under pressure.
    UnderPressure {
        /// The answer.
        found: UnderPressure,
    },
    /// How a target fares while a share of its operations meets faults.
    Resilience {
        /// The answer.
        found: Resilience,
    },
    /// How a target takes data of many sizes, shapes and edges.
    ExtremeData {
        /// Every kind of data that was tried, in order.
        rows: Vec<DataRow>,
    },
}

impl Finding {
    /// A finding of the procedure called `procedure`.
    pub fn new(procedure: &str, detail: Detail) -> Self {
        let sentence = match &detail {
            Detail::BreakingPoint { found, confidence, .. } => with(found, confidence.as_ref()),
            Detail::Degradation { found, .. } => found.to_string(),
            Detail::Leak { found } => found.to_string(),
            Detail::Drift { found } => found.to_string(),
            Detail::ErrorDrift { found } => found.to_string(),
            Detail::Capacity { of, found, confidence, .. } => {
                with(format_args!("{}: {found}", of.words()), confidence.as_ref())
            }
            Detail::Saturation { found, .. } => found.to_string(),
            Detail::RapidScale { phases } => rows("phases", phases, |phase| phase.verdict),
            Detail::MixedAgents { agents } => rows("kinds of users", agents, |agent| agent.verdict),
            Detail::Recovery { found, depth, attempts } => recovery(found, depth.as_ref(), attempts.len()),
            Detail::Exhaustion { found, after: Some(after), .. } => format!("{found}; {after}"),
            Detail::Exhaustion { found, after: None, .. } => found.to_string(),
            Detail::UnderPressure { found } => found.to_string(),
            Detail::Resilience { found } => found.to_string(),
            Detail::ExtremeData { rows } => extreme_data::sentence(rows),
        };
        Self { procedure: procedure.to_owned(), sentence, detail }
    }
}

/// How many of them passed, and each by itself.
/// An interval and how sure it is.
fn with(found: impl fmt::Display, confidence: Option<&Confidence>) -> String {
    match confidence {
        Some(confidence) => format!("{found}; {confidence}"),
        None => found.to_string(),
    }
}

fn rows<T: fmt::Display>(what: &str, rows: &[T], verdict: fn(&T) -> Verdict) -> String {
    let passed = rows.iter().filter(|row| verdict(row) == Verdict::Pass).count();
    let all: Vec<String> = rows.iter().map(T::to_string).collect();
    format!("{passed} of {} {what} met their objectives: {}", rows.len(), all.join("; "))
}

fn recovery(found: &Recovery, depth: Option<&Depth>, attempts: usize) -> String {
    let of = if attempts > 1 { format!(", the worst of {attempts} attempts") } else { String::new() };
    let depth = depth.map_or(String::new(), |depth| {
        format!(
            "; goodput fell to {:.0}% of the baseline, {:.0}% of a second's operations failed, {} were in flight",
            depth.goodput_share * 100.0,
            depth.failures * 100.0,
            depth.backlog
        )
    });
    format!("{found}{of}{depth}")
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.procedure, self.sentence)
    }
}
