use super::*;

/// The mistakes of a file, without the file's name.
fn in_file(text: &str) -> String {
    load(text, &[], &[]).unwrap_err().to_string().replace("stress/stress.toml:", "")
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(in_file(text), *expected, "{text}");
    }
}

#[test]
fn unknown_keys() {
    check(&[
        ("\n\nmax_memmory = 1\n", "3: unknown key \"max_memmory\"; did you mean \"max_memory\"?"),
        ("colour = 1\n", "1: unknown key \"colour\"; --show-settings lists the keys"),
        ("[profile.x]\ninherit = \"y\"\n", "2: unknown key \"inherit\"; did you mean \"inherits\"?"),
        ("[[overrides]]\nusers = 1\n", "1: unknown key \"overrides\"; did you mean \"override\"?"),
        ("[profiles.x]\nusers = 1\n", "1: unknown key \"profiles\"; did you mean \"profile\"?"),
        ("[[override]]\ncase = \"plain\"\nuser = 1\n", "3: unknown key \"user\"; did you mean \"users\"?"),
        (
            "[[profile.x.override]]\nmarkers = \"slow\"\n",
            "1: an override needs case = \"a name or pattern\", marker = \"an expression\", target = \"a name\", or several of them\n\
             2: unknown key \"markers\"; did you mean \"marker\"?",
        ),
    ]);
}

#[test]
fn wrong_types() {
    check(&[
        ("duration = 30\n", "1: duration wants a text like \"30s\", not a whole number"),
        (
            "max_memory = true\n",
            "1: max_memory wants a text like \"512MiB\" or \"60%\" or \"off\", not a boolean",
        ),
        (
            "max_memory_growth = 1\n",
            "1: max_memory_growth wants a text like \"10MB/s\" or \"off\", not a whole number",
        ),
        ("users = 1.5\n", "1: users wants a whole number, not a number"),
        ("rate = false\n", "1: rate wants a number or a text like \"100/s\", not a boolean"),
        ("time_scale = 1979-05-27\n", "1: time_scale wants a number, not a date"),
        (
            "max_cpu = [1]\n",
            "1: max_cpu wants a number like 0.9 or a text like \"90%\" or \"off\", not a list",
        ),
        ("include_slow = \"yes\"\n", "1: include_slow wants true or false, not a text"),
        ("[lock]\nx = 1\n", "1: lock wants a text, not a table"),
        ("report = 1\n", "1: report wants a list of texts, not a whole number"),
        ("expect = [\"a\",\n 1]\n", "1: expect wants a list of texts, not a list with a whole number"),
        ("expect = [\"a, b\"]\n", "1: expect: the entry \"a, b\" holds a comma; write two entries"),
        ("[override]\ncase = \"plain\"\n", "1: override wants [[override]] with two brackets, not a table"),
        ("override = [1]\n", "1: override wants [[override]] tables, not a list with a whole number"),
        (
            "[profile.x]\noverride = 1\n",
            "2: override wants [[profile.x.override]] with two brackets, not a whole number",
        ),
        ("[profile]\nx = 1\n", "2: x wants a [profile.NAME] table, not a whole number"),
        (
            "[profile.x]\ndescription = 1\ninherits = 2\n",
            "2: description wants a text, not a whole number\n3: inherits wants a text, not a whole number",
        ),
        (
            "[[override]]\ncase = 1\nmarker = 2\n",
            "2: case wants a text, not a whole number\n3: marker wants a text, not a whole number",
        ),
    ]);
}

