use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Op, Workload,
    attempt::{Deadline, Terms, carry_out},
    clock::{Clock, as_ns},
    closed,
    collector::{Collecting, Collector, Sink, Started},
    flight::{Flight, Slot},
    open,
};
use crate::{
    load::{Load, Stage},
    observe::{Counter, Ended, Figures, Model, Observation, Phase, Recorder},
    outcome::{Ending, Outcome, OutcomeClass, Retry},
    stop::StopToken,
};

/// The drain of a load that was stopped ends before the supervisor's grace of 2 s does, so that the case still has
/// time to report.
const LONGEST_DRAIN_ONCE_STOPPED: Duration = Duration::from_millis(1_200);

/// The time in which an operation that has just ended gets to count itself, however busy the machine is.
const SETTLING: Duration = Duration::from_secs(5);

/// A load to run and the terms it runs on. The load is checked and adjusted already.
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) load: Load,
    pub(crate) warm_up: Option<Duration>,
    pub(crate) timeout: Duration,
    pub(crate) drain: Duration,
    pub(crate) retry: Retry,
    /// Open loads only: more than that are not started.
    pub(crate) max_in_flight: usize,
    pub(crate) seed: u64,
    pub(crate) stop: StopToken,
    pub(crate) case_started: Instant,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) collecting: Collecting,
    /// The user's counters, read when the load starts and when it ends.
    pub(crate) counters: Box<dyn Fn() -> BTreeMap<String, Counter> + Send + Sync>,
}

/// A load that could not be driven to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// The workload's `user` panicked.
    #[error("a user of the load `{load}` could not be made, its workload panicked: {panic}")]
    User { load: String, panic: String },
    /// The collector's thread could not be started.
    #[error("no thread for the load `{load}`: {source}")]
    Thread { load: String, source: std::io::Error },
}

/// A stage while it runs.
pub(super) struct PhaseState {
    pub(super) recorder: Recorder,
    name: String,
    is_warm_up: bool,
    planned_start_ns: u64,
    /// When operations stop falling due in this phase; not known before a load without an end has ended.
    end_ns: AtomicU64,
    /// When it began, `u64::MAX` before.
    began_ns: AtomicU64,
}

/// What the tasks of a load share.
pub(super) struct Shared<W> {
    pub(super) workload: W,
    pub(super) clock: Clock,
    pub(super) stop: StopToken,
    pub(super) flight: Flight,
    pub(super) phases: Arc<[PhaseState]>,
    pub(super) is_over: AtomicBool,
    end_ns: AtomicU64,
    timeout: Duration,
    retry: Retry,
    seed: u64,
}

/// An operation that is about to start.
pub(super) struct Start {
    pub(super) slot: Slot,
    pub(super) phase: usize,
    pub(super) intended_ns: u64,
    pub(super) index: u64,
    pub(super) user: u64,
    pub(super) iteration: u64,
}

