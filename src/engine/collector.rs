use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    clock::{Clock, as_ns},
    pacer::{NUDGE_EVERY, Nudge},
    phase::PhaseState,
    tag::Tags,
    workers::Workers,
};
use crate::{
    monitor::OwnProcess,
    observe::{Figures, Model, Observation, ProcessUse, Purpose, Window},
};

/// Between two readings: what a kill can cost, and what reading costs, are both bounded by it.
const TICK: Duration = Duration::from_millis(200);

/// How often a load is read, and what its timeline is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Between two slices.
    pub(crate) tick: Duration,
    /// The length of a window of the timeline.
    pub(crate) window: Duration,
}

impl Default for Reading {
    /// Slices of 200 ms, windows of a second.
    fn default() -> Self {
        Self::in_windows(Duration::from_secs(1))
    }
}

impl Reading {
    /// As often as usual, and as windows of this length need.
    pub(crate) fn in_windows(window: Duration) -> Self {
        Self { tick: TICK.min(window), window }
    }
}

/// Hears what happens in a load while it happens. Called from the collector's thread and from the load's own task,
/// a few times a second.
pub(crate) trait Sink: Send + Sync {
    /// A load begins.
    fn started(&self, started: &Started);
    /// Something happened since the last slice.
    fn slice(&self, slice: &Slice);
    /// Whether [`Sink::tagged`] is wanted, for which the recorders of the tags are read as well.
    fn hears_tags(&self) -> bool {
        false
    }
    /// What has happened to operations of one tag since it was told last.
    fn tagged(&self, _tag: &str, _news: &Figures) {}
    /// A window of the timeline is over: what was told in slices since the one before is in it.
    fn window(&self, _load: &str, _window: &Window) {}
    /// Everything that had happened up to then was told in slices, nothing perhaps.
    fn looked(&self, _look: &Look) {}
    /// A load has ended.
    fn finished(&self, observation: &Observation);
}

/// What is known of a load when it begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Started {
    pub(crate) load: String,
    pub(crate) model: Model,
    #[serde(default)]
    pub(crate) purpose: Purpose,
    pub(crate) plan: String,
    pub(crate) started_s: f64,
    pub(crate) phases: Vec<String>,
    pub(crate) warm_up_phases: usize,
    pub(crate) timeout_s: f64,
    /// How long operations fall due, the warm-up included; `None` where only iterations end the load.
    #[serde(default)]
    pub(crate) length_s: Option<f64>,
}

/// What happened in one phase of a load since the slice before.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Slice {
    pub(crate) load: String,
    /// Seconds since the load's start.
    pub(crate) at_s: f64,
    pub(crate) phase: usize,
    /// Operations running now, in all phases.
    pub(crate) in_flight: u64,
    pub(crate) figures: Figures,
}

/// A reading of the recorders.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) load: String,
    /// Seconds since the load's start.
    pub(crate) at_s: f64,
    /// From when to when operations fall due in each phase, in seconds since the load's start; `None` for one that has
    /// not begun, without an end where that is not known yet.
    pub(crate) spans: Vec<Option<Range<f64>>>,
    /// When operations stop falling due in the load, by its schedule or because it was stopped.
    pub(crate) end_s: f64,
}

/// Who reads the recorders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collecting {
    /// A thread, on the real clock.
    ByThread,
    /// Nobody until the load ends: for tests in which time does not pass by itself.
    #[cfg(test)]
    AtTheEnd,
}

impl Collecting {
    /// Whether time is the tests' to make pass.
    pub(super) const fn is_virtual(self) -> bool {
        match self {
            Self::ByThread => false,
            #[cfg(test)]
            Self::AtTheEnd => true,
        }
    }
}

/// What a collector reads.
pub(super) struct Recorders {
    pub(super) phases: Arc<[PhaseState]>,
    pub(super) tags: Arc<Tags>,
}

/// Reads a load's recorders, makes the timeline, passes on slices.
pub(super) struct Collector {
    load: String,
    phases: Arc<[PhaseState]>,
    tags: Arc<Tags>,
    clock: Clock,
    sink: Arc<dyn Sink>,
    known: Vec<Figures>,
    known_tags: BTreeMap<String, Figures>,
    timeline: Vec<Window>,
    window: Figures,
    window_start_ns: u64,
    /// The least memory since the window began; `None` where it is not known.
    window_memory: Option<u64>,
    reading: Reading,
    own: OwnProcess,
    workers: Workers,
    nudge: Nudge,
    began: Instant,
    process: ProcessUse,
}

/// A collector at work.
pub(super) enum Running {
    Thread {
        stop: mpsc::Sender<()>,
        thread: thread::JoinHandle<Collector>,
    },
    #[cfg(test)]
    Idle(Box<Collector>),
}

