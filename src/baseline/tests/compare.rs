use super::{run_of, saved, steady, tests};
use crate::{
    baseline::{Comparer, SavedRun},
    judge::{BreakingPoint, Change, Comparison, Detail, Finding, RegressionRule},
    observe::Observation,
    report::{CaseReport, RunReport, case_line, compared_figure, summary_text},
    stop::StopReason,
};

/// 19 runs of a load at about 10 ms.
fn nineteen() -> Vec<SavedRun> {
    (0..19).map(|n| saved(&run_of(&format!("r{n}"), &[steady("load", 10_000 + n * 7 % 19)]))).collect()
}

fn compared(baseline: Vec<SavedRun>, further: Vec<SavedRun>, run: &RunReport) -> Comparison {
    Comparer::new("main", baseline, further, RegressionRule::default()).compare(run, &run.cases[0])
}

/// A new run of the load against the nineteen.
fn against_nineteen(us: u64) -> Comparison {
    compared(nineteen(), Vec::new(), &run_of("new", &[steady("load", us)]))
}

fn changes(comparison: &Comparison) -> Vec<(&str, Change)> {
    comparison.figures.iter().map(|figure| (figure.name.as_str(), figure.change)).collect()
}

#[test]
fn worse_better_and_same() {
    let worse = against_nineteen(15_000);
    assert_eq!((worse.change, worse.baseline_runs, worse.new_runs), (Change::Worse, 19, 1));
    assert_eq!(
        changes(&worse),
        [
            ("response_p50", Change::Worse),
            ("response_p95", Change::Worse),
            ("response_p99", Change::Worse),
            ("goodput", Change::Same),
            ("error_rate", Change::Same),
            ("cpu_per_operation", Change::Same),
            ("peak_memory", Change::Same),
        ]
    );
    assert_eq!(
        compared_figure(worse.worse().next().unwrap()),
        "load response p50 15 ms, was 10 ms (+50%, spread 8.19 us)"
    );
    let better = against_nineteen(7_000);
    assert_eq!(
        (better.change, better.count(Change::Better), better.count(Change::Same)),
        (Change::Better, 3, 4)
    );
    let same = against_nineteen(10_020);
    assert_eq!((same.change, same.count(Change::Same)), (Change::Same, 7));
}

#[test]
fn the_summary_says_what_changed_and_what_chance_alone_would() {
    let case = |name: &str, us: u64| {
        let mut case = tests::case(name, &[steady("load", us)]);
        case.comparison = Some(against_nineteen(us));
        case
    };
    let mut elsewhere = case("elsewhere", 10_020);
    elsewhere.comparison = Some(compared(Vec::new(), Vec::new(), &run_of("new", &[])));
    let run = tests::run(vec![case("slow", 15_000), case("same", 10_020), elsewhere], &[]);
    let text = summary_text(&run);
    let has = |wanted: &str| assert!(text.contains(wanted), "{wanted}\n{text}");
    has(
        "\nbaseline main: 3 worse, 11 same, 1 case not comparable · by chance alone up to 0.7 worse, as many better\n",
    );
    has("      baseline main: 3 worse, 4 same · 1 run against 19\n");
    has("        worse         load response p95 15 ms, was 10 ms (+50%, spread 8.19 us)\n");
    has("      baseline main: 7 same · 1 run against 19\n");
    has(
        "      baseline main: not comparable\n        not comparable: the baseline does not have this case\n",
    );
}

#[test]
fn errors_goodput_and_memory_have_their_good_ends() {
    let failing = |n: u64| {
        let mut seen = tests::observation("load", tests::counts(500 - n, 0, n, 0, 0));
        seen.total.response = steady("load", 10_000).total.response;
        seen
    };
    let baseline = nineteen();
    let mut run = run_of("new", &[failing(100)]);
    run.cases[0].resources.peak_memory_bytes *= 2;
    let found = compared(baseline, Vec::new(), &run);
    let worse: Vec<&str> = found.worse().map(|figure| figure.name.as_str()).collect();
    assert_eq!(worse, ["goodput", "error_rate", "peak_memory"]);
}

