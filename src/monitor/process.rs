use std::{
    fs,
    os::unix::fs::MetadataExt,
    time::{Duration, Instant},
};

use super::{
    own::own_thread_time,
    procfs::{self, Stat},
    sample::TreeSample,
};

mod member;
mod newest;
mod pace;

use member::{KeptOpen, Member};
use newest::Newest;
use pace::Pace;

/// CPU time and threads: 4 us a process, three times what its memory costs. A few processes are asked at every third
/// tick, 20 every 100 ms or so, 200 every 500 ms.
const COUNTING: Pace = Pace::new(Duration::from_millis(50), Duration::from_millis(500), 1000);

/// New processes, 8 us a member and more for threads, if any process of the machine has begun since. Nobody sees their
/// memory before they are found.
const FINDING: Pace = Pace::new(Duration::from_millis(100), FOUND_WITHIN, 500);

/// New processes are looked for at least so often, whatever the kernel says of the newest.
const FOUND_WITHIN: Duration = Duration::from_secs(2);

/// The dear figures (descriptors, storage, switches, peaks): some 30 us a process and 6 us a thread more.
const EXAMINING: Pace = Pace::new(Duration::from_millis(200), Duration::from_secs(2), 1000);

/// 10 us each: a kill must not wait for a crowd.
const PEAKS_BEFORE_A_KILL: usize = 16;

/// Of so many members both files are kept open, of more only the one that is read at each tick, and of the rest none:
/// 256 descriptors stay far below the usual limit of 1 024.
const BOTH_KEPT_OPEN: usize = 64;
const ONE_KEPT_OPEN: usize = 192;

/// The memory of so many is read at each tick: 1.5 us each, 0.06 % of a core at 20 ms.
///
/// Of a larger tree, calm members (small, and not growing at their last readings) are read at every second tick, half of
/// them at each. Whoever begins to grow is so seen within two ticks, with all that it grew: at 2 GB/s at most 80 MB at
/// 20 ms and 20 MB at 5 ms, which no other member hides any of. From then on it is read at each tick. What it grew in
/// the tick that was left out counts for the next one, so that the rate over two ticks is told up to half too high once,
/// which errs on the side of the kill, and not too low.
const ALL_READ_AT_EACH_TICK: usize = 8;

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
    /// As of the last counting: of all members at once, so that it belongs to one moment.
    counted: Counted,
    counting: Pace,
    finding: Pace,
    newest: Newest,
    examining: Pace,
    ticks: usize,
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

/// CPU time, and when it was that much.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    at: Option<Instant>,
    cpu: Duration,
}

impl Tree {
    /// Watches `root` and what descends from it. A root that is already gone makes an empty tree.
    pub(crate) fn new(root: u32) -> Self {
        let mut tree = Self {
            members: Vec::new(),
            exited: Exited::default(),
            last: TreeSample::default(),
            counted: Counted::default(),
            counting: COUNTING,
            finding: FINDING,
            newest: Newest::default(),
            examining: EXAMINING,
            ticks: 0,
            has_children_file: fs::exists("/proc/thread-self/children").unwrap_or(false),
        };
        tree.adopt(root);
        tree
    }

    /// Counts this process in, and its descendants: for orphans that left the tree ([`find_marked`]).
    pub(crate) fn adopt(&mut self, pid: u32) {
        if self.members.iter().any(|member| member.pid() == pid) {
            return;
        }
        let kept = match self.members.len() {
            ..BOTH_KEPT_OPEN => KeptOpen::Both,
            BOTH_KEPT_OPEN..ONE_KEPT_OPEN => KeptOpen::Memory,
            ONE_KEPT_OPEN.. => KeptOpen::None,
        };
        self.members.extend(Member::open(pid, kept));
    }

    /// Looks at the members. `None` when none is alive; [`Tree::last`] then has the final totals.
    ///
    /// Costs 1.5 us a process, for the many half of it, and now and then of `now` what [`COUNTING`], [`FINDING`] and
    /// [`EXAMINING`] say.
    pub(crate) fn sample(&mut self, now: Instant) -> Option<TreeSample> {
        let is_counting = self.counting.is_due(now);
        let began = is_counting.then(own_thread_time).flatten();
        let gone = self.look(is_counting);
        self.settle(&gone);
        if is_counting {
            self.counting.took(now, began);
        }
        if self.finding.is_due(now) {
            let began = own_thread_time();
            match self.newest.is_worth_a_search(now) {
                true => {
                    self.find();
                    self.finding.took(now, began);
                }
                false => self.finding.was_spared(now),
            }
        }
        if self.examining.is_due(now) {
            let began = own_thread_time();
            self.members.iter_mut().for_each(Member::examine);
            self.examining.took(now, began);
        }
        // Who has died was counted for the last time.
        if is_counting || !self.members.iter().any(Member::is_alive) {
            self.counted = Counted { at: Some(now), cpu: self.cpu() };
        }
        self.last = self.sum().not_below(&self.last);
        (self.last.processes > 0).then_some(self.last)
    }

    /// Has all members read and counted by the next sample: when it matters who is alive, or what the total is.
    pub(crate) fn count_next(&mut self) {
        self.counting = COUNTING;
    }

    /// Looks at those whose turn it is, and takes out who is gone.
    fn look(&mut self, is_counting: bool) -> Vec<Member> {
        self.ticks = self.ticks.wrapping_add(1);
        let is_large = self.members.len() > ALL_READ_AT_EACH_TICK;
        let mut gone = Vec::new();
        for (place, mut member) in std::mem::take(&mut self.members).into_iter().enumerate() {
            let may_wait =
                is_large && member.is_calm() && !member.was_skipped() && (place + self.ticks) % 2 == 1;
            let is_there = match (is_counting, may_wait) {
                (true, _) => member.look(),
                (false, true) => member.skip(),
                (false, false) => member.glance(),
            };
            if is_there { self.members.push(member) } else { gone.push(member) }
        }
        gone
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

    fn find(&mut self) {
        let parents = if self.has_children_file { Vec::new() } else { parents_of_all() };
        let known = self.members.len();
        let mut next = 0;
        // Grows while it is walked, so grandchildren are found in the same round.
        while let Some(member) = self.members.get_mut(next) {
            if next >= known {
                member.examine();
            }
            next += 1;
            let mut children = member.children();
            let pid = member.pid();
            children.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
            children.into_iter().for_each(|child| self.adopt(child));
        }
    }

    fn cpu(&self) -> Duration {
        let ticks = self.exited.cpu_ticks + self.members.iter().map(Member::cpu_ticks).sum::<u64>();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    fn sum(&self) -> TreeSample {
        let mut sum = TreeSample {
            cpu: self.counted.cpu,
            cpu_at: self.counted.at,
            read_bytes: self.exited.read_bytes,
            written_bytes: self.exited.written_bytes,
            context_switches: self.exited.switches,
            ..TreeSample::default()
        };
        for member in &self.members {
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
