//! What a target did at each level of load that a search or a step tried.

use super::{
    chart::{Axis, Chart, Ink, Line, Mark, Plot, Side, Stroke},
    timeline::{highest, lowest},
};
use crate::{
    judge::{BreakingPoint, Capacity, Offered, Served},
    observe::{Model, Purpose},
    report::{CaseReport, LoadReport, text::show},
};

/// How far the rate of a load may be from that of the trial that it was.
const SAME_RATE: f64 = 0.02;

/// Throughput and p99 over the rates that were tried.
pub(super) fn breaking_point(case: &CaseReport, found: &BreakingPoint, tried: &[f64]) -> Vec<Chart> {
    let is_tried = |rate: f64| tried.iter().any(|level| (level - rate).abs() <= level.abs() * SAME_RATE);
    let past = tried.iter().copied().fold(0.0, f64::max);
    let loads = trials(case, Model::Open, |rate| is_tried(rate) || rate > past);
    let marks = match found {
        BreakingPoint::Between { holds_per_sec, breaks_per_sec, .. } => {
            between(Some(*holds_per_sec), Some(*breaks_per_sec))
        }
        BreakingPoint::AtLeast { holds_per_sec } => between(Some(*holds_per_sec), None),
        BreakingPoint::Under { breaks_per_sec, .. } => between(None, Some(*breaks_per_sec)),
        BreakingPoint::Inconclusive { holds_per_sec, .. } => between(*holds_per_sec, None),
    };
    charts(&loads, "asked for, operations a second", &marks)
}

/// Throughput and p99 over the numbers of users or connections that were tried.
pub(super) fn capacity(case: &CaseReport, found: &Capacity, tried: &[u64]) -> Vec<Chart> {
    let loads = trials(case, Model::Closed, |users| tried.contains(&(users as u64)));
    let level = |n: &u64| Some(*n as f64);
    let marks = match found {
        Capacity::Between { holds, breaks, .. } => between(level(holds), level(breaks)),
        Capacity::AtLeast { holds } => between(level(holds), None),
        Capacity::Under { breaks, .. } => between(None, level(breaks)),
        Capacity::Inconclusive { holds, .. } => between(holds.as_ref().and_then(level), None),
    };
    charts(&loads, "at once", &marks)
}

/// Goodput over what was offered.
pub(super) fn degradation(loads: &[Offered]) -> Chart {
    let mut points: Vec<(f64, f64)> =
        loads.iter().map(|load| (load.offered_per_sec, load.goodput_per_sec)).collect();
    points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let lines = vec![all_of_it(&points), seen("succeeded", Ink::Green, points)];
    plot("Goodput over the load offered, operations a second", Axis::from_zero, lines, &[])
        .draw("No load was offered.")
}

/// Goodput over the users.
pub(super) fn saturation(levels: &[Served]) -> Chart {
    let mut points: Vec<(f64, f64)> =
        levels.iter().map(|served| (served.level as f64, served.goodput_per_sec)).collect();
    points.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let lines = vec![seen("succeeded a second", Ink::Green, points)];
    plot("Goodput over the number at once", Axis::from_zero, lines, &[]).draw("No level was tried.")
}

fn between(holds: Option<f64>, breaks: Option<f64>) -> Vec<Mark> {
    // The names stand beside each other where the two are close.
    let holds = holds.map(|at| Mark { at, label: "holds".to_owned(), side: Side::Before, ink: Ink::Green });
    let breaks = breaks.map(|at| Mark { at, label: "breaks".to_owned(), side: Side::After, ink: Ink::Red });
    holds.into_iter().chain(breaks).collect()
}

/// The loads of a case that were trials, with their levels, from the lowest.
fn trials(case: &CaseReport, model: Model, is_one: impl Fn(f64) -> bool) -> Vec<(f64, &LoadReport)> {
    let probes = case.loads.iter().filter(|load| load.model == model && load.purpose == Purpose::Probe);
    let with_level = probes.filter_map(|load| Some((level(load)?, load)));
    let mut trials: Vec<_> = with_level.filter(|(level, _)| is_one(*level)).collect();
    trials.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    trials
}

fn level(load: &LoadReport) -> Option<f64> {
    match load.model {
        Model::Open => load.asked_per_sec,
        Model::Closed => load.phases.iter().filter_map(|phase| phase.users).max().map(|users| users as f64),
    }
}

fn charts(loads: &[(f64, &LoadReport)], level: &str, marks: &[Mark]) -> Vec<Chart> {
    let over = |figure: fn(&LoadReport) -> Option<f64>| {
        loads.iter().filter_map(|(level, load)| Some((*level, figure(load)?))).collect::<Vec<_>>()
    };
    let done = over(|load| load.total.throughput_per_sec);
    let mut rates = vec![
        seen("carried out", Ink::Blue, done.clone()),
        seen("succeeded", Ink::Green, over(|load| load.total.goodput_per_sec)),
    ];
    if loads.iter().all(|(_, load)| load.model == Model::Open) {
        rates.insert(0, all_of_it(&done));
    }
    let times = vec![
        seen("p99", Ink::Red, over(|load| load.total.response.p99_us)),
        seen("p50", Ink::Blue, over(|load| load.total.response.p50_us)),
    ];
    let lowest = lowest(&times);
    let times = plot(
        &format!("Response time over the load {level}"),
        |highest, _| Axis::log(lowest, highest, show::micros),
        times,
        marks,
    );
    let rates = plot(&format!("Operations a second over the load {level}"), Axis::from_zero, rates, marks);
    let nothing = "The loads of the trials are not in this report.";
    vec![rates.draw(nothing), times.draw(nothing)]
}

/// A figure of each level.
fn seen(label: &str, ink: Ink, points: Vec<(f64, f64)>) -> Line {
    Line { stroke: Stroke::Dotted, ..Line::new(label, ink, points) }
}

/// The line on which everything that is asked for is done.
fn all_of_it(points: &[(f64, f64)]) -> Line {
    let line = points.iter().map(|(level, _)| (*level, *level)).collect();
    Line { stroke: Stroke::Dashed, ..seen("all of it", Ink::Grey, line) }
}

fn plot(title: &str, y: impl Fn(f64, fn(f64) -> String) -> Axis, lines: Vec<Line>, marks: &[Mark]) -> Plot {
    let levels = lines.iter().flat_map(|line| &line.segments).flatten().map(|(level, _)| *level);
    Plot {
        title: title.to_owned(),
        x: Axis::from_zero(levels.fold(0.0, f64::max), show::number),
        y: y(highest(&lines), show::number),
        bands: Vec::new(),
        marks: marks.to_vec(),
        cells: Vec::new(),
        lines,
    }
}
