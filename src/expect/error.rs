use std::{fmt, ops::Range};

/// The metrics in words, for the error that lists them.
pub(super) const METRICS_IN_WORDS: &str = "latency, service_time, rejected_latency and lateness (each with .min, \
     .mean, .stddev, .p50, .p99.9 or any percentile, .max), success_rate, error_rate, rejected_rate, timeout_rate, \
     throughput, goodput, started_rate, achieved_rate, due, ok, rejected, errors, timeouts, unfinished, dropped, \
     retries, bytes, counter.NAME, status.CODE, memory.peak, memory.growth and cpu.mean";

/// What procedures find, in words, for the same error.
pub(super) const FINDINGS_IN_WORDS: &str =
    "breaking_point, capacity, connections, recovery_time, fault_leak, degradation, no_leak and no_drift";

/// What is wrong with an expectation, where in its text, and what would be right.
///
/// ```
/// use proofload::expect::Expectation;
/// let error = Expectation::parse("latency.p9o < 100ms").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "expectation: unknown metric `latency.p9o`; did you mean `latency.p90`?\n    \
///          latency.p9o < 100ms\n    \
///          ^^^^^^^^^^^"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expectation: {mistake}{}", Pointer(text, at))]
pub struct ExpectationError {
    text: String,
    at: Range<usize>,
    mistake: Mistake,
}

impl ExpectationError {
    pub(super) fn new(text: &str, at: Range<usize>, mistake: Mistake) -> Self {
        Self { text: text.to_owned(), at, mistake }
    }

    /// The expectation as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the text that are wrong; empty where something is missing.
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    /// The mistake, which prints in one line.
    pub const fn mistake(&self) -> &Mistake {
        &self.mistake
    }
}

/// The text and a line of carets under the place; nothing for an empty text.
struct Pointer<'a>(&'a str, &'a Range<usize>);

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, at) = *self;
        if text.trim().is_empty() {
            return Ok(());
        }
        // A tab or a line break would move the carets away from what they point to.
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let before = text[..at.start].chars().count();
        let carets = text[at.clone()].chars().count().max(1);
        write!(f, "\n    {}\n    {}{}", line.trim_end(), " ".repeat(before), "^".repeat(carets))
    }
}

