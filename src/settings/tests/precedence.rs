use super::{super::Resolved, *};

/// Users of the case with markers, and where they came from.
fn users(settings: &Settings) -> String {
    shown(&settings.for_case(&SEARCH), "users")
}

fn shown(resolved: &Resolved, key: &str) -> String {
    format!("{} from {}", resolved.text(key).unwrap_or("none"), resolved.origin(key))
}

#[test]
fn each_layer_is_stronger_than_the_one_before() {
    const STATED: CaseInfo = CaseInfo { settings: &[("users", "1")], ..SEARCH };
    // Each layer is added to those before, so that a layer in the wrong order loses to one that it should beat.
    let file_layers = [
        ("users = 2", "2 from stress/stress.toml:1"),
        ("[[override]]\nmarker = \"slow\"\nusers = 3", "3 from stress/stress.toml:4 [[override]]"),
        (
            "[profile.base]\ninherits = \"root\"\n[profile.root]\nusers = 4",
            "4 from stress/stress.toml:8 [profile.root]",
        ),
        (
            "[profile.nightly]\ninherits = \"base\"\nusers = 5",
            "5 from stress/stress.toml:11 [profile.nightly]",
        ),
        (
            "[[profile.root.override]]\ncase = \"*_search\"\nusers = 6",
            "6 from stress/stress.toml:14 [[profile.root.override]]",
        ),
        (
            "[[profile.nightly.override]]\ncase = \"cases::search::*\"\nmarker = \"vectors and not gpu\"\nusers = 7",
            "7 from stress/stress.toml:18 [[profile.nightly.override]]",
        ),
        (
            "[[profile.nightly.override]]\ncase = \"sustained_search\"\nusers = 8",
            "8 from stress/stress.toml:21 [[profile.nightly.override]]",
        ),
    ];
    const GPU: CaseInfo = CaseInfo { function: "other", markers: &["gpu"], ..PLAIN };
    let cases = [STATED, PLAIN, GPU];
    let set = |key: &str, text: &str| (key.to_owned(), text.to_owned(), format!("--set {key}={text}"));
    let profile = ("profile".to_owned(), "nightly".to_owned(), "--profile nightly".to_owned());
    let mut sources = Sources { command_line: vec![profile], ..Sources::default() };
    let users = |sources: &Sources, case: &CaseInfo| {
        let settings = Settings::load(sources.clone(), &cases).unwrap_or_else(|error| panic!("{error}"));
        shown(&settings.for_case(case), "users")
    };

    sources.file = Some(("stress/stress.toml".into(), "[profile.nightly]".to_owned()));
    assert_eq!(users(&sources, &PLAIN), "none from built in");
    assert_eq!(users(&sources, &STATED), "1 from stress/cases/search.rs:12");
    let mut text = String::new();
    for (i, (layer, expected)) in file_layers.into_iter().enumerate() {
        text = text + layer + "\n";
        // The profile has to be there before its own layer is; behind the text it moves no line.
        let missing = if i < 3 { "[profile.nightly]\n" } else { "" };
        let inherits = if i == 2 { "inherits = \"base\"\n" } else { "" };
        sources.file = Some(("stress/stress.toml".into(), format!("{text}{missing}{inherits}")));
        assert_eq!(users(&sources, &STATED), expected);
    }
    assert_eq!(users(&sources, &PLAIN), "5 from stress/stress.toml:11 [profile.nightly]");

    sources.environment.push(("PROOFLOAD_USERS".to_owned(), "9".to_owned()));
    assert_eq!(users(&sources, &STATED), "9 from PROOFLOAD_USERS");
    sources.command_line.push(set("search::sustained_search.users", "11"));
    sources.command_line.push(set("users", "10"));
    assert_eq!(users(&sources, &PLAIN), "10 from --set users=10");
    assert_eq!(users(&sources, &STATED), "11 from --set search::sustained_search.users=11");
}

#[test]
fn the_run_has_no_case_layers_but_profiles() {
    let file = "report = [\"json\", \"text\"]\nseed = 7\n[profile.nightly]\ndescription = \"all of it\"\n\
                include_slow = true\nseed = 0\n";
    let settings = load(file, &[("PROOFLOAD_PROFILE", "nightly")], &[("progress", "off")]).unwrap();
    assert_eq!(settings.profile(), "nightly");
    assert_eq!(settings.profile_description(), Some("all of it"));
    assert_eq!(settings.run().list("report"), ["json", "text"]);
    assert_eq!(settings.run().count("seed"), Some(0));
    assert!(settings.run().switch("include_slow"));
    assert!(settings.run().origin("include_slow").is_from_outside());
    assert!(!settings.run().origin("lock").is_from_outside());
    assert_eq!(settings.run().text("progress"), Some("off"));
    assert_eq!(shown(settings.run(), "profile"), "nightly from PROOFLOAD_PROFILE");

    let without = load(file, &[], &[]).unwrap();
    assert_eq!(without.profile(), "default");
    assert_eq!(without.run().count("seed"), Some(7));
    assert!(!without.run().switch("include_slow"));
}

