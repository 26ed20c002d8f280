use super::{
    chart::{Axis, Chart, Ink, Line, Plot},
    timeline::{highest, lowest},
};
use crate::{
    observe::Histogram,
    report::{LoadReport, text::show},
};

/// Places on the axis for each nine of a percentile.
const PLACES: u32 = 12;

/// Lines of the axis; the distance between two is one nine.
const NINES: [&str; 8] = ["min", "90%", "99%", "99.9%", "99.99%", "99.999%", "99.9999%", "99.99999%"];

/// The percentile spectrum of a load: how long a share of the operations took at most, each step to the right ten times
/// rarer. Of operations that ended; the others have no time.
pub(super) fn spectrum(load: &LoadReport) -> Chart {
    let lines = vec![
        Line::new("service", Ink::Teal, points(&load.service_histogram)),
        Line::new("response", Ink::Blue, points(&load.response_histogram)),
    ];
    let plot = Plot {
        title: "Percentile spectrum, operations that ended".to_owned(),
        x: nines(load.response_histogram.count().max(load.service_histogram.count())),
        y: Axis::log(lowest(&lines), highest(&lines), show::micros),
        bands: Vec::new(),
        marks: Vec::new(),
        cells: Vec::new(),
        lines,
    };
    plot.draw("No operation of this load ended.")
}

/// How many nines a count can tell: beyond there is one operation.
fn most_nines(count: u64) -> f64 {
    (count.max(10) as f64).log10().min(NINES.len() as f64 - 1.0)
}

fn nines(count: u64) -> Axis {
    let most = most_nines(count);
    let half = (0.5_f64.recip().log10(), "50%".to_owned());
    let whole = NINES.iter().enumerate().map(|(n, name)| (n as f64, (*name).to_owned()));
    let mut ticks: Vec<(f64, String)> = whole.take_while(|(at, _)| *at <= most + 1e-9).collect();
    ticks.insert(1, half);
    Axis::with_ticks(0.0, most, ticks)
}

fn points(histogram: &Histogram) -> Vec<(f64, f64)> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let most = most_nines(histogram.count());
    let places = (most * f64::from(PLACES)).ceil() as u32;
    let at = (0..=places).map(|n| (f64::from(n) / f64::from(PLACES)).min(most));
    let point = |at: f64| {
        let time = histogram.percentile(1.0 - 10_f64.powf(-at))?;
        Some((at, time.as_secs_f64() * 1e6))
    };
    let last = (most, histogram.max().as_secs_f64() * 1e6);
    at.filter_map(point).chain([last]).collect()
}
