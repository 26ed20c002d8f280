use std::{any::Any, fmt, sync::Arc, time::Duration};

use super::{
    ProcedureError,
    pressed::{Steady, not_only_pressed, steady_load_setters},
    terms::{Terms, by_objectives, objective_setter, setters},
};
use crate::{
    IntoOutcome, Op, Retry,
    context::{Context, LoadBuilder, Run},
    engine::{Async, Workload},
    error::Result,
    fault::{Faults, Injection, Latency},
    judge::{Detail, FaultyLoads, Finding, InjectedFaults, Recovery, Resilience, Tolerance, TrialResult},
    observe::Observation,
    units::{Ratio, mib},
};

const NAME: &str = "failure injection";

/// What has to hold with faults unless something else is stated.
const USUAL: [&str; 1] = ["success_rate >= 95%"];

/// The share of the operations that meets a fault at medium severity.
const USUAL_SHARE: f64 = 0.05;

/// The longest time for one operation where nothing is stated: it is what a hang costs.
const USUAL_TIMEOUT: Duration = Duration::from_secs(2);

/// What an operation is delayed by in the mean, and how long it holds what it holds.
const USUAL_DELAY: Duration = Duration::from_millis(100);
const USUAL_HOLD: Duration = Duration::from_secs(1);

/// The steps: without faults, with them, after them.
const STEPS: usize = 3;

/// How a target fares while a share of its operations meets faults: a steady load without, with and after them.
///
/// Unless stated otherwise 5 % of the operations (times the factor of the severity) meet one of four, evenly: an error, a
/// hang until the timeout of 2 s, a delay (exponential, 100 ms in the mean), and 1 MiB of memory that is held for a
/// second. With them `success_rate >= 95%` has to hold, at 50/s for 10 s; what fails is not tried again. State the
/// [`faults`](FailureInjection::faults) of your own, at points of the target's code for instance, and the
/// [`retry`](FailureInjection::retry) with which your callers meet them; or whatever else is to be broken
/// [`meanwhile`](FailureInjection::meanwhile).
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, Retry, percent, procedure::FailureInjection};
///
/// #[proofload::case(time_limit = "2m")]
/// async fn stands_faults(cx: Context) -> Result {
///     let procedure = FailureInjection::new().share(percent(10)).retry(Retry::times(2));
///     let found = procedure.objective("success_rate >= 99%").run(&cx, |_op| search()).await?;
///     found.judge(&cx);
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct FailureInjection {
    terms: Terms,
    steady: Steady,
    retry: Retry,
    share: Option<Ratio>,
    faults: Option<Faults>,
    meanwhile: Option<Meanwhile>,
    window: Option<Duration>,
    tolerance: Option<Tolerance>,
}

/// Heals something when it is dropped.
type Broken = Box<dyn Any + Send>;

type Apply = dyn Fn(&Context) -> Result<Broken> + Send + Sync;

/// Something of the user's own that is broken until its guard is dropped.
#[derive(Clone)]
struct Meanwhile {
    name: String,
    apply: Arc<Apply>,
}

impl Meanwhile {
    /// Breaks it, unless nothing is to be done; it is healed when both are dropped, and the report knows until when.
    fn begin(&self, cx: &Context) -> Result<Option<(Broken, Injection)>> {
        match cx.is_dry_run() {
            true => Ok(None),
            false => Ok(Some(((self.apply)(cx)?, cx.mark_fault(&self.name)))),
        }
    }
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meanwhile").field(&self.name).finish()
    }
}

impl Default for FailureInjection {
    fn default() -> Self {
        Self::new()
    }
}

