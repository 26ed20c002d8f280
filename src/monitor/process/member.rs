use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt};

use super::{
    super::procfs::{self, ProcFile, Stat},
    numbers_in,
};

/// `SIGCHLD` in the kernel's mask of ignored signals, whose lowest bit is signal 1.
const SIGCHLD_BIT: u64 = 1 << (rustix::process::Signal::CHILD.as_raw() - 1);

/// One process of a tree, and what was last seen of it.
#[derive(Debug)]
pub(super) struct Member {
    pid: u32,
    stat: ProcFile,
    statm: ProcFile,
    seen: Stat,
    rss_bytes: u64,
    highest_rss_bytes: u64,
    descriptors: u32,
    storage: (u64, u64),
    switches_of_ended_threads: u64,
    switches_of_threads: BTreeMap<u32, u64>,
}

impl Member {
    /// Starts to watch a process; `None` when it is gone.
    pub(super) fn open(pid: u32, keep_open: bool) -> Option<Self> {
        let file = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            if keep_open { ProcFile::keep_open(path).ok() } else { Some(ProcFile::reopen(path)) }
        };
        let (stat, statm) = (file("stat")?, file("statm")?);
        let seen = stat.short(procfs::parse_stat)?;
        let mut member = Self {
            pid,
            stat,
            statm,
            seen,
            rss_bytes: 0,
            highest_rss_bytes: 0,
            descriptors: 0,
            storage: (0, 0),
            switches_of_ended_threads: 0,
            switches_of_threads: BTreeMap::new(),
        };
        member.look().then_some(member)
    }

    /// Reads what every tick needs. `false` when the process is gone (its number may be another's by now).
    pub(super) fn look(&mut self) -> bool {
        let Some(stat) = self.stat.short(procfs::parse_stat) else { return false };
        if stat.start_ticks != self.seen.start_ticks {
            return false;
        }
        let has_just_died = stat.is_dead() && !self.seen.is_dead();
        self.seen = stat;
        // `stat` has the resident pages too, but only `statm` sums the per-core counters exactly (Linux 6.17 and
        // later); with many cores the difference is tens of megabytes.
        self.rss_bytes =
            self.statm.short(procfs::parse_statm).unwrap_or(0) * rustix::param::page_size() as u64;
        if has_just_died {
            self.look_at_storage();
        }
        true
    }

    /// Reads what is dear, and says which children there are as far as the kernel lists them.
    ///
    /// The kernel may leave out a child while another one exits; the next round has it.
    pub(super) fn look_closely(&mut self) -> Vec<u32> {
        if self.seen.is_dead() {
            return Vec::new();
        }
        self.look_at_storage();
        self.look_at_peak();
        self.descriptors = count_descriptors(self.pid).unwrap_or(self.descriptors);
        let mut children = Vec::new();
        let mut switches = BTreeMap::new();
        for thread in numbers_in(&format!("/proc/{}/task", self.pid)) {
            let file = |name: &str| ProcFile::reopen(format!("/proc/{}/task/{thread}/{name}", self.pid));
            let list = file("children").whole(|text| Some(parse_numbers(text)));
            children.extend(list.into_iter().flatten());
            switches.insert(thread, file("schedstat").short(procfs::parse_schedstat).unwrap_or(0));
        }
        self.note_switches(switches);
        children
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
