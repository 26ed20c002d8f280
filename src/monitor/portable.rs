use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use sysinfo::{
    CpuRefreshKind, MemoryRefreshKind, Networks, Pid, Process, ProcessRefreshKind, ProcessStatus,
    ProcessesToUpdate, System,
};

use super::{
    network::{Crossed, Interfaces},
    sample::{MachineSample, TreeSample},
};

/// How old the list of members may be: a look at all processes costs milliseconds.
const REFRESH_EVERY: Duration = Duration::from_millis(200);

/// A process, its descendants, and whoever was adopted; watched through `sysinfo`. Children that live for less than
/// 200 ms may go unseen.
#[derive(Debug)]
pub(crate) struct Tree {
    system: System,
    members: BTreeMap<Pid, Member>,
    exited: Used,
    last: TreeSample,
    refreshed: Option<Instant>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Member {
    started_s: u64,
    used: Used,
}

/// Running totals of a process.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    cpu: Duration,
    read_bytes: u64,
    written_bytes: u64,
}

impl Used {
    fn of(process: &Process) -> Self {
        let disk = process.disk_usage();
        Self {
            cpu: Duration::from_millis(process.accumulated_cpu_time()),
            read_bytes: disk.total_read_bytes,
            written_bytes: disk.total_written_bytes,
        }
    }

    fn add(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.read_bytes += other.read_bytes;
        self.written_bytes += other.written_bytes;
    }
}

impl Tree {
    /// Watches `root` and what descends from it. A root that is already gone makes an empty tree.
    pub(crate) fn new(root: u32) -> Self {
        let mut tree = Self {
            system: System::new(),
            members: BTreeMap::new(),
            exited: Used::default(),
            last: TreeSample::default(),
            refreshed: None,
        };
        tree.adopt(root);
        tree
    }

    /// Counts this process in, and its descendants.
    pub(crate) fn adopt(&mut self, pid: u32) {
        let pid = Pid::from_u32(pid);
        refresh(&mut self.system, ProcessesToUpdate::Some(&[pid]));
        if let Some(process) = self.system.process(pid).filter(|process| !is_dead(process)) {
            let member = Member { started_s: process.start_time(), used: Used::of(process) };
            self.members.entry(pid).or_insert(member);
        }
    }

    /// Looks at every member. `None` when none is alive; [`Tree::last`] then has the final totals.
    pub(crate) fn sample(&mut self, now: Instant) -> Option<TreeSample> {
        if self.refreshed.is_none_or(|at| now.saturating_duration_since(at) >= REFRESH_EVERY) {
            self.refreshed = Some(now);
            refresh(&mut self.system, ProcessesToUpdate::All);
            self.find_descendants();
        } else {
            let pids: Vec<Pid> = self.members.keys().copied().collect();
            refresh(&mut self.system, ProcessesToUpdate::Some(&pids));
        }
        self.last = self.sum().not_below(&self.last);
        (self.last.processes > 0).then_some(self.last)
    }

    /// Nothing: each sample reads and counts all members.
    pub(crate) fn count_next(&mut self) {}

    /// Nothing: there is no portable way to ask for the peak of a process.
    pub(crate) fn note_peaks(&mut self) {}

    /// The last sample; after the tree has ended `processes` is 0.
    pub(crate) fn last(&self) -> TreeSample {
        self.last
    }

    /// The numbers of the members that were alive at the last sample.
    pub(crate) fn members(&self) -> Vec<u32> {
        self.members.keys().map(|pid| pid.as_u32()).collect()
    }

    fn find_descendants(&mut self) {
        loop {
            let is_new = |pid: &Pid, process: &Process| {
                let is_child = process.parent().is_some_and(|parent| self.members.contains_key(&parent));
                is_child && !is_dead(process) && !self.members.contains_key(pid)
            };
            let children = self.system.processes().iter().filter(|(pid, process)| is_new(pid, process));
            // Only on Linux are threads listed too, as children of their process.
            let children = children.filter(|(_, process)| process.thread_kind().is_none());
            let found: Vec<(Pid, u64)> = children.map(|(pid, child)| (*pid, child.start_time())).collect();
            if found.is_empty() {
                return;
            }
            let member = |started_s| Member { started_s, used: Used::default() };
            self.members.extend(found.into_iter().map(|(pid, started_s)| (pid, member(started_s))));
        }
    }

    fn sum(&mut self) -> TreeSample {
        let mut sum = TreeSample::default();
        let mut used = Used::default();
        self.members.retain(|pid, member| {
            let process =
                self.system.process(*pid).filter(|process| process.start_time() == member.started_s);
            if let Some(process) = process {
                member.used = Used::of(process);
            }
            let Some(process) = process.filter(|process| !is_dead(process)) else {
                self.exited.add(member.used);
                return false;
            };
            used.add(member.used);
            sum.processes += 1;
            sum.rss_bytes += process.memory();
            sum.threads += process.tasks().map_or(0, |tasks| u32::try_from(tasks.len()).unwrap_or(u32::MAX));
            sum.descriptors +=
                process.open_files().map_or(0, |files| u32::try_from(files).unwrap_or(u32::MAX));
            true
        });
        used.add(self.exited);
        TreeSample { cpu: used.cpu, read_bytes: used.read_bytes, written_bytes: used.written_bytes, ..sum }
    }
}