#[test]
fn percentiles_without_the_samples_are_left_out() {
    let short = |id: &str| {
        let mut seen = tests::observation("load", tests::counts(40, 0, 0, 0, 0));
        seen.total.response = Default::default();
        seen.total.response.record_n(10_000_000, 40);
        run_of(id, &[seen])
    };
    let baseline = (0..19).map(|n| saved(&short(&format!("r{n}")))).collect();
    let names = compared(baseline, Vec::new(), &short("new"));
    assert!(changes(&names).iter().all(|(name, _)| !["response_p95", "response_p99"].contains(name)));
    assert_eq!(names.figures[0].name, "response_p50");
}

#[test]
fn too_few_runs_are_inconclusive_and_say_what_it_takes() {
    let few =
        compared(nineteen().drain(..3).collect(), Vec::new(), &run_of("new", &[steady("load", 90_000)]));
    assert_eq!((few.change, few.count(Change::Inconclusive)), (Change::Inconclusive, 7));
    assert!(!few.is_answer());
    let mut case = tests::case("steady", &[]);
    case.comparison = Some(few);
    let text = case_line(&case);
    let (_, text) = text.split_once("baseline").unwrap();
    assert_eq!(
        text.lines().take(5).map(str::trim).collect::<Vec<_>>(),
        [
            "main: 7 inconclusive · 1 run against 3",
            "inconclusive  load response p50 90 ms, was 10 ms (+800%, spread 8.19 us)",
            "inconclusive  load response p95 90 ms, was 10 ms (+800%, spread 8.19 us)",
            "inconclusive  load response p99 90 ms, was 10 ms (+800%, spread 8.19 us)",
            "cannot tell: 1 run against 3 of the baseline cannot tell at a level of 5%: it takes 19 runs of the",
        ]
    );
}

#[test]
fn further_runs_of_the_same_state_count() {
    let baseline = || nineteen().drain(..3).collect::<Vec<_>>();
    let slow = |id: &str| run_of(id, &[steady("load", 15_000)]);
    let further = vec![saved(&slow("s1")), saved(&slow("s2"))];
    let found = compared(baseline(), further.clone(), &slow("new"));
    assert_eq!((found.change, found.baseline_runs, found.new_runs), (Change::Worse, 3, 3));

    // Of another commit, on another machine, and what this run has saved already.
    let mut others = further;
    others[0].environment.commit = Some("2b".repeat(20));
    others[1].environment.machine.cpu_model = "another".to_owned();
    others.push(saved(&slow("new")));
    let alone = compared(baseline(), others, &slow("new"));
    assert_eq!((alone.change, alone.new_runs), (Change::Inconclusive, 1));
}

/// What is said when everything but one thing is alike.
fn apart(change: impl Fn(&mut SavedRun)) -> Vec<String> {
    let mut baseline = nineteen();
    baseline.iter_mut().for_each(&change);
    let found = compared(baseline, Vec::new(), &run_of("new", &[steady("load", 90_000)]));
    assert_eq!((found.change, found.worse().count()), (Change::NotComparable, 0));
    found.not_comparable
}

#[test]
fn what_differs_is_named() {
    assert_eq!(apart(|run| run.profile = "ci".into()), ["the profile was ci and is default"]);
    assert_eq!(
        apart(|run| run.environment.machine.cores_available = 8.0),
        ["the number of cores was 8 and is 2"]
    );
    assert_eq!(
        apart(|run| {
            run.environment.machine.cpu_model = "Xeon".into();
            run.environment.build.optimised = false;
        }),
        ["the processor was Xeon and is AMD EPYC 7B13", "the build was not optimised and is optimised"]
    );
    assert_eq!(
        apart(|run| run.environment.machine.memory_limit_bytes = Some(1 << 30)),
        ["the limit of memory was 1.0 GiB and is none"]
    );
    assert_eq!(
        apart(|run| run.cases[0].loads[0].plan = "200/s for 5 s".into()),
        ["load: the plan was 200/s for 5 s and is 100/s for 5 s"]
    );
    assert_eq!(
        apart(|run| run.cases[0].loads[0].max_in_flight = None),
        ["load: the cap of operations in flight was none and is 50"]
    );
    assert_eq!(
        apart(|run| run.cases[0].loads[0].load = "other".into()),
        ["load: the baseline does not have this load"]
    );
    assert_eq!(apart(|run| run.cases.clear()), ["the baseline does not have this case"]);
}

