use std::{sync::Arc, time::Duration};

use super::{
    ProcedureError,
    terms::{Terms, setters},
};
use crate::{
    IntoOutcome, Op,
    context::{Context, Run},
    engine::{Async, Workload},
    error::Result,
    judge::{
        Aftermath, CeilingCrossing, Detail, Exhaustion, ExhaustionStep, Finding, LoadLevel, LoadSummary,
    },
    load::Load,
    units::{ByteSize, Rate, Ratio, per_second, show_duration},
};

mod watch;

use watch::{Ceilings, Seen, Watch, memory_now};

const NAME: &str = "resource exhaustion";

/// Over less, a share of CPU time is noise.
const LEAST_WINDOW: Duration = Duration::from_millis(500);

/// Nearer to the limits of the case than this a supervisor, which looks ahead, may stop it first.
const SHARE_OF_LIMIT: f64 = 0.9;

/// The load afterwards is this long at most.
const LONGEST_AFTER: Duration = Duration::from_secs(5);

/// More steps than this are a mistake.
const MOST_STEPS: usize = 1_000;

/// Raises the load until a ceiling of memory, CPU or open descriptors is crossed: which resource, when, at what load.
///
/// One load in steps, watched from a thread of its own: memory, CPU time and descriptors of the case's process and its
/// children. The first crossing ends the load (not the case), and after the cool-down the first step's load shows
/// whether the target still answers. Users and rates that are set from outside do not change the steps.
///
/// At least one ceiling has to be stated, below what the case itself is stopped at. Unless stated otherwise: 100/s to
/// 1000/s by 100/s (to and by times the factor of the severity), 5 s each, CPU over windows of 1 s.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, gib, per_second, procedure::ResourceExhaustion, units::Ratio};
///
/// #[proofload::case(slow, max_memory = "4GiB", max_cpu = "off", max_concurrency = 5000)]
/// async fn what_runs_out_first(cx: Context) -> Result {
///     let found = ResourceExhaustion::new()
///         .memory(gib(3))
///         .cpu(Ratio::new(0.95))
///         .rates(per_second(500), per_second(5_000), per_second(500))
///         .run(&cx, |_op| search())
///         .await?;
///     cx.require(!found.is_reached(), format!("nothing runs out: {}", found.exhaustion));
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct ResourceExhaustion {
    terms: Terms,
    ceilings: Ceilings,
    rising: Option<Rising>,
    step: Duration,
    window: Duration,
}

/// The steps of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rising {
    Rate { from: Rate, to: Rate, by: Rate },
    Users { from: u32, to: u32, by: u32 },
}

/// What came of a search for what runs out first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Exhausted {
    /// The answer.
    pub exhaustion: Exhaustion,
    /// Every step that was begun.
    pub steps: Vec<ExhaustionStep>,
    /// What became of the target afterwards; `None` where no ceiling was reached.
    pub after: Option<Aftermath>,
}

impl Exhausted {
    /// Whether a ceiling was crossed.
    pub const fn is_reached(&self) -> bool {
        matches!(self.exhaustion, Exhaustion::Reached { .. })
    }
}

/// A limit of the case, and where it was set.
type Limit<T> = Option<(T, String)>;

/// What the case itself is stopped at.
#[derive(Debug, Clone, Default, PartialEq)]
struct CaseLimits {
    memory: Limit<ByteSize>,
    cpu: Limit<Ratio>,
    descriptors: Limit<u64>,
}

impl CaseLimits {
    fn of(cx: &Context) -> Self {
        let settings = cx.settings();
        let origin = |key: &str| settings.origin(key).to_string();
        Self {
            memory: cx.pressure_bounds().max_memory.map(|limit| (limit, origin("max_memory"))),
            cpu: settings.percent("max_cpu").map(|limit| (limit, origin("max_cpu"))),
            descriptors: settings.count("max_descriptors").map(|limit| (limit, origin("max_descriptors"))),
        }
    }
}

