mod tag;

use std::cmp::Ordering;

use super::{
    Judgement, Verdict,
    reading::{Part, Reading, never_ended, read},
    validity::{asked, late_starts, missing_starts, validity},
};
use crate::{
    expect::{Bound, Comparison, Expectation, Metric, Scope, Statistic, Terms, Unit, Value},
    observe::{Observation, Phase},
    stop::StopReason,
};

/// Judges one expectation on one observation.
///
/// `least_samples` is the number of operations from which on shares and means are judged, at least one; percentiles
/// need what [`samples_needed`](super::samples_needed) says. What cannot be told is [`Verdict::Inconclusive`], with the
/// reason in the sentence:
///
/// - nothing was due, too few samples, or a figure that was not recorded;
/// - a figure that is only known to be "at least" so much, and the limit is beyond that;
/// - no operation of the load had the tag that is asked for, or it would not hold if those that never started or never
///   ended were of it: they are in no tag;
/// - a pass in a load that was stopped early or in a case that did not live to its end (it may still fail);
/// - what the load generator decided rather than the target ([`validity`]).
///
/// For `in each phase` the worst phase decides. The warm-up and phases that ask for no operations are left out; one
/// that never started turns a pass into inconclusive.
pub fn judge(expectation: &Expectation, observation: &Observation, least_samples: u64) -> Judgement {
    let (text, load) = (expectation.to_string(), observation.load.clone());
    let judgement = match expectation.terms() {
        Ok(terms) => match not_at_the_end(terms, observation) {
            Some(reason) => Judge { terms, observation, least_samples }.unknown(None, &reason),
            None => Judge { terms, observation, least_samples }.judge(),
        },
        Err(error) => Judgement {
            expectation: text.clone(),
            load: load.clone(),
            verdict: Verdict::Inconclusive,
            observed: None,
            limit_text: String::new(),
            margin: None,
            sentence: format!("`{text}` cannot be judged: {}", error.mistake()),
            breach: None,
        },
    };
    Judgement { expectation: text, load, ..judgement }
}

/// Why terms say nothing about this load once it has ended, if that is so.
fn not_at_the_end(terms: &Terms, observation: &Observation) -> Option<String> {
    match (&terms.watching, &terms.load) {
        (Some(_), _) => Some(
            "windows are looked at while the load runs, and this is about its end: state it with the load"
                .to_owned(),
        ),
        (None, Some(load)) if *load != observation.load => {
            Some(format!("it is about the load {load:?}, and this is {:?}", observation.load))
        }
        (None, _) => None,
    }
}

pub(super) struct Judge<'a> {
    pub(super) terms: &'a Terms,
    pub(super) observation: &'a Observation,
    pub(super) least_samples: u64,
}

/// What is judged, and what speaks against calling it a pass.
pub(super) struct Selection<'a> {
    parts: Vec<Part<'a>>,
    pub(super) doubt: Option<String>,
}

