use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Counts, Doublings, Histogram, NodeShare};
use crate::{stop::StopReason, traffic::Traffic};

/// What happened while one load ran. No opinion: judging is done elsewhere, from this.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Observation {
    /// The load's name, unique in its case: `load` unless it was named.
    pub load: String,
    /// Open (a rate) or closed (users).
    pub model: Model,
    /// Whether it may break what it is put on.
    #[serde(default)]
    pub purpose: Purpose,
    /// The load in words: `100/s for 5m`.
    pub plan: String,
    /// Seconds from the start of the case to the start of this load.
    pub started_s: f64,
    /// Everything but the warm-up.
    pub total: Figures,
    /// The stages in their order, the warm-up first if there was one.
    pub phases: Vec<Phase>,
    /// The operations that called themselves something ([`Op::tag`](crate::Op::tag)), by what; the warm-up left out.
    /// Operations that never ended or never started are in no tag: what they would have been is not known.
    #[serde(default)]
    pub tags: BTreeMap<String, Figures>,
    /// One window a second, unless another length was asked for; the warm-up included.
    pub timeline: Vec<Window>,
    /// Why the load ended before its schedule, if it did.
    pub stopped: Option<StopReason>,
    /// `false` for what was put together from the journal of a case that did not live to report.
    pub complete: bool,
    /// The operation timeout in seconds.
    pub timeout_s: f64,
    /// The cap of operations in flight, if there was one.
    pub max_in_flight: Option<u64>,
    /// The user's own counters and rates, by name.
    pub counters: BTreeMap<String, Counter>,
    /// Bytes through the case's counted streams while the load ran.
    #[serde(default)]
    pub traffic: Traffic,
    /// What the process of the case used while the load ran; of several nodes, all of them together.
    pub process: ProcessUse,
    /// What each node contributed, where several carried the load out together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeShare>,
}

/// Whether a load is open or closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Operations start when a schedule says so, whatever became of the earlier ones.
    #[default]
    Open,
    /// Users loop: each starts an operation when its last one has ended.
    Closed,
}

/// What a load is there for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To see how the target fares under it.
    #[default]
    Measure,
    /// To see whether the target breaks under it: a trial of a search, an overload on purpose. It raises no alert.
    Probe,
}

/// One stage of a load, with its own figures.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Phase {
    /// The stage in words (`ramp to 500/s in 30s`), or the name it was given.
    pub name: String,
    /// Whether this is the warm-up, which no statistic counts.
    pub is_warm_up: bool,
    /// Whether the phase began at all.
    pub is_started: bool,
    /// Operations per second that the schedule asked for on average; open loads only.
    pub asked_per_sec: Option<f64>,
    /// The largest number of users; closed loads only.
    pub users: Option<u64>,
    /// What happened to the operations that were due in this phase.
    pub figures: Figures,
}

/// Counts, times and errors of a phase or of a whole load.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Figures {
    /// How the operations ended.
    pub counts: Counts,
    /// Seconds over which operations were due: the scheduled length, or less if the load was stopped.
    pub duration_s: f64,
    /// End minus intended start of operations that ended `ok` or in an error.
    pub response: Histogram,
    /// End minus actual start of the same operations.
    pub service: Histogram,
    /// Response times of rejected operations: how fast the target says no.
    pub rejected: Histogram,
    /// What is known of the response times of timed-out and unfinished operations: at least this.
    pub at_least: Histogram,
    /// Actual start minus intended start: how late the generator was.
    pub lateness: Histogram,
    /// Operations (`ok` or error) of this phase that ended after it: not part of its throughput.
    pub after_phase: u64,
    /// Those of them that were `ok`.
    pub ok_after_phase: u64,
    /// Operations (`ok` or error) that ended after the schedule of the whole load, in the drain.
    pub after_load: u64,
    /// Those of them that were `ok`.
    pub ok_after_load: u64,
    /// Further attempts after a failed one.
    pub retries: u64,
    /// Payload bytes that the operations reported.
    pub bytes: u64,
    /// Kinds of errors, rejections and timeouts, the most frequent first.
    pub kinds: Vec<Kind>,
    /// Status codes that the operations reported, and how often.
    #[serde(deserialize_with = "super::statuses::read")]
    pub statuses: BTreeMap<u16, u64>,
}

