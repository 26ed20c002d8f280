use std::{
    collections::BTreeMap,
    time::{Duration, Instant, UNIX_EPOCH},
};

use super::{
    sender::Outbox,
    wire::{CUMULATIVE, Data, Gauge, KeyValue, Metric, Number, Point, Sum, pair},
};
use crate::{
    journal::{Event, Line},
    monitor::Sampler,
    observe::{Counts, Figures},
    supervisor::Listener,
};

/// The percentiles that are sent, as their attribute names them.
const QUANTILES: [(&str, f64); 5] = [("0.5", 0.5), ("0.9", 0.9), ("0.95", 0.95), ("0.99", 0.99), ("1", 1.0)];

/// CPU over so long.
const CPU_OVER: Duration = Duration::from_secs(1);

/// A case of which figures are sent now and then.
pub(crate) struct LiveCase {
    name: String,
    outbox: Outbox,
    interval: Duration,
    next: Option<Instant>,
    /// When something was sent last.
    last: Option<Instant>,
    loads: BTreeMap<String, LiveLoad>,
    used: Option<Used>,
}

/// A load, and what it did since figures were sent last.
#[derive(Debug, Default)]
struct LiveLoad {
    started_unix_ns: u64,
    total: Counts,
    bytes: u64,
    news: Figures,
    in_flight: u64,
    is_over: bool,
}

/// What the processes use at the moment.
#[derive(Debug, Clone, Copy)]
struct Used {
    cpu_share: Option<f64>,
    memory_bytes: u64,
    threads: u32,
    descriptors: u32,
}

impl LiveCase {
    pub(super) fn new(name: &str, outbox: Outbox, interval: Duration) -> Self {
        let (next, last, used) = (None, None, None);
        Self { name: name.to_owned(), outbox, interval, next, last, loads: BTreeMap::new(), used }
    }

    /// Hands over what there is. Loads that are over are sent a last time.
    fn send(&mut self, now: Instant) {
        let since = self.last.replace(now).map(|last| now.saturating_duration_since(last).as_secs_f64());
        let metrics = self.metrics(unix_ns(), since.filter(|s| *s > 0.0));
        if !metrics.is_empty() {
            self.outbox.put(metrics);
        }
        self.loads.retain(|_, load| !load.is_over);
        self.loads.values_mut().for_each(|load| load.news = Figures::default());
    }

    fn metrics(&self, now_ns: u64, since_s: Option<f64>) -> Vec<Metric> {
        let mut points = Points { now_ns, metrics: BTreeMap::new() };
        for (name, load) in &self.loads {
            let of = [pair("case", &self.name), pair("load", name)];
            load.add(&mut points, &of, since_s);
        }
        if let Some(used) = self.used {
            let of = [pair("case", &self.name)];
            if let Some(share) = used.cpu_share {
                points.gauge("proofload.cpu.utilization", "1", &of, Number::Double(share));
            }
            points.gauge("proofload.memory.usage", "By", &of, whole(used.memory_bytes));
            points.gauge("proofload.threads", "{thread}", &of, whole(used.threads.into()));
            points.gauge("proofload.descriptors", "{descriptor}", &of, whole(used.descriptors.into()));
        }
        points.metrics.into_values().collect()
    }
}

impl Listener for LiveCase {
    fn heard(&mut self, line: &Line) {
        match &line.event {
            Event::LoadStarted(started) => {
                let load = LiveLoad { started_unix_ns: unix_ns(), ..LiveLoad::default() };
                self.loads.insert(started.load.clone(), load);
            }
            Event::Slice(slice) => {
                if let Some(load) = self.loads.get_mut(&slice.load) {
                    load.in_flight = slice.in_flight;
                    load.total.merge(&slice.figures.counts);
                    load.bytes += slice.figures.bytes;
                    load.news.merge(&slice.figures);
                }
            }
            Event::LoadFinished(seen) => {
                if let Some(load) = self.loads.get_mut(&seen.load) {
                    (load.is_over, load.in_flight) = (true, 0);
                }
            }
            // Its process may be gone before the next look.
            Event::CaseFinished { .. } => self.send(Instant::now()),
            // What else a case tells is no figure.
            _ => {}
        }
    }

