use std::time::Duration;

use super::{bound::Bound, error::Mistake, metric::Metric};

/// What a valid expectation consists of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    pub(crate) metric: Metric,
    pub(crate) bound: Bound,
    /// The name of the only load that it is about; `None` for any.
    pub(crate) load: Option<String>,
    /// What the operations that it is about call themselves; `None` for all, and for those without a name.
    pub(crate) tag: Option<String>,
    pub(crate) scope: Scope,
    /// How it is looked at while a load runs; `None` for one look at the end.
    pub(crate) watching: Option<Watching>,
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

/// How an expectation is looked at while its load runs: `over 10s for 30s abort after 1m from 100 samples`.
///
/// ```
/// use proofload::{expect::{Expectation, error_rate}, seconds};
/// let built = error_rate().below(0.01).for_at_least(seconds(30)).aborting_after(seconds(60));
/// assert_eq!(built.to_string(), "error_rate < 1% for 30s abort after 1m");
/// let watching = built.watching().unwrap();
/// assert_eq!((watching.window(), watching.lasting()), (seconds(1), seconds(30)));
/// assert_eq!(watching.abort().unwrap().after, seconds(60));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watching {
    /// `over`: the length of the window.
    pub(super) over: Option<Duration>,
    /// `for`: how long it has to be missed in a row.
    pub(super) lasting: Option<Duration>,
    pub(super) abort: Option<Abort>,
}

impl Watching {
    /// The length of the sliding window: 1 s where only `for` is written.
    pub fn window(&self) -> Duration {
        self.over.unwrap_or(Duration::from_secs(1))
    }

    /// For how long windows have to miss the limit in a row before it counts as missed; zero where one is enough.
    pub fn lasting(&self) -> Duration {
        self.lasting.unwrap_or(Duration::ZERO)
    }

    /// When a missed limit ends the case early, if it does.
    pub const fn abort(&self) -> Option<Abort> {
        self.abort
    }
}

/// When a limit that is missed ends the case early.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Abort {
    /// Not before this time from the end of the warm-up.
    pub after: Duration,
    /// Not before so many operations of the load have ended, warm-up excluded.
    pub from_samples: u64,
}

/// The metric has no figures by phase: the mistake for a scope that asks for them.
pub(super) fn whole_load_only(metric: &Metric) -> Option<Mistake> {
    (!metric.is_known_by_phase()).then(|| Mistake::WholeLoadOnly { metric: metric.to_string() })
}

/// The metric has no figures by tag: the mistake for a clause that asks for them.
pub(super) fn without_tags(metric: &Metric) -> Option<Mistake> {
    (!metric.is_known_by_tag()).then(|| Mistake::NotByTag { metric: metric.to_string() })
}

/// The metric has no figures by window: the mistake for a clause that asks for them.
pub(super) fn without_windows(metric: &Metric) -> Option<Mistake> {
    (!metric.is_known_by_window()).then(|| Mistake::NoWindows { metric: metric.to_string() })
}
