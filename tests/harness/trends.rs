//! Trends from outside: what is kept of each run, what the reports make of it, and two runs beside each other.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::{
    fixture::{self, Package},
    tests,
};

tests![
    each_run_is_kept_and_shown,
    runs_beside_each_other_are_all_kept,
    a_scaled_run_is_told_apart,
    a_history_that_cannot_be_written_is_a_warning,
    a_second_try_is_one_run,
    two_runs_are_shown_beside_each_other,
    one_run_is_shown_beside_the_newest,
    an_unknown_run_is_a_mistake,
    what_is_no_report_is_a_mistake,
    the_history_of_a_case_is_a_table,
];

const CASE: [&str; 2] = ["--exact", "suite::fast_plain"];

/// Runs a case once more.
#[track_caller]
fn run(package: &Package, case: &str) -> String {
    package.run(&["--exact", &format!("suite::{case}")]).exits(0);
    fs::read_link(package.reports().join("latest")).unwrap().to_str().unwrap().to_owned()
}

/// The file of a case's history.
fn file(package: &Package, case: &str) -> PathBuf {
    package.reports().join(format!("history/fixture-package.fixture/suite.{case}.ndjson"))
}

fn kept(package: &Package, case: &str) -> Vec<Value> {
    let text = fs::read_to_string(file(package, case)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The runs in the trend of the newest report.
fn shown(package: &Package, case: &str) -> Vec<String> {
    let case = package.case(case);
    let runs = case["history"]["runs"].as_array().unwrap();
    runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

fn each_run_is_kept_and_shown() {
    let package = Package::new();
    let first = run(&package, "fast_plain");
    assert_eq!(shown(&package, "fast_plain"), [first.as_str()]);
    let page = || fs::read_to_string(package.latest("report.html")).unwrap();
    assert!(!page().contains("class=\"spark\""), "one run is no trend");
    let second = run(&package, "fast_plain");
    let ended = package.run(&CASE).exits(0).says("trend: p50 of the last 3 runs: ");
    let runs = shown(&package, "fast_plain");
    assert_eq!((runs.len(), &runs[..2]), (3, &[first, second][..]), "{ended}");
    assert_eq!(package.case("fast_plain")["history"]["left_out"], Value::Array(Vec::new()));
    assert!(fs::read_to_string(package.latest("summary.txt")).unwrap().contains("in the median)"));
    assert_eq!(page().matches("class=\"spark\"").count(), 2, "throughput and response time");
    let kept = kept(&package, "fast_plain");
    assert_eq!(kept.len(), 3);
    assert_eq!((&kept[0]["verdict"], &kept[0]["terms"]["time_scale"]), (&"pass".into(), &"1".into()));
    assert!(kept[0]["response_p50_us"].as_f64() > Some(0.0) && kept[0]["response_p99_us"].is_null());
}

fn runs_beside_each_other_are_all_kept() {
    let package = Package::new();
    let start = |run: &str| package.suite(&CASE).env("NEXTEST_RUN_ID", run).start();
    let running = ["a", "b", "c", "d"].map(start);
    running.into_iter().for_each(|running| drop(running.end().exits(0)));
    let mut runs: Vec<String> =
        kept(&package, "fast_plain").iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect();
    runs.sort();
    assert_eq!(runs, ["a", "b", "c", "d"]);
}

fn a_scaled_run_is_told_apart() {
    let package = Package::new();
    run(&package, "fast_plain");
    package
        .run(&[&CASE[..], &["--set", "load_scale=0.5"]].concat())
        .exits(0)
        .says("trend: 1 run under other conditions is left out: load_scale was 1 and is 0.5");
    assert_eq!(shown(&package, "fast_plain").len(), 1);
    assert!(
        fs::read_to_string(package.latest("report.html")).unwrap().contains("load_scale was 1 and is 0.5")
    );
    run(&package, "fast_plain");
    assert_eq!(shown(&package, "fast_plain").len(), 2, "the whole runs are comparable again");
}

fn a_history_that_cannot_be_written_is_a_warning() {
    let package = Package::new();
    fs::create_dir_all(package.reports()).unwrap();
    fs::write(package.reports().join("history"), "in the way").unwrap();
    package
        .run(&CASE)
        .exits(0)
        .says("warning: this run is not in the history: ")
        .says("fast_plain.ndjson cannot be");
    assert_eq!(shown(&package, "fast_plain").len(), 1);
}

fn a_second_try_is_one_run() {
    let package = Package::new();
    for _ in 0..2 {
        package.suite(&CASE).env("NEXTEST_RUN_ID", "0af5-17").run().exits(0);
    }
    assert_eq!(kept(&package, "fast_plain").len(), 1);
    assert_eq!(shown(&package, "fast_plain"), ["0af5-17"]);
}

fn two_runs_are_shown_beside_each_other() {
    let package = Package::new();
    package.run(&["fast_"]).exits(0);
    let first = fs::read_link(package.reports().join("latest")).unwrap();
    let second = run(&package, "fast_plain");
    let before = fs::read_dir(package.reports()).unwrap().count();
    let first = first.to_str().unwrap();
    let folder = package.reports().join(first);
    for name in [first, folder.to_str().unwrap(), folder.join("report.json").to_str().unwrap()] {
        let ended = package.run(&["--compare", name, "latest"]).exits(0);
        let ended = ended
            .prints(&format!("first: {first}, "))
            .prints(&format!("second: {second}, "))
            .prints("suite::fast_plain · pass")
            .prints("load response p50")
            .prints("only in the first: suite::fast_closed, suite::fast_nightly, ")
            .prints("inconclusive: 1 run against 1 of the baseline cannot tell");
        assert_eq!(ended.stderr, "");
    }
    let other = package.run(&["--compare", first, &second, "no_case"]).exits(2);
    other.says("error: --compare: no case of either run is called like \"no_case\"");
    assert_eq!(fs::read_dir(package.reports()).unwrap().count(), before, "nothing ran");
}

fn one_run_is_shown_beside_the_newest() {
    let package = Package::new();
    let (first, second) = (run(&package, "fast_plain"), run(&package, "fast_plain"));
    let ended = package.run(&["--compare", &first]).exits(0);
    ended.prints(&format!("first: {first}, ")).prints(&format!("second: {second}, "));
    package.run(&["--compare", "latest"]).exits(2).says("\"latest\" and \"latest\" are the same run");
}

/// Requires one error and status 2.
#[track_caller]
fn refused(package: &Package, runs: &[&str], error: &str) {
    let ended = package.run(&[&["--compare"], runs].concat()).exits(2).says(error);
    assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{ended}");
}

fn an_unknown_run_is_a_mistake() {
    let package = Package::new();
    refused(&package, &["latest", "x"], "error: --compare: no run is called \"latest\" in ");
    refused(&package, &["latest", "x"], "; there is no run yet");
    assert!(!package.reports().exists(), "nothing was made");
    let only = run(&package, "fast_plain");
    let nearly = format!("{}{}", &only[..only.len() - 1], if only.ends_with('0') { '1' } else { '0' });
    refused(&package, &["latest", &nearly], &format!("did you mean {only:?}? the newest runs are {only}"));
    refused(&package, &["latest", "../.."], "error: --compare: no run is called \"../..\" in ");
}

fn what_is_no_report_is_a_mistake() {
    let package = Package::new();
    let (first, _second) = (run(&package, "fast_plain"), run(&package, "fast_plain"));
    let report = package.reports().join(&first).join("report.json");
    let mut newer = fixture::json(&report);
    newer["schema_version"] = 99.into();
    fs::write(&report, newer.to_string()).unwrap();
    refused(&package, &[&first, "latest"], "report.json is a report of version 99, and this is version 1: ");
    fs::write(&report, "{\"schema_version\": 1, \"run_id\": ").unwrap();
    refused(&package, &[&first, "latest"], "report.json is not the report of a run: EOF while parsing");
    fs::remove_file(&report).unwrap();
    refused(&package, &[&first, "latest"], &format!("{first} has no report.json: "));
}

fn the_history_of_a_case_is_a_table() {
    let package = Package::new();
    let (first, second) = (run(&package, "fast_plain"), run(&package, "fast_plain"));
    let ended = package.run(&["--history", "plain"]).exits(0);
    let ended = ended.prints("suite::fast_plain: 2 runs").prints("throughput").prints(&first).prints(&second);
    assert_eq!(ended.stdout.lines().count(), 4, "{ended}");
    package.run(&["--history", "fast_closed"]).exits(0).prints("suite::fast_closed: 0 runs");
    let error =
        "error: --history: no case is called like \"suite::fast_plane\"; did you mean \"suite::fast_plain\"?";
    package.run(&["--history", "suite::fast_plane"]).exits(2).says(error);
}