impl Figures {
    /// What was counted since `earlier`, a former state of these figures; samples of kinds stay.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let known = |kind: &Kind| {
            let same = earlier.kinds.iter().find(|k| k.class == kind.class && k.text == kind.text);
            same.map_or(0, |k| k.count)
        };
        let kinds = self.kinds.iter().map(|k| Kind { count: k.count - known(k), ..k.clone() });
        let statuses =
            self.statuses.iter().map(|(code, n)| (*code, n - earlier.statuses.get(code).unwrap_or(&0)));
        Self {
            counts: self.counts.since(&earlier.counts),
            duration_s: self.duration_s - earlier.duration_s,
            response: self.response.since(&earlier.response),
            service: self.service.since(&earlier.service),
            rejected: self.rejected.since(&earlier.rejected),
            at_least: self.at_least.since(&earlier.at_least),
            lateness: self.lateness.since(&earlier.lateness),
            after_phase: self.after_phase - earlier.after_phase,
            ok_after_phase: self.ok_after_phase - earlier.ok_after_phase,
            after_load: self.after_load - earlier.after_load,
            ok_after_load: self.ok_after_load - earlier.ok_after_load,
            retries: self.retries - earlier.retries,
            bytes: self.bytes - earlier.bytes,
            kinds: kinds.filter(|k| k.count > 0).collect(),
            statuses: statuses.filter(|(_, n)| *n > 0).collect(),
        }
    }

    /// Adds what `other` counted. Durations add up: phases follow each other.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.merge(&other.counts);
        self.duration_s += other.duration_s;
        self.response.merge(&other.response);
        self.service.merge(&other.service);
        self.rejected.merge(&other.rejected);
        self.at_least.merge(&other.at_least);
        self.lateness.merge(&other.lateness);
        self.after_phase += other.after_phase;
        self.ok_after_phase += other.ok_after_phase;
        self.after_load += other.after_load;
        self.ok_after_load += other.ok_after_load;
        self.retries += other.retries;
        self.bytes += other.bytes;
        for kind in &other.kinds {
            match self.kinds.iter_mut().find(|k| k.class == kind.class && k.text == kind.text) {
                Some(known) => known.merge(kind),
                None => self.kinds.push(kind.clone()),
            }
        }
        self.kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
    }

    /// Share of all operations due that succeeded; `None` when none was due.
    pub fn success_rate(&self) -> Option<f64> {
        share(self.counts.ok, self.counts.due)
    }

    /// Share of all operations due that failed, timed out or did not finish; rejections are not errors.
    pub fn error_rate(&self) -> Option<f64> {
        share(self.counts.error + self.counts.timeout + self.counts.unfinished, self.counts.due)
    }

    /// Share of all operations due that were politely refused.
    pub fn rejected_rate(&self) -> Option<f64> {
        share(self.counts.rejected, self.counts.due)
    }

    /// Operations that were carried out (`ok` or `error`) per second, within the span in which they were due: what
    /// a target only finishes in the drain is work that it fell behind with.
    pub fn throughput(&self) -> Option<f64> {
        let carried_out = (self.counts.ok + self.counts.error).saturating_sub(self.after_phase);
        (self.duration_s > 0.0).then(|| carried_out as f64 / self.duration_s)
    }

    /// Operations that succeeded per second, within the same span.
    pub fn goodput(&self) -> Option<f64> {
        let succeeded = self.counts.ok.saturating_sub(self.ok_after_phase);
        (self.duration_s > 0.0).then(|| succeeded as f64 / self.duration_s)
    }

    /// Operations that started per second: what the generator achieved.
    pub fn started_per_sec(&self) -> Option<f64> {
        (self.duration_s > 0.0).then(|| (self.counts.due - self.counts.dropped) as f64 / self.duration_s)
    }

    /// The response time that a share `q` (0 to 1) of the operations did not exceed; `None` without any.
    ///
    /// Timed-out, unfinished and dropped operations count: their true response time is unknown, but at least what
    /// they waited (and without end for those that never started), so a percentile that they reach is a lower
    /// bound. Rejected operations have times of their own.
    pub fn response_percentile(&self, q: f64) -> Option<Percentile> {
        let all = {
            let mut all = self.response.clone();
            all.merge(&self.at_least);
            all
        };
        let never_started = self.counts.dropped;
        let samples = all.count() + never_started;
        if samples == 0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = rank_of(q, samples);
        match all.at_rank(rank) {
            // The n-th smallest of the lower bounds is a lower bound of the n-th smallest.
            Some(value) => Some(Percentile { value, is_at_least: self.at_least.count_up_to(value) > 0 }),
            None => Some(Percentile { value: all.max(), is_at_least: true }),
        }
    }

    /// As [`Figures::response_percentile`], of service times of the operations that ended.
    pub fn service_percentile(&self, q: f64) -> Option<Duration> {
        (!self.service.is_empty()).then(|| self.service.at_rank(rank_of(q, self.service.count()))).flatten()
    }
}