impl Collector {
    pub(super) fn new(
        load: &str,
        Recorders { phases, tags }: Recorders,
        clock: Clock,
        sink: Arc<dyn Sink>,
        nudge: Nudge,
        reading: Reading,
    ) -> Self {
        let mut own = OwnProcess::new();
        let now = own.sample();
        Self {
            load: load.to_owned(),
            known: vec![Figures::default(); phases.len()],
            known_tags: BTreeMap::new(),
            phases,
            tags,
            clock,
            sink,
            timeline: Vec::new(),
            window: Figures::default(),
            window_start_ns: 0,
            window_memory: None,
            reading,
            own,
            workers: Workers::new(),
            nudge,
            began: Instant::now(),
            process: ProcessUse {
                memory_start_bytes: now.memory_bytes,
                memory_peak_bytes: now.memory_bytes,
                memory_end_bytes: now.memory_bytes,
                cpu_s: -now.cpu.as_secs_f64(),
                ..ProcessUse::default()
            },
        }
    }

    pub(super) fn start(self, collecting: Collecting) -> io::Result<Running> {
        match collecting {
            Collecting::ByThread => {
                let (stop, stopped) = mpsc::channel();
                let thread = thread::Builder::new()
                    .name("proofload-collector".to_owned())
                    .spawn(move || self.until(&stopped))?;
                Ok(Running::Thread { stop, thread })
            }
            #[cfg(test)]
            Collecting::AtTheEnd => Ok(Running::Idle(Box::new(self))),
        }
    }

    fn until(mut self, stopped: &mpsc::Receiver<()>) -> Self {
        let tick = self.reading.tick;
        let mut next = Instant::now() + tick;
        loop {
            let wait = next.saturating_duration_since(Instant::now()).min(NUDGE_EVERY);
            if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return self;
            }
            self.nudge.look();
            if Instant::now() < next {
                continue;
            }
            self.tick();
            // After a stall the ticks missed are not made up for.
            next = (next + tick).max(Instant::now());
        }
    }

    fn tick(&mut self) {
        let now_ns = self.clock.now_ns();
        let in_flight = self.in_flight();
        for (phase, (state, known)) in self.phases.iter().zip(&mut self.known).enumerate() {
            if state.recorder.counts() == known.counts {
                continue;
            }
            let figures = state.recorder.figures();
            let news = figures.since(known);
            *known = figures;
            self.window.merge(&news);
            let at_s = now_ns as f64 / 1e9;
            self.sink.slice(&Slice { load: self.load.clone(), at_s, phase, in_flight, figures: news });
        }
        if self.sink.hears_tags() {
            let news = self.tags.since(&mut self.known_tags);
            news.iter().for_each(|(tag, figures)| self.sink.tagged(tag, figures));
        }
        self.workers.look();
        let memory = self.own.sample().memory_bytes;
        self.process.memory_peak_bytes = self.process.memory_peak_bytes.max(memory);
        if memory > 0 {
            self.window_memory = Some(self.window_memory.map_or(memory, |least| least.min(memory)));
        }
        // A tick comes now and then a little early; waiting for the next one would make the window too long.
        let early = as_ns(self.reading.tick / 4);
        if now_ns + early >= self.window_start_ns + as_ns(self.reading.window) {
            self.end_window(now_ns, in_flight);
        }
        let spans = self.phases.iter().map(PhaseState::span_s).collect();
        let end_s = self.phases.last().map_or(0.0, PhaseState::end_s);
        self.sink.looked(&Look { load: self.load.clone(), at_s: now_ns as f64 / 1e9, spans, end_s });
    }

    fn in_flight(&self) -> u64 {
        let counts = self.phases.iter().map(|p| p.recorder.counts());
        counts.map(|c| c.due.saturating_sub(c.ended())).sum()
    }

    fn end_window(&mut self, now_ns: u64, in_flight: u64) {
        let figures = std::mem::take(&mut self.window);
        let phase = self.phases.iter().rposition(PhaseState::is_begun).unwrap_or(0);
        let [from_s, to_s] = [self.window_start_ns, now_ns].map(|ns| ns as f64 / 1e9);
        let window = Window {
            phase: phase as u32,
            in_flight,
            memory_bytes: self.window_memory.take().unwrap_or(0),
            ..Window::of(&figures, from_s, to_s)
        };
        self.sink.window(&self.load, &window);
        self.timeline.push(window);
        self.window_start_ns = now_ns;
    }
}

impl Running {
    /// Reads a last time. The timeline, and what the process used.
    pub(super) fn finish(self) -> (Vec<Window>, ProcessUse) {
        let mut collector = match self {
            Self::Thread { stop, thread } => {
                drop(stop);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            #[cfg(test)]
            Self::Idle(collector) => *collector,
        };
        collector.tick();
        let now_ns = collector.clock.now_ns();
        if collector.window.counts != Default::default() {
            let in_flight = collector.in_flight();
            collector.end_window(now_ns, in_flight);
        }
        let now = collector.own.sample();
        collector.process.memory_end_bytes = now.memory_bytes;
        collector.process.memory_peak_bytes = collector.process.memory_peak_bytes.max(now.memory_bytes);
        collector.process.cpu_s = (collector.process.cpu_s + now.cpu.as_secs_f64()).max(0.0);
        collector.process.span_s = collector.began.elapsed().as_secs_f64();
        collector.process.workers = collector.workers.count();
        collector.process.workers_busy_s = collector.workers.busy().as_secs_f64();
        collector.process.all_workers_busy_s = collector.workers.all_busy().as_secs_f64();
        (collector.timeline, collector.process)
    }
}
