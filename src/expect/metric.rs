use std::{fmt, str::FromStr};

use super::{assertion::Claim, error::Mistake, quoted, statistic::Statistic};

/// Something that an observation has a figure for.
///
/// Prints as its canonical name, which reads back as the same metric. "Due" are all operations that were to start,
/// warm-up excluded: those that were dropped, refused or never ended are among them.
///
/// ```
/// use proofload::expect::{Dimension, Metric};
/// let metric: Metric = "response_time.p99.90".parse().unwrap();
/// assert_eq!(metric.to_string(), "latency.p99.9");
/// assert_eq!(metric.dimension(), Dimension::Duration);
/// assert_eq!("goodput".parse::<Metric>(), Ok(Metric::Goodput));
/// assert_eq!("counter.\"cache hits\"".parse::<Metric>(), Ok(Metric::Counter("cache hits".to_owned())));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Metric {
    /// `latency.p95` (or `response_time.p95`), a duration: end minus *intended* start of all operations but the
    /// politely refused. Those that timed out, did not finish or were dropped count with what they waited at least.
    /// If it rises while `service_time` does not, operations wait for their turn: the target is over its capacity.
    Latency(Statistic),
    /// `service_time.p95`, a duration: end minus *actual* start. Operations that timed out or did not finish count
    /// as slower than all others. If it rises, the work itself has become slower.
    ServiceTime(Statistic),
    /// `rejected_latency.p95`, a duration: response time of the politely refused. If it rises with the load, the
    /// target refuses too late: callers wait for a no.
    RejectedLatency(Statistic),
    /// `lateness.p99`, a duration: actual minus intended start. If it rises, the generator or its machine is busy,
    /// and every other figure is to be doubted.
    Lateness(Statistic),
    /// `success_rate`, a share: `ok` of all due. If it falls, look at the other shares for where they went.
    SuccessRate,
    /// `error_rate`, a share: errors, timeouts and unfinished of all due; refusals and drops are not errors.
    ErrorRate,
    /// `rejected_rate`, a share: politely refused of all due. Rising past the breaking point is graceful; rising
    /// below it means that the target protects itself too early.
    RejectedRate,
    /// `timeout_rate`, a share: timed out of all due. If it rises, callers wait in vain.
    TimeoutRate,
    /// `throughput`, per second: operations that were carried out, `ok` or in an error, within the span in which
    /// they were due. If it stays under the started rate, work piles up.
    Throughput,
    /// `goodput`, per second: operations that succeeded, within the same span. If it falls while the load rises,
    /// the target collapses.
    Goodput,
    /// `started_rate`, per second: operations that the generator started.
    StartedRate,
    /// `achieved_rate`, a share: operations started of those that the schedule of an open load asked for. Under 1
    /// the load was less than planned.
    AchievedRate,
    /// `due`, a count: operations that were to start.
    Due,
    /// `ok`, a count: operations that succeeded.
    Ok,
    /// `rejected`, a count: operations that were politely refused.
    Rejected,
    /// `errors`, a count: operations that failed; timeouts are counted apart.
    Errors,
    /// `timeouts`, a count: operations that ran into the operation timeout.
    Timeouts,
    /// `unfinished`, a count: operations still running when the drain ended. Over zero: something hangs.
    Unfinished,
    /// `dropped`, a count: operations never started because too many were in flight. Over zero: the target fell
    /// behind by the whole cap.
    Dropped,
    /// `retries`, a count: further attempts after a failed one. If it rises, the load on the target is larger than
    /// the rate of operations says.
    Retries,
    /// `bytes`, a size: the payload that operations reported.
    Bytes,
    /// `counter.NAME`: the user's own counter (a count) or rate (a share).
    Counter(String),
    /// `status.503`, a count: operations that reported the status code.
    Status(u16),
    /// `memory.peak`, a size: the most resident memory of the case's process while the load ran; generator and
    /// in-process targets together.
    MemoryPeak,
    /// `memory.growth`, a size: that peak minus the memory at the load's start. Two points do not make a leak: a
    /// cache that fills grows too.
    MemoryGrowth,
    /// `cpu.mean`, a share of one core: CPU time of the case's process by wall-clock time; 200 % are two busy cores.
    CpuMean,
}

