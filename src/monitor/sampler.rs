use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Machine, MachineSample, ResourceRecorder, Resources, Space, Tree, TreeSample, cores_available,
    own::own_thread_time, shared::SharedMeter, supply::space_of,
};

#[cfg(target_os = "linux")]
use super::netdev::link_bytes_per_sec;

/// Between two looks at the machine.
const MACHINE_TICK: Duration = Duration::from_millis(500);

/// The same when it runs low on something.
const MACHINE_NEAR_TICK: Duration = Duration::from_millis(100);

/// Looks at a case's processes at each tick and at the machine now and then, and keeps the record.
#[derive(Debug)]
pub(crate) struct Sampler {
    tree: Tree,
    machine: Machine,
    recorder: ResourceRecorder,
    folders: Vec<(&'static str, PathBuf)>,
    next_machine: Instant,
    machine_tick: Duration,
    seen: Option<MachineSample>,
    disks: Vec<Space>,
    shared: SharedMeter,
    cost: Cost,
}

/// What looking costs: CPU time of the thread that looks.
#[derive(Debug, Default)]
struct Cost(Option<Duration>);

impl Cost {
    fn add_since(&mut self, began: Option<Duration>) {
        if let Some((began, now)) = began.zip(own_thread_time()) {
            *self.0.get_or_insert_default() += now.saturating_sub(began);
        }
    }
}

impl Sampler {
    /// Watches `root` and what descends from it from `origin` on, and the disks that hold these folders.
    pub(crate) fn new(root: u32, origin: Instant, folders: &[(&'static str, &Path)]) -> Self {
        Self {
            tree: Tree::new(root),
            machine: Machine::around(root),
            recorder: ResourceRecorder::new(origin, cores_available()),
            folders: folders.iter().map(|(name, folder)| (*name, folder.to_path_buf())).collect(),
            next_machine: origin,
            machine_tick: MACHINE_TICK,
            seen: None,
            disks: Vec::new(),
            shared: SharedMeter::default(),
            cost: Cost::default(),
        }
    }

    /// Takes a sample; `None` when no process of the tree is alive. `now` must not go backwards.
    pub(crate) fn look(&mut self, now: Instant) -> Option<TreeSample> {
        let began = own_thread_time();
        let sample = self.sample(now);
        self.cost.add_since(began);
        sample
    }

    fn sample(&mut self, now: Instant) -> Option<TreeSample> {
        let is_due = now >= self.next_machine;
        if is_due {
            self.next_machine = now + self.machine_tick;
            self.look_at_machine();
        }
        let sample = self.tree.sample(now)?;
        self.recorder.push(now, &sample, self.seen.as_ref().filter(|_| is_due));
        Some(sample)
    }

    fn look_at_machine(&mut self) {
        self.seen = Some(self.machine.sample());
        self.disks = self.folders.iter().filter_map(|(name, folder)| space_of(name, folder)).collect();
    }

    /// Notes what the processes hold at a border, once the slow reading of it is there.
    pub(crate) fn note_border(&mut self, now: Instant, at_s: f64, border: String) {
        self.shared.ask(now, at_s, border, self.tree.members());
    }

    /// Whether the machine is looked at more often than usual.
    pub(crate) fn watch_machine_closely(&mut self, is_near: bool) {
        self.machine_tick = if is_near { MACHINE_NEAR_TICK } else { MACHINE_TICK };
    }

    /// The memory that the machine has to spare, as of the last look at it.
    pub(crate) fn free_memory_bytes(&self) -> Option<u64> {
        let seen = self.seen.as_ref().filter(|seen| seen.memory_total_bytes > 0)?;
        Some(seen.memory_available_bytes)
    }

    /// The disks, as of the last look at the machine.
    pub(crate) fn disks(&self) -> &[Space] {
        &self.disks
    }

    pub(crate) fn tree(&mut self) -> &mut Tree {
        &mut self.tree
    }

    /// The last sample of the tree.
    pub(crate) fn last(&self) -> TreeSample {
        self.tree.last()
    }

    pub(crate) fn recorder(&self) -> &ResourceRecorder {
        &self.recorder
    }

    /// Takes the last totals, and says all that was recorded.
    pub(crate) fn finish(&mut self, now: Instant) -> Resources {
        self.look_at_machine();
        self.recorder.push(now, &self.tree.last(), self.seen.as_ref());
        self.shared.collect();
        let mut recorded = self.recorder.finish();
        for interface in recorded.machine.interfaces.iter_mut().flatten() {
            interface.link_bytes_per_sec = link_bytes_per_sec(&interface.name);
        }
        Resources {
            descriptor_limit: descriptor_limit(),
            shared_memory: self.shared.taken().to_vec(),
            sampling_cpu_seconds: self.cost.0.map(|cost| cost.as_secs_f64()),
            ..recorded
        }
    }
}

/// Of this process; a case inherits it.
#[cfg(unix)]
fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(target_os = "linux"))]
const fn link_bytes_per_sec(_interface: &str) -> Option<u64> {
    None
}

#[cfg(not(unix))]
const fn descriptor_limit() -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_looked_at_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let origin = Instant::now();
        let at = |ms| origin + Duration::from_millis(ms);
        let mut sampler = Sampler::new(std::process::id(), origin, &[("here", folder.path())]);
        assert_eq!((sampler.free_memory_bytes(), sampler.disks()), (None, [].as_slice()));
        assert!(sampler.look(at(0)).is_some_and(|sample| sample.rss_bytes > 0));
        assert!(sampler.free_memory_bytes().is_some_and(|free| free > 0));
        assert_eq!(sampler.disks()[0].name, "here");
        sampler.seen = None;
        sampler.look(at(480));
        assert!(sampler.seen.is_none(), "it is not due yet");
        sampler.watch_machine_closely(true);
        sampler.look(at(500));
        assert!(sampler.seen.take().is_some());
        sampler.look(at(599));
        assert!(sampler.seen.is_none(), "it is not due yet");
        sampler.look(at(600));
        assert!(sampler.seen.is_some());
        sampler.note_border(at(650), 0.65, "begin".to_owned());
        let began = Instant::now();
        while sampler.shared.taken().is_empty() && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
            sampler.shared.collect();
        }
        let resources = sampler.finish(at(700));
        assert!(resources.shared_memory[0].pss_bytes > 100_000, "{:?}", resources.shared_memory);
        assert!(resources.sampling_cpu_seconds.is_some_and(|cost| cost > 0.0));
        assert!(resources.machine.load_at_start.is_some() && resources.context_switches > 0);
        assert_eq!(resources.samples, 6);
        assert!(resources.machine_memory_available_min_bytes.is_some());
    }
}
