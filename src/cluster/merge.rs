//! One load on several nodes as one: what each of them tells a few times a second becomes readings of all, and what they
//! tell at the end one observation. Histograms and counters are added, percentiles never averaged.

use std::collections::{BTreeMap, VecDeque};

use super::message::{Delta, Finished, LoadTerms};
use crate::{
    engine::total_of,
    observe::{Counts, Figures, NodeShare, NodeWindow, Observation, Phase, ProcessUse, Window},
};

/// A load whose nodes have not all told their end.
#[derive(Debug)]
pub(super) struct Merging {
    load: String,
    terms: LoadTerms,
    nodes: BTreeMap<u32, Node>,
    /// Up to when all nodes have reported, in seconds since the load's start.
    watermark_s: f64,
    /// The window that is being put together: its number and its figures.
    window: (u64, Figures),
    timeline: Vec<Window>,
    /// The last phase that had begun at the watermark.
    phase: usize,
}

/// What a node has told.
#[derive(Debug, Default)]
struct Node {
    /// The number of its last delta.
    number: u64,
    /// Up to when it has reported.
    told_s: f64,
    /// Told, and not part of a reading yet.
    waiting: VecDeque<Delta>,
    /// All that it told, by phase.
    phases: Vec<Figures>,
    in_flight: u64,
    spans: Vec<Option<(f64, Option<f64>)>>,
    end_s: Option<f64>,
    window: (u64, Figures),
    timeline: Vec<NodeWindow>,
    finished: Option<Box<Finished>>,
    lost: Option<String>,
}

impl Merging {
    pub(super) fn new(load: &str, terms: LoadTerms, nodes: impl IntoIterator<Item = u32>) -> Self {
        Self {
            load: load.to_owned(),
            terms,
            nodes: nodes.into_iter().map(|node| (node, Node::default())).collect(),
            watermark_s: 0.0,
            window: (0, Figures::default()),
            timeline: Vec::new(),
            phase: 0,
        }
    }

    pub(super) const fn terms(&self) -> LoadTerms {
        self.terms
    }

    /// Another node wants to hear the readings, or does not.
    pub(super) const fn wants_readings(&mut self, wants: bool) {
        self.terms.wants_readings |= wants;
    }

    /// Takes in what a node tells; a repeat changes nothing. What a node tells that was given up came too late.
    pub(super) fn take(&mut self, node: u32, delta: Delta) {
        let window = self.window_at(delta.at_s);
        let window_s = self.terms.window_s;
        let Some(known) = self.nodes.get_mut(&node) else { return };
        if delta.number != known.number + 1 || known.lost.is_some() {
            return;
        }
        known.number = delta.number;
        known.told_s = known.told_s.max(delta.at_s);
        if window > known.window.0 {
            known.end_window(window_s, window_s);
            known.window.0 = window;
        }
        for (phase, figures) in &delta.phases {
            if known.phases.len() <= *phase {
                known.phases.resize(phase + 1, Figures::default());
            }
            known.phases[*phase].merge(figures);
            known.window.1.merge(figures);
        }
        known.waiting.push_back(delta);
    }

    /// A node's part is over.
    pub(super) fn finish(&mut self, node: u32, finished: Finished) {
        let Some(known) = self.nodes.get_mut(&node) else { return };
        if known.lost.is_none() {
            known.finished = Some(Box::new(finished));
        }
    }

    /// A node tells no more: what it has told counts, what it had in flight is unfinished.
    pub(super) fn lose(&mut self, node: u32, why: &str) {
        if let Some(known) = self.nodes.get_mut(&node).filter(|known| known.finished.is_none()) {
            known.lost.get_or_insert_with(|| why.to_owned());
        }
    }

    /// Whether nobody is waited for.
    pub(super) fn is_complete(&self) -> bool {
        self.nodes.values().all(|node| !node.is_awaited())
    }

    /// The nodes that are waited for.
    pub(super) fn awaited(&self) -> Vec<u32> {
        self.nodes.iter().filter(|(_, node)| node.is_awaited()).map(|(node, _)| *node).collect()
    }

