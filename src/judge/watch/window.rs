use std::{collections::VecDeque, ops::Range};

use crate::{
    expect::Metric,
    observe::{Counts, Figures, Histogram},
};

/// Ticks of a clock do not add up to whole seconds exactly.
const HAIR_S: f64 = 1e-6;

/// What a metric needs of figures, in a few bytes for each value that was seen: histograms are hundreds of kilobytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Portion {
    counts: Counts,
    after_phase: (u64, u64),
    after_load: (u64, u64),
    retries: u64,
    bytes: u64,
    status: Option<(u16, u64)>,
    /// Values and how often they were seen: response, service, refusals, lower bounds, lateness.
    times: [Vec<(u64, u64)>; 5],
}

impl Portion {
    pub(super) fn of(figures: &Figures, metric: &Metric) -> Self {
        let status = match metric {
            Metric::Status(code) => figures.statuses.get(code).map(|n| (*code, *n)),
            _ => None,
        };
        let kept = times_of(metric);
        let histograms =
            [&figures.response, &figures.service, &figures.rejected, &figures.at_least, &figures.lateness];
        let mut times = histograms.map(|_| Vec::new());
        for ((times, histogram), is_kept) in times.iter_mut().zip(histograms).zip(kept) {
            if is_kept && !histogram.is_empty() {
                *times = histogram.recorded();
            }
        }
        Self {
            counts: figures.counts,
            after_phase: (figures.after_phase, figures.ok_after_phase),
            after_load: (figures.after_load, figures.ok_after_load),
            retries: figures.retries,
            bytes: figures.bytes,
            status,
            times,
        }
    }

    pub(super) fn add_to(&self, sum: &mut Figures) {
        sum.counts.merge(&self.counts);
        sum.after_phase += self.after_phase.0;
        sum.ok_after_phase += self.after_phase.1;
        sum.after_load += self.after_load.0;
        sum.ok_after_load += self.after_load.1;
        sum.retries += self.retries;
        sum.bytes += self.bytes;
        if let Some((code, n)) = self.status {
            *sum.statuses.entry(code).or_default() += n;
        }
        let histograms: [&mut Histogram; 5] =
            [&mut sum.response, &mut sum.service, &mut sum.rejected, &mut sum.at_least, &mut sum.lateness];
        for (histogram, times) in histograms.into_iter().zip(&self.times) {
            times.iter().for_each(|(ns, n)| histogram.record_n(*ns, *n));
        }
    }

    fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        self.add_to(&mut figures);
        figures
    }
}

/// Which of the five kinds of times a metric is read from, those among them that tell whether the generator was late.
fn times_of(metric: &Metric) -> [bool; 5] {
    match metric {
        Metric::Latency(_) => [true, true, false, true, true],
        Metric::ServiceTime(_) => [false, true, false, false, false],
        Metric::RejectedLatency(_) => [false, false, true, false, false],
        Metric::Lateness(_) => [false, false, false, false, true],
        Metric::Throughput | Metric::Goodput | Metric::StartedRate => [true, false, false, true, true],
        Metric::SuccessRate
        | Metric::ErrorRate
        | Metric::RejectedRate
        | Metric::TimeoutRate
        | Metric::AchievedRate
        | Metric::Due
        | Metric::Ok
        | Metric::Rejected
        | Metric::Errors
        | Metric::Timeouts
        | Metric::Unfinished
        | Metric::Dropped
        | Metric::Retries
        | Metric::Bytes
        | Metric::Counter(_)
        | Metric::Status(_)
        | Metric::MemoryPeak
        | Metric::MemoryGrowth
        | Metric::CpuMean => [false; 5],
    }
}

/// A window that slides over portions of a load. What it holds is exact: histograms are added and taken back.
#[derive(Debug, Default)]
pub(super) struct Window {
    portions: VecDeque<(Range<f64>, Portion)>,
    pub(super) figures: Figures,
}

impl Window {
    /// Slides on to the end of `span`, in which `portion` happened.
    pub(super) fn push(&mut self, span: Range<f64>, portion: Portion, length_s: f64) {
        let to_s = span.end;
        portion.add_to(&mut self.figures);
        self.portions.push_back((span, portion));
        while let Some((gone, _)) = self.portions.front()
            && gone.end <= to_s - length_s + HAIR_S
            && let Some((_, portion)) = self.portions.pop_front()
        {
            self.figures = self.figures.since(&portion.figures());
        }
    }

    /// From when to when it is.
    pub(super) fn span(&self) -> Option<Range<f64>> {
        let (first, last) = (self.portions.front()?, self.portions.back()?);
        Some(first.0.start..last.0.end)
    }

    /// The same if it has its whole length.
    pub(super) fn whole(&self, length_s: f64) -> Option<Range<f64>> {
        self.span().filter(|span| span.end - span.start + HAIR_S >= length_s)
    }

    #[cfg(test)]
    pub(super) fn portions(&self) -> usize {
        self.portions.len()
    }

    /// The end of the last portion.
    pub(super) fn end_s(&self) -> Option<f64> {
        self.span().map(|span| span.end)
    }

    /// The length of the last portion.
    pub(super) fn last_s(&self) -> f64 {
        self.portions.back().map_or(0.0, |(span, _)| span.end - span.start)
    }
}
