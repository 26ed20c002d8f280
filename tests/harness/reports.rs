//! What a run leaves on disk, and that it is the same with and without a child process.

use std::fs;

use serde_json::{Value, json};

use super::{
    fixture::{self, Package},
    tests,
};

tests![
    a_run_leaves_its_reports,
    every_run_has_a_folder,
    only_the_formats_that_are_asked_for,
    a_flag_is_stronger_than_the_variable,
    nextest_processes_share_a_folder,
    nothing_to_run_is_nothing_to_report,
    with_and_without_a_child,
];

fn a_run_leaves_its_reports() {
    let package = Package::new();
    let ended =
        package.run(&["--exact", "suite::fast_open"]).exits(0).says("reports: ").says("suite::fast_open");
    assert!(!ended.stdout.contains("reports: "), "standard output belongs to the protocol\n{ended}");
    let report = package.report();
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["command"], json!(["--exact", "suite::fast_open"]));
    assert_eq!(
        report["summary"],
        json!({"cases": 1, "passed": 1, "failed": 0, "inconclusive": 0, "aborted": 0, "ignored": 0, "operations": 30})
    );
    assert!(report["environment"]["machine"].is_object() && report["stopped"].is_null());

    let page = fs::read_to_string(package.latest("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("suite::fast_open"));

    let folder = fs::read_link(package.reports().join("latest")).unwrap();
    assert_eq!(report["run_id"], folder.to_str().unwrap());
    assert!(fs::read_to_string(package.latest("summary.txt")).unwrap().contains("suite::fast_open"));
    assert_eq!(fixture::json(&package.latest("cases/suite.fast_open/case.json")), report["cases"][0]);
    let output = fs::read_to_string(package.latest("cases/suite.fast_open/output.log")).unwrap();
    assert_eq!(output, "fast_open speaks on stdout\nfast_open speaks on stderr\n");
    let journal = fs::read_to_string(package.latest("cases/suite.fast_open/journal.ndjson")).unwrap();
    let events: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.first().unwrap()["event"], "case_started");
    assert_eq!(events.last().unwrap()["event"], "case_finished");
}

fn every_run_has_a_folder() {
    let package = Package::new();
    let run = |case: &str| {
        package.run(&[case]).exits(0);
        fs::read_link(package.reports().join("latest")).unwrap()
    };
    let (first, second) = (run("fast_closed"), run("fast_plain"));
    assert_ne!(first, second);
    let case_of =
        |run| fixture::json(&package.reports().join(run).join("report.json"))["cases"][0]["name"].clone();
    assert_eq!((case_of(first), case_of(second)), ("suite::fast_closed".into(), "suite::fast_plain".into()));
}

fn only_the_formats_that_are_asked_for() {
    let package = Package::new();
    package.run(&["fast_closed", "--report", "text"]).exits(0);
    assert!(package.latest("summary.txt").is_file() && !package.latest("report.json").exists());
    package.suite(&["fast_closed"]).env("PROOFLOAD_REPORT", "json").run().exits(0);
    assert!(!package.latest("summary.txt").exists() && package.latest("report.json").is_file());
    let ended = package.run(&["fast_closed", "--report", "html"]).exits(0).says("/report.html)");
    assert!(package.latest("report.html").is_file() && !package.latest("report.json").exists(), "{ended}");
    package.run(&["fast_closed", "--report", "pdf"]).exits(2).says("\"pdf\" is not one of json, text");
}

fn a_flag_is_stronger_than_the_variable() {
    let package = Package::new();
    package.run(&["fast_closed", "--report-dir", "elsewhere/deep"]).exits(0);
    assert!(package.file("elsewhere/deep/latest/report.json").is_file() && !package.reports().exists());
}

fn nextest_processes_share_a_folder() {
    let package = Package::new();
    let start = |case: &str| {
        let arguments = ["--exact", case, "--nocapture"];
        package.suite(&arguments).env("NEXTEST_RUN_ID", "0af5-17").start()
    };
    let running = ["suite::fast_open", "suite::fast_stages", "suite::fast_plain"].map(start);
    running.into_iter().for_each(|running| drop(running.end().exits(0)));
    let folders: Vec<_> =
        fs::read_dir(package.reports()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(folders.len(), 3, "the run, `latest` and the history: {folders:?}");
    let report = package.report();
    assert_eq!(report["run_id"], "0af5-17");
    assert_eq!((&report["summary"]["cases"], &report["summary"]["passed"]), (&3.into(), &3.into()));
    let names: Vec<_> = report["cases"].as_array().unwrap().iter().map(|case| case["name"].clone()).collect();
    assert_eq!(json!(names), json!(["suite::fast_open", "suite::fast_plain", "suite::fast_stages"]));
    let text = fs::read_to_string(package.latest("summary.txt")).unwrap();
    assert!(["fast_open", "fast_plain", "fast_stages"].iter().all(|case| text.contains(case)), "{text}");

    // The same case once more: its report replaces the one before.
    start("suite::fast_plain").end().exits(0);
    assert_eq!(package.report()["summary"]["cases"], 3);
}

fn nothing_to_run_is_nothing_to_report() {
    let package = Package::new();
    let ended = package.run(&["no_case_is_called_like_this"]).exits(0);
    ended.prints("0 passed; 0 failed; 0 ignored; 0 measured; 25 filtered out");
    assert!(!package.reports().exists());
}

/// What has to be the same of a case, wherever it ran.
fn essence(package: &Package) -> Value {
    let of_load =
        |load: &Value| json!([load["load"], load["plan"], load["total"]["counts"], load["complete"]]);
    let of_case = |case: &Value| {
        let loads: Vec<_> = case["loads"].as_array().unwrap().iter().map(of_load).collect();
        json!([
            case["name"],
            case["verdict"],
            case["ending"],
            case["seed"],
            case["repeat"],
            case["settings"],
            loads
        ])
    };
    let report = package.report();
    let cases: Vec<_> = report["cases"].as_array().unwrap().iter().map(of_case).collect();
    json!([cases, report["summary"], report["ignored"]])
}

fn with_and_without_a_child() {
    // Without the closed load of `fast_stages`, whose count is a matter of the machine, and what takes long.
    let arguments = ["a", "--skip", "stages", "--skip", "suite::long", "--skip", "watched", "--seed", "4"];
    let child = Package::new();
    let with_child = child.run(&arguments).exits(101);
    let here = Package::new();
    let without = here.run(&[&arguments[..], &["--in-process"]].concat()).exits(101);
    // Here the cases print between the lines of the protocol; the count of outcomes is told all the same.
    with_child.prints("FAILED. 5 passed; 4 failed; 4 ignored");
    without.prints("FAILED. 5 passed; 4 failed; 4 ignored").prints("fast_open speaks on stdout");
    assert_eq!(essence(&child), essence(&here));
    assert_eq!(here.said("operations").len(), 30);
    assert_eq!(here.temporary_files(), [""; 0]);
    assert!(here.latest("cases/suite.fast_open/journal.ndjson").is_file());
    let again = Package::new();
    again.suite(&arguments).env("PROOFLOAD_IN_PROCESS", "yes").run().exits(101);
    assert_eq!(essence(&again), essence(&here));
}
