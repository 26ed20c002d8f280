use std::{
    fs,
    os::unix::fs::MetadataExt,
    time::{Duration, Instant},
};

use super::{
    procfs::{self, Stat},
    sample::TreeSample,
};

mod member;

use member::Member;

/// How old the list of members and the dear figures (descriptors, storage, switches) may be.
const REFRESH_EVERY: Duration = Duration::from_millis(200);

/// A refresh costs some 30 us a process and 6 us a thread more; it waits 200 times what the last one took, so that it never takes more
/// than 0.5 % of a core, but no longer than this, or new processes would go unseen.
const REFRESH_AT_LEAST_EVERY: Duration = Duration::from_secs(2);
const REFRESH_SHARE: u32 = 200;

/// 10 us each: a kill must not wait for a crowd.
const PEAKS_BEFORE_A_KILL: usize = 16;

/// Members beyond this many have their files opened for each reading: two descriptors each stay far below the usual
/// limit of 1 024.
const KEPT_OPEN: usize = 64;

/// A process, its descendants, and whoever was adopted; watched through `/proc`.
///
/// Once a member always a member: a grandchild that a subreaper or init inherited is still followed. What has exited
/// stays in the totals: the kernel adds a child's CPU time and storage bytes to the parent that waits for it, which
/// also covers children too short-lived to be seen; for any other member the last reading is kept.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Parents before their children: a child reaped in the middle of a round is then missed once (and the totals
    /// stand still for a tick) but never counted twice.
    members: Vec<Member>,
    exited: Exited,
    last: TreeSample,
    refreshed: Option<Instant>,
    refresh_every: Duration,
    has_children_file: bool,
}

/// What members used that no living member accounts for.
#[derive(Debug, Default)]
struct Exited {
    cpu_ticks: u64,
    read_bytes: u64,
    written_bytes: u64,
    switches: u64,
}

impl Tree {
    /// Watches `root` and what descends from it. A root that is already gone makes an empty tree.
    pub(crate) fn new(root: u32) -> Self {
        let mut tree = Self {
            members: Vec::new(),
            exited: Exited::default(),
            last: TreeSample::default(),
            refreshed: None,
            refresh_every: REFRESH_EVERY,
            has_children_file: fs::exists("/proc/thread-self/children").unwrap_or(false),
        };
        tree.adopt(root);
        tree
    }

    /// Counts this process in, and its descendants: for orphans that left the tree ([`find_marked`]).
    pub(crate) fn adopt(&mut self, pid: u32) {
        if !self.members.iter().any(|member| member.pid() == pid) {
            self.members.extend(Member::open(pid, self.members.len() < KEPT_OPEN));
        }
    }

    /// Looks at every member. `None` when none is alive; [`Tree::last`] then has the final totals.
    ///
    /// Costs some 6 us a process, and at most every 200 ms of `now` some 30 us a process and 6 us a thread more.
    pub(crate) fn sample(&mut self, now: Instant) -> Option<TreeSample> {
        let mut gone = Vec::new();
        for mut member in std::mem::take(&mut self.members) {
            if member.look() { self.members.push(member) } else { gone.push(member) }
        }
        self.settle(&gone);
        if self.refreshed.is_none_or(|at| now.saturating_duration_since(at) >= self.refresh_every) {
            let started = Instant::now();
            self.refresh();
            self.refreshed = Some(now);
            self.refresh_every =
                (started.elapsed() * REFRESH_SHARE).clamp(REFRESH_EVERY, REFRESH_AT_LEAST_EVERY);
        }
        self.last = self.sum().not_below(&self.last);
        (self.last.processes > 0).then_some(self.last)
    }

    /// Asks the kernel for the peak of the first few members: just before a kill, after which nobody can be asked.
    pub(crate) fn note_peaks(&mut self) {
        self.members.iter_mut().take(PEAKS_BEFORE_A_KILL).for_each(Member::look_at_peak);
        self.last = self.sum().not_below(&self.last);
    }

    /// The last sample. After the tree has ended its totals include what zombies still told, and `processes` is 0.
    pub(crate) fn last(&self) -> TreeSample {
        self.last
    }