impl FailureInjection {
    /// With the terms above.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            steady: Steady::new(),
            retry: Retry::NEVER,
            share: None,
            faults: None,
            meanwhile: None,
            window: None,
            tolerance: None,
        }
    }

    setters!();
    objective_setter!();
    steady_load_setters!();

    /// Tries failed operations again, in all three loads.
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The share of the operations that meets one of the usual faults.
    pub const fn share(mut self, share: Ratio) -> Self {
        self.share = Some(share);
        self
    }

    /// These faults, with their own share, instead of the usual ones.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    /// Breaks something of the user's own, called `name`, while the load with faults runs: a network behind a proxy, a
    /// disk, a neighbour. Dropping what `apply` returns has to heal it. There are no other faults then unless
    /// [`faults`](FailureInjection::faults) states some.
    ///
    /// ```no_run
    /// # async fn search() {}
    /// # struct Unplugged;
    /// # fn unplug() -> std::io::Result<Unplugged> { Ok(Unplugged) }
    /// # async fn case(cx: proofload::Context) -> proofload::Result {
    /// use proofload::procedure::FailureInjection;
    ///
    /// let procedure = FailureInjection::new().meanwhile("the cable is out", |_cx| Ok(unplug()?));
    /// let found = procedure.run(&cx, |_op| search()).await?;
    /// # let _ = found;
    /// # cx.done()
    /// # }
    /// ```
    pub fn meanwhile<G: Send + 'static>(
        mut self,
        name: impl Into<String>,
        apply: impl Fn(&Context) -> Result<G> + Send + Sync + 'static,
    ) -> Self {
        let apply = move |cx: &Context| apply(cx).map(|guard| Box::new(guard) as Broken);
        self.meanwhile = Some(Meanwhile { name: name.into(), apply: Arc::new(apply) });
        self
    }

    /// The length of a window, in which it is judged whether the target came back; 1 s unless stated.
    pub const fn window(mut self, length: Duration) -> Self {
        self.window = Some(length);
        self
    }

    /// How close to the load without faults is back to normal.
    pub const fn tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// Runs it with an async operation.
    ///
    /// # Errors
    /// The terms contradict themselves, the faults do, an objective is malformed, or the case was stopped; what was found
    /// until then is in the report. That the target breaks is no error.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<Resilience>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.run_workload(cx, Async(operation)).await
    }

    /// Runs it with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`FailureInjection::run`].
    pub async fn run_workload<W: Workload>(self, cx: &Context, workload: W) -> Result<Resilience> {
        self.check()?;
        let objectives = self.terms.objectives(&USUAL)?;
        let workload = Arc::new(workload);
        let mut seen = Seen::default();
        let ended = self.run_loads(cx, &workload, &mut seen).await;
        let result = match &seen.faulty {
            Some(run) => match run.observation().stopped {
                None => by_objectives(&objectives, run),
                Some(reason) => unknown(format!("the load with faults was stopped: {reason}")),
            },
            None => unknown("it did not come to the load with faults".to_owned()),
        };
        let result = match (result, &seen.baseline) {
            (TrialResult::Broke { objective }, Some(baseline)) => {
                not_only_pressed(&objectives, baseline, objective, "faults")
            }
            (result, _) => result,
        };
        let (baseline, faulty, after) =
            (observed(&seen.baseline), observed(&seen.faulty), observed(&seen.after));
        let loads = FaultyLoads { baseline, faulty, after };
        let tolerance = self.tolerance.map_or_else(
            || tolerance(after),
            |stated| Tolerance { windows: stated.windows.min(tolerance(after).windows), ..stated },
        );
        let found = Resilience::find(seen.injected, loads, result, &tolerance);
        if !cx.is_dry_run() && seen.baseline.is_some() {
            cx.found(Finding::new(NAME, Detail::Resilience { found: found.clone() }));
        }
        ended.map(|()| found)
    }

    async fn run_loads<W: Workload>(&self, cx: &Context, workload: &Arc<W>, seen: &mut Seen) -> Result<()> {
        let terms = &self.terms;
        terms.ramp(cx, self.steady.rising(terms.ramp_up), workload).await?;
        terms.step(cx, "without faults", 1, Some(STEPS));
        seen.baseline = Some(self.builder(cx, "without faults").run_workload(Arc::clone(workload)).await?);
        terms.settle(cx).await;
        terms.step(cx, "with faults", 2, Some(STEPS));
        let own = self.meanwhile.as_ref().map(|own| own.begin(cx)).transpose()?;
        let faults = self.injected().map(|faults| cx.inject(faults)).transpose()?;
        let load = self.builder(cx, "with faults").probing();
        let run = match &faults {
            Some(faults) => load.run_workload(faults.around_workload(Arc::clone(workload))).await,
            None => load.run_workload(Arc::clone(workload)).await,
        };
        seen.injected = Some(self.counted(faults.as_ref()));
        drop((faults, own));
        seen.faulty = Some(run?);
        if let Some(own) = seen.injected.clone() {
            seen.injected = Some(everywhere(cx, own).await?);
        }
        terms.settle(cx).await;
        terms.step(cx, "after faults", 3, Some(STEPS));
        seen.after = Some(self.builder(cx, "after faults").run_workload(Arc::clone(workload)).await?);
        Ok(())
    }

    /// As every other load, these follow what is set from outside: it is no search.
    fn builder(&self, cx: &Context, name: &str) -> LoadBuilder {
        let timeout = self.terms.timeout.unwrap_or(USUAL_TIMEOUT);
        let builder = cx.load(self.steady.load()).named(name).timeout(timeout).retry(self.retry);
        match self.window {
            Some(window) => builder.window(window),
            None => builder,
        }
    }

    /// What is injected: nothing but what is stated where something else is broken meanwhile.
    fn injected(&self) -> Option<Faults> {
        match (&self.faults, &self.meanwhile) {
            (Some(faults), _) => Some(faults.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(usual(self.usual_share())),
        }
    }

    fn usual_share(&self) -> Ratio {
        self.share.unwrap_or(Ratio::new(USUAL_SHARE * self.terms.factor()))
    }

    fn counted(&self, faults: Option<&Injection>) -> InjectedFaults {
        let own = self.meanwhile.as_ref().map(|own| own.name.clone());
        let plan: Vec<String> =
            faults.map(|faults| faults.plan().to_owned()).into_iter().chain(own).collect();
        InjectedFaults {
            plan: plan.join(", and "),
            kinds: faults.map(|faults| faults.met_by_kind()),
            passed: faults.map_or(0, |faults| faults.passed()),
        }
    }

    fn check(&self) -> std::result::Result<(), ProcedureError> {
        self.steady.check(&self.terms)?;
        let share = self.usual_share().share();
        match (&self.faults, &self.meanwhile, self.share) {
            (Some(_), _, Some(share)) => Err(self.terms.wrong(format!(
                "it has both a `share` of {share} and `faults`: state the share with the faults, `Faults::share(...)`"
            ))),
            (None, Some(_), Some(share)) => Err(self.terms.wrong(format!(
                "it has a `share` of {share}, and what is broken `meanwhile` has none: leave one of them away"
            ))),
            (None, None, _) if !(share > 0.0 && share <= 1.0) => Err(self.terms.wrong(format!(
                "its faults are for {} of the operations: `share` wants one over 0% and up to 100%",
                Ratio::new(share)
            ))),
            (..) => Ok(()),
        }
    }
}

