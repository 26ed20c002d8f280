use std::{sync::Arc, time::Duration};

use super::{
    ProcedureError,
    terms::{Terms, by_objectives, objective_setter, setters},
};
use crate::{
    IntoOutcome, Op,
    context::{Context, Run},
    engine::{Async, Workload},
    error::Result,
    expect::Expectation,
    judge::{BreakingPoint, Degradation, Detail, Finding, Offered, Search, SearchPlan, Steps, TrialResult},
    load::Load,
    units::Rate,
};

const NAME: &str = "maximum throughput";

/// What has to hold unless something else is stated.
const USUAL: [&str; 2] = ["success_rate >= 95%", "latency.p95 <= 500ms"];

/// Operations of a trial at least: what the p95 needs to be judged, and some more.
const LEAST_OPERATIONS: f64 = 100.0;

/// A target that carries out less than this share of what is offered, while it is offered, does not keep up.
const KEEPS_UP: f64 = 0.9;

/// Loads past the peak, as multiples of the goodput there.
const PAST_THE_PEAK: [f64; 3] = [1.1, 1.5, 2.0];

/// Finds the rate up to which a target holds, and what it does beyond.
///
/// Open loads at rising rates, each for a trial's length after a warm-up, with a drain and a pause before the next,
/// until an objective breaks; then the interval is halved until it is narrow, and its ends are tried again. Beyond, at
/// 1.1, 1.5 and 2 times the highest goodput, it is seen how the target degrades. Rates and users that are set from
/// outside do not change the trials; durations and `time_scale` do.
///
/// Unless stated otherwise: 10/s to 1000/s by 50/s (both times the factor of the severity), trials of 5 s after 1 s, to within 5 %; it holds while
/// `success_rate >= 95%` and `latency.p95 <= 500ms`, and carries out 90 % of what is offered while it is.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, per_second, procedure::MaximumThroughput};
///
/// #[proofload::case(slow, max_concurrency = 1000)]
/// async fn where_it_breaks(cx: Context) -> Result {
///     let found = MaximumThroughput::new().to(per_second(5_000)).run(&cx, |_op| search()).await?;
///     cx.require(found.holds_at_least(per_second(500)), "it holds at 500/s");
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct MaximumThroughput {
    terms: Terms,
    plan: SearchPlan,
    to: Option<Rate>,
    steps: Option<Steps>,
    trial: Duration,
    warm_up: Duration,
    goes_past: bool,
}

/// What came of a search for the highest throughput.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Throughput {
    /// The interval in which the target breaks.
    pub breaking_point: BreakingPoint,
    /// What it does beyond.
    pub degradation: Degradation,
    /// What was offered and what succeeded, in the order of the trials.
    pub loads: Vec<Offered>,
}

impl Throughput {
    /// Whether it is known to hold at `rate`.
    pub fn holds_at_least(&self, rate: Rate) -> bool {
        self.breaking_point.holds_per_sec().is_some_and(|holds| holds >= rate.per_second())
    }
}

impl Default for MaximumThroughput {
    fn default() -> Self {
        Self::new()
    }
}

