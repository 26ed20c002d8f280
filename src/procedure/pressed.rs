use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    ProcedureError,
    terms::{Terms, by_objectives},
};
use crate::{
    context::{Context, LoadBuilder, Run},
    engine::Workload,
    error::Result,
    judge::{AppliedPressure, Detail, Finding, PressedLoads, Tolerance, TrialResult, UnderPressure},
    load::Load,
    observe::Observation,
    units::Rate,
};

/// What has to hold under pressure unless something else is stated.
const USUAL: [&str; 1] = ["success_rate >= 95%"];

/// The longest that pressure may take to build up.
const LONGEST_BUILD_UP: Duration = Duration::from_secs(60);

/// Between two looks at whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Shorter windows are the rest of a load, and tell no rate.
const WHOLE_WINDOW_S: f64 = 0.5;

/// The steps: unpressed, under pressure, released.
const STEPS: usize = 3;

/// The load that goes on before, under and after the pressure.
#[derive(Debug, Clone)]
pub(super) struct Steady {
    pub(super) load: Level,
    pub(super) phase: Duration,
}

/// Open or closed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    Rate(Rate),
    Users(u32),
}

/// A stressor as a procedure uses it.
pub(super) trait Press {
    /// Gives everything back when it is dropped.
    type Guard: Send + 'static;

    fn apply(&self, cx: &Context) -> Result<Self::Guard>;

    /// Whether the pressure is as high as it gets.
    fn is_settled(&self, guard: &Self::Guard) -> bool;

    /// Says that the load under pressure begins: what was done before does not count.
    fn began(&self, guard: &mut Self::Guard);

    /// What was applied since then, within `over`; and why it was less than asked for, where the stressor knows.
    fn applied(&self, guard: &mut Self::Guard, over: Duration) -> (AppliedPressure, Option<String>);
}

/// The setters of [`Steady`], for a procedure that keeps it in its field `steady`.
macro_rules! steady_load_setters {
    () => {
        /// An open load of `rate`; 50/s unless stated. A `rate` set from outside replaces it.
        pub const fn rate(mut self, rate: crate::units::Rate) -> Self {
            self.steady.load = super::pressed::Level::Rate(rate);
            self
        }

        /// A closed load of `users`, instead of a rate. Their number can be set from outside.
        pub const fn users(mut self, users: u32) -> Self {
            self.steady.load = super::pressed::Level::Users(users);
            self
        }

        /// How long each of the three loads lasts; 10 s unless stated.
        pub const fn phase(mut self, length: std::time::Duration) -> Self {
            self.steady.phase = length;
            self
        }
    };
}

/// The same, and how a procedure under pressure is run.
macro_rules! steady_setters {
    () => {
        super::pressed::steady_load_setters!();

        /// Runs it with an async operation.
        ///
        /// # Errors
        /// The terms contradict themselves or the limits of the case, an objective is malformed, the stressor cannot be
        /// started, or the case was stopped; what was found until then is in the report. That the target breaks is no
        /// error.
        pub async fn run<F, T>(
            self,
            cx: &crate::Context,
            operation: F,
        ) -> crate::Result<crate::judge::UnderPressure>
        where
            F: Fn(crate::Op) -> T + Send + Sync + 'static,
            T: Future<Output: crate::IntoOutcome> + Send + 'static,
        {
            self.run_workload(cx, crate::engine::Async(operation)).await
        }

        /// Runs it with a workload whose users keep something.
        ///
        /// # Errors
        /// As `run`.
        pub async fn run_workload<W: crate::Workload>(
            self,
            cx: &crate::Context,
            workload: W,
        ) -> crate::Result<crate::judge::UnderPressure> {
            let press = self.press(cx)?;
            super::pressed::run(&self.terms, &self.steady, &press, cx, workload).await
        }
    };
}

pub(super) use {steady_load_setters, steady_setters};

impl Steady {
    pub(super) const fn new() -> Self {
        Self { load: Level::Rate(Rate::new(50.0)), phase: Duration::from_secs(10) }
    }

    pub(super) fn check(&self, terms: &Terms) -> std::result::Result<(), ProcedureError> {
        match self.load {
            Level::Rate(rate) if !(rate.per_second().is_finite() && rate.per_second() > 0.0) => {
                return Err(terms.wrong(format!("its rate is {rate}: it must be over 0")));
            }
            Level::Users(0) => return Err(terms.wrong("it has 0 users: give `users` at least 1")),
            Level::Rate(_) | Level::Users(_) => {}
        }
        match self.phase.is_zero() {
            true => Err(terms.wrong("its phases last 0 s: give `phase` a longer duration")),
            false => Ok(()),
        }
    }

    pub(super) fn load(&self) -> Load {
        match self.load {
            Level::Rate(rate) => Load::rate(rate).for_duration(self.phase).into(),
            Level::Users(users) => Load::users(users).for_duration(self.phase).into(),
        }
    }

    pub(super) fn rising(&self, within: Duration) -> Load {
        match self.load {
            Level::Rate(rate) => Load::rate(Rate::ZERO).ramp_to(rate, within).into(),
            Level::Users(users) => Load::users(0).ramp_to(users, within).into(),
        }
    }
}

/// "Back to normal" for as many windows as were seen after the release, three at most: loads can be made shorter from
/// outside.
fn tolerance(released: Option<&Observation>) -> Tolerance {
    let usual = Tolerance::default();
    let whole =
        released.map_or(0, |seen| seen.timeline.iter().filter(|w| w.length_s >= WHOLE_WINDOW_S).count());
    Tolerance { windows: whole.clamp(1, usual.windows), ..usual }
}

