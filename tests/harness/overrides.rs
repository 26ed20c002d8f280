//! Durations, users and rates from outside change what runs: the plans and counts of the report show it.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    fixture::{Package, Start, wait_for},
    tests,
};

tests![
    without_overrides,
    a_duration_stretches_every_stage,
    users_are_those_of_closed_loads,
    a_rate_is_that_of_open_loads,
    scales_multiply,
    set_is_for_one_case_or_for_all,
    profiles_and_overrides_of_the_file,
    each_layer_beats_the_one_before,
    the_code_is_the_weakest_layer,
    limits_from_outside,
    a_busy_machine_leaves_a_case_out,
    expectations_from_outside,
];

const WAVE: &str = "50/s for 100 ms, 200/s for 200 ms, 50/s for 100 ms";
const CROWD: &str = "2 users for 50 ms, 4 users for 50 ms, thinking 10 ms";

/// The plan of each load of the case, and how many operations were due in each phase of the first.
#[track_caller]
fn run_stages(package: &Package, start: Start) -> (Vec<String>, Vec<u64>) {
    start.run().exits(0);
    let case = package.case("fast_stages");
    let loads = case["loads"].as_array().unwrap();
    assert_eq!(loads.len(), 2);
    for load in loads {
        let counts = &load["total"]["counts"];
        assert_eq!(counts["due"], counts["ok"], "{counts:#}");
    }
    let due = |phase: &Value| phase["figures"]["counts"]["due"].as_u64().unwrap();
    let plans = loads.iter().map(|load| load["plan"].as_str().unwrap().to_owned()).collect();
    (plans, loads[0]["phases"].as_array().unwrap().iter().map(due).collect())
}

#[track_caller]
fn stages_with(variable: &str, value: &str) -> (Vec<String>, Vec<u64>) {
    let package = Package::new();
    run_stages(&package, package.suite(&["fast_stages"]).env(variable, value))
}

#[track_caller]
fn check(seen: (Vec<String>, Vec<u64>), plans: [&str; 2], due: [u64; 3]) {
    assert_eq!((seen.0, seen.1), (plans.map(str::to_owned).to_vec(), due.to_vec()));
}

fn without_overrides() {
    let package = Package::new();
    check(run_stages(&package, package.suite(&["fast_stages"])), [WAVE, CROWD], [5, 40, 5]);
    let phases = package.case("fast_stages")["loads"][0]["phases"].clone();
    let names: Vec<_> = phases.as_array().unwrap().iter().map(|phase| phase["name"].clone()).collect();
    assert_eq!(json!(names), json!(["before", "peak", "after"]));
}

fn a_duration_stretches_every_stage() {
    check(
        stages_with("PROOFLOAD_DURATION", "200ms"),
        [
            "50/s for 50 ms, 200/s for 100 ms, 50/s for 50 ms",
            "2 users for 100 ms, 4 users for 100 ms, thinking 10 ms",
        ],
        [3, 20, 2],
    );
}

fn users_are_those_of_closed_loads() {
    check(
        stages_with("PROOFLOAD_USERS", "6"),
        [WAVE, "3 users for 50 ms, 6 users for 50 ms, thinking 10 ms"],
        [5, 40, 5],
    );
}

fn a_rate_is_that_of_open_loads() {
    check(
        stages_with("PROOFLOAD_RATE", "400/s"),
        ["100/s for 100 ms, 400/s for 200 ms, 100/s for 100 ms", CROWD],
        [10, 80, 10],
    );
}

fn scales_multiply() {
    check(
        stages_with("PROOFLOAD_TIME_SCALE", "2"),
        [
            "50/s for 200 ms, 200/s for 400 ms, 50/s for 200 ms",
            "2 users for 100 ms, 4 users for 100 ms, thinking 10 ms",
        ],
        [10, 80, 10],
    );
    check(
        stages_with("PROOFLOAD_LOAD_SCALE", "2"),
        [
            "100/s for 100 ms, 400/s for 200 ms, 100/s for 100 ms",
            "4 users for 50 ms, 8 users for 50 ms, thinking 10 ms",
        ],
        [10, 80, 10],
    );
}

fn set_is_for_one_case_or_for_all() {
    let package = Package::new();
    let cases = ["fast_", "--skip", "fast_st", "--skip", "plain"];
    let set =
        ["--set", "fast_open.duration=100ms", "--set", "users=5", "--set", "suite::fast_open.rate=200/s"];
    package.run(&[&cases[..], &set].concat()).exits(0);
    let plan = |case: &str| package.case(case)["loads"][0]["plan"].clone();
    assert_eq!(plan("fast_open"), "200/s for 100 ms");
    assert_eq!(plan("fast_closed"), "5 users, 30 iterations in all");
    assert_eq!(plan("fast_nightly"), "5 users, 3 iterations in all");
    assert_eq!(package.case("fast_open")["loads"][0]["total"]["counts"]["due"], 20);
    assert_eq!(package.said("operations").len(), 20);
}