impl MaximumThroughput {
    /// With the terms above.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            plan: SearchPlan::default(),
            to: None,
            steps: None,
            trial: Duration::from_secs(5),
            warm_up: Duration::from_secs(1),
            goes_past: true,
        }
    }

    setters!();
    objective_setter!();

    /// The first rate.
    pub const fn from(mut self, rate: Rate) -> Self {
        self.plan.from = rate;
        self
    }

    /// The last rate.
    pub const fn to(mut self, rate: Rate) -> Self {
        self.to = Some(rate);
        self
    }

    /// Each rate is the one before plus this.
    pub const fn by(mut self, step: Rate) -> Self {
        self.steps = Some(Steps::By(step));
        self
    }

    /// Each rate is the one before times this: fewer trials over a wide range.
    pub const fn times(mut self, factor: f64) -> Self {
        self.steps = Some(Steps::Times(factor));
        self
    }

    /// The search ends when the interval is narrower than this share of its lower end.
    pub const fn to_within(mut self, share: f64) -> Self {
        self.plan.resolution = share;
        self
    }

    /// How often each end of the interval is measured in all.
    pub const fn repeats(mut self, times: u32) -> Self {
        self.plan.repeats = times;
        self
    }

    /// The length of a trial; at low rates it is longer, for enough operations.
    pub const fn trial(mut self, length: Duration) -> Self {
        self.trial = length;
        self
    }

    /// What no statistic counts, before each trial.
    pub const fn warm_up(mut self, length: Duration) -> Self {
        self.warm_up = length;
        self
    }

    /// Ends the search at the breaking point, without looking at what is beyond.
    pub const fn not_past_the_peak(mut self) -> Self {
        self.goes_past = false;
        self
    }

    /// Runs it with an async operation.
    ///
    /// # Errors
    /// The terms contradict themselves, an objective is malformed, or the case was stopped. That the target breaks is
    /// no error.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<Throughput>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.run_workload(cx, Async(operation)).await
    }

    /// Runs it with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`MaximumThroughput::run`].
    pub async fn run_workload<W: Workload>(self, cx: &Context, workload: W) -> Result<Throughput> {
        let plan = self.plan();
        self.check(&plan)?;
        let objectives = self.terms.objectives(&USUAL)?;
        let mut looking = Looking { search: Search::new(plan), loads: Vec::new() };
        let looked = self.look(cx, &objectives, &Arc::new(workload), &mut looking).await;
        if let Err(error) = &looked {
            looking.search.cut_short(&error.to_string());
        }
        let Looking { search, loads } = looking;
        let found =
            Throughput { breaking_point: search.found(), degradation: Degradation::find(&loads), loads };
        if !cx.is_dry_run() {
            let (point, trials) = (found.breaking_point.clone(), search.trials().to_vec());
            let confidence = search.confidence();
            cx.found(Finding::new(NAME, Detail::BreakingPoint { found: point, trials, confidence }));
            let (degradation, loads) = (found.degradation.clone(), found.loads.clone());
            cx.found(Finding::new(NAME, Detail::Degradation { found: degradation, loads }));
        }
        looked.map(|()| found)
    }

    /// Makes the trials; what an error leaves behind is what was found until then.
    async fn look<W: Workload>(
        &self,
        cx: &Context,
        objectives: &[Expectation],
        workload: &Arc<W>,
        looking: &mut Looking,
    ) -> Result<()> {
        let Some(first) = looking.search.next_rate() else { return Ok(()) };
        let rising = Load::rate(Rate::new(0.0)).ramp_to(first, self.terms.ramp_up);
        self.terms.ramp(cx, rising, workload).await?;
        while let Some(rate) = looking.search.next_rate() {
            self.terms.step(cx, format!("trial at {rate}"), looking.loads.len() + 1, None);
            let run = self.trial_at(cx, rate, workload).await?;
            if cx.is_dry_run() {
                return Ok(());
            }
            looking.loads.push(offered(rate, &run));
            looking.search.tell(result(objectives, rate, &run));
        }
        if self.goes_past {
            for rate in past_the_peak(&looking.loads) {
                self.terms.step(cx, format!("past the peak at {rate}"), looking.loads.len() + 1, None);
                let run = self.trial_at(cx, rate, workload).await?;
                looking.loads.push(offered(rate, &run));
            }
        }
        Ok(())
    }

    async fn trial_at<W: Workload>(&self, cx: &Context, rate: Rate, workload: &Arc<W>) -> Result<Run> {
        let least = Duration::from_secs_f64(LEAST_OPERATIONS / rate.per_second());
        let load = Load::rate(rate).for_duration(self.trial.max(least));
        let builder = self.terms.load(cx, load, format!("trial at {rate}")).warm_up(self.warm_up).probing();
        let run = builder.run_workload(Arc::clone(workload)).await?;
        self.terms.settle(cx).await;
        Ok(run)
    }

    /// The search with what was not stated filled in by the severity.
    fn plan(&self) -> SearchPlan {
        let usual = self.plan;
        let harder = |rate: Rate| Rate::new(rate.per_second() * self.terms.factor());
        let steps = match usual.steps {
            Steps::By(step) => Steps::By(harder(step)),
            times @ Steps::Times(_) => times,
        };
        SearchPlan { to: self.to.unwrap_or(harder(usual.to)), steps: self.steps.unwrap_or(steps), ..usual }
    }

    fn check(&self, plan: &SearchPlan) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: String| Err(self.terms.wrong(reason));
        let (from, to) = (plan.from, plan.to);
        let is_rate = |rate: Rate| rate.per_second().is_finite() && rate.per_second() > 0.0;
        let grows = match plan.steps {
            Steps::By(step) => is_rate(step),
            Steps::Times(factor) => factor.is_finite() && factor > 1.0,
        };
        if !is_rate(from) || !is_rate(to) {
            return wrong(format!("it goes from {from} to {to}: both must be over 0"));
        }
        if from.per_second() > to.per_second() {
            return wrong(format!("it begins at {from}, over its end of {to}: exchange the two"));
        }
        if !grows {
            return wrong(
                "its steps do not grow: `by` wants a rate over 0, `times` a factor over 1".to_owned(),
            );
        }
        if !(plan.resolution.is_finite() && plan.resolution > 0.0) {
            return wrong("`to_within` wants a share over 0, such as 0.05".to_owned());
        }
        if plan.repeats == 0 {
            return wrong("`repeats` wants at least 1".to_owned());
        }
        match self.trial.is_zero() {
            true => wrong("its trials last 0 s: give `trial` a longer duration".to_owned()),
            false => Ok(()),
        }
    }
}

