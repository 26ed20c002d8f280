use super::{
    chart::{Axis, Band, Chart, Ink, Line, Mark, Plot, Side, Stroke},
    heatmap::heatmap,
    outcome::{OUTCOMES, Outcome},
    track::{Track, phase_spans},
};
use crate::{
    monitor::ResourceWindow,
    observe::{Model, Window},
    report::{CaseReport, text::show},
};

/// Tracks of a case that are drawn; the figures of the others are in their loads and in `report.json`.
const MOST_TRACKS: usize = 6;

/// A limit of memory so many times over what was used is not drawn: it would press the line to the ground.
const LIMIT_IN_SIGHT: f64 = 3.0;

/// A case that gets ready for more than this share of its time is drawn from its first load on.
const LONG_START: f64 = 0.25;

/// The charts of one track, or of the case's processes.
#[derive(Debug, Clone)]
pub(super) struct Charts {
    /// Which loads, where there are several tracks.
    pub(super) heading: String,
    pub(super) charts: Vec<Chart>,
}

/// What a case did over its time: each chart has the same time axis.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    pub(super) groups: Vec<Charts>,
    /// What is left out, as a sentence.
    pub(super) left_out: Option<String>,
}

impl Timeline {
    pub(super) fn of(case: &CaseReport) -> Self {
        let tracks = Track::of(&case.loads);
        let end = tracks.iter().map(Track::end).fold(case.duration_s, f64::max);
        let first = tracks.iter().map(Track::start).reduce(f64::min).unwrap_or(0.0);
        let start = if first > end * LONG_START { first - (end - first) / 50.0 } else { 0.0 };
        let frame = Frame { case, start, end };
        let has_several = tracks.len() > 1;
        let mut groups: Vec<Charts> = tracks
            .iter()
            .take(MOST_TRACKS)
            .map(|track| Charts {
                heading: if has_several { track.name() } else { String::new() },
                charts: frame.track(track),
            })
            .collect();
        let bands = tracks.first().map_or_else(Vec::new, Track::bands);
        let of_process = [frame.cpu(&bands), frame.memory(&bands)];
        match groups.as_mut_slice() {
            [only] => only.charts.extend(of_process),
            _ => {
                groups.push(Charts { heading: "The case's processes".to_owned(), charts: of_process.into() })
            }
        }
        let left_out = tracks.len().checked_sub(MOST_TRACKS).filter(|more| *more > 0).map(|more| {
            format!(
                "{more} more loads ran at the same time and are not drawn; report.json has their windows."
            )
        });
        Self { groups, left_out }
    }
}

/// The time axis that all charts of a case have, and where it was stopped.
struct Frame<'a> {
    case: &'a CaseReport,
    start: f64,
    end: f64,
}

