use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Op, Workload,
    collector::{Collecting, Reading, Sink, Slice, Started},
    drive::{Job, drive},
    workload::Async,
};
use crate::{
    load::{Load, LoadError, Part},
    observe::{Observation, Purpose},
    outcome::{IntoOutcome, Retry},
    stop::StopToken,
    traffic::TrafficMeter,
};

/// Why a load alone did not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriveAloneError {
    /// The load contradicts itself.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be driven.
    #[error("{0}")]
    Failed(String),
}

/// Runs a load without a suite around it, for benchmarks and experiments: no limits, no process of its own, no
/// report, only what was observed. Each operation may take `timeout`; 5 s after the schedule what still runs is
/// unfinished.
///
/// # Errors
/// The load contradicts itself.
///
/// # Panics
/// Outside of a multi-threaded tokio runtime with timers and I/O enabled.
///
/// ```
/// use proofload::{Load, drive_alone, millis, per_second, seconds};
///
/// # tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
/// let load = Load::rate(per_second(100)).for_duration(millis(300));
/// let seen = drive_alone(load, seconds(1), |_op| async { Ok::<_, String>(()) }).await.unwrap();
/// assert_eq!((seen.total.counts.due, seen.total.counts.ok), (30, 30));
/// # });
/// ```
pub async fn drive_alone<F, T>(
    load: impl Into<Load>,
    timeout: Duration,
    operation: F,
) -> Result<Observation, DriveAloneError>
where
    F: Fn(Op) -> T + Send + Sync + 'static,
    T: Future<Output: IntoOutcome> + Send,
{
    drive_workload_alone(load, timeout, Async(operation)).await
}

/// As [`drive_alone`], with a workload whose users keep something.
///
/// # Errors
/// The load contradicts itself.
///
/// # Panics
/// Outside of a multi-threaded tokio runtime with timers and I/O enabled.
pub async fn drive_workload_alone<W: Workload>(
    load: impl Into<Load>,
    timeout: Duration,
    workload: W,
) -> Result<Observation, DriveAloneError> {
    let job = Job {
        name: "load".to_owned(),
        number: 0,
        purpose: Purpose::Measure,
        load: load.into().checked()?,
        part: Part::WHOLE,
        starts_at: None,
        warm_up: None,
        timeout,
        drain: Duration::from_secs(5),
        retry: Retry::NEVER,
        max_in_flight: 100_000,
        seed: 0,
        stop: StopToken::new(),
        reading: Reading::default(),
        case_started: Instant::now(),
        sink: Arc::new(Nobody),
        collecting: Collecting::ByThread,
        counters: Box::new(BTreeMap::new),
        traffic: TrafficMeter::default(),
    };
    drive(job, workload).await.map_err(|error| DriveAloneError::Failed(error.to_string()))
}

/// Hears nothing.
struct Nobody;

impl Sink for Nobody {
    fn started(&self, _started: &Started) {}
    fn slice(&self, _slice: &Slice) {}
    fn finished(&self, _observation: &Observation) {}
}
