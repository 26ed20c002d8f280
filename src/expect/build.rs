//! The code form: `latency().p95().below(millis(100))`.
//!
//! Everything here puts a text together and lets the parser read it: one grammar, one set of errors, and what code
//! builds cannot mean anything that a text does not.

use std::{fmt, marker::PhantomData, time::Duration};

use super::{
    bound::{Comparison, exact_duration},
    expectation::Expectation,
    metric::Metric,
};
use crate::units::{Amount, ByteSize, Rate, Ratio};

/// A metric that still wants its limit, of the kind `D`.
#[must_use = "a measure expects nothing until it has a limit, such as `.below(...)`"]
#[derive(Debug, Clone)]
pub struct Measure<D> {
    name: String,
    limit: PhantomData<fn() -> D>,
}

impl<D> Measure<D> {
    fn new(name: impl fmt::Display) -> Self {
        Self { name: name.to_string(), limit: PhantomData }
    }

    /// `<`: smaller than `limit`.
    pub fn below(self, limit: impl Limit<D>) -> Expectation {
        self.compared(Comparison::Below, limit)
    }

    /// `<=`: not larger than `limit`.
    pub fn at_most(self, limit: impl Limit<D>) -> Expectation {
        self.compared(Comparison::AtMost, limit)
    }

    /// `>`: larger than `limit`.
    pub fn above(self, limit: impl Limit<D>) -> Expectation {
        self.compared(Comparison::Above, limit)
    }

    /// `>=`: not smaller than `limit`.
    pub fn at_least(self, limit: impl Limit<D>) -> Expectation {
        self.compared(Comparison::AtLeast, limit)
    }

    /// `==`: exactly `limit`.
    pub fn equals(self, limit: impl Limit<D>) -> Expectation {
        self.compared(Comparison::Equal, limit)
    }

    /// `!=`: anything but `limit`.
    pub fn differs_from(self, limit: impl Limit<D>) -> Expectation {
        self.compared(Comparison::NotEqual, limit)
    }

    fn compared(self, comparison: Comparison, limit: impl Limit<D>) -> Expectation {
        Expectation::built(&format!("{} {comparison} {}", self.name, limit.written()))
    }
}

/// A limit for a metric of the kind `D`: a [`Duration`] for times, a number or a [`Ratio`] for shares, a [`Rate`]
/// for rates, a number for counts, a [`ByteSize`] for sizes.
pub trait Limit<D> {
    /// The limit as an expectation has it in its text.
    fn written(self) -> String;
}

impl Limit<Duration> for Duration {
    fn written(self) -> String {
        exact_duration(self)
    }
}

impl Limit<Ratio> for Ratio {
    fn written(self) -> String {
        self.share().to_string()
    }
}

impl<A: Amount> Limit<Ratio> for A {
    fn written(self) -> String {
        self.amount().to_string()
    }
}

impl Limit<Rate> for Rate {
    fn written(self) -> String {
        format!("{}/s", self.per_second())
    }
}

impl<A: Amount> Limit<u64> for A {
    fn written(self) -> String {
        self.amount().to_string()
    }
}

impl Limit<ByteSize> for ByteSize {
    fn written(self) -> String {
        self.bytes().to_string()
    }
}

/// The kind of a counter of the user's own: a count (whole numbers) or a share (others).
#[derive(Debug, Clone, Copy)]
pub enum AnyNumber {}

impl<A: Amount> Limit<AnyNumber> for A {
    fn written(self) -> String {
        self.amount().to_string()
    }
}

impl Limit<AnyNumber> for Ratio {
    fn written(self) -> String {
        // Digits after the point, so that a whole share is not read as a count.
        format!("{:?}", self.share())
    }
}