fn refresh(system: &mut System, processes: ProcessesToUpdate<'_>) {
    let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().with_disk_usage();
    system.refresh_processes_specifics(processes, true, kind);
}

fn is_dead(process: &Process) -> bool {
    matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead)
}

/// Nothing: other processes' environments are not to be read here.
pub(crate) fn find_marked(_variable: &str, _value: &str) -> Vec<u32> {
    Vec::new()
}

/// Whether the process exists and is no zombie.
#[cfg(test)]
fn is_alive(pid: u32) -> bool {
    let pid = Pid::from_u32(pid);
    let mut system = System::new();
    refresh(&mut system, ProcessesToUpdate::Some(&[pid]));
    system.process(pid).is_some_and(|process| !is_dead(process))
}

/// `None`: there is no portable way to ask for the peak.
pub(crate) fn peak_memory_of_self() -> Option<u64> {
    None
}

/// The machine, watched through `sysinfo`.
#[derive(Debug)]
pub(crate) struct Machine {
    system: System,
    networks: Networks,
    cpu_share: Option<f64>,
    cpu_since: Instant,
}

impl Machine {
    /// Takes the first reading of the counters.
    pub(crate) fn new() -> Self {
        let mut system = System::new();
        system.refresh_cpu_list(CpuRefreshKind::nothing().with_cpu_usage());
        let networks = Networks::new_with_refreshed_list();
        Self { system, networks, cpu_share: None, cpu_since: Instant::now() }
    }

    /// The same: control groups and network namespaces are Linux's.
    pub(crate) fn around(_pid: u32) -> Self {
        Self::new()
    }

    /// Looks at the machine. Figures that cannot be read are 0 or `None`.
    pub(crate) fn sample(&mut self) -> MachineSample {
        self.system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        self.networks.refresh(true);
        let mut sample = MachineSample {
            cpu_share: self.cpu_share(),
            memory_available_bytes: self.system.available_memory(),
            memory_total_bytes: self.system.total_memory(),
            load_1m: System::load_average().one,
            ..MachineSample::default()
        };
        let interfaces = self.networks.list().iter().map(|(name, network)| {
            let crossed = Crossed { received: network.total_received(), sent: network.total_transmitted() };
            (name.clone(), crossed)
        });
        sample.interfaces = Interfaces(interfaces.collect());
        sample
    }

    fn cpu_share(&mut self) -> Option<f64> {
        if self.cpu_since.elapsed() >= sysinfo::MINIMUM_CPU_UPDATE_INTERVAL.max(REFRESH_EVERY) {
            self.system.refresh_cpu_usage();
            self.cpu_since = Instant::now();
            self.cpu_share = Some((f64::from(self.system.global_cpu_usage()) / 100.0).clamp(0.0, 1.0));
        }
        self.cpu_share
    }
}

/// Not told here.
pub(crate) fn oom_kills() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// This test binary, told to do nothing for a while: not every platform has a `sleep`.
    fn waiting_child() -> Child {
        let (_crate, module) = module_path!().split_once("::").unwrap();
        let name = format!("{module}::a_child_is_a_member_and_stays_counted");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &name]).env("PROOFLOAD_TEST_WAIT", "1").stdout(Stdio::null());
        command.spawn().unwrap()
    }

    fn end(mut child: Child) {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn the_kernels_kills_are_not_told() {
        assert_eq!(oom_kills(), None);
    }

    #[test]
    fn a_child_is_a_member_and_stays_counted() {
        if std::env::var_os("PROOFLOAD_TEST_WAIT").is_some() {
            std::thread::sleep(Duration::from_secs(60));
            return;
        }
        let child = waiting_child();
        let pid = child.id();
        let mut tree = Tree::new(pid);
        let alive = tree.sample(Instant::now());
        let (was_alive, members) = (is_alive(pid), tree.members());
        end(child);
        assert!(alive.is_some_and(|sample| sample.processes == 1 && sample.rss_bytes > 0), "{alive:?}");
        assert_eq!((was_alive, members), (true, vec![pid]));
        assert_eq!(tree.sample(Instant::now()), None);
        assert!(!is_alive(pid));
        tree.note_peaks();
        tree.count_next();
        assert_eq!(tree.last().processes, 0);
        assert!(tree.last().cpu >= alive.unwrap().cpu);
    }

    #[test]
    fn descendants_are_found_from_above() {
        let child = waiting_child();
        let pid = child.id();
        let mut tree = Tree::new(std::process::id());
        let sample = tree.sample(Instant::now());
        let members = tree.members();
        end(child);
        assert!(members.contains(&pid) && members.contains(&std::process::id()), "{members:?}");
        assert!(sample.unwrap().rss_bytes > 100_000);
    }

    #[test]
    fn this_machine() {
        let mut machine = Machine::around(std::process::id());
        std::thread::sleep(2 * REFRESH_EVERY);
        let sample = machine.sample();
        assert!((0.0..=1.0).contains(&sample.cpu_share.unwrap()), "{sample:?}");
        assert!(sample.memory_total_bytes > sample.memory_available_bytes, "{sample:?}");
        assert_eq!((find_marked("PATH", "x"), peak_memory_of_self()), (vec![], None));
    }
}
