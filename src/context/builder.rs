use std::{sync::Arc, time::Duration};

use super::{Context, Run, RunError, handle::ToJournal};
use crate::{
    IntoOutcome, Op,
    engine::{Async, Blocking, Collecting, Job, Workload, drive},
    error::Result,
    expect::{Expectation, ExpectationError, IntoExpectation},
    journal::{Event, Planned},
    load::Load,
    observe::Observation,
    outcome::Retry,
    stop::StopToken,
};

/// A load about to run, and its terms.
///
/// Whatever is stated here can be overridden from outside: durations, users and rates by the settings of those
/// names, `timeout` and `drain` too.
#[must_use = "a load does nothing before `run`"]
pub struct LoadBuilder {
    cx: Context,
    load: Load,
    name: String,
    timeout: Option<Duration>,
    drain: Option<Duration>,
    warm_up: Option<Duration>,
    retry: Retry,
    level: Level,
    stop: StopToken,
    max_in_flight: Option<usize>,
    expectations: Vec<Result<Expectation, ExpectationError>>,
}

/// Who decides on the rate or the users of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The settings may.
    FromOutside,
    /// The load alone.
    ItsOwn,
}

impl LoadBuilder {
    pub(super) fn new(cx: Context, load: Load) -> Self {
        Self {
            stop: cx.inner.stop.clone(),
            cx,
            load,
            name: "load".to_owned(),
            timeout: None,
            drain: None,
            warm_up: None,
            retry: Retry::NEVER,
            level: Level::FromOutside,
            max_in_flight: None,
            expectations: Vec::new(),
        }
    }

    /// What the report calls this load; `load` unless it is named.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The longest time for one operation, its retries included. 30 s unless stated.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    /// The time for operations that still run when the schedule has ended; what is left then is `unfinished`. 5 s
    /// unless stated.
    pub fn drain(mut self, longest: Duration) -> Self {
        self.drain = Some(longest);
        self
    }

    /// Runs the first level for so long before the schedule begins; no statistic counts it.
    pub fn warm_up(mut self, length: Duration) -> Self {
        self.warm_up = Some(length);
        self
    }

    /// Keeps the load's rate or users whatever is set from outside: a search chooses them itself.
    pub(crate) const fn at_its_own_level(mut self) -> Self {
        self.level = Level::ItsOwn;
        self
    }

    /// Ends the load when `stop` is stopped, a child of the case's token: the case goes on.
    pub(crate) fn stopped_by(mut self, stop: StopToken) -> Self {
        self.stop = stop;
        self
    }

    /// Tries failed and rejected operations again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Open loads: starts no operation while `most` are running; those due meanwhile are `dropped`. The limit
    /// `max_concurrency` of the case unless stated, and never more than it or than 10 million.
    pub fn max_in_flight(mut self, most: usize) -> Self {
        self.max_in_flight = Some(most);
        self
    }

    /// States what is expected of this load, as text (`"latency.p95 < 100ms"`) or in code
    /// (`latency().p95().below(millis(100))`). Malformed ones are refused before anything runs; all are judged at
    /// the end, and the case goes on whatever the verdict.
    pub fn expect(mut self, expectation: impl IntoExpectation) -> Self {
        self.expectations.push(expectation.into_expectation());
        self
    }

    /// Runs the load with an async operation.
    ///
    /// # Errors
    /// The load contradicts itself or asks for more than the limits allow, an expectation is malformed, or the case
    /// was stopped before. What the target does is never an error here: it is in the observation.
    pub async fn run<F, T>(self, operation: F) -> Result<Run>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send,
    {
        self.run_workload(Async(operation)).await
    }

    /// Runs the load with an operation that blocks its thread. It cannot be interrupted: after its timeout it is
    /// counted as such and left to end by itself.
    ///
    /// # Errors
    /// As [`LoadBuilder::run`].
    pub async fn run_blocking<F, R>(self, operation: F) -> Result<Run>
    where
        F: Fn(Op) -> R + Send + Sync + 'static,
        R: IntoOutcome + 'static,
    {
        self.run_workload(Blocking(Arc::new(operation))).await
    }

    /// Runs the load with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`LoadBuilder::run`].
    pub async fn run_workload<W: Workload>(self, workload: W) -> Result<Run> {
        let inner = &self.cx.inner;
        let name = self.cx.unique_name(&self.name);
        let mut expectations: Vec<Expectation> = self.expectations.into_iter().collect::<Result<_, _>>()?;
        expectations.extend(inner.expectations.iter().cloned());
        let overrides = match self.level {
            Level::FromOutside => inner.terms.overrides(),
            Level::ItsOwn => inner.terms.overrides().of_time(),
        };
        let load = self.load.checked().and_then(|load| load.adjusted(&overrides)).map_err(RunError::from)?;
        let warm_up = self.warm_up.and_then(|length| overrides.of_warm_up(length));
        load.within_limits(warm_up.unwrap_or(Duration::ZERO)).map_err(RunError::from)?;
        let max_in_flight = inner.terms.max_in_flight(self.max_in_flight);
        let limit = inner.terms.settings.count("max_concurrency").unwrap_or(u64::MAX);
        let users = match &load {
            Load::Open(_) => 0,
            Load::Closed(_) => load.peak() as u64,
        };
        let _reserved = self.cx.reserve(users, limit).map_err(|others| RunError::TooManyUsers {
            load: name.clone(),
            users,
            beside: if others == 0 { String::new() } else { format!(" beside {others} of other loads") },
            limit,
            origin: inner.terms.settings.origin("max_concurrency").to_string(),
        })?;
        if self.cx.is_dry_run() {
            let planned = Planned {
                load: name.clone(),
                plan: load.describe(),
                length_s: load.length().map(|l| l.as_secs_f64()),
            };
            inner.journal.write(Event::LoadPlanned(planned));
            return Ok(Run::new(self.cx, Observation { load: name, ..Observation::default() }));
        }
        if let Some(reason) = self.stop.reason() {
            return Err(RunError::Stopped { load: name, reason }.into());
        }
        let counters = self.cx.clone();
        let job = Job {
            name,
            warm_up,
            load,
            timeout: inner.terms.duration("timeout", self.timeout),
            drain: inner.terms.duration("drain", self.drain),
            retry: self.retry,
            max_in_flight,
            seed: inner.terms.seed,
            stop: self.stop,
            case_started: inner.journal.began(),
            sink: Arc::new(ToJournal(Arc::clone(&inner.journal))),
            collecting: Collecting::ByThread,
            counters: Box::new(move || counters.inner.counters.read()),
        };
        let observation = drive(job, workload).await.map_err(|error| RunError::Failed(error.to_string()))?;
        let run = Run::new(self.cx, observation);
        expectations.iter().for_each(|expectation| run.judge(expectation));
        Ok(run)
    }
}
