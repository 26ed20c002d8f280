//! Expectations: thresholds as data, read from text (`latency.p95 < 100ms`) or built in code. Of a load they are an
//! [`Expectation`], of what procedures find out (`breaking_point >= 500/s`) an [`Assertion`].
//!
//! Owns the metrics' names and meanings, the bounds and the grammar. Never looks at a measurement: what an
//! expectation says of an observation is judged elsewhere.

mod assertion;
mod bound;
mod build;
mod error;
mod expectation;
mod metric;
mod parse;
mod quoted;
mod statistic;
mod terms;

pub use assertion::{
    Assertion, Claim, Degrading, FoundMeasure, Grade, IntoAssertion, Stated, breaking_point, capacity,
    connections, degradation, fault_leak, no_drift, no_leak, recovery_time,
};
pub use bound::{Bound, Comparison, Unit, Value};
pub use build::{
    AnyNumber, Limit, Measure, Timing, achieved_rate, bytes, counter, cpu_mean, dropped, due, error_rate,
    errors, goodput, latency, lateness, memory_growth, memory_peak, ok, rejected, rejected_latency,
    rejected_rate, retries, service_time, started_rate, status, success_rate, throughput, timeout_rate,
    timeouts, unfinished,
};
pub use error::{ExpectationError, Mistake};
pub use expectation::{Expectation, IntoExpectation};
pub use metric::{Dimension, Metric};
pub use statistic::{Quantile, Statistic};
pub(crate) use terms::Terms;
pub use terms::{Abort, Scope, Watching};
