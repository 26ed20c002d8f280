use super::{
    BreakingPoint, Capacity, Concurrent, Degradation, Detail, Drift, ErrorDrift, Finding, Judgement, Leak,
    Observed, Recovery, Resilience, TrialResult, Verdict, expectation::holds_for_all_above, judgement::show,
};
use crate::{
    expect::{Assertion, Bound, Claim, Comparison, Grade, Unit},
    units::ByteSize,
};

/// Judges one assertion on everything that the procedures of a case have found.
///
/// Of several findings of the kind the worst decides. Without one it is [`Verdict::Inconclusive`], with the procedure
/// that would find out in the sentence; so it is when the finding itself could not be told. Breaking points and
/// capacities are intervals: `>= X` holds when the target is known to hold at X, and does not when it is known to break
/// at X or below.
///
/// ```
/// use proofload::{expect::breaking_point, judge::{judge_findings, Verdict}, per_second};
/// let nothing_found = judge_findings(&breaking_point().at_least(per_second(500)), &[]);
/// assert_eq!(nothing_found.verdict, Verdict::Inconclusive);
/// ```
pub fn judge_findings(assertion: &Assertion, findings: &[Finding]) -> Judgement {
    let claim = match assertion.claim() {
        Ok(claim) => claim,
        Err(error) => {
            let sentence = format!("`{assertion}` cannot be judged: {}", error.mistake());
            return Judgement::found(assertion, Answer::unknown(sentence));
        }
    };
    let answers = findings.iter().filter_map(|finding| answer(claim, &finding.detail));
    let worst = answers.max_by_key(|answer| answer.verdict);
    let nothing = || {
        let (name, (procedure, to_run)) = (claim.name(), procedure_for(claim));
        Answer::unknown(format!(
            "{name} is unknown{}; not judged: the procedure for {procedure} did not run in this case: run `{to_run}`",
            wanted(claim)
        ))
    };
    Judgement::found(assertion, worst.unwrap_or_else(nothing))
}

/// What a finding says of a claim.
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    pub(super) observed: Option<Observed>,
    pub(super) bound: Option<Bound>,
    pub(super) sentence: String,
}

impl Answer {
    const fn unknown(sentence: String) -> Self {
        Self { verdict: Verdict::Inconclusive, observed: None, bound: None, sentence }
    }
}

/// What would have found out.
const fn procedure_for(claim: &Claim) -> (&'static str, &'static str) {
    match claim {
        Claim::BreakingPoint(_) | Claim::Degrades(_) | Claim::DegradesNot(_) => {
            ("the maximum throughput", "MaximumThroughput")
        }
        Claim::Capacity(_) => ("the capacity in concurrent operations", "ConcurrentCapacity"),
        Claim::Connections(_) => ("concurrent connections", "ConcurrentConnections"),
        Claim::RecoveryTime(_) => ("exhaustion and recovery", "ExhaustionRecovery"),
        Claim::FaultLeak(_) => ("failure injection", "FailureInjection"),
        Claim::NoLeak | Claim::NoDrift => ("long running", "LongRunning"),
    }
}

fn wanted(claim: &Claim) -> String {
    match claim {
        Claim::BreakingPoint(bound)
        | Claim::Capacity(bound)
        | Claim::Connections(bound)
        | Claim::RecoveryTime(bound)
        | Claim::FaultLeak(bound) => format!(", wanted {bound}"),
        Claim::Degrades(grade) => format!(", wanted == {}", grade.words()),
        Claim::DegradesNot(grade) => format!(", wanted != {}", grade.words()),
        Claim::NoLeak | Claim::NoDrift => String::new(),
    }
}

/// `None` when the finding is about something else.
fn answer(claim: &Claim, detail: &Detail) -> Option<Answer> {
    Some(match (claim, detail) {
        (Claim::BreakingPoint(bound), Detail::BreakingPoint { found, .. }) => {
            interval(claim, bound, rates(found), Unit::PerSec)
        }
        (Claim::Capacity(bound), Detail::Capacity { of: Concurrent::Operations, found, .. })
        | (Claim::Connections(bound), Detail::Capacity { of: Concurrent::Connections, found, .. }) => {
            interval(claim, bound, numbers(found), Unit::Count)
        }
        (Claim::RecoveryTime(bound), Detail::Recovery { found, .. }) => recovery(claim, bound, found),
        (Claim::FaultLeak(bound), Detail::Resilience { found }) => fault_leak(claim, bound, found),
        (Claim::Degrades(grade), Detail::Degradation { found, .. }) => {
            degrades(claim, found, |is| is == *grade)
        }
        (Claim::DegradesNot(grade), Detail::Degradation { found, .. }) => {
            degrades(claim, found, |is| is != *grade)
        }
        (Claim::NoLeak, Detail::Leak { found }) => leak(found),
        (Claim::NoDrift, Detail::Drift { found }) => drift(found),
        (Claim::NoDrift, Detail::ErrorDrift { found }) => error_drift(found),
        _ => return None,
    })
}