/// What a metric is measured in, and so what its limit has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// A length of time.
    Duration,
    /// A share of a whole.
    Ratio,
    /// Operations per second.
    Rate,
    /// A whole number.
    Count,
    /// An amount of memory or data.
    Bytes,
    /// A count or a share, as the counter is used.
    Number,
}

impl Dimension {
    /// What a value of this dimension is, with an example.
    pub(super) const fn wanted(self) -> &'static str {
        match self {
            Self::Duration => "a duration: write it like 100ms",
            Self::Ratio => "a share: write it like 95% or 0.95",
            Self::Rate => "a rate: write it like 500/s",
            Self::Count => "a count: write it like 1_000",
            Self::Bytes => "a size: write it like 1GiB",
            Self::Number => "a counter: write a count like 1_000 or a share like 80%",
        }
    }
}

/// The name written, the canonical name, and the metric.
type Family = (&'static str, &'static str, fn(Statistic) -> Metric);

/// The metrics of times.
const FAMILIES: [Family; 5] = [
    ("latency", "latency", Metric::Latency),
    ("response_time", "latency", Metric::Latency),
    ("service_time", "service_time", Metric::ServiceTime),
    ("rejected_latency", "rejected_latency", Metric::RejectedLatency),
    ("lateness", "lateness", Metric::Lateness),
];

/// The metrics that are one word.
const SINGLES: [(&str, Metric); 20] = [
    ("success_rate", Metric::SuccessRate),
    ("error_rate", Metric::ErrorRate),
    ("rejected_rate", Metric::RejectedRate),
    ("timeout_rate", Metric::TimeoutRate),
    ("throughput", Metric::Throughput),
    ("goodput", Metric::Goodput),
    ("started_rate", Metric::StartedRate),
    ("achieved_rate", Metric::AchievedRate),
    ("due", Metric::Due),
    ("ok", Metric::Ok),
    ("rejected", Metric::Rejected),
    ("errors", Metric::Errors),
    ("timeouts", Metric::Timeouts),
    ("unfinished", Metric::Unfinished),
    ("dropped", Metric::Dropped),
    ("retries", Metric::Retries),
    ("bytes", Metric::Bytes),
    ("memory.peak", Metric::MemoryPeak),
    ("memory.growth", Metric::MemoryGrowth),
    ("cpu.mean", Metric::CpuMean),
];

impl Metric {
    /// What it is measured in.
    pub const fn dimension(&self) -> Dimension {
        match self {
            Self::Latency(_) | Self::ServiceTime(_) | Self::RejectedLatency(_) | Self::Lateness(_) => {
                Dimension::Duration
            }
            Self::SuccessRate | Self::ErrorRate | Self::RejectedRate | Self::TimeoutRate => Dimension::Ratio,
            Self::AchievedRate | Self::CpuMean => Dimension::Ratio,
            Self::Throughput | Self::Goodput | Self::StartedRate => Dimension::Rate,
            Self::Due | Self::Ok | Self::Rejected | Self::Errors | Self::Timeouts => Dimension::Count,
            Self::Unfinished | Self::Dropped | Self::Retries | Self::Status(_) => Dimension::Count,
            Self::Bytes | Self::MemoryPeak | Self::MemoryGrowth => Dimension::Bytes,
            Self::Counter(_) => Dimension::Number,
        }
    }

    /// Whether it is a share of all operations that were due, which is never over 1.
    pub(crate) const fn is_share_of_due(&self) -> bool {
        matches!(self, Self::SuccessRate | Self::ErrorRate | Self::RejectedRate | Self::TimeoutRate)
    }

