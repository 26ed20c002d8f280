use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BreakingPoint, Degradation, Drift, Leak, Offered, Trial};

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
}

impl Finding {
    /// A finding of the procedure called `procedure`.
    pub fn new(procedure: &str, detail: Detail) -> Self {
        let sentence = match &detail {
            Detail::BreakingPoint { found, .. } => found.to_string(),
            Detail::Degradation { found, .. } => found.to_string(),
            Detail::Leak { found } => found.to_string(),
            Detail::Drift { found } => found.to_string(),
        };
        Self { procedure: procedure.to_owned(), sentence, detail }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.procedure, self.sentence)
    }
}
