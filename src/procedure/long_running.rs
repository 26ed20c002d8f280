use std::{sync::Arc, time::Duration};

use super::{
    ProcedureError,
    terms::{Terms, setters},
};
use crate::{
    IntoOutcome, Op,
    context::{Context, LoadBuilder, Run, RunError},
    engine::{Async, Workload},
    error::Result,
    expect::IntoExpectation,
    judge::{Detail, Drift, DriftRule, ErrorDrift, Finding, Leak, LeakRule},
    load::Load,
    observe::Window,
    units::{Rate, Ratio, show_duration},
};

const NAME: &str = "long running";

/// The rate where nothing is stated.
const USUAL_RATE: f64 = 100.0;

/// Windows that a soak is cut into where it is short: after the warm-up more than the twenty are left that a drift needs.
const WINDOWS: u32 = 60;

/// Operations that a window should have, for its percentiles to say something: low rates make windows longer.
const OPERATIONS_A_WINDOW: f64 = 10.0;

/// Windows of at most a second, unless the rate is low ...
const USUAL_WINDOW: Duration = Duration::from_secs(1);

/// ... and of at least a tenth of one,
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

/// ... but never over an hour.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);

/// A soak: a moderate load for minutes to hours, and whether memory, latency or errors rise under it.
///
/// One load at a constant level. From the windows of its timeline, the first 40 % left out, it is told whether memory
/// grows without an end ([`Leak`], at least 10 windows), whether latency drifts ([`Drift`], at least 20, and 20 s) and
/// whether errors become more ([`ErrorDrift`], as many). With fewer the answer is inconclusive; it stands in the
/// report and does not fail the case, which may ask for more ([`Soak::rises`], [`Soak::untold`]).
///
/// Memory is that of the case's own process: the target where it is called in the process, and the generator, whose memory
/// does not grow. A target in another process is not seen here.
///
/// Unless stated otherwise: 100/s (times the factor of the severity) for 4 min, which fits the time limit of a case that
/// states none. Windows are of a second, shorter in a soak under a minute (a sixtieth of it, at least 100 ms), longer at
/// rates under 10/s (ten operations). Durations, rates and users can be set from outside as those of any load.
///
/// ```no_run
/// # async fn search() {}
/// use proofload::{Context, Result, hours, per_second, procedure::LongRunning};
///
/// #[proofload::case(slow, time_limit = "65m")]
/// async fn an_hour(cx: Context) -> Result {
///     let soak = LongRunning::new().rate(per_second(50)).for_duration(hours(1)).run(&cx, |_op| search()).await?;
///     soak.judge(&cx);
///     cx.done()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a procedure does nothing before `run`"]
pub struct LongRunning {
    terms: Terms,
    level: Level,
    length: Duration,
    window: Option<Duration>,
    leak: LeakRule,
    drift: DriftRule,
    errors: DriftRule,
}

/// The load that is held.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    /// The usual, as hard as the severity says.
    Usual,
    Rate(Rate),
    Users(u32),
}

/// What came of a soak.
#[derive(Clone)]
#[non_exhaustive]
pub struct Soak {
    /// Whether memory grows without an end.
    pub leak: Leak,
    /// Whether latency rises.
    pub drift: Drift,
    /// Whether the error rate rises.
    pub error_drift: ErrorDrift,
    /// By how much the least memory of the last tenth of the windows is over that of the first tenth after the warm-up,
    /// as a share of it: `0.05` is 5 %. `None` where memory was not measured.
    pub memory_growth: Option<f64>,
    /// The load.
    pub run: Run,
}

impl Soak {
    /// What rises under the constant load, a sentence each; empty when nothing is known to.
    pub fn rises(&self) -> Vec<String> {
        let leaks = matches!(self.leak, Leak::Leaking { .. }).then(|| self.leak.to_string());
        let drifts = matches!(self.drift, Drift::Rising { .. }).then(|| self.drift.to_string());
        let errors =
            matches!(self.error_drift, ErrorDrift::Rising { .. }).then(|| self.error_drift.to_string());
        [leaks, drifts, errors].into_iter().flatten().collect()
    }

    /// What could not be told, a sentence each with the reason.
    pub fn untold(&self) -> Vec<String> {
        let leak = matches!(self.leak, Leak::Inconclusive { .. }).then(|| self.leak.to_string());
        let drift = matches!(self.drift, Drift::Inconclusive { .. }).then(|| self.drift.to_string());
        let errors =
            matches!(self.error_drift, ErrorDrift::Inconclusive { .. }).then(|| self.error_drift.to_string());
        [leak, drift, errors].into_iter().flatten().collect()
    }

