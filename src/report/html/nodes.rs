use super::{
    chart::{Axis, Chart, Ink, Line, Plot, Stroke},
    table::{Table, cell},
    timeline::{highest, lowest},
};
use crate::{
    observe::NodeWindow,
    report::{
        CaseReport, NodeReport,
        text::{clock, show, worst},
    },
};

/// Nodes that have a line of their own: as many as there are colours.
const INKS: [Ink; 6] = [Ink::Blue, Ink::Orange, Ink::Green, Ink::Purple, Ink::Teal, Ink::Red];

/// The nodes of a case, a row each.
pub(super) fn table(case: &CaseReport) -> Table {
    let mut table = Table::new(&[
        "by node",
        "machine",
        "due",
        "ok",
        "failed",
        "p99",
        "lateness p99",
        "CPU time",
        "peak CPU",
        "peak memory",
        "clock",
        "",
    ]);
    for node in &case.nodes {
        let counts = &node.counts;
        table.row([
            format!("node {}", node.node),
            node.host.clone(),
            show::count(counts.due),
            show::count(counts.ok),
            show::count(counts.error + counts.timeout + counts.unfinished),
            cell(node.p99_us, show::micros),
            cell(node.lateness_p99_us, show::micros),
            cell(node.cpu_seconds, show::seconds),
            cell(node.peak_cpu_percent, show::percent),
            cell(node.peak_memory_bytes, show::bytes),
            if node.node == 0 { "the one to compare with".to_owned() } else { clock(node) },
            node.lost
                .clone()
                .unwrap_or_else(|| node.verdict.map_or_else(String::new, |v| v.words().to_owned())),
        ]);
    }
    table
}

/// Rate and p99 of each node over time: one bad node stands out.
pub(super) fn charts(case: &CaseReport) -> Vec<Chart> {
    let shown = worst(&case.nodes, INKS.len());
    if shown.is_empty() || case.loads.iter().all(|load| load.nodes.is_empty()) {
        return Vec::new();
    }
    let lines = |value: fn(&NodeWindow) -> f64| -> Vec<Line> {
        let line = |(node, ink): (&&NodeReport, Ink)| Line {
            label: format!("node {}", node.node),
            ink,
            stroke: Stroke::Solid,
            segments: segments(case, node.node, value),
        };
        shown.iter().zip(INKS).map(line).collect()
    };
    let plot = |title: &str, y: Axis, lines: Vec<Line>| Plot {
        title: title.to_owned(),
        x: Axis::time(0.0, case.duration_s),
        y,
        bands: Vec::new(),
        marks: Vec::new(),
        cells: Vec::new(),
        lines,
    };
    let rates = lines(|window| window.done as f64 / window.length_s);
    let times = lines(|window| window.p99_us);
    let rate = plot("By node: carried out a second", Axis::from_zero(highest(&rates), show::rate), rates);
    let axis = Axis::log(lowest(&times), highest(&times), show::micros);
    let time = plot("By node: p99 of the response time", axis, times);
    let nothing = "No window was long enough to tell.";
    vec![rate.draw(nothing), time.draw(nothing)]
}

/// A segment for each load that the node took part in, over the seconds of the case.
fn segments(case: &CaseReport, node: u32, value: fn(&NodeWindow) -> f64) -> Vec<Vec<(f64, f64)>> {
    let of_load = |load: &crate::report::LoadReport| {
        let share = load.nodes.iter().find(|share| share.node == node)?;
        let usual = share.timeline.iter().map(|window| window.length_s).fold(0.0, f64::max);
        let whole = share.timeline.iter().filter(|window| window.length_s >= usual / 2.0);
        let points =
            whole.map(|window| (load.started_s + window.at_s + window.length_s / 2.0, value(window)));
        Some(points.filter(|(_, value)| value.is_finite() && *value > 0.0).collect::<Vec<_>>())
    };
    case.loads.iter().filter_map(of_load).filter(|points| !points.is_empty()).collect()
}
