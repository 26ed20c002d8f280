use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::report::text::show::number;

/// One side of a plot: its range, where it has lines, and what these are called.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report::html) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ticks: Vec<(f64, String)>,
    scale: Scale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
}

/// Lengths between two lines of a time axis that people count in, in seconds.
const TIME_STEPS: [f64; 21] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
    14_400.0, 21_600.0, 43_200.0, 86_400.0,
];

/// Lines across a plot, at most about so many.
const MOST_TICKS: f64 = 6.0;

impl Axis {
    /// Seconds.
    pub(in crate::report::html) fn time(from: f64, to: f64) -> Self {
        let span = if to > from { to - from } else { 1.0 };
        let fits = |step: &&f64| span / **step <= MOST_TICKS + 1.0;
        let step = TIME_STEPS.iter().find(fits).copied().unwrap_or_else(|| step_for(span));
        let ticks = multiples(step, from, from + span).map(|at| (at, clock(at))).collect();
        Self { from, to: from + span, ticks, scale: Scale::Linear }
    }

    /// Numbers from 0 to the highest, with what they are called.
    pub(in crate::report::html) fn from_zero(highest: f64, show: impl Fn(f64) -> String) -> Self {
        let highest = if highest > 0.0 && highest.is_finite() { highest } else { 1.0 };
        let step = step_for(highest);
        let to = (highest / step).ceil() * step;
        let ticks = multiples(step, 0.0, to).map(|at| (at, show(at))).collect();
        Self { from: 0.0, to, ticks, scale: Scale::Linear }
    }

    /// Bytes from 0, in a unit of which there are few.
    pub(in crate::report::html) fn bytes(highest: f64) -> Self {
        let units = [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1_024.0)];
        let (name, size) = units.into_iter().find(|(_, size)| highest >= *size).unwrap_or(("B", 1.0));
        let mut axis = Self::from_zero(highest / size, |n| format!("{} {name}", number(n)));
        axis.to *= size;
        axis.ticks.iter_mut().for_each(|(at, _)| *at *= size);
        axis
    }

    /// Numbers over 0 on a logarithmic scale.
    pub(in crate::report::html) fn log(lowest: f64, highest: f64, show: impl Fn(f64) -> String) -> Self {
        let lowest = if lowest > 0.0 && lowest.is_finite() { lowest } else { 1.0 };
        let highest = if highest.is_finite() { highest.max(lowest * 2.0) } else { lowest * 2.0 };
        let span = (highest / lowest).log10();
        // A line for each magnitude, and some between where there are few.
        let within: &[f64] = match span {
            s if s <= 1.3 => &[1.0, 2.0, 5.0],
            s if s <= 2.6 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let decades = (lowest.log10().floor() as i32)..=(highest.log10().ceil() as i32);
        let lines: Vec<f64> =
            decades.flat_map(|decade| within.iter().map(move |n| n * 10_f64.powi(decade))).collect();
        let from = lines.iter().rev().find(|line| **line <= lowest * (1.0 + 1e-9)).copied().unwrap_or(lowest);
        let to = lines.iter().find(|line| **line >= highest * (1.0 - 1e-9)).copied().unwrap_or(highest);
        let every = if span > MOST_TICKS { 2 } else { 1 };
        let shown = lines.iter().filter(|line| (from..=to).contains(*line)).step_by(every);
        let ticks = shown.map(|line| (*line, show(*line))).collect();
        Self { from, to, ticks, scale: Scale::Log }
    }

    /// Numbers over 0 on a logarithmic scale of which both ends stay as they are.
    pub(in crate::report::html) fn doublings(from: f64, to: f64, show: impl Fn(f64) -> String) -> Self {
        let mut axis = Self::log(from, to, show);
        (axis.from, axis.to) = (from, to);
        axis.ticks.retain(|(at, _)| (from..=to).contains(at));
        axis
    }

    /// Lines at places of one's own, by position.
    pub(in crate::report::html) const fn with_ticks(from: f64, to: f64, ticks: Vec<(f64, String)>) -> Self {
        Self { from, to, ticks, scale: Scale::Linear }
    }

    pub(super) fn has(&self, value: f64) -> bool {
        (self.from..=self.to).contains(&value)
    }

    /// How far along the axis a value is, from 0 to 1; what is outside is at its end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let along = match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Log => (value / self.from).max(1.0).log10() / (self.to / self.from).log10(),
        };
        along.clamp(0.0, 1.0)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        first + (f64::from(last - first) * self.share(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let label = self.ticks.iter().find(|(at, _)| at == value);
        label.map_or_else(String::new, |(_, label)| label.clone())
    }
}

/// 1, 2 or 5 times a power of ten: as many of it as there is room for.
fn step_for(highest: f64) -> f64 {
    let rough = highest / (MOST_TICKS - 1.0);
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|n| n * power);
    steps.into_iter().find(|step| *step >= rough * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn multiples(step: f64, from: f64, to: f64) -> impl Iterator<Item = f64> {
    let first = (from / step - 1e-9).ceil() as u32;
    let last = (to / step + 1e-9).floor() as u32;
    (first..=last).map(move |n| f64::from(n) * step)
}

/// Seconds on an axis: `0`, `0.5 s`, `45 s`, `1:30`, `1:00:00`.
fn clock(s: f64) -> String {
    if s == 0.0 {
        return "0".to_owned();
    }
    if s < 60.0 {
        return format!("{} s", number(s));
    }
    let whole = s.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn a_time_axis_has_lines_where_people_count() {
        assert_eq!(labels(&Axis::time(0.0, 3.1)), ["0", "0.5 s", "1 s", "1.5 s", "2 s", "2.5 s", "3 s"]);
        assert_eq!(labels(&Axis::time(0.0, 90.0)), ["0", "15 s", "30 s", "45 s", "1:00", "1:15", "1:30"]);
        let hour = Axis::time(0.0, 3600.0);
        assert_eq!(labels(&hour), ["0", "10:00", "20:00", "30:00", "40:00", "50:00", "1:00:00"]);
        assert_eq!(labels(&Axis::time(12.7, 17.4)), ["13 s", "14 s", "15 s", "16 s", "17 s"]);
        assert_eq!(Axis::time(0.0, 0.0).to, 1.0);
    }

    #[test]
    fn numbers_end_on_a_line() {
        let axis = Axis::from_zero(437.0, |n| n.to_string());
        assert_eq!((axis.to, labels(&axis)), (500.0, vec!["0", "100", "200", "300", "400", "500"]));
        assert_eq!(Axis::from_zero(0.0, |n| n.to_string()).to, 1.0);
        let memory = Axis::bytes(70.0 * 1_048_576.0);
        assert_eq!(labels(&memory), ["0 MiB", "20 MiB", "40 MiB", "60 MiB", "80 MiB"]);
    }

    #[test]
    fn a_logarithmic_axis_begins_and_ends_on_a_line() {
        let few = Axis::log(1.5, 9.0, |n| n.to_string());
        assert_eq!(labels(&few), ["1", "2", "5", "10"]);
        let many = Axis::log(0.5, 40_000.0, |n| n.to_string());
        assert_eq!((many.from, many.to), (0.1, 100_000.0));
        assert_eq!([0.0, 1.0, 10.0, 99.0].map(|value| few.share(value)), [0.0, 0.0, 1.0, 1.0]);
        assert!((few.share(10_f64.sqrt()) - 0.5).abs() < 1e-9);
        assert_eq!(Axis::log(0.0, f64::NAN, |n| n.to_string()).from, 1.0);
    }
}
