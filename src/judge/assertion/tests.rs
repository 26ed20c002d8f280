use std::time::Duration;

use super::*;
use crate::judge::{Offered, PastPeak};

fn finding(detail: Detail) -> Finding {
    Finding::new("a procedure", detail)
}

fn told(text: &str, findings: &[Finding]) -> String {
    let judgement = judge_findings(&Assertion::parse(text).unwrap(), findings);
    assert_eq!((judgement.expectation.as_str(), &*judgement.load), (text, ""));
    format!("{}: {}", judgement.verdict, judgement.sentence)
}

fn breaking(found: BreakingPoint) -> Finding {
    finding(Detail::BreakingPoint { found, trials: Vec::new(), confidence: None })
}

fn between(holds_per_sec: f64, breaks_per_sec: f64) -> Finding {
    breaking(BreakingPoint::Between { holds_per_sec, breaks_per_sec, objective: "p95 is 2 s".to_owned() })
}

fn serves(of: Concurrent, found: Capacity) -> Finding {
    finding(Detail::Capacity { of, found, trials: Vec::new(), confidence: None })
}

fn recovered(found: Recovery) -> Finding {
    finding(Detail::Recovery { found, depth: None, attempts: Vec::new() })
}

fn degraded(kind: fn(PastPeak) -> Degradation, share: f64) -> Finding {
    let load = Offered { offered_per_sec: 100.0, goodput_per_sec: 100.0 };
    let found = kind(PastPeak { peak: load, worst: load, share });
    finding(Detail::Degradation { found, loads: Vec::new() })
}

#[test]
fn a_breaking_point_passes_fails_or_is_not_known_well_enough() {
    let found = [between(480.0, 520.0)];
    assert_eq!(
        told("breaking_point >= 400/s", &found),
        "pass: breaking_point is 480/s to 520/s, wanted >= 400/s (20% room)"
    );
    assert_eq!(
        told("breaking_point >= 650/s", &found),
        "fail: breaking_point is 480/s to 520/s, wanted >= 650/s (missed by 20%)"
    );
    assert_eq!(
        told("breaking_point >= 500/s", &found),
        "inconclusive: breaking_point is 480/s to 520/s, wanted >= 500/s; not judged: the limit is within what was found: \
         search on to a narrower one"
    );
}

#[test]
fn the_ends_of_an_interval_are_conservative() {
    let found = [between(480.0, 520.0)];
    let verdict = |text: &str, found: &[Finding]| told(text, found).split(':').next().unwrap().to_owned();
    for (text, expected) in [
        ("breaking_point >= 480/s", "pass"),
        ("breaking_point > 480/s", "inconclusive"),
        ("breaking_point >= 520/s", "fail"),
        ("breaking_point < 520/s", "pass"),
        ("breaking_point < 500/s", "inconclusive"),
        ("breaking_point < 480/s", "fail"),
        ("breaking_point <= 480/s", "inconclusive"),
        ("breaking_point <= 479/s", "fail"),
    ] {
        assert_eq!(verdict(text, &found), expected, "{text}");
    }
    let at_least = [breaking(BreakingPoint::AtLeast { holds_per_sec: 1_000.0 })];
    assert_eq!(
        told("breaking_point >= 500/s", &at_least),
        "pass: breaking_point is >= 1000/s, wanted >= 500/s (at least 100% room)"
    );
    assert_eq!(verdict("breaking_point >= 2000/s", &at_least), "inconclusive");
    let under = [breaking(BreakingPoint::Under { breaks_per_sec: 10.0, objective: "p95 is 2 s".to_owned() })];
    assert_eq!(
        told("breaking_point >= 500/s", &under),
        "fail: breaking_point is < 10/s, wanted >= 500/s (missed by 98%)"
    );
    assert_eq!(verdict("breaking_point >= 5/s", &under), "inconclusive");
    let unsure = |holds_per_sec| {
        [breaking(BreakingPoint::Inconclusive {
            holds_per_sec,
            reason: "the generator was the limit".to_owned(),
        })]
    };
    assert_eq!(verdict("breaking_point >= 500/s", &unsure(Some(600.0))), "pass");
    assert_eq!(
        told("breaking_point >= 500/s", &unsure(None)),
        "inconclusive: breaking_point is unknown, wanted >= 500/s; not judged: the generator was the limit"
    );
}

