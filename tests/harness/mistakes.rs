//! Each kind of mistake in `stress.toml`: named with its line, status 2, and nothing runs.

use super::{fixture::Package, tests};

tests![
    an_unknown_key,
    a_wrong_type,
    a_malformed_value,
    no_toml,
    an_unknown_profile,
    a_profile_chosen_in_the_file,
    profiles_in_a_circle,
    an_override_that_selects_nothing,
    a_setting_of_the_run_in_an_override,
    a_file_that_cannot_be_read,
    several_at_once,
];

/// Runs a case with this file, and requires this error and nothing else.
#[track_caller]
fn check(file: &str, expected: &str) {
    let package = Package::with_settings(file);
    let ended = package.run(&["fast_open"]).exits(2);
    assert_eq!(ended.stderr, format!("error: {expected}\n"));
    assert_eq!(ended.stdout, "");
    assert!(package.said("operations").is_empty() && !package.reports().exists(), "nothing ran");
}

fn an_unknown_key() {
    check(
        "\n\nmax_memmory = 1\n",
        "stress/stress.toml:3: unknown key \"max_memmory\"; did you mean \"max_memory\"?",
    );
    check(
        "[profile.nightly]\ninherit = \"default\"\n",
        "stress/stress.toml:2: unknown key \"inherit\"; did you mean \"inherits\"?",
    );
    check("colour = 1\n", "stress/stress.toml:1: unknown key \"colour\"; --show-settings lists the keys");
}

fn a_wrong_type() {
    check("duration = 30\n", "stress/stress.toml:1: duration wants a text like \"30s\", not a whole number");
}

fn a_malformed_value() {
    check(
        "users = 5\nmax_memory = \"2 parsecs\"\n",
        "stress/stress.toml:2: max_memory = \"2 parsecs\": \"2 parsecs\" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%",
    );
}

fn no_toml() {
    let package = Package::with_settings("users = 5\nrate = \"100/s\n");
    let ended =
        package.run(&["fast_open", "--profile", "unknown"]).exits(2).says("error: stress/stress.toml:2: ");
    assert_eq!(ended.stderr.lines().count(), 1, "the profile may well be in the file\n{ended}");
}

fn an_unknown_profile() {
    let package = Package::with_settings("[profile.nightly]\n[profile.smoke]\n");
    let ended = package.run(&["fast_open", "--profile", "nigthly"]).exits(2);
    assert_eq!(
        ended.stderr,
        "error: --profile nigthly: unknown profile \"nigthly\"; did you mean \"nightly\"? known profiles: default, \
         nightly, smoke\n"
    );
    let ended = package.suite(&["fast_open"]).env("PROOFLOAD_PROFILE", "zzz").run().exits(2);
    ended.says("PROOFLOAD_PROFILE: unknown profile \"zzz\"; known profiles: default, nightly, smoke\n");
}

fn a_profile_chosen_in_the_file() {
    check(
        "profile = \"nightly\"\n",
        "stress/stress.toml:1: a profile is chosen with --profile NAME or PROOFLOAD_PROFILE; in the file, \
         [profile.NAME] defines one",
    );
}

fn profiles_in_a_circle() {
    check(
        "[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"\n",
        "stress/stress.toml:2: profiles inherit in a circle: a -> b -> a; take one `inherits` of them away",
    );
}

fn an_override_that_selects_nothing() {
    check(
        "[[override]]\ncase = \"fast_opne\"\nusers = 1\n",
        "stress/stress.toml:2: no case matches \"fast_opne\"; did you mean \"suite::fast_open\"?",
    );
    check(
        "[[override]]\nmarker = \"slwo\"\nusers = 1\n",
        "stress/stress.toml:2: unknown marker `slwo`; did you mean `slow`? known markers: long, nightly, \
         resource_intensive, slow\n    slwo\n    ^",
    );
    check(
        "[[override]]\nusers = 1\n",
        "stress/stress.toml:1: an override needs case = \"a name or pattern\", marker = \"an expression\", target = \"a name\", or several of them",
    );
}

fn a_setting_of_the_run_in_an_override() {
    check(
        "[[override]]\ncase = \"fast_*\"\nseed = 1\n",
        "stress/stress.toml:3: seed belongs to the whole run and cannot be set for one case: set it at the top of \
         stress.toml, in a profile, or with --set seed=...",
    );
}

fn a_file_that_cannot_be_read() {
    let package = Package::new();
    std::fs::create_dir(package.file("stress/stress.toml")).unwrap();
    package.run(&["fast_open"]).exits(2).says("error: stress/stress.toml: cannot be read: ");
}

fn several_at_once() {
    let package = Package::with_settings("rate = \"fast\"\n[profile.x]\nusres = 1\n");
    let ended =
        package.suite(&["fast_open", "--set", "seed=-1"]).env("PROOFLOAD_DRAIN", "long").run().exits(2);
    assert_eq!(
        ended.stderr,
        "error: stress/stress.toml:1: rate = \"fast\": \"fast\" is not a rate like 100/s, 90/m or 10/h\n\
         stress/stress.toml:3: unknown key \"usres\"; did you mean \"users\"?\n\
         PROOFLOAD_DRAIN: drain = \"long\": \"long\" is not a duration like 30s, 250ms, 1m 30s or 2h\n\
         --set seed=-1: seed = \"-1\": \"-1\" is not a whole number like 50\n"
    );
}
