use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    judge::{CeilingCrossing, ExhaustedResource, ResourcePeaks},
    monitor::{Tree, TreeSample, cores_available},
    stop::{StopReason, StopToken},
};

/// As often as a supervisor looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a load must not cross; at least one is stated.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ceilings {
    pub(super) memory_bytes: Option<u64>,
    /// Of the cores available.
    pub(super) cpu_share: Option<f64>,
    pub(super) descriptors: Option<u64>,
}

/// What was seen while a load rose: on one node, or on all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) peaks: ResourcePeaks,
    pub(super) crossing: Option<CeilingCrossing>,
    /// A resource with a ceiling that could not be measured.
    pub(super) blind_to: Option<ExhaustedResource>,
}

/// Makes crossings and peaks of samples. Pure: it is told what was seen and when.
#[derive(Debug)]
pub(super) struct Gauge {
    ceilings: Ceilings,
    cores: f64,
    window: Duration,
    /// CPU time and when it was that much, one entry older than the window at most.
    cpu: VecDeque<(Instant, Duration)>,
    pub(super) peaks: ResourcePeaks,
    pub(super) crossing: Option<CeilingCrossing>,
}

impl Gauge {
    pub(super) fn new(ceilings: Ceilings, window: Duration, cores: f64) -> Self {
        Self {
            ceilings,
            cores,
            window,
            cpu: VecDeque::new(),
            peaks: ResourcePeaks::default(),
            crossing: None,
        }
    }

    /// Notes a sample; `true` when a ceiling was crossed for the first time.
    pub(super) fn look(&mut self, now: Instant, sample: &TreeSample) -> bool {
        let share = self.cpu_share(sample.cpu_at.unwrap_or(now), sample.cpu);
        let (memory, descriptors) = (sample.rss_bytes, u64::from(sample.descriptors));
        let peaks = &mut self.peaks;
        peaks.memory_bytes = peaks.memory_bytes.max(memory);
        peaks.descriptors = peaks.descriptors.max(descriptors);
        peaks.cpu_share = peaks.cpu_share.into_iter().chain(share).reduce(f64::max);
        if self.crossing.is_some() {
            return false;
        }
        let crossed = |resource, seen: Option<f64>, ceiling: Option<f64>| match (seen, ceiling) {
            (Some(seen), Some(ceiling)) if seen > ceiling => {
                Some(CeilingCrossing { resource, ceiling, seen, node: None })
            }
            (_, _) => None,
        };
        let Ceilings { memory_bytes, cpu_share, descriptors: most } = self.ceilings;
        let bytes = |n: u64| n as f64;
        self.crossing = crossed(ExhaustedResource::Memory, Some(bytes(memory)), memory_bytes.map(bytes))
            .or_else(|| crossed(ExhaustedResource::Descriptors, Some(bytes(descriptors)), most.map(bytes)))
            .or_else(|| crossed(ExhaustedResource::Cpu, share, cpu_share));
        self.crossing.is_some()
    }

    /// The share of the cores over the window that ends at `at`; `None` before one has passed.
    fn cpu_share(&mut self, at: Instant, cpu: Duration) -> Option<f64> {
        if self.cpu.back().is_none_or(|(last, _)| *last < at) {
            self.cpu.push_back((at, cpu));
        }
        let is_old = |entry: Option<&(Instant, Duration)>| {
            entry.is_some_and(|(since, _)| at.saturating_duration_since(*since) >= self.window)
        };
        while is_old(self.cpu.get(1)) {
            self.cpu.pop_front();
        }
        let (since, before) = *self.cpu.front().filter(|first| is_old(Some(first)))?;
        let span = at.saturating_duration_since(since).as_secs_f64();
        Some(cpu.saturating_sub(before).as_secs_f64() / span / self.cores)
    }

    /// Ceilings on what this platform does not tell.
    fn blind_to(&self) -> Option<ExhaustedResource> {
        let is_blind = |ceiling: Option<u64>, peak: u64| ceiling.is_some() && peak == 0;
        if is_blind(self.ceilings.memory_bytes, self.peaks.memory_bytes) {
            return Some(ExhaustedResource::Memory);
        }
        if is_blind(self.ceilings.descriptors, self.peaks.descriptors) {
            return Some(ExhaustedResource::Descriptors);
        }
        (self.ceilings.cpu_share.is_some() && self.peaks.cpu_share.is_none())
            .then_some(ExhaustedResource::Cpu)
    }
}

