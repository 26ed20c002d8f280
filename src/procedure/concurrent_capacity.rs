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
    judge::{
        Capacity, CapacityPlan, CapacitySearch, CapacitySteps, Concurrent, Detail, Finding, Plateau, Served,
    },
    load::Load,
};

const NAME: &str = "concurrent capacity";

/// What has to hold unless something else is stated.
const USUAL: [&str; 1] = ["success_rate >= 95%"];

/// Finds how many operations at once a target serves, and from how many on it does no more.
///
/// Users without a pause, in rising numbers, each number for a trial's length after a warm-up, with a drain and a pause
/// before the next, until an objective breaks; then the interval is halved down to the exact number, and its ends are
/// tried again. That is the *capacity*: a target that refuses, fails or times out beyond c has the capacity c. One that
/// lets the others wait instead holds at any number; its places show in the *saturation*, the number of users from which
/// on goodput rises no more, which is narrowed down by trials of its own. Users that are set from outside do not change
/// the trials; durations and `time_scale` do.
///
/// Unless stated otherwise: 1 to 64 users (times the factor of the severity, and no more than the `max_concurrency` of
/// the case), doubling, trials of 5 s after 1 s; it holds while `success_rate >= 95%`.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, procedure::ConcurrentCapacity};
///
/// #[proofload::case(slow, max_concurrency = 200)]
/// async fn how_many_at_once(cx: Context) -> Result {
///     let found = ConcurrentCapacity::new().to(200).run(&cx, |_op| search()).await?;
///     cx.require(found.serves_at_least(15), format!("it serves 15 at once: {}", found.capacity));
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct ConcurrentCapacity {
    terms: Terms,
    plan: CapacityPlan,
    to: Option<u32>,
    trial: Duration,
    warm_up: Duration,
    narrows_saturation: bool,
}

/// What came of a search for the capacity in concurrent operations.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OperationsAtOnce {
    /// Up to how many the objectives hold.
    pub capacity: Capacity,
    /// From how many on goodput rises no more.
    pub saturation: Plateau,
    /// What each number of users came to, in the order of the trials.
    pub levels: Vec<Served>,
}

impl OperationsAtOnce {
    /// Whether it is known to serve `users` at once.
    pub fn serves_at_least(&self, users: u64) -> bool {
        self.capacity.holds().is_some_and(|holds| holds >= users)
    }
}

impl Default for ConcurrentCapacity {
    fn default() -> Self {
        Self::new()
    }
}