/// A search under way.
struct Looking {
    search: Search,
    loads: Vec<Offered>,
}

/// What a trial came to, by its objectives, and by whether the target kept up: what piles up in a queue for the few
/// seconds of a trial succeeds in time, and would not for long.
fn result(objectives: &[Expectation], rate: Rate, run: &Run) -> TrialResult {
    match by_objectives(objectives, run) {
        TrialResult::Held => by_backlog(rate, run),
        result => result,
    }
}

fn by_backlog(rate: Rate, run: &Run) -> TrialResult {
    let done = run.total().throughput().unwrap_or(0.0);
    match done < KEEPS_UP * rate.per_second() {
        true => TrialResult::Broke {
            objective: format!("work piles up: {} were carried out", Rate::new(done.round())),
        },
        false => TrialResult::Held,
    }
}

fn offered(rate: Rate, run: &Run) -> Offered {
    let goodput = run.total().goodput().unwrap_or(0.0);
    Offered { offered_per_sec: rate.per_second(), goodput_per_sec: goodput }
}

/// The rates that were not offered yet at which degradation is looked at.
fn past_the_peak(loads: &[Offered]) -> Vec<Rate> {
    let peak = loads.iter().map(|load| load.goodput_per_sec).fold(0.0, f64::max);
    let times = PAST_THE_PEAK.into_iter().map(|times| times * peak).filter(|rate| *rate > 0.0);
    times.map(Rate::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::Severity, units::per_second};

    fn refused(procedure: MaximumThroughput) -> String {
        procedure.check(&procedure.plan()).unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = MaximumThroughput::new;
        assert_eq!(
            refused(new().from(per_second(500)).to(per_second(100))),
            "the procedure `maximum throughput` cannot run: it begins at 500/s, over its end of 100/s: exchange the two"
        );
        assert!(refused(new().from(per_second(0))).ends_with("both must be over 0"));
        assert!(refused(new().to(per_second(f64::NAN))).ends_with("both must be over 0"));
        assert!(refused(new().by(per_second(0))).contains("`by` wants a rate over 0"));
        assert!(refused(new().times(1.0)).contains("`times` a factor over 1"));
        assert!(refused(new().to_within(0.0)).contains("`to_within` wants a share over 0"));
        assert!(refused(new().repeats(0)).contains("`repeats` wants at least 1"));
        assert!(refused(new().trial(Duration::ZERO)).contains("its trials last 0 s"));
        assert_eq!(new().check(&new().plan()), Ok(()));
    }

    #[test]
    fn severity_moves_what_was_not_stated() {
        let plan = MaximumThroughput::new().severity(Severity::High).plan();
        assert_eq!((plan.to, plan.steps), (per_second(2_000), Steps::By(per_second(100))));
        let plan = MaximumThroughput::new().severity(Severity::Low).to(per_second(300)).times(2.0).plan();
        assert_eq!((plan.to, plan.steps), (per_second(300), Steps::Times(2.0)));
    }

    #[test]
    fn past_the_peak_are_multiples_of_what_succeeded_at_most() {
        let load = |offered_per_sec, goodput_per_sec| Offered { offered_per_sec, goodput_per_sec };
        let rates = past_the_peak(&[load(100.0, 100.0), load(300.0, 200.0)]);
        let rates: Vec<f64> = rates.iter().map(|rate| rate.per_second().round()).collect();
        assert_eq!(rates, [220.0, 300.0, 400.0]);
        assert_eq!(past_the_peak(&[load(100.0, 0.0)]), []);
    }
}
