use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt};

use super::{
    super::procfs::{self, ProcFile, Stat},
    numbers_in,
};

/// `SIGCHLD` in the kernel's mask of ignored signals, whose lowest bit is signal 1.
const SIGCHLD_BIT: u64 = 1 << (rustix::process::Signal::CHILD.as_raw() - 1);

/// Below this a member that does not grow counts as calm.
const SMALL_BYTES: u64 = 64 << 20;

/// Growth between two readings that ends the calm, and for how many readings without it.
const GROWTH_BYTES: u64 = 1 << 20;
const READINGS_UNTIL_CALM: u8 = 10;

/// Which files of a process stay open between readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptOpen {
    Both,
    Memory,
    None,
}

/// One process of a tree, and what was last seen of it.
#[derive(Debug)]
pub(super) struct Member {
    pid: u32,
    stat: ProcFile,
    statm: ProcFile,
    seen: Stat,
    rss_bytes: u64,
    /// Readings to come until it is calm.
    until_calm: u8,
    was_skipped: bool,
    highest_rss_bytes: u64,
    descriptors: u32,
    storage: (u64, u64),
    switches_of_ended_threads: u64,
    switches_of_threads: BTreeMap<u32, u64>,
}

impl Member {
    /// Starts to watch a process; `None` when it is gone.
    pub(super) fn open(pid: u32, kept: KeptOpen) -> Option<Self> {
        let keep = |name: &str| ProcFile::keep_open(format!("/proc/{pid}/{name}")).ok();
        let reopen = |name: &str| Some(ProcFile::reopen(format!("/proc/{pid}/{name}")));
        let (stat, statm) = match kept {
            KeptOpen::Both => (keep("stat")?, keep("statm")?),
            KeptOpen::Memory => (reopen("stat")?, keep("statm")?),
            KeptOpen::None => (reopen("stat")?, reopen("statm")?),
        };
        let seen = stat.short(procfs::parse_stat)?;
        let mut member = Self {
            pid,
            stat,
            statm,
            seen,
            rss_bytes: 0,
            until_calm: READINGS_UNTIL_CALM,
            was_skipped: false,
            highest_rss_bytes: 0,
            descriptors: 0,
            storage: (0, 0),
            switches_of_ended_threads: 0,
            switches_of_threads: BTreeMap::new(),
        };
        member.look().then_some(member)
    }

    /// Reads CPU time, threads and memory. `false` when the process is gone (its number may be another's by now).
    pub(super) fn look(&mut self) -> bool {
        self.count() && {
            let pages = self.pages();
            self.note_memory(pages.unwrap_or(0));
            true
        }
    }

    /// Reads the memory alone. `false` when the process is gone.
    pub(super) fn glance(&mut self) -> bool {
        let Some(pages) = self.pages() else { return false };
        self.note_memory(pages);
        // A zombie has no memory: the last that can be told of a process is told now.
        pages > 0 || self.seen.is_dead() || self.count()
    }

    /// Reads nothing, once.
    pub(super) fn skip(&mut self) -> bool {
        self.was_skipped = true;
        true
    }

    fn count(&mut self) -> bool {
        let Some(stat) = self.stat.short(procfs::parse_stat) else { return false };
        if stat.start_ticks != self.seen.start_ticks {
            return false;
        }
        let has_just_died = stat.is_dead() && !self.seen.is_dead();
        self.seen = stat;
        if has_just_died {
            self.look_at_storage();
        }
        true
    }

    /// `stat` has the resident pages too, but only `statm` sums the per-core counters exactly (Linux 6.17 and later);
    /// with many cores the difference is tens of megabytes.
    fn pages(&self) -> Option<u64> {
        self.statm.short(procfs::parse_statm)
    }

    fn note_memory(&mut self, pages: u64) {
        let now = pages * rustix::param::page_size() as u64;
        self.until_calm = match now >= self.rss_bytes.saturating_add(GROWTH_BYTES) {
            true => READINGS_UNTIL_CALM,
            false => self.until_calm.saturating_sub(1),
        };
        self.rss_bytes = now;
        self.was_skipped = false;
    }

