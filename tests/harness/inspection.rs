//! Looking before running: `--dry-run`, `--show-settings`; and running again with the same seed.

use super::{fixture::Package, tests};

tests![
    a_dry_run_shows_loads_and_runs_nothing,
    a_dry_run_follows_the_settings,
    settings_are_shown_with_their_origin,
    every_setting_is_shown,
    a_seed_can_be_given,
    the_repeat_command_repeats,
    the_repeat_command_asks_for_what_is_left_out,
    a_self_check_measures_this_machine,
];

fn a_dry_run_shows_loads_and_runs_nothing() {
    let package = Package::new();
    let ended = package.run(&["--dry-run", "fast_", "--skip", "stamped"]).exits(0);
    assert_eq!(
        ended.outcomes(),
        [
            "fast_closed ignored (dry run on counter, at most 5m: load: 3 users, 30 iterations in all)",
            "fast_nightly ignored (dry run, at most 5m: load: 1 user, 3 iterations in all)",
            "fast_open ignored (dry run, at most 5m: load: 100/s for 300 ms)",
            "fast_plain ignored (dry run, at most 5m: load: 2 users x 5 iterations each)",
            "fast_stages ignored (dry run, at most 5m: wave: 50/s for 100 ms, 200/s for 200 ms, 50/s for 100 ms; \
             crowd: 2 users for 50 ms, 4 users for 50 ms, thinking 10 ms)",
        ]
    );
    assert_eq!(package.said("operations"), [""; 0]);
    assert!(!package.reports().exists(), "there is nothing to report");
    assert_eq!(package.temporary_files(), [""; 0]);
    let ended = package.run(&["--dry-run", "late_slow"]).exits(0);
    assert_eq!(ended.outcomes(), ["late_slow ignored (slow: add --include-slow)"], "it would not run");
}

fn a_dry_run_follows_the_settings() {
    let package = Package::with_settings("[profile.short]\ntime_scale = 0.1\n");
    let ended = package
        .suite(&[
            "--exact",
            "suite::fast_open",
            "--profile",
            "short",
            "--set",
            "rate=7/s",
            "--set",
            "time_limit=2s",
        ])
        .env("PROOFLOAD_DRY_RUN", "1")
        .run()
        .exits(0);
    assert_eq!(ended.outcomes(), ["fast_open ignored (dry run, at most 2 s: load: 7/s for 30 ms)"]);
}

fn settings_are_shown_with_their_origin() {
    let package = Package::with_settings("drain = \"1s\"\n[profile.p]\ndescription = \"a try\"\nseed = 5\n");
    let ended = package
        .suite(&["--show-settings", "--profile", "p", "--set", "fast_open.users=3"])
        .env("PROOFLOAD_RATE", "9")
        .run()
        .exits(0);
    assert!(ended.stdout.starts_with("profile p: a try\n\nrun\n"), "{ended}");
    let words: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let of = |case: &str| {
        let lines = words.iter().skip_while(|words| words.first() != Some(&case)).skip(1);
        let rows = lines.take_while(|words| !words.is_empty());
        rows.filter(|words| !words.ends_with(&["built", "in"]))
            .map(|words| words.join(" "))
            .collect::<Vec<_>>()
    };
    let run = of("run");
    assert!(run.contains(&"seed 5 stress/stress.toml:4 [profile.p]".to_owned()), "{run:?}");
    assert!(run.contains(&"profile p --profile p".to_owned()), "{run:?}");
    assert!(run.contains(&"lock off PROOFLOAD_LOCK".to_owned()), "{run:?}");
    let open =
        ["drain 1s stress/stress.toml:1", "rate 9/s PROOFLOAD_RATE", "users 3 --set fast_open.users=3"];
    assert_eq!(of("suite::fast_open"), open);
    assert_eq!(of("suite::fast_plain"), open[..2]);
    let closed = of("suite::fast_closed");
    let stated = closed.iter().find(|row| row.starts_with("max_concurrency 20 tests/harness/suite.rs:"));
    assert!(stated.is_some(), "{closed:?}");
    assert!(!package.reports().exists(), "nothing ran");
}

