use std::{
    collections::BTreeMap,
    fmt,
    ops::Deref,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use fastrand::Rng;
use tokio::runtime::Handle;

use super::{
    Board, Clock, Fault, FaultError, Faults, Injected,
    board::LoadClock,
    chance::Chance,
    hold::Hold,
    kind::Kind,
    met::Tally,
    plan::Plan,
    point,
    schedule::{Schedule, Stretch},
    wait::{blocked, waited},
};
use crate::{
    IntoOutcome, Op, Outcome, Workload,
    journal::{Event, FaultBand},
    pressure::Bounds,
    stop::StopToken,
    units::Ratio,
};

/// Stretches of one load that are told by themselves.
const MOST_BANDS: usize = 1_000;

/// An operation that may meet a fault.
pub type BoxedOperation = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Faults in force. All of them end when this is dropped, when the case is told to stop, and when it ends: nothing is
/// injected any more, what hangs or is delayed goes on, and what is held is given back within moments.
///
/// Operations meet them [`around`](Injector::around) themselves, or where they ask [`before`](Injector::before) something;
/// faults [`at`](Faults::at) points are met there.
#[derive(Debug)]
#[must_use = "dropping the guard heals the fault"]
pub struct Injection {
    injector: Injector,
}

/// A handle of faults that are in force, for operations to meet them. Cheap to clone; once the [`Injection`] is gone it
/// does nothing.
#[derive(Debug, Clone)]
pub struct Injector {
    core: Arc<Core>,
}

/// What the faults of one plan share.
pub(super) struct Core {
    name: String,
    words: String,
    plan: Plan,
    chance: Chance,
    schedule: Schedule,
    points: Vec<PointSeen>,
    board: Arc<Board>,
    began: Instant,
    /// A child of the case's.
    ended: StopToken,
    is_over: AtomicBool,
    bounds: Bounds,
    runtime: Option<Handle>,
    tally: Tally,
}

/// A point that faults are at.
struct PointSeen {
    name: String,
    chance: Chance,
    passed: AtomicU64,
}

/// A fault that somebody has met.
pub(super) struct Meeting {
    fault: Fault,
    random: Rng,
    /// When the stretch of its schedule ends.
    until: Option<Instant>,
}

/// From outside of the faults: seed and limits of the case, and what is set.
pub(crate) struct Circumstances {
    pub(crate) seed: u64,
    /// Faults end with their token.
    pub(crate) bounds: Bounds,
    /// Replaces the share of the operations that meet one.
    pub(crate) share: Option<Ratio>,
    /// Multiplies the times of the schedule.
    pub(crate) time_scale: f64,
}

impl Injection {
    /// Puts `faults` in force.
    ///
    /// # Errors
    /// They contradict themselves.
    pub(crate) fn begin(
        mut faults: Faults,
        board: &Arc<Board>,
        terms: Circumstances,
    ) -> Result<Self, FaultError> {
        let plan = faults.checked(terms.share)?;
        faults.schedule = faults.schedule.scaled(terms.time_scale);
        let words = match terms.share {
            Some(share) => format!("{faults} (set from outside: {share} in all)"),
            None => faults.to_string(),
        };
        let chance = Chance::new(terms.seed, &faults.name);
        let seen = |name: String| PointSeen { chance: chance.at(&name), name, passed: AtomicU64::new(0) };
        let core = Arc::new(Core {
            words,
            plan,
            chance,
            schedule: faults.schedule,
            points: faults.points.into_iter().map(seen).collect(),
            name: faults.name,
            board: Arc::clone(board),
            began: Instant::now(),
            ended: terms.bounds.stop.child(),
            is_over: AtomicBool::new(false),
            bounds: terms.bounds,
            runtime: Handle::try_current().ok(),
            tally: Tally::default(),
        });
        board.enter(&core);
        if !core.points.is_empty() {
            point::enter(&core);
        }
        Ok(Self { injector: Injector { core } })
    }

    /// A handle for operations.
    pub fn injector(&self) -> Injector {
        self.injector.clone()
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        self.injector.core.end();
    }
}

impl Deref for Injection {
    type Target = Injector;

    fn deref(&self) -> &Injector {
        &self.injector
    }
}

impl Injector {
    /// The operation, which may meet a fault before it begins: for [`LoadBuilder::run`](crate::LoadBuilder::run).
    ///
    /// ```no_run
    /// # async fn search() -> Result<(), String> { Ok(()) }
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{Load, Retry, fault::Faults, per_second, percent, seconds};
    ///
    /// let faults = cx.inject(Faults::share(percent(10)).error("injected"))?;
    /// let load = cx.load(Load::rate(per_second(50)).for_duration(seconds(10))).retry(Retry::times(2));
    /// load.expect("success_rate >= 99%").run(faults.around(|_op| search())).await?;
    /// # cx.done()
    /// # }
    /// ```
    pub fn around<F, T>(
        &self,
        operation: F,
    ) -> impl Fn(Op) -> BoxedOperation + Send + Sync + 'static + use<F, T>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        let (core, operation) = (Arc::clone(&self.core), Arc::new(operation));
        move |op| match core.meets(&op) {
            None => {
                let running = operation(op);
                Box::pin(async move { running.await.into_outcome() })
            }
            Some(meeting) => {
                let (core, operation) = (Arc::clone(&core), Arc::clone(&operation));
                Box::pin(async move {
                    match meeting.endure(&core).await {
                        Ok(()) => operation(op).await.into_outcome(),
                        Err(injected) => injected.into(),
                    }
                })
            }
        }
    }

    /// The same for [`LoadBuilder::run_blocking`](crate::LoadBuilder::run_blocking).
    pub fn around_blocking<F, R>(
        &self,
        operation: F,
    ) -> impl Fn(Op) -> Outcome + Send + Sync + 'static + use<F, R>
    where
        F: Fn(Op) -> R + Send + Sync + 'static,
        R: IntoOutcome,
    {
        let injector = self.clone();
        move |op| match injector.before_blocking(&op) {
            Ok(()) => operation(op).into_outcome(),
            Err(injected) => injected.into(),
        }
    }

    /// The same for a workload, such as what a procedure runs.
    pub fn around_workload<W: Workload>(&self, workload: W) -> impl Workload + use<W> {
        Around { workload, injector: self.clone() }
    }

    /// The place in an operation at which it may meet a fault. One call for each attempt: a second one meets the same.
    ///
    /// # Errors
    /// The fault is an error.
    pub async fn before(&self, op: &Op) -> Result<(), Injected> {
        match self.core.meets(op) {
            Some(meeting) => meeting.endure(&self.core).await,
            None => Ok(()),
        }
    }

    /// As [`Injector::before`], for operations that block their thread: so do hangs and delays.
    ///
    /// # Errors
    /// The fault is an error.
    pub fn before_blocking(&self, op: &Op) -> Result<(), Injected> {
        match self.core.meets(op) {
            Some(meeting) => meeting.endure_blocking(&self.core),
            None => Ok(()),
        }
    }

    /// How many have met a fault so far.
    pub fn met(&self) -> u64 {
        self.core.tally.by_word().values().sum()
    }

    /// The same by what they met: `error`, `hang`, `panic`, `latency`, `hold`.
    pub fn met_by_kind(&self) -> BTreeMap<String, u64> {
        self.core.tally.by_word()
    }

    /// How often the points were passed that the faults are at.
    pub fn passed(&self) -> u64 {
        self.core.points.iter().map(|point| point.passed.load(Ordering::Relaxed)).sum()
    }

    /// Whether the faults are in force: neither ended nor stopped.
    pub fn is_in_force(&self) -> bool {
        !self.core.ended.is_stopped()
    }
}