#[test]
fn without_a_finding_the_procedure_is_named() {
    let unrelated = [degraded(Degradation::Graceful, 0.95)];
    assert_eq!(
        told("breaking_point >= 500/s", &unrelated),
        "inconclusive: breaking_point is unknown, wanted >= 500/s; not judged: the procedure for the maximum throughput \
         did not run in this case: run `MaximumThroughput`"
    );
    for text in ["capacity >= 1", "connections >= 1", "recovery_time < 1s", "no_leak", "no_drift"] {
        assert!(told(text, &unrelated).starts_with("inconclusive: "), "{text}");
        assert!(told(text, &unrelated).contains(" did not run in this case: run `"), "{text}");
    }
}

#[test]
fn of_several_findings_the_worst_decides() {
    let both = [between(900.0, 950.0), between(300.0, 310.0), between(450.0, 550.0)];
    assert!(told("breaking_point >= 500/s", &both).starts_with("fail: breaking_point is 300/s to 310/s"));
}

#[test]
fn operations_and_connections_are_told_apart() {
    let held = Capacity::Between { holds: 120, breaks: 130, objective: "p95 is 2 s".to_owned() };
    let findings = [
        serves(Concurrent::Operations, held),
        serves(Concurrent::Connections, Capacity::AtLeast { holds: 1_000 }),
    ];
    assert_eq!(told("capacity >= 100", &findings), "pass: capacity is 120 to 130, wanted >= 100 (20% room)");
    assert!(told("capacity >= 130", &findings).starts_with("fail: "));
    assert!(told("capacity >= 125", &findings).starts_with("inconclusive: "));
    assert!(told("connections >= 500", &findings).starts_with("pass: connections is >= 1000"));
    let reason = "too few operations".to_owned();
    let unknown = [serves(Concurrent::Connections, Capacity::Inconclusive { holds: None, reason })];
    assert!(told("connections >= 500", &unknown).ends_with("not judged: too few operations"));
}

#[test]
fn a_recovery_passes_fails_or_was_not_watched_for_long_enough() {
    let after = [recovered(Recovery::Recovered { after: Duration::from_secs(12) })];
    assert_eq!(told("recovery_time < 30s", &after), "pass: recovery_time is 12 s, wanted < 30s (60% room)");
    assert!(told("recovery_time < 10s", &after).starts_with("fail: recovery_time is 12 s, wanted < 10s"));
    let never = [recovered(Recovery::NotWithin { watched: Duration::from_secs(60) })];
    assert!(told("recovery_time < 30s", &never).starts_with("fail: recovery_time is > 1m, wanted < 30s"));
    assert_eq!(
        told("recovery_time < 1m 30s", &never),
        "inconclusive: recovery_time is > 1m, wanted < 1m 30s; not judged: it was not watched for long enough: raise its limit"
    );
    let unknown = [recovered(Recovery::Inconclusive { reason: "the baseline has no operations".to_owned() })];
    assert!(told("recovery_time < 30s", &unknown).ends_with("not judged: the baseline has no operations"));
}