impl Seen {
    pub(super) fn of(gauge: &Gauge) -> Self {
        Self { peaks: gauge.peaks, crossing: gauge.crossing, blind_to: gauge.blind_to() }
    }

    /// What all nodes saw: each has the same ceilings. Of several crossings it is that of the lowest number.
    pub(super) fn of_all(nodes: BTreeMap<u32, Self>) -> Self {
        let is_one = nodes.len() == 1;
        let mut whole = Self::default();
        for (node, seen) in nodes {
            let (most, there) = (&mut whole.peaks, seen.peaks);
            most.memory_bytes = most.memory_bytes.max(there.memory_bytes);
            most.descriptors = most.descriptors.max(there.descriptors);
            most.cpu_share = most.cpu_share.into_iter().chain(there.cpu_share).reduce(f64::max);
            let crossing =
                seen.crossing.map(|crossing| CeilingCrossing { node: (!is_one).then_some(node), ..crossing });
            whole.crossing = whole.crossing.or(crossing);
            whole.blind_to = whole.blind_to.or(seen.blind_to);
        }
        whole
    }
}

/// Looks at this process and its children on a thread of its own, since the runtime's workers may all be busy, and stops
/// a load that crosses a ceiling.
pub(super) struct Watch {
    gauge: Arc<Mutex<Gauge>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(ceilings: Ceilings, window: Duration, stop: StopToken) -> io::Result<Self> {
        let gauge = Arc::new(Mutex::new(Gauge::new(ceilings, window, cores_available())));
        let is_over = Arc::new(AtomicBool::new(false));
        let (seen, over) = (Arc::clone(&gauge), Arc::clone(&is_over));
        let watch = move || {
            let mut tree = Tree::new(std::process::id());
            while !over.load(Ordering::Acquire) {
                let now = Instant::now();
                let sample = tree.sample(now);
                let mut gauge = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if sample.is_some_and(|sample| gauge.look(now, &sample)) {
                    stop.stop(StopReason::Ceiling);
                }
                drop(gauge);
                std::thread::park_timeout(LOOK_EVERY);
            }
        };
        let thread = Builder::new().name("proofload-ceiling".to_owned()).spawn(watch)?;
        Ok(Self { gauge, is_over, thread: Some(thread) })
    }

    /// Ends it, and says what it saw.
    pub(super) fn end(mut self) -> Gauge {
        self.join();
        let mut gauge = self.gauge.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *gauge, Gauge::new(Ceilings::default(), Duration::ZERO, 1.0))
    }

    fn join(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread was printed when it happened.
            let _ended = thread.join();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.join();
    }
}

