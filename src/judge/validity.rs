use std::time::Duration;

use super::LittlesLaw;
use crate::{
    expect::Quantile,
    observe::{Figures, Model, Observation, ProcessUse},
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

/// All workers busy for this share of a load explain late starts.
const BUSY_SHARE: f64 = 0.02;

/// Why the figures of `observation` may be the load generator's rather than the target's, one sentence for each
/// reason; empty when there is none. Closed loads wait for the target by design and have no such doubts.
///
/// - It started under 99 % of the operations that the schedule asked for, though nothing stopped it. Operations that
///   were dropped at the in-flight cap do not count as missing: there the target was too slow.
/// - Starts were over 10 ms late at p99, and by more than 10 % of the median response time.
///
/// What an expectation makes of it: a missed rate is inconclusive; so is anything else that was met while starts were
/// missing, since the load was smaller than planned; and so is a missed response time while starts were late, unless
/// the service time, in which the lateness is not, misses the limit as well.
pub fn validity(observation: &Observation) -> Vec<String> {
    let missing = missing_starts(observation);
    missing.into_iter().chain(late_starts(observation)).collect()
}

/// What makes the figures of `observation` doubtful: [`validity`], and counts and times that do not fit each other.
pub(crate) fn doubts(observation: &Observation) -> Vec<String> {
    let mut doubts = validity(observation);
    doubts.extend(LittlesLaw::of(observation).and_then(|law| law.doubt()));
    doubts
}

/// Operations that the stages of an open load asked for, warm-up excluded.
pub(crate) fn asked(observation: &Observation) -> Option<f64> {
    let counted = observation.phases.iter().filter(|phase| !phase.is_warm_up);
    let asked = counted.filter_map(|phase| Some(phase.asked_per_sec? * phase.figures.duration_s));
    asked.reduce(|sum, more| sum + more)
}

/// How an open load fell short of its schedule, if it did.
pub(super) fn missing_starts(observation: &Observation) -> Option<String> {
    if observation.model != Model::Open || observation.stopped.is_some() || !observation.complete {
        return None;
    }
    let (asked, due) = (asked(observation)?, observation.total.counts.due as f64);
    let is_short = due < asked * LEAST_STARTED && asked - due > SCATTER * asked.sqrt();
    is_short.then(|| {
        format!(
            "the load generator came to {due} of the {asked:.0} operations that the schedule asked for ({:.1}%), {}",
            due / asked * 100.0,
            cause(&observation.process)
        )
    })
}

/// How late an open load started its operations, if that matters.
pub(super) fn late_starts(observation: &Observation) -> Option<String> {
    let late = late_by(observation.model, &observation.total)?;
    Some(format!("{late}, {}", cause(&observation.process)))
}

/// The same of a part of a load, without what kept the generator from starting in time.
pub(super) fn late_by(model: Model, figures: &Figures) -> Option<String> {
    if model != Model::Open {
        return None;
    }
    let late = figures.lateness.at_rank(Quantile::P99.rank(figures.lateness.count()))?;
    let median = figures.response_percentile(0.5).map_or(Duration::ZERO, |p| p.value);
    let is_late = late > LATENESS_FLOOR && late > median.mul_f64(LATENESS_SHARE);
    is_late.then(|| {
        format!(
            "the load generator was late by {} at p99 (median response time {})",
            show_duration(late),
            show_duration(median)
        )
    })
}

/// What kept the generator from starting in time, and what to do about it.
fn cause(process: &ProcessUse) -> String {
    let seconds = |s: f64| show_duration(Duration::try_from_secs_f64(s).unwrap_or_default());
    match process.workers_busy() {
        Some(_) if process.all_workers_busy_s > BUSY_SHARE * process.span_s => format!(
            "because every worker thread was busy for {} of {}: lower the rate, raise `workers`, or run operations that \
             block with `run_blocking`",
            seconds(process.all_workers_busy_s),
            seconds(process.span_s)
        ),
        Some(busy) => format!(
            "though its worker threads were busy for {:.0}% of the time only: something else kept the machine busy, or \
             the process was paused; run it on a quieter machine",
            busy * 100.0
        ),
        None => "because the machine or its worker threads were busy: lower the rate, or run it on a quieter machine".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observe::{Counts, Phase},
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
            [
                "the load generator came to 9000 of the 10000 operations that the schedule asked for (90.0%), because the \
              machine or its worker threads were busy: lower the rate, or run it on a quieter machine"
            ]
        );
        assert_eq!(
            validity(&observed(10_000, 40, 300)),
            [
                "the load generator was late by 40 ms at p99 (median response time 300 ms), because the machine or its \
              worker threads were busy: lower the rate, or run it on a quieter machine"
            ]
        );
    }

    #[test]
    fn what_kept_the_generator_busy_is_told() {
        let mut late = observed(10_000, 40, 300);
        late.process = ProcessUse {
            span_s: 100.0,
            workers: 4,
            workers_busy_s: 48.0,
            all_workers_busy_s: 2.1,
            ..ProcessUse::default()
        };
        let said = validity(&late).concat();
        assert!(
            said.contains("because every worker thread was busy for 2.1 s of 1m 40s: lower the rate"),
            "{said}"
        );
        late.process.all_workers_busy_s = 0.2;
        let said = validity(&late).concat();
        assert!(said.contains("though its worker threads were busy for 12% of the time only"), "{said}");
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