/// What was met on all nodes.
async fn everywhere(cx: &Context, own: InjectedFaults) -> Result<InjectedFaults> {
    let InjectedFaults { plan, kinds, passed } = own;
    let mut all = InjectedFaults { plan, kinds: None, passed: 0 };
    for (kinds, passed) in cx.gather("faults that were met", (kinds, passed)).await?.into_values() {
        all.passed += passed;
        if let Some(kinds) = kinds {
            let whole = all.kinds.get_or_insert_default();
            kinds.into_iter().for_each(|(kind, met)| *whole.entry(kind).or_default() += met);
        }
    }
    Ok(all)
}

/// An error, a hang, a delay and a resource that is held: what networks, dependencies and neighbours do.
fn usual(share: Ratio) -> Faults {
    Faults::share(share)
        .error("injected failure")
        .hang()
        .latency(Latency::exponential(USUAL_DELAY))
        .hold_memory(mib(1), USUAL_HOLD)
}

/// What was run, as far as it came.
#[derive(Default)]
struct Seen {
    baseline: Option<Run>,
    faulty: Option<Run>,
    after: Option<Run>,
    injected: Option<InjectedFaults>,
}

/// "Back to normal" for as many windows as were seen after the faults, three at most: loads can be made shorter from
/// outside. The end of a load cuts its last window short; one of under half the length tells no rate.
fn tolerance(after: Option<&Observation>) -> Tolerance {
    let usual = Tolerance::default();
    let lengths = || after.into_iter().flat_map(|seen| &seen.timeline).map(|window| window.length_s);
    let longest = lengths().fold(0.0, f64::max);
    let whole = lengths().filter(|length| *length >= longest / 2.0).count();
    Tolerance { windows: whole.clamp(1, usual.windows), ..usual }
}