impl Default for ResourceExhaustion {
    fn default() -> Self {
        Self::new()
    }
}

impl ResourceExhaustion {
    /// With the terms above, and no ceiling yet.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            ceilings: Ceilings::default(),
            rising: None,
            step: Duration::from_secs(5),
            window: Duration::from_secs(1),
        }
    }

    setters!();

    /// The ceiling of resident memory.
    pub const fn memory(mut self, ceiling: ByteSize) -> Self {
        self.ceilings.memory_bytes = Some(ceiling.bytes());
        self
    }

    /// The ceiling of CPU, as a share of the cores available.
    pub const fn cpu(mut self, ceiling: Ratio) -> Self {
        self.ceilings.cpu_share = Some(ceiling.share());
        self
    }

    /// The ceiling of open descriptors: files and connections.
    pub const fn descriptors(mut self, ceiling: u64) -> Self {
        self.ceilings.descriptors = Some(ceiling);
        self
    }

    /// CPU is looked at over this long, 500 ms or more.
    pub const fn cpu_window(mut self, length: Duration) -> Self {
        self.window = length;
        self
    }

    /// An open load: each rate is the one before plus `by`.
    pub const fn rates(mut self, from: Rate, to: Rate, by: Rate) -> Self {
        self.rising = Some(Rising::Rate { from, to, by });
        self
    }

    /// A closed load: each number of users is the one before plus `by`.
    pub const fn users(mut self, from: u32, to: u32, by: u32) -> Self {
        self.rising = Some(Rising::Users { from, to, by });
        self
    }

    /// The length of a step.
    pub const fn step(mut self, length: Duration) -> Self {
        self.step = length;
        self
    }

    /// Runs it with an async operation.
    ///
    /// # Errors
    /// The terms contradict themselves or the limits of the case, or the case was stopped; what was found until then is
    /// in the report. That a ceiling is crossed is no error.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<Exhausted>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.run_workload(cx, Async(operation)).await
    }

    /// Runs it with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`ResourceExhaustion::run`].
    pub async fn run_workload<W: Workload>(self, cx: &Context, workload: W) -> Result<Exhausted> {
        let levels = self.check(&CaseLimits::of(cx))?;
        let workload = Arc::new(workload);
        let first = levels[0];
        self.terms.ramp(cx, rising_to(first, self.terms.ramp_up), &workload).await?;
        self.terms.step(cx, format!("rising from {first}"), 1, None);
        let stop = cx.stop_token().child();
        let watch = Watch::start(self.ceilings, self.window, stop.clone())?;
        let load = self.terms.load(cx, in_steps(&levels, self.step), "rising").probing().stopped_by(stop);
        let run = load.run_workload(Arc::clone(&workload)).await;
        let (gauge, run) = (watch.end(), run?);
        let own = Seen::of(&gauge);
        let (seen, cut) = match cx.gather("ceilings", own.clone()).await {
            Ok(nodes) => (Seen::of_all(nodes), None),
            Err(error) => (own, Some(error)),
        };
        let mut found = Exhausted {
            exhaustion: exhaustion(&levels, &run, &seen),
            steps: steps(&levels, &run),
            after: None,
        };
        if cx.is_dry_run() {
            return Ok(found);
        }
        let after = match (&seen.crossing, cut) {
            (_, Some(error)) => Err(error),
            (Some(crossing), None) => self.after(cx, first, &workload, crossing).await.map(Some),
            (None, None) => Ok(None),
        };
        if let Ok(after) = &after {
            found.after.clone_from(after);
        }
        let Exhausted { exhaustion, steps, after: seen } = found.clone();
        cx.found(Finding::new(NAME, Detail::Exhaustion { found: exhaustion, steps, after: seen }));
        after.map(|_| found)
    }

    /// Whether the target still answers once the load was taken away.
    async fn after<W: Workload>(
        &self,
        cx: &Context,
        first: LoadLevel,
        workload: &Arc<W>,
        crossing: &CeilingCrossing,
    ) -> Result<Aftermath> {
        self.terms.settle(cx).await;
        self.terms.step(cx, format!("afterwards at {first}"), 2, None);
        let load = in_steps(&[first], self.step.min(LONGEST_AFTER));
        let run = self.terms.load(cx, load, "afterwards").run_workload(Arc::clone(workload)).await?;
        let memory = cx.gather("memory afterwards", memory_now()).await?;
        let memory_bytes = memory.get(&crossing.node.unwrap_or(cx.node())).copied().unwrap_or(0);
        Ok(Aftermath { load: LoadSummary::of(run.total()), memory_bytes })
    }

    /// The levels of the load, first to last.
    fn levels(&self) -> std::result::Result<Vec<LoadLevel>, ProcedureError> {
        let factor = self.terms.factor();
        let usual = Rising::Rate {
            from: per_second(100),
            to: per_second(1_000.0 * factor),
            by: per_second(100.0 * factor),
        };
        let rising = self.rising.unwrap_or(usual);
        let (from, to, by) = match rising {
            Rising::Rate { from, to, by } => (from.per_second(), to.per_second(), by.per_second()),
            Rising::Users { from, to, by } => (f64::from(from), f64::from(to), f64::from(by)),
        };
        if ![from, to, by].into_iter().all(|level| level.is_finite() && level > 0.0) {
            return Err(self
                .terms
                .wrong(format!("it goes from {from} to {to} by {by}: all three must be over 0")));
        }
        if from > to {
            return Err(self
                .terms
                .wrong(format!("it begins at {from}, over its end of {to}: exchange the two")));
        }
        let count = ((to - from) / by).ceil() + 1.0;
        if count > MOST_STEPS as f64 {
            return Err(self
                .terms
                .wrong(format!("it has {count:.0} steps: {MOST_STEPS} are the most, raise `by`")));
        }
        let level = |n: usize| {
            let level = (from + n as f64 * by).min(to);
            match rising {
                Rising::Rate { .. } => LoadLevel::Rate { per_sec: level },
                Rising::Users { .. } => LoadLevel::Users { users: level as u64 },
            }
        };
        Ok((0..count as usize).map(level).collect())
    }

    fn check(&self, limits: &CaseLimits) -> std::result::Result<Vec<LoadLevel>, ProcedureError> {
        let wrong = |reason: String| Err(self.terms.wrong(reason));
        if self.ceilings == Ceilings::default() {
            return wrong(
                "it has no ceiling: give it at least one of `memory`, `cpu` and `descriptors`".to_owned(),
            );
        }
        if self.ceilings.memory_bytes == Some(0) || self.ceilings.descriptors == Some(0) {
            return wrong("a ceiling of 0 is crossed before it begins: give it a higher one".to_owned());
        }
        if let Some(share) = self.ceilings.cpu_share.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
            return wrong(format!(
                "its CPU ceiling is {}: `cpu` wants a share of the cores over 0 and up to 100%",
                Ratio::new(share)
            ));
        }
        if self.step.is_zero() {
            return wrong("its steps last 0 s: give `step` a longer duration".to_owned());
        }
        if self.window < LEAST_WINDOW {
            return wrong(format!(
                "its CPU window is {}: over less than {} a share of CPU time is noise; give `cpu_window` more",
                show_duration(self.window),
                show_duration(LEAST_WINDOW)
            ));
        }
        match self.beyond(limits) {
            Some(reason) => wrong(reason),
            None => self.levels(),
        }
    }

    /// Why a ceiling cannot be reached: the case would be stopped before.
    fn beyond(&self, limits: &CaseLimits) -> Option<String> {
        let first = |what: &str, ceiling: String, limit: String, origin: &str, key: &str| {
            format!(
                "its {what} ceiling of {ceiling} is over {:.0}% of the {limit} at which the case itself is stopped \
                 ({origin}): raise `{key}`, or lower the ceiling",
                SHARE_OF_LIMIT * 100.0
            )
        };
        let is_beyond = |ceiling: f64, limit: f64| ceiling > SHARE_OF_LIMIT * limit;
        let memory = self.ceilings.memory_bytes.zip(limits.memory.as_ref());
        if let Some((bytes, (limit, origin))) =
            memory.filter(|(bytes, (limit, _))| is_beyond(*bytes as f64, limit.bytes() as f64))
        {
            let ceiling = ByteSize::new(bytes).to_string();
            return Some(first("memory", ceiling, limit.to_string(), origin, "max_memory"));
        }
        let cpu = self.ceilings.cpu_share.zip(limits.cpu.as_ref());
        if let Some((share, (limit, origin))) =
            cpu.filter(|(share, (limit, _))| is_beyond(*share, limit.share()))
        {
            return Some(first("CPU", Ratio::new(share).to_string(), limit.to_string(), origin, "max_cpu"));
        }
        let descriptors = self.ceilings.descriptors.zip(limits.descriptors.as_ref());
        let (most, (limit, origin)) =
            descriptors.filter(|(most, (limit, _))| is_beyond(*most as f64, *limit as f64))?;
        Some(first("descriptor", most.to_string(), limit.to_string(), origin, "max_descriptors"))
    }
}

