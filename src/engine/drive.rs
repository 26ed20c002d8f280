use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
    time::{Duration, Instant},
};

use super::{
    Workload,
    clock::{Clock, as_ns},
    closed,
    collector::{Collecting, Collector, Reading, Recorders, Sink, Started},
    drain::Drain,
    flight::Flight,
    open,
    pacer::Nudge,
    phase::phases_of,
    shared::{Shared, UserPanicked},
    tag::Tags,
};
use crate::{
    load::{Load, Part, Stage},
    observe::{Counter, Figures, Model, Observation, Phase, Purpose},
    outcome::Retry,
    stop::StopToken,
    traffic::TrafficMeter,
};

/// The drain of a load that was stopped ends before the supervisor's grace of 2 s does, so that the case still has
/// time to report.
const LONGEST_DRAIN_ONCE_STOPPED: Duration = Duration::from_millis(1_200);

/// A load to run and the terms it runs on. The load is checked and adjusted already.
pub(crate) struct Job {
    pub(crate) name: String,
    /// Its number in its case, which its operations carry.
    pub(crate) number: u32,
    pub(crate) purpose: Purpose,
    pub(crate) load: Load,
    /// What of it is carried out here.
    pub(crate) part: Part,
    /// When its schedule begins, for several that begin together; now unless stated.
    pub(crate) starts_at: Option<Instant>,
    pub(crate) warm_up: Option<Duration>,
    pub(crate) timeout: Duration,
    pub(crate) drain: Duration,
    pub(crate) retry: Retry,
    /// Open loads only: more than that are not started.
    pub(crate) max_in_flight: usize,
    pub(crate) seed: u64,
    /// Ends the schedule; the drain is cut short only when it stops the whole case.
    pub(crate) stop: StopToken,
    pub(crate) reading: Reading,
    pub(crate) case_started: Instant,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) collecting: Collecting,
    /// The user's counters, read when the load starts and when it ends.
    pub(crate) counters: Box<dyn Fn() -> BTreeMap<String, Counter> + Send + Sync>,
    /// Counts the bytes of the case's streams.
    pub(crate) traffic: TrafficMeter,
}

/// A load that could not be driven to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// The workload's `user` panicked.
    #[error(
        "a user of the load `{load}` could not be made, its workload panicked: {panic}; what may fail there belongs \
         into an operation, whose errors are counted"
    )]
    User { load: String, panic: String },
    /// The collector's thread could not be started.
    #[error(
        "no thread could be started for the load `{load}`: {source}; raise `ulimit -u`, or make room in memory"
    )]
    Thread { load: String, source: std::io::Error },
}

/// Runs a load to its end, to the stop, or to the end of its drain, and says what happened.
pub(crate) async fn drive<W: Workload>(job: Job, workload: W) -> Result<Observation, DriveError> {
    let load = with_warm_up(job.load.clone(), job.warm_up);
    let started_s = job.case_started.elapsed().as_secs_f64();
    let clock = match job.starts_at {
        Some(at) => Clock::Real(at),
        None => Clock::start(job.collecting.is_virtual()),
    };
    let phases = phases_of(&load, job.warm_up.is_some());
    let nudge = Nudge::new(clock);
    let tags = Arc::new(Tags::default());
    let shared = Arc::new(Shared {
        workload,
        clock,
        stop: job.stop.clone(),
        nudge: nudge.clone(),
        flight: match &load {
            Load::Open(_) => Flight::with_cap(job.max_in_flight),
            Load::Closed(_) => Flight::of_users(job.part.of_count(load.peak() as u64) as usize),
        },
        phases: Arc::clone(&phases),
        tags: Arc::clone(&tags),
        is_over: AtomicBool::new(false),
        end_ns: AtomicU64::new(load.length().map_or(u64::MAX, as_ns)),
        timeout: job.timeout,
        retry: job.retry,
        load: job.number,
        seed: job.seed,
    });
    let started = Started {
        load: job.name.clone(),
        model: model_of(&load),
        purpose: job.purpose,
        plan: job.load.describe(),
        started_s,
        phases: phases.iter().map(|p| p.name.clone()).collect(),
        warm_up_phases: usize::from(job.warm_up.is_some()),
        timeout_s: job.timeout.as_secs_f64(),
        length_s: load.length().map(|length| length.as_secs_f64()),
    };
    job.sink.started(&started);
    let counters_before = (job.counters)();
    let traffic_before = job.traffic.read();
    let sink = Arc::clone(&job.sink);
    let recorders = Recorders { phases: Arc::clone(&phases), tags };
    let collector = Collector::new(&job.name, recorders, clock, sink, nudge, job.reading);
    let collector = collector
        .start(job.collecting)
        .map_err(|source| DriveError::Thread { load: job.name.clone(), source })?;

    let drain = Drain { grace: job.drain, once_stopped: LONGEST_DRAIN_ONCE_STOPPED };
    let driven = match &load {
        // On a worker of the runtime, which hands timers over fastest: the one that waits for events runs the pacer.
        Load::Open(open) => {
            on_a_worker(open::drive(Arc::clone(&shared), open.clone(), job.seed, job.part, drain)).await
        }
        Load::Closed(closed) => closed::drive(&shared, closed, job.part, drain).await,
    };
    shared.close();
    let (timeline, process) = collector.finish();
    if let Err(UserPanicked { panic }) = driven {
        return Err(DriveError::User { load: job.name, panic });
    }

    let seen: Vec<Phase> = phases.iter().zip(load.stages()).map(|(p, s)| p.observed(s, &load)).collect();
    let total = total_of(&seen);
    let duration_s = total.duration_s;
    let counters = counters_since((job.counters)(), &counters_before);
    let observation = Observation {
        load: job.name,
        model: started.model,
        purpose: started.purpose,
        plan: started.plan,
        started_s,
        total,
        phases: seen,
        tags: shared.tags.figures(duration_s),
        timeline,
        stopped: job.stop.reason(),
        complete: true,
        timeout_s: started.timeout_s,
        max_in_flight: matches!(load, Load::Open(_)).then_some(job.max_in_flight as u64),
        counters,
        traffic: job.traffic.read().since(traffic_before),
        process,
        nodes: Vec::new(),
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

/// All phases but the warm-up, as one. What ended after its own phase but within the load is part of the total's
/// throughput.
pub(crate) fn total_of(phases: &[Phase]) -> Figures {
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