/// The rank of quantile `q` among `n` values: the smallest that at least a share `q` does not exceed.
fn rank_of(q: f64, n: u64) -> u64 {
    // Decimal shares such as 0.95 are a hair over their binary form: 0.95 x 20 must be rank 19, not 20.
    ((q * n as f64 - 1e-9).ceil() as u64).clamp(1, n)
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A percentile of response times, exact or a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentile {
    /// The duration.
    pub value: Duration,
    /// Whether the true value may be larger: operations without an end rank at or below it.
    pub is_at_least: bool,
}

/// One kind of failure: the text of errors with their numbers replaced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Kind {
    /// `error`, `rejected` or `timeout`.
    pub class: String,
    /// The text, numbers replaced by `N`.
    pub text: String,
    /// How often it was seen.
    pub count: u64,
    /// The first text as it was.
    pub sample: String,
    /// Seconds from the start of the load to the first.
    pub first_s: f64,
    /// Seconds from the start of the load to the last.
    pub last_s: f64,
}

impl Kind {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        if other.first_s < self.first_s {
            self.first_s = other.first_s;
            self.sample.clone_from(&other.sample);
        }
        self.last_s = self.last_s.max(other.last_s);
    }
}

/// A counter or a rate of the user's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counter {
    /// What was counted; for a rate, how often it was true.
    pub count: u64,
    /// For a rate: how often it was asked. `None` for a plain counter.
    pub of: Option<u64>,
}

impl Counter {
    /// The share of a rate, or the count of a counter; `None` for a rate that was never asked.
    pub fn value(&self) -> Option<f64> {
        match self.of {
            Some(of) => share(self.count, of),
            None => Some(self.count as f64),
        }
    }
}

/// A second of a load, or as long a part of it as was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Window {
    /// Seconds from the start of the load to the start of the window.
    pub at_s: f64,
    /// The window's length in seconds.
    pub length_s: f64,
    /// The phase the window ended in, as an index.
    pub phase: u32,
    /// What ended in this window (`due` and `dropped`: fell due in it).
    pub counts: Counts,
    /// Operations running at its end.
    pub in_flight: u64,
    /// Response times of the operations that ended here, in microseconds: median.
    pub p50_us: f64,
    /// 90th percentile.
    #[serde(default)]
    pub p90_us: f64,
    /// 95th percentile.
    pub p95_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// The largest.
    pub max_us: f64,
    /// The same times by powers of two; those of operations without an end are not among them.
    #[serde(default)]
    pub response_log2_us: Doublings,
    /// Median of the service times.
    #[serde(default)]
    pub service_p50_us: f64,
    /// Their 90th percentile.
    #[serde(default)]
    pub service_p90_us: f64,
    /// Their 95th percentile.
    #[serde(default)]
    pub service_p95_us: f64,
    /// Their 99th percentile.
    pub service_p99_us: f64,
    /// The longest of them.
    #[serde(default)]
    pub service_max_us: f64,
    /// 99th percentile of the lateness of starts.
    pub lateness_p99_us: f64,
    /// The least resident memory of the case's process in this window, in bytes: generator and in-process targets
    /// together. 0 where it is not known.
    #[serde(default)]
    pub memory_bytes: u64,
}

