//! What the procedures must have found.

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

use crate::fixture::{Seen, run as run_case, said_by};

/// Runs that are tried before a machine counts as too slow for the answer.
const TRIES: usize = 3;

/// Half of what these tests do is waiting.
const THREADS: usize = 2;

pub(crate) fn run() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let tests: &[(&'static str, fn())] = &[
        ("places_that_refuse_have_exactly_their_capacity", refusing_places),
        ("places_that_queue_are_counted_by_the_saturation", queueing_places),
        ("an_overload_probes_and_the_load_beside_it_measures", overload),
        ("a_search_that_is_stopped_says_what_it_found", cut_short),
        ("more_than_the_case_may_is_refused_before_anything_runs", refused),
        ("a_dry_run_does_nothing", dry_run),
        ("connections_are_counted_exactly", connections),
        #[cfg(target_os = "linux")]
        ("too_few_descriptors_say_nothing_of_the_target", descriptors),
        ("exactly_the_phases_above_the_limit_fail", phases),
        ("each_kind_of_users_has_its_own_figures", kinds),
        ("scheduled_faults_are_met_where_they_were_asked_for", scheduled_faults),
        ("injected_hangs_end_at_an_emergency_stop", stopped_hangs),
    ];
    let trial = |(name, test): &(&'static str, fn())| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok::<(), Failed>(())
        })
    };
    libtest_mimic::run(&arguments, tests.iter().map(trial).collect()).exit_code()
}

fn refusing_places() {
    let seen = run_case("places_that_refuse");
    let found = &seen.found("capacity")["found"];
    assert_eq!(
        (&found["kind"], &found["holds"], &found["breaks"]),
        (&"between".into(), &7.into(), &8.into())
    );
    let objective = found["objective"].as_str().expect("words");
    assert!(objective.starts_with("success_rate is ") && objective.contains("wanted >= 95%"), "{objective}");
    let trials = seen.found("capacity")["trials"].as_array().expect("trials");
    let of_seven = trials.iter().filter(|trial| trial["level"] == 7);
    assert_eq!(of_seven.count(), 2, "an end of the interval is tried twice: {trials:?}");
    assert_eq!(seen.steps()[..2], ["trial with 1 user", "trial with 2 users"]);
    assert!(seen.passed, "that a target breaks is no failure");
    assert_probes(&seen);
}

fn queueing_places() {
    let mut all = Vec::new();
    for _ in 0..TRIES {
        let seen = run_case("places_that_queue");
        let capacity = &seen.found("capacity")["found"];
        assert_eq!(
            (&capacity["kind"], &capacity["holds"]),
            (&"at_least".into(), &16.into()),
            "nobody is refused"
        );
        let saturation = &seen.found("saturation")["found"];
        let at = saturation["level"].as_u64().filter(|_| saturation["kind"] == "at");
        let by_law = saturation["by_littles_law"].as_f64();
        if at.is_some_and(|at| (6..=8).contains(&at)) && by_law.is_some_and(|n| (5.5..=8.5).contains(&n)) {
            return;
        }
        all.push(saturation.clone());
    }
    panic!("there are 7 places, and in {TRIES} runs it found {all:#?}");
}

fn cut_short() {
    let seen = run_case("places_cut_short");
    assert_eq!(seen.case["verdict"], "aborted", "{:#}", seen.case);
    let found = &seen.found("capacity")["found"];
    assert_eq!(found["kind"], "inconclusive", "{found}");
    assert!(found["holds"].as_u64().is_some_and(|holds| holds < 7), "it was not over: {found}");
    assert!(found["reason"].as_str().expect("words").contains("time limit"), "{found}");
    assert!(!seen.passed);
    let seen = run_case("rates_cut_short");
    let found = &seen.found("breaking_point")["found"];
    assert_eq!(found["kind"], "inconclusive", "{found}");
    assert!(
        found["holds_per_sec"].as_f64().is_some_and(|holds| holds >= 100.0),
        "a trial had ended: {found}"
    );
    assert!(found["reason"].as_str().expect("words").contains("time limit"), "{found}");
}

fn refused() {
    let seen = run_case("more_than_the_case_may");
    let ending = seen.case["ending"].to_string();
    assert!(
        ending.contains(
            "it goes up to 20 operations at once, and the case may have 10: raise `max_concurrency` for this case"
        ),
        "{ending}"
    );
    assert!(seen.case["loads"].as_array().is_some_and(Vec::is_empty), "{:#}", seen.case);
}

fn dry_run() {
    let plans = [
        ("places_that_refuse", "trial with 1 user: 1 user for 500 ms"),
        ("a_door_for_120", "100 connections: 0 users to 100 users in 200 ms, 100 users for 800 ms"),
        ("a_limit_of_20_users", "rapid scale: 5 users for 1 s, 40 users for 1 s"),
        ("three_kinds", "steady: 50/s for 2 s"),
    ];
    for (case, plan) in plans {
        let said = said_by(case, &["--dry-run"]);
        assert!(said.contains("ignored (dry run") && said.contains(plan), "{said}");
    }
}

fn connections() {
    let seen = run_case("a_door_for_120");
    let found = &seen.found("capacity")["found"];
    assert_eq!(seen.found("capacity")["of"], "connections");
    assert_eq!(
        (&found["holds"], &found["breaks"]),
        (&120.into(), &121.into()),
        "{:#}",
        seen.found("capacity")
    );
    let objective = found["objective"].as_str().expect("words");
    assert!(objective.starts_with("with 120 open a connection was closed by the target"), "{objective}");
    assert!(objective.ends_with("1 of 121 connections failed"), "{objective}");
    assert_probes(&seen);
}