/// The loads that were run, as far as it came.
#[derive(Default)]
struct Loads {
    baseline: Option<Run>,
    pressed: Option<Run>,
    released: Option<Run>,
    applied: Option<AppliedPressure>,
    cut: Option<String>,
}

/// Runs the three loads and puts what they show into the report.
pub(super) async fn run<W: Workload, P: Press>(
    terms: &Terms,
    steady: &Steady,
    press: &P,
    cx: &Context,
    workload: W,
) -> Result<UnderPressure> {
    let objectives = terms.objectives(&USUAL)?;
    let workload = Arc::new(workload);
    let mut loads = Loads::default();
    let ended = run_loads(terms, steady, press, cx, &workload, &mut loads).await;
    let result = match &loads.pressed {
        Some(run) => match run.observation().stopped {
            None => by_objectives(&objectives, run),
            Some(reason) => unknown(format!("the load under pressure was stopped: {reason}")),
        },
        None => unknown("it did not come to the load under pressure".to_owned()),
    };
    let result = match (result, &loads.baseline) {
        (TrialResult::Broke { objective }, Some(baseline)) => {
            not_only_pressed(&objectives, baseline, objective, "pressure")
        }
        (result, _) => result,
    };
    let found = UnderPressure::find(
        loads.applied,
        loads.cut,
        PressedLoads {
            baseline: observed(&loads.baseline),
            pressed: observed(&loads.pressed),
            released: observed(&loads.released),
        },
        result,
        &tolerance(observed(&loads.released)),
    );
    if !cx.is_dry_run() && loads.baseline.is_some() {
        cx.found(Finding::new(terms.procedure, Detail::UnderPressure { found: found.clone() }));
    }
    ended.map(|()| found)
}

fn observed(run: &Option<Run>) -> Option<&Observation> {
    run.as_ref().map(Run::observation)
}

fn unknown(reason: String) -> TrialResult {
    TrialResult::Unknown { reason }
}

/// What breaks without the pressure, or the faults, too is not their doing, and is said so.
pub(super) fn not_only_pressed(
    objectives: &[crate::expect::Expectation],
    baseline: &Run,
    objective: String,
    without: &str,
) -> TrialResult {
    match by_objectives(objectives, baseline) {
        TrialResult::Broke { objective: before } => {
            TrialResult::Broke { objective: format!("{objective}; already without {without} {before}") }
        }
        TrialResult::Held | TrialResult::Unknown { .. } => TrialResult::Broke { objective },
    }
}

async fn run_loads<W: Workload, P: Press>(
    terms: &Terms,
    steady: &Steady,
    press: &P,
    cx: &Context,
    workload: &Arc<W>,
    loads: &mut Loads,
) -> Result<()> {
    let builder = |name: &str| with_timeout(terms, cx.load(steady.load()).named(name));
    terms.ramp(cx, steady.rising(terms.ramp_up), workload).await?;
    terms.step(cx, "unpressed", 1, Some(STEPS));
    loads.baseline = Some(builder("unpressed").run_workload(Arc::clone(workload)).await?);
    terms.settle(cx).await;
    if cx.is_dry_run() {
        loads.pressed = Some(builder("under pressure").run_workload(Arc::clone(workload)).await?);
        loads.released = Some(builder("released").run_workload(Arc::clone(workload)).await?);
        return Ok(());
    }
    terms.step(cx, "under pressure", 2, Some(STEPS));
    let mut guard = press.apply(cx)?;
    build_up(press, &guard, cx).await;
    press.began(&mut guard);
    let began = Instant::now();
    let pressed = builder("under pressure").run_workload(Arc::clone(workload)).await;
    let (applied, cut) = press.applied(&mut guard, began.elapsed());
    // Giving gigabytes back takes a while, and the workers have better things to do.
    let _given_back = tokio::task::spawn_blocking(move || drop(guard)).await;
    loads.pressed = Some(pressed?);
    (loads.applied, loads.cut) = (Some(applied), cut);
    terms.step(cx, "released", 3, Some(STEPS));
    loads.released = Some(builder("released").run_workload(Arc::clone(workload)).await?);
    Ok(())
}

/// As every other load, this one follows what is set from outside: it is no search.
fn with_timeout(terms: &Terms, builder: LoadBuilder) -> LoadBuilder {
    match terms.timeout {
        Some(timeout) => builder.timeout(timeout),
        None => builder,
    }
}

async fn build_up<P: Press>(press: &P, guard: &P::Guard, cx: &Context) {
    let began = Instant::now();
    while !press.is_settled(guard) && !cx.stop_token().is_stopped() && began.elapsed() < LONGEST_BUILD_UP {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl UnderPressure {
    /// Puts a verdict into the report: passed where what had to hold under pressure held, failed where it did not,
    /// inconclusive where that cannot be told.
    pub fn judge(&self, cx: &Context) {
        match &self.result {
            TrialResult::Held => cx.require(true, format!("the target {self}")),
            TrialResult::Broke { .. } => cx.require(false, format!("the target {self}")),
            TrialResult::Unknown { .. } if cx.is_dry_run() => {}
            TrialResult::Unknown { .. } => {
                cx.inconclusive(format!("what the target does under pressure {self}"))
            }
        }
    }
}
