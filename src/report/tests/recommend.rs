use std::time::Duration;

use crate::{
    judge::{
        BreakingPoint, Capacity, Concurrent, Degradation, Detail, Drift, ErrorDrift, FaultyLoads, Finding,
        Leak, Limit, Offered, PastPeak, Recovery, Resilience, Tolerance, TrialResult,
    },
    observe::{Figures, Kind as Failure, Observation, Window},
    report::{
        CaseReport, StopReport, recommend,
        tests::{case, counts, ended, figures, limited, memory, observation, stepped},
        without_repeats,
    },
    stop::StopReason,
    supervisor::Ending,
};

/// What is said about a case with this load.
fn said(seen: Observation) -> Vec<String> {
    recommend(&case("x", &[seen]))
}

fn stopped(reason: StopReason, by: &str) -> CaseReport {
    let mut case = case("x", &[]);
    let stop = StopReport {
        reason,
        sentence: "it used 97% of the available cores over 5 s, the limit is 90% (max_cpu)".to_owned(),
        at_s: 3.2,
        took_s: 3.1,
        by: by.to_owned(),
    };
    case.stop = Some(stop);
    case.ending = Ending::Killed;
    case
}

#[test]
fn a_healthy_case_needs_no_advice() {
    assert_eq!(said(observation("load", counts(500, 0, 0, 0, 0))), [""; 0]);
    assert_eq!(said(observation("load", counts(500, 2, 2, 2, 0))), [""; 0], "under one percent each");
    assert_eq!(said(stepped("load", &[(10, 980), (500, 2_400), (1_000, 2_000), (10, 900)])), [""; 0]);
}

#[test]
fn crashes_are_told_apart() {
    let advice = |ending: Ending| recommend(&ended(case("x", &[]), ending)).join("\n");
    let panicked = Ending::Panicked { message: "boom".into(), place: "src/index.rs:88".into() };
    assert_eq!(
        advice(panicked),
        "the case panicked at src/index.rs:88: fix what is asserted there, or return it as an error with `?`; see \
         cases/cases.search.x/output.log"
    );
    assert!(advice(Ending::StackOverflow).starts_with("a thread overflowed its stack: look for recursion"));
    assert!(
        advice(Ending::AllocationFailed)
            .starts_with("a memory allocation failed, at a peak of 64 MiB: bound")
    );
    assert!(
        advice(Ending::Exited { status: 0 })
            .contains("with status 0 before the case had ended: find the call")
    );
    assert_eq!(advice(Ending::Failed { error: "no".into() }), "");
    assert_eq!(advice(Ending::Returned), "");
}

#[test]
fn a_limit_that_stopped_the_case_says_which() {
    let mut memory_limit = stopped(StopReason::Memory, "SIGKILL");
    memory_limit.resources.peak_memory_bytes = 1010 << 20;
    memory_limit.resources.windows = vec![memory(0, 50 << 20), memory(3, 1010 << 20)];
    assert_eq!(
        recommend(&memory_limit),
        [
            "memory reached 1010 MiB, and max_memory is 1 GiB, growing by 320 MiB a second: bound the queues and caches \
          that grow with the load; raise max_memory only if the target is meant to need so much"
        ]
    );
    let cpu = recommend(&stopped(StopReason::Cpu, "SIGKILL"));
    assert_eq!(cpu.len(), 2);
    assert!(
        cpu[0].starts_with("it used 97% of the available cores over 5 s, the limit is 90% (max_cpu): lower")
    );
    assert!(cpu[1].starts_with("it took 3.1 s and SIGKILL to end the case: something blocks"));
    assert_eq!(recommend(&stopped(StopReason::Interrupted, "SIGKILL")), [""; 0]);
}