    fn looked(&mut self, now: Instant, sampler: &Sampler) {
        if now < *self.next.get_or_insert(now + self.interval) {
            return;
        }
        self.next = Some(now + self.interval);
        let sample = sampler.last();
        self.used = Some(Used {
            cpu_share: sampler.recorder().cpu_percent_over(CPU_OVER).map(|percent| percent / 100.0),
            memory_bytes: sample.rss_bytes,
            threads: sample.threads,
            descriptors: sample.descriptors,
        });
        self.send(now);
    }
}

impl LiveLoad {
    fn add(&self, points: &mut Points, of: &[KeyValue], since_s: Option<f64>) {
        let start = self.started_unix_ns;
        points.sum("proofload.operations.due", "{operation}", of, start, self.total.due);
        for (outcome, n) in outcomes(&self.total) {
            let of = [of, &[pair("outcome", outcome)]].concat();
            points.sum("proofload.operations", "{operation}", &of, start, n);
        }
        points.sum("proofload.bytes", "By", of, start, self.bytes);
        points.gauge("proofload.in_flight", "{operation}", of, whole(self.in_flight));
        if let Some(since_s) = since_s {
            let rate = (self.news.counts.ok + self.news.counts.error) as f64 / since_s;
            points.gauge("proofload.throughput", "{operation}/s", of, Number::Double(rate));
        }
        for (name, q) in QUANTILES {
            let of = [of, &[pair("quantile", name)]].concat();
            let mut seconds = |metric, time: Option<Duration>| {
                if let Some(time) = time {
                    points.gauge(metric, "s", &of, Number::Double(time.as_secs_f64()));
                }
            };
            seconds("proofload.response_time", self.news.response_percentile(q).map(|p| p.value));
            seconds("proofload.service_time", self.news.service_percentile(q));
            seconds("proofload.lateness", self.news.lateness.percentile(q));
        }
    }
}

fn outcomes(counts: &Counts) -> [(&'static str, u64); 6] {
    [
        ("ok", counts.ok),
        ("rejected", counts.rejected),
        ("error", counts.error),
        ("timeout", counts.timeout),
        ("unfinished", counts.unfinished),
        ("dropped", counts.dropped),
    ]
}

/// Points of one moment, by their metric.
struct Points {
    now_ns: u64,
    metrics: BTreeMap<&'static str, Metric>,
}

impl Points {
    /// What is now.
    fn gauge(&mut self, name: &'static str, unit: &str, of: &[KeyValue], value: Number) {
        let point = self.point(of, 0, value);
        let empty = || metric(name, unit, Data::Gauge(Gauge::default()));
        if let Some(Data::Gauge(gauge)) = &mut self.metrics.entry(name).or_insert_with(empty).data {
            gauge.data_points.push(point);
        }
    }

    /// What was counted since `start_ns`.
    fn sum(&mut self, name: &'static str, unit: &str, of: &[KeyValue], start_ns: u64, count: u64) {
        let point = self.point(of, start_ns, whole(count));
        let sum = Sum { data_points: Vec::new(), aggregation_temporality: CUMULATIVE, is_monotonic: true };
        let empty = || metric(name, unit, Data::Sum(sum));
        if let Some(Data::Sum(sum)) = &mut self.metrics.entry(name).or_insert_with(empty).data {
            sum.data_points.push(point);
        }
    }

    fn point(&self, of: &[KeyValue], start_ns: u64, value: Number) -> Point {
        Point {
            start_time_unix_nano: start_ns,
            time_unix_nano: self.now_ns,
            value: Some(value),
            attributes: of.to_vec(),
        }
    }
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), description: String::new(), unit: unit.to_owned(), data: Some(data) }
}

fn whole(n: u64) -> Number {
    Number::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn unix_ns() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