    /// What has happened on all nodes since the last reading, if all have told something since.
    pub(super) fn reading(&mut self) -> Option<Delta> {
        let told = self.nodes.values().filter(|node| node.is_awaited()).map(|node| node.told_s);
        let last = self.nodes.values().map(|node| node.told_s).fold(0.0, f64::max);
        let watermark_s = told.reduce(f64::min).unwrap_or(last);
        let has_news = self.nodes.values().any(|node| node.has_up_to(watermark_s));
        if watermark_s <= self.watermark_s && !has_news {
            return None;
        }
        self.watermark_s = watermark_s;
        let mut released: Vec<Delta> = Vec::new();
        for node in self.nodes.values_mut() {
            while node.has_up_to(watermark_s) {
                let Some(delta) = node.waiting.pop_front() else { break };
                node.in_flight = delta.in_flight;
                node.spans.clone_from(&delta.spans);
                node.end_s = delta.end_s;
                released.push(delta);
            }
        }
        released.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        let mut reading = Delta { load: self.load.clone(), at_s: watermark_s, ..Delta::default() };
        for delta in released {
            self.put_into_window(&delta);
            delta.phases.into_iter().for_each(|(phase, figures)| add(&mut reading.phases, phase, figures));
            delta.tags.into_iter().for_each(|(tag, figures)| add(&mut reading.tags, tag, figures));
        }
        // Those that were given up run nothing that anybody could know of.
        let present = || self.nodes.values().filter(|node| node.lost.is_none());
        reading.in_flight = present().map(|node| node.in_flight).sum();
        reading.spans = spans(present().map(|node| &node.spans));
        reading.end_s = present().map(|node| node.end_s.unwrap_or(f64::INFINITY)).reduce(f64::max);
        reading.end_s = reading.end_s.filter(|end| end.is_finite());
        self.phase = reading.spans.iter().rposition(Option::is_some).unwrap_or(0);
        Some(reading)
    }

    fn put_into_window(&mut self, delta: &Delta) {
        let window = self.window_at(delta.at_s);
        if window > self.window.0 {
            self.end_window(self.terms.window_s);
            self.window.0 = window;
        }
        delta.phases.iter().for_each(|(_, figures)| self.window.1.merge(figures));
    }

    /// The window that a reading at this time ends in. One comes now and then a little early or late.
    fn window_at(&self, at_s: f64) -> u64 {
        let inside = at_s - self.terms.tick_s / 2.0;
        (inside.max(0.0) / self.terms.window_s) as u64
    }

    fn end_window(&mut self, length_s: f64) {
        let from_s = self.window.0 as f64 * self.terms.window_s;
        let figures = std::mem::take(&mut self.window.1);
        let in_flight = self.nodes.values().map(|node| node.in_flight).sum();
        self.timeline.push(Window {
            phase: self.phase as u32,
            in_flight,
            ..Window::of(&figures, from_s, from_s + length_s)
        });
    }

    /// All of it, once nobody is waited for, or will be any more. `shares` says what is known of the nodes beside.
    pub(super) fn merged(mut self, share: impl Fn(u32) -> NodeShare) -> Option<Observation> {
        while self.reading().is_some() {}
        let rest_s = (self.watermark_s - self.window.0 as f64 * self.terms.window_s).max(0.0);
        if self.window.1.counts != Counts::default() && rest_s > 0.0 {
            self.end_window(rest_s.min(self.terms.window_s));
        }
        let window_s = self.terms.window_s;
        let shares: Vec<NodeShare> = self
            .nodes
            .iter_mut()
            .map(|(number, node)| {
                let rest_s = node.told_s - node.window.0 as f64 * window_s;
                node.end_window(window_s, rest_s.clamp(0.0, window_s));
                node.share(share(*number))
            })
            .collect();
        let base = self.nodes.values().find_map(|node| node.finished.as_ref())?.observation.clone();
        let mut whole = Observation { nodes: shares, timeline: self.timeline, ..empty(&base) };
        for node in self.nodes.values() {
            match &node.finished {
                Some(finished) => add_part(&mut whole, &finished.observation),
                None => add_lost(&mut whole, node),
            }
        }
        whole.total = total_of(&whole.phases);
        let parts: Vec<&Observation> =
            self.nodes.values().filter_map(|node| Some(&node.finished.as_ref()?.observation)).collect();
        add_memory(&mut whole.timeline, &parts);
        Some(whole)
    }
}

impl Node {
    const fn is_awaited(&self) -> bool {
        self.finished.is_none() && self.lost.is_none()
    }

    fn has_up_to(&self, until_s: f64) -> bool {
        self.waiting.front().is_some_and(|delta| delta.at_s <= until_s)
    }

    fn end_window(&mut self, window_s: f64, length_s: f64) {
        let (number, figures) = (self.window.0, std::mem::take(&mut self.window.1));
        let counts = figures.counts;
        if counts == Counts::default() || length_s <= 0.0 {
            return;
        }
        let from_s = number as f64 * window_s;
        self.timeline.push(NodeWindow {
            at_s: from_s,
            length_s,
            done: counts.ok + counts.error,
            failed: counts.error + counts.timeout,
            p99_us: Window::of(&figures, from_s, from_s + length_s).p99_us,
        });
    }

    /// Completes what is known of the node with what it has told.
    fn share(&self, known: NodeShare) -> NodeShare {
        let told;
        let (total, process, doubts) = match &self.finished {
            Some(finished) => {
                (&finished.observation.total, finished.observation.process, finished.doubts.clone())
            }
            None => {
                let mut total = Figures::default();
                self.phases.iter().for_each(|phase| total.merge(phase));
                total.duration_s = self.told_s;
                told = total;
                (&told, ProcessUse::default(), Vec::new())
            }
        };
        let us = |time: std::time::Duration| time.as_secs_f64() * 1e6;
        let response = |q| total.response_percentile(q).map(|p| us(p.value));
        NodeShare {
            counts: total.counts,
            rate_per_sec: total.throughput(),
            p50_us: response(0.5),
            p99_us: response(0.99),
            lateness_p99_us: total.lateness.percentile(0.99).map(us),
            process,
            lost: self.lost.clone(),
            doubts,
            timeline: self.timeline.clone(),
            ..known
        }
    }
}