/// A metric of times that still wants its statistic.
#[must_use = "times expect nothing until they have a statistic and a limit, such as `.p95().below(...)`"]
#[derive(Debug, Clone, Copy)]
pub struct Timing(&'static str);

impl Timing {
    /// The smallest.
    pub fn min(self) -> Measure<Duration> {
        self.statistic("min")
    }

    /// The mean.
    pub fn mean(self) -> Measure<Duration> {
        self.statistic("mean")
    }

    /// The standard deviation.
    pub fn stddev(self) -> Measure<Duration> {
        self.statistic("stddev")
    }

    /// The median.
    pub fn p50(self) -> Measure<Duration> {
        self.statistic("p50")
    }

    /// The 90th percentile.
    pub fn p90(self) -> Measure<Duration> {
        self.statistic("p90")
    }

    /// The 95th percentile.
    pub fn p95(self) -> Measure<Duration> {
        self.statistic("p95")
    }

    /// The 99th percentile; judged from 299 operations on.
    pub fn p99(self) -> Measure<Duration> {
        self.statistic("p99")
    }

    /// The percentile of `percent`, over 0 and under 100 with at most four decimals: `p(99.9)`.
    pub fn p(self, percent: impl Amount) -> Measure<Duration> {
        self.statistic(&format!("p{}", percent.amount()))
    }

    /// The largest.
    pub fn max(self) -> Measure<Duration> {
        self.statistic("max")
    }

    fn statistic(self, statistic: &str) -> Measure<Duration> {
        Measure::new(format_args!("{}.{statistic}", self.0))
    }
}

macro_rules! timings {
    ($($function:ident: $meaning:literal;)*) => { $(
        #[doc = $meaning]
        pub const fn $function() -> Timing {
            Timing(stringify!($function))
        }
    )* };
}

timings! {
    latency: "Response times, from the intended start: see [`Metric::Latency`].";
    service_time: "Times from the actual start: see [`Metric::ServiceTime`].";
    rejected_latency: "How fast refusals come: see [`Metric::RejectedLatency`].";
    lateness: "How late operations started: see [`Metric::Lateness`].";
}

macro_rules! measures {
    ($($function:ident: $metric:ident, $kind:ty, $meaning:literal;)*) => { $(
        #[doc = concat!($meaning, ": see [`Metric::", stringify!($metric), "`].")]
        pub fn $function() -> Measure<$kind> {
            Measure::new(Metric::$metric)
        }
    )* };
}

measures! {
    success_rate: SuccessRate, Ratio, "The share that succeeded";
    error_rate: ErrorRate, Ratio, "The share that failed, timed out or did not finish";
    rejected_rate: RejectedRate, Ratio, "The share that was politely refused";
    timeout_rate: TimeoutRate, Ratio, "The share that timed out";
    achieved_rate: AchievedRate, Ratio, "The share of the asked load that was started";
    cpu_mean: CpuMean, Ratio, "Busy cores; 1 is one core";
    throughput: Throughput, Rate, "Operations carried out per second";
    goodput: Goodput, Rate, "Operations that succeeded per second";
    started_rate: StartedRate, Rate, "Operations started per second";
    due: Due, u64, "Operations that were to start";
    ok: Ok, u64, "Operations that succeeded";
    rejected: Rejected, u64, "Operations that were politely refused";
    errors: Errors, u64, "Operations that failed";
    timeouts: Timeouts, u64, "Operations that timed out";
    unfinished: Unfinished, u64, "Operations that did not finish";
    dropped: Dropped, u64, "Operations that never started";
    retries: Retries, u64, "Further attempts";
    bytes: Bytes, ByteSize, "Payload";
    memory_peak: MemoryPeak, ByteSize, "The most memory in use";
    memory_growth: MemoryGrowth, ByteSize, "Growth of memory up to its peak";
}

/// The user's own counter or rate: see [`Metric::Counter`].
pub fn counter(name: &str) -> Measure<AnyNumber> {
    Measure::new(Metric::Counter(name.to_owned()))
}

/// How many operations reported the status `code`: see [`Metric::Status`].
pub fn status(code: u16) -> Measure<u64> {
    Measure::new(Metric::Status(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{gib, millis, per_second, seconds};

    #[test]
    fn code_and_text_mean_the_same() {
        let pairs = [
            (latency().p95().below(millis(100)), "latency.p95 < 100ms"),
            (latency().p(99.9).at_most(Duration::from_micros(1_500)), "latency.p99.9 <= 1.5ms"),
            (service_time().max().below(millis(100)), "service_time.max < 100ms"),
            (rejected_latency().mean().below(millis(5)), "rejected_latency.mean < 5ms"),
            (lateness().p99().below(millis(1)), "lateness.p99 < 1ms"),
            (success_rate().at_least(0.95), "success_rate >= 95%"),
            (success_rate().equals(1), "success_rate == 100%"),
            (error_rate().at_most(Ratio::new(0.001)), "error_rate <= 0.1%"),
            (throughput().at_least(per_second(500)), "throughput >= 500/s"),
            (counter("cache_hit_rate").above(0.8), "counter.cache_hit_rate > 80%"),
            (counter("full rate").equals(Ratio::new(1.0)), "counter.\"full rate\" == 100%"),
            (counter("hits").above(1_000), "counter.hits > 1000"),
            (dropped().equals(0), "dropped == 0"),
            (status(503).below(10), "status.503 < 10"),
            (unfinished().differs_from(1u8), "unfinished != 1"),
            (memory_peak().below(gib(1)), "memory.peak < 1GiB"),
            (cpu_mean().below(1.5), "cpu.mean < 150%"),
            (goodput().above(per_second(9)).in_each_phase(), "goodput > 9/s in each phase"),
            (ok().above(0).in_phase("hold"), "ok > 0 in phase \"hold\""),
            (latency().p99().below(millis(250)).over(seconds(10)), "latency.p99 < 250ms over 10s"),
            (error_rate().below(0.01).for_at_least(seconds(30)), "error_rate < 1% for 30s"),
            (
                errors().below(9).for_at_least(seconds(2)).over(seconds(5)).of_load("a").aborting(),
                "errors < 9 of load \"a\" over 5s for 2s abort",
            ),
            (
                ok().above(0).over(seconds(1)).aborting_from(9).aborting_after(seconds(3)),
                "ok > 0 over 1s abort after 3s from 9 samples",
            ),
        ];
        for (built, text) in pairs {
            assert_eq!(built.check(), Ok(()));
            assert_eq!(built.to_string(), text);
            assert_eq!(Ok(built), Expectation::parse(text));
        }
    }

    #[test]
    fn impossible_values_wait_for_the_check() {
        let why = |built: Expectation| built.check().unwrap_err().mistake().to_string();
        assert_eq!(
            why(success_rate().at_least(f64::NAN)),
            "`NaN` is not a number that can be compared with: write one like 0.95 or 100"
        );
        assert_eq!(
            why(goodput().above(per_second(f64::INFINITY))),
            "`inf/s` is not a number that can be compared with: write one like 0.95 or 100"
        );
        assert_eq!(why(dropped().equals(-1)), "dropped is never negative: write 0 or more");
        assert_eq!(why(dropped().equals(0.5)), "dropped is a count: write it like 1_000");
        assert_eq!(
            why(success_rate().at_least(95)),
            "success_rate is a share of all operations and never over 100%: write 95% or 0.95"
        );
        let percentiles = [(100.0, "use `max`"), (0.0, "use `min`")];
        for (percent, instead) in percentiles {
            let built = latency().p(percent).below(millis(1)).in_each_phase();
            assert_eq!(why(built), format!("`p{percent}` is not a percentile: {instead}"));
        }
        for percent in [f64::NAN, -1.0, 101.0, 1e300] {
            let built = latency().p(percent).below(millis(1)).in_phase("x");
            assert_eq!(built.to_string(), format!("latency.p{percent} < 1ms"));
            assert!(why(built).starts_with(&format!("`p{percent}` is not a percentile: write p50")));
        }
        assert_eq!(why(counter("").above(1)), "the counter has no name: write it like `counter.cache_hits`");
        assert_eq!(latency().max().below(Duration::MAX).check(), Ok(()));
        assert_eq!(
            why(ok().above(1).over(millis(10))),
            "`over` wants a duration from 1s to 1h: write it like `over 10s`"
        );
        let early = ok().above(1).aborting();
        assert_eq!(why(early), "say over which time before `abort`, as in `error_rate < 5% over 10s abort`");
    }
}