impl Judge<'_> {
    fn judge(&self) -> Judgement {
        let selection = match self.selection() {
            Ok(selection) => selection,
            Err(reason) => return self.unknown(None, &reason),
        };
        let doubt = selection.doubt.or_else(|| self.doubt_of_passes());
        let judged = selection.parts.iter().map(|part| self.part(part, doubt.as_deref()));
        judged.reduce(worst).unwrap_or_else(|| self.unknown(None, "no phase was measured"))
    }

    pub(super) fn selection(&self) -> Result<Selection<'_>, String> {
        let observation = self.observation;
        if let Some(tag) = &self.terms.tag {
            return tag::selection(tag, observation);
        }
        let whole = || Part { figures: &observation.total, asked: asked(observation), phase: None };
        let phases = || observation.phases.iter();
        match &self.terms.scope {
            Scope::Whole => Ok(Selection { parts: vec![whole()], doubt: None }),
            Scope::EachPhase if observation.phases.is_empty() => {
                Ok(Selection { parts: vec![whole()], doubt: None })
            }
            Scope::EachPhase => select(phases().filter(|phase| !phase.is_warm_up && !is_pause(phase))),
            Scope::Phase(name) if !phases().any(|phase| phase.name == *name) => {
                let known: Vec<String> = phases().map(|phase| format!("{:?}", phase.name)).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Err(format!("there is no phase {name:?}; there are: {known}"))
            }
            Scope::Phase(name) => {
                let counted = phases().filter(|phase| phase.name == *name && !phase.is_warm_up);
                select(counted).map_err(|reason| match phases().all(|p| p.name != *name || p.is_warm_up) {
                    true => format!("phase {name:?} is the warm-up, which no statistic counts"),
                    false => reason,
                })
            }
        }
    }

    /// A load that ended early has not shown what it was to show.
    pub(super) fn doubt_of_passes(&self) -> Option<String> {
        match (self.observation.complete, self.observation.stopped) {
            (false, _) => {
                Some("the case did not live to the end, so the rest of the load is not known".to_owned())
            }
            // That was to be its end.
            (true, Some(StopReason::Ceiling) | None) => None,
            (true, Some(reason)) => {
                Some(format!("the load was stopped early, so the rest of it is not known: {reason}"))
            }
        }
    }

    fn part(&self, part: &Part<'_>, doubt: Option<&str>) -> Judgement {
        let (counts, observation) = (&part.figures.counts, self.observation);
        for counts in [counts, &observation.total.counts] {
            if observation.complete && !counts.is_balanced() {
                let (due, ended) = (counts.due, counts.ended());
                let reason =
                    format!("the counts do not add up, {due} due and {ended} ended: a defect of proofload");
                return self.unknown(Some(part), &reason);
            }
        }
        if counts.due == 0 {
            return self
                .unknown(Some(part), "no operation was due: give the load a higher rate or more time");
        }
        let reading = match read(&self.terms.metric, observation, part, self.least_samples) {
            Ok(reading) => reading,
            Err(reason) => return self.unknown(Some(part), &reason),
        };
        let (verdict, reason) = match self.answer(&reading, part) {
            Ok(true) => match doubt.map(str::to_owned).or_else(|| tag::doubt(self, part)) {
                Some(doubt) => (Verdict::Inconclusive, Some(doubt)),
                None => (Verdict::Pass, None),
            },
            Ok(false) => (Verdict::Fail, None),
            Err(reason) => (Verdict::Inconclusive, Some(reason)),
        };
        let subject = self.subject(Some(part));
        Judgement::of((&subject, &self.terms.bound), verdict, Some(&reading), reason.as_deref())
    }

    /// Whether the bound holds, or why that cannot be told.
    fn answer(&self, reading: &Reading, part: &Part<'_>) -> Result<bool, String> {
        let holds = holds(self.terms, reading)?;
        match self.generators_doing(holds, part) {
            Some(reason) => Err(format!("the generator was the limit: {reason}")),
            None => Ok(holds),
        }
    }

    /// Why the answer says more about the generator than about the target, if it does.
    fn generators_doing(&self, holds: bool, part: &Part<'_>) -> Option<String> {
        match (holds, &self.terms.metric) {
            (
                true,
                Metric::Throughput
                | Metric::Goodput
                | Metric::StartedRate
                | Metric::AchievedRate
                | Metric::Lateness(_),
            ) => None,
            // The target was never asked for as much as the load says.
            (true, _) => missing_starts(self.observation),
            (false, Metric::Latency(statistic)) => {
                late_starts(self.observation).filter(|_| self.service_holds(*statistic, part))
            }
            // At the cap of operations in flight it is the target that is behind.
            (false, _) if self.is_of_starts(part) && self.observation.total.counts.dropped == 0 => {
                Some(validity(self.observation)).filter(|doubts| !doubts.is_empty()).map(|d| d.join("; "))
            }
            (false, _) => None,
        }
    }

    /// Whether a bound on the response time would hold for the time without the lateness of the start.
    fn service_holds(&self, statistic: Statistic, part: &Part<'_>) -> bool {
        let bound = &self.terms.bound;
        match read(&Metric::ServiceTime(statistic), self.observation, part, self.least_samples) {
            Ok(service) if service.is_at_least => holds_for_all_above(bound, service.value) == Some(true),
            Ok(service) => bound.comparison.holds(service.value, bound.limit.number()),
            Err(_) => false,
        }
    }

    /// Whether the metric is one of how much was started, so that missing starts are in its figure.
    fn is_of_starts(&self, part: &Part<'_>) -> bool {
        let bound = &self.terms.bound;
        match self.terms.metric {
            Metric::Throughput | Metric::StartedRate | Metric::AchievedRate => true,
            // Where enough was carried out, it is errors that lower the goodput, and they are the target's.
            Metric::Goodput => {
                let throughput = part.figures.throughput().unwrap_or(0.0);
                !bound.comparison.holds(throughput, bound.limit.number())
            }
            _ => false,
        }
    }

    fn subject(&self, part: Option<&Part<'_>>) -> String {
        let metric = &self.terms.metric;
        match (&self.terms.tag, part.and_then(|part| part.phase)) {
            (Some(tag), _) => format!("{metric} with tag {tag:?}"),
            (None, Some(phase)) => format!("{metric} in phase {phase:?}"),
            (None, None) => metric.to_string(),
        }
    }

    pub(super) fn unknown(&self, part: Option<&Part<'_>>, reason: &str) -> Judgement {
        let subject = self.subject(part);
        Judgement::of((&subject, &self.terms.bound), Verdict::Inconclusive, None, Some(reason))
    }
}