/// A workload whose operations may meet faults.
struct Around<W> {
    workload: W,
    injector: Injector,
}

impl<W: Workload> Workload for Around<W> {
    type User = W::User;

    fn user(&self, number: u64) -> W::User {
        self.workload.user(number)
    }

    async fn operation(&self, user: &mut W::User, op: Op) -> Outcome {
        match self.injector.before(&op).await {
            Ok(()) => self.workload.operation(user, op).await,
            Err(injected) => injected.into(),
        }
    }
}

impl Core {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The plan in words.
    pub(super) fn words(&self) -> &str {
        &self.words
    }

    /// The fault that an attempt of an operation meets, if it meets one.
    fn meets(&self, op: &Op) -> Option<Meeting> {
        // Those that are at points are nowhere else.
        if !self.points.is_empty() {
            return None;
        }
        self.meeting(op.load, || self.chance.of(op.index, op.attempt))
    }

    /// The fault that somebody meets who passes the point called `name`.
    pub(super) fn passed(&self, name: &str) -> Option<Meeting> {
        let point = self.points.iter().find(|point| point.name == name)?;
        let number = point.passed.fetch_add(1, Ordering::Relaxed);
        self.meeting(self.board.last_running(), || point.chance.of(number, 0))
    }

    fn meeting(&self, load: u32, random: impl FnOnce() -> Rng) -> Option<Meeting> {
        if self.ended.is_stopped() {
            return None;
        }
        let now = Instant::now();
        let origin = self.origin(load);
        let stretch = self.schedule.at(origin.and_then(|origin| now.checked_duration_since(origin)))?;
        let mut random = random();
        let fault = self.plan.draw(&mut random)?.clone();
        self.tally.note(load, stretch.number, fault.word(), now);
        let until = origin.and_then(|origin| origin.checked_add(stretch.until));
        Some(Meeting { fault, random, until: until.filter(|_| self.schedule != Schedule::Always) })
    }