fn observed(run: &Option<Run>) -> Option<&Observation> {
    run.as_ref().map(Run::observation)
}

const fn unknown(reason: String) -> TrialResult {
    TrialResult::Unknown { reason }
}

impl Resilience {
    /// Puts a verdict into the report: passed where what had to hold with faults held and the target came back, failed
    /// where it did not, inconclusive where either cannot be told.
    pub fn judge(&self, cx: &Context) {
        if cx.is_dry_run() {
            return;
        }
        let sentence = format!("the target {self}");
        match (&self.result, &self.came_back) {
            (TrialResult::Broke { .. }, _) | (_, Recovery::NotWithin { .. }) => cx.require(false, sentence),
            (TrialResult::Held, Recovery::Recovered { .. }) => cx.require(true, sentence),
            (TrialResult::Unknown { .. }, _) | (TrialResult::Held, Recovery::Inconclusive { .. }) => {
                cx.inconclusive(format!("what the target does with faults: it {self}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::Severity,
        units::{Rate, percent},
    };

    fn refused(procedure: FailureInjection) -> String {
        procedure.check().unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = FailureInjection::new;
        assert_eq!(
            refused(new().share(percent(0))),
            "the procedure `failure injection` cannot run: its faults are for 0% of the operations: `share` wants one \
             over 0% and up to 100%"
        );
        assert!(refused(new().share(Ratio::new(f64::NAN))).contains("`share` wants one"));
        assert!(refused(new().rate(Rate::ZERO)).ends_with("its rate is 0/s: it must be over 0"));
        assert!(refused(new().share(percent(5)).faults(Faults::new().hang())).contains("both a `share`"));
        let own = |_cx: &Context| Ok(());
        assert!(refused(new().share(percent(5)).meanwhile("proxy", own)).contains("leave one of them away"));
        assert_eq!(new().meanwhile("proxy", own).faults(Faults::new().hang()).check(), Ok(()));
        assert_eq!(new().check(), Ok(()));
    }

    #[test]
    fn severity_moves_the_share_that_was_not_stated() {
        let share = |severity| FailureInjection::new().severity(severity).usual_share().to_string();
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        assert_eq!(all.map(share), ["2.5%", "5%", "10%", "20%"]);
        let stated = FailureInjection::new().severity(Severity::Critical).share(percent(3));
        assert_eq!(stated.usual_share(), percent(3));
        let plan = stated.injected().map(|faults| faults.to_string()).unwrap_or_default();
        assert!(plan.starts_with("3% of the operations: error `injected failure`, hang, latency"), "{plan}");
    }

    #[test]
    fn what_is_broken_meanwhile_stands_alone() {
        let own = FailureInjection::new().meanwhile("proxy", |_cx| Ok(()));
        assert!(own.injected().is_none());
        assert_eq!(own.counted(None).plan, "proxy");
        assert!(own.faults(Faults::new().hang()).injected().is_some());
    }
}
