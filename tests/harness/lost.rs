//! What is kept when things go wrong around a run: its supervisor is killed, its disk is full, a test runner tries
//! again.

use std::fs;

use rustix::process::{Pid, Signal, kill_process_group};

use super::{
    Impossible,
    confined::Confinement,
    course::by_tag,
    ending::is_alive,
    fixture::{Package, Running, Start, json, wait_for},
    tests,
};

tests![
    a_run_that_was_killed_is_recovered,
    a_run_that_goes_on_is_left_alone,
    a_run_that_is_not_there_is_named,
    another_attempt_puts_the_first_away,
    what_a_test_runner_kills_is_recovered
    ; where possible:
    a_full_disk_for_the_reports_is_no_silence,
];

/// Starts two cases, the second of a minute, and waits until that one has had loads in its journal.
fn with_a_long_case(package: &Package) -> Running {
    let running =
        package.suite(&["-m", "long or nightly and not slow", "--skip", "deaf", "--skip", "second"]).start();
    wait_for("slices in the journal", || {
        let journal = fs::read_to_string(package.latest("cases/suite.long_first/journal.ndjson")).ok()?;
        (journal.matches("\"event\":\"slice\"").count() > 3).then_some(())
    });
    running
}

fn a_run_that_was_killed_is_recovered() {
    let package = Package::new();
    // Dropping it kills the supervisor, with SIGKILL where there is one.
    drop(with_a_long_case(&package));
    assert!(!package.latest("report.json").exists(), "it did not live to report");
    let before = json(&package.latest("cases/suite.long_first/case.json"));
    assert_eq!(before["ending"]["kind"], "supervisor_lost", "written before the case began");
    wait_for("the child to be gone", || {
        let ended = package.run(&["--recover", "latest"]);
        (!ended.stderr.contains("still going on")).then_some(ended)
    })
    .exits(101)
    .says("this run did not live to write its reports")
    .says("ABORTED suite::long_first")
    .says("PASS suite::fast_nightly");
    let report = package.report();
    assert_eq!((&report["summary"]["passed"], &report["summary"]["aborted"]), (&1.into(), &1.into()));
    let case = package.case("long_first");
    assert_eq!(case["ending"]["kind"], "supervisor_lost");
    let counts = &case["loads"][0]["total"]["counts"];
    assert!(counts["ok"].as_u64().unwrap() > 5, "{case:#}");
    // The load hears of the loss a moment before it is killed, and may just be quick enough to tell its end.
    let load = &case["loads"][0];
    assert!(load["complete"] == false || load["stopped"] == "supervisor_lost", "{load:#}");
    assert!(case["duration_s"].as_f64().unwrap() > 0.5, "{case:#}");
    // Its course is told as well, up to the last that it told.
    let tags = by_tag(&package.latest("cases/suite.long_first/latency.hlog"));
    assert_eq!(Some(tags["load.response"].len()), counts["ok"].as_u64());
    let course = fs::read_to_string(package.latest("cases/suite.long_first/timeline.csv")).unwrap();
    let rows = course.lines().skip(1).filter(|row| row.contains(",load,")).count();
    assert!(rows >= 1 && rows == case["loads"][0]["timeline"].as_array().unwrap().len(), "{course}");
    let again = package.run(&["--recover", "latest"]).exits(101);
    again.says("1 passed, 0 failed, 0 inconclusive, 1 aborted");
}

fn a_run_that_goes_on_is_left_alone() {
    let package = Package::new();
    let running = with_a_long_case(&package);
    package.run(&["--recover", "latest"]).exits(2).says("is still going on");
    drop(running);
}

fn a_run_that_is_not_there_is_named() {
    let package = Package::new();
    package
        .run(&["--recover", "20260101-000000-abcd"])
        .exits(2)
        .says("there is no run in")
        .says("20260101-000000-abcd");
    let folder = package.reports().join("torn");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("run.json"), "{\"schema_ver").unwrap();
    package.run(&["--recover", "torn"]).exits(2).says("run.json is not what a run begins with: ");
}

fn another_attempt_puts_the_first_away() {
    let package = Package::new();
    let attempt = |status| package.suite(&["bad_error"]).env("NEXTEST_RUN_ID", "one-run").run().exits(status);
    attempt(101);
    attempt(101);
    let case = package.case("bad_error");
    let warning = "attempt 1 of this run ended: fail; it is in cases/suite.bad_error.attempt-1";
    assert_eq!(case["warnings"][0], warning, "{case:#}");
    let journal = fs::read_to_string(package.latest("cases/suite.bad_error/journal.ndjson")).unwrap();
    assert_eq!(journal.matches("case_started").count(), 1, "each attempt has a journal of its own");
    assert!(package.latest("cases/suite.bad_error.attempt-1/case.json").is_file());
    assert_eq!(package.report()["summary"]["cases"], 1);
}

/// A disk of the test's own: a small file system in memory that only the suite sees.
fn a_full_disk_for_the_reports_is_no_silence() -> Result<(), Impossible> {
    let package = Package::new();
    let disk = package.file("disk");
    fs::create_dir_all(&disk).unwrap();
    let small = Confinement::mounts("mount -t tmpfs -o size=64k none \"$0\"", &disk)?;
    let ended = small
        .suite(&package, &["fast_"])
        .env("PROOFLOAD_REPORT_DIR", &disk)
        .env("PROOFLOAD_MIN_FREE_DISK", "off")
        .run();
    assert!(!ended.succeeded(), "{ended}");
    assert!(ended.stderr.contains("No space left on device"), "{ended}");
    assert!(
        ended.stderr.contains("suite::fast_open") && ended.stderr.contains("operations"),
        "the summary: {ended}"
    );
    assert_eq!(package.temporary_files(), [""; 0]);
    Ok(())
}

/// A case as nextest starts it.
fn as_nextest_does(package: &Package, case: &str) -> Start {
    package
        .suite(&["--exact", &format!("suite::{case}"), "--nocapture"])
        .env("NEXTEST", "1")
        .env("NEXTEST_RUN_ID", "0a1b-2c")
        .env("NEXTEST_ATTEMPT", "1")
        .env("NEXTEST_EXECUTION_MODE", "process-per-test")
        .in_a_group()
}

/// What nextest does to a test whose time is over, and whose time to say so is over as well.
fn kill_group(running: &Running) {
    let group = Pid::from_raw(running.pid().try_into().unwrap()).unwrap();
    for signal in [Signal::TERM, Signal::KILL] {
        kill_process_group(group, signal).unwrap();
    }
}

fn what_a_test_runner_kills_is_recovered() {
    let package = Package::new();
    let running = as_nextest_does(&package, "long_deaf").start();
    let case: u32 = wait_for("the case to begin", || package.said("pid").first()?.parse().ok());
    kill_group(&running);
    drop(running);
    // It is in a group of its own, where the signals did not reach it.
    wait_for("the case to end", || (!is_alive(case)).then_some(()));
    wait_for("its files to go", || package.temporary_files().is_empty().then_some(()));
    as_nextest_does(&package, "fast_closed").run().exits(0);
    assert_eq!(package.report()["summary"]["cases"], 1, "the other had no time to report");
    package.run(&["--recover", "0a1b-2c"]).exits(101).says("ABORTED suite::long_deaf");
    assert_eq!(package.report()["summary"]["cases"], 2);
    assert_eq!(package.case("long_deaf")["ending"]["kind"], "supervisor_lost");
}
