//! Numbers from outside that are no loads, or fit nowhere: one error that says what to do, and nothing ran.

use super::{fixture::Package, tests};

tests![
    rates_that_are_none,
    a_rate_that_no_generator_reaches,
    users_that_are_none,
    more_users_than_memory,
    lengths_that_are_none_or_too_long,
    a_length_under_one_interval,
    a_limit_beyond_memory,
];

/// Runs a case with this variable, and requires this error before anything ran.
#[track_caller]
fn refused(variable: &str, value: &str, expected: &str) {
    let package = Package::new();
    let ended = package.suite(&["fast_open"]).env(variable, value).run().exits(2);
    assert_eq!(ended.stderr, format!("error: {variable}: {expected}\n"));
    assert!(package.said("operations").is_empty() && !package.reports().exists(), "nothing ran");
}

/// Runs a case with these variables, and requires that its load is refused in these words.
#[track_caller]
fn load_refused(case: &str, variables: &[(&str, &str)], expected: &str) {
    let package = Package::new();
    let suite = package.suite(&["--exact", case]);
    let suite = variables.iter().fold(suite, |suite, (variable, value)| suite.env(variable, value));
    let ended = suite.run().exits(101);
    ended.prints(&format!("the case returned an error: {expected}"));
    let case = package.case(case.trim_start_matches("suite::"));
    assert_eq!((&case["verdict"], &case["ending"]["kind"]), (&"fail".into(), &"failed".into()));
    assert!(package.said("operations").is_empty(), "nothing ran");
}

fn rates_that_are_none() {
    for rate in ["nan", "NaN/s", "-5/s", "inf", "-inf/s"] {
        let wanted = format!("rate = {rate:?}: {rate:?} is not a rate like 100/s, 90/m or 10/h");
        refused("PROOFLOAD_RATE", rate, &wanted);
    }
    refused("PROOFLOAD_RATE", "0", "rate = \"0\": \"0\" is not more than zero");
    refused("PROOFLOAD_LOAD_SCALE", "nan", "load_scale = \"nan\": \"nan\" is not a factor like 0.5 or 2");
}

fn a_rate_that_no_generator_reaches() {
    load_refused(
        "suite::fast_open",
        &[("PROOFLOAD_RATE", "1e12")],
        "the load `1000000000000/s for 300 ms` cannot run: the generator can be asked for at most 10000000/s: lower \
         the rate",
    );
    load_refused(
        "suite::fast_open",
        &[("PROOFLOAD_LOAD_SCALE", "1e308")],
        "the load `inf/s for 300 ms` cannot run: a rate must be a finite number that is not negative: give it one like \
         100/s, and load_scale a small factor",
    );
}

fn users_that_are_none() {
    refused("PROOFLOAD_USERS", "0", "users = \"0\": \"0\" is not more than zero");
    refused("PROOFLOAD_USERS", "-1", "users = \"-1\": \"-1\" is not a whole number like 50");
    refused("PROOFLOAD_USERS", "nan", "users = \"nan\": \"nan\" is not a whole number like 50");
}

fn more_users_than_memory() {
    for (users, limit) in [("1000000000000", "off"), ("18446744073709551615", "18446744073709551615")] {
        load_refused(
            "suite::fast_closed",
            &[("PROOFLOAD_USERS", users), ("PROOFLOAD_MAX_CONCURRENCY", limit)],
            &format!(
                "the load `{users} users, 30 iterations in all` cannot run: a load can have at most 10000000 users: \
                 lower their number"
            ),
        );
    }
}

fn lengths_that_are_none_or_too_long() {
    refused("PROOFLOAD_DURATION", "0s", "duration = \"0s\": \"0s\" is not more than zero");
    load_refused(
        "suite::fast_open",
        &[("PROOFLOAD_DURATION", "11days")],
        "the load `100/s for 11days` cannot run: a load can last at most 10days: give it a shorter duration",
    );
    let package = Package::new();
    let ended = package.suite(&["--exact", "suite::fast_open"]).env("PROOFLOAD_TIME_SCALE", "1e300").run();
    ended.exits(101).prints("cannot run: a load can last at most 10days: give it a shorter duration");
}

fn a_length_under_one_interval() {
    let package = Package::new();
    package.suite(&["--exact", "suite::fast_open"]).env("PROOFLOAD_DURATION", "1us").run().exits(0);
    let counts = package.case("fast_open")["loads"][0]["total"]["counts"].clone();
    assert_eq!((&counts["due"], &counts["ok"]), (&1.into(), &1.into()), "the first operation is due at once");
}

/// Room is set aside for the operations in flight: a limit that no memory could hold is taken for a large one.
fn a_limit_beyond_memory() {
    let package = Package::new();
    let suite = package.suite(&["--exact", "suite::fast_open"]);
    suite.env("PROOFLOAD_MAX_CONCURRENCY", "1000000000000").run().exits(0);
    let load = package.case("fast_open")["loads"][0].clone();
    assert_eq!((&load["max_in_flight"], &load["total"]["counts"]["ok"]), (&10_000_000.into(), &30.into()));
}