#[test]
fn failures_of_operations_name_their_share() {
    let mut seen = observation("load", counts(400, 0, 50, 30, 20));
    let kind = |text: &str, count| Failure {
        class: "error".into(),
        text: text.into(),
        count,
        sample: text.replace('N', "17"),
        first_s: 2.1,
        last_s: 4.9,
    };
    seen.total.kinds = vec![kind("document N is gone", 45), kind("busy", 5)];
    seen.total.counts.unfinished = 5;
    assert_eq!(
        said(seen),
        [
            "45 of 50 errors are \"document 17 is gone\": 10% of all operations failed; start with this one, first \
             seen 2.1 s into the load",
            "5 of 500 operations (1%) still ran when the drain had ended: they hang, or need longer: find what they \
             wait for, or allow a longer drain",
            "30 of 500 operations (6%) ran into the timeout of 30 s, while the median of the others is 2 ms: find \
             what they wait for; a target that refuses early answers the others sooner",
            "20 of 500 operations (4%) were never started, with 50 in flight: the target carried out 90/s and is \
             slower than the rate; lower the rate, or let more be in flight (max_in_flight, max_concurrency)",
        ]
    );
}

#[test]
fn errors_of_many_kinds_have_no_first() {
    let mut seen = observation("load", counts(400, 0, 100, 0, 0));
    let kind =
        |text: &str| Failure { class: "error".into(), text: text.into(), count: 25, ..Failure::default() };
    seen.total.kinds = ["a", "b", "c", "d"].map(kind).to_vec();
    assert_eq!(said(seen), [""; 0]);
}

#[test]
fn goodput_that_falls_under_more_load_is_a_collapse() {
    assert_eq!(
        said(stepped("load", &[(10, 100), (100, 480), (1_000, 210), (10, 100)])),
        [
            "goodput fell from 480/s at 100 users to 210/s at 1 000 users: the target does less when it is asked for \
          more: bound its queue or its concurrency near the level that it held, and refuse the rest"
        ]
    );
}

#[test]
fn refusals_tell_the_limit_of_admission() {
    assert_eq!(
        said(observation("load", counts(400, 100, 0, 0, 0))),
        ["100 of 500 operations (20%) were refused while 80/s succeeded: that is the limit of the target's \
          admission: offer less, or widen its pool; CPU peaked at 23%, so there is room"]
    );
}

#[test]
fn a_long_tail_and_late_starts_are_different_things() {
    let tailed = {
        let mut seen = observation("load", counts(0, 0, 0, 0, 0));
        seen.total = Figures { counts: counts(100, 0, 0, 0, 0), duration_s: 5.0, ..Figures::default() };
        for histogram in [&mut seen.total.response, &mut seen.total.service] {
            histogram.record_n(2_000_000, 98);
            histogram.record_n(90_000_000, 2);
        }
        seen.timeline = vec![
            Window { at_s: 0.0, p99_us: 2e3, ..Window::default() },
            Window { at_s: 1.0, p99_us: 9e4, ..Window::default() },
        ];
        seen
    };
    let tail = said(tailed.clone());
    assert_eq!(tail.len(), 1);
    assert!(tail[0].starts_with("p99 is 90 ms, 45 times the median of 2 ms: "), "{}", tail[0]);
    assert!(tail[0].ends_with("first of all 1 s into the load, where p99 was 90 ms"), "{}", tail[0]);

    let mut late = tailed;
    late.total = figures(5.0, counts(500, 0, 0, 0, 0));
    late.total.response = crate::observe::Histogram::default();
    late.total.response.record_n(40_000_000, 500);
    late.total.lateness.record_n(38_000_000, 500);
    let late = said(late);
    assert_eq!(late.len(), 1);
    assert!(
        late[0].starts_with(
            "operations started 38 ms late at p99, so that a service time of 5 ms became a response time of 40 ms: "
        ),
        "{}",
        late[0]
    );
}

#[test]
fn a_busy_machine_and_memory_near_its_limit() {
    let mut busy = case("x", &[]);
    busy.resources.peak_cpu_percent = Some(97.2);
    busy.resources.peak_memory_bytes = 900 << 20;
    let advice = recommend(&busy);
    assert_eq!(advice.len(), 2);
    assert!(
        advice[0].starts_with("CPU reached 97% of the cores available (11% on average): "),
        "{}",
        advice[0]
    );
    assert!(advice[1].starts_with("memory reached 900 MiB, 88% of max_memory (1 GiB): "), "{}", advice[1]);
    busy.resources.peak_cpu_percent = Some(85.0);
    busy.limits.memory_bytes = None;
    assert_eq!(recommend(&busy), [""; 0], "at the threshold, and without a limit");
}

