mod overload;

use std::{sync::Arc, time::Duration};

pub use overload::OverloadRecovery;

use super::{
    ProcedureError,
    steady::{Answer, Steady, TICK},
    terms::{Terms, setters},
};
use crate::{
    IntoOutcome, Op, Retry,
    context::{Context, LoadBuilder, Run, RunError},
    engine::{Async, Workload},
    error::Result,
    expect::IntoExpectation,
    judge::{Detail, Finding, Recovery, Tolerance},
    load::{Load, Overrides},
    observe::Figures,
    units::Rate,
};

const NAME: &str = "exhaustion and recovery";

/// Operations of a window at least, and so 60 of three windows in a row: when all of those are normal, fewer than 5 % of
/// the operations still are not, with 95 % confidence.
const LEAST_OPERATIONS: f64 = 20.0;

/// Operations of the baseline at least: what its p99 is worth something with.
const LEAST_BASELINE: f64 = 100.0;

/// A window is no shorter than this, however many operations there are.
const SHORTEST_WINDOW: Duration = Duration::from_secs(1);

/// The highest rate where nothing is stated.
const USUAL_OVERLOAD: f64 = 1_000.0;

/// The share of the places in flight that is the steady load's where nothing is stated.
const STEADY_PLACES: usize = 4;

/// Overloads a target and finds whether and when it comes back to normal.
///
/// A steady open load runs from beginning to end on one clock: alone, which is the baseline; beside the overload; and
/// alone again until it is back to normal or the limit is over, at the same rate as before. Recovered is the first
/// moment after the overload from which p99, failures and goodput of the steady load are normal for three windows of a
/// second in a row ([`Tolerance`] says what is normal); a window ends every 100 ms, so that a target that comes back is
/// told within some 0.1 s. All of that is repeated, the worst attempt decides, and the first that does not recover is
/// the last. Later attempts are held against the first one's baseline.
///
/// Unless stated otherwise: a steady load of 100/s, 10 s of it alone, an overload of 1000/s (times the factor of the
/// severity) for 10 s, a limit of 60 s, 3 attempts. A window has at least 20 operations, and is longer than a second
/// where the steady load is under 20/s; at 100/s three windows have the 300 operations that a p99 needs.
///
/// Rates and users that are set from outside do not change its loads. A duration changes the overload's, `time_scale` the
/// overload's and the baseline's.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, per_second, procedure::ExhaustionRecovery, seconds};
///
/// #[proofload::case(slow, max_concurrency = 1000)]
/// async fn comes_back(cx: Context) -> Result {
///     let procedure = ExhaustionRecovery::new().overload(per_second(5_000), seconds(5));
///     let found = procedure.run(&cx, |_op| search()).await?;
///     cx.require(found.recovered_within(seconds(10)), format!("it {}", found.recovery));
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct ExhaustionRecovery {
    terms: Terms,
    steady: Rate,
    steady_retry: Retry,
    baseline: Duration,
    overload: Overload,
    retry: Retry,
    drain: Option<Duration>,
    tolerance: Tolerance,
    limit: Duration,
    attempts: u32,
}

/// What is thrown at the target.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Overload {
    /// The usual, as hard as the severity says.
    Usual,
    /// So many operations at once.
    Burst(u32),
    /// A rate for a time.
    Rate(Rate, Duration),
}

/// The loads of an attempt, fitted to each other.
struct Plan {
    overload: Load,
    steady: Load,
    baseline: Duration,
    window: Duration,
    /// Operations in flight of the steady load ...
    steady_places: usize,
    /// ... and of the overload.
    overload_places: usize,
}

impl Default for ExhaustionRecovery {
    fn default() -> Self {
        Self::new()
    }
}

