use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::trial;
use crate::{fixture::Fixture, seen::Seen};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("a_memory_ceiling_is_crossed_at_the_known_load", a_memory_ceiling_is_crossed_at_the_known_load),
        trial("nothing_crossed_is_told_with_the_peaks", nothing_crossed_is_told_with_the_peaks),
        trial("ballast_is_seen_from_outside", ballast_is_seen_from_outside),
        trial("a_ballast_over_the_limit_is_refused", a_ballast_over_the_limit_is_refused),
        trial("a_stopped_procedure_reports_and_lets_go", a_stopped_procedure_reports_and_lets_go),
        trial("the_data_that_breaks_a_target_is_named", the_data_that_breaks_a_target_is_named),
    ]
}

const MIB: f64 = 1_048_576.0;

/// The findings of a procedure.
fn findings(case: &Seen) -> Vec<Value> {
    case.at("/findings").as_array().cloned().unwrap_or_default()
}

fn a_memory_ceiling_is_crossed_at_the_known_load() {
    let case = Fixture::new().run("hoards").bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    let findings = findings(&case);
    let found = &findings[0]["detail"]["found"];
    assert_eq!((&found["kind"], &found["crossing"]["resource"]), (&json!("reached"), &json!("memory")));
    let seen = found["crossing"]["seen"].as_f64().expect("bytes");
    assert!((190.0 * MIB..260.0 * MIB).contains(&seen), "{} MiB were seen", seen / MIB);
    // 120 MiB are kept when the third step begins, so it is not before that; a busy machine may be later by one.
    let (at, level) = (found["at_s"].as_f64().expect("seconds"), found["level"]["per_sec"].as_f64());
    assert!((4.0..8.0).contains(&at) && (level == Some(15.0) || level == Some(20.0)), "{found:#}");
    let after = &findings[0]["detail"]["after"];
    assert_eq!(after["load"]["success_rate"], 1.0, "{after:#}");
    assert!(after["memory_bytes"].as_f64() > Some(150.0 * MIB), "what is kept stays: {after:#}");
    assert_eq!(case.text("/loads/0/stopped"), "ceiling");
    assert_eq!((case.text("/loads/0/purpose"), case.text("/loads/1/purpose")), ("probe", "measure"));
    let sentence = findings[0]["sentence"].as_str().expect("a sentence");
    assert!(sentence.starts_with("memory is exhausted first: "), "{sentence}");
}

fn nothing_crossed_is_told_with_the_peaks() {
    let case = Fixture::new().run("hoards_nothing").bad_case(0);
    let findings = findings(&case);
    let sentence = findings[0]["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.starts_with("no ceiling was reached: at most ") && sentence.ends_with(", up to 3 users"),
        "{sentence}"
    );
    assert_eq!(findings[0]["detail"]["steps"].as_array().map(Vec::len), Some(3), "{:#}", findings[0]);
}

fn ballast_is_seen_from_outside() {
    let case = Fixture::new().run("ballasted").bad_case(0);
    assert_eq!(case.fate(), "pass, returned, not stopped");
    let findings = findings(&case);
    let applied = &findings[0]["detail"]["found"]["applied"];
    assert_eq!(applied, &json!({"on": "memory", "wanted_bytes": 200 << 20, "held_bytes": 200 << 20}));
    // By the supervisor's own account.
    let peak = case.number("/resources/peak_memory_bytes") / MIB;
    assert!((200.0..330.0).contains(&peak), "the case had {peak} MiB");
    let memory =
        |load: usize, when: &str| case.number(&format!("/loads/{load}/process/memory_{when}_bytes")) / MIB;
    assert!(memory(0, "peak") < 150.0 && memory(1, "start") > 200.0 && memory(2, "start") < 150.0);
}

fn a_ballast_over_the_limit_is_refused() {
    let case = Fixture::new().run("ballasted_too_much").bad_case(101);
    assert_eq!(case.fate(), "fail, failed, not stopped");
    let error = case.text("/ending/error");
    assert!(
        error.starts_with(
            "the procedure `memory pressure` cannot run: it is to hold 2 GiB, and the case may use 1 GiB in all ("
        ),
        "{error}"
    );
}

/// By the stop token alone: no signal had to be sent, so the threads had ended in time.
fn a_stopped_procedure_reports_and_lets_go() {
    let case = Fixture::new().run("burnt_too_long").bad_case(101);
    assert_eq!(case.text("/stop/reason"), "time_limit");
    assert_eq!(case.text("/stop/by"), "stop token", "{:#}", case.0);
    let findings = findings(&case);
    let found = &findings[0]["detail"]["found"];
    assert_eq!(found["result"]["kind"], "unknown", "{found:#}");
    assert_eq!(found["baseline"]["success_rate"], 1.0, "{found:#}");
    assert_eq!(found["applied"]["on"], "cpu", "{found:#}");
}

fn the_data_that_breaks_a_target_is_named() {
    let case = Fixture::new().run("trips_over_nan").bad_case(101);
    assert_eq!(case.fate(), "fail, returned, not stopped");
    let findings = findings(&case);
    let rows = findings[0]["detail"]["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2 * 3 + 5);
    let broken: Vec<&Value> = rows.iter().filter(|row| row["result"]["kind"] == "broke").collect();
    assert_eq!(broken.len(), 1, "{broken:#?}");
    assert_eq!((&broken[0]["cell"]["edge"], &broken[0]["panics"]), (&json!("nan"), &json!(5)));
    assert!(rows.iter().all(|row| row["counts"]["due"] == 5), "{rows:#?}");
    let sentence = findings[0]["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.starts_with(
            "10 of 11 kinds of data hold; broken 1: NaN (5 of 5 panicked: panic: a number); refuses empty; slowest "
        ),
        "{sentence}"
    );
}
