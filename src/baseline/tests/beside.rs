use super::{run_of, steady, tests};
use crate::{
    baseline::beside,
    judge::{BreakingPoint, Detail, Finding, RegressionRule},
    report::{RunReport, RunsBeside, SettingReport},
    stop::StopReason,
    supervisor::Ending,
};

fn shown(first: &RunReport, second: &RunReport) -> RunsBeside {
    beside([first, second], &RegressionRule::default(), |_case| true)
}

/// Name, difference in percent and word of each figure of the first case.
fn rows(runs: &RunsBeside) -> Vec<String> {
    let row = |row: &crate::report::FigureBeside| {
        let difference = row.difference().map_or("-".to_owned(), |share| format!("{:+.0}", share * 100.0));
        format!("{} {difference} {}", row.name, row.word)
    };
    runs.cases[0].rows.iter().map(row).collect()
}

#[test]
fn one_run_against_one_cannot_tell_and_shows_what_is_large() {
    let runs = shown(&run_of("r1", &[steady("load", 10_000)]), &run_of("r2", &[steady("load", 15_000)]));
    assert_eq!(
        rows(&runs),
        [
            "response_p50 +50 inconclusive, large",
            "response_p95 +50 inconclusive, large",
            "response_p99 +50 inconclusive, large",
            "goodput +0 inconclusive",
            "error_rate - inconclusive",
            "cpu_per_operation +0 inconclusive",
            "peak_memory +0 inconclusive",
        ]
    );
    assert_eq!((runs.differences.len(), runs.cases[0].remarks.len(), runs.reasons.len()), (0, 0, 1));
    assert!(
        runs.reasons[0]
            .starts_with("1 run against 1 of the baseline cannot tell at a level of 5%: it takes 19 runs")
    );
}

#[test]
fn what_is_different_is_told_and_not_judged() {
    let (first, mut second) =
        (run_of("r1", &[steady("load", 10_000)]), run_of("r2", &[steady("load", 10_000)]));
    second.environment.machine.cpu_model = "Z80".to_owned();
    second.environment.machine.kernel = "7.0".to_owned();
    second.cases[0].settings[0].value = Some("2GiB".to_owned());
    let runs = shown(&first, &second);
    assert_eq!(runs.differences, ["the processor was AMD EPYC 7B13 and is Z80"]);
    assert_eq!(runs.remarks, ["the kernel was 6.1.0-18-amd64 and is 7.0"]);
    assert_eq!(runs.cases[0].remarks, ["max_memory was 1GiB and is 2GiB"]);
    assert_eq!(rows(&runs)[0], "response_p50 +0 not comparable");
    // What was set for the whole run is not said again for each case.
    let scale = |value: &str| SettingReport {
        key: "time_scale".to_owned(),
        value: Some(value.to_owned()),
        origin: "built-in".to_owned(),
    };
    let (mut first, mut second) = (first, run_of("r2", &[]));
    for (run, value) in [(&mut first, "1"), (&mut second, "0.1")] {
        run.settings.push(scale(value));
        run.cases[0].settings = vec![scale(value)];
    }
    let runs = shown(&first, &second);
    assert_eq!(
        (&runs.remarks[..], runs.cases[0].remarks.len()),
        (&["time_scale was 1 and is 0.1".to_owned()][..], 0)
    );
}

#[test]
fn a_load_with_another_plan_and_one_that_is_gone() {
    let mut other = steady("load", 10_000);
    other.plan = "200/s for 5 s".to_owned();
    let first = run_of("r1", &[steady("load", 10_000), steady("gone", 10_000)]);
    let runs = shown(&first, &run_of("r2", &[other, steady("new", 10_000)]));
    assert_eq!(runs.cases[0].remarks, ["load: the plan was 100/s for 5 s and is 200/s for 5 s"]);
    let word = |of: &str| runs.cases[0].rows.iter().find(|row| row.of == of).unwrap().word.clone();
    assert_eq!(
        [word("load"), word("gone"), word("new"), word("")],
        ["not comparable", "in the first only", "in the second only", "inconclusive"]
    );
}

#[test]
fn a_case_that_was_cut_short_is_not_judged() {
    let (first, mut second) =
        (run_of("r1", &[steady("load", 10_000)]), run_of("r2", &[steady("load", 10_000)]));
    second.cases[0].loads[0].stopped = Some(StopReason::TimeLimit);
    second.cases[0].ending = Ending::Killed;
    let runs = shown(&first, &second);
    assert_eq!(
        runs.cases[0].remarks,
        ["in the second run the case did not run to its end, so nothing is judged"]
    );
    assert!(rows(&runs).iter().all(|row| row.ends_with("not comparable")), "{:?}", rows(&runs));
    assert_eq!(runs.reasons, [""; 0]);
}

#[test]
fn of_a_search_what_it_came_to_is_shown() {
    let searched = |id: &str, holds_per_sec: f64| {
        let mut run = run_of(id, &[steady("trial", 10_000)]);
        let found = BreakingPoint::Between { holds_per_sec, breaks_per_sec: 999.0, objective: "p95".into() };
        let detail = Detail::BreakingPoint { found, trials: Vec::new(), confidence: None };
        run.cases[0].findings.push(Finding::new("search", detail));
        run
    };
    let runs = shown(&searched("r1", 400.0), &searched("r2", 300.0));
    assert_eq!(rows(&runs), ["breaking_point -25 inconclusive, large", "peak_memory +0 inconclusive"]);
    let runs = shown(&searched("r1", 400.0), &run_of("r2", &[]));
    assert_eq!(rows(&runs)[0], "breaking_point - in the first only");
}

#[test]
fn cases_of_one_run_are_named_and_a_filter_holds_for_both() {
    let with = |names: &[&str]| tests::run(names.iter().map(|name| tests::case(name, &[])).collect(), &[]);
    let (first, second) = (with(&["a", "b", "c"]), with(&["b", "d"]));
    let runs = shown(&first, &second);
    assert_eq!(runs.cases.len(), 1);
    assert_eq!(runs.only, [vec!["cases::search::a", "cases::search::c"], vec!["cases::search::d"]]);
    let runs = beside([&first, &second], &RegressionRule::default(), |case| case.ends_with('d'));
    assert_eq!((runs.cases.len(), &runs.only), (0, &[Vec::new(), vec!["cases::search::d".to_owned()]]));
}
