//! What a case cannot do without: it is left out, with the reason, where that is missing.

use super::{fixture::Package, tests};

tests![
    a_case_runs_where_what_it_needs_is_there,
    a_case_without_what_it_needs_is_left_out,
    a_case_alone_without_what_it_needs_is_no_success,
    a_dry_run_asks_too,
    a_list_does_not_ask,
    processes_of_nextest_merge_what_was_left_out,
    a_need_that_panics_fails_its_case,
];

const MISSING: &str = "needy_moon ignored (there is no moon: wait for the night, or set FIXTURE_MOON)";

fn a_case_runs_where_what_it_needs_is_there() {
    let package = Package::new();
    let ended = package.suite(&["needy_moon"]).env("FIXTURE_MOON", "full").run().exits(0);
    assert_eq!(ended.outcomes(), ["needy_moon ok"]);
    assert_eq!(package.said("asked").len(), 1, "the case's own process does not ask again");
    assert_eq!(package.case("needy_moon")["loads"][0]["total"]["counts"]["ok"], 3);
}

fn a_case_without_what_it_needs_is_left_out() {
    let package = Package::new();
    let ended = package.run(&["needy_", "--skip", "bug"]).exits(0);
    assert_eq!(ended.outcomes(), [MISSING, "needy_sun ok"]);
    let report = package.report();
    assert_eq!(report["summary"]["cases"], 1);
    assert_eq!(report["summary"]["ignored"], 1);
    assert_eq!(
        report["ignored"],
        serde_json::json!([{
            "name": "suite::needy_moon", "reason": "there is no moon: wait for the night, or set FIXTURE_MOON"
        }])
    );
}

fn a_case_alone_without_what_it_needs_is_no_success() {
    let package = Package::new();
    for arguments in [&["needy_moon"][..], &["--in-process", "needy_moon"]] {
        let ended = package.run(arguments).exits(75);
        assert_eq!(ended.outcomes(), [MISSING]);
        ended.says("none of the cases ran: the machine has no room for them, or not what they need");
    }
}

fn a_dry_run_asks_too() {
    let package = Package::new();
    let ended = package.run(&["--dry-run", "needy_moon"]).exits(0);
    assert_eq!(ended.outcomes(), [MISSING]);
}

fn a_list_does_not_ask() {
    let package = Package::new();
    package.run(&["--list", "needy_"]).exits(0);
    assert!(package.said("asked").is_empty());
}

fn processes_of_nextest_merge_what_was_left_out() {
    let package = Package::new();
    for case in ["suite::needy_moon", "suite::fast_closed"] {
        // Not to have run is no failure of a process that has one case.
        package.suite(&["--exact", case]).env("NEXTEST_RUN_ID", "run").run().exits(0);
    }
    let report = package.report();
    assert_eq!(report["summary"]["cases"], 1);
    assert_eq!(report["summary"]["ignored"], 1, "{report:#}");
    assert_eq!(report["ignored"][0]["name"], "suite::needy_moon");
}

fn a_need_that_panics_fails_its_case() {
    let package = Package::new();
    let ended = package.run(&["needy_bug"]).exits(101);
    assert_eq!(ended.outcomes(), ["needy_bug FAILED"]);
    let case = package.case("needy_bug");
    assert_eq!(case["verdict"], "fail");
    assert!(
        case.to_string().contains("the function that `needs` names panicked: nobody knows"),
        "the report says why: {case:#}"
    );
    assert!(package.said("operations").is_empty(), "the case did not start");
}