    /// Puts a verdict into the report: failed where memory leaks or anything else rises, inconclusive where one of them cannot
    /// be told, as in a soak that is too short. The growth of memory stands beside it as the figure `memory_growth`.
    pub fn judge(&self, cx: &Context) {
        if cx.is_dry_run() {
            return;
        }
        self.judge_leak(cx);
        let rises = self.rises();
        let sentence = match rises.is_empty() {
            true => "nothing is known to rise under the constant load".to_owned(),
            false => rises.join("; "),
        };
        cx.require(rises.is_empty(), sentence);
        self.untold().into_iter().for_each(|sentence| cx.inconclusive(sentence));
    }

    /// As [`Soak::judge`] for memory alone, and only where it is known to leak: for a soak too short to tell the rest.
    pub fn judge_leak(&self, cx: &Context) {
        if cx.is_dry_run() {
            return;
        }
        if let Some(growth) = self.memory_growth {
            cx.figure("memory_growth", growth, "ratio");
        }
        cx.require(!self.leak.is_leaking(), self.leak.to_string());
    }

    /// Puts a verdict on the growth of memory into the report, for a target that may fill up by some of it without leaking:
    /// failed from `share` on, inconclusive where memory was not measured. `0.05` is 5 %.
    pub fn judge_growth(&self, cx: &Context, share: f64) {
        if cx.is_dry_run() {
            return;
        }
        match (self.memory_growth, said_of_growth(self.memory_growth, share)) {
            (Some(_), sentence) => cx.require(self.grew_by_less_than(share), sentence),
            (None, sentence) => cx.inconclusive(sentence),
        }
    }

    /// Whether memory is known to have grown by less than this share.
    pub fn grew_by_less_than(&self, share: f64) -> bool {
        self.memory_growth.is_some_and(|growth| growth < share)
    }
}

fn said_of_growth(growth: Option<f64>, most: f64) -> String {
    let most = Ratio::new(most);
    match growth {
        Some(growth) => {
            let than = if growth < most.share() { "less than" } else { "not less than" };
            format!("memory grew by {} during the soak, {than} {most}", Ratio::new(growth))
        }
        None => format!("whether memory grew by less than {most} is not known: it was not measured"),
    }
}

impl Default for LongRunning {
    fn default() -> Self {
        Self::new()
    }
}

impl LongRunning {
    /// With the terms above.
    pub fn new() -> Self {
        Self {
            terms: Terms::new(NAME),
            level: Level::Usual,
            length: Duration::from_secs(240),
            window: None,
            leak: LeakRule::default(),
            drift: DriftRule::default(),
            errors: DriftRule::of_errors(),
        }
    }

    setters!();