#[test]
fn malformed_values() {
    check(&[
        (
            "max_memory = \"2 parsecs\"\n",
            "1: max_memory = \"2 parsecs\": \"2 parsecs\" is not a size like 512MiB, 2GiB or 10MB, nor a share of the machine like 60%",
        ),
        ("users = -5\n", "1: users = \"-5\": \"-5\" is not a whole number like 50"),
        (
            "users = 99999999999999999999\n",
            "1: users = \"99999999999999999999\": \"99999999999999999999\" is not a whole number like 50",
        ),
        ("time_scale = nan\n", "1: time_scale = \"nan\": \"nan\" is not a factor like 0.5 or 2"),
        ("max_cpu = 90\n", "1: max_cpu = \"90\": \"90\" is not a share of at most 100%, like 90% or 0.9"),
        (
            "report = [\"json\", \"pdf\"]\n",
            "1: report = \"json, pdf\": \"pdf\" is not one of json, text, html, junit, markdown, hlog, csv",
        ),
        ("[profile.x]\ntimeout = \"0s\"\n", "2: timeout = \"0s\": \"0s\" is not more than zero"),
    ]);
}

#[test]
fn syntax_errors_carry_the_line_and_stand_alone() {
    let error = in_file("users = 5\nrate = \"100/s\n");
    assert!(error.starts_with("2: "), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(in_file("users = 5\nusers = 6\n").starts_with("2: duplicate key"), "a key twice");
    let with_profile = load("users =\n", &[], &[("profile", "nightly")]).unwrap_err();
    assert_eq!(with_profile.mistakes.len(), 1, "the profile may well be in the file: {with_profile}");
}

#[test]
fn profiles() {
    check(&[
        (
            "profile = \"nightly\"\n",
            "1: a profile is chosen with --profile NAME or PROOFLOAD_PROFILE; in the file, [profile.NAME] defines one",
        ),
        (
            "[profile.x]\nprofile = \"y\"\n",
            "2: a profile is chosen with --profile NAME or PROOFLOAD_PROFILE; in the file, [profile.NAME] defines one",
        ),
        (
            "[profile.base]\n[profile.nightly]\ninherits = \"bsae\"\n",
            "3: unknown profile \"bsae\"; did you mean \"base\"? known profiles: default, base, nightly",
        ),
        (
            "[profile.b]\ninherits = \"c\"\n[profile.c]\ninherits = \"a\"\n[profile.a]\ninherits = \"b\"\n\
             [profile.outside]\ninherits = \"b\"\n",
            "6: profiles inherit in a circle: a -> b -> c -> a; take one `inherits` of them away",
        ),
        (
            "[profile.x]\ninherits = \"x\"\n",
            "2: profiles inherit in a circle: x -> x; take one `inherits` of them away",
        ),
    ]);
    let text = "[profile.nightly]\n[profile.smoke]\n";
    let error = load(text, &[], &[("profile", "nigthly")]).unwrap_err().to_string();
    assert_eq!(
        error,
        "--set profile=...: unknown profile \"nigthly\"; did you mean \"nightly\"? known profiles: default, nightly, smoke"
    );
    let error = load("", &[("PROOFLOAD_PROFILE", "zzz")], &[]).unwrap_err().to_string();
    assert_eq!(error, "PROOFLOAD_PROFILE: unknown profile \"zzz\"; known profiles: default");
}

#[test]
fn selectors() {
    check(&[
        (
            "users = 1\n\n[[override]]\nusers = 2\n[[override]]\nrate = 3\n",
            "3: an override needs case = \"a name or pattern\", marker = \"an expression\", target = \"a name\", or several of them\n\
             5: an override needs case = \"a name or pattern\", marker = \"an expression\", target = \"a name\", or several of them",
        ),
        (
            "[[override]]\nmarker = \"slwo\"\n",
            "2: unknown marker `slwo`; did you mean `slow`? known markers: resource_intensive, slow, vectors\n    \
             slwo\n    ^",
        ),
        (
            "[[profile.x.override]]\nmarker = \"(slow or vectors\"\n",
            "2: marker expression: expected `)` at the end\n    (slow or vectors\n                    ^",
        ),
        (
            "[[override]]\ncase = \"sustaned_search\"\n",
            "2: no case matches \"sustaned_search\"; did you mean \"cases::search::sustained_search\"?",
        ),
        (
            "[[override]]\ncase = \"cases::serch::sustained_search\"\n",
            "2: no case matches \"cases::serch::sustained_search\"; did you mean \"cases::search::sustained_search\"?",
        ),
        (
            "[[override]]\ntarget = \"vector_idnex\"\n",
            "2: no case has the target \"vector_idnex\"; did you mean \"vector_index\"? known targets: vector_index",
        ),
        ("[[override]]\ntarget = [\"vector_index\"]\n", "2: target wants a text, not a list"),
        ("[[override]]\ncase = \"zzz*\"\n", "2: no case matches \"zzz*\"; --list shows the cases"),
        (
            "[[override]]\ncase = \"plain\"\nreport_dir = \"x\"\n",
            "3: report_dir belongs to the whole run and cannot be set for one case: set it at the top of stress.toml, in \
             a profile, or with --set report_dir=...",
        ),
    ]);
}

#[test]
fn the_command_line() {
    for (key, text, expected) in [
        ("duratoin", "5s", "unknown key \"duratoin\"; did you mean \"duration\"?"),
        ("plain.duratoin", "5s", "unknown key \"duratoin\"; did you mean \"duration\"?"),
        ("plian.duration", "5s", "no case matches \"plian\"; did you mean \"cases::basics::plain\"?"),
        (
            "plain.seed",
            "5",
            "seed belongs to the whole run and cannot be set for one case: set it at the top of stress.toml, in a profile, \
             or with --set seed=...",
        ),
        ("duration", "5", "duration = \"5\": \"5\" is not a duration like 30s, 250ms, 1m 30s or 2h"),
        (
            "plain.target",
            "vector_index",
            "target belongs to the whole run and cannot be set for one case: set it at the top of stress.toml, in a profile, \
             or with --set target=...",
        ),
        ("target", "vector_index, redis", "no case has the target \"redis\"; known targets: vector_index"),
        ("include_slow", "maybe", "include_slow = \"maybe\": \"maybe\" is not true or false"),
        (
            "marker",
            "slow nightly",
            "marker expression: expected `and` or `or`, found `nightly`\n    slow nightly\n         ^",
        ),
    ] {
        let error = load("", &[], &[(key, text)]).unwrap_err().to_string();
        assert_eq!(error, format!("--set {key}=...: {expected}"));
    }
}

#[test]
fn all_mistakes_of_all_layers_are_told_at_once() {
    const WRONG: CaseInfo = CaseInfo { settings: &[("users", "many")], ..PLAIN };
    let sources = Sources {
        file: Some(("stress/stress.toml".into(), "rate = \"fast\"\n[profile.x]\nusres = 1\n".to_owned())),
        environment: vec![
            ("PROOFLOAD_USRES".to_owned(), "5".to_owned()),
            ("PROOFLOAD_DRAIN".to_owned(), "long".to_owned()),
        ],
        command_line: vec![("profile".to_owned(), "y".to_owned(), "--profile y".to_owned())],
    };
    assert_eq!(
        Settings::load(sources, &[WRONG]).unwrap_err().to_string(),
        "stress/cases/basics.rs:4: users = \"many\": \"many\" is not a whole number like 50\n\
         stress/stress.toml:1: rate = \"fast\": \"fast\" is not a rate like 100/s, 90/m or 10/h\n\
         stress/stress.toml:3: unknown key \"usres\"; did you mean \"users\"?\n\
         PROOFLOAD_DRAIN: drain = \"long\": \"long\" is not a duration like 30s, 250ms, 1m 30s or 2h\n\
         PROOFLOAD_USRES: no setting has this variable; did you mean \"PROOFLOAD_USERS\"?\n\
         --profile y: unknown profile \"y\"; known profiles: default, x"
    );
}

#[test]
fn a_target_where_no_case_has_any() {
    let sources = Sources {
        environment: vec![("PROOFLOAD_TARGET".to_owned(), "redis".to_owned())],
        ..Sources::default()
    };
    assert_eq!(
        Settings::load(sources, &[PLAIN]).unwrap_err().to_string(),
        "PROOFLOAD_TARGET: no case has the target \"redis\", nor any other: `#[proofload::case(target = \"...\")]` says \
         what a case puts under stress"
    );
}
