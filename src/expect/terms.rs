use super::{bound::Bound, error::Mistake, metric::Metric};

/// What a valid expectation consists of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    pub(crate) metric: Metric,
    pub(crate) bound: Bound,
    pub(crate) scope: Scope,
}

/// The part of a load that an expectation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Everything but the warm-up.
    Whole,
    /// Each phase by itself, the warm-up excluded.
    EachPhase,
    /// The phase of that name.
    Phase(String),
}

/// The metric has no figures by phase: the mistake for a scope that asks for them.
pub(super) fn whole_load_only(metric: &Metric) -> Option<Mistake> {
    (!metric.is_known_by_phase()).then(|| Mistake::WholeLoadOnly { metric: metric.to_string() })
}
