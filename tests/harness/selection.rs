//! What runs and what is left out, with the reason.

use super::{fixture::Package, tests};

tests![
    what_is_left_out_says_why,
    flags_ask_for_what_is_left_out,
    variables_ask_for_what_is_left_out,
    the_file_asks_for_what_is_left_out,
    libtests_words_ask_for_what_is_left_out,
    marker_expressions_select,
    what_an_expression_leaves_out_says_why,
    targets_select,
    an_unknown_target_lists_the_known_ones,
    an_unknown_marker_lists_the_known_ones,
    a_malformed_expression_is_pointed_at,
];

const LEFT_OUT: [&str; 4] = [
    "late_both ignored (slow and resource_intensive: add --include-slow or --include-resource-intensive)",
    "late_heavy ignored (resource_intensive: add --include-resource-intensive)",
    "late_nightly ignored (slow: add --include-slow)",
    "late_slow ignored (slow: add --include-slow)",
];

const SLOW: [&str; 4] = ["late_both ok", LEFT_OUT[1], "late_nightly ok", "late_slow ok"];

const HEAVY: [&str; 4] = ["late_both ok", "late_heavy ok", LEFT_OUT[2], LEFT_OUT[3]];

const EVERY: [&str; 4] = ["late_both ok", "late_heavy ok", "late_nightly ok", "late_slow ok"];

fn what_is_left_out_says_why() {
    let package = Package::new();
    let ended = package.run(&["late_"]).exits(0);
    assert_eq!(ended.outcomes(), LEFT_OUT);
    ended.prints("0 passed; 0 failed; 4 ignored");

    package.run(&["late_", "--include-slow"]).exits(0);
    let report = package.report();
    assert_eq!(report["summary"]["cases"], 3);
    assert_eq!(
        report["ignored"],
        serde_json::json!([
            {"name": "suite::late_heavy", "reason": "resource_intensive: add --include-resource-intensive"}
        ])
    );
}

fn flags_ask_for_what_is_left_out() {
    let package = Package::new();
    for (flags, expected) in [
        (&["--include-slow"][..], SLOW),
        (&["--include-resource-intensive"], HEAVY),
        (&["--include-slow", "--include-resource-intensive"], EVERY),
        (&["--include-all"], EVERY),
    ] {
        assert_eq!(package.run(&[&["late_"], flags].concat()).exits(0).outcomes(), expected, "{flags:?}");
    }
}

fn variables_ask_for_what_is_left_out() {
    let package = Package::new();
    for (variable, text, expected) in [
        ("PROOFLOAD_INCLUDE_SLOW", "1", SLOW),
        ("PROOFLOAD_INCLUDE_SLOW", "yes", SLOW),
        ("PROOFLOAD_INCLUDE_SLOW", "", LEFT_OUT),
        ("PROOFLOAD_INCLUDE_SLOW", "0", LEFT_OUT),
        ("PROOFLOAD_INCLUDE_RESOURCE_INTENSIVE", "true", HEAVY),
        ("PROOFLOAD_INCLUDE_ALL", "on", EVERY),
    ] {
        let ended = package.suite(&["late_"]).env(variable, text).run().exits(0);
        assert_eq!(ended.outcomes(), expected, "{variable}={text:?}");
    }
    let ended = package.suite(&[]).env("PROOFLOAD_MARKER", "nightly and slow").run().exits(0);
    assert!(ended.outcomes().contains(&LEFT_OUT[2].to_owned()), "an expression asks for nothing\n{ended}");
}

fn the_file_asks_for_what_is_left_out() {
    let package = Package::with_settings("[profile.nightly]\ninclude_slow = true\n");
    assert_eq!(package.run(&["late_"]).exits(0).outcomes(), LEFT_OUT);
    assert_eq!(package.run(&["late_", "--profile", "nightly"]).exits(0).outcomes(), SLOW);
    let ended = package.suite(&["late_", "--profile", "nightly"]).env("PROOFLOAD_INCLUDE_SLOW", "no").run();
    assert_eq!(ended.exits(0).outcomes(), LEFT_OUT, "the environment is stronger than the file");
}

fn libtests_words_ask_for_what_is_left_out() {
    let package = Package::new();
    let ended = package.run(&["--ignored"]).exits(0);
    assert_eq!(ended.outcomes(), EVERY, "only those that were left out");
    let ended = package.run(&["--include-ignored", "nightly"]).exits(0);
    assert_eq!(ended.outcomes(), ["fast_nightly ok", "late_nightly ok"]);
}

