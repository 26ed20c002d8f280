use std::fmt;

use serde::{Deserialize, Serialize};

use super::TrialResult;

/// What is counted by a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Concurrent {
    /// Operations in flight at once.
    Operations,
    /// Connections open at once.
    Connections,
}

/// One trial of a search for a capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LevelTrial {
    /// How many were asked for at once.
    pub level: u64,
    /// What it came to.
    pub result: TrialResult,
}

/// How much at once a target serves, as an interval: trials never show a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capacity {
    /// It serves the one number and breaks at the other.
    Between {
        /// The largest number that was served each time it was tried.
        holds: u64,
        /// The smallest at which it broke.
        breaks: u64,
        /// What broke there.
        objective: String,
    },
    /// It served every number up to the last one.
    AtLeast {
        /// The last one.
        holds: u64,
    },
    /// It broke at the first number.
    Under {
        /// The first one.
        breaks: u64,
        /// What broke there.
        objective: String,
    },
    /// It cannot be told.
    Inconclusive {
        /// Up to here it held.
        holds: Option<u64>,
        /// Why it is not known beyond.
        reason: String,
    },
}

impl Capacity {
    /// The largest number at once that is known to be served.
    pub const fn holds(&self) -> Option<u64> {
        match self {
            Self::Between { holds, .. } | Self::AtLeast { holds } => Some(*holds),
            Self::Inconclusive { holds, .. } => *holds,
            Self::Under { .. } => None,
        }
    }
}

impl Concurrent {
    /// The word for it, in the plural.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Connections => "connections",
        }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between { holds, breaks, objective } => {
                write!(f, "serves {holds} at once, breaks at {breaks}: {objective}")
            }
            Self::AtLeast { holds } => write!(f, "serves {holds} at once, the most that was tried"),
            Self::Under { breaks, objective } => {
                write!(f, "breaks at {breaks} at once, the fewest that were tried: {objective}")
            }
            Self::Inconclusive { holds: Some(holds), reason } => {
                write!(f, "serves {holds} at once; not known beyond: {reason}")
            }
            Self::Inconclusive { holds: None, reason } => write!(f, "cannot be told: {reason}"),
        }
    }
}
