use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::injection::Core;
use crate::journal::Event;

/// The loads of a case and the faults that are in force in it: each hears of the other, and the journal of both.
pub(crate) struct Board {
    began: Instant,
    tell: Box<dyn Fn(Event) + Send + Sync>,
    numbers: AtomicU32,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Those that run, in the order of their start.
    loads: Vec<LoadClock>,
    injected: Vec<Weak<Core>>,
}

/// A load that runs.
#[derive(Debug, Clone)]
pub(super) struct LoadClock {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) started: Instant,
    /// When its warm-up is over.
    pub(super) first_level: Instant,
}

impl LoadClock {
    /// For what happens while no load runs.
    pub(super) fn outside(began: Instant) -> Self {
        Self { number: 0, name: String::new(), started: began, first_level: began }
    }
}

impl Board {
    /// Of a case that began then; `tell` gets what happens.
    pub(crate) fn new(began: Instant, tell: impl Fn(Event) + Send + Sync + 'static) -> Arc<Self> {
        let (tell, numbers) = (Box::new(tell), AtomicU32::new(0));
        Arc::new(Self { began, tell, numbers, state: RwLock::default() })
    }

    /// A load begins; it has ended when the guard is dropped.
    pub(crate) fn load(self: &Arc<Self>, name: &str, warm_up: Duration) -> RunningLoad {
        let started = Instant::now();
        let load = LoadClock {
            number: self.numbers.fetch_add(1, Ordering::Relaxed) + 1,
            name: name.to_owned(),
            started,
            first_level: started + warm_up,
        };
        self.write().loads.push(load.clone());
        for core in self.in_force() {
            self.began_in(&core, &load);
        }
        RunningLoad { board: Arc::clone(self), load }
    }

    /// All faults of the case end.
    pub(crate) fn end_all(&self) {
        self.in_force().iter().for_each(|core| core.end());
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn tell(&self, event: Event) {
        (self.tell)(event);
    }

    /// These faults come into force.
    pub(super) fn enter(&self, core: &Arc<Core>) {
        self.write().injected.push(Arc::downgrade(core));
        for load in &self.running() {
            self.began_in(core, load);
        }
    }

    /// They are no longer in force.
    pub(super) fn leave(&self, core: &Core) {
        self.write().injected.retain(|other| !std::ptr::eq(other.as_ptr(), core) && other.strong_count() > 0);
        let now = Instant::now();
        self.running().iter().for_each(|load| self.ended_in(core, load, now));
    }

    /// When the load of this number got to its first level.
    pub(super) fn first_level(&self, number: u32) -> Option<Instant> {
        self.read().loads.iter().find(|load| load.number == number).map(|load| load.first_level)
    }

    /// The number of the load that began last and still runs, or 0.
    pub(super) fn last_running(&self) -> u32 {
        self.read().loads.last().map_or(0, |load| load.number)
    }

    /// A time in seconds since the start of the case.
    pub(super) fn seconds(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.began).as_secs_f64()
    }

    fn running(&self) -> Vec<LoadClock> {
        self.read().loads.clone()
    }

    fn in_force(&self) -> Vec<Arc<Core>> {
        self.read().injected.iter().filter_map(Weak::upgrade).collect()
    }

    fn began_in(&self, core: &Core, load: &LoadClock) {
        let (faults, plan) = (core.name().to_owned(), core.words().to_owned());
        self.tell(Event::FaultsBegan { faults, plan, load: load.name.clone() });
    }

    fn ended_in(&self, core: &Core, load: &LoadClock, now: Instant) {
        let bands = core.bands(load, now);
        if bands.is_empty() {
            self.tell(Event::Warning { text: core.never_in_force(&load.name) });
        }
        self.tell(Event::FaultsEnded { faults: core.name().to_owned(), load: load.name.clone(), bands });
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("loads", &self.running()).finish_non_exhaustive()
    }
}

/// A load that runs as far as faults are concerned.
#[derive(Debug)]
#[must_use = "dropping it says that the load has ended"]
pub(crate) struct RunningLoad {
    board: Arc<Board>,
    load: LoadClock,
}

impl RunningLoad {
    /// Its number in the case, from 1.
    pub(crate) fn number(&self) -> u32 {
        self.load.number
    }
}

impl Drop for RunningLoad {
    fn drop(&mut self) {
        self.board.write().loads.retain(|load| load.number != self.load.number);
        let now = Instant::now();
        for core in self.board.in_force() {
            self.board.ended_in(&core, &self.load, now);
        }
    }
}
