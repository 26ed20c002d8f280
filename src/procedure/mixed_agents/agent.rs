use std::{pin::Pin, sync::Arc, time::Duration};

use super::Pattern;
use crate::{
    IntoOutcome, Op,
    context::{LoadBuilder, Run},
    engine::{Async, Workload},
    error::Result,
    expect::{Expectation, ExpectationError, IntoExpectation},
};

/// Runs a load with the workload inside.
type Start = dyn Fn(LoadBuilder) -> Running + Send + Sync;

pub(super) type Running = Pin<Box<dyn Future<Output = Result<Run>> + Send>>;

/// One kind of users: a name, a pattern, what they do, and what they expect. A part of
/// [`MixedAgents`](super::MixedAgents).
#[derive(Clone)]
#[must_use = "an agent does nothing by itself: give it to `MixedAgents::agent`"]
pub struct Agent {
    pub(super) name: String,
    pub(super) pattern: Pattern,
    pub(super) weight: f64,
    pub(super) timeout: Option<Duration>,
    pub(super) objectives: Vec<std::result::Result<Expectation, ExpectationError>>,
    start: Arc<Start>,
}

impl Agent {
    /// Users called `name` that carry out an async operation.
    pub fn new<F, T>(name: impl Into<String>, pattern: Pattern, operation: F) -> Self
    where
        F: Fn(Op) -> T + Send + Sync + 'static,
        T: Future<Output: IntoOutcome> + Send + 'static,
    {
        Self::with_workload(name, pattern, Async(operation))
    }

    /// Users called `name` that keep something between their operations.
    pub fn with_workload<W: Workload>(name: impl Into<String>, pattern: Pattern, workload: W) -> Self {
        let workload = Arc::new(workload);
        let start =
            move |builder: LoadBuilder| -> Running { Box::pin(builder.run_workload(Arc::clone(&workload))) };
        Self {
            name: name.into(),
            pattern,
            weight: 1.0,
            timeout: None,
            objectives: Vec::new(),
            start: Arc::new(start),
        }
    }

    /// What has to hold for these users, instead of `success_rate >= 95%`; may be called several times.
    pub fn objective(mut self, expectation: impl IntoExpectation) -> Self {
        self.objectives.push(expectation.into_expectation());
        self
    }

    /// The share of these users where [`MixedAgents::users`](super::MixedAgents::users) or
    /// [`MixedAgents::rate`](super::MixedAgents::rate) says how much there is of all; 1 unless stated.
    pub const fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// The longest time for one operation of these users.
    pub const fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = Some(longest);
        self
    }

    pub(super) fn run(&self, builder: LoadBuilder) -> Running {
        (self.start)(match self.timeout {
            Some(timeout) => builder.timeout(timeout),
            None => builder,
        })
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent")
            .field("name", &self.name)
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}