#[test]
fn of_several_loads_the_worst_speaks_and_is_named() {
    let loads =
        [observation("calm", counts(490, 10, 0, 0, 0)), observation("spike", counts(300, 200, 0, 0, 0))];
    let advice = recommend(&case("x", &loads));
    assert_eq!(advice.len(), 1);
    assert!(
        advice[0]
            .starts_with("200 of 500 operations (40%) were refused while 60/s succeeded (load `spike`): "),
        "{}",
        advice[0]
    );
}

#[test]
fn cases_that_say_the_same_say_it_once() {
    let refusing = |name: &str, n: u64| case(name, &[observation("load", counts(500 - n, n, 0, 0, 0))]);
    let panicked = |name: &str, place: &str| {
        ended(case(name, &[]), Ending::Panicked { message: "boom".into(), place: place.into() })
    };
    let cases = [
        refusing("a", 10),
        refusing("b", 200),
        panicked("c", "x.rs:1"),
        panicked("d", "y.rs:2"),
        panicked("e", "y.rs:2"),
    ];
    let all = without_repeats(&cases);
    let names: Vec<_> =
        all.iter().map(|advice| advice.cases.join(" ").replace("cases::search::", "")).collect();
    assert_eq!(names, ["d e", "c", "a b"]);
    assert!(
        all[2].sentence.starts_with(
            "200 of 500 operations (40%) were refused while 60/s succeeded in cases::search::b, the worst of 2 cases: "
        ),
        "{}",
        all[2].sentence
    );
    assert_eq!(without_repeats(&[]), []);
}

/// What is said about a case that found this out.
fn said_of(detail: Detail) -> Vec<String> {
    let mut case = case("x", &[]);
    case.findings.push(Finding::new("a procedure", detail));
    recommend(&case)
}

#[test]
fn findings_that_are_not_as_they_should_be() {
    let objective = || "success_rate >= 95%: 81.2%".to_owned();
    let breaks =
        BreakingPoint::Between { holds_per_sec: 190.0, breaks_per_sec: 200.0, objective: objective() };
    let said =
        said_of(Detail::BreakingPoint { found: breaks, trials: Vec::new(), confidence: None }).join("\n");
    assert!(said.contains("190/s") && said.contains("200/s"), "{said}");
    assert!(
        said.ends_with(": admit 190/s at most, with room below it for bursts, and refuse the rest"),
        "{said}"
    );
    let serves = Capacity::Between { holds: 8, breaks: 9, objective: objective() };
    let said = said_of(Detail::Capacity {
        of: Concurrent::Operations,
        found: serves,
        trials: Vec::new(),
        confidence: None,
    })
    .join("\n");
    assert!(said.ends_with(": admit 8 operations at once at most, and refuse the rest early"), "{said}");
    let at = |offered_per_sec, goodput_per_sec| Offered { offered_per_sec, goodput_per_sec };
    let past = PastPeak { peak: at(200.0, 190.0), worst: at(300.0, 40.0), share: 0.21 };
    insta::assert_snapshot!(
        said_of(Detail::Degradation { found: Degradation::Collapse(past), loads: Vec::new() }).join("\n"),
        @"collapse: 40/s succeed at 300/s, 21% of the 190/s at 200/s: bound its queue or its concurrency near 190/s, drop work whose caller has given up, and refuse the rest early"
    );
    let found = Recovery::NotWithin { watched: Duration::from_secs(60) };
    let said = said_of(Detail::Recovery { found, depth: None, attempts: Vec::new() }).join("\n");
    assert!(said.contains(": look for what keeps the load up after it is gone: "), "{said}");
    let found = Leak::Leaking { bytes_per_sec: 2e5, at_least_bytes_per_sec: 1.8e5, over_s: 60.0 };
    let said = said_of(Detail::Leak { found }).join("\n");
    assert!(
        said.contains("200 kB/s") && said.contains(": that is 686.6 MiB an hour: look for what is kept"),
        "{said}"
    );
    let found = Drift::Rising { percentile: "p50".into(), per_minute: 0.02, at_least_per_minute: 0.01 };
    assert_eq!(said_of(Detail::Drift { found }).len(), 1);
    let found = ErrorDrift::Rising { per_minute: 0.02, at_least_per_minute: 0.01 };
    assert!(
        said_of(Detail::ErrorDrift { found })[0].ends_with("connections, descriptors, space, credentials")
    );
}