/// Up to where something holds and from where on it breaks, as far as that is known.
struct Interval<'a> {
    holds: Option<f64>,
    breaks: Option<f64>,
    /// Why it is not known better.
    reason: &'a str,
}

fn rates(found: &BreakingPoint) -> Interval<'_> {
    let known = |holds, breaks, reason| Interval { holds, breaks, reason };
    match found {
        BreakingPoint::Between { holds_per_sec, breaks_per_sec, .. } => {
            known(Some(*holds_per_sec), Some(*breaks_per_sec), BETWEEN)
        }
        BreakingPoint::AtLeast { holds_per_sec } => known(Some(*holds_per_sec), None, LAST),
        BreakingPoint::Under { breaks_per_sec, .. } => known(None, Some(*breaks_per_sec), FIRST),
        BreakingPoint::Inconclusive { holds_per_sec, reason } => known(*holds_per_sec, None, reason),
    }
}

fn numbers(found: &Capacity) -> Interval<'_> {
    let known = |holds: Option<u64>, breaks: Option<u64>, reason| Interval {
        holds: holds.map(|n| n as f64),
        breaks: breaks.map(|n| n as f64),
        reason,
    };
    match found {
        Capacity::Between { holds, breaks, .. } => known(Some(*holds), Some(*breaks), BETWEEN),
        Capacity::AtLeast { holds } => known(Some(*holds), None, LAST),
        Capacity::Under { breaks, .. } => known(None, Some(*breaks), FIRST),
        Capacity::Inconclusive { holds, reason } => known(*holds, None, reason),
    }
}

const BETWEEN: &str = "the limit is within what was found: search on to a narrower one";
const LAST: &str = "nothing higher was tried: search further up";
const FIRST: &str = "nothing lower was tried: begin further down";

fn interval(claim: &Claim, bound: &Bound, found: Interval<'_>, unit: Unit) -> Answer {
    let limit = bound.limit.number();
    let is_over =
        |strictly: bool| found.holds.filter(|holds| if strictly { *holds > limit } else { *holds >= limit });
    let is_under = found.breaks.filter(|breaks| *breaks <= limit);
    // What decides: that it holds this far, or that it breaks that early.
    let (holds, decides) = match bound.comparison {
        Comparison::AtLeast | Comparison::Above => {
            match (is_over(bound.comparison == Comparison::Above), is_under) {
                (Some(holds), _) => (Some(true), Some(holds)),
                (None, Some(breaks)) => (Some(false), Some(breaks)),
                (None, None) => (None, found.holds.or(found.breaks)),
            }
        }
        Comparison::Below | Comparison::AtMost => {
            match (is_under, is_over(bound.comparison == Comparison::AtMost)) {
                (Some(breaks), _) => (Some(true), Some(breaks)),
                (None, Some(holds)) => (Some(false), Some(holds)),
                (None, None) => (None, found.holds.or(found.breaks)),
            }
        }
        // The grammar refuses both.
        Comparison::Equal | Comparison::NotEqual => (None, None),
    };
    let text = match (found.holds, found.breaks) {
        (Some(holds), Some(breaks)) => format!("{} to {}", show(holds, unit), show(breaks, unit)),
        (Some(holds), None) => format!(">= {}", show(holds, unit)),
        (None, Some(breaks)) => format!("< {}", show(breaks, unit)),
        (None, None) => "unknown".to_owned(),
    };
    let is_at_least = found.holds.is_some() && found.breaks.is_none();
    let observed = decides.map(|value| Observed { value, unit, is_at_least, text: text.clone() });
    of_bound(claim, bound, holds, (&text, observed), found.reason)
}

fn recovery(claim: &Claim, bound: &Bound, found: &Recovery) -> Answer {
    let (value, is_at_least) = match found {
        Recovery::Recovered { after } => (after.as_secs_f64(), false),
        Recovery::NotWithin { watched } => (watched.as_secs_f64(), true),
        Recovery::Inconclusive { reason } => return of_bound(claim, bound, None, ("unknown", None), reason),
    };
    let holds = match is_at_least {
        true => holds_for_all_above(bound, value),
        false => Some(bound.comparison.holds(value, bound.limit.number())),
    };
    let sign = if is_at_least { "> " } else { "" };
    let text = format!("{sign}{}", show(value, Unit::Seconds));
    let observed = Observed { value, unit: Unit::Seconds, is_at_least, text: text.clone() };
    of_bound(
        claim,
        bound,
        holds,
        (&text, Some(observed)),
        "it was not watched for long enough: raise its limit",
    )
}

