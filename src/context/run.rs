use std::sync::Arc;

use super::{Context, RunError};
use crate::{
    error::Result,
    expect::{Expectation, IntoExpectation},
    judge::{Judgement, judge},
    observe::{Figures, Observation, Phase},
};

/// A load that has run: what was observed, and where to say what was expected of it.
#[derive(Clone)]
pub struct Run {
    cx: Context,
    observation: Arc<Observation>,
}

impl Run {
    pub(super) fn new(cx: Context, observation: Observation) -> Self {
        Self { cx, observation: Arc::new(observation) }
    }

    /// Judges what was expected of this load and puts the verdict into the report. The case goes on, so that the
    /// report is complete.
    ///
    /// # Errors
    /// The expectation is malformed, is about another load, or has windows (`over`, `for`): those are looked at while
    /// the load runs, so they are stated with it.
    pub fn expect(&self, expectation: impl IntoExpectation) -> Result<&Self> {
        let expectation = expectation.into_expectation()?;
        let text = || expectation.to_string();
        if expectation.watching().is_some() {
            return Err(RunError::StatedTooLate { expectation: text() }.into());
        }
        if !expectation.is_about(&self.observation.load) {
            let load = self.observation.load.clone();
            return Err(RunError::OtherLoad { expectation: text(), load }.into());
        }
        self.judge(&expectation);
        Ok(self)
    }

    /// Everything that was observed.
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// The figures of the whole load, the warm-up left out.
    pub fn total(&self) -> &Figures {
        &self.observation.total
    }

    /// The stages, the warm-up left out.
    pub fn phases(&self) -> impl Iterator<Item = &Phase> {
        self.observation.phases.iter().filter(|phase| !phase.is_warm_up)
    }

    /// The count or the share of the counter called `name` during this load.
    pub fn counter(&self, name: &str) -> Option<f64> {
        self.observation.counters.get(name).and_then(crate::observe::Counter::value)
    }

    pub(super) fn judge(&self, expectation: &Expectation) {
        if self.cx.holds_back() {
            return;
        }
        let least = self.cx.inner.terms.settings.count("min_samples").unwrap_or(1);
        self.cx.judged(judge(expectation, &self.observation, least));
    }

    /// Puts the judgement of a watch into the report.
    pub(super) fn judged(&self, judgement: Option<Judgement>) {
        let judgement = judgement.filter(|_| !self.cx.holds_back());
        judgement.into_iter().for_each(|judgement| self.cx.judged(judgement));
    }
}
