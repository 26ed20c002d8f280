use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LoadSummary, load_summary::percent};
use crate::units::{ByteSize, Rate};

/// What a load may exhaust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExhaustedResource {
    /// Resident memory of the case and its children, in bytes.
    Memory,
    /// CPU time of the case and its children, as a share of the cores available.
    Cpu,
    /// Open descriptors (files, connections) of the case and its children.
    Descriptors,
}

impl ExhaustedResource {
    /// The word for it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "CPU",
            Self::Descriptors => "open descriptors",
        }
    }

    /// An amount of it for people.
    pub fn show(self, amount: f64) -> String {
        match self {
            Self::Memory => ByteSize::new(amount as u64).to_string(),
            Self::Cpu => percent(amount),
            Self::Descriptors => format!("{amount:.0}"),
        }
    }
}

/// How much a step of a rising load asks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoadLevel {
    /// Operations per second.
    Rate {
        /// So many.
        per_sec: f64,
    },
    /// Users that loop.
    Users {
        /// So many.
        users: u64,
    },
}

impl fmt::Display for LoadLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { per_sec } => Rate::new(*per_sec).fmt(f),
            Self::Users { users: 1 } => f.write_str("1 user"),
            Self::Users { users } => write!(f, "{users} users"),
        }
    }
}

/// One step of a rising load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExhaustionStep {
    /// What it asked for.
    pub level: LoadLevel,
    /// How its operations fared.
    pub seen: LoadSummary,
}

/// The most that was seen of each resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ResourcePeaks {
    /// Resident memory in bytes; 0 where the platform does not tell.
    pub memory_bytes: u64,
    /// Share of the cores available over the window that was asked for; `None` before the first has passed.
    pub cpu_share: Option<f64>,
    /// Open descriptors; 0 where the platform does not tell.
    pub descriptors: u64,
}

/// Where a ceiling was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CeilingCrossing {
    /// Of what.
    pub resource: ExhaustedResource,
    /// The ceiling, in the resource's unit.
    pub ceiling: f64,
    /// What was seen.
    pub seen: f64,
    /// The node of several that it was seen on.
    pub node: Option<u32>,
}

/// Which resource a rising load exhausts first, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Exhaustion {
    /// A ceiling was crossed.
    Reached {
        /// Which one.
        crossing: CeilingCrossing,
        /// Seconds from the start of the load.
        at_s: f64,
        /// The level of the load then.
        level: LoadLevel,
        /// How the operations of that level fared until then.
        there: LoadSummary,
    },
    /// None was, up to the last step.
    NotReached {
        /// The most that was seen.
        peaks: ResourcePeaks,
        /// The highest level of the load.
        level: LoadLevel,
    },
    /// It cannot be told.
    Inconclusive {
        /// The most that was seen.
        peaks: ResourcePeaks,
        /// Why.
        reason: String,
    },
}

/// What became of a target whose load was taken away at the ceiling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Aftermath {
    /// The first level of the load once more, after the cool-down.
    pub load: LoadSummary,
    /// Resident memory after it, in bytes.
    pub memory_bytes: u64,
}

impl fmt::Display for ResourcePeaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = self.cpu_share.map(|share| format!("{} CPU", percent(share)));
        let memory = (self.memory_bytes > 0).then(|| ByteSize::new(self.memory_bytes).to_string());
        let descriptors = (self.descriptors > 0).then(|| format!("{} descriptors", self.descriptors));
        let known: Vec<String> = cpu.into_iter().chain(memory).chain(descriptors).collect();
        f.write_str(
            if known.is_empty() { "nothing that could be measured".to_owned() } else { known.join(", ") }
                .as_str(),
        )
    }
}

impl fmt::Display for Exhaustion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached { crossing, at_s, level, there } => {
                let CeilingCrossing { resource, ceiling, seen, node } = crossing;
                let on_node = node.map_or_else(String::new, |node| format!(" on node {node}"));
                write!(
                    f,
                    "{} is exhausted first{on_node}: {}, over the ceiling of {}, after {at_s:.1} s at {level}, where {}",
                    resource.words(),
                    resource.show(*seen),
                    resource.show(*ceiling),
                    there.words()
                )
            }
            Self::NotReached { peaks, level } => {
                write!(f, "no ceiling was reached: at most {peaks}, up to {level}")
            }
            Self::Inconclusive { peaks, reason } => {
                write!(f, "cannot be told: {reason}; at most {peaks} until then")
            }
        }
    }
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = match self.memory_bytes {
            0 => String::new(),
            bytes => format!(", memory {}", ByteSize::new(bytes)),
        };
        match self.load.success_rate {
            Some(0.0) => write!(f, "afterwards it answers nothing{memory}"),
            Some(_) => write!(f, "afterwards {}{memory}", self.load.words()),
            None => write!(f, "what it does afterwards was not seen{memory}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there() -> LoadSummary {
        LoadSummary { due: 40, success_rate: Some(0.9), ..LoadSummary::default() }
    }

    #[test]
    fn each_answer_reads_as_a_sentence() {
        let crossing = CeilingCrossing {
            resource: ExhaustedResource::Memory,
            ceiling: 104_857_600.0,
            seen: 110_100_480.0,
            node: None,
        };
        let level = LoadLevel::Rate { per_sec: 200.0 };
        assert_eq!(
            Exhaustion::Reached { crossing, at_s: 3.21, level, there: there() }.to_string(),
            "memory is exhausted first: 105 MiB, over the ceiling of 100 MiB, after 3.2 s at 200/s, where 90% of 40 succeeded"
        );
        let crossing = CeilingCrossing { node: Some(2), ..crossing };
        let on_a_node = Exhaustion::Reached { crossing, at_s: 3.21, level, there: there() }.to_string();
        assert!(on_a_node.starts_with("memory is exhausted first on node 2: 105 MiB,"), "{on_a_node}");
        let peaks = ResourcePeaks { memory_bytes: 220_200_960, cpu_share: Some(0.43), descriptors: 30 };
        assert_eq!(
            Exhaustion::NotReached { peaks, level: LoadLevel::Users { users: 50 } }.to_string(),
            "no ceiling was reached: at most 43% CPU, 210 MiB, 30 descriptors, up to 50 users"
        );
        let peaks = ResourcePeaks::default();
        assert_eq!(
            Exhaustion::Inconclusive { peaks, reason: "the case was stopped".to_owned() }.to_string(),
            "cannot be told: the case was stopped; at most nothing that could be measured until then"
        );
    }

    #[test]
    fn the_aftermath_tells_a_dead_target_from_an_unseen_one() {
        let after =
            |success_rate| Aftermath { load: LoadSummary { success_rate, ..there() }, memory_bytes: 0 };
        assert_eq!(after(Some(1.0)).to_string(), "afterwards 100% of 40 succeeded");
        assert_eq!(after(Some(0.0)).to_string(), "afterwards it answers nothing");
        assert_eq!(after(None).to_string(), "what it does afterwards was not seen");
    }
}
