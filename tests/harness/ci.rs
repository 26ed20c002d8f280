//! What CI servers get of a run: JUnit, Markdown, and GitHub's annotations and the summary of its step.

use std::{fs, path::PathBuf};

use roxmltree::Document;

use super::{
    fixture::{Ended, Package},
    tests,
};

tests![
    junit_has_every_case,
    junit_is_one_document_for_all_processes,
    annotations_only_where_github_listens,
    annotations_name_files_from_the_root_of_the_repository,
    every_process_annotates_its_own_case,
    the_summary_of_a_step_is_one_for_all_processes,
    the_summary_of_a_step_goes_with_markdown,
    a_summary_that_cannot_be_written_fails_nothing,
    a_recovered_run_is_told_too,
];

/// The outcome of each test case in the newest `junit.xml`, by name.
#[track_caller]
fn junit(package: &Package) -> Vec<(String, String)> {
    let xml = fs::read_to_string(package.latest("junit.xml")).unwrap();
    let document = Document::parse(&xml).unwrap();
    let outcomes = ["failure", "error", "skipped"];
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    cases
        .map(|case| {
            let found = case.children().find(|node| outcomes.contains(&node.tag_name().name()));
            let outcome = found.map_or("passed", |node| node.attribute("type").unwrap_or("skipped"));
            (case.attribute("name").unwrap().to_owned(), outcome.to_owned())
        })
        .collect()
}

/// The summary of a step, with what the step has written itself.
fn step_summary(package: &Package) -> PathBuf {
    let path = package.file("step_summary");
    fs::write(&path, "by the step\n").unwrap();
    path
}

/// The annotations, without what follows their titles.
fn annotations(ended: &Ended) -> Vec<&str> {
    assert!(!ended.stdout.contains("::error"), "standard output belongs to the protocol\n{ended}");
    let lines = ended.stderr.lines().filter(|line| line.starts_with("::"));
    lines.map(|line| line[2..].split("::").next().unwrap()).collect()
}

fn junit_has_every_case() {
    let package = Package::new();
    let start = |arguments: &[&str]| package.suite(arguments).env("NEXTEST_RUN_ID", "1");
    start(&["bad_"]).run().exits(101);
    start(&["_s", "--skip", "_sta", "--skip", "long_"]).run().exits(0);
    let pairs = [
        ("bad_error", "fail"),
        ("bad_expectation", "fail"),
        ("bad_panic", "crashed"),
        ("bad_undecided", "inconclusive"),
        ("needy_sun", "passed"),
        ("late_slow", "skipped"),
    ];
    assert_eq!(junit(&package), pairs.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())));
    let text = fs::read_to_string(package.latest("summary.md")).unwrap();
    assert!(text.starts_with("## Stress tests: FAILED\n\n**1 passed, 3 failed, 1 inconclusive"), "{text}");
    assert!(text.contains("\n| pass | `suite::needy_sun` |"), "{text}");
}

fn junit_is_one_document_for_all_processes() {
    let package = Package::new();
    for case in ["suite::fast_plain", "suite::fast_closed"] {
        package.suite(&["--exact", case, "--nocapture"]).env("NEXTEST_RUN_ID", "1").run().exits(0);
    }
    let names: Vec<String> = junit(&package).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["fast_closed", "fast_plain"]);
}