    /// Operations start at this rate.
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.level = Level::Rate(rate);
        self
    }

    /// So many users loop, instead of a rate.
    pub const fn users(mut self, users: u32) -> Self {
        self.level = Level::Users(users);
        self
    }

    /// How long.
    pub const fn for_duration(mut self, length: Duration) -> Self {
        self.length = length;
        self
    }

    /// The length of a window, from 100 ms to an hour.
    pub const fn window(mut self, length: Duration) -> Self {
        self.window = Some(length);
        self
    }

    /// The share of the time at the beginning that no trend looks at, from 0 to under 1: caches and pools fill then.
    pub const fn settling(mut self, share: f64) -> Self {
        self.leak.warm_up = share;
        self.drift.warm_up = share;
        self.errors.warm_up = share;
        self
    }

    /// When growing memory is a leak.
    pub const fn leak_rule(mut self, rule: LeakRule) -> Self {
        self.leak = rule;
        self
    }

    /// When rising latency is a drift.
    pub const fn drift_rule(mut self, rule: DriftRule) -> Self {
        self.drift = rule;
        self
    }

    /// When a rising error rate is a drift; [`DriftRule::of_errors`] is the usual rule.
    pub const fn error_drift_rule(mut self, rule: DriftRule) -> Self {
        self.errors = rule;
        self
    }

    /// States what is expected of the load; may be called several times. It is judged like any expectation of a load.
    pub fn expect(mut self, expectation: impl IntoExpectation) -> Self {
        self.terms.objectives.push(expectation.into_expectation());
        self
    }

    /// Runs it with an async operation.
    ///
    /// # Errors
    /// The terms contradict themselves, an expectation is malformed, or the case was stopped before. That something rises
    /// is no error. What a soak that was stopped has seen until then is judged.
    pub async fn run<F, T>(self, cx: &Context, operation: F) -> Result<Soak>
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        self.run_workload(cx, Async(operation)).await
    }

    /// Runs it with a workload whose users keep something.
    ///
    /// # Errors
    /// As [`LongRunning::run`].
    pub async fn run_workload<W: Workload>(self, cx: &Context, workload: W) -> Result<Soak> {
        self.check()?;
        let expectations = self.terms.objectives(&[])?;
        let adjusted = self.load().checked().and_then(|load| load.adjusted(&cx.terms().overrides()));
        let adjusted = adjusted.map_err(RunError::from)?;
        let length = adjusted.length().unwrap_or(self.length);
        self.fits(length, cx.terms().settings.duration("time_limit"))?;
        let window = self.window.unwrap_or_else(|| window_of(&adjusted, length));
        let workload = Arc::new(workload);
        self.terms.ramp(cx, self.rising(), &workload).await?;
        self.terms.step(cx, adjusted.describe(), 1, Some(1));
        // From outside its level may be changed, as that of any load.
        let builder = cx.load(self.load()).named("soak").window(window);
        let builder = match self.terms.timeout {
            Some(timeout) => builder.timeout(timeout),
            None => builder,
        };
        let builder = expectations.into_iter().fold(builder, LoadBuilder::expect);
        let run = builder.run_workload(workload).await?;
        let soak = self.judged(run);
        if !cx.is_dry_run() {
            cx.found(Finding::new(NAME, Detail::Leak { found: soak.leak.clone() }));
            cx.found(Finding::new(NAME, Detail::Drift { found: soak.drift.clone() }));
            cx.found(Finding::new(NAME, Detail::ErrorDrift { found: soak.error_drift.clone() }));
        }
        self.terms.settle(cx).await;
        Ok(soak)
    }

    fn judged(&self, run: Run) -> Soak {
        let windows = while_due(&run.observation().timeline, run.total().duration_s);
        let memory: Vec<(f64, u64)> =
            windows.iter().filter(|w| w.memory_bytes > 0).map(|w| (w.at_s, w.memory_bytes)).collect();
        Soak {
            leak: Leak::find(&memory, &self.leak),
            drift: Drift::find(&windows, &self.drift),
            error_drift: ErrorDrift::find(&windows, &self.errors),
            memory_growth: growth(&memory, self.leak.warm_up),
            run,
        }
    }

    fn load(&self) -> Load {
        match self.level {
            Level::Usual => self.at(Rate::new(USUAL_RATE * self.terms.factor())),
            Level::Rate(rate) => self.at(rate),
            Level::Users(users) => Load::users(users).for_duration(self.length).into(),
        }
    }

    fn at(&self, rate: Rate) -> Load {
        Load::rate(rate).for_duration(self.length).into()
    }

    /// What comes before it where there is a ramp-up.
    fn rising(&self) -> Load {
        match self.level {
            Level::Usual => self.ramp_to(Rate::new(USUAL_RATE * self.terms.factor())),
            Level::Rate(rate) => self.ramp_to(rate),
            Level::Users(users) => Load::users(0).ramp_to(users, self.terms.ramp_up).into(),
        }
    }

    fn ramp_to(&self, rate: Rate) -> Load {
        Load::rate(Rate::new(0.0)).ramp_to(rate, self.terms.ramp_up).into()
    }

    fn check(&self) -> std::result::Result<(), ProcedureError> {
        let wrong = |reason: &str| Err(self.terms.wrong(reason));
        match self.level {
            Level::Rate(rate) if !(rate.per_second().is_finite() && rate.per_second() > 0.0) => {
                return wrong("its load wants a rate over 0");
            }
            Level::Users(0) => return wrong("it has no users: give `users` at least 1"),
            Level::Usual | Level::Rate(_) | Level::Users(_) => {}
        }
        if self.length.is_zero() {
            return wrong("it lasts 0 s: give `for_duration` a longer duration");
        }
        let is_window = |length: Duration| (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&length);
        if self.window.is_some_and(|length| !is_window(length)) {
            return wrong("`window` wants a length from 100 ms to an hour");
        }
        let shares = [self.leak.warm_up, self.drift.warm_up, self.errors.warm_up];
        match shares.iter().all(|share| (0.0..1.0).contains(share)) {
            true => Ok(()),
            false => wrong("`settling` wants a share of the time from 0 to under 1, such as 0.4"),
        }
    }

    /// Whether there is time for it.
    fn fits(&self, length: Duration, limit: Option<Duration>) -> std::result::Result<(), ProcedureError> {
        match limit {
            Some(limit) if length + self.terms.ramp_up >= limit => Err(self.terms.wrong(format!(
                "it takes {}, and the case is stopped after {}: raise its `time_limit`, or make it shorter",
                show_duration(length + self.terms.ramp_up),
                show_duration(limit)
            ))),
            _ => Ok(()),
        }
    }
}