impl<W: Workload> Shared<W> {
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::new(self.timeout)
    }

    /// Whether operations may still start.
    pub(super) fn is_going_on(&self) -> bool {
        !self.is_over.load(Ordering::Acquire) && !self.stop.is_stopped()
    }

    /// Random numbers for a user's pause after an operation.
    pub(super) fn user_rng(&self, user: u64, iteration: u64) -> fastrand::Rng {
        Op { index: iteration, user, iteration, stage: 0, attempt: 0, seed: self.seed }.rng()
    }

    pub(super) fn begin_phase(&self, phase: usize) {
        let state = &self.phases[phase];
        let now = self.clock.now_ns();
        let _began = state.began_ns.compare_exchange(u64::MAX, now, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Carries out one operation and counts it, with `is_ours` saying whether it is still to be counted.
    pub(super) async fn operate(
        &self,
        user: &mut W::User,
        start: Start,
        deadline: &mut Deadline,
        is_ours: impl FnOnce(Slot) -> bool,
    ) {
        let actual_ns = self.clock.now_ns();
        let op = self.op(start.index, start.user, start.iteration, start.phase);
        let terms = self.terms(actual_ns);
        let finished = carry_out(&self.workload, user, op, deadline, &terms).await;
        let ended_ns = self.clock.now_ns();
        if is_ours(start.slot) {
            let times = Times { intended_ns: start.intended_ns, actual_ns, ended_ns };
            self.count(start.phase, times, finished.outcome.as_ref(), finished.retries);
        }
    }

    /// Counts an operation that could not even be tried.
    pub(super) fn fail(&self, start: &Start, outcome: Outcome, is_ours: impl FnOnce(Slot) -> bool) {
        if is_ours(start.slot) {
            let now = self.clock.now_ns();
            let times = Times { intended_ns: start.intended_ns, actual_ns: now, ended_ns: now };
            self.count(start.phase, times, Some(&outcome), 0);
        }
    }

    #[inline]
    pub(super) const fn op(&self, index: u64, user: u64, iteration: u64, stage: usize) -> Op {
        Op { index, user, iteration, stage, attempt: 0, seed: self.seed }
    }

    /// What bounds an operation that starts at `started_ns`.
    #[inline]
    pub(super) fn terms(&self, started_ns: u64) -> Terms<'_> {
        Terms { clock: self.clock, started_ns, retry: self.retry, stop: &self.stop }
    }

    /// Counts an operation that ended, `None` standing for its timeout.
    #[inline]
    pub(super) fn count(&self, phase: usize, times: Times, outcome: Option<&Outcome>, retries: u32) {
        let phase = &self.phases[phase];
        let class = match outcome {
            Some(Outcome { ending: Ending::Ok, status: None, .. }) => OutcomeClass::Ok,
            outcome => note(phase, outcome, times.ended_ns),
        };
        phase.recorder.ended(Ended {
            class,
            response_ns: times.ended_ns.saturating_sub(times.intended_ns),
            service_ns: times.ended_ns.saturating_sub(times.actual_ns),
            retries,
            bytes: outcome.map_or(0, |o| o.bytes),
            is_after_phase: times.ended_ns > phase.end_ns.load(Ordering::Relaxed),
            is_after_load: times.ended_ns > self.end_ns.load(Ordering::Relaxed),
        });
    }

    /// Nothing falls due any more: closes the phases that were still open.
    pub(super) fn end_schedule(&self) {
        let now = self.clock.now_ns();
        self.end_ns.fetch_min(now, Ordering::AcqRel);
        for phase in &*self.phases {
            phase.end_ns.fetch_min(now, Ordering::AcqRel);
        }
        self.is_over.store(true, Ordering::Release);
    }

    /// What still runs at the end of the drain is unfinished. Waits for operations that are just being counted.
    fn close(&self) {
        let now = self.clock.now_ns();
        self.flight.close(|intended_ns, phase| {
            self.phases[phase].recorder.unfinished(now.saturating_sub(intended_ns));
        });
        let until = Instant::now() + SETTLING;
        while !self.phases.iter().all(|p| p.recorder.counts().is_balanced()) && Instant::now() < until {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// When an operation should have started, did start, and ended.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) intended_ns: u64,
    pub(super) actual_ns: u64,
    pub(super) ended_ns: u64,
}

/// Notes what is more to an outcome than that it was ok.
#[cold]
fn note(phase: &PhaseState, outcome: Option<&Outcome>, at_ns: u64) -> OutcomeClass {
    let tally = &phase.recorder.tally;
    let Some(outcome) = outcome else {
        tally.failure(OutcomeClass::Timeout, "operation timeout", at_ns);
        return OutcomeClass::Timeout;
    };
    if let Some(status) = outcome.status {
        tally.status(status);
    }
    let (class, text) = match &outcome.ending {
        Ending::Ok => return OutcomeClass::Ok,
        Ending::Rejected(reason) => (OutcomeClass::Rejected, reason.as_deref().unwrap_or("rejected")),
        Ending::Error(kind) => (OutcomeClass::Error, &**kind),
    };
    tally.failure(class, text, at_ns);
    class
}

/// Runs a load to its end, to the stop, or to the end of its drain, and says what happened.
pub(crate) async fn drive<W: Workload>(job: Job, workload: W) -> Result<Observation, DriveError> {
    let load = with_warm_up(job.load.clone(), job.warm_up);
    let started_s = job.case_started.elapsed().as_secs_f64();
    let clock = Clock::start(job.collecting.is_virtual());
    let phases = phases_of(&load, job.warm_up.is_some());
    let shared = Arc::new(Shared {
        workload,
        clock,
        stop: job.stop.clone(),
        flight: match &load {
            Load::Open(_) => Flight::with_cap(job.max_in_flight),
            Load::Closed(_) => Flight::of_users(load.peak() as usize),
        },
        phases: Arc::clone(&phases),
        is_over: AtomicBool::new(false),
        end_ns: AtomicU64::new(load.length().map_or(u64::MAX, as_ns)),
        timeout: job.timeout,
        retry: job.retry,
        seed: job.seed,
    });
    let started = Started {
        load: job.name.clone(),
        model: model_of(&load),
        plan: job.load.describe(),
        started_s,
        phases: phases.iter().map(|p| p.name.clone()).collect(),
        warm_up_phases: usize::from(job.warm_up.is_some()),
        timeout_s: job.timeout.as_secs_f64(),
    };
    job.sink.started(&started);
    let counters_before = (job.counters)();
    let collector = Collector::new(&job.name, Arc::clone(&phases), clock, Arc::clone(&job.sink));
    let collector = collector
        .start(job.collecting)
        .map_err(|source| DriveError::Thread { load: job.name.clone(), source })?;

    let drain = Drain { grace: job.drain, once_stopped: LONGEST_DRAIN_ONCE_STOPPED };
    let driven = match &load {
        // On a worker of the runtime, which hands timers over fastest: the one that waits for events runs the pacer.
        Load::Open(open) => {
            on_a_worker(open::drive(Arc::clone(&shared), open.clone(), job.seed, drain)).await
        }
        Load::Closed(closed) => closed::drive(&shared, closed, drain).await,
    };
    shared.close();
    let (timeline, process) = collector.finish();
    if let Err(closed::UserPanicked { panic }) = driven {
        return Err(DriveError::User { load: job.name, panic });
    }

    let seen: Vec<Phase> = phases.iter().zip(load.stages()).map(|(p, s)| p.observed(s, &load)).collect();
    let total = total_of(&seen);
    let counters = counters_since((job.counters)(), &counters_before);
    let observation = Observation {
        load: job.name,
        model: started.model,
        plan: started.plan,
        started_s,
        total,
        phases: seen,
        timeline,
        stopped: job.stop.reason(),
        complete: true,
        timeout_s: started.timeout_s,
        max_in_flight: matches!(load, Load::Open(_)).then_some(job.max_in_flight as u64),
        counters,
        process,
    };
    job.sink.finished(&observation);
    Ok(observation)
}

/// Runs a future as a task of the runtime, ended when this future is dropped.
async fn on_a_worker<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let mut task = tokio::task::JoinSet::new();
    task.spawn(future);
    match task.join_next().await {
        Some(Ok(output)) => output,
        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is shutting down, and this future with it.
        Some(Err(_)) | None => std::future::pending().await,
    }
}

/// How long the end of a load may take.
#[derive(Clone, Copy)]
pub(super) struct Drain {
    pub(super) grace: Duration,
    pub(super) once_stopped: Duration,
}

impl Drain {
    /// Waits for `all` to end: for the grace, and for less once it is time to stop.
    pub(super) async fn wait(self, stop: &StopToken, all: impl Future<Output = ()>) {
        let cut_short = async {
            stop.stopped().await;
            tokio::time::sleep(self.once_stopped).await;
        };
        tokio::select! {
            () = all => {}
            () = tokio::time::sleep(self.grace) => {}
            () = cut_short => {}
        }
    }
}

impl PhaseState {
    /// When the phase began, if it did.
    fn began(&self) -> Option<u64> {
        let began = self.began_ns.load(Ordering::Acquire);
        (began != u64::MAX).then_some(began)
    }

    pub(super) const fn is_warm_up(&self) -> bool {
        self.is_warm_up
    }

    /// Whether the phase was reached.
    pub(super) fn is_begun(&self) -> bool {
        self.began().is_some()
    }

    fn observed(&self, stage: &Stage, load: &Load) -> Phase {
        let mut figures = self.recorder.figures();
        if self.began().is_some() {
            let span = self.end_ns.load(Ordering::Acquire).saturating_sub(self.planned_start_ns);
            figures.duration_s = span as f64 / 1e9;
        }
        Phase {
            name: self.name.clone(),
            is_warm_up: self.is_warm_up,
            is_started: self.began().is_some(),
            asked_per_sec: matches!(load, Load::Open(_)).then(|| stage.mean()),
            users: matches!(load, Load::Closed(_)).then(|| stage.peak() as u64),
            figures,
        }
    }
}

fn model_of(load: &Load) -> Model {
    match load {
        Load::Open(_) => Model::Open,
        Load::Closed(_) => Model::Closed,
    }
}

/// Puts a stage at the first level in front.
fn with_warm_up(mut load: Load, warm_up: Option<Duration>) -> Load {
    if let Some(length) = warm_up {
        let stages = match &mut load {
            Load::Open(open) => &mut open.stages,
            Load::Closed(closed) => &mut closed.stages,
        };
        // A ramp that begins at nothing is warmed up with what it ends at.
        let level = stages.iter().flat_map(|s| [s.from, s.to]).find(|level| *level > 0.0).unwrap_or(0.0);
        let mut stage = Stage::hold(level, Some(length));
        stage.name = Some("warm-up".to_owned());
        stages.insert(0, stage);
    }
    load
}

fn phases_of(load: &Load, has_warm_up: bool) -> Arc<[PhaseState]> {
    let mut start_ns = 0u64;
    load.stages()
        .iter()
        .enumerate()
        .map(|(index, stage)| {
            let planned_start_ns = start_ns;
            start_ns = stage.length.map_or(u64::MAX, |l| start_ns.saturating_add(as_ns(l)));
            PhaseState {
                recorder: Recorder::new(),
                name: load.stage_name(index),
                is_warm_up: has_warm_up && index == 0,
                planned_start_ns,
                end_ns: AtomicU64::new(start_ns),
                began_ns: AtomicU64::new(u64::MAX),
            }
        })
        .collect()
}

/// All phases but the warm-up, as one. What ended after its own phase but within the load is part of the total's
/// throughput.
fn total_of(phases: &[Phase]) -> Figures {
    let mut total = Figures::default();
    phases.iter().filter(|p| !p.is_warm_up).for_each(|p| total.merge(&p.figures));
    total.after_phase = total.after_load;
    total.ok_after_phase = total.ok_after_load;
    total
}

fn counters_since(
    after: BTreeMap<String, Counter>,
    before: &BTreeMap<String, Counter>,
) -> BTreeMap<String, Counter> {
    let since = |name: &str, after: Counter| {
        let before = before.get(name).copied().unwrap_or_default();
        Counter { count: after.count - before.count, of: after.of.map(|of| of - before.of.unwrap_or(0)) }
    };
    after.into_iter().map(|(name, counter)| (name.clone(), since(&name, counter))).collect()
}