    /// The numbers of the members that were alive at the last sample; parents mostly before children.
    pub(crate) fn members(&self) -> Vec<u32> {
        self.members.iter().filter(|member| member.is_alive()).map(Member::pid).collect()
    }

    /// Books what vanished members used, unless a living ancestor has it in its own figures.
    fn settle(&mut self, gone: &[Member]) {
        for member in gone {
            self.exited.switches += member.switches();
            if !self.is_inherited(member, gone) {
                self.exited.cpu_ticks += member.cpu_ticks();
                self.exited.read_bytes += member.storage().0;
                self.exited.written_bytes += member.storage().1;
            }
        }
    }

    fn is_inherited(&self, member: &Member, gone: &[Member]) -> bool {
        let mut heir = member.parent();
        // The chain of those that went in the same round is at most as long as there are of them.
        for _step in 0..=gone.len() {
            if let Some(living) = self.members.iter().find(|other| other.pid() == heir) {
                return living.waits_for_children();
            }
            match gone.iter().find(|other| other.pid() == heir) {
                Some(also_gone) => heir = also_gone.parent(),
                None => return false,
            }
        }
        false
    }

    fn refresh(&mut self) {
        let parents = if self.has_children_file { Vec::new() } else { parents_of_all() };
        let mut next = 0;
        // Grows while it is walked, so grandchildren are found in the same round.
        while let Some(member) = self.members.get_mut(next) {
            next += 1;
            let mut children = member.look_closely();
            let pid = member.pid();
            children.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
            children.into_iter().for_each(|child| self.adopt(child));
        }
    }

    fn sum(&self) -> TreeSample {
        let mut sum = TreeSample {
            read_bytes: self.exited.read_bytes,
            written_bytes: self.exited.written_bytes,
            context_switches: self.exited.switches,
            ..TreeSample::default()
        };
        let mut cpu_ticks = self.exited.cpu_ticks;
        for member in &self.members {
            cpu_ticks += member.cpu_ticks();
            sum.read_bytes += member.storage().0;
            sum.written_bytes += member.storage().1;
            sum.context_switches += member.switches();
            sum.highest_rss_bytes = sum.highest_rss_bytes.max(member.highest_rss_bytes());
            if member.is_alive() {
                sum.processes += 1;
                sum.rss_bytes += member.rss_bytes();
                sum.threads += member.threads();
                sum.descriptors += member.descriptors();
            }
        }
        sum.cpu = Duration::from_secs_f64(cpu_ticks as f64 / rustix::param::clock_ticks_per_second() as f64);
        sum
    }
}

/// `(pid, parent)` of all processes: what a kernel without `CONFIG_PROC_CHILDREN` leaves to do.
fn parents_of_all() -> Vec<(u32, u32)> {
    all_processes().filter_map(|pid| Some((pid, stat_of(pid)?.parent))).collect()
}

/// The processes of this user whose environment, as they were started with it, holds exactly `variable=value`; not
/// the caller and no zombies. Finds orphans that left tree, session and group. Costs some 10 us a process.
pub(crate) fn find_marked(variable: &str, value: &str) -> Vec<u32> {
    let mark = format!("{variable}={value}");
    let user = rustix::process::geteuid().as_raw();
    all_processes()
        .filter(|&pid| pid != std::process::id())
        .filter(|pid| fs::metadata(format!("/proc/{pid}")).is_ok_and(|folder| folder.uid() == user))
        .filter(|pid| fs::read(format!("/proc/{pid}/environ")).is_ok_and(|text| has_entry(&text, &mark)))
        .filter(|&pid| is_alive(pid))
        .collect()
}

fn has_entry(environment: &[u8], entry: &str) -> bool {
    environment.split(|&byte| byte == 0).any(|held| held == entry.as_bytes())
}

/// Whether the process exists and is no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    stat_of(pid).is_some_and(|stat| !stat.is_dead())
}

/// The most resident memory this process ever had, in bytes.
pub(crate) fn peak_memory_of_self() -> Option<u64> {
    procfs::labelled(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM")
}

fn stat_of(pid: u32) -> Option<Stat> {
    procfs::parse_stat(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

fn all_processes() -> impl Iterator<Item = u32> {
    numbers_in("/proc")
}

fn numbers_in(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests;