#[test]
fn the_default_profile_can_be_written_too() {
    let settings = load("[profile.default]\nusers = 3\n", &[], &[]).unwrap();
    assert_eq!(users(&settings), "3 from stress/stress.toml:2 [profile.default]");
    let settings = load("", &[], &[("profile", "default")]).unwrap();
    assert_eq!(users(&settings), "none from built in");
}

#[test]
fn off_takes_a_limit_away_and_the_code_can_be_overruled() {
    let settings = load("max_memory = \"off\"\nmax_cpu = 0.5\nmax_concurrency = 0x100\n", &[], &[]).unwrap();
    let case = settings.for_case(&SEARCH);
    assert_eq!(case.portion("max_memory"), None);
    assert_eq!(shown(&case, "max_memory"), "off from stress/stress.toml:1");
    assert_eq!(shown(&case, "max_cpu"), "50% from stress/stress.toml:2");
    assert_eq!(case.count("max_concurrency"), Some(256));
    assert_eq!(shown(&case, "time_limit"), "10m from stress/cases/search.rs:12");
}

#[test]
fn numbers_in_the_file_may_be_numbers_or_texts() {
    let file = "users = 1_000\nrate = 2.5\ntime_scale = 2\nload_scale = \"0.5\"\nmin_samples = \"10\"\n\
                expect = [\"a < 1\", \"b < 2\"]\n";
    let case = load(file, &[], &[]).unwrap().for_case(&PLAIN);
    assert_eq!(case.count("users"), Some(1000));
    assert_eq!(case.rate("rate"), Some(crate::per_second(2.5)));
    assert_eq!(case.factor("time_scale"), 2.0);
    assert_eq!(case.factor("load_scale"), 0.5);
    assert_eq!(case.count("min_samples"), Some(10));
    assert_eq!(case.list("expect"), ["a < 1", "b < 2"]);
}

#[test]
fn an_override_with_two_selectors_needs_both() {
    let file = "[[override]]\ncase = \"cases::*\"\nmarker = \"slow\"\nusers = 3\n";
    let settings = load(file, &[], &[]).unwrap();
    assert_eq!(users(&settings), "3 from stress/stress.toml:4 [[override]]");
    assert_eq!(shown(&settings.for_case(&PLAIN), "users"), "none from built in");
}

#[test]
fn the_marker_expression_comes_ready_to_use() {
    let settings = load("", &[("PROOFLOAD_MARKER", "vectors or resource_intensive")], &[]).unwrap();
    assert!(settings.selection().unwrap().matches(|name| SEARCH.is_marked(name)));
    assert!(!settings.selection().unwrap().matches(|name| PLAIN.is_marked(name)));
    assert!(load("", &[], &[]).unwrap().selection().is_none());
}

#[test]
fn an_override_by_target_is_for_the_cases_that_have_it() {
    for selector in
        ["target = \"vector_index\"", "target = \"vec*\"", "target = \"vector_index\"\nmarker = \"slow\""]
    {
        let file = format!("[[override]]\n{selector}\nusers = 3\n");
        let settings = load(&file, &[], &[]).unwrap();
        assert!(users(&settings).starts_with("3 from stress/stress.toml:"), "{selector}");
        assert_eq!(shown(&settings.for_case(&PLAIN), "users"), "none from built in", "it has no target");
    }
    let file = "[[override]]\ntarget = \"vector_index\"\nmarker = \"not slow\"\nusers = 3\n";
    assert_eq!(users(&load(file, &[], &[]).unwrap()), "none from built in", "both have to hold");
    let file = "[profile.x]\n[[profile.x.override]]\ntarget = \"vector_index\"\nusers = 4\n";
    assert_eq!(
        users(&load(file, &[("PROOFLOAD_PROFILE", "x")], &[]).unwrap()),
        "4 from stress/stress.toml:4 [[profile.x.override]]"
    );
}

#[test]
fn targets_come_ready_to_use() {
    for (file, environment) in [
        ("target = [\"vector_index\"]\n", &[][..]),
        ("target = \"vector_index\"\n", &[]),
        ("", &[("PROOFLOAD_TARGET", "*x, vec????index")][..]),
    ] {
        let settings = load(file, environment, &[]).unwrap();
        let targets = settings.targets().unwrap();
        assert!(targets.matches(&SEARCH) && !targets.matches(&PLAIN), "{file}");
    }
    assert!(load("", &[("PROOFLOAD_TARGET", "")], &[]).unwrap().targets().is_none());
}