    /// Reads what is dear.
    pub(super) fn examine(&mut self) {
        if self.seen.is_dead() {
            return;
        }
        self.look_at_storage();
        self.look_at_peak();
        self.descriptors = count_descriptors(self.pid).unwrap_or(self.descriptors);
        let switches = numbers_in(&format!("/proc/{}/task", self.pid)).map(|thread| {
            let file = ProcFile::reopen(format!("/proc/{}/task/{thread}/schedstat", self.pid));
            (thread, file.short(procfs::parse_schedstat).unwrap_or(0))
        });
        let switches = switches.collect();
        self.note_switches(switches);
    }

    /// Which children there are, as far as the kernel lists them.
    ///
    /// The kernel may leave out a child while another one exits; the next round has it.
    pub(super) fn children(&self) -> Vec<u32> {
        if self.seen.is_dead() {
            return Vec::new();
        }
        let of = |thread: u32| {
            let list = ProcFile::reopen(format!("/proc/{}/task/{thread}/children", self.pid));
            list.whole(|text| Some(parse_numbers(text))).unwrap_or_default()
        };
        numbers_in(&format!("/proc/{}/task", self.pid)).flat_map(of).collect()
    }

    fn look_at_storage(&mut self) {
        let io = ProcFile::reopen(format!("/proc/{}/io", self.pid));
        // Unreadable for a process that changed its user, and where the kernel does not count.
        self.storage = io.short(procfs::parse_io).unwrap_or(self.storage);
    }

    /// The process's own peak: it begins with the program, so what a parent had is not in it, as it is in `ru_maxrss`.
    pub(super) fn look_at_peak(&mut self) {
        let status = ProcFile::reopen(format!("/proc/{}/status", self.pid));
        let peak = status.short(|text| procfs::labelled(std::str::from_utf8(text).ok()?, "VmHWM"));
        self.highest_rss_bytes = self.highest_rss_bytes.max(peak.unwrap_or(0));
    }

    /// Keeps what threads had that are not listed any more, or whose number a new thread has.
    fn note_switches(&mut self, now: BTreeMap<u32, u64>) {
        for (thread, before) in &self.switches_of_threads {
            if now.get(thread).is_none_or(|count| count < before) {
                self.switches_of_ended_threads += before;
            }
        }
        self.switches_of_threads = now;
    }

    /// Whether the kernel hands this process what its dead children used: it does not where `SIGCHLD` is ignored.
    pub(super) fn waits_for_children(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let ignored =
            procfs::rest_of_line(&status, "SigIgn").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        ignored.is_none_or(|mask| mask & SIGCHLD_BIT == 0)
    }

    /// As if the number had belonged to a process that started then.
    #[cfg(test)]
    pub(super) fn pretend_start(&mut self, ticks: u64) {
        self.seen.start_ticks = ticks;
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn parent(&self) -> u32 {
        self.seen.parent
    }

    /// Whether it is small and has not grown lately.
    pub(super) fn is_calm(&self) -> bool {
        self.until_calm == 0 && self.rss_bytes < SMALL_BYTES
    }

    pub(super) fn was_skipped(&self) -> bool {
        self.was_skipped
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.seen.is_dead()
    }

    /// Of the process and of the children it has waited for.
    pub(super) fn cpu_ticks(&self) -> u64 {
        self.seen.cpu_ticks
    }

    pub(super) fn rss_bytes(&self) -> u64 {
        self.rss_bytes
    }

    pub(super) fn highest_rss_bytes(&self) -> u64 {
        self.highest_rss_bytes
    }

    pub(super) fn threads(&self) -> u32 {
        self.seen.threads
    }

    pub(super) fn descriptors(&self) -> u32 {
        self.descriptors
    }

    /// `(read, written)` bytes, of the process and of the children it has waited for.
    pub(super) fn storage(&self) -> (u64, u64) {
        self.storage
    }

    pub(super) fn switches(&self) -> u64 {
        self.switches_of_ended_threads + self.switches_of_threads.values().sum::<u64>()
    }
}

/// Since Linux 6.2 the folder's size is the number of descriptors; before, it is 0 and they must be listed.
fn count_descriptors(pid: u32) -> Option<u32> {
    let folder = format!("/proc/{pid}/fd");
    match fs::metadata(&folder).ok()?.size() {
        0 => Some(u32::try_from(fs::read_dir(&folder).ok()?.count()).unwrap_or(u32::MAX)),
        count => Some(u32::try_from(count).unwrap_or(u32::MAX)),
    }
}

fn parse_numbers(text: &str) -> Vec<u32> {
    text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}
