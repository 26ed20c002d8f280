use super::chart::{Band, Ink};
use crate::{observe::Window, report::LoadReport};

/// Seconds by which one load may begin before the last window of another has ended and still follow it.
const SLACK_S: f64 = 0.25;

/// Loads of a track from which on each is a band by itself, whatever its phases.
const MANY_LOADS: usize = 4;

/// Windows of a load up to which each is drawn in its full width.
const FEW_WINDOWS: usize = 60;

/// A window shorter than this share of the usual tells no rate.
const WHOLE: f64 = 0.5;

/// Loads that ran one after the other, so that a line may go through all of them. Percentiles of loads that ran beside
/// each other cannot be put together.
#[derive(Debug, Clone)]
pub(super) struct Track<'a> {
    pub(super) loads: Vec<&'a LoadReport>,
}

impl<'a> Track<'a> {
    /// The loads of a case, in as few tracks as there can be.
    pub(super) fn of(loads: &'a [LoadReport]) -> Vec<Self> {
        let mut sorted: Vec<&LoadReport> = loads.iter().filter(|load| !load.timeline.is_empty()).collect();
        sorted.sort_by(|a, b| a.started_s.total_cmp(&b.started_s));
        let mut tracks: Vec<Self> = Vec::new();
        for load in sorted {
            let is_free = |track: &&mut Self| track.end() <= load.started_s + SLACK_S;
            match tracks.iter_mut().find(is_free) {
                Some(track) => track.loads.push(load),
                None => tracks.push(Self { loads: vec![load] }),
            }
        }
        tracks
    }

    /// Seconds from the start of the case to that of its first load.
    pub(super) fn start(&self) -> f64 {
        self.loads.first().map_or(0.0, |load| load.started_s)
    }

    /// Seconds from the start of the case to the end of its last load.
    pub(super) fn end(&self) -> f64 {
        self.loads.last().map_or(0.0, |load| end(load))
    }

    /// What it is called: its loads.
    pub(super) fn name(&self) -> String {
        match self.loads.as_slice() {
            [one] => one.load.clone(),
            [first, .., last] => format!("{} to {}", first.load, last.load),
            [] => String::new(),
        }
    }

    /// Phases of few loads, else the loads.
    pub(super) fn bands(&self) -> Vec<Band> {
        match self.loads.len() {
            0..MANY_LOADS => self.loads.iter().flat_map(|load| phases(load)).collect(),
            _ => self.loads.iter().map(|load| band(load.started_s, end(load), &load.load)).collect(),
        }
    }

    /// A line for each load: `value` of its windows, over the seconds of the case.
    pub(super) fn segments(&self, value: impl Fn(&Window) -> Option<f64>) -> Vec<Vec<(f64, f64)>> {
        let lines = self.loads.iter().map(|load| segment(load, &value));
        lines.filter(|points| !points.is_empty()).collect()
    }

    /// As [`Self::segments`], of windows that are long enough to tell a rate.
    pub(super) fn rates(&self, count: impl Fn(&Window) -> u64) -> Vec<Vec<(f64, f64)>> {
        let usual = self.loads.iter().flat_map(|load| &load.timeline).map(|window| window.length_s);
        let usual = usual.fold(0.0, f64::max);
        self.segments(|window| {
            (window.length_s >= usual * WHOLE).then(|| count(window) as f64 / window.length_s)
        })
    }
}

fn end(load: &LoadReport) -> f64 {
    let windows = load.timeline.last().map_or(0.0, |window| window.at_s + window.length_s);
    load.started_s + windows
}

fn segment(load: &LoadReport, value: &impl Fn(&Window) -> Option<f64>) -> Vec<(f64, f64)> {
    let is_few = load.timeline.len() <= FEW_WINDOWS;
    let mut points = Vec::with_capacity(load.timeline.len());
    for window in &load.timeline {
        let Some(value) = value(window).filter(|value| value.is_finite()) else { continue };
        let from = load.started_s + window.at_s;
        match is_few {
            true => points.extend([(from, value), (from + window.length_s, value)]),
            false => points.push((from + window.length_s / 2.0, value)),
        }
    }
    points
}

/// Where the phases of a load began and ended. Phases follow each other, each for as long as operations were due in it.
pub(super) fn phase_spans(load: &LoadReport) -> Vec<(f64, f64)> {
    let mut at = load.started_s;
    let spans = load.phases.iter().map(|phase| {
        let from = at;
        at += phase.figures.duration_s;
        (from, at)
    });
    spans.collect()
}

fn phases(load: &LoadReport) -> Vec<Band> {
    let spans = load.phases.iter().zip(phase_spans(load));
    let begun = spans.filter(|(phase, (from, to))| phase.is_started && to > from);
    begun.map(|(phase, (from, to))| band(from, to, &phase.name)).collect()
}

fn band(from: f64, to: f64, name: &str) -> Band {
    Band { from, to, name: name.to_owned(), ink: Ink::Grey }
}