/// The load that stays at each level for `length`.
fn in_steps(levels: &[LoadLevel], length: Duration) -> Load {
    match levels[0] {
        LoadLevel::Rate { .. } => {
            let rates = levels.iter().map(|level| Rate::new(amount(*level)));
            let load =
                rates.fold(Load::rate(Rate::ZERO), |load, rate| load.step_to(rate).for_duration(length));
            load.into()
        }
        LoadLevel::Users { .. } => {
            let users = levels.iter().map(|level| amount(*level) as u32);
            users.fold(Load::users(0), |load, users| load.step_to(users).for_duration(length)).into()
        }
    }
}

fn rising_to(level: LoadLevel, within: Duration) -> Load {
    match level {
        LoadLevel::Rate { per_sec } => Load::rate(Rate::ZERO).ramp_to(Rate::new(per_sec), within).into(),
        LoadLevel::Users { users } => Load::users(0).ramp_to(users as u32, within).into(),
    }
}

const fn amount(level: LoadLevel) -> f64 {
    match level {
        LoadLevel::Rate { per_sec } => per_sec,
        LoadLevel::Users { users } => users as f64,
    }
}

fn steps(levels: &[LoadLevel], run: &Run) -> Vec<ExhaustionStep> {
    let begun = levels.iter().zip(run.phases()).filter(|(_, phase)| phase.is_started);
    begun
        .map(|(level, phase)| ExhaustionStep { level: *level, seen: LoadSummary::of(&phase.figures) })
        .collect()
}

fn exhaustion(levels: &[LoadLevel], run: &Run, seen: &Seen) -> Exhaustion {
    let peaks = seen.peaks;
    let begun = steps(levels, run);
    let unknown = |reason: String| Exhaustion::Inconclusive { peaks, reason };
    let Some(last) = begun.last() else { return unknown("the load did not begin".to_owned()) };
    let (level, there) = (last.level, last.seen.clone());
    match (seen.crossing, run.observation().stopped, seen.blind_to) {
        (Some(crossing), _, _) => {
            Exhaustion::Reached { crossing, at_s: run.total().duration_s, level, there }
        }
        (None, Some(reason), _) => unknown(format!("the load was stopped at {level}: {reason}")),
        (None, None, Some(resource)) => unknown(format!("{} could not be measured here", resource.words())),
        (None, None, None) => Exhaustion::NotReached { peaks, level },
    }
}

#[cfg(test)]
mod tests;