#[test]
fn findings_that_are_as_they_should_be_or_unknown() {
    let reason = || "too few windows".to_owned();
    let quiet = [
        Detail::BreakingPoint {
            found: BreakingPoint::AtLeast { holds_per_sec: 1e3 },
            trials: Vec::new(),
            confidence: None,
        },
        Detail::Degradation { found: Degradation::Inconclusive { reason: reason() }, loads: Vec::new() },
        Detail::Leak { found: Leak::None { bytes_per_sec: 10.0, over_s: 60.0 } },
        Detail::Drift { found: Drift::Inconclusive { reason: reason() } },
        Detail::ErrorDrift { found: ErrorDrift::None { per_minute: 0.0 } },
        Detail::Capacity {
            of: Concurrent::Connections,
            found: Capacity::AtLeast { holds: 1_000 },
            trials: Vec::new(),
            confidence: None,
        },
        Detail::Recovery {
            found: Recovery::Recovered { after: Duration::from_secs(2) },
            depth: None,
            attempts: Vec::new(),
        },
    ];
    for detail in quiet {
        assert_eq!(said_of(detail), [""; 0]);
    }
}

#[test]
fn a_limit_says_what_to_do_and_silences_what_it_explains() {
    let mut pool = case("x", &[observation("load", counts(400, 100, 0, 0, 0))]);
    pool.bottleneck = Some(limited(Limit::Pool));
    assert_eq!(
        recommend(&pool),
        [
            "pool: 198/s of 400/s asked were carried out: give the pool more places, or hold each for shorter; beyond them \
          a load only waits or is refused"
        ]
    );
    pool.bottleneck = Some(limited(Limit::Lock));
    assert_eq!(recommend(&pool).len(), 2, "refusals are no lock");
    let mut cores = case("x", &[]);
    cores.resources.peak_cpu_percent = Some(97.0);
    cores.bottleneck = Some(limited(Limit::Cpu));
    let advice = recommend(&cores);
    assert!(advice.len() == 1 && advice[0].contains(": profile what an operation computes"), "{advice:?}");
    for silent in [Limit::Nothing, Limit::Inconclusive] {
        cores.bottleneck = Some(limited(silent));
        assert!(recommend(&cores)[0].starts_with("CPU reached 97% "), "{silent}");
    }
    let mut ended_by_it = stopped(StopReason::Cpu, "SIGTERM");
    ended_by_it.bottleneck = Some(limited(Limit::Cpu));
    assert_eq!(recommend(&ended_by_it).len(), 1, "the stop has said it");
}

#[test]
fn faults_that_are_seen_outside_want_retries_or_fallbacks() {
    let advice = |result: TrialResult, leaked_share, attempts_per_operation, came_back: Recovery| {
        let mut found = Resilience::find(None, FaultyLoads::default(), result, &Tolerance::default());
        (found.leaked_share, found.attempts_per_operation) = (leaked_share, attempts_per_operation);
        found.came_back = came_back;
        let mut case = case("x", &[]);
        case.findings = vec![Finding::new("failure injection", Detail::Resilience { found })];
        recommend(&case).join("\n")
    };
    let broke = || TrialResult::Broke { objective: "success_rate is 90%".to_owned() };
    let back = || Recovery::Recovered { after: Duration::ZERO };
    let alone = advice(broke(), Some(1.0), Some(1.0), back());
    assert!(
        alone.starts_with("breaks (success_rate is 90%)") && alone.contains("nothing is tried again"),
        "{alone}"
    );
    let tried = advice(broke(), Some(0.5), Some(1.3), back());
    assert!(tried.contains("retries do not hide what was injected"), "{tried}");
    assert_eq!(advice(TrialResult::Held, Some(0.5), Some(1.0), back()), "");
    assert_eq!(advice(broke(), Some(0.02), Some(1.0), back()), "", "what broke was something else");
    let down =
        advice(TrialResult::Held, None, None, Recovery::NotWithin { watched: Duration::from_secs(10) });
    assert!(down.contains("look for what keeps the load up"), "{down}");
}