fn marker_expressions_select() {
    let package = Package::new();
    for (expression, expected) in [
        ("nightly and not slow", &["fast_nightly ok"][..]),
        ("nightly", &["fast_nightly ok", "late_nightly ok"]),
        ("slow and (nightly or resource_intensive)", &["late_both ok", "late_nightly ok"]),
        (
            "(slow or resource_intensive) and not (slow and resource_intensive) and !nightly",
            &["late_heavy ok", "late_slow ok"],
        ),
    ] {
        let ended = package.run(&["-m", expression, "--include-all"]).exits(0);
        let outcomes = ended.outcomes();
        let ran: Vec<_> = outcomes.iter().filter(|outcome| !outcome.contains(" ignored")).collect();
        assert_eq!(ran, expected, "{expression}");
    }
}

fn what_an_expression_leaves_out_says_why() {
    let ended = Package::new().run(&["--marker", "slow", "nightly"]).exits(0);
    assert_eq!(ended.outcomes(), ["fast_nightly ignored (not selected by `slow`)", LEFT_OUT[2]]);
}

fn targets_select() {
    let package = Package::new();
    let ran = |ended: &super::fixture::Ended| {
        let outcomes = ended.outcomes().into_iter().filter(|outcome| !outcome.contains(" ignored"));
        outcomes.collect::<Vec<_>>()
    };
    for (arguments, expected) in [
        (&["--target", "counter"][..], &["fast_closed ok"][..]),
        (
            &["--target", "counter", "--target", "night-watch", "--include-all"],
            &["fast_closed ok", "late_nightly ok"],
        ),
        (&["--target", "counter,night*", "--include-all", "-m", "slow"], &["late_nightly ok"]),
    ] {
        assert_eq!(ran(&package.run(arguments).exits(0)), expected, "{arguments:?}");
    }
    assert_eq!(package.case("late_nightly")["target"], "night-watch");
    let ended = package.suite(&["fast_"]).env("PROOFLOAD_TARGET", "counter").run().exits(0);
    assert_eq!(ran(&ended), ["fast_closed ok"]);
    let outcomes = ended.outcomes();
    let left_out = "fast_plain ignored (not of target counter: it names none)".to_owned();
    assert!(outcomes.contains(&left_out), "{ended}");
    let ended = package.run(&["--list", "--target", "night-watch"]).exits(0);
    assert_eq!(ended.stdout, "suite::late_nightly: test\n");

    let package = Package::with_settings(
        "[profile.closed]\ntarget = \"counter\"\n[[profile.closed.override]]\ntarget = \"counter\"\nusers = 2\n",
    );
    assert_eq!(ran(&package.run(&["--profile", "closed"]).exits(0)), ["fast_closed ok"]);
    assert_eq!(package.case("fast_closed")["loads"][0]["plan"], "2 users, 30 iterations in all");
}

fn an_unknown_target_lists_the_known_ones() {
    let package = Package::with_settings("[[override]]\ntarget = \"conuter\"\nusers = 2\n");
    let known = "known targets: counter, night-watch";
    let ended = package.suite(&["--target", "nothing"]).env("PROOFLOAD_TARGET", "zzz").run().exits(2);
    assert_eq!(
        ended.stderr,
        format!(
            "error: stress/stress.toml:2: no case has the target \"conuter\"; did you mean \"counter\"? {known}\n\
             --target nothing: no case has the target \"nothing\"; {known}\n"
        )
    );
    assert_eq!(ended.stdout, "", "nothing ran");
}

fn an_unknown_marker_lists_the_known_ones() {
    let package = Package::new();
    let ended = package.run(&["-m", "slow and nigthly"]).exits(2);
    assert_eq!(
        ended.stderr,
        "error: --marker slow and nigthly: unknown marker `nigthly`; did you mean `nightly`? known markers: long, \
         nightly, resource_intensive, slow\n    slow and nigthly\n             ^\n"
    );
    assert_eq!(ended.stdout, "", "nothing ran");
    let ended = package.suite(&[]).env("PROOFLOAD_MARKER", "zzz").run().exits(2);
    ended.says("error: PROOFLOAD_MARKER: unknown marker `zzz`; known markers: long, nightly, resource_intensive, slow\n");
}

fn a_malformed_expression_is_pointed_at() {
    let package = Package::new();
    for (expression, expected) in [
        ("(slow or nightly", "expected `)` at the end\n    (slow or nightly\n                    ^\n"),
        ("slow nightly", "expected `and` or `or`, found `nightly`\n    slow nightly\n         ^\n"),
        ("slow and", "expected a marker, `not` or `(` at the end\n    slow and\n            ^\n"),
    ] {
        let ended = package.run(&["-m", expression]).exits(2);
        assert_eq!(
            ended.stderr,
            format!("error: --marker {expression}: marker expression: {expected}"),
            "{expression}"
        );
        assert_eq!(ended.stdout, "");
    }
}