/// Resident memory of this process and its children now; 0 where it is not told.
pub(super) fn memory_now() -> u64 {
    Tree::new(std::process::id()).sample(Instant::now()).map_or(0, |sample| sample.rss_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(500);

    fn sample(rss_bytes: u64, cpu_ms: u64, descriptors: u32) -> TreeSample {
        TreeSample { rss_bytes, cpu: Duration::from_millis(cpu_ms), descriptors, ..TreeSample::default() }
    }

    /// Samples every 100 ms, and the number of the one at which a ceiling was crossed.
    fn watched(ceilings: Ceilings, samples: impl IntoIterator<Item = TreeSample>) -> (Option<usize>, Gauge) {
        let start = Instant::now();
        let mut gauge = Gauge::new(ceilings, WINDOW, 2.0);
        let mut crossed = None;
        for (n, sample) in samples.into_iter().enumerate() {
            if gauge.look(start + n as u32 * Duration::from_millis(100), &sample) {
                assert_eq!(crossed.replace(n), None, "crossed twice");
            }
        }
        (crossed, gauge)
    }

    #[test]
    fn memory_and_descriptors_count_at_once() {
        let ceilings = Ceilings { memory_bytes: Some(300), descriptors: Some(50), ..Ceilings::default() };
        let (crossed, gauge) = watched(ceilings, (0..9).map(|n| sample(100 * n, 0, 10)));
        assert_eq!(crossed, Some(4));
        let resource = ExhaustedResource::Memory;
        let crossing = CeilingCrossing { resource, ceiling: 300.0, seen: 400.0, node: None };
        assert_eq!((gauge.crossing, gauge.peaks.memory_bytes), (Some(crossing), 800));
        let (crossed, gauge) = watched(ceilings, (0..9).map(|n| sample(100, 0, 45 + n)));
        assert_eq!(crossed, Some(6));
        assert_eq!(gauge.crossing.map(|crossing| crossing.resource), Some(ExhaustedResource::Descriptors));
    }

    #[test]
    fn a_ceiling_crossed_on_any_node_is_crossed() {
        let ceilings = Ceilings { memory_bytes: Some(300), ..Ceilings::default() };
        let on = |bytes: u64| Seen::of(&watched(ceilings, [sample(bytes, 0, 1)]).1);
        let alone = Seen::of_all(BTreeMap::from([(0, on(400))]));
        assert_eq!(alone.crossing.map(|crossing| crossing.node), Some(None));
        let all = Seen::of_all(BTreeMap::from([(0, on(100)), (1, on(350)), (2, on(400))]));
        let crossing = all.crossing.expect("one crossed it");
        assert_eq!((crossing.node, crossing.seen), (Some(1), 350.0));
        assert_eq!(all.peaks.memory_bytes, 400);
        assert_eq!(Seen::of_all(BTreeMap::from([(0, on(100)), (1, on(200))])).crossing, None);
    }

    #[test]
    fn cpu_counts_over_its_window_and_not_over_a_burst() {
        let ceilings = Ceilings { cpu_share: Some(0.5), ..Ceilings::default() };
        // Two cores for 200 ms, then nothing: 40 % of a window of 500 ms.
        let burst = [0, 200, 400, 400, 400, 400, 400, 400];
        let (crossed, gauge) = watched(ceilings, burst.map(|cpu| sample(1, cpu, 1)));
        assert_eq!(crossed, None);
        assert!(gauge.peaks.cpu_share.is_some_and(|share| (share - 0.4).abs() < 1e-9), "{gauge:?}");
        // 120 ms in each 100 ms: 60 % of two cores, known after the first window.
        let (crossed, gauge) = watched(ceilings, (0..9).map(|n| sample(1, 120 * n, 1)));
        assert_eq!(crossed, Some(5));
        assert!(gauge.crossing.is_some_and(|crossing| (crossing.seen - 0.6).abs() < 1e-9), "{gauge:?}");
    }

    #[test]
    fn the_same_count_of_cpu_time_twice_is_no_idle_window() {
        let start = Instant::now();
        let mut gauge = Gauge::new(Ceilings::default(), WINDOW, 1.0);
        for n in 0..20u32 {
            let at = start + (n / 2) * Duration::from_millis(100);
            let counted = TreeSample { cpu_at: Some(at), ..sample(1, u64::from(n / 2) * 100, 1) };
            gauge.look(start + n * Duration::from_millis(50), &counted);
        }
        assert!(gauge.peaks.cpu_share.is_some_and(|share| (share - 1.0).abs() < 1e-9), "{gauge:?}");
    }

    #[test]
    fn what_the_platform_does_not_tell_is_not_called_low() {
        let ceilings = Ceilings { descriptors: Some(50), ..Ceilings::default() };
        assert_eq!(watched(ceilings, [sample(5, 0, 0)]).1.blind_to(), Some(ExhaustedResource::Descriptors));
        assert_eq!(watched(ceilings, [sample(5, 0, 3)]).1.blind_to(), None);
        let cpu = Ceilings { cpu_share: Some(0.5), ..Ceilings::default() };
        assert_eq!(watched(cpu, [sample(5, 0, 3)]).1.blind_to(), Some(ExhaustedResource::Cpu), "too short");
    }

    #[test]
    fn this_process_is_watched_and_its_load_stopped() {
        let stop = StopToken::new();
        let ceilings = Ceilings { memory_bytes: Some(1), ..Ceilings::default() };
        let watch = Watch::start(ceilings, WINDOW, stop.clone()).unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while !stop.is_stopped() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let gauge = watch.end();
        assert_eq!(stop.reason(), Some(StopReason::Ceiling));
        assert!(gauge.peaks.memory_bytes > 100_000 && memory_now() > 100_000, "{gauge:?}");
    }
}
