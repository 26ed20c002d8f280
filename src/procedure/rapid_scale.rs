use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    ProcedureError,
    terms::{Terms, judged, objective_setter, setters},
};
use crate::{
    IntoOutcome, Op, Outcome,
    context::{Context, Run},
    engine::{Async, Workload},
    error::Result,
    expect::{Expectation, Scope},
    judge::{Brief, Detail, Finding, PhaseSeen, Settling, Verdict},
    load::{ClosedLoad, Load},
    observe::{Observation, Phase},
};

const NAME: &str = "rapid scale";

/// What has to hold in each phase unless something else is stated.
const USUAL: [&str; 1] = ["error_rate <= 10%"];

/// The phases unless others are stated: users, and seconds.
const PHASES: [(u32, u64); 5] = [(10, 30), (500, 60), (1_000, 30), (100, 30), (10, 30)];

/// Lets users come and go in steps, and looks at how the target takes it.
///
/// One closed load whose number of users changes at once from phase to phase. Each objective is judged in each phase by
/// itself; one that is missed is a failed expectation of the case. The finding has a row for each phase: users,
/// throughput, errors, response times, and after which time they had settled. Users, durations and scales that are set
/// from outside apply, the phases keep their proportions.
///
/// Unless stated otherwise: 10, 500, 1000, 100 and 10 users (times the factor of the severity) for 30, 60, 30, 30 and
/// 30 s; `error_rate <= 10%` in each phase.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, procedure::RapidScale, seconds};
///
/// #[proofload::case(slow, max_concurrency = 400)]
/// async fn users_come_and_go(cx: Context) -> Result {
///     let phases = [(20, seconds(10)), (400, seconds(20)), (20, seconds(10))];
///     RapidScale::new().phases(phases).objective("latency.p95 <= 500ms").run(&cx, |_op| search()).await?;
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct RapidScale {
    terms: Terms,
    phases: Option<Vec<(u32, Duration)>>,
}

/// How a target took users that came and went.
#[derive(Clone)]
#[non_exhaustive]
pub struct Scaled {
    /// A row for each phase, in order.
    pub phases: Vec<PhaseSeen>,
    /// The load itself.
    pub run: Run,
}

impl Scaled {
    /// The worst verdict of all phases; inconclusive without any.
    pub fn verdict(&self) -> Verdict {
        self.phases.iter().map(|phase| phase.verdict).reduce(Verdict::worse).unwrap_or(Verdict::Inconclusive)
    }
}

impl Default for RapidScale {
    fn default() -> Self {
        Self::new()
    }
}

impl RapidScale {
    /// With the terms above.
    pub fn new() -> Self {
        Self { terms: Terms::new(NAME), phases: None }
    }

    setters!();
    objective_setter!();

    /// The users and the length of each phase.
    pub fn phases(mut self, phases: impl IntoIterator<Item = (u32, Duration)>) -> Self {
        self.phases = Some(phases.into_iter().collect());
        self
    }