impl ConcurrentCapacity {
    /// With the terms above.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            plan: CapacityPlan::default(),
            to: None,
            trial: Duration::from_secs(5),
            warm_up: Duration::from_secs(1),
            narrows_saturation: true,
        }
    }

    setters!();
    objective_setter!();

    /// The first number of users.
    pub const fn from(mut self, users: u32) -> Self {
        self.plan.from = users as u64;
        self
    }

    /// The last number of users.
    pub const fn to(mut self, users: u32) -> Self {
        self.to = Some(users);
        self
    }

    /// Each number is the one before plus this.
    pub const fn by(mut self, users: u32) -> Self {
        self.plan.steps = CapacitySteps::By(users as u64);
        self
    }

    /// Each number is the one before times this.
    pub const fn times(mut self, factor: f64) -> Self {
        self.plan.steps = CapacitySteps::Times(factor);
        self
    }

    /// The search ends when the interval is no wider than this many users; 1 is the exact number.
    pub const fn to_within(mut self, users: u32) -> Self {
        self.plan.resolution = users as u64;
        self
    }

    /// How often each end of the interval is measured in all.
    pub const fn repeats(mut self, times: u32) -> Self {
        self.plan.repeats = times;
        self
    }

    /// The length of a trial.
    pub const fn trial(mut self, length: Duration) -> Self {
        self.trial = length;
        self
    }

    /// What no statistic counts, before each trial.
    pub const fn warm_up(mut self, length: Duration) -> Self {
        self.warm_up = length;
        self
    }

    /// Says of the saturation only what the search has shown, without trials for it alone.
    pub const fn without_narrowing_saturation(mut self) -> Self {
        self.narrows_saturation = false;
        self
    }

    /// Runs it with an async operation.
    ///
    /// # Errors
    /// The terms contradict themselves or ask for more than `max_concurrency`, an objective is malformed, or the case was
    /// stopped. That the target breaks is no error.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<OperationsAtOnce>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.run_workload(cx, Async(operation)).await
    }

    /// Runs it with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`ConcurrentCapacity::run`].
    pub async fn run_workload<W: Workload>(self, cx: &Context, workload: W) -> Result<OperationsAtOnce> {
        let plan = self.plan(cx.most_users());
        self.check(&plan)?;
        self.terms.within_limit(cx, plan.to, "operations")?;
        let objectives = self.terms.objectives(&USUAL)?;
        let mut looking = Looking { search: CapacitySearch::new(plan), levels: Vec::new() };
        let looked = self.look(cx, &objectives, &Arc::new(workload), &mut looking).await;
        if let Err(error) = &looked {
            looking.search.cut_short(&error.to_string());
        }
        let found = OperationsAtOnce {
            capacity: looking.search.found(),
            saturation: Plateau::find(&looking.levels),
            levels: looking.levels,
        };
        if !cx.is_dry_run() {
            let (capacity, trials) = (found.capacity.clone(), looking.search.trials().to_vec());
            let (of, confidence) = (Concurrent::Operations, looking.search.confidence());
            cx.found(Finding::new(NAME, Detail::Capacity { of, found: capacity, trials, confidence }));
            let (saturation, levels) = (found.saturation.clone(), found.levels.clone());
            cx.found(Finding::new(NAME, Detail::Saturation { found: saturation, levels }));
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
        let Some(first) = looking.search.next_level() else { return Ok(()) };
        self.terms.ramp(cx, Load::users(0).ramp_to(first as u32, self.terms.ramp_up), workload).await?;
        while let Some(level) = looking.search.next_level() {
            let run = self.trial_of(cx, level, workload, looking.levels.len() + 1).await?;
            if cx.is_dry_run() {
                return Ok(());
            }
            looking.levels.push(served(level, &run));
            looking.search.tell(by_objectives(objectives, &run));
        }
        while let Some(level) = self.narrower(&looking.levels) {
            let run = self.trial_of(cx, level, workload, looking.levels.len() + 1).await?;
            looking.levels.push(served(level, &run));
        }
        Ok(())
    }

    async fn trial_of<W: Workload>(
        &self,
        cx: &Context,
        users: u64,
        workload: &Arc<W>,
        number: usize,
    ) -> Result<Run> {
        let name = format!("trial with {users} {}", if users == 1 { "user" } else { "users" });
        self.terms.step(cx, &name, number, None);
        let load = Load::users(users as u32).for_duration(self.trial);
        let builder = self.terms.load(cx, load, name).warm_up(self.warm_up).probing();
        let run = builder.run_workload(Arc::clone(workload)).await?;
        self.terms.settle(cx).await;
        Ok(run)
    }

    /// The number of users to try for the saturation alone. A new highest goodput can move it, so each is tried once.
    fn narrower(&self, levels: &[Served]) -> Option<u64> {
        let wanted = Plateau::find(levels).next_level().filter(|_| self.narrows_saturation);
        wanted.filter(|wanted| levels.iter().all(|served| served.level != *wanted))
    }

    /// The search with what was not stated filled in by the severity and the limit of the case.
    fn plan(&self, limit: Option<u64>) -> CapacityPlan {
        let usual = (self.plan.to as f64 * self.terms.factor()) as u64;
        let usual = usual.min(limit.unwrap_or(u64::MAX)).max(self.plan.from);
        CapacityPlan { to: self.to.map_or(usual, u64::from), ..self.plan }
    }

    fn check(&self, plan: &CapacityPlan) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: String| Err(self.terms.wrong(reason));
        let (from, to) = (plan.from, plan.to);
        let grows = match plan.steps {
            CapacitySteps::By(step) => step > 0,
            CapacitySteps::Times(factor) => factor.is_finite() && factor > 1.0,
        };
        if from == 0 {
            return wrong("it begins with 0 users: `from` wants at least 1".to_owned());
        }
        if from > to {
            return wrong(format!("it begins with {from} users, over its end of {to}: exchange the two"));
        }
        if !grows {
            return wrong(
                "its steps do not grow: `by` wants at least 1 user, `times` a factor over 1".to_owned(),
            );
        }
        if plan.resolution == 0 {
            return wrong("`to_within` wants at least 1 user".to_owned());
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
    search: CapacitySearch,
    levels: Vec<Served>,
}

fn served(level: u64, run: &Run) -> Served {
    let figures = run.total();
    let response = &figures.response;
    Served {
        level,
        goodput_per_sec: figures.goodput().unwrap_or(0.0),
        response_mean_s: (!response.is_empty()).then(|| response.mean().as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Severity;

    fn refused(procedure: ConcurrentCapacity) -> String {
        procedure.check(&procedure.plan(None)).unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = ConcurrentCapacity::new;
        assert_eq!(
            refused(new().from(20).to(10)),
            "the procedure `concurrent capacity` cannot run: it begins with 20 users, over its end of 10: exchange the two"
        );
        assert!(refused(new().from(0)).ends_with("`from` wants at least 1"));
        assert!(refused(new().to(0)).ends_with("over its end of 0: exchange the two"));
        assert!(refused(new().by(0)).contains("`by` wants at least 1 user"));
        for factor in [1.0, 0.5, f64::NAN, f64::INFINITY] {
            assert!(refused(new().times(factor)).contains("`times` a factor over 1"));
        }
        assert!(refused(new().to_within(0)).contains("`to_within` wants at least 1 user"));
        assert!(refused(new().repeats(0)).contains("`repeats` wants at least 1"));
        assert!(refused(new().trial(Duration::ZERO)).contains("its trials last 0 s"));
        assert_eq!(new().check(&new().plan(None)), Ok(()));
    }

    #[test]
    fn severity_and_the_limit_of_the_case_move_what_was_not_stated() {
        let most = |severity, limit| ConcurrentCapacity::new().severity(severity).plan(limit).to;
        assert_eq!(most(Severity::Low, None), 32);
        assert_eq!(most(Severity::Medium, Some(1_000)), 64);
        assert_eq!(most(Severity::Critical, None), 256);
        assert_eq!(most(Severity::Critical, Some(50)), 50);
        assert_eq!(ConcurrentCapacity::new().to(300).plan(Some(50)).to, 300, "what is stated stands");
        assert_eq!(ConcurrentCapacity::new().from(100).plan(Some(50)).to, 100);
    }

    #[test]
    fn a_number_of_users_is_tried_once_for_the_saturation() {
        let served = |level: u64, goodput_per_sec| Served { level, goodput_per_sec, response_mean_s: None };
        let procedure = ConcurrentCapacity::new();
        let levels = [served(4, 200.0), served(8, 350.0), served(16, 350.0)];
        assert_eq!(procedure.narrower(&levels), Some(6));
        let without = ConcurrentCapacity::new().without_narrowing_saturation();
        assert_eq!(without.narrower(&levels), None);
        let levels = [served(6, 300.0), served(7, 350.0), served(16, 350.0)];
        assert_eq!(procedure.narrower(&levels), None);
    }
}