impl ExhaustionRecovery {
    /// With the terms above.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            steady: Rate::new(100.0),
            steady_retry: Retry::NEVER,
            baseline: Duration::from_secs(10),
            overload: Overload::Usual,
            retry: Retry::NEVER,
            drain: None,
            tolerance: Tolerance::default(),
            limit: Duration::from_secs(60),
            attempts: 3,
        }
    }

    setters!();

    /// The rate of the steady load.
    pub const fn steady(mut self, rate: Rate) -> Self {
        self.steady = rate;
        self
    }

    /// Tries the steady load's failed and rejected operations again. Clients that do keep some targets down for good.
    pub const fn steady_retry(mut self, retry: Retry) -> Self {
        self.steady_retry = retry;
        self
    }

    /// How long the steady load runs alone at first.
    pub const fn baseline(mut self, length: Duration) -> Self {
        self.baseline = length;
        self
    }

    /// Overloads the target with `operations` that all start at once. The overload is over when the last one is.
    pub const fn burst(mut self, operations: u32) -> Self {
        self.overload = Overload::Burst(operations);
        self
    }

    /// Overloads the target with `rate` for `length`. The overload is over when nothing more is due.
    pub const fn overload(mut self, rate: Rate, length: Duration) -> Self {
        self.overload = Overload::Rate(rate, length);
        self
    }

    /// Tries the overload's failed and rejected operations again.
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The time for operations of the overload that still run when nothing more is due.
    pub const fn drain(mut self, longest: Duration) -> Self {
        self.drain = Some(longest);
        self
    }

    /// States what is expected of the overload; may be called several times. It is judged like any expectation of a load.
    pub fn expect(mut self, expectation: impl IntoExpectation) -> Self {
        self.terms.objectives.push(expectation.into_expectation());
        self
    }

    /// How close to the baseline is back to normal.
    pub const fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The longest time to recovery that is waited for.
    pub const fn limit(mut self, longest: Duration) -> Self {
        self.limit = longest;
        self
    }

    /// How often it is done in all.
    pub const fn attempts(mut self, times: u32) -> Self {
        self.attempts = times;
        self
    }

    /// Runs it with an async operation.
    ///
    /// # Errors
    /// The terms contradict themselves, an expectation is malformed, or the case was stopped. That the target does not
    /// recover is no error.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<OverloadRecovery>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.run_workload(cx, Async(operation)).await
    }

    /// Runs it with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`ExhaustionRecovery::run`].
    pub async fn run_workload<W: Workload>(self, cx: &Context, workload: W) -> Result<OverloadRecovery> {
        self.check()?;
        self.terms.objectives(&[])?;
        let plan = self.plan(cx)?;
        let workload = Arc::new(workload);
        let rising = Load::rate(Rate::new(0.0)).ramp_to(self.steady, self.terms.ramp_up);
        self.terms.ramp(cx, rising, &workload).await?;
        let mut found: Vec<Answer> = Vec::new();
        for number in 1..=self.attempts {
            let normal = found.first().map(|first| first.normal.clone());
            match self.attempt(cx, &plan, number, normal, &workload).await {
                Ok(answer) => found.push(answer),
                Err(error) => {
                    conclude(cx, &found);
                    return Err(error);
                }
            }
            let has_recovered = matches!(found.last().map(|a| &a.recovery), Some(Recovery::Recovered { .. }));
            if !has_recovered {
                break;
            }
            if number < self.attempts {
                self.terms.settle(cx).await;
            }
        }
        let exhaustion = conclude(cx, &found);
        match cx.stop_token().reason() {
            Some(reason) => Err(RunError::Stopped { load: "the next attempt".to_owned(), reason }.into()),
            None => Ok(exhaustion),
        }
    }

    /// One time all of it.
    async fn attempt<W: Workload>(
        &self,
        cx: &Context,
        plan: &Plan,
        number: u32,
        normal: Option<Figures>,
        workload: &Arc<W>,
    ) -> Result<Answer> {
        let step = |what: &str, of_attempt: u32| {
            let (at, all) = (3 * (number - 1) + of_attempt, 3 * self.attempts);
            self.terms.step(cx, format!("attempt {number}, {what}"), at as usize, Some(all as usize));
        };
        step("baseline", 1);
        let seen = Arc::new(Steady::new(plan.window, self.tolerance, self.limit, normal));
        let load = self
            .terms
            .load(cx, plan.steady.clone(), "steady")
            .at_its_own_level_and_length()
            .max_in_flight(plan.steady_places);
        let load = load.retry(self.steady_retry).heard_by(Arc::clone(&seen) as _, TICK);
        let load = load.until(Arc::clone(&seen).decided());
        let steady = async {
            let run = load.run_workload(Arc::clone(workload)).await;
            seen.end();
            run
        };
        let overload = async {
            if !cx.is_dry_run() && !seen.baseline(plan.baseline).await {
                return Ok(());
            }
            step("overload", 2);
            let run = self.overloading(cx, plan)?.run_workload(Arc::clone(workload)).await?;
            seen.released(released_s(&run));
            step("recovery", 3);
            Ok(())
        };
        let overload = async {
            let done: Result<()> = overload.await;
            if done.is_err() {
                seen.end();
            }
            done
        };
        let (steady, overloaded) = tokio::join!(steady, overload);
        overloaded?;
        let stopped = steady?.observation().stopped;
        Ok(seen.answer(stopped.map(|reason| format!("the case was stopped: {reason}"))))
    }

    fn overloading(&self, cx: &Context, plan: &Plan) -> Result<LoadBuilder> {
        let builder = self.terms.load(cx, plan.overload.clone(), "overload").probing();
        let builder = builder.retry(self.retry).max_in_flight(plan.overload_places);
        let builder = match self.drain {
            Some(drain) => builder.drain(drain),
            None => builder,
        };
        Ok(self.terms.objectives(&[])?.into_iter().fold(builder, LoadBuilder::expect))
    }

    /// The overload as it is before anything outside changes its length.
    fn load(&self) -> Load {
        match self.overload {
            Overload::Usual => {
                let rate = Rate::new(USUAL_OVERLOAD * self.terms.factor());
                Load::rate(rate).for_duration(Duration::from_secs(10)).into()
            }
            Overload::Burst(operations) => Load::at_once(operations).into(),
            Overload::Rate(rate, length) => Load::rate(rate).for_duration(length).into(),
        }
    }

    /// The window in which the steady load is judged.
    fn window(&self) -> Duration {
        SHORTEST_WINDOW.max(Duration::from_secs_f64(LEAST_OPERATIONS / self.steady.per_second()))
    }

    fn plan(&self, cx: &Context) -> Result<Plan> {
        let overrides: Overrides = cx.terms().overrides().of_time();
        let overload = self.load().checked().map_err(RunError::from)?;
        let length = overload.clone().adjusted(&overrides).map_err(RunError::from)?.length();
        let timeout = cx.terms().duration("timeout", self.terms.timeout);
        let drain = cx.terms().duration("drain", self.drain);
        // Operations at once end by themselves or by their timeout.
        let overloaded = length.unwrap_or(timeout).saturating_add(drain);
        let watched = self.limit.saturating_add(self.window() * (self.tolerance.windows as u32 + 1));
        let least = Duration::from_secs_f64(LEAST_BASELINE / self.steady.per_second());
        let baseline = self.baseline.mul_f64(overrides.time_scale).max(least);
        let rest = overloaded.saturating_add(watched).saturating_add(Duration::from_secs(2));
        let steady = Load::rate(self.steady).for_duration(baseline).called("before");
        let steady = steady.for_duration(rest).called("during and after");
        let (steady_places, overload_places) = self.places(cx.terms().max_in_flight(None))?;
        let window = self.window();
        Ok(Plan { overload, steady: steady.into(), baseline, window, steady_places, overload_places })
    }

    /// How many operations each load may have in flight of `most`: together they stay within the case's limit.
    fn places(&self, most: usize) -> std::result::Result<(usize, usize), ProcedureError> {
        let share = most / STEADY_PLACES;
        let (steady, wanted) = match self.overload {
            Overload::Burst(operations) => {
                let operations = operations as usize;
                (share.min(most.saturating_sub(operations)), operations + 1)
            }
            Overload::Usual | Overload::Rate(..) => (share.max(1).min(most.saturating_sub(1)), 2),
        };
        match steady {
            0 => Err(self.terms.wrong(format!(
                "its overload leaves no place in flight for the steady load beside it, and `max_concurrency` allows \
                 {most}: raise that well over {wanted}, or lower the overload"
            ))),
            _ => Ok((steady, most - steady)),
        }
    }

    fn check(&self) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: &str| Err(self.terms.wrong(reason));
        let is_rate = |rate: Rate| rate.per_second().is_finite() && rate.per_second() > 0.0;
        if !is_rate(self.steady) {
            return wrong("its steady load wants a rate over 0");
        }
        match self.overload {
            Overload::Burst(0) => return wrong("its burst has no operations: give `burst` at least 1"),
            Overload::Rate(rate, _) if !is_rate(rate) => return wrong("its overload wants a rate over 0"),
            Overload::Rate(_, length) if length.is_zero() => {
                return wrong("its overload lasts 0 s: give it a longer duration");
            }
            Overload::Usual | Overload::Burst(_) | Overload::Rate(..) => {}
        }
        let operations = self.baseline.as_secs_f64() * self.steady.per_second();
        if operations < LEAST_BASELINE {
            return Err(self.terms.wrong(format!(
                "its baseline has {operations:.0} operations, too few to say what is normal: make `baseline` longer or \
                 `steady` faster, for at least {LEAST_BASELINE}"
            )));
        }
        if self.tolerance.windows == 0 {
            return wrong("its tolerance wants at least 1 window in a row");
        }
        let hold = self.window().saturating_mul(self.tolerance.windows as u32);
        if self.limit < hold {
            return Err(self.terms.wrong(format!(
                "a recovery has to last for {} windows of {:.1} s to be seen, and its limit is {:.1} s: raise `limit`, or \
                 `steady` where that is under 20/s",
                self.tolerance.windows,
                self.window().as_secs_f64(),
                self.limit.as_secs_f64()
            )));
        }
        match self.attempts {
            0 => wrong("`attempts` wants at least 1"),
            _ => Ok(()),
        }
    }
}