    /// Whether each phase has a figure of its own.
    pub(super) const fn is_known_by_phase(&self) -> bool {
        !matches!(self, Self::Counter(_) | Self::MemoryPeak | Self::MemoryGrowth | Self::CpuMean)
    }

    /// Whether operations of one tag have a figure of their own. A tag counts what has ended: what an operation would have
    /// called itself that never started or never ended is not known, so neither is how many of a tag were due.
    pub(super) const fn is_known_by_tag(&self) -> bool {
        match self {
            Self::Latency(_) | Self::ServiceTime(_) | Self::RejectedLatency(_) => true,
            Self::SuccessRate | Self::ErrorRate | Self::RejectedRate | Self::TimeoutRate => true,
            Self::Throughput | Self::Goodput => true,
            Self::Ok | Self::Rejected | Self::Errors | Self::Timeouts => true,
            Self::Retries | Self::Bytes | Self::Status(_) => true,
            // The generator's own: it knows no tags.
            Self::Lateness(_) => false,
            Self::StartedRate | Self::AchievedRate | Self::Due | Self::Unfinished | Self::Dropped => false,
            Self::Counter(_) | Self::MemoryPeak | Self::MemoryGrowth | Self::CpuMean => false,
        }
    }

    /// Whether each window of a running load has a figure of its own. What a schedule asked for is known by stages.
    pub(super) const fn is_known_by_window(&self) -> bool {
        self.is_known_by_phase() && !matches!(self, Self::AchievedRate)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(statistic) => write!(f, "latency.{statistic}"),
            Self::ServiceTime(statistic) => write!(f, "service_time.{statistic}"),
            Self::RejectedLatency(statistic) => write!(f, "rejected_latency.{statistic}"),
            Self::Lateness(statistic) => write!(f, "lateness.{statistic}"),
            Self::Status(code) => write!(f, "status.{code}"),
            Self::Counter(name) => {
                f.write_str("counter.")?;
                match name.chars().all(is_bare) {
                    true => f.write_str(name),
                    false => quoted::write(f, name),
                }
            }
            single => {
                let known = SINGLES.iter().find(|(_, metric)| metric == single);
                f.write_str(known.expect("every metric of one word is in the list of them").0)
            }
        }
    }
}

impl FromStr for Metric {
    type Err = Mistake;

    fn from_str(text: &str) -> Result<Self, Mistake> {
        if let Some((_, metric)) = SINGLES.iter().find(|(name, _)| *name == text) {
            return Ok(metric.clone());
        }
        let (first, rest) = text.split_once('.').unwrap_or((text, ""));
        if let Some(&(_, family, metric)) = FAMILIES.iter().find(|(name, _, _)| *name == first) {
            return timed(text, family, rest).map(metric);
        }
        match first {
            "counter" => counter_name(rest).map(Self::Counter),
            "status" => {
                rest.parse().map(Self::Status).map_err(|_| Mistake::BadStatus { name: text.to_owned() })
            }
            name if Claim::NAMES.contains(&name) => Err(Mistake::NotOfALoad { name: name.to_owned() }),
            _ => Err(unknown(text)),
        }
    }
}

fn timed(name: &str, family: &'static str, statistic: &str) -> Result<Statistic, Mistake> {
    Statistic::read(statistic).unwrap_or_else(|| {
        let near = Statistic::PROPOSED.iter().find(|known| strsim::osa_distance(statistic, known) <= 1);
        Err(match near {
            Some(near) => {
                Mistake::MisspeltMetric { name: name.to_owned(), nearest: format!("{family}.{near}") }
            }
            None => Mistake::NoStatistic { name: name.to_owned(), family },
        })
    })
}

