use std::time::Duration;

use crate::{
    expect::Quantile,
    observe::{Model, Observation},
    units::show_duration,
};

/// An open load that started less than this share of what its schedule asked for was not the load that was wanted.
const LEAST_STARTED: f64 = 0.99;

/// Poisson arrivals scatter around their mean by the root of their number: three times that is no shortage.
const SCATTER: f64 = 3.0;

/// Starts that are less late than this are noise on any busy machine: a scheduler's time slice is a few milliseconds.
const LATENESS_FLOOR: Duration = Duration::from_millis(10);

/// Lateness is part of every response time: over this share of the median it is the generator that is measured.
const LATENESS_SHARE: f64 = 0.1;

/// Why the figures of `observation` may be the load generator's rather than the target's, one sentence for each
/// reason; empty when there is none. Closed loads wait for the target by design and have no such doubts.
///
/// - It started under 99 % of the operations that the schedule asked for, though nothing stopped it. Operations that
///   were dropped at the in-flight cap do not count as missing: there the target was too slow.
/// - Starts were over 10 ms late at p99, and by more than 10 % of the median response time.
pub fn validity(observation: &Observation) -> Vec<String> {
    match observation.model {
        Model::Open => missing_starts(observation).into_iter().chain(late_starts(observation)).collect(),
        Model::Closed => Vec::new(),
    }
}

/// Operations that the stages of an open load asked for, warm-up excluded.
pub(super) fn asked(observation: &Observation) -> Option<f64> {
    let counted = observation.phases.iter().filter(|phase| !phase.is_warm_up);
    let asked = counted.filter_map(|phase| Some(phase.asked_per_sec? * phase.figures.duration_s));
    asked.reduce(|sum, more| sum + more)
}

fn missing_starts(observation: &Observation) -> Option<String> {
    if observation.stopped.is_some() || !observation.complete {
        return None;
    }
    let (asked, due) = (asked(observation)?, observation.total.counts.due as f64);
    let is_short = due < asked * LEAST_STARTED && asked - due > SCATTER * asked.sqrt();
    is_short.then(|| {
        format!(
            "the generator came to {due} of the {asked:.0} operations that the schedule asked for ({:.1}%)",
            due / asked * 100.0
        )
    })
}

fn late_starts(observation: &Observation) -> Option<String> {
    let figures = &observation.total;
    let late = figures.lateness.at_rank(Quantile::P99.rank(figures.lateness.count()))?;
    let median = figures.response_percentile(0.5).map_or(Duration::ZERO, |p| p.value);
    let is_late = late > LATENESS_FLOOR && late > median.mul_f64(LATENESS_SHARE);
    is_late.then(|| {
        format!(
            "operations started {} late at p99, with a median response time of {}",
            show_duration(late),
            show_duration(median)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observe::{Counts, Figures, Phase},
        stop::StopReason,
    };

    /// 100 s at 100/s, of which `due` fell due, `late_ms` late, with a median response of `median_ms`.
    fn observed(due: u64, late_ms: u64, median_ms: u64) -> Observation {
        let mut total = Figures { duration_s: 100.0, ..Figures::default() };
        total.counts = Counts { due, ok: due, ..Counts::default() };
        total.lateness.record_n(late_ms * 1_000_000, due);
        total.response.record_n(median_ms * 1_000_000, due);
        let phase = Phase {
            asked_per_sec: Some(100.0),
            is_started: true,
            figures: total.clone(),
            ..Phase::default()
        };
        Observation { total, phases: vec![phase], complete: true, ..Observation::default() }
    }

    #[test]
    fn a_generator_that_keeps_up_leaves_no_doubt() {
        assert_eq!(validity(&observed(10_000, 2, 5)), [""; 0]);
        assert_eq!(validity(&observed(9_905, 9, 5)), [""; 0], "within one percent");
        assert_eq!(validity(&observed(10_000, 20, 400)), [""; 0], "late by a twentieth of the median");
    }

    #[test]
    fn missing_and_late_starts_are_told() {
        assert_eq!(
            validity(&observed(9_000, 2, 5)),
            ["the generator came to 9000 of the 10000 operations that the schedule asked for (90.0%)"]
        );
        assert_eq!(
            validity(&observed(10_000, 40, 300)),
            ["operations started 40 ms late at p99, with a median response time of 300 ms"]
        );
    }

    #[test]
    fn stopped_and_closed_loads_and_few_poisson_arrivals_are_not_short() {
        let mut stopped = observed(9_000, 2, 5);
        stopped.stopped = Some(StopReason::Interrupted);
        assert_eq!(validity(&stopped), [""; 0]);
        let mut closed = observed(10_000, 40, 300);
        closed.model = Model::Closed;
        assert_eq!(validity(&closed), [""; 0]);
        let mut scattered = observed(85, 2, 5);
        scattered.phases[0].figures.duration_s = 1.0;
        assert_eq!(validity(&scattered), [""; 0], "85 of 100 is 1.5 standard deviations");
    }
}
