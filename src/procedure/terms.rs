use std::{sync::Arc, time::Duration};

use super::ProcedureError;
use crate::{
    Step,
    case::Severity,
    context::{Context, LoadBuilder, Run},
    engine::Workload,
    error::Result,
    expect::{Expectation, ExpectationError},
    judge::{Judgement, TrialResult, Verdict, judge},
    load::Load,
    observe::Observation,
};

/// What a user may say of every procedure.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) procedure: &'static str,
    pub(super) severity: Severity,
    pub(super) ramp_up: Duration,
    pub(super) cool_down: Duration,
    pub(super) timeout: Option<Duration>,
    pub(super) objectives: Vec<std::result::Result<Expectation, ExpectationError>>,
}

/// The setters of [`Terms`], for a procedure that keeps them in its field `terms`.
macro_rules! setters {
    () => {
        /// How hard the target is stressed where nothing more exact is said: the procedure's own highest load is halved
        /// for `Low`, doubled for `High` and four times as high for `Critical`. `Medium` unless stated.
        pub const fn severity(mut self, severity: crate::case::Severity) -> Self {
            self.terms.severity = severity;
            self
        }

        /// Before the first step the load rises to it within this time; nothing of that is judged.
        pub const fn ramp_up(mut self, length: std::time::Duration) -> Self {
            self.terms.ramp_up = length;
            self
        }

        /// The pause after each step, for the target to settle.
        pub const fn cool_down(mut self, length: std::time::Duration) -> Self {
            self.terms.cool_down = length;
            self
        }

        /// The longest time for one operation.
        pub const fn timeout(mut self, longest: std::time::Duration) -> Self {
            self.terms.timeout = Some(longest);
            self
        }
    };
}

/// The setter for what has to hold, for a procedure that keeps [`Terms`] in its field `terms`.
macro_rules! objective_setter {
    () => {
        /// What has to hold, instead of what has to unless stated; may be called several times.
        pub fn objective(mut self, expectation: impl crate::expect::IntoExpectation) -> Self {
            self.terms.objectives.push(expectation.into_expectation());
            self
        }
    };
}

pub(super) use {objective_setter, setters};

impl Terms {
    pub(super) const fn new(procedure: &'static str) -> Self {
        Self {
            procedure,
            severity: Severity::Medium,
            ramp_up: Duration::ZERO,
            cool_down: Duration::from_millis(500),
            timeout: None,
            objectives: Vec::new(),
        }
    }

    /// By how much the severity changes a load that the user has not stated.
    pub(super) const fn factor(&self) -> f64 {
        match self.severity {
            Severity::Low => 0.5,
            Severity::Medium => 1.0,
            Severity::High => 2.0,
            Severity::Critical => 4.0,
        }
    }

    pub(super) fn wrong(&self, reason: impl Into<String>) -> ProcedureError {
        ProcedureError { procedure: self.procedure, reason: reason.into() }
    }

    /// What has to hold: what the user states, or `usual`.
    pub(super) fn objectives(&self, usual: &[&str]) -> Result<Vec<Expectation>> {
        let stated: Vec<Expectation> =
            self.objectives.iter().cloned().collect::<std::result::Result<_, _>>()?;
        // A trial is judged at its end, and its name is the procedure's own.
        if let Some(other) = stated.iter().find(|o| o.watching().is_some() || o.load().is_some()) {
            let reason = format!(
                "its objective `{other}` is judged at the end of each trial: leave `of load`, `over`, `for` and `abort` away"
            );
            return Err(self.wrong(reason).into());
        }
        if !stated.is_empty() {
            return Ok(stated);
        }
        let usual = usual.iter().map(|text| Expectation::parse(text));
        Ok(usual.collect::<std::result::Result<_, _>>()?)
    }

    /// A load on these terms, whose level the settings do not change.
    pub(super) fn load(&self, cx: &Context, load: impl Into<Load>, name: impl Into<String>) -> LoadBuilder {
        self.load_as_set(cx, load, name).at_its_own_level()
    }

    /// A load on these terms, whose level the settings may change.
    pub(super) fn load_as_set(
        &self,
        cx: &Context,
        load: impl Into<Load>,
        name: impl Into<String>,
    ) -> LoadBuilder {
        let builder = cx.load(load).named(name);
        match self.timeout {
            Some(timeout) => builder.timeout(timeout),
            None => builder,
        }
    }

    /// Refuses a highest level that the case may not reach, before anything runs.
    pub(super) fn within_limit(
        &self,
        cx: &Context,
        most: u64,
        what: &str,
    ) -> std::result::Result<(), ProcedureError> {
        match cx.most_users().filter(|limit| most > *limit) {
            Some(limit) => Err(self.wrong(format!(
                "it goes up to {most} {what} at once, and the case may have {limit}: raise `max_concurrency` for this \
                 case, or go less far"
            ))),
            None => Ok(()),
        }
    }

    /// Runs `rising`, which nothing judges, where there is a ramp-up.
    pub(super) async fn ramp<W: Workload>(
        &self,
        cx: &Context,
        rising: impl Into<Load>,
        workload: &Arc<W>,
    ) -> Result<()> {
        if !self.ramp_up.is_zero() {
            self.load(cx, rising, "ramp-up").run_workload(Arc::clone(workload)).await?;
        }
        Ok(())
    }

    /// The pause after a step.
    pub(super) async fn settle(&self, cx: &Context) {
        if !cx.is_dry_run() {
            cx.pause(self.cool_down).await;
        }
    }

    /// Says that the step `number` begins.
    pub(super) fn step(&self, cx: &Context, step: impl Into<String>, number: usize, of: Option<usize>) {
        let (number, of) = (number as u64, of.map(|of| of as u64));
        cx.step(Step { procedure: self.procedure.to_owned(), step: step.into(), number, of });
    }
}

/// What was seen by its objectives: the verdict of all, and each that was not met.
pub(super) fn judged(objectives: &[Expectation], seen: &Observation) -> (Verdict, Vec<String>) {
    let judged: Vec<Judgement> = objectives.iter().map(|objective| judge(objective, seen, 1)).collect();
    let verdict = judged.iter().map(|judgement| judgement.verdict).fold(Verdict::Pass, Verdict::worse);
    let missed = judged.into_iter().filter(|judgement| judgement.verdict != Verdict::Pass);
    (verdict, missed.map(|judgement| judgement.sentence).collect())
}

/// What a trial came to by its objectives.
pub(super) fn by_objectives(objectives: &[Expectation], run: &Run) -> TrialResult {
    let judged = objectives.iter().map(|objective| judge(objective, run.observation(), 1));
    // A failure is certain, whatever else is not known.
    let worst = judged.max_by_key(|judgement| judgement.verdict);
    match worst {
        Some(Judgement { verdict: Verdict::Fail | Verdict::Aborted, sentence, .. }) => {
            TrialResult::Broke { objective: sentence }
        }
        Some(Judgement { verdict: Verdict::Inconclusive, sentence, .. }) => {
            TrialResult::Unknown { reason: sentence }
        }
        Some(Judgement { verdict: Verdict::Pass, .. }) | None => TrialResult::Held,
    }
}