fn profiles_and_overrides_of_the_file() {
    let package = Package::with_settings(
        "time_scale = 0.5\n\
         [[override]]\ncase = \"fast_closed\"\nusers = 2\n\
         [profile.base]\nload_scale = 2\n\
         [profile.big]\ninherits = \"base\"\ndescription = \"more of it\"\n\
         [[profile.big.override]]\nmarker = \"nightly\"\nusers = 7\n",
    );
    let cases = ["fast_", "--skip", "fast_st", "--skip", "plain"];
    let plans = |arguments: &[&str]| {
        package.run(&[&cases[..], arguments].concat()).exits(0);
        let plan = |case: &str| package.case(case)["loads"][0]["plan"].clone();
        json!([plan("fast_closed"), plan("fast_nightly"), plan("fast_open")])
    };
    assert_eq!(
        plans(&[]),
        json!(["2 users, 30 iterations in all", "1 user, 3 iterations in all", "100/s for 150 ms"])
    );
    assert_eq!(package.report()["profile"], "default");
    assert_eq!(
        plans(&["--profile", "big"]),
        json!(["4 users, 30 iterations in all", "14 users, 3 iterations in all", "200/s for 150 ms"])
    );
    assert_eq!(package.report()["profile"], "big");
}

fn each_layer_beats_the_one_before() {
    let package = Package::with_settings("rate = \"110/s\"\n[profile.p]\nrate = \"120/s\"\n");
    let plan = |start: Start| {
        start.run().exits(0);
        let case = package.case("fast_open");
        let settings = case["settings"].as_array().unwrap();
        let rate = settings.iter().find(|setting| setting["key"] == "rate").unwrap();
        json!([case["loads"][0]["plan"], rate["origin"]])
    };
    let run = ["--exact", "suite::fast_open", "--set", "duration=50ms"];
    assert_eq!(plan(package.suite(&run)), json!(["110/s for 50 ms", "stress/stress.toml:1"]));
    let run = [&run[..], &["--profile", "p"]].concat();
    assert_eq!(plan(package.suite(&run)), json!(["120/s for 50 ms", "stress/stress.toml:3 [profile.p]"]));
    let variable = |run: &[&str]| package.suite(run).env("PROOFLOAD_RATE", "130/s");
    assert_eq!(plan(variable(&run)), json!(["130/s for 50 ms", "PROOFLOAD_RATE"]));
    let run = [&run[..], &["--set", "rate=140/s"]].concat();
    assert_eq!(plan(variable(&run)), json!(["140/s for 50 ms", "--set rate=140/s"]));
    let run = [&["--set", "fast_open.rate=150/s"], &run[..]].concat();
    assert_eq!(plan(variable(&run)), json!(["150/s for 50 ms", "--set fast_open.rate=150/s"]));
}

fn the_code_is_the_weakest_layer() {
    let package = Package::new();
    let limit = || {
        let case = package.case("fast_closed");
        let settings = case["settings"].as_array().unwrap();
        let limit = settings.iter().find(|setting| setting["key"] == "max_concurrency").unwrap().clone();
        (limit["value"].clone(), limit["origin"].as_str().unwrap().to_owned())
    };
    package.run(&["fast_closed"]).exits(0);
    let (value, origin) = limit();
    assert!(value == "20" && origin.starts_with("tests/harness/suite.rs:"), "{value} from {origin}");
    package.suite(&["fast_closed"]).env("PROOFLOAD_MAX_CONCURRENCY", "30").run().exits(0);
    assert_eq!(limit(), ("30".into(), "PROOFLOAD_MAX_CONCURRENCY".to_owned()));
}

fn limits_from_outside() {
    let package = Package::new();
    let ended = package.run(&["fast_closed", "--set", "max_concurrency=2"]).exits(101);
    ended.prints("asks for 3 operations at once, and the limit is 2 (--set max_concurrency=2)");
    let ended = package.run(&["fast_stamped", "--set", "time_limit=50ms"]).exits(101);
    ended.prints("it ran for 50 ms (time_limit)");
    let case = package.case("fast_stamped");
    assert_eq!((&case["verdict"], &case["stop"]["reason"]), (&"aborted".into(), &"time_limit".into()));
}

fn a_busy_machine_leaves_a_case_out() {
    // An idle machine has a load average within seconds of this thread being busy.
    wait_for("a load of the machine", || {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(50) {}
        let text = fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned());
        (!text.starts_with("0.00 ")).then_some(())
    });
    let package = Package::new();
    let ended = package.run(&["fast_open", "--set", "max_machine_load=0.0001"]).exits(75);
    let outcomes = ended.outcomes();
    let begin = "fast_open ignored (the machine was busy before the case: a load average of ";
    let end = "the limit is 0.0001 a core (max_machine_load))";
    assert!(outcomes.len() == 1 && outcomes[0].starts_with(begin) && outcomes[0].ends_with(end), "{ended}");
    assert_eq!(package.said("operations"), [""; 0], "nothing ran");
    let ignored = package.report()["ignored"].to_string();
    assert!(ignored.contains("(max_machine_load)"), "{ignored}");

    let ended = package.run(&["fast_open", "--set", "max_machine_load=100000"]).exits(0);
    assert_eq!(ended.outcomes(), ["fast_open ok"]);
}

fn expectations_from_outside() {
    let package = Package::new();
    let ended = package.run(&["fast_closed", "--set", "expect=due >= 31"]).exits(101);
    ended.prints("due is 30, wanted >= 31");
    package.run(&["fast_closed", "--set", "expect=ok == 30 with tag \"only\""]).exits(0);
    let ended = package.run(&["fast_closed", "--set", "expect=ok == 30 with tag \"x\""]).exits(101);
    ended.prints("had the tag \"x\"; there were: \"only\"");
    let package = Package::with_settings("expect = [\"due >= 30\", \"error_rate < 1%\"]\n");
    package.run(&["fast_closed"]).exits(0);
    assert_eq!(package.case("fast_closed")["expectations"].as_array().unwrap().len(), 3);
}
