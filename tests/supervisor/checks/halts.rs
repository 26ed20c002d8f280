use std::{fs, process::Command};

use libtest_mimic::Trial;
use serde_json::json;

use super::{
    trial,
    where_possible::{Need, trial_with},
};
use crate::fixture::Fixture;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("a_stopped_process_is_killed_at_its_time", a_stopped_process_is_killed_at_its_time),
        trial("a_case_that_was_suspended_goes_on", a_case_that_was_suspended_goes_on),
        trial("a_case_without_input_still_hears", a_case_without_input_still_hears),
        trial_with(Need::Preload, "a_clock_that_jumps_changes_nothing", a_clock_that_jumps_changes_nothing),
    ]
}

fn a_stopped_process_is_killed_at_its_time() {
    let case = Fixture::new().run("stops_itself").bad_case(101);
    assert_eq!(case.fate(), "aborted, killed, time_limit by SIGKILL");
    assert_eq!(case.sentences("/reasons"), ["stopped: it ran for 3 s (time_limit)"]);
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    // 3.5 s is what is promised; half a second more is for a machine that has other things to do.
    assert!((3.0..4.0).contains(&at) && (3.0..4.0).contains(&took), "stopped at {at} s, took {took} s");
    case.assert_partial(0);
}

/// What was due meanwhile is started late and counted from when it was due.
fn a_case_that_was_suspended_goes_on() {
    let case = Fixture::new().run("is_suspended").bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    case.assert_complete(0);
    assert_eq!(case.at("/loads/0/total/counts/ok"), 120);
    let longest = case.number("/loads/0/total/response/max_us");
    assert!(longest > 800_000.0, "{longest} us is less than it was suspended for");
}

fn a_case_without_input_still_hears() {
    let case = Fixture::new().run("closes_its_input").bad_case(101);
    assert_eq!(case.fate(), "aborted, returned, time_limit by stop token");
    assert_eq!(case.at("/figures"), &json!([{ "name": "input", "value": 0.0, "unit": "bytes" }]));
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    assert!((3.0..4.0).contains(&at) && took < 2.0, "stopped at {at} s, took {took} s");
    case.assert_complete(0);
}

/// The suite is given a clock that is an hour ahead and an hour behind in turns.
fn a_clock_that_jumps_changes_nothing() {
    let fixture = Fixture::new();
    let (source, library) = (fixture.file("clock.c"), fixture.file("clock.so"));
    fs::write(&source, include_str!("jumping_clock.c")).expect("a file");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    assert!(made.expect("cc is there").success());
    let case = fixture.with("LD_PRELOAD", library).run("sees_the_clock_jump").bad_case(101);
    assert!(case.number("/figures/0/value") > 7_000.0, "the clock did not jump: {}", case.at("/figures"));
    assert_eq!(case.fate(), "aborted, returned, time_limit by stop token");
    let (at, took) = (case.number("/stop/at_s"), case.number("/stop/took_s"));
    assert!((3.0..4.0).contains(&at) && took < 2.0, "stopped at {at} s, took {took} s");
    assert!((3.0..6.0).contains(&case.number("/duration_s")), "{} s", case.number("/duration_s"));
    case.assert_complete(0);
    assert_eq!(case.at("/loads/0/total/counts/ok"), 50);
    let longest = case.number("/loads/0/total/response/max_us");
    assert!(longest < 2e6, "{longest} us");
    case.assert_complete(1);
}