/// The windows' length that suits a load of this length.
fn window_of(load: &Load, length: Duration) -> Duration {
    let usual = (length / WINDOWS).clamp(SHORTEST_WINDOW, USUAL_WINDOW);
    let thin = match load {
        Load::Open(_) => {
            Duration::from_secs_f64((OPERATIONS_A_WINDOW / load.peak()).min(LONGEST_WINDOW.as_secs_f64()))
        }
        Load::Closed(_) => Duration::ZERO,
    };
    usual.max(thin)
}

/// The windows that lie within the schedule: in the drain only what is slow ends.
fn while_due(windows: &[Window], schedule_s: f64) -> Vec<Window> {
    let within = |w: &&Window| w.at_s + w.length_s / 2.0 <= schedule_s;
    windows.iter().filter(within).copied().collect()
}

/// The growth of the least memory from the first tenth of the readings after the warm-up to the last tenth.
fn growth(memory: &[(f64, u64)], warm_up: f64) -> Option<f64> {
    let settled = memory.get((memory.len() as f64 * warm_up) as usize..)?;
    let tenth = settled.len().div_ceil(10);
    let least = |part: &[(f64, u64)]| part.iter().map(|(_, bytes)| *bytes).min();
    let (first, last) = (least(settled.get(..tenth)?)?, least(settled.get(settled.len() - tenth..)?)?);
    Some(last as f64 / first as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        case::Severity,
        units::{hours, millis, minutes, per_minute, per_second, seconds},
    };

    fn refused(procedure: LongRunning) -> String {
        procedure.check().unwrap_err().to_string()
    }

    #[test]
    fn growth_is_told_beside_what_may_be() {
        assert_eq!(
            said_of_growth(Some(0.009_006), 0.05),
            "memory grew by 0.9006% during the soak, less than 5%"
        );
        assert_eq!(said_of_growth(Some(0.05), 0.05), "memory grew by 5% during the soak, not less than 5%");
        let untold = "whether memory grew by less than 5% is not known: it was not measured";
        assert_eq!(said_of_growth(None, 0.05), untold);
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_the_reason() {
        let new = LongRunning::new;
        assert_eq!(
            refused(new().for_duration(Duration::ZERO)),
            "the procedure `long running` cannot run: it lasts 0 s: give `for_duration` a longer duration"
        );
        assert!(refused(new().rate(per_second(-1))).ends_with("its load wants a rate over 0"));
        assert!(refused(new().users(0)).ends_with("give `users` at least 1"));
        assert!(refused(new().window(millis(20))).ends_with("from 100 ms to an hour"));
        assert!(refused(new().settling(1.0)).contains("from 0 to under 1"));
        assert!(refused(new().settling(f64::NAN)).contains("from 0 to under 1"));
        assert_eq!(new().check(), Ok(()));
        assert_eq!(
            new().fits(hours(1), Some(minutes(5))).unwrap_err().reason,
            "it takes 1h, and the case is stopped after 5m: raise its `time_limit`, or make it shorter"
        );
        assert_eq!(new().fits(hours(1), None), Ok(()));
    }

    #[test]
    fn windows_suit_the_length_and_the_rate() {
        let window = |rate, length| {
            let load = LongRunning::new().rate(rate).for_duration(length).load();
            window_of(&load, length)
        };
        assert_eq!(window(per_second(100), minutes(4)), seconds(1));
        assert_eq!(window(per_second(100), seconds(9)), millis(150));
        assert_eq!(window(per_second(100), seconds(3)), millis(100));
        assert_eq!(window(per_minute(10), hours(1)), minutes(1));
    }

    #[test]
    fn severity_moves_what_was_not_stated() {
        let described = |procedure: LongRunning| procedure.load().describe();
        assert_eq!(described(LongRunning::new().severity(Severity::High)), "200/s for 4m");
        assert_eq!(described(LongRunning::new().severity(Severity::High).users(5)), "5 users for 4m");
    }

    #[test]
    fn the_drain_is_no_part_of_a_soak() {
        let window = |at_s: f64| Window { at_s, length_s: 1.0, ..Window::default() };
        let windows = [window(0.0), window(1.0), window(1.9), window(2.9)];
        let shown: Vec<f64> = while_due(&windows, 2.5).iter().map(|w| w.at_s).collect();
        assert_eq!(shown, [0.0, 1.0, 1.9]);
    }

    #[test]
    fn growth_is_from_the_settled_beginning_to_the_end() {
        let memory: Vec<(f64, u64)> =
            (0..100).map(|t| (f64::from(t), if t < 40 { 1 } else { 1_000 + t as u64 })).collect();
        let share = growth(&memory, 0.4).unwrap();
        assert!((share - (1_094.0 / 1_040.0 - 1.0)).abs() < 1e-9, "{share}");
        assert_eq!(growth(&[], 0.4), None);
    }
}