fn counter_name(text: &str) -> Result<String, Mistake> {
    let name = match quoted::read(text) {
        Some((name, length)) if length == text.len() => name,
        Some(_) => return Err(Mistake::UnquotedCounterName),
        None if text.chars().all(is_bare) => text.to_owned(),
        None => return Err(Mistake::UnquotedCounterName),
    };
    match name.is_empty() {
        true => Err(Mistake::EmptyCounterName),
        false => Ok(name),
    }
}

/// Whether a counter's name may have it without quotes.
fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/')
}

pub(super) fn unknown(name: &str) -> Mistake {
    let families = FAMILIES
        .iter()
        .flat_map(|(_, family, _)| Statistic::PROPOSED.iter().map(move |known| format!("{family}.{known}")));
    let singles = SINGLES.iter().map(|(single, _)| (*single).to_owned());
    let findings = Claim::NAMES.map(str::to_owned);
    let nearest = families
        .chain(singles)
        .chain(findings)
        .map(|known| (strsim::osa_distance(name, &known), known))
        .min_by_key(|(distance, _)| *distance);
    // A quarter of the letters may differ: `succes_rates` still finds its metric, `rps` finds none by chance.
    let most = 1 + name.chars().count() / 4;
    match nearest {
        Some((distance, nearest)) if distance <= most && distance < name.chars().count() => {
            Mistake::MisspeltMetric { name: name.to_owned(), nearest }
        }
        _ => Mistake::UnknownMetric { name: name.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::error::{FINDINGS_IN_WORDS, METRICS_IN_WORDS};

    #[test]
    fn every_name_prints_as_it_was_read() {
        let families = ["latency", "service_time", "rejected_latency", "lateness"];
        let timed = families.iter().flat_map(|f| Statistic::PROPOSED.iter().map(move |s| format!("{f}.{s}")));
        let singles = SINGLES.iter().map(|(name, _)| (*name).to_owned());
        let others =
            ["status.503", "counter.a-b.c:d/é", "counter.\"a b\"", r#"counter."\"x\\""#].map(str::to_owned);
        for name in timed.chain(singles).chain(others) {
            assert_eq!(name.parse::<Metric>().map(|m| m.to_string()), Ok(name));
        }
    }

    #[test]
    fn wrong_names_say_what_is_right() {
        let why = |text: &str| text.parse::<Metric>().unwrap_err().to_string();
        assert_eq!(why("succes_rate"), "unknown metric `succes_rate`; did you mean `success_rate`?");
        assert_eq!(why("latncy.p95"), "unknown metric `latncy.p95`; did you mean `latency.p95`?");
        assert_eq!(why("breking_point"), "unknown metric `breking_point`; did you mean `breaking_point`?");
        assert!(
            why("no_leak").starts_with("`no_leak` is what a procedure finds out: state it with `cx.expect")
        );
        assert_eq!(why("response_time.maks"), NO_STATISTIC.replace('F', "response_time.maks"));
        assert_eq!(why("latency"), NO_STATISTIC.replace('F', "latency"));
        assert_eq!(why("latency.p101"), format!("`p101` is not a percentile: {PERCENTILES}"));
        assert_eq!(
            why("rps"),
            format!(
                "unknown metric `rps`; the metrics are {METRICS_IN_WORDS}; of what procedures find there are \
                 {FINDINGS_IN_WORDS}"
            )
        );
        assert_eq!(why("counter."), "the counter has no name: write it like `counter.cache_hits`");
        assert_eq!(
            why("counter.a\"b\""),
            "the counter's name needs quotes: write it like `counter.\"cache hits\"`"
        );
        for bad in ["status.", "status", "status.4xx", "status.99999", "status.-1"] {
            assert_eq!(why(bad), format!("`{bad}` has no status code: write it like `status.503`"));
        }
    }

    const PERCENTILES: &str = "write p50, p99.9 or another between p0 and p100, with at most four decimals";
    const NO_STATISTIC: &str =
        "`F` needs a statistic: min, mean, stddev, max or a percentile, like `latency.p95`";
}