/// What the process of a case used while a load ran: load generator and in-process targets together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessUse {
    /// Resident memory when the load started, in bytes.
    pub memory_start_bytes: u64,
    /// The most seen while it ran.
    pub memory_peak_bytes: u64,
    /// When it ended.
    pub memory_end_bytes: u64,
    /// CPU time, user and system, in seconds.
    pub cpu_s: f64,
    /// Wall-clock seconds over which these were measured, drain included.
    pub span_s: f64,
    /// Threads of the runtime that operations start and run on; 0 where that is not known.
    #[serde(default)]
    pub workers: u64,
    /// Seconds that these were busy, summed over them.
    #[serde(default)]
    pub workers_busy_s: f64,
    /// Seconds for which every one of them was busy: nothing could start then.
    #[serde(default)]
    pub all_workers_busy_s: f64,
}

impl ProcessUse {
    /// CPU time by wall-clock time: 2 are two busy cores. `None` when nothing was measured.
    pub fn cores(&self) -> Option<f64> {
        (self.span_s > 0.0).then(|| self.cpu_s / self.span_s)
    }

    /// Share of their time that the runtime's workers were busy, 0 to 1. `None` where that is not known.
    pub fn workers_busy(&self) -> Option<f64> {
        let time = self.workers as f64 * self.span_s;
        (time > 0.0).then(|| (self.workers_busy_s / time).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(response_ms: &[u64], at_least_ms: &[u64], dropped: u64) -> Figures {
        let mut figures = Figures::default();
        response_ms.iter().for_each(|ms| figures.response.record_n(ms * 1_000_000, 1));
        at_least_ms.iter().for_each(|ms| figures.at_least.record_n(ms * 1_000_000, 1));
        figures.counts.dropped = dropped;
        figures
    }

    fn shown(percentile: Option<Percentile>) -> String {
        let p = percentile.unwrap();
        let sign = if p.is_at_least { ">=" } else { "" };
        format!("{sign}{:.0}", p.value.as_secs_f64() * 1e3)
    }

    #[test]
    fn percentiles_among_the_lost_are_lower_bounds() {
        let f = figures(&[10, 20, 30, 40, 50, 60, 70, 80], &[1000, 1000], 0);
        assert_eq!(shown(f.response_percentile(0.5)), "50");
        assert_eq!(shown(f.response_percentile(0.8)), "80");
        assert_eq!(shown(f.response_percentile(0.9)), ">=1000");
        let short_wait = figures(&[10, 20, 30, 40], &[15], 0);
        assert_eq!(shown(short_wait.response_percentile(0.2)), "10");
        assert_eq!(
            shown(short_wait.response_percentile(0.6)),
            ">=20",
            "the one that waited 15 may belong above"
        );
        let dropped = figures(&[10, 20], &[], 2);
        assert_eq!(shown(dropped.response_percentile(0.5)), "20");
        assert_eq!(shown(dropped.response_percentile(0.75)), ">=20");
    }

    #[test]
    fn no_operation_no_percentile() {
        assert_eq!(Figures::default().response_percentile(0.5), None);
        assert_eq!(Figures::default().success_rate(), None);
        assert_eq!(Figures::default().service_percentile(0.5), None);
    }

    #[test]
    fn ranks_do_not_stumble_over_binary_fractions() {
        assert_eq!(rank_of(0.95, 20), 19);
        assert_eq!(rank_of(0.99, 100), 99);
        assert_eq!(rank_of(0.0, 5), 1);
        assert_eq!(rank_of(1.0, 5), 5);
    }

    #[test]
    fn merging_kinds_keeps_the_first_sample() {
        let kind = |sample: &str, first_s| Kind {
            class: "error".into(),
            text: "slot N is gone".into(),
            count: 1,
            sample: sample.into(),
            first_s,
            last_s: first_s,
        };
        let mut late = Figures { kinds: vec![kind("slot 9 is gone", 5.0)], ..Figures::default() };
        late.merge(&Figures { kinds: vec![kind("slot 4 is gone", 2.0)], ..Figures::default() });
        assert_eq!(late.kinds, [Kind { count: 2, last_s: 5.0, ..kind("slot 4 is gone", 2.0) }]);
    }
}