    /// Runs it with an async operation.
    ///
    /// # Errors
    /// The terms contradict themselves or ask for more than `max_concurrency`, an objective is malformed, or the case was
    /// stopped before it began. What the target does is never an error.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<Scaled>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.run_workload(cx, Async(operation)).await
    }

    /// Runs it with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`RapidScale::run`].
    pub async fn run_workload<W: Workload>(self, cx: &Context, workload: W) -> Result<Scaled> {
        let phases = self.planned();
        self.check(&phases)?;
        let objectives = self.terms.objectives(&USUAL)?;
        let workload = Arc::new(workload);
        if let Some((first, _)) = phases.first().filter(|(users, _)| *users > 0) {
            self.terms.ramp(cx, Load::users(0).ramp_to(*first, self.terms.ramp_up), &workload).await?;
        }
        let mut builder = self.terms.load_as_set(cx, load(&phases), NAME);
        for objective in &objectives {
            builder = builder.expect(by_phase(objective));
        }
        let names = phases.iter().map(|(users, _)| format!("{users} users")).collect();
        let terms = self.terms.clone();
        let announcing = Announcing { workload, cx: cx.clone(), terms, names, next: AtomicUsize::new(0) };
        let run = builder.run_workload(announcing).await?;
        self.terms.settle(cx).await;
        let found = Scaled { phases: rows(&objectives, run.observation()), run };
        if !cx.is_dry_run() {
            cx.found(Finding::new(NAME, Detail::RapidScale { phases: found.phases.clone() }));
        }
        Ok(found)
    }

    /// The phases that were stated, or the usual ones as hard as the severity says.
    fn planned(&self) -> Vec<(u32, Duration)> {
        let harder = |users: u32| (f64::from(users) * self.terms.factor()).round() as u32;
        let usual = PHASES.map(|(users, seconds)| (harder(users), Duration::from_secs(seconds)));
        self.phases.clone().unwrap_or(usual.to_vec())
    }

    fn check(&self, phases: &[(u32, Duration)]) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: String| Err(self.terms.wrong(reason));
        if phases.len() < 2 {
            return wrong("users come and go in two phases at least: give `phases` more of them".to_owned());
        }
        if let Some(number) = phases.iter().position(|(_, length)| length.is_zero()) {
            return wrong(format!("phase {} lasts 0 s: give it a longer duration", number + 1));
        }
        match phases.iter().all(|(users, _)| *users == phases[0].0) {
            true => wrong(format!(
                "every phase has {} users: nothing scales; give them different numbers",
                phases[0].0
            )),
            false => Ok(()),
        }
    }
}

fn load(phases: &[(u32, Duration)]) -> ClosedLoad {
    let add =
        |load: ClosedLoad, (users, length): &(u32, Duration)| load.step_to(*users).for_duration(*length);
    phases.iter().fold(Load::users(0), add)
}

/// An objective without a phase is meant for each; some metrics are known for the whole load only.
fn by_phase(objective: &Expectation) -> Expectation {
    match objective.scope() {
        Some(Scope::Whole) => {
            let each = objective.clone().in_each_phase();
            if each.check().is_ok() { each } else { objective.clone() }
        }
        Some(Scope::EachPhase | Scope::Phase(_)) | None => objective.clone(),
    }
}

fn rows(objectives: &[Expectation], seen: &Observation) -> Vec<PhaseSeen> {
    let mut began_s = 0.0;
    let mut rows = Vec::new();
    for (number, phase) in seen.phases.iter().enumerate() {
        let windows: Vec<_> = seen.timeline.iter().filter(|w| w.phase as usize == number).copied().collect();
        let (verdict, missed) = of_phase(objectives, seen, phase);
        rows.push(PhaseSeen {
            name: phase.name.clone(),
            users: phase.users.unwrap_or(0),
            length_s: phase.figures.duration_s,
            figures: Brief::of(&phase.figures),
            settling: Settling::find(&windows, began_s),
            verdict,
            missed,
        });
        began_s += phase.figures.duration_s;
    }
    rows
}

/// Judges one phase as if it were a load: two phases may have the same name.
fn of_phase(objectives: &[Expectation], seen: &Observation, phase: &Phase) -> (Verdict, Vec<String>) {
    if !phase.is_started {
        return (Verdict::Inconclusive, vec!["the phase did not begin".to_owned()]);
    }
    let about_it: Vec<Expectation> = objectives.iter().filter_map(|o| about(o, &phase.name)).collect();
    let alone = Observation { total: phase.figures.clone(), phases: vec![phase.clone()], ..seen.clone() };
    judged(&about_it, &alone)
}

/// The objective as it is judged on the phase of that name alone, if it is about it.
fn about(objective: &Expectation, phase: &str) -> Option<Expectation> {
    match objective.scope()? {
        Scope::Whole | Scope::EachPhase => {
            Some(objective.clone().in_each_phase()).filter(|each| each.check().is_ok())
        }
        Scope::Phase(name) => (name == phase).then(|| objective.clone()),
    }
}

