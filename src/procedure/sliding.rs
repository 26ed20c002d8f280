use std::collections::VecDeque;

use crate::{
    engine::Slice,
    observe::{Figures, Window},
};

/// Windows that overlap: one ends at each reading of a load, and covers as many readings as make its length. Percentiles
/// are those of all operations in a window, and what changes is seen to within one reading.
#[derive(Debug)]
pub(super) struct Sliding {
    length_s: f64,
    /// The readings of the window that ended last.
    readings: VecDeque<Reading>,
    /// The reading that is being told, phase by phase.
    now: Option<Reading>,
    windows: Vec<Window>,
}

/// What happened between two readings.
#[derive(Debug, Default)]
struct Reading {
    from_s: f64,
    to_s: f64,
    in_flight: u64,
    figures: Figures,
}

/// A window may be shorter by this share: readings come a little early now and then.
const SHORT: f64 = 0.02;

impl Sliding {
    pub(super) fn new(length_s: f64) -> Self {
        Self { length_s, readings: VecDeque::new(), now: None, windows: Vec::new() }
    }

    /// Takes in what a load tells of itself. All phases of one reading have the same moment.
    pub(super) fn take(&mut self, slice: &Slice) {
        let is_new = self.now.as_ref().is_none_or(|now| now.to_s != slice.at_s);
        if is_new {
            self.end_reading();
            let from_s = self.readings.back().map_or(0.0, |last| last.to_s);
            self.now = Some(Reading { from_s, to_s: slice.at_s, ..Reading::default() });
        }
        if let Some(now) = &mut self.now {
            now.in_flight = slice.in_flight;
            now.figures.merge(&slice.figures);
        }
    }

    /// The windows so far.
    pub(super) fn windows(&self) -> &[Window] {
        &self.windows
    }

    fn end_reading(&mut self) {
        let Some(now) = self.now.take() else { return };
        let (to_s, in_flight) = (now.to_s, now.in_flight);
        self.readings.push_back(now);
        let least_s = self.length_s * (1.0 - SHORT);
        while self.readings.front().is_some_and(|first| to_s - first.to_s >= least_s) {
            self.readings.pop_front();
        }
        let from_s = self.readings.front().map_or(to_s, |first| first.from_s);
        if to_s - from_s >= least_s {
            let mut figures = Figures::default();
            self.readings.iter().for_each(|reading| figures.merge(&reading.figures));
            self.windows.push(Window { in_flight, ..Window::of(&figures, from_s, to_s) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Counts;

    fn slice(at_s: f64, phase: usize, ok: u64, response_ms: u64) -> Slice {
        let mut figures =
            Figures { counts: Counts { due: ok, ok, ..Counts::default() }, ..Figures::default() };
        figures.response.record_n(response_ms * 1_000_000, ok);
        Slice { load: "steady".into(), at_s, phase, in_flight: ok, figures }
    }

    #[test]
    fn a_window_ends_at_each_reading_and_has_all_operations_of_its_length() {
        let mut sliding = Sliding::new(0.5);
        (1..=8u32).for_each(|n| sliding.take(&slice(f64::from(n) / 10.0, 0, n.into(), 2)));
        let shown: Vec<_> = sliding.windows().iter().map(|w| (w.at_s, w.counts.ok, w.in_flight)).collect();
        // The eighth reading is still being told.
        assert_eq!(shown, [(0.0, 15, 5), (0.1, 20, 6), (0.2, 25, 7)]);
    }

    #[test]
    fn phases_of_one_reading_are_one() {
        let mut sliding = Sliding::new(0.2);
        [slice(0.1, 0, 50, 2), slice(0.2, 0, 10, 2), slice(0.2, 1, 40, 90), slice(0.3, 1, 1, 2)]
            .iter()
            .for_each(|slice| sliding.take(slice));
        let [window] = sliding.windows() else { panic!("{:?}", sliding.windows()) };
        assert_eq!((window.counts.ok, window.in_flight), (100, 40));
        assert!((window.p50_us - 2e3).abs() < 10.0 && (window.p99_us - 90e3).abs() < 100.0, "{window:?}");
    }

    #[test]
    fn a_gap_without_news_is_part_of_a_window() {
        let mut sliding = Sliding::new(0.5);
        [slice(0.1, 0, 5, 2), slice(0.9, 0, 5, 2), slice(1.0, 0, 5, 2)]
            .iter()
            .for_each(|slice| sliding.take(slice));
        let shown: Vec<_> =
            sliding.windows().iter().map(|w| (w.at_s, w.at_s + w.length_s, w.counts.ok)).collect();
        assert_eq!(shown, [(0.1, 0.9, 5)]);
    }
}