/// All of its loads are trials, of which some break the target, so none of them may raise an alert.
#[track_caller]
fn assert_probes(seen: &Seen) {
    let purposes = seen.purposes();
    assert!(purposes.len() > 2 && purposes.iter().all(|(_, purpose)| *purpose == "probe"), "{purposes:?}");
}

fn overload() {
    let seen = run_case("an_overload");
    let mut purposes = seen.purposes();
    purposes.sort();
    assert_eq!(purposes, [("overload", "probe"), ("steady", "measure")]);
}

#[cfg(target_os = "linux")]
fn descriptors() {
    let seen = run_case("too_few_descriptors");
    let found = &seen.found("capacity")["found"];
    assert_eq!((&found["kind"], &found["holds"]), (&"inconclusive".into(), &20.into()), "{found}");
    let reason = found["reason"].as_str().expect("words");
    assert!(reason.contains("(it may have 128)") && reason.contains("raise it with `ulimit -n`"), "{reason}");
}

fn phases() {
    let seen = run_case("a_limit_of_20_users");
    let column = |name: &str| -> Vec<Value> {
        let phases = seen.found("rapid_scale")["phases"].as_array().expect("phases").iter();
        phases.map(|phase| phase[name].clone()).collect()
    };
    assert_eq!(column("users"), [5, 40, 10, 30, 5]);
    assert_eq!(column("verdict"), ["pass", "fail", "pass", "fail", "pass"], "{:#?}", column("figures"));
    assert!(!seen.passed, "an objective that is missed fails the case");
    assert_eq!(seen.steps(), ["5 users", "40 users", "10 users", "30 users", "5 users"]);
}

fn kinds() {
    let seen = run_case("three_kinds");
    let agents = seen.found("mixed_agents")["agents"].as_array().expect("agents").clone();
    let of = |agent: &Value| (agent["name"].clone(), agent["verdict"].clone());
    let verdicts: Vec<(Value, Value)> = agents.iter().map(of).collect();
    let expected = [("steady", "pass"), ("bursts", "pass"), ("unlucky", "fail")];
    assert_eq!(verdicts, expected.map(|(name, verdict)| (name.into(), verdict.into())));
    let due = |number: usize| agents[number]["figures"]["due"].as_u64().expect("a count");
    assert_eq!((due(0), due(1)), (100, 40), "50/s and twice 20 within 2 s");
    assert!((3..=300).contains(&due(2)), "three users that pause for 20 ms: {}", due(2));
    let started = loads_started(&seen);
    assert!(started.iter().all(|at| (at - started[0]).abs() < 0.5), "they start together: {started:?}");
}

fn loads_started(seen: &Seen) -> Vec<f64> {
    let loads = seen.case["loads"].as_array().expect("loads").iter();
    loads.map(|load| load["started_s"].as_f64().expect("a moment")).collect()
}

/// How much later than asked for something of a load may be seen on a busy machine.
const LATE_S: f64 = 0.6;

fn scheduled_faults() {
    let seen = run_case("faults_by_schedule");
    let load = &seen.case["loads"][0];
    let started_s = load["started_s"].as_f64().expect("a moment");
    let bands = seen.case["faults"].as_array().expect("bands").iter();
    let outages: Vec<&Value> = bands.filter(|band| band["faults"] == "outage").collect();
    assert!(outages.len() >= 2, "{outages:#?}");
    let number = |of: &Value, key: &str| of[key].as_f64().unwrap_or_else(|| panic!("{key} in {of:#}"));
    for (band, asked_s) in outages.iter().zip([0.5, 1.5]) {
        let (from_s, until_s) = (number(band, "from_s"), number(band, "until_s"));
        assert!((from_s - started_s - asked_s).abs() < LATE_S / 2.0, "{band:#}");
        assert!((until_s - from_s - 0.5).abs() < 1e-6, "{band:#}");
        assert!(from_s <= number(band, "first_s") && number(band, "last_s") <= until_s, "{band:#}");
        assert_eq!((&band["load"], &band["kinds"]["error"]), (&"load".into(), &band["met"]));
    }
    let met: u64 = outages.iter().map(|band| band["met"].as_u64().expect("a count")).sum();
    assert_eq!(load["total"]["counts"]["error"], met, "all that was met failed, and nothing else");
    assert!(met >= 20, "{outages:#?}");
    for window in load["timeline"].as_array().expect("windows") {
        let (at_s, length_s) = (number(window, "at_s"), number(window, "length_s"));
        let is_near = |band: &&Value| {
            let (from_s, until_s) = (number(band, "from_s") - started_s, number(band, "until_s") - started_s);
            at_s + length_s >= from_s - LATE_S / 2.0 && at_s <= until_s + LATE_S / 2.0
        };
        assert!(window["counts"]["error"] == 0 || outages.iter().any(is_near), "{window:#} of {outages:#?}");
    }
    let warnings = seen.case["warnings"].to_string();
    assert!(warnings.contains("no such point") && warnings.contains("was never reached"), "{warnings}");
}

fn stopped_hangs() {
    let seen = run_case("hangs_and_a_time_limit");
    assert_eq!(seen.case["verdict"], "aborted", "{:#}", seen.case);
    let stop = &seen.case["stop"];
    assert_eq!((&stop["reason"], &stop["by"]), (&"time_limit".into(), &"stop token".into()), "{stop:#}");
    let load = &seen.case["loads"][0];
    assert_eq!(load["complete"], true, "it lived to report");
    let counts = &load["total"]["counts"];
    // The users may come round once more before their load hears of the stop, too.
    assert_eq!(counts["due"], counts["ok"], "all went on: {counts}");
    assert!(counts["ok"].as_u64() >= Some(8), "{counts}");
    let band = &seen.case["faults"][0];
    assert_eq!((&band["met"], &band["kinds"]["hang"]), (&8.into(), &8.into()), "{band:#}");
}