fn every_setting_is_shown() {
    let ended = Package::new().run(&["--show-settings"]).exits(0);
    for key in
        ["time_limit", "max_memory", "time_scale", "load_scale", "include_slow", "stop_file", "test_threads"]
    {
        assert!(ended.stdout.lines().any(|line| line.trim_start().starts_with(key)), "{key}\n{ended}");
    }
    assert!(ended.stdout.contains("\nsuite::late_both (slow, resource_intensive)\n"), "{ended}");
}

fn a_seed_can_be_given() {
    let package = Package::new();
    let seeds = |arguments: &[&str]| {
        package.run(&[&["--exact", "suite::fast_closed"], arguments].concat()).exits(0);
        (package.report()["seed"].as_u64().unwrap(), package.case("fast_closed")["seed"].as_u64().unwrap())
    };
    let first = seeds(&["--seed", "7"]);
    assert_eq!(first.0, 7);
    assert_eq!(
        package.case("fast_closed")["repeat"],
        "cargo test --test fixture -- --exact suite::fast_closed --seed 7"
    );
    assert_eq!(seeds(&["--seed", "7"]), first);
    assert_ne!(seeds(&["--seed", "8"]).1, first.1);
    assert_ne!(seeds(&[]).0, seeds(&[]).0, "a new one for each run");
}

fn the_repeat_command_repeats() {
    let package = Package::with_settings("[profile.p]\nload_scale = 2\n");
    package.run(&["fast_closed", "--profile", "p"]).exits(0);
    let first = package.case("fast_closed");
    let command = first["repeat"].as_str().unwrap();
    let arguments = command.strip_prefix("cargo test --test fixture -- ").unwrap();
    let ended = package.run(&arguments.split(' ').collect::<Vec<_>>()).exits(0);
    assert_eq!(ended.outcomes(), ["fast_closed ok"]);
    let again = package.case("fast_closed");
    for key in ["seed", "repeat"] {
        assert_eq!(first[key], again[key], "{key}");
    }
    assert_eq!(first["loads"][0]["plan"], "6 users, 30 iterations in all");
    assert_eq!(first["loads"][0]["plan"], again["loads"][0]["plan"]);
}

fn the_repeat_command_asks_for_what_is_left_out() {
    let package = Package::new();
    package.run(&["late_slow", "--include-slow", "--seed", "3"]).exits(0);
    let repeat = package.case("late_slow")["repeat"].clone();
    assert_eq!(repeat, "cargo test --test fixture -- --exact suite::late_slow --seed 3 --include-all");
    package.run(&["--exact", "suite::late_slow", "--seed", "3", "--include-all"]).exits(0).prints("1 passed");
}

fn a_self_check_measures_this_machine() {
    let package = Package::new();
    let ended =
        package.suite(&["--self-check", "--set", "time_scale=0.1", "--set", "workers=2"]).run().exits(0);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("self-check: ") && lines[0].ends_with("2 workers"), "{}", ended.stdout);
    let starting = |with: &str| lines.iter().filter(|line| line.trim_start().starts_with(with)).count();
    assert_eq!(
        [100, 1_000, 10_000, 50_000].map(|rate| starting(&format!("{rate}/s "))),
        [1; 4],
        "{}",
        ended.stdout
    );
    assert_eq!(["p50 ", "p90 ", "p95 ", "p99 ", "trust: "].map(starting), [1; 5], "{}", ended.stdout);
    let rate: f64 = lines
        .iter()
        .find_map(|line| line.trim().split_once(" M/s with 64 users"))
        .unwrap()
        .0
        .parse()
        .unwrap();
    assert!(rate > 0.05, "operations that do nothing are quick: {rate} M/s");
    assert!(!package.reports().exists(), "it runs no case");
}