#[test]
fn degradation_is_as_wanted_or_not_or_unknown() {
    let graceful = [degraded(Degradation::Graceful, 0.95)];
    assert_eq!(
        told("degradation == graceful", &graceful),
        "pass: degradation is graceful, wanted == graceful (95% of the peak's goodput past the peak)"
    );
    let collapse = [degraded(Degradation::Collapse, 0.2)];
    assert!(told("degradation == graceful", &collapse).starts_with("fail: degradation is collapse, wanted"));
    assert!(told("degradation != collapse", &collapse).starts_with("fail: "));
    assert!(told("degradation != collapse", &[degraded(Degradation::Degraded, 0.7)]).starts_with("pass: "));
    let found = Degradation::Inconclusive { reason: "nothing succeeded at any load".to_owned() };
    let unknown = [finding(Detail::Degradation { found, loads: Vec::new() })];
    assert_eq!(
        told("degradation != collapse", &unknown),
        "inconclusive: degradation is unknown, wanted != collapse; not judged: nothing succeeded at any load"
    );
}

#[test]
fn leaks_and_drifts_are_there_or_not_or_unknown() {
    let leak = |found| [finding(Detail::Leak { found })];
    let none = Leak::None { bytes_per_sec: -120.0, over_s: 60.0 };
    assert!(told("no_leak", &leak(none)).starts_with("pass: memory does not"));
    let leaking = Leak::Leaking { bytes_per_sec: 2e5, at_least_bytes_per_sec: 1e5, over_s: 60.0 };
    assert!(told("no_leak", &leak(leaking)).starts_with("fail: memory grows by 200 kB/s"));
    let unknown = Leak::Inconclusive { reason: "5 windows of 10".to_owned() };
    assert!(told("no_leak", &leak(unknown)).starts_with("inconclusive: no_leak was not judged: "));

    let calm = finding(Detail::Drift { found: Drift::None { p50_per_minute: 0.0, p99_per_minute: 0.001 } });
    let rising = ErrorDrift::Rising { per_minute: 0.02, at_least_per_minute: 0.01 };
    let rising = finding(Detail::ErrorDrift { found: rising });
    let unknown = Drift::Inconclusive { reason: "5 windows of 20".to_owned() };
    let unknown = finding(Detail::Drift { found: unknown });
    assert!(told("no_drift", std::slice::from_ref(&calm)).starts_with("pass: "));
    assert!(
        told("no_drift", &[calm.clone(), rising]).starts_with("fail: the error rate rises by 2.00 points")
    );
    assert!(told("no_drift", &[calm, unknown]).starts_with("inconclusive: no_drift was not judged: "));
}

#[test]
fn what_leaks_of_the_injected_failures_is_a_share() {
    let resilience = |leaked_share, result| {
        let mut found = Resilience::find(
            None,
            crate::judge::FaultyLoads::default(),
            TrialResult::Held,
            &crate::judge::Tolerance::default(),
        );
        (found.leaked_share, found.result) = (leaked_share, result);
        finding(Detail::Resilience { found })
    };
    let few = || TrialResult::Unknown { reason: "3 faults were met, and 10 are needed to tell".to_owned() };
    assert_eq!(
        told("fault_leak < 10%", &[resilience(Some(0.08), TrialResult::Held)]),
        "pass: fault_leak is 8%, wanted < 10% (2 points room)"
    );
    assert_eq!(
        told("fault_leak < 10%", &[resilience(Some(0.5), few())]),
        "fail: fault_leak is 50%, wanted < 10% (missed by 40 points)"
    );
    assert_eq!(
        told("fault_leak < 10%", &[resilience(Some(0.0), few())]),
        "inconclusive: fault_leak is 0%, wanted < 10%; not judged: 3 faults were met, and 10 are needed to tell"
    );
    assert_eq!(
        told("fault_leak < 10%", &[resilience(None, TrialResult::Held)]),
        "inconclusive: fault_leak is unknown, wanted < 10%; not judged: no error, hang or panic was injected and counted: state one among the faults"
    );
    assert_eq!(
        told("fault_leak < 10%", &[]),
        "inconclusive: fault_leak is unknown, wanted < 10%; not judged: the procedure for failure injection did not run in \
         this case: run `FailureInjection`"
    );
}