fn fault_leak(claim: &Claim, bound: &Bound, found: &Resilience) -> Answer {
    let Some(value) = found.leaked_share else {
        let reason = "no error, hang or panic was injected and counted: state one among the faults";
        return of_bound(claim, bound, None, ("unknown", None), reason);
    };
    let text = show(value, Unit::Ratio);
    let observed = Observed { value, unit: Unit::Ratio, is_at_least: false, text: text.clone() };
    // Little leaks of few: what too few faults show is no figure. A share that is missed is missed by those that there were.
    let holds = match (&found.result, bound.comparison.holds(value, bound.limit.number())) {
        (TrialResult::Unknown { .. }, true) => None,
        (TrialResult::Unknown { .. } | TrialResult::Held | TrialResult::Broke { .. }, holds) => Some(holds),
    };
    let reason = match &found.result {
        TrialResult::Unknown { reason } => reason,
        TrialResult::Held | TrialResult::Broke { .. } => "",
    };
    of_bound(claim, bound, holds, (&text, Some(observed)), reason)
}

/// An answer about a limit; `reason` says why it is none where that is so.
fn of_bound(
    claim: &Claim,
    bound: &Bound,
    holds: Option<bool>,
    (text, observed): (&str, Option<Observed>),
    reason: &str,
) -> Answer {
    let head = format!("{} is {text}{}", claim.name(), wanted(claim));
    let (verdict, sentence) = match holds {
        Some(true) => (Verdict::Pass, head),
        Some(false) => (Verdict::Fail, head),
        None => (Verdict::Inconclusive, format!("{head}; not judged: {reason}")),
    };
    Answer { verdict, observed, bound: Some(*bound), sentence }
}

fn degrades(claim: &Claim, found: &Degradation, is_wanted: impl Fn(Grade) -> bool) -> Answer {
    let (grade, seen) = match found {
        Degradation::Graceful(seen) => (Grade::Graceful, seen),
        Degradation::Degraded(seen) => (Grade::Degraded, seen),
        Degradation::Collapse(seen) => (Grade::Collapse, seen),
        Degradation::Inconclusive { reason } => {
            return Answer::unknown(format!("degradation is unknown{}; not judged: {reason}", wanted(claim)));
        }
    };
    let share = show(seen.share, Unit::Ratio);
    let verdict = if is_wanted(grade) { Verdict::Pass } else { Verdict::Fail };
    let text = grade.words().to_owned();
    let sentence =
        format!("degradation is {text}{} ({share} of the peak's goodput past the peak)", wanted(claim));
    let observed = Observed { value: seen.share, unit: Unit::Ratio, is_at_least: false, text };
    Answer { verdict, observed: Some(observed), bound: None, sentence }
}

/// An answer about something that should not be there; the finding's own words say what was seen.
fn absence(is_there: bool, words: &str, value: f64, unit: Unit, text: String) -> Answer {
    let verdict = if is_there { Verdict::Fail } else { Verdict::Pass };
    let observed = Observed { value, unit, is_at_least: false, text };
    Answer { verdict, observed: Some(observed), bound: None, sentence: words.to_owned() }
}

fn leak(found: &Leak) -> Answer {
    let rate = |bytes_per_sec: f64| match bytes_per_sec {
        falling if falling < 0.0 => format!("-{}/s", ByteSize::new(-falling as u64)),
        rising => format!("{}/s", ByteSize::new(rising as u64)),
    };
    let words = found.to_string();
    match found {
        Leak::None { bytes_per_sec, .. } => {
            absence(false, &words, *bytes_per_sec, Unit::Bytes, rate(*bytes_per_sec))
        }
        Leak::Leaking { bytes_per_sec, .. } => {
            absence(true, &words, *bytes_per_sec, Unit::Bytes, rate(*bytes_per_sec))
        }
        Leak::Inconclusive { .. } => Answer::unknown(format!("no_leak was not judged: {words}")),
    }
}

fn a_minute(share: f64) -> String {
    format!("{:.2}% a minute", share * 100.0)
}

fn drift(found: &Drift) -> Answer {
    let words = found.to_string();
    match found {
        Drift::None { p50_per_minute, p99_per_minute } => {
            let more = p50_per_minute.max(*p99_per_minute);
            absence(false, &words, more, Unit::Ratio, a_minute(more))
        }
        Drift::Rising { per_minute, .. } => {
            absence(true, &words, *per_minute, Unit::Ratio, a_minute(*per_minute))
        }
        Drift::Inconclusive { .. } => Answer::unknown(format!("no_drift was not judged: {words}")),
    }
}

fn error_drift(found: &ErrorDrift) -> Answer {
    let words = found.to_string();
    let points = |share: f64| format!("{:.2} points a minute", share * 100.0);
    match found {
        ErrorDrift::None { per_minute } => {
            absence(false, &words, *per_minute, Unit::Ratio, points(*per_minute))
        }
        ErrorDrift::Rising { per_minute, .. } => {
            absence(true, &words, *per_minute, Unit::Ratio, points(*per_minute))
        }
        ErrorDrift::Inconclusive { .. } => Answer::unknown(format!("no_drift was not judged: {words}")),
    }
}

#[cfg(test)]
mod tests;
