use super::*;
use crate::judge::made::failing;

fn injected(kinds: &[(&str, u64)]) -> InjectedFaults {
    InjectedFaults {
        plan: "10% of the operations: error `injected`".to_owned(),
        kinds: Some(kinds.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect()),
        passed: 0,
    }
}

fn found(
    injected: InjectedFaults,
    result: TrialResult,
    [before, with, after]: [&Observation; 3],
) -> Resilience {
    let loads = FaultyLoads { baseline: Some(before), faulty: Some(with), after: Some(after) };
    Resilience::find(Some(injected), loads, result, &Tolerance::default())
}

fn broke() -> TrialResult {
    TrialResult::Broke { objective: "success_rate is 90%, wanted >= 95%".to_owned() }
}

#[test]
fn retries_that_hide_the_faults_hold() {
    // 10 % of 1 111 attempts, of which 1 of 1 000 operations failed three times.
    let (before, with) = (failing(0, 0, 10), failing(1, 110, 20));
    let seen = found(injected(&[("error", 111)]), TrialResult::Held, [&before, &with, &before]);
    assert!(seen.held() && seen.recovered());
    assert_eq!(
        seen.to_string(),
        "holds with 10% of the operations: error `injected` (111 met: 111 error); success 99.9% (-0.1 points), goodput \
         99.9% of the baseline's, 0.9% of the injected failures seen outside, 1.11 attempts an operation, p50 20 ms \
         (x2.0), p95 20 ms (x2.0), p99 20 ms (x2.0); recovered within 0.0 s of the release"
    );
}

#[test]
fn failures_that_are_all_seen_outside_break() {
    let (before, with, after) = (failing(0, 0, 10), failing(100, 0, 10), failing(400, 0, 10));
    let seen = found(injected(&[("error", 60), ("hang", 40)]), broke(), [&before, &with, &after]);
    assert!(!seen.held() && !seen.recovered());
    assert_eq!((seen.leaked_share, seen.attempts_per_operation), (Some(1.0), Some(1.0)));
    let said = seen.to_string();
    assert!(said.starts_with("breaks (success_rate is 90%, wanted >= 95%) with 10%"), "{said}");
    assert!(said.contains("(100 met: 60 error, 40 hang); success 90% (-10.0 points)"), "{said}");
    assert!(said.ends_with("; had not recovered 10 s after the release"), "{said}");
    // Few that break it are enough.
    assert_eq!(found(injected(&[("error", 3)]), broke(), [&before, &with, &after]).result, broke());
}

#[test]
fn too_few_faults_show_nothing() {
    let calm = failing(0, 0, 10);
    let of = |kinds| found(injected(kinds), TrialResult::Held, [&calm, &calm, &calm]).result;
    assert_eq!(
        of(&[("error", 5), ("latency", 4)]),
        TrialResult::Unknown {
            reason: "9 faults were met, and 10 are needed to tell: raise the share, the load or its length"
                .to_owned()
        }
    );
    assert_eq!(of(&[("error", 5), ("latency", 5)]), TrialResult::Held);
    assert!(matches!(of(&[]), TrialResult::Unknown { .. }));
}

#[test]
fn what_fails_without_faults_has_not_leaked() {
    let before = failing(50, 0, 10);
    let of = |failed| {
        let loads = [&before, &failing(failed, 0, 10), &before];
        found(injected(&[("error", 40), ("latency", 60)]), TrialResult::Held, loads).leaked_share
    };
    assert_eq!([50, 70, 90, 130, 20].map(of), [Some(0.0), Some(0.5), Some(1.0), Some(2.0), Some(0.0)]);
}

#[test]
fn faults_of_the_users_own_are_not_counted() {
    let (before, with) = (failing(0, 0, 10), failing(20, 30, 10));
    let own = InjectedFaults { plan: "faults of the case's own".to_owned(), ..InjectedFaults::default() };
    let seen = found(own, TrialResult::Held, [&before, &with, &before]);
    assert_eq!((seen.met, seen.leaked_share, seen.held()), (None, None, true));
    assert_eq!(seen.attempts_per_operation, Some(1.03));
    let said = seen.to_string();
    assert!(said.starts_with("holds with faults of the case's own; success 98% (-2.0 points)"), "{said}");
}

#[test]
fn passages_of_points_are_the_attempts_where_faults_are_at_points() {
    let calm = failing(0, 0, 10);
    let at_points = InjectedFaults { passed: 1_250, ..injected(&[("error", 125)]) };
    let seen = found(at_points, TrialResult::Held, [&calm, &calm, &calm]);
    assert_eq!((seen.attempts_per_operation, seen.leaked_share), (Some(1.25), Some(0.0)));
}

#[test]
fn what_was_not_reached_is_no_figure() {
    let before = failing(0, 0, 10);
    let loads = FaultyLoads { baseline: Some(&before), ..FaultyLoads::default() };
    let unknown = TrialResult::Unknown { reason: "the case was stopped".to_owned() };
    let seen = Resilience::find(None, loads, unknown, &Tolerance::default());
    assert_eq!((seen.goodput_share, seen.leaked_share, seen.attempts_per_operation), (None, None, None));
    assert_eq!(
        seen.to_string(),
        "cannot be told (the case was stopped); recovery cannot be told: there was no load after the end of the faults"
    );
}