fn add<K: PartialEq>(to: &mut Vec<(K, Figures)>, key: K, figures: Figures) {
    match to.iter_mut().find(|(known, _)| *known == key) {
        Some((_, known)) => known.merge(&figures),
        None => to.push((key, figures)),
    }
}

/// From the first beginning of each phase to its last end.
fn spans<'a>(
    of: impl Iterator<Item = &'a Vec<Option<(f64, Option<f64>)>>>,
) -> Vec<Option<(f64, Option<f64>)>> {
    let mut spans: Vec<Option<(f64, Option<f64>)>> = Vec::new();
    for other in of {
        spans.resize(spans.len().max(other.len()), None);
        for (span, other) in spans.iter_mut().zip(other) {
            *span = match (*span, *other) {
                (Some((from, to)), Some((other_from, other_to))) => {
                    let to = to.zip(other_to).map(|(to, other)| to.max(other));
                    Some((from.min(other_from), to))
                }
                (one, other) => one.or(other),
            };
        }
    }
    spans
}

/// An observation of the same load in which nothing has happened.
fn empty(of: &Observation) -> Observation {
    let phases = of.phases.iter().map(|phase| Phase {
        figures: Figures::default(),
        is_started: false,
        ..phase.clone()
    });
    Observation {
        phases: phases.collect(),
        total: Figures::default(),
        tags: BTreeMap::new(),
        timeline: Vec::new(),
        stopped: None,
        max_in_flight: None,
        counters: BTreeMap::new(),
        traffic: crate::Traffic::default(),
        process: ProcessUse::default(),
        nodes: Vec::new(),
        ..of.clone()
    }
}

/// Adds figures of the same time on another node: unlike phases, they do not follow each other.
fn add_beside(to: &mut Figures, figures: &Figures) {
    let duration_s = to.duration_s.max(figures.duration_s);
    to.merge(figures);
    to.duration_s = duration_s;
}

fn add_part(whole: &mut Observation, part: &Observation) {
    for (to, phase) in whole.phases.iter_mut().zip(&part.phases) {
        add_beside(&mut to.figures, &phase.figures);
        to.is_started |= phase.is_started;
    }
    for (tag, figures) in &part.tags {
        add_beside(whole.tags.entry(tag.clone()).or_default(), figures);
    }
    for (name, counter) in &part.counters {
        let known = whole.counters.entry(name.clone()).or_default();
        known.count += counter.count;
        known.of = counter.of.map(|of| of + known.of.unwrap_or(0)).or(known.of);
    }
    whole.stopped = whole.stopped.or(part.stopped);
    whole.complete &= part.complete;
    whole.max_in_flight = match (whole.max_in_flight, part.max_in_flight) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    };
    whole.traffic.sent_bytes += part.traffic.sent_bytes;
    whole.traffic.received_bytes += part.traffic.received_bytes;
    let (to, process) = (&mut whole.process, &part.process);
    to.memory_start_bytes += process.memory_start_bytes;
    to.memory_peak_bytes += process.memory_peak_bytes;
    to.memory_end_bytes += process.memory_end_bytes;
    to.cpu_s += process.cpu_s;
    to.span_s = to.span_s.max(process.span_s);
    to.workers += process.workers;
    to.workers_busy_s += process.workers_busy_s;
    // Where nothing could start on one node, some of the load was late.
    to.all_workers_busy_s = to.all_workers_busy_s.max(process.all_workers_busy_s);
}

/// What a node had told that told no end.
fn add_lost(whole: &mut Observation, node: &Node) {
    whole.complete = false;
    for (to, figures) in whole.phases.iter_mut().zip(&node.phases) {
        let mut figures = figures.clone();
        let counts = &mut figures.counts;
        counts.unfinished += counts.due.saturating_sub(counts.ended());
        to.is_started |= counts.due > 0;
        add_beside(&mut to.figures, &figures);
    }
}

/// The memory of all processes together in each window, where all have told it.
fn add_memory(timeline: &mut [Window], parts: &[&Observation]) {
    for window in timeline {
        let middle_s = window.at_s + window.length_s / 2.0;
        let of = |part: &&Observation| {
            let seen = part.timeline.iter().find(|w| (w.at_s..w.at_s + w.length_s).contains(&middle_s));
            seen.map(|seen| seen.memory_bytes).filter(|bytes| *bytes > 0)
        };
        window.memory_bytes = parts.iter().map(of).sum::<Option<u64>>().unwrap_or(0);
    }
}

#[cfg(test)]
mod tests;