/// When the overload was over, in seconds since the start of the case.
fn released_s(run: &Run) -> f64 {
    run.observation().started_s + run.total().duration_s
}

/// What the attempts come to, put into the report.
fn conclude(cx: &Context, found: &[Answer]) -> OverloadRecovery {
    let attempts: Vec<Recovery> = found.iter().map(|answer| answer.recovery.clone()).collect();
    let unknown = || Recovery::Inconclusive { reason: "no attempt was made".to_owned() };
    let recovery = attempts.iter().cloned().reduce(Recovery::worse).unwrap_or_else(unknown);
    let depth = found.iter().filter_map(|answer| answer.depth).reduce(|a, b| a.deeper(&b));
    if !cx.is_dry_run() && !found.is_empty() {
        let (found, attempts) = (recovery.clone(), attempts.clone());
        cx.found(Finding::new(NAME, Detail::Recovery { found, depth, attempts }));
    }
    OverloadRecovery { recovery, depth, attempts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::Severity,
        units::{millis, per_second, seconds},
    };

    fn refused(procedure: ExhaustionRecovery) -> String {
        procedure.check().unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = ExhaustionRecovery::new;
        assert_eq!(
            refused(new().steady(per_second(10)).baseline(seconds(3))),
            "the procedure `exhaustion and recovery` cannot run: its baseline has 30 operations, too few to say what is \
             normal: make `baseline` longer or `steady` faster, for at least 100"
        );
        assert!(refused(new().steady(per_second(0))).ends_with("its steady load wants a rate over 0"));
        assert!(refused(new().burst(0)).ends_with("give `burst` at least 1"));
        assert!(
            refused(new().overload(per_second(f64::NAN), seconds(1)))
                .ends_with("its overload wants a rate over 0")
        );
        assert!(refused(new().overload(per_second(9), seconds(0))).contains("its overload lasts 0 s"));
        assert!(
            refused(new().tolerance(Tolerance { windows: 0, ..Tolerance::default() }))
                .contains("at least 1 window")
        );
        assert!(refused(new().attempts(0)).ends_with("`attempts` wants at least 1"));
        assert_eq!(
            refused(new().limit(seconds(2))),
            "the procedure `exhaustion and recovery` cannot run: a recovery has to last for 3 windows of 1.0 s to be seen, \
             and its limit is 2.0 s: raise `limit`, or `steady` where that is under 20/s"
        );
        assert_eq!(new().check(), Ok(()));
    }

    #[test]
    fn a_window_has_twenty_operations() {
        let window = |rate| ExhaustionRecovery::new().steady(per_second(rate)).window();
        assert_eq!([5.0, 20.0, 500.0].map(window), [seconds(4), seconds(1), seconds(1)]);
    }

    #[test]
    fn both_loads_together_stay_within_the_limit() {
        let burst = |n| ExhaustionRecovery::new().burst(n);
        assert_eq!(burst(2_000).places(2_200), Ok((200, 2_000)));
        assert_eq!(burst(400).places(2_000), Ok((500, 1_500)));
        assert_eq!(ExhaustionRecovery::new().places(50), Ok((12, 38)));
        assert_eq!(ExhaustionRecovery::new().places(2), Ok((1, 1)));
        assert_eq!(
            burst(2_000).places(2_000).unwrap_err().reason,
            "its overload leaves no place in flight for the steady load beside it, and `max_concurrency` allows 2000: \
             raise that well over 2001, or lower the overload"
        );
        assert!(ExhaustionRecovery::new().places(1).is_err());
    }

    #[test]
    fn severity_changes_what_was_not_stated() {
        let described = |procedure: ExhaustionRecovery| procedure.load().describe();
        assert_eq!(described(ExhaustionRecovery::new().severity(Severity::High)), "2000/s for 10 s");
        let stated =
            ExhaustionRecovery::new().severity(Severity::High).overload(per_second(300), millis(1_500));
        assert_eq!(described(stated), "300/s for 1.5 s");
    }
}
