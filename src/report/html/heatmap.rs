use std::time::Duration;

use super::{
    chart::{Axis, Cell, Chart, Ink, Plot},
    track::Track,
};
use crate::{
    observe::{Doublings, Window},
    report::text::show,
};

/// Columns at most: windows beside each other share one.
const MOST_COLUMNS: usize = 120;

/// How many operations took how long, over the seconds of the case: a row for each power of two, the darker the larger
/// its share of the operations that ended in those seconds.
pub(super) fn heatmap(track: &Track<'_>, x: Axis) -> Chart {
    const TITLE: &str = "Response times, darker where more operations are";
    let columns = columns(track);
    let times = || columns.iter().flat_map(|column| column.seen.iter().map(|(from, _)| from));
    let (Some(shortest), Some(longest)) = (times().min(), times().max()) else {
        return Chart::without(TITLE, "No window of this report has its response times by powers of two.");
    };
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    let plot = Plot {
        title: TITLE.to_owned(),
        x,
        y: Axis::doublings(us(shortest), us(longest) * 2.0, show::micros),
        bands: Vec::new(),
        marks: Vec::new(),
        cells: columns.iter().flat_map(cells).collect(),
        lines: Vec::new(),
    };
    plot.draw("No operation ended.")
}

/// Some windows that follow each other.
struct Column {
    from_s: f64,
    to_s: f64,
    seen: Doublings,
}

fn columns(track: &Track<'_>) -> Vec<Column> {
    let windows: usize = track.loads.iter().map(|load| load.timeline.len()).sum();
    let together = windows.div_ceil(MOST_COLUMNS).max(1);
    let of_load = |started_s: f64, windows: &[Window]| {
        let (first, last) = (windows.first()?, windows.last()?);
        let mut seen = Doublings::default();
        windows.iter().for_each(|window| seen.merge(&window.response_log2_us));
        Some(Column { from_s: started_s + first.at_s, to_s: started_s + last.at_s + last.length_s, seen })
    };
    let loads = track.loads.iter();
    loads
        .flat_map(|load| load.timeline.chunks(together).filter_map(|part| of_load(load.started_s, part)))
        .collect()
}

fn cells(column: &Column) -> Vec<Cell> {
    let all: u64 = column.seen.iter().map(|(_, count)| u64::from(count)).sum();
    let cell = |(from, count): (Duration, u32)| {
        let from_us = from.as_secs_f64() * 1e6;
        let share = f64::from(count) / all as f64;
        // By the fourth root one in ten thousand can still be seen.
        let weight = (share.sqrt().sqrt() * 100.0).round() / 100.0;
        Cell { x: (column.from_s, column.to_s), y: (from_us, from_us * 2.0), ink: Ink::Blue, weight }
    };
    column.seen.iter().map(cell).collect()
}
