use super::{Advice, Kind};
use crate::{
    judge::{
        BreakingPoint, Capacity, Concurrent, Degradation, Detail, Drift, ErrorDrift, Exhaustion, Finding,
        Leak, Recovery, Resilience, TrialResult,
    },
    report::{CaseReport, text::show},
};

/// What follows from what procedures found out. A finding that is as it should be, or that the data do not carry,
/// needs no advice.
pub(super) fn advice(case: &CaseReport) -> Vec<Advice> {
    case.findings.iter().filter_map(of_finding).collect()
}

fn of_finding(finding: &Finding) -> Option<Advice> {
    let (kind, topic, weight, action) = match &finding.detail {
        Detail::BreakingPoint { found, .. } => breaking_point(found)?,
        Detail::Degradation { found, .. } => degradation(found)?,
        Detail::Leak { found } => leak(found)?,
        Detail::Drift { found } => drift(found)?,
        Detail::ErrorDrift { found } => error_drift(found)?,
        Detail::Capacity { of, found, .. } => capacity(*of, found)?,
        Detail::Recovery { found, .. } => recovery(found)?,
        Detail::Exhaustion { found, .. } => exhaustion(found)?,
        Detail::Resilience { found } => resilience(found)?,
        // What the target does no more of is for the bottleneck to say; a row that missed its objectives is among the
        // expectations.
        Detail::Saturation { .. }
        | Detail::RapidScale { .. }
        | Detail::MixedAgents { .. }
        | Detail::UnderPressure { .. }
        | Detail::ExtremeData { .. } => return None,
    };
    Some(Advice { kind, topic: topic.to_owned(), weight, figure: finding.sentence.clone(), action })
}

/// Kind, topic, weight and action; the figure is the finding's own sentence.
type Said = (Kind, &'static str, f64, String);

fn breaking_point(found: &BreakingPoint) -> Option<Said> {
    let (breaks, action) = match found {
        BreakingPoint::Between { holds_per_sec, breaks_per_sec, .. } => (
            *breaks_per_sec,
            format!(
                "admit {} at most, with room below it for bursts, and refuse the rest",
                show::rate(*holds_per_sec)
            ),
        ),
        BreakingPoint::Under { breaks_per_sec, .. } => (
            *breaks_per_sec,
            format!(
                "search from a rate under {}, or look first at what broke there",
                show::rate(*breaks_per_sec)
            ),
        ),
        BreakingPoint::AtLeast { .. } | BreakingPoint::Inconclusive { .. } => return None,
    };
    // The lower it breaks, the worse.
    Some((Kind::BreakingPoint, "", -breaks, action))
}

fn capacity(of: Concurrent, found: &Capacity) -> Option<Said> {
    let (topic, things) = match of {
        Concurrent::Operations => ("operations", "operation"),
        Concurrent::Connections => ("connections", "connection"),
    };
    let (breaks, action) = match found {
        Capacity::Between { holds, breaks, .. } => (
            *breaks,
            format!("admit {} at once at most, and refuse the rest early", show::counted(*holds, things)),
        ),
        Capacity::Under { breaks, .. } => (
            *breaks,
            format!(
                "search from fewer than {}, or look first at what broke there",
                show::counted(*breaks, things)
            ),
        ),
        Capacity::AtLeast { .. } | Capacity::Inconclusive { .. } => return None,
    };
    Some((Kind::Capacity, topic, -(breaks as f64), action))
}

fn exhaustion(found: &Exhaustion) -> Option<Said> {
    match found {
        Exhaustion::Reached { crossing, level, .. } => {
            let (topic, at) = (crossing.resource.words(), level.to_string());
            let action = format!("bound what an operation takes of it, or admit less than {at}");
            Some((Kind::Capacity, topic, crossing.seen / crossing.ceiling, action))
        }
        Exhaustion::NotReached { .. } | Exhaustion::Inconclusive { .. } => None,
    }
}

fn degradation(found: &Degradation) -> Option<Said> {
    let (seen, action) = match found {
        Degradation::Collapse(seen) => (
            seen,
            format!(
                "bound its queue or its concurrency near {}, drop work whose caller has given up, and refuse the rest \
                 early",
                show::rate(seen.peak.goodput_per_sec)
            ),
        ),
        Degradation::Degraded(seen) => (
            seen,
            format!(
                "refuse earlier what is over {}: what is begun and not finished costs the others",
                show::rate(seen.peak.goodput_per_sec)
            ),
        ),
        Degradation::Graceful(_) | Degradation::Inconclusive { .. } => return None,
    };
    Some((Kind::Collapse, "", 1.0 - seen.share, action))
}

fn recovery(found: &Recovery) -> Option<Said> {
    match found {
        Recovery::NotWithin { watched } => {
            let action = "look for what keeps the load up after it is gone: retries without a pause, queues without a \
                          bound, work whose caller has given up";
            Some((Kind::NoRecovery, "", watched.as_secs_f64(), action.to_owned()))
        }
        Recovery::Recovered { .. } | Recovery::Inconclusive { .. } => None,
    }
}

/// From this share on, failures that were injected count as seen outside.
const LEAKS_FROM: f64 = 0.1;

/// Fewer attempts for an operation than this are hardly any retries.
const TRIES_AGAIN_FROM: f64 = 1.01;

fn resilience(found: &Resilience) -> Option<Said> {
    if let Some(said) = recovery(&found.came_back) {
        return Some(said);
    }
    let leaked = found.leaked_share.filter(|share| *share >= LEAKS_FROM)?;
    match &found.result {
        TrialResult::Held | TrialResult::Unknown { .. } => None,
        TrialResult::Broke { .. } => {
            let tries_again = found.attempts_per_operation.is_some_and(|n| n >= TRIES_AGAIN_FROM);
            let action = match tries_again {
                false => {
                    "nothing is tried again: retry what fails in passing, with a pause that grows, and give each attempt a \
                     time limit of its own"
                }
                true => {
                    "retries do not hide what was injected: see that each attempt has a time limit shorter than the \
                     operation's, and fall back where they run out"
                }
            };
            Some((Kind::FaultsSeen, "", leaked, action.to_owned()))
        }
    }
}

fn leak(found: &Leak) -> Option<Said> {
    match found {
        Leak::Leaking { bytes_per_sec, .. } => {
            let an_hour = show::bytes((bytes_per_sec * 3_600.0).max(0.0) as u64);
            let action = format!(
                "that is {an_hour} an hour: look for what is kept of each operation and never let go"
            );
            Some((Kind::Leak, "", *bytes_per_sec, action))
        }
        Leak::None { .. } | Leak::Inconclusive { .. } => None,
    }
}

fn drift(found: &Drift) -> Option<Said> {
    match found {
        Drift::Rising { per_minute, .. } => {
            let action = "look for what grows with each operation and is walked by the next: lists, logs, tables \
                          without an index";
            Some((Kind::Drift, "latency", *per_minute, action.to_owned()))
        }
        Drift::None { .. } | Drift::Inconclusive { .. } => None,
    }
}

fn error_drift(found: &ErrorDrift) -> Option<Said> {
    match found {
        ErrorDrift::Rising { per_minute, .. } => {
            let action = "look for what runs out over time: connections, descriptors, space, credentials";
            Some((Kind::Drift, "errors", *per_minute, action.to_owned()))
        }
        ErrorDrift::None { .. } | ErrorDrift::Inconclusive { .. } => None,
    }
}
