//! Lists, filters by name, and the calls of nextest.

use super::{fixture::Package, tests};

tests![
    a_list_has_all_cases_sorted,
    a_list_of_the_ignored_has_those_left_out,
    filters_by_name,
    a_marker_expression_shortens_the_list,
    a_mistake_in_the_settings_keeps_the_list,
    nextest_runs_a_case,
    nextest_runs_a_slow_case,
    libtests_other_words_for_no_capture,
];

const ALL: &str = "\
suite::bad_error: test
suite::bad_expectation: test
suite::bad_panic: test
suite::bad_undecided: test
suite::fast_closed: test
suite::fast_nightly: test
suite::fast_open: test
suite::fast_plain: test
suite::fast_stages: test
suite::fast_stamped: test
suite::late_both: test
suite::late_heavy: test
suite::late_nightly: test
suite::late_slow: test
suite::long_deaf: test
suite::long_first: test
suite::long_second: test
suite::needy_bug: test
suite::needy_moon: test
suite::needy_sun: test
suite::second_try: test
suite::watched_falls_ill: test
suite::watched_finds: test
suite::watched_stays_well: test
suite::watched_too_late: test
";

const LATE: &str = "\
suite::late_both: test
suite::late_heavy: test
suite::late_nightly: test
suite::late_slow: test
";

fn a_list_has_all_cases_sorted() {
    let package = Package::new();
    for arguments in [&["--list"][..], &["--list", "--format", "terse"]] {
        let ended = package.run(arguments).exits(0);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (ALL, ""), "{arguments:?}");
    }
    assert!(!package.reports().exists(), "a list makes no report");
}

fn a_list_of_the_ignored_has_those_left_out() {
    let package = Package::new();
    let ignored = ["--list", "--format", "terse", "--ignored"];
    let ended = package.run(&ignored).exits(0);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (LATE, ""));
    let asked_for = package.suite(&ignored).env("PROOFLOAD_INCLUDE_SLOW", "1").run().exits(0);
    assert_eq!(asked_for.stdout, "suite::late_heavy: test\n", "nobody has to ask for the others any more");
}

fn filters_by_name() {
    let package = Package::new();
    for (arguments, expected) in [
        (&["stage"][..], "suite::fast_stages: test\n"),
        (&["--exact", "suite::fast_open"], "suite::fast_open: test\n"),
        (&["--exact", "fast_open"], ""),
        (
            &["late_", "--skip", "nightly", "--skip", "suite::late_b"],
            "suite::late_heavy: test\nsuite::late_slow: test\n",
        ),
        (&["nothing"], ""),
    ] {
        let ended = package.run(&[&["--list"], arguments].concat()).exits(0);
        assert_eq!(ended.stdout, expected, "{arguments:?}");
    }
    let ended = package.run(&["--skip", "open", "--skip", "_st", "fast_", "--skip", "plain"]).exits(0);
    assert_eq!(ended.outcomes(), ["fast_closed ok", "fast_nightly ok"]);
    ended.prints("2 passed; 0 failed; 0 ignored; 0 measured; 23 filtered out");
}

fn a_marker_expression_shortens_the_list() {
    let ended = Package::new().run(&["--list", "-m", "nightly"]).exits(0);
    assert_eq!(ended.stdout, "suite::fast_nightly: test\nsuite::late_nightly: test\n");
}

fn a_mistake_in_the_settings_keeps_the_list() {
    let package = Package::with_settings("usres = 5\n");
    let ended = package.run(&["--list", "--format", "terse"]).exits(0);
    assert_eq!(ended.stdout, ALL);
    let ended = ended.says("warning: stress/stress.toml:1: unknown key \"usres\"; did you mean \"users\"?\n");
    assert_eq!(ended.stderr.lines().count(), 1);
    let ended = package.suite(&["--list"]).env("PROOFLOAD_USRES", "5").run().exits(0);
    assert_eq!(ended.stdout, ALL);
    ended.says("PROOFLOAD_USRES: no setting has this variable; did you mean \"PROOFLOAD_USERS\"?");
}

fn nextest_runs_a_case() {
    let package = Package::new();
    let ended = package
        .suite(&["--exact", "suite::fast_open", "--nocapture"])
        .env("NEXTEST", "1")
        .env("NEXTEST_RUN_ID", "11111111-2222")
        .run()
        .exits(0);
    assert_eq!(ended.outcomes(), ["fast_open ok"]);
    let ended = ended.prints("1 passed; 0 failed; 0 ignored; 0 measured; 24 filtered out");
    assert!(!ended.stdout.contains("speaks"), "standard output belongs to the protocol\n{ended}");
    ended.says("fast_open speaks on stdout\n").says("fast_open speaks on stderr\n");
    assert!(package.reports().join("11111111-2222/report.json").is_file());
}

fn nextest_runs_a_slow_case() {
    let package = Package::new();
    let arguments = ["--exact", "suite::late_slow", "--nocapture", "--ignored"];
    let ended = package.suite(&arguments).env("NEXTEST_RUN_ID", "1").run().exits(0);
    assert_eq!(ended.outcomes(), ["late_slow ok"], "asking for ignored cases is consent");
    assert_eq!(package.case("late_slow")["verdict"], "pass");
}

fn libtests_other_words_for_no_capture() {
    let package = Package::new();
    let open = ["--exact", "suite::fast_open"];
    let silent = package.run(&open).exits(0);
    assert!(!silent.stdout.contains("speaks") && !silent.stderr.contains("speaks"), "{silent}");
    package.run(&[&open[..], &["--no-capture"]].concat()).exits(0).says("fast_open speaks on stdout\n");
}