/// Says which phase goes on when the first operation of it begins: the phases are one load.
struct Announcing<W> {
    workload: Arc<W>,
    cx: Context,
    terms: Terms,
    names: Vec<String>,
    /// The first phase that was not announced yet.
    next: AtomicUsize,
}

impl<W: Workload> Workload for Announcing<W> {
    type User = W::User;

    fn user(&self, number: u64) -> W::User {
        self.workload.user(number)
    }

    async fn operation(&self, user: &mut W::User, op: Op) -> Outcome {
        if op.stage >= self.next.load(Ordering::Relaxed) {
            let from = self.next.fetch_max(op.stage + 1, Ordering::Relaxed);
            for number in from..=op.stage {
                let name = self.names.get(number).cloned().unwrap_or_default();
                self.terms.step(&self.cx, name, number + 1, Some(self.names.len()));
            }
        }
        self.workload.operation(user, op).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::Severity,
        observe::{Counts, Figures},
        units::seconds,
    };

    fn refused(phases: &[(u32, Duration)]) -> String {
        let procedure = RapidScale::new().phases(phases.to_vec());
        procedure.check(&procedure.planned()).unwrap_err().to_string()
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        assert_eq!(
            refused(&[(10, seconds(5))]),
            "the procedure `rapid scale` cannot run: users come and go in two phases at least: give `phases` more of them"
        );
        assert!(refused(&[]).contains("two phases at least"));
        assert!(refused(&[(10, seconds(5)), (20, Duration::ZERO)]).contains("phase 2 lasts 0 s"));
        assert!(refused(&[(10, seconds(5)), (10, seconds(2))]).contains("every phase has 10 users"));
        let usual = RapidScale::new();
        assert_eq!(usual.check(&usual.planned()), Ok(()));
    }

    #[test]
    fn the_usual_phases_follow_the_severity_and_stated_ones_do_not() {
        let plan = |procedure: RapidScale| Load::from(load(&procedure.planned())).describe();
        assert_eq!(
            plan(RapidScale::new().severity(Severity::Low)),
            "5 users for 30 s, 250 users for 1m, 500 users for 30 s, 50 users for 30 s, 5 users for 30 s"
        );
        let stated =
            RapidScale::new().phases([(1, seconds(1)), (2, seconds(2))]).severity(Severity::Critical);
        assert_eq!(plan(stated), "1 user for 1 s, 2 users for 2 s");
    }

    #[test]
    fn each_phase_is_judged_by_itself() {
        let phase = |name: &str, ok, error| {
            let counts = Counts { due: ok + error, ok, error, ..Counts::default() };
            let figures = Figures { counts, duration_s: 1.0, ..Figures::default() };
            Phase { name: name.to_owned(), is_started: true, users: Some(5), figures, ..Phase::default() }
        };
        let phases = vec![phase("low", 100, 0), phase("high", 50, 50), phase("low", 95, 5), Phase::default()];
        let mut seen = Observation { phases, complete: true, ..Observation::default() };
        seen.total.counts = Counts { due: 300, ok: 245, error: 55, ..Counts::default() };
        let objective = |text| Expectation::parse(text).unwrap();
        let verdicts = |objectives: &[Expectation]| -> Vec<Verdict> {
            rows(objectives, &seen).iter().map(|row| row.verdict).collect()
        };
        use Verdict::{Fail, Inconclusive, Pass};
        assert_eq!(verdicts(&[objective("error_rate <= 10%")]), [Pass, Fail, Pass, Inconclusive]);
        assert_eq!(
            verdicts(&[objective("error_rate <= 1% in phase \"low\"")]),
            [Pass, Pass, Fail, Inconclusive]
        );
        let missed = &rows(&[objective("error_rate <= 10%")], &seen)[1].missed;
        assert!(missed[0].starts_with("error_rate") && missed[0].contains("is 50%"), "{missed:?}");
        assert_eq!(by_phase(&objective("memory.growth < 1GB")).to_string(), "memory.growth < 1GB");
    }
}
