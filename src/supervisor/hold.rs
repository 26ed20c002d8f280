use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use super::cgroup::Cgroup;
use super::{Order, SuperviseError};
use crate::safety::Crossing;
#[cfg(target_os = "linux")]
use crate::{stop::StopReason, units::ByteSize};

/// The data limit is this many times the limit on memory, since address space that was never touched counts too, ...
const DATA_TIMES: u64 = 2;

/// ... and so much for what every process has, ...
const DATA_SPARE: u64 = 1 << 30;

/// ... and the stacks of the threads that blocking operations may take (std's default, 2 MiB).
const STACK: u64 = 2 << 20;

/// What kept a case from taking more memory than its limit, beside looking every 20 ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// A cgroup of version 2 with the limit: nothing overshoots it.
    CgroupV2,
    /// A cgroup of version 1 with the limit: nothing overshoots it.
    CgroupV1,
    /// A limit on the data of each process that is looser than the limit on memory.
    DataLimit,
    /// Nothing: a case that grows quickly gets over its limit by what it takes in 20 ms.
    #[default]
    Polling,
}

/// The tier of containment that was in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Containment {
    /// What kept memory in.
    pub tier: Tier,
    /// The tier in words, and why it is no higher one.
    pub sentence: String,
}

/// The hold that the kernel has on a case.
#[derive(Debug)]
pub(super) struct Hold {
    limit_bytes: u64,
    containment: Containment,
    #[cfg(target_os = "linux")]
    cgroup: Option<Cgroup>,
}

/// What the setting `containment` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The best there is.
    Best,
    /// A cgroup, or the case does not run.
    Hard,
    /// Nothing of the kernel's.
    Polling,
}

impl Hold {
    /// The hold for a case that is about to start.
    pub(super) fn of(order: &Order, token: &str) -> Result<Self, SuperviseError> {
        let wanted = match order.terms.settings.text("containment") {
            Some("hard") => Wanted::Hard,
            Some("polling") => Wanted::Polling,
            _ => Wanted::Best,
        };
        match (wanted, order.limits.memory_bytes) {
            (Wanted::Hard, None) => {
                Err(SuperviseError::Containment("there is no limit to hold: `max_memory` is off".to_owned()))
            }
            (_, None) => Ok(Self::polling(0, "memory has no limit".to_owned())),
            (Wanted::Polling, Some(limit)) => {
                Ok(Self::polling(limit, "memory is looked at every 20 ms".to_owned()))
            }
            (Wanted::Hard, Some(limit)) => Self::hard(limit, token).map_err(SuperviseError::Containment),
            (Wanted::Best, Some(limit)) => {
                Ok(Self::hard(limit, token).unwrap_or_else(|why| Self::data_limit(limit, &why)))
            }
        }
    }

    fn polling(limit_bytes: u64, sentence: String) -> Self {
        Self {
            limit_bytes,
            containment: Containment { tier: Tier::Polling, sentence },
            #[cfg(target_os = "linux")]
            cgroup: None,
        }
    }

    #[cfg(target_os = "linux")]
    fn hard(limit_bytes: u64, token: &str) -> Result<Self, String> {
        use crate::monitor::CgroupVersion;
        let cgroup = Cgroup::make(limit_bytes, token)?;
        let (tier, version) = match cgroup.version() {
            CgroupVersion::V1 => (Tier::CgroupV1, 1),
            CgroupVersion::V2 => (Tier::CgroupV2, 2),
        };
        let sentence =
            format!("memory is held by a cgroup (version {version}) of {}", ByteSize::new(limit_bytes));
        Ok(Self { limit_bytes, containment: Containment { tier, sentence }, cgroup: Some(cgroup) })
    }

    #[cfg(not(target_os = "linux"))]
    fn hard(_limit_bytes: u64, _token: &str) -> Result<Self, String> {
        Err("this system has no cgroups".to_owned())
    }

    /// Where there is no cgroup: only Linux counts all private memory as data.
    fn data_limit(limit_bytes: u64, why: &str) -> Self {
        let mut hold = Self::polling(limit_bytes, format!("memory is looked at every 20 ms; {why}"));
        if cfg!(target_os = "linux") {
            hold.containment.tier = Tier::DataLimit;
            hold.containment.sentence =
                format!("memory is looked at every 20 ms, with a looser limit on data behind it; {why}");
        }
        hold
    }

    /// The limit on data that the child is to set for itself, given the threads it may have.
    pub(super) fn data_limit_bytes(&self, threads: u64) -> Option<u64> {
        let loose = self.limit_bytes.saturating_mul(DATA_TIMES).saturating_add(DATA_SPARE);
        match self.containment.tier {
            Tier::DataLimit => Some(loose.saturating_add(threads.saturating_mul(STACK))),
            Tier::CgroupV1 | Tier::CgroupV2 | Tier::Polling => None,
        }
    }

    /// Takes in a child that waits for its orders.
    pub(super) fn take_in(&self, child: u32) -> std::io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(cgroup) = &self.cgroup {
            return cgroup.take_in(child);
        }
        let _ = child;
        Ok(())
    }

    /// The processes that are held.
    pub(super) fn members(&self) -> Vec<u32> {
        #[cfg(target_os = "linux")]
        if let Some(cgroup) = &self.cgroup {
            return cgroup.members();
        }
        Vec::new()
    }

    /// That the kernel has ended a process of the case at the limit, if it has.
    pub(super) fn crossing(&self) -> Option<Crossing> {
        #[cfg(target_os = "linux")]
        if self.cgroup.as_ref().is_some_and(|cgroup| cgroup.kills() > 0) {
            let limit = ByteSize::new(self.limit_bytes);
            let sentence =
                format!("memory reached the limit of {limit} (max_memory), where the kernel ended it");
            return Some(Crossing { reason: StopReason::Memory, sentence });
        }
        None
    }

    /// What was in force.
    pub(super) fn containment(&self) -> Containment {
        self.containment.clone()
    }
}

impl fmt::Display for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
