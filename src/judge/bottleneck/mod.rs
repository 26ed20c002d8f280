//! What limits a target, from its loads and from what the case's processes used meanwhile.

mod rules;
mod used;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Saturation,
    level::{Amount, Level},
    saturation::Saturated,
};
use crate::{monitor::Resources, observe::Observation, stop::StopReason};

/// What kept a target from doing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// The cores.
    Cpu,
    /// Memory: its limit, or waiting for it.
    Memory,
    /// Open files and connections.
    Descriptors,
    /// Storage.
    Disk,
    /// The link of a network interface.
    Network,
    /// One at a time: a lock, a single thread, a serial section.
    Lock,
    /// Some at a time: a pool of places, connections or threads that refuses or lets wait.
    Pool,
    /// What made the load, not the target.
    Generator,
    /// No limit was reached.
    Nothing,
    /// A limit was reached, or may have been, and the data do not tell which.
    Inconclusive,
}

impl Limit {
    /// The limit in a word or two, as in a report: `CPU`, `lock`, `load generator`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "memory",
            Self::Descriptors => "descriptors",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Lock => "lock",
            Self::Pool => "pool",
            Self::Generator => "load generator",
            Self::Nothing => "nothing",
            Self::Inconclusive => "unknown",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// What limits the target of a case, with the evidence.
///
/// Only a target that was loaded to its limit shows it ([`Saturation`]). Which limit it is follows from what was used
/// up meanwhile, in this order: a safety limit that stopped the case; descriptors that ran out; cores, memory, storage
/// and links that were busy (a method of Gregg's, *The USE Method*, 2012); then, with no resource used up, from Little's
/// law: throughput times the service time at low load is how many operations are served at once, one for a lock, more
/// for a pool of so many places. Generator and target share the machine, and an in-process target also the process: CPU
/// is that of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Bottleneck {
    /// What it is.
    pub limit: Limit,
    /// The same with the figures it rests on: `CPU: 97% of the 2 cores busy while ...`.
    pub sentence: String,
    /// Where the target was loaded to its limit, if it was.
    pub saturation: Option<Saturation>,
}

/// What a case's processes used and were allowed, beside its loads.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// What they used.
    pub resources: &'a Resources,
    /// The most memory that they might take.
    pub memory_limit_bytes: Option<u64>,
    /// The most open descriptors that they might have.
    pub descriptor_limit: Option<u64>,
    /// The limit that stopped the case or ended its process, and what was seen of it.
    pub ended_by: Option<(StopReason, &'a str)>,
}

impl Bottleneck {
    /// What limited the target under these loads; `None` when there was no load.
    ///
    /// ```
    /// use proofload::{Resources, judge::{Bottleneck, Limit, Surroundings}, observe::Observation};
    /// let resources = Resources::default();
    /// let around =
    ///     Surroundings { resources: &resources, memory_limit_bytes: None, descriptor_limit: None, ended_by: None };
    /// assert_eq!(Bottleneck::find(&[], &around), None);
    /// let nothing_was_due = Bottleneck::find(&[Observation::default()], &around).expect("there was a load");
    /// assert_eq!(nothing_was_due.limit, Limit::Inconclusive);
    /// ```
    pub fn find(observations: &[Observation], around: &Surroundings<'_>) -> Option<Self> {
        if observations.is_empty() {
            return None;
        }
        let levels = Level::all(observations);
        let found = Saturated::find(&levels);
        let saturation = found.as_ref().map(Saturated::report);
        let exhausted = rules::ended_by(around).or_else(|| rules::no_descriptors_left(observations, around));
        let (limit, evidence) = exhausted
            .or_else(|| found.as_ref().map(|found| rules::at_its_limit(found, &levels, around)))
            .or_else(|| rules::near_its_limit(&levels, around))
            .unwrap_or_else(|| not_reached(&levels));
        Some(Self { limit, sentence: format!("{limit}: {evidence}"), saturation })
    }

    /// Whether there is something to say about it: a limit that was found, or one that was reached and not found.
    pub const fn is_reached(&self) -> bool {
        match self.limit {
            Limit::Cpu
            | Limit::Memory
            | Limit::Descriptors
            | Limit::Disk
            | Limit::Network
            | Limit::Lock
            | Limit::Pool
            | Limit::Generator => true,
            Limit::Inconclusive => self.saturation.is_some(),
            Limit::Nothing => false,
        }
    }
}

impl fmt::Display for Bottleneck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// The loads were not enough to reach a limit, or to tell one.
fn not_reached(levels: &[Level<'_>]) -> (Limit, String) {
    let Some(highest) = levels.iter().max_by(|a, b| a.carried_per_sec.total_cmp(&b.carried_per_sec)) else {
        return (Limit::Inconclusive, "no phase of a load had 20 operations".to_owned());
    };
    let amount = highest.amount;
    let evidence = match amount {
        Amount::PerSec(_) => format!("the target followed the load up to {amount}"),
        Amount::Users(_) if levels.iter().filter(|level| level.is_of_kind(highest)).count() > 1 => {
            format!("more users were served more up to {amount}")
        }
        Amount::Users(_) => format!(
            "no resource was at its limit, and one level of users ({amount} got {}) does not tell whether more would \
             bring more",
            super::level::shown(highest.carried_per_sec)
        ),
    };
    (Limit::Nothing, evidence)
}