/// The started ones of `phases`.
fn select<'a>(phases: impl Iterator<Item = &'a Phase>) -> Result<Selection<'a>, String> {
    let (started, missing): (Vec<&Phase>, Vec<&Phase>) = phases.partition(|phase| phase.is_started);
    let doubt = missing
        .first()
        .map(|phase| format!("phase {:?} never started: the load ended before it", phase.name));
    if started.is_empty() {
        return Err(doubt.unwrap_or_else(|| "no phase was measured".to_owned()));
    }
    let part = |phase: &'a Phase| Part {
        figures: &phase.figures,
        asked: phase.asked_per_sec.map(|rate| rate * phase.figures.duration_s),
        phase: Some(&phase.name),
    };
    Ok(Selection { parts: started.into_iter().map(part).collect(), doubt })
}

/// Whether the bound holds for what was read, or why that cannot be told.
pub(super) fn holds(terms: &Terms, reading: &Reading) -> Result<bool, String> {
    let bound = &terms.bound;
    fits(reading.unit, bound.limit)?;
    if reading.samples < reading.needed {
        let (metric, needed, samples) = (&terms.metric, reading.needed, reading.samples);
        return Err(format!(
            "{metric} needs {needed} samples and has {samples}: give it more operations or more time"
        ));
    }
    match reading.is_at_least {
        true => holds_for_all_above(bound, reading.value).ok_or_else(|| {
            format!(
                "{}, so it may be more: see why, or raise `timeout` and `drain`",
                never_ended(reading.lost)
            )
        }),
        false => Ok(bound.comparison.holds(reading.value, bound.limit.number())),
    }
}

/// A stage at rate zero: nothing is due in it, so it has no figures to miss.
pub(super) fn is_pause(phase: &Phase) -> bool {
    phase.is_started && phase.asked_per_sec == Some(0.0) && phase.figures.counts.due == 0
}

/// A counter's limit is written before it is known whether the counter is a count or a share.
fn fits(unit: Unit, limit: Value) -> Result<(), String> {
    match (unit, limit) {
        (Unit::Count, Value::Ratio(_)) => {
            Err("the counter is a plain count, and the limit is a share; write a number".to_owned())
        }
        // 0 and 1 mean the same as a count and as a share.
        (Unit::Ratio, Value::Count(count)) if count > 1 => {
            Err(format!("the counter is a share, and the limit is a count; write {count}%"))
        }
        _ => Ok(()),
    }
}

/// Whether `bound` holds for a figure of which only a lower bound is known; `None` when that depends.
pub(super) fn holds_for_all_above(bound: &Bound, lowest: f64) -> Option<bool> {
    let limit = bound.limit.number();
    match bound.comparison {
        Comparison::Below => (lowest >= limit).then_some(false),
        Comparison::AtMost | Comparison::Equal => (lowest > limit).then_some(false),
        Comparison::Above | Comparison::NotEqual => (lowest > limit).then_some(true),
        Comparison::AtLeast => (lowest >= limit).then_some(true),
    }
}

/// The worse verdict; of equal ones that with less room.
pub(super) fn worst(one: Judgement, other: Judgement) -> Judgement {
    let room = |judgement: &Judgement| judgement.margin.unwrap_or(f64::INFINITY);
    let order = one.verdict.cmp(&other.verdict).then_with(|| room(&other).total_cmp(&room(&one)));
    if order == Ordering::Less { other } else { one }
}

#[cfg(test)]
mod tests;