impl Frame<'_> {
    fn track(&self, track: &Track<'_>) -> Vec<Chart> {
        let heatmap = heatmap(track, Axis::time(self.start, self.end));
        vec![self.load(track), self.latency(track), self.outcomes(track), heatmap, self.in_flight(track)]
    }

    fn plot(&self, title: &str, y: Axis, bands: Vec<Band>, lines: Vec<Line>) -> Plot {
        let stop = self.case.stop.as_ref();
        let mark = stop.map(|stop| Mark {
            at: stop.at_s,
            label: "stopped".to_owned(),
            side: Side::Over,
            ink: Ink::Red,
        });
        Plot {
            title: title.to_owned(),
            x: Axis::time(self.start, self.end),
            y,
            bands: bands.into_iter().chain(self.faults()).collect(),
            marks: mark.into_iter().collect(),
            cells: Vec::new(),
            lines,
        }
    }

    /// Where something was broken on purpose, over whatever else a chart shows.
    fn faults(&self) -> impl Iterator<Item = Band> {
        let bands = self.case.faults.iter().filter(|band| band.until_s > band.from_s);
        bands.map(|band| Band {
            from: band.from_s,
            to: band.until_s,
            name: band.faults.clone(),
            ink: Ink::Red,
        })
    }

    fn load(&self, track: &Track<'_>) -> Chart {
        let carried_out = |window: &Window| window.counts.ok + window.counts.error;
        let started = |window: &Window| window.counts.due.saturating_sub(window.counts.dropped);
        let lines = vec![
            Line { stroke: Stroke::Dashed, ..line("asked, mean of the phase", Ink::Grey, asked(track)) },
            line("started", Ink::Blue, track.rates(started)),
            line("carried out", Ink::Green, track.rates(carried_out)),
        ];
        let axis = Axis::from_zero(highest(&lines), show::rate);
        let plot = self.plot("Load, operations a second", axis, track.bands(), lines);
        plot.draw("No window was long enough to tell a rate.")
    }

    fn latency(&self, track: &Track<'_>) -> Chart {
        let time = |label, ink, us: fn(&Window) -> f64| {
            line(label, ink, track.segments(|window| Some(us(window)).filter(|us| *us > 0.0)))
        };
        let lines = vec![
            time("max", Ink::Grey, |window| window.max_us),
            time("p99", Ink::Red, |window| window.p99_us),
            time("p95", Ink::Orange, |window| window.p95_us),
            time("p50", Ink::Blue, |window| window.p50_us),
        ];
        let axis = Axis::log(lowest(&lines), highest(&lines), show::micros);
        let plot = self.plot("Response time", axis, track.bands(), lines);
        plot.draw("No operation ended while windows were counted.")
    }

    fn outcomes(&self, track: &Track<'_>) -> Chart {
        let mut windows = track.loads.iter().flat_map(|load| &load.timeline);
        let mut lines: Vec<Line> = Vec::new();
        for Outcome { name, ink, count } in OUTCOMES {
            // An outcome that never was is no line at the bottom.
            if windows.clone().any(|window| count(&window.counts) > 0) {
                lines.push(line(name, ink, track.rates(|window| count(&window.counts))));
            }
        }
        let nothing = match windows.next() {
            Some(_) => "No operation ended.",
            None => "No load ran.",
        };
        let axis = Axis::from_zero(highest(&lines), show::rate);
        self.plot("Outcomes a second", axis, track.bands(), lines).draw(nothing)
    }

    fn in_flight(&self, track: &Track<'_>) -> Chart {
        let running = track.segments(|window| Some(window.in_flight as f64));
        let lines = vec![line("in flight", Ink::Teal, running)];
        let axis = Axis::from_zero(highest(&lines), show::number);
        self.plot("Operations in flight", axis, track.bands(), lines).draw("No load ran.")
    }

    fn cpu(&self, bands: &[Band]) -> Chart {
        let lines = vec![
            self.used("the machine, of all cores", Ink::Grey, |window| window.machine_cpu_percent),
            self.used("the case, of the cores available", Ink::Purple, |window| window.cpu_percent),
        ];
        let axis = Axis::from_zero(highest(&lines).max(100.0), show::percent);
        let plot = self.plot("CPU, generator and target together", axis, bands.to_vec(), lines);
        plot.draw("CPU was not measured, or the case was over in less than 500 ms.")
    }

    fn memory(&self, bands: &[Band]) -> Chart {
        let mut lines = vec![self.used("resident", Ink::Orange, |window| {
            Some(window.rss_bytes as f64).filter(|bytes| *bytes > 0.0)
        })];
        let most = highest(&lines);
        let limit = self.case.limits.memory_bytes.map(|limit| limit as f64);
        if let Some(limit) = limit.filter(|limit| *limit <= most * LIMIT_IN_SIGHT) {
            let across = vec![vec![(self.start, limit), (self.end, limit)]];
            lines.push(Line { stroke: Stroke::Dashed, ..line("limit", Ink::Red, across) });
        }
        let axis = Axis::bytes(highest(&lines));
        let plot = self.plot("Memory of the case's processes", axis, bands.to_vec(), lines);
        plot.draw("Memory was not measured.")
    }

    fn used(&self, label: &str, ink: Ink, value: fn(&ResourceWindow) -> Option<f64>) -> Line {
        let used = &self.case.resources;
        let width = f64::from(used.window_s.max(1));
        // The last window ends with the case.
        let middle = |window: &ResourceWindow| {
            let from = f64::from(window.at_s);
            f64::midpoint(from, (from + width).min(self.end.max(from)))
        };
        let points = used.windows.iter().filter_map(|window| Some((middle(window), value(window)?)));
        Line::new(label, ink, points.collect())
    }
}

fn line(label: &str, ink: Ink, segments: Vec<Vec<(f64, f64)>>) -> Line {
    Line { label: label.to_owned(), ink, stroke: Stroke::Solid, segments }
}

/// What the schedules asked for; closed loads ask for no rate.
fn asked(track: &Track<'_>) -> Vec<Vec<(f64, f64)>> {
    let open = track.loads.iter().filter(|load| load.model == Model::Open);
    let phases = open.flat_map(|load| load.phases.iter().zip(phase_spans(load)));
    let asked = phases.filter_map(|(phase, (from, to))| {
        let rate = phase.asked_per_sec.filter(|_| phase.is_started)?;
        Some(vec![(from, rate), (to, rate)])
    });
    asked.collect()
}

fn values(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|line| &line.segments).flatten().map(|(_, value)| *value)
}

pub(super) fn highest(lines: &[Line]) -> f64 {
    values(lines).fold(0.0, f64::max)
}

pub(super) fn lowest(lines: &[Line]) -> f64 {
    values(lines).fold(f64::INFINITY, f64::min)
}