fn annotations_only_where_github_listens() {
    let package = Package::new();
    let silent = package.run(&["bad_"]).exits(101);
    assert_eq!(annotations(&silent), [""; 0]);
    let told = package.suite(&["bad_"]).env("GITHUB_ACTIONS", "true").run().exits(101);
    let of_cases = |line: &&str| !line.contains("critical alert");
    let told: Vec<&str> = annotations(&told).into_iter().filter(of_cases).collect();
    let expected = [
        ("error", "fail%3A suite%3A%3Abad_error"),
        ("error", "fail%3A suite%3A%3Abad_expectation"),
        ("error", "fail%3A suite%3A%3Abad_panic"),
        ("warning", "inconclusive%3A suite%3A%3Abad_undecided"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (line, (kind, title)) in told.iter().zip(expected) {
        assert!(line.starts_with(&format!("{kind} file=tests/harness/suite.rs,line=")), "{line}");
        assert!(line.ends_with(&format!(",title={title}")), "{line}");
    }
}

fn annotations_name_files_from_the_root_of_the_repository() {
    let package = Package::new();
    let repository = package.file("").canonicalize().unwrap().parent().unwrap().to_owned();
    let start = package.suite(&["bad_error"]).env("GITHUB_ACTIONS", "true");
    let ended = start.env("GITHUB_WORKSPACE", repository).run().exits(101);
    let told = annotations(&ended);
    assert!(told[0].starts_with("error file=package/tests/harness/suite.rs,line="), "{told:?}");
}

fn every_process_annotates_its_own_case() {
    let package = Package::new();
    for case in ["bad_error", "bad_panic"] {
        let name = format!("suite::{case}");
        let start = package.suite(&["--exact", &name, "--nocapture"]).env("NEXTEST_RUN_ID", "1");
        let ended = start.env("GITHUB_ACTIONS", "true").run().exits(101);
        let errors: Vec<&str> =
            annotations(&ended).into_iter().filter(|line| line.starts_with("error")).collect();
        assert_eq!(errors.len(), 1, "{ended}");
        assert!(errors[0].ends_with(case), "{ended}");
    }
}

fn the_summary_of_a_step_is_one_for_all_processes() {
    let package = Package::new();
    let path = step_summary(&package);
    let start = |case: &str| {
        let start = package.suite(&["--exact", case, "--nocapture"]).env("NEXTEST_RUN_ID", "0af5-17");
        start.env("GITHUB_STEP_SUMMARY", &path).start()
    };
    let running = ["suite::fast_open", "suite::fast_stages", "suite::fast_plain"].map(start);
    running.into_iter().for_each(|running| drop(running.end().exits(0)));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("by the step\n<!-- proofload run 0af5-17-"), "{text}");
    assert_eq!(text.matches("## Stress tests: PASSED").count(), 1, "{text}");
    assert!(text.contains("**3 passed, 0 failed"), "{text}");
    assert!(text.contains(&fs::read_to_string(package.latest("summary.md")).unwrap()), "{text}");
    // Another run of the same step has a block of its own.
    package.suite(&["fast_closed"]).env("GITHUB_STEP_SUMMARY", &path).run().exits(0);
    let both = fs::read_to_string(&path).unwrap();
    assert!(both.starts_with(&text), "{both}");
    assert_eq!(both.matches("## Stress tests: PASSED").count(), 2, "{both}");
}

fn the_summary_of_a_step_goes_with_markdown() {
    let package = Package::new();
    let path = step_summary(&package);
    let start = package.suite(&["fast_closed", "--report", "json,junit"]);
    start.env("GITHUB_STEP_SUMMARY", &path).run().exits(0);
    assert_eq!(fs::read_to_string(&path).unwrap(), "by the step\n");
    assert!(package.latest("junit.xml").is_file() && !package.latest("summary.md").exists());
    let start = package.suite(&["fast_closed", "--report", "markdown"]);
    start.env("GITHUB_STEP_SUMMARY", &path).run().exits(0);
    assert!(!package.latest("junit.xml").exists() && package.latest("summary.md").is_file());
    assert!(fs::read_to_string(&path).unwrap().contains("## Stress tests: PASSED"));
}

fn a_summary_that_cannot_be_written_fails_nothing() {
    let package = Package::new();
    let ended = package.suite(&["fast_closed"]).env("GITHUB_STEP_SUMMARY", package.file("")).run().exits(0);
    ended.says("warning: the summary of the step ").says(" cannot be written: it is not a file");
    let nowhere = package.file("no/such/folder");
    let ended = package.suite(&["fast_closed"]).env("GITHUB_STEP_SUMMARY", nowhere).run().exits(0);
    ended.says("cannot be written: ").says("/summary.md");
    // Set and empty is not set.
    let ended = package.suite(&["fast_closed"]).env("GITHUB_STEP_SUMMARY", "").run().exits(0);
    assert!(!ended.stderr.contains("the summary of the step"), "{ended}");
}

fn a_recovered_run_is_told_too() {
    let package = Package::new();
    let path = step_summary(&package);
    package.run(&["bad_error"]).exits(101);
    let start = package.suite(&["--recover", "latest"]).env("GITHUB_ACTIONS", "true");
    let ended = start.env("GITHUB_STEP_SUMMARY", &path).run().exits(101);
    assert!(annotations(&ended)[0].ends_with("title=fail%3A suite%3A%3Abad_error"), "{ended}");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("## Stress tests: FAILED") && text.contains("did not live to write"), "{text}");
}