/// One thing that can be wrong with an expectation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// The text has no words.
    #[error("nothing is written; an expectation reads like `latency.p95 < 100ms`")]
    Empty,
    /// The text starts with an operator.
    #[error("the metric is missing; an expectation reads like `latency.p95 < 100ms`")]
    MissingMetric,
    /// The name is close to that of a metric.
    #[error("unknown metric `{name}`; did you mean `{nearest}`?")]
    MisspeltMetric {
        /// What was written.
        name: String,
        /// The metric that is nearest.
        nearest: String,
    },
    /// The name is not close to any metric.
    #[error(
        "unknown metric `{name}`; the metrics are {METRICS_IN_WORDS}; of what procedures find there are \
         {FINDINGS_IN_WORDS}"
    )]
    UnknownMetric {
        /// What was written.
        name: String,
    },
    /// What a procedure finds, where a metric of a load is wanted.
    #[error(
        "`{name}` is what a procedure finds out: state it with `cx.expect(...)` or in the settings, not with a load"
    )]
    NotOfALoad {
        /// What was written.
        name: String,
    },
    /// A metric of a load, where what a procedure finds is wanted.
    #[error(
        "`{name}` is measured of a load: state it with the load; of what procedures find there are {FINDINGS_IN_WORDS}"
    )]
    OfALoad {
        /// What was written.
        name: String,
    },
    /// An operator that makes no sense for what a procedure finds.
    #[error("{name} is known {known}: {instead}")]
    OperatorOfFinding {
        /// What is found.
        name: &'static str,
        /// What is known of it.
        known: &'static str,
        /// What to write instead.
        instead: &'static str,
    },
    /// A way to degrade that does not exist.
    #[error("`{found}` is no way to degrade: write graceful, degraded or collapse")]
    BadGrade {
        /// What was written.
        found: String,
    },
    /// A metric of times without a statistic, or with one that does not exist.
    #[error("`{name}` needs a statistic: min, mean, stddev, max or a percentile, like `{family}.p95`")]
    NoStatistic {
        /// What was written.
        name: String,
        /// The metric of times.
        family: &'static str,
    },
    /// A percentile that does not exist.
    #[error("`p{percent}` is not a percentile: {instead}")]
    BadPercentile {
        /// What was written after the `p`.
        percent: String,
        /// What to write instead.
        instead: &'static str,
    },
    /// A status that is not a number.
    #[error("`{name}` has no status code: write it like `status.503`")]
    BadStatus {
        /// What was written.
        name: String,
    },
    /// `counter.` without a name.
    #[error("the counter has no name: write it like `counter.cache_hits`")]
    EmptyCounterName,
    /// A counter name with characters that have to be quoted.
    #[error("the counter's name needs quotes: write it like `counter.\"cache hits\"`")]
    UnquotedCounterName,
    /// A quote that does not end.
    #[error("the quote is not closed: end the name with `\"`")]
    UnclosedQuote,
    /// No operator follows the metric.
    #[error("the operator is missing: write one of <, <=, >, >=, == and !=")]
    MissingOperator,
    /// An operator that does not exist.
    #[error("`{found}` is not an operator: {instead}")]
    BadOperator {
        /// What was written.
        found: String,
        /// What to write instead.
        instead: &'static str,
    },
    /// No value follows the operator.
    #[error("the value is missing: {metric} is {wanted}")]
    MissingValue {
        /// The metric.
        metric: String,
        /// What its value is, with an example.
        wanted: &'static str,
    },
    /// The value is not what the metric is measured in.
    #[error("{metric} is {wanted}")]
    WrongValue {
        /// The metric.
        metric: String,
        /// What its value is, with an example.
        wanted: &'static str,
    },
    /// Not a number, or infinite.
    #[error("`{found}` is not a number that can be compared with: write one like 0.95 or 100")]
    NotFinite {
        /// What was written.
        found: String,
    },
    /// Below zero.
    #[error("{metric} is never negative: write 0 or more")]
    Negative {
        /// The metric.
        metric: String,
    },
    /// A share of operations over the whole.
    #[error("{metric} is a share of all operations and never over 100%: write 95% or 0.95")]
    OverTheWhole {
        /// The metric.
        metric: String,
    },
    /// `over` or `for` without a duration, or with one that makes no sense.
    #[error("`{clause}` wants a duration from {least} to {most}: write it like `{clause} {example}`")]
    BadWindow {
        /// `over` or `for`.
        clause: &'static str,
        /// The shortest.
        least: &'static str,
        /// The longest.
        most: &'static str,
        /// One that is right.
        example: &'static str,
    },
    /// A metric that has no figure for a part of the time.
    #[error(
        "{metric} is known at the end of a load only, so it has no windows: leave `over`, `for` and `abort` away"
    )]
    NoWindows {
        /// The metric.
        metric: String,
    },
    /// `abort` without a window.
    #[error("say over which time before `abort`, as in `error_rate < 5% over 10s abort`")]
    AbortWithoutWindow,
    /// `abort` with something that is no delay and no number of samples.
    #[error("`abort` may be followed by `after 30s` (up to 24h) and by `from 100 samples`")]
    BadAbort,
    /// `in` without a phase.
    #[error("write `in each phase` or `in phase \"NAME\"`")]
    BadScope,
    /// `of` without a load.
    #[error("write `of load \"NAME\"`")]
    BadLoad,
    /// `with` without a tag.
    #[error("write `with tag \"NAME\"`")]
    BadTag,
    /// A metric that has no figures by tag.
    #[error("{metric} has no figures by tag: leave `with tag` away")]
    NotByTag {
        /// The metric.
        metric: String,
    },
    /// A tag together with a phase.
    #[error("tags have no phases: leave either `in` or `with tag` away")]
    TagOfAPhase,
    /// A clause that is there already.
    #[error("`{clause}` is written twice: leave one of the two away")]
    Twice {
        /// Its first word.
        clause: String,
    },
    /// A metric that is measured for a whole load only.
    #[error("{metric} is known for the whole load only, not for a phase: leave `in` away")]
    WholeLoadOnly {
        /// The metric.
        metric: String,
    },
    /// More words after the end.
    #[error("the expectation should end before `{words}`: leave that away, or write it as one of its own")]
    TrailingWords {
        /// What is left over.
        words: String,
    },
}