#[test]
fn upgrades_and_runs_from_elsewhere_are_remarks() {
    let mut baseline = nineteen();
    baseline.push(saved(&run_of("r40", &[steady("load", 1)])));
    baseline[19].environment.machine.cpu_model = "Xeon".into();
    baseline[18].environment.machine.kernel = "5.9".into();
    // A page more or less is no other machine.
    baseline[4].environment.machine.memory_bytes += 4096;
    let found = compared(baseline, Vec::new(), &run_of("new", &[steady("load", 15_000)]));
    assert_eq!((found.change, found.baseline_runs), (Change::Worse, 19));
    assert_eq!(
        found.remarks,
        [
            "the kernel was 5.9 and is 6.1.0-18-amd64",
            "runs of the baseline that were left out: 1; of the newest, the processor was Xeon and is AMD EPYC 7B13",
        ]
    );
}

#[test]
fn a_case_that_did_not_end_is_not_compared() {
    let of = |change: &dyn Fn(&mut CaseReport)| {
        let mut run = run_of("new", &[steady("load", 90_000)]);
        change(&mut run.cases[0]);
        compared(nineteen(), Vec::new(), &run).not_comparable
    };
    let ends: [&dyn Fn(&mut CaseReport); 3] =
        [&|case| case.ending = crate::Ending::Hung, &|case| case.loads[0].complete = false, &|case| {
            case.loads[0].stopped = Some(StopReason::TimeLimit)
        }];
    for end in ends {
        assert_eq!(of(end), ["the case did not run to its end"]);
    }
}

/// The run itself may be in the baseline already: another process of it, or an earlier try.
#[test]
fn a_run_is_not_compared_with_itself() {
    let mut baseline = nineteen();
    baseline[18].run_id = "new".to_owned();
    let found = compared(baseline, Vec::new(), &run_of("new", &[steady("load", 90_000)]));
    assert_eq!((found.change, found.baseline_runs), (Change::Inconclusive, 18));
}

#[test]
fn what_a_search_found_is_compared_instead_of_its_loads() {
    let search = |id: &str, found: BreakingPoint, trial: Observation| {
        let mut run = run_of(id, &[trial]);
        run.cases[0].findings.push(Finding::new(
            "search",
            Detail::BreakingPoint { found, trials: Vec::new(), confidence: None },
        ));
        run
    };
    let between = |holds: f64| BreakingPoint::Between {
        holds_per_sec: holds,
        breaks_per_sec: holds * 1.05,
        objective: "p95".into(),
    };
    let baseline: Vec<SavedRun> = (0..19)
        .map(|n| saved(&search(&format!("r{n}"), between(300.0 + n as f64), steady("trial at 310/s", 900))))
        .collect();
    let of = |found: BreakingPoint| {
        let run = search("new", found, steady("trial at 202/s", 90_000));
        let compared = compared(baseline.clone(), Vec::new(), &run);
        let figure = &compared.figures[0];
        assert_eq!((compared.figures.len(), figure.name.as_str()), (2, "breaking_point"));
        figure.change
    };
    assert_eq!(of(between(200.0)), Change::Worse);
    assert_eq!(of(between(305.0)), Change::Same);
    assert_eq!(of(BreakingPoint::AtLeast { holds_per_sec: 1_000.0 }), Change::Better);
    assert_eq!(of(BreakingPoint::AtLeast { holds_per_sec: 200.0 }), Change::Inconclusive);
    let lost = BreakingPoint::Inconclusive { holds_per_sec: None, reason: "the generator".into() };
    let found = compared(baseline.clone(), Vec::new(), &search("new", lost, steady("trial at 9/s", 9)));
    assert_eq!(found.change, Change::NotComparable);
    assert_eq!(found.not_comparable, ["search: this run does not tell its breaking_point"]);
    assert_eq!(of(BreakingPoint::Under { breaks_per_sec: 10.0, objective: "p95".into() }), Change::Worse);
}
