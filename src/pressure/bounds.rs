use std::{path::Path, time::Duration};

use crate::{
    monitor::{Machine, Supply, Tree},
    stop::StopToken,
    units::{ByteSize, Portion, Ratio},
};

/// Of a limit, and of what must stay free, this much is never touched: a supervisor predicts two looks ahead.
const LEAST_SLACK: u64 = 32 << 20;

/// The share of `max_memory` that stays for what the case itself does meanwhile.
const SLACK_SHARE: f64 = 0.1;

/// The share of `max_written` that pressure may use up.
const WRITTEN_SHARE: f64 = 0.8;

/// What stays free of a machine's memory and of its disks, whatever else is said.
const LEAST_FREE: Portion = Portion::Share(Ratio::new(0.05));

/// What pressure may take at most, and when it ends whatever happens. [`Context::pressure_bounds`] has those of a case;
/// [`Bounds::default`] knows of no limit but the machine.
///
/// [`Context::pressure_bounds`]: crate::Context::pressure_bounds
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Bounds {
    /// The memory of this process and its children, everything included; a tenth of it is left for the rest.
    pub max_memory: Option<ByteSize>,
    /// What must stay free of the machine's memory; never less than 5 % of it.
    pub min_free_memory: Option<Portion>,
    /// Bytes that may be sent to a disk; four fifths of it are used at most.
    pub max_written: Option<ByteSize>,
    /// What must stay free of a disk; never less than 5 % of it.
    pub min_free_disk: Option<Portion>,
    /// After this the pressure ends by itself.
    pub longest: Duration,
    pub(crate) stop: StopToken,
}

impl Default for Bounds {
    /// 5 % of memory and of a disk stay free; five minutes.
    fn default() -> Self {
        Self {
            max_memory: None,
            min_free_memory: None,
            max_written: None,
            min_free_disk: None,
            longest: Duration::from_secs(300),
            stop: StopToken::new(),
        }
    }
}

impl Bounds {
    /// Pressure ends when `stop` is stopped.
    pub(crate) fn stopped_by(stop: StopToken) -> Self {
        Self { stop, ..Self::default() }
    }

    /// Bytes that may be written in all, and what a disk must keep of `total`.
    pub(super) fn most_written(&self) -> u64 {
        self.max_written.map_or(u64::MAX, |most| (most.bytes() as f64 * WRITTEN_SHARE) as u64)
    }

    /// Why `folder` is no place to write to any more, if it is none.
    pub(super) fn refuses(&self, folder: &Path) -> Option<String> {
        let supply = Supply::read(&[("scratch", folder)]);
        let disk = supply.disks.first()?;
        let keep = most(self.min_free_disk, disk.total_bytes);
        (disk.free_bytes < keep).then(|| {
            format!(
                "the disk has {} left, and {} must stay free",
                ByteSize::new(disk.free_bytes),
                ByteSize::new(keep)
            )
        })
    }

    /// How much memory may still be taken where the process has `used` and the machine `free` of `total`, and what
    /// bounds it.
    fn room(&self, used: u64, free: u64, total: u64) -> Room {
        let keep = most(self.min_free_memory, total);
        let machine =
            Room { bytes: signed(free) - signed(keep + LEAST_SLACK), bound: Bound::Machine { free, keep } };
        let process = self.max_memory.map(|most| {
            let slack = LEAST_SLACK.max((most.bytes() as f64 * SLACK_SHARE) as u64);
            Room {
                bytes: signed(most.bytes()) - signed(used + slack),
                bound: Bound::Process { used, most: most.bytes() },
            }
        });
        process
            .into_iter()
            .fold(machine, |least, other| if other.bytes < least.bytes { other } else { least })
    }
}

/// What must stay of `total`.
fn most(stated: Option<Portion>, total: u64) -> u64 {
    let of = |portion: Portion| portion.of(ByteSize::new(total)).bytes();
    of(LEAST_FREE).max(stated.map_or(0, of))
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Memory that may still be taken; negative where some must be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) bytes: i64,
    bound: Bound,
}

/// What leaves no more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Machine { free: u64, keep: u64 },
    Process { used: u64, most: u64 },
}

impl Room {
    /// Why there is no more.
    pub(super) fn reason(&self) -> String {
        let size = ByteSize::new;
        match self.bound {
            Bound::Machine { free, keep } => {
                format!("the machine has {} of memory left, and {} must stay free", size(free), size(keep))
            }
            Bound::Process { used, most } => {
                format!("the case uses {} of its limit of {} (max_memory)", size(used), size(most))
            }
        }
    }
}

/// Looks at what bounds the memory that may be taken.
pub(super) struct MemoryRoom {
    tree: Tree,
    machine: Machine,
}

impl MemoryRoom {
    pub(super) fn new() -> Self {
        Self { tree: Tree::new(std::process::id()), machine: Machine::new() }
    }

    pub(super) fn read(&mut self, bounds: &Bounds) -> Room {
        let used = self.tree.sample(std::time::Instant::now()).map_or(0, |sample| sample.rss_bytes);
        let machine = self.machine.sample();
        bounds.room(used, machine.memory_available_bytes, machine.memory_total_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{gib, mib};

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_tightest_bound_decides() {
        let bounds = Bounds { max_memory: Some(gib(1)), ..Bounds::default() };
        let room = bounds.room(100 * MIB, 4_000 * MIB, 8_000 * MIB);
        assert_eq!(room.bytes, (1024 * MIB - 100 * MIB) as i64 - (1024 * MIB / 10) as i64);
        assert_eq!(room.reason(), "the case uses 100 MiB of its limit of 1 GiB (max_memory)");
        let room = bounds.room(100 * MIB, 500 * MIB, 8_000 * MIB);
        assert_eq!(room.bytes, 68 * MIB as i64);
        assert_eq!(room.reason(), "the machine has 500 MiB of memory left, and 400 MiB must stay free");
    }

    #[test]
    fn five_percent_stay_whatever_is_said_and_small_limits_keep_their_slack() {
        let none = Bounds { min_free_memory: Some(mib(1).into()), ..Bounds::default() };
        assert_eq!(none.room(0, 400 * MIB, 8_000 * MIB).bytes, -32 * MIB as i64);
        let more = Bounds { min_free_memory: Some(mib(1_000).into()), ..Bounds::default() };
        assert_eq!(more.room(0, 2_000 * MIB, 8_000 * MIB).bytes, 968 * MIB as i64);
        let small = Bounds { max_memory: Some(mib(64)), ..Bounds::default() };
        assert_eq!(small.room(16 * MIB, 4_000 * MIB, 8_000 * MIB).bytes, 16 * MIB as i64);
        let written = Bounds { max_written: Some(mib(100)), ..Bounds::default() };
        assert_eq!(written.most_written(), 80 * MIB);
    }
}
