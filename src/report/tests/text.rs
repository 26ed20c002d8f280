use std::collections::BTreeMap;

use crate::{
    FaultBand,
    case::Severity,
    journal::Figure,
    judge::{Judgement, Limit, Verdict},
    monitor::{PressureUse, StallUse},
    observe::{Counter, Kind, Phase},
    report::{
        CaseReport, CounterReport, StopReport, case_line, summary_text,
        tests::{case, counts, ended, expecting, full, limited, memory, observation, run, stepped},
    },
    stop::StopReason,
    supervisor::Ending,
    traffic::Traffic,
};

fn is_narrow(text: &str) -> bool {
    text.lines().all(|line| line.chars().count() <= 110 && !line.ends_with(' '))
}

#[test]
fn all_passed() {
    let quick = observation("load", counts(500, 0, 0, 0, 0));
    let mut first = expecting("sustained_quick", &quick, &["success_rate >= 95%", "latency.p95 < 100ms"]);
    first.loads[0]
        .counters
        .insert("cache_hit".into(), CounterReport { count: 470, of: Some(500), value: Some(0.94) });
    let steps = stepped("scale", &[(10, 980), (500, 2_400), (1_000, 2_350)]);
    let mut second = case("rapid_scale", &[steps, quick]);
    second.figures.push(Figure { name: "recovery_time".into(), value: 3.0, unit: "s".into() });
    second.notes.push("the index held 10 000 documents".to_owned());
    let text = summary_text(&run(
        vec![first, second],
        &[("cases::search::sustained", "slow: --include-slow runs it")],
    ));
    insta::assert_snapshot!(text, @r#"
    proofload 0.1.0 · run 20261121-081502-7f3a · profile default · seed 42 · 2m 31s
    PASSED: 2 passed, 0 failed, 0 inconclusive, 0 aborted, 1 ignored · 29 650 operations
    machine: AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12, kernel 6.1.0-18-amd64
    built: rustc 1.89.0, optimised · commit 1a2b3c4d5e6f

    PASS  cases::search::sustained_quick · 5.12 s
          load: 100/s for 5 s · 500 due, 100% ok, 100/s · p50 2 ms, p95 5 ms, p99 5 ms, max 9 ms
            generator: asked 100/s, started 100/s, 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
            counters: cache_hit 94% (470 of 500)
          met: success_rate >= 95% (100%), latency.p95 < 100ms (5 ms)
          peak CPU 23%, memory 64 MiB of 1 GiB

    PASS  cases::search::rapid_scale · 5.12 s
          scale: 3 phases · 28 650 due, 100% ok, 1 910/s · p50 2 ms, p95 5 ms, p99 5 ms, max 9 ms
            generator: 0.12 cores, workers 2% busy
            10 users for 5 s    100% ok, 980/s, p95 5 ms
            500 users for 5 s   100% ok, 2 400/s, p95 5 ms
            1000 users for 5 s  100% ok, 2 350/s, p95 5 ms
          load: 100/s for 5 s · 500 due, 100% ok, 100/s · p50 2 ms, p95 5 ms, p99 5 ms, max 9 ms
            generator: asked 100/s, started 100/s, 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
          recovery_time 3 s · peak CPU 23%, memory 64 MiB of 1 GiB
          note: the index held 10 000 documents

    IGNORED (1)
          slow: --include-slow runs it: cases::search::sustained

    Over 2 cases   best                 worst                  mean of the cases
      throughput   1 910/s rapid_scale  100/s sustained_quick  1 005/s
      p95          5 ms                 the same               5 ms
      success      100%                 the same               100%
      peak CPU     23%                  the same               23%
      peak memory  64 MiB               the same               64 MiB
    "#);
}

#[test]
fn one_failed_by_an_expectation() {
    let mut slow = observation("load", counts(430, 0, 20, 30, 20));
    slow.total.kinds = vec![Kind {
        class: "error".into(),
        text: "document N is gone".into(),
        count: 20,
        sample: "document 17 is gone".into(),
        first_s: 2.1,
        last_s: 4.9,
    }];
    slow.total.statuses = BTreeMap::from([(200, 430), (500, 20)]);
    let expectations = ["success_rate >= 95%", "latency.p95 < 100ms", "throughput >= 80/s"];
    let mut failed = expecting("overload", &slow, &expectations);
    failed.severity = Severity::High;
    failed.target = Some("vector_index".to_owned());
    let passed = case("sustained_quick", &[observation("load", counts(500, 0, 0, 0, 0))]);
    insta::assert_snapshot!(summary_text(&run(vec![failed, passed], &[])), @r#"
    proofload 0.1.0 · run 20261121-081502-7f3a · profile default · seed 42 · 2m 31s
    FAILED: 1 passed, 1 failed, 0 inconclusive, 0 aborted, 0 ignored · 1 000 operations
    machine: AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12, kernel 6.1.0-18-amd64
    built: rustc 1.89.0, optimised · commit 1a2b3c4d5e6f

    PASS  cases::search::sustained_quick · 5.12 s
          load: 100/s for 5 s · 500 due, 100% ok, 100/s · p50 2 ms, p95 5 ms, p99 5 ms, max 9 ms
            generator: asked 100/s, started 100/s, 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
          peak CPU 23%, memory 64 MiB of 1 GiB

    FAIL  cases::search::overload · target vector_index · severity high · 5.12 s
          ! load: success_rate is 86%, wanted >= 95% (missed by 9 points)
          ! load: latency.p95 is >= 30 s, wanted < 100ms (missed by at least 29914%)
          load: 100/s for 5 s · 500 due, 86% ok, 20 failed, 30 timed out, 20 dropped, 90/s · p50 2 ms,
                p95 >= 30 s, p99 >= 30 s, max >= 30 s
            generator: asked 100/s, started 96/s (96%), 20 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
            20 x error: document 17 is gone (first at 2.1 s)
            statuses: 200 x 430, 500 x 20
          met: throughput >= 80/s (90/s)
          peak CPU 23%, memory 64 MiB of 1 GiB
          repeat: cargo test --test stress -- --exact cases::search::overload --seed 42

    Over 2 cases   best                   worst             mean of the cases
      throughput   100/s sustained_quick  90/s overload     95/s
      p95          5 ms sustained_quick   >= 30 s overload  >= 15 s
      success      100% sustained_quick   86% overload      93%
      peak CPU     23%                    the same          23%
      peak memory  64 MiB                 the same          64 MiB

    Recommendations
      1. 20 of 20 errors are "document 17 is gone": 4% of all operations failed; start with this one, first seen
         2.1 s into the load [cases::search::overload]
      2. 30 of 500 operations (6%) ran into the timeout of 30 s, while the median of the others is 2 ms: find what
         they wait for; a target that refuses early answers the others sooner [cases::search::overload]
      3. 20 of 500 operations (4%) were never started, with 50 in flight: the target carried out 90/s and is
         slower than the rate; lower the rate, or let more be in flight (max_in_flight, max_concurrency)
         [cases::search::overload]
    "#);
}

#[test]
fn crashed() {
    let mut cut = observation("load", counts(120, 0, 0, 0, 0));
    cut.complete = false;
    let message = "assertion `left == right` failed\n  left: 3\n right: 4".to_owned();
    let ending = Ending::Panicked { message, place: "stress/targets/index.rs:88".to_owned() };
    let mut case = ended(case("crash", &[cut]), ending);
    case.output_tail = "one\ntwo\nthree\n\nthread 'main' panicked at stress/targets/index.rs:88:9:\n\
                        \u{1b}[31massertion `left == right` failed\u{1b}[0m\n  left: 3\n right: 4\n\
                        note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
        .to_owned();
    insta::assert_snapshot!(summary_text(&run(vec![case], &[])), @r#"
    proofload 0.1.0 · run 20261121-081502-7f3a · profile default · seed 42 · 2m 31s
    FAILED: 0 passed, 1 failed, 0 inconclusive, 0 aborted, 0 ignored · 120 operations
    machine: AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12, kernel 6.1.0-18-amd64
    built: rustc 1.89.0, optimised · commit 1a2b3c4d5e6f

    FAIL  cases::search::crash · 5.12 s
          ! the case panicked at stress/targets/index.rs:88: assertion `left == right` failed left: 3 right: 4
          load: 100/s for 5 s, incomplete: from the journal · 120 due, 100% ok, 24/s · p50 2 ms, p95 5 ms,
                p99 5 ms, max 9 ms
            generator: asked 100/s, started 24/s (24%), 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
          peak CPU 23%, memory 64 MiB of 1 GiB
          last of cases/cases.search.crash/output.log:
          | thread 'main' panicked at stress/targets/index.rs:88:9:
          | assertion `left == right` failed
          |   left: 3
          |  right: 4
          | note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
          repeat: cargo test --test stress -- --exact cases::search::crash --seed 42

    Recommendations
      1. the case panicked at stress/targets/index.rs:88: fix what is asserted there, or return it as an error
         with `?`; see cases/cases.search.crash/output.log [cases::search::crash]
    "#);
}

#[test]
fn aborted_by_memory() {
    let mut cut = observation("load", counts(312, 0, 0, 0, 0));
    (cut.complete, cut.plan) = (false, "50 users for 30 s".to_owned());
    let mut case = case("memory_pressure", &[cut]);
    let sentence =
        "memory was 1010 MiB and grew by 412 MiB a second: over the limit of 1 GiB (max_memory) at once";
    case.verdict = Verdict::Aborted;
    case.reasons.push(format!("stopped: {sentence}"));
    case.stop = Some(StopReport {
        reason: StopReason::Memory,
        sentence: sentence.to_owned(),
        at_s: 3.2,
        took_s: 0.02,
        by: "SIGKILL".to_owned(),
    });
    case.ending = Ending::Killed;
    case.resources.peak_memory_bytes = 1010 << 20;
    case.resources.windows =
        vec![memory(0, 50 << 20), memory(1, 370 << 20), memory(2, 690 << 20), memory(3, 1010 << 20)];
    let mut run = run(vec![case], &[]);
    run.stopped = Some("Ctrl-C: the cases that were left did not run".to_owned());
    run.warnings
        .push("the suite was built without optimisation: its figures are not the target's".to_owned());
    run.environment.build.optimised = false;
    run.environment.build.debug_assertions = true;
    insta::assert_snapshot!(summary_text(&run), @r#"
    proofload 0.1.0 · run 20261121-081502-7f3a · profile default · seed 42 · 2m 31s
    FAILED: 0 passed, 0 failed, 0 inconclusive, 1 aborted, 0 ignored · 312 operations
    stopped: Ctrl-C: the cases that were left did not run
    machine: AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12, kernel 6.1.0-18-amd64
    built: rustc 1.89.0, NOT OPTIMISED, debug assertions · commit 1a2b3c4d5e6f
    warning: the suite was built without optimisation: its figures are not the target's

    ABORTED  cases::search::memory_pressure · 5.12 s
          ! stopped: memory was 1010 MiB and grew by 412 MiB a second: over the limit of 1 GiB (max_memory) at
            once
          load: 50 users for 30 s, incomplete: from the journal · 312 due, 100% ok, 62.4/s · p50 2 ms, p95 5 ms,
                p99 5 ms, max 9 ms
            generator: asked 100/s, started 62.4/s (62.4%), 0 dropped · late p99 80.1 us, max 80.1 us
                       · 0.12 cores, workers 2% busy
          peak CPU 23%, memory 1010 MiB of 1 GiB
          memory is held by a cgroup (version 2) of 1 GiB
          repeat: cargo test --test stress -- --exact cases::search::memory_pressure --seed 42

    Recommendations
      1. memory reached 1010 MiB, and max_memory is 1 GiB, growing by 320 MiB a second: bound the queues and
         caches that grow with the load; raise max_memory only if the target is meant to need so much
         [cases::search::memory_pressure]
    "#);
}

#[test]
fn inconclusive() {
    let few = observation("load", counts(40, 0, 0, 0, 0));
    let case = expecting("few_samples", &few, &["latency.p99 < 100ms"]);
    insta::assert_snapshot!(summary_text(&run(vec![case], &[])), @r#"
    proofload 0.1.0 · run 20261121-081502-7f3a · profile default · seed 42 · 2m 31s
    INCONCLUSIVE: 0 passed, 0 failed, 1 inconclusive, 0 aborted, 0 ignored · 40 operations
    machine: AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12, kernel 6.1.0-18-amd64
    built: rustc 1.89.0, optimised · commit 1a2b3c4d5e6f

    INCONCLUSIVE  cases::search::few_samples · 5.12 s
          ! load: latency.p99 is 5 ms, wanted < 100ms; not judged: latency.p99 needs 299 samples and has 40: give
            it more operations or more time
          load: 100/s for 5 s · 40 due, 100% ok, 8/s · p50 2 ms, p95 5 ms, p99 5 ms, max 5 ms
            generator: asked 100/s, started 8/s (8%), 0 dropped · late p99 80.1 us, max 80.1 us · 0.12 cores,
                       workers 2% busy
          peak CPU 23%, memory 64 MiB of 1 GiB
          repeat: cargo test --test stress -- --exact cases::search::few_samples --seed 42
    "#);
}

#[test]
fn nothing_but_ignored() {
    let ignored = [
        ("cases::search::sustained", "slow: --include-slow runs it"),
        ("cases::memory::pressure", "resource_intensive: --include-resource-intensive runs it"),
    ];
    insta::assert_snapshot!(summary_text(&run(Vec::new(), &ignored)), @r#"
    proofload 0.1.0 · run 20261121-081502-7f3a · profile default · seed 42 · 2m 31s
    NOTHING RAN: 0 passed, 0 failed, 0 inconclusive, 0 aborted, 2 ignored · 0 operations
    machine: AMD EPYC 7B13, 2 cores, 16 GiB, Debian GNU/Linux 12, kernel 6.1.0-18-amd64
    built: rustc 1.89.0, optimised · commit 1a2b3c4d5e6f

    IGNORED (2)
          slow: --include-slow runs it: cases::search::sustained
          resource_intensive: --include-resource-intensive runs it: cases::memory::pressure
    "#);
}

#[test]
fn nothing_at_all_is_told_too() {
    let text = summary_text(&run(Vec::new(), &[]));
    assert!(text.contains("\nNOTHING RAN: 0 passed"), "{text}");
}

#[test]
fn what_a_case_states_itself_is_not_put_down_to_a_load() {
    let seen = observation("load", counts(500, 0, 0, 0, 0));
    let mut case = expecting("stated", &seen, &["dropped == 0"]);
    case.loads.push(case.loads[0].clone());
    let stated = Judgement {
        load: String::new(),
        expectation: "the index answers".to_owned(),
        ..case.expectations[0].clone()
    };
    case.expectations.push(Judgement { observed: None, ..stated });
    let text = case_line(&case);
    assert!(text.contains("      met: load: dropped == 0 (0), the index answers\n"), "{text}");
}

#[test]
fn many_loads_and_phases_are_cut_short() {
    let many: Vec<_> =
        (1..=20).map(|n| observation(&format!("trial {n}"), counts(500, 0, 0, 0, 0))).collect();
    let text = case_line(&case("capacity", &many));
    assert!(text.contains("\n      trial 8: ") && !text.contains("trial 9"), "{text}");
    assert!(text.contains("\n      ... 12 more loads in report.json\n"), "{text}");
    let steps: Vec<_> = (1..=30).map(|n| (n * 10, 500)).collect();
    let text = case_line(&case("steps", &[stepped("load", &steps)]));
    assert!(text.contains("120 users for 5 s") && !text.contains("130 users for 5 s"), "{text}");
    assert!(text.contains("\n        ... 18 more phases in report.json\n"), "{text}");
}

#[test]
fn no_line_is_wider_than_the_page() {
    let long = "word ".repeat(300);
    let mut seen = observation(&"load".repeat(40), counts(300, 10, 20, 30, 40));
    seen.plan = long.clone();
    seen.counters.insert("n".repeat(300), Counter { count: 1, of: None });
    seen.traffic = Traffic { sent_bytes: 3 << 20, received_bytes: u64::MAX };
    seen.phases.push(Phase { name: long.clone(), ..seen.phases[0].clone() });
    let kind = Kind {
        class: "error".into(),
        text: long.clone(),
        count: 20,
        sample: "x".repeat(900),
        ..Kind::default()
    };
    seen.total.kinds = vec![kind];
    let message = format!("{long}{}", "y".repeat(400));
    let mut wide =
        ended(case("wide", &[seen.clone(), seen]), Ending::Panicked { message, place: long.clone() });
    wide.name = "cases::".to_owned() + &"deep::".repeat(40);
    wide.figures = vec![Figure { name: long.clone(), value: 1e12, unit: long.clone() }];
    wide.notes = vec![long.clone()];
    wide.warnings = vec![long.clone()];
    wide.output_tail = "z".repeat(4_000);
    let mut run = run(vec![wide], &[("cases::search::hour", &long)]);
    run.stopped = Some(long.clone());
    run.warnings = vec![long.clone()];
    run.environment.machine.cpu_model = long;
    let text = summary_text(&run);
    let wide: Vec<_> = text.lines().filter(|line| !is_narrow(line)).collect();
    assert_eq!(wide, [""; 0]);
    assert!(is_narrow(&summary_text(&full())));
}

#[test]
fn the_word_for_a_run_is_that_of_its_worst_case() {
    let with = |verdicts: &[Verdict], stopped: bool| {
        let of = |verdict: &Verdict| CaseReport { verdict: *verdict, ..case("x", &[]) };
        let mut run = run(verdicts.iter().map(of).collect(), &[]);
        run.stopped = stopped.then(|| "Ctrl-C".to_owned());
        let text = summary_text(&run);
        text.lines().nth(1).unwrap().split(':').next().unwrap().to_owned()
    };
    use Verdict::{Aborted, Fail, Inconclusive, Pass};
    assert_eq!(with(&[Pass, Pass], false), "PASSED");
    assert_eq!(with(&[Pass, Inconclusive], false), "INCONCLUSIVE");
    assert_eq!(with(&[Pass, Inconclusive, Fail], false), "FAILED");
    assert_eq!(with(&[Pass, Aborted], true), "FAILED");
    assert_eq!(with(&[Pass], true), "STOPPED");
}

#[test]
fn long_waits_for_a_resource_are_told_beside_the_peaks() {
    let of = |cpu_s, memory_s, io_s| {
        let stall = |some_s| StallUse { some_s, ..StallUse::default() };
        let mut case = case("x", &[]);
        case.duration_s = 10.0;
        let (cpu, memory, io) = (stall(cpu_s), stall(memory_s), stall(io_s));
        case.resources.machine.pressure = Some(PressureUse { cpu, memory, io });
        let peaks: Vec<String> =
            case_line(&case).lines().skip(1).map(|line| line.trim().to_owned()).collect();
        peaks.join(" ")
    };
    assert_eq!(of(2.4, 0.4, 0.4), "peak CPU 23%, memory 64 MiB of 1 GiB");
    assert_eq!(
        of(2.5, 0.4, 1.3),
        "peak CPU 23%, memory 64 MiB of 1 GiB, waiting for a core 25%, waiting for storage 13%"
    );
}

#[test]
fn limits_are_told_of_a_case_and_counted_for_the_run() {
    let case_with = |name: &str, limit| CaseReport { bottleneck: Some(limited(limit)), ..case(name, &[]) };
    let cases = [
        case_with("a", Limit::Lock),
        case_with("b", Limit::Cpu),
        case_with("c", Limit::Cpu),
        case_with("d", Limit::Nothing),
    ];
    let text = summary_text(&run(cases.to_vec(), &[]));
    assert!(text.contains("\nbottlenecks: CPU 2, lock 1\n"), "{text}");
    assert!(text.contains("\n      limited by: lock: 198/s of 400/s asked were carried out\n"), "{text}");
    assert!(!text.contains("limited by: nothing"), "{text}");
    assert!(!summary_text(&run(vec![case("e", &[])], &[])).contains("bottlenecks"));
}

#[test]
fn faults_stand_below_the_load_that_met_them() {
    let band = |faults: &str, load: &str, from_s, met: Option<u64>, kinds: &[(&str, u64)]| FaultBand {
        faults: faults.to_owned(),
        plan: format!(
            "5% of the operations: {}",
            if faults == "faults" { "error `x`, hang" } else { "hang" }
        ),
        load: load.to_owned(),
        from_s,
        until_s: from_s + 2.0,
        met,
        kinds: kinds.iter().map(|(word, n)| ((*word).to_owned(), *n)).collect(),
        ..FaultBand::default()
    };
    let mut case = case("sustained", &[observation("load", counts(490, 10, 0, 0, 0))]);
    case.faults = vec![band("faults", "load", 0.1, Some(12), &[("error", 7), ("hang", 5)])];
    case.faults
        .extend((0..6).map(|n| band("outage", "load", 0.1 + 2.0 * f64::from(n), Some(3), &[("hang", 3)])));
    case.faults.push(band("faults", "", 9.0, None, &[]));
    case.faults.push(FaultBand { plan: String::new(), ..band("no cable", "load", 1.1, None, &[]) });
    let text = case_line(&case);
    assert!(is_narrow(&text), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "faults: 5% of the operations: error `x`, hang; 12 met (7 error, 5 hang) from 0 s to 2 s",
        "faults outage: 5% of the operations: hang; 3 met from 0 s to 2 s, 3 met from 2 s to 4 s, 3 met from 4 s to 6 s, \
         3 met from 6 s to 8 s, 2 more",
        "faults: 5% of the operations: error `x`, hang; from 9 s to 11 s, not counted",
        "faults no cable: from 1 s to 3 s, not counted",
    ] {
        assert!(words.contains(said), "{text}");
    }
}