    /// When the clock of the schedule began.
    fn origin(&self, load: u32) -> Option<Instant> {
        match (self.schedule, self.schedule.clock()) {
            (Schedule::Always, _) => None,
            (Schedule::At { .. }, Clock::Load) => self.board.first_level(load),
            (Schedule::At { .. }, Clock::Case) => Some(self.board.began()),
        }
    }

    /// Nothing is injected any more.
    pub(super) fn end(&self) {
        if self.is_over.swap(true, Ordering::AcqRel) {
            return;
        }
        self.ended.end();
        if !self.points.is_empty() {
            point::leave(self);
        }
        self.board.leave(self);
        // What was met while no load ran.
        let outside = LoadClock::outside(self.began);
        let bands = self.bands(&outside, Instant::now()).into_iter().filter(|band| band.met > Some(0));
        let bands: Vec<FaultBand> = bands.collect();
        if !bands.is_empty() {
            let (faults, load) = (self.name.clone(), String::new());
            self.board.tell(Event::FaultsEnded { faults, load, bands });
        }
        for point in self.points.iter().filter(|point| point.passed.load(Ordering::Relaxed) == 0) {
            let text = format!(
                "the faults {:?} are at the point {:?}, which was never reached while they were in force: see that \
                 the target's code has a point of this name and comes by it",
                self.name, point.name
            );
            self.board.tell(Event::Warning { text });
        }
    }

    /// The stretches of `load`, as far as it has come by `now`, in which they were in force.
    pub(super) fn bands(&self, load: &LoadClock, now: Instant) -> Vec<FaultBand> {
        let (from, until) = (load.started.max(self.began), now);
        let origin = match self.schedule.clock() {
            _ if self.schedule == Schedule::Always => from,
            Clock::Load => load.first_level,
            Clock::Case => self.board.began(),
        };
        let all = (0..).map_while(|number| self.schedule.stretch(number));
        let placed = all.map(|stretch| {
            let begins = origin.checked_add(stretch.from).unwrap_or(until).max(from);
            let ends = origin.checked_add(stretch.until).unwrap_or(until).min(until);
            (stretch, begins, ends)
        });
        placed
            .take_while(|(_, begins, _)| *begins < until)
            .filter(|(_, begins, ends)| begins < ends)
            .take(MOST_BANDS)
            .map(|(stretch, begins, ends)| self.band(load.number, &load.name, stretch, (begins, ends)))
            .collect()
    }

    fn band(&self, load: u32, name: &str, stretch: Stretch, (from, until): (Instant, Instant)) -> FaultBand {
        let met = self.tally.of(load, stretch.number);
        let seconds = |at| self.board.seconds(at);
        FaultBand {
            faults: self.name.clone(),
            plan: self.words.clone(),
            load: name.to_owned(),
            from_s: seconds(from),
            until_s: seconds(until),
            met: Some(met.count),
            kinds: met.kinds.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect(),
            first_s: met.first.map(seconds),
            last_s: met.last.map(seconds),
        }
    }

    /// That none of the schedule fell into the load of this name.
    pub(super) fn never_in_force(&self, load: &str) -> String {
        format!("the faults {:?} ({}) were never in force while the load `{load}` ran", self.name, self.words)
    }

    /// Holds something in the background.
    fn hold(&self, hold: Hold) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(hold.carry_out(self.bounds.clone(), self.ended.clone()));
        }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("name", &self.name).field("plan", &self.words).finish_non_exhaustive()
    }
}

impl Meeting {
    /// What the fault does to who has met it.
    pub(super) async fn endure(mut self, core: &Core) -> Result<(), Injected> {
        if let Some(until) = self.wait_until(core)? {
            waited(&core.ended, until).await;
        }
        Ok(())
    }

    /// The same on a thread that it blocks.
    pub(super) fn endure_blocking(mut self, core: &Core) -> Result<(), Injected> {
        if let Some(until) = self.wait_until(core)? {
            blocked(&core.ended, until);
        }
        Ok(())
    }

    /// Until when to wait, where the fault is to wait: `Some(None)` for as long as it is in force.
    fn wait_until(&mut self, core: &Core) -> Result<Option<Option<Instant>>, Injected> {
        match &self.fault.0 {
            Kind::Error(kind) => Err(Injected::new(kind)),
            Kind::Panic(message) => std::panic::panic_any(message.to_string()),
            Kind::Hang => Ok(Some(self.until)),
            Kind::Latency(latency) => {
                let delayed = Instant::now() + latency.draw(&mut self.random);
                Ok(Some(Some(self.until.map_or(delayed, |until| until.min(delayed)))))
            }
            Kind::Hold(hold) => {
                core.hold(hold.clone());
                Ok(None)
            }
        }
    }
}
