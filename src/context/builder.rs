use std::{pin::Pin, sync::Arc, time::Duration};

use super::{
    Context, Run, RunError,
    sink::{Both, ToJournal},
    together::Together,
};
use crate::{
    IntoOutcome, Op,
    engine::{Async, Blocking, Collecting, DriveError, Job, Reading, Sink, Workload, drive},
    error::Result,
    expect::{Expectation, ExpectationError, IntoExpectation},
    journal::{Event, Planned},
    load::{Load, Overrides},
    observe::{Observation, Purpose},
    outcome::Retry,
    stop::{StopReason, StopToken},
    units::show_duration,
};

/// Shorter windows than this would be read more often than a load is worth, ...
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

/// ... and one as long as this is no timeline any more.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);

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
    purpose: Purpose,
    reading: Reading,
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    listener: Option<Arc<dyn Sink>>,
    stop: StopToken,
    max_in_flight: Option<usize>,
    expectations: Vec<Result<Expectation, ExpectationError>>,
}

/// Who decides on the rate or the users of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The settings may.
    FromOutside,
    /// The load alone; on its length they may.
    ItsOwn,
    /// The load alone, on its length too: others go by it.
    ItsOwnWithItsLength,
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
            purpose: Purpose::Measure,
            reading: Reading::default(),
            until: None,
            listener: None,
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

    /// Says that this load may break what it is put on, and that this is what it is for: a trial of a search, an
    /// overload to recover from. It raises no alert; everything else is as with any load.
    ///
    /// ```no_run
    /// # use proofload::{Context, Load, Result, per_second, seconds};
    /// # async fn case(cx: Context) -> Result {
    /// let overload = Load::rate(per_second(5_000)).for_duration(seconds(10));
    /// cx.load(overload).named("overload").probing().run(|_op| async {}).await?;
    /// # cx.done()
    /// # }
    /// ```
    pub const fn probing(mut self) -> Self {
        self.purpose = Purpose::Probe;
        self
    }

    /// Keeps the load as it is, whatever is set from outside: a procedure has fitted others to it.
    pub(crate) const fn at_its_own_level_and_length(mut self) -> Self {
        self.level = Level::ItsOwnWithItsLength;
        self
    }

    /// Ends the schedule when `told` is ready, if that is before its own end; what runs then is drained. The load counts
    /// as complete.
    ///
    /// ```no_run
    /// # async fn beside(cx: proofload::Context) -> proofload::Result {
    /// use proofload::{Load, minutes, per_second};
    ///
    /// let (say, told) = tokio::sync::oneshot::channel::<()>();
    /// let steady = cx
    ///     .load(Load::rate(per_second(50)).for_duration(minutes(10)))
    ///     .until(async { told.await.unwrap_or_default() })
    ///     .run(|_op| async { Ok::<_, String>(()) });
    /// let meanwhile = async {
    ///     // What the steady load goes on beside.
    ///     drop(say);
    /// };
    /// tokio::join!(steady, meanwhile).0?;
    /// # Ok(()) }
    /// ```
    pub fn until(mut self, told: impl Future<Output = ()> + Send + 'static) -> Self {
        self.until = Some(Box::pin(told));
        self
    }

    /// The length of a window of the timeline, from 100 ms to an hour; 1 s unless stated. A short load wants shorter ones
    /// for its trends to be told, a long one at a low rate longer ones.
    pub fn window(mut self, length: Duration) -> Self {
        self.reading = Reading::in_windows(length);
        self
    }

    /// Lets `listener` hear what the journal is told of this load, every `tick`.
    pub(crate) fn heard_by(mut self, listener: Arc<dyn Sink>, tick: Duration) -> Self {
        self.listener = Some(listener);
        self.reading.tick = tick;
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
    /// the end, and the case goes on whatever the verdict. Those with windows (`latency.p99 < 250ms over 10s`) are
    /// looked at while the load runs, and `abort` at their end stops the case as soon as one is missed.
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
        if !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&self.reading.window) {
            let window = show_duration(self.reading.window);
            return Err(RunError::Window { load: name, window }.into());
        }
        let mut expectations: Vec<Expectation> = self.expectations.into_iter().collect::<Result<_, _>>()?;
        if let Some(other) = expectations.iter().find(|stated| !stated.is_about(&name)) {
            return Err(RunError::OtherLoad { expectation: other.to_string(), load: name }.into());
        }
        expectations.extend(inner.expectations.iter().filter(|set| set.is_about(&name)).cloned());
        let overrides = match self.level {
            Level::FromOutside => inner.terms.overrides(),
            Level::ItsOwn => inner.terms.overrides().of_time(),
            Level::ItsOwnWithItsLength => Overrides::NONE,
        };
        let load = self.load.checked().and_then(|load| load.adjusted(&overrides)).map_err(RunError::from)?;
        let warm_up = self.warm_up.and_then(|length| overrides.of_warm_up(length));
        load.within_limits(warm_up.unwrap_or(Duration::ZERO)).map_err(RunError::from)?;
        let part = self.cx.part();
        let here = |n: u64| part.of_count(n).max(1);
        let max_in_flight =
            inner.terms.max_in_flight(self.max_in_flight.map(|most| here(most as u64) as usize));
        let limit = inner.terms.settings.count("max_concurrency").unwrap_or(u64::MAX);
        let users = match &load {
            Load::Open(_) => 0,
            Load::Closed(_) => part.of_count(load.peak() as u64),
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
        let stop = self.stop.child();
        let journal = Arc::new(ToJournal::new(&self.cx, &expectations));
        let timeout = inner.terms.duration("timeout", self.timeout);
        let drain = inner.terms.duration("drain", self.drain);
        let listener = self.listener;
        let together = inner
            .cluster
            .as_ref()
            .map(|nodes| Together::new(&self.cx, nodes, &name, &journal, listener.clone()));
        if let Some(together) = &together {
            let terms = [("warm-up", warm_up), ("timeout", Some(timeout)), ("drain", Some(drain))];
            let terms = terms.map(|(what, length)| length.map(|l| format!(", {what} {}", show_duration(l))));
            let terms: String = terms.into_iter().flatten().collect();
            together.begin(&load, &terms, self.reading, &stop).await?;
        }
        let running = inner.faults.load(&name, warm_up.unwrap_or_default());
        let job = Job {
            name,
            number: running.number(),
            purpose: self.purpose,
            warm_up,
            load,
            part,
            starts_at: together.as_ref().and_then(|together| together.starts_at()),
            timeout,
            drain,
            retry: self.retry,
            max_in_flight,
            seed: inner.terms.seed,
            stop: stop.clone(),
            reading: self.reading,
            case_started: inner.journal.began(),
            sink: match (&together, listener) {
                (Some(together), _) => Arc::clone(together) as _,
                (None, Some(listener)) => Arc::new(Both(Arc::clone(&journal), listener)),
                (None, None) => Arc::clone(&journal) as _,
            },
            collecting: Collecting::ByThread,
            counters: Box::new(move || counters.inner.counters.read()),
            traffic: inner.traffic.clone(),
        };
        // A stop of the whole case goes to the others as such.
        let is_alone = || !inner.stop.is_stopped();
        let end_all = |reason| together.iter().filter(|_| is_alone()).for_each(|all| all.end(reason));
        let driven = ended_by(self.until, &stop, &self.stop, end_all, drive(job, workload)).await;
        drop(running);
        let mut observation = driven.map_err(|error| RunError::Failed(error.to_string()))?;
        if let Some(together) = &together {
            observation = together.finish(observation).await;
        }
        self.cx.has_run(&observation.load);
        let run = Run::new(self.cx, observation);
        let mut watched = journal.judgements(run.observation()).into_iter();
        for expectation in &expectations {
            match expectation.watching() {
                Some(_) => run.judged(watched.next()),
                None => run.judge(expectation),
            }
        }
        Ok(run)
    }
}

/// Waits for `driven`, whose `stop` is ended once `until` is ready. What ends it alone (`until`, or a stop of its own
/// `above` it that is not the case's) is passed on to the other nodes by `end_all`.
async fn ended_by(
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    stop: &StopToken,
    above: &StopToken,
    end_all: impl Fn(Option<StopReason>),
    driven: impl Future<Output = std::result::Result<Observation, DriveError>>,
) -> std::result::Result<Observation, DriveError> {
    let until = async {
        match until {
            Some(until) => until.await,
            None => std::future::pending().await,
        }
    };
    let mut driven = std::pin::pin!(driven);
    tokio::select! {
        biased;
        observation = &mut driven => return observation,
        () = until => {
            stop.end();
            end_all(None);
        }
        () = above.halted() => end_all(above.reason()),
    }
    driven.await
}
