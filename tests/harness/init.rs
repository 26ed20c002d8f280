//! `--init`: what it writes, what it leaves alone, and what it says. `tests/first_steps` has a whole package.

use std::fs;

use super::{fixture::Package, tests};

tests![
    it_writes_what_is_not_there,
    it_leaves_alone_what_is_there,
    it_shows_the_lines_for_other_files,
    what_cannot_be_written_is_told,
    nothing_is_written_where_the_suite_is_not,
];

fn it_writes_what_is_not_there() {
    let package = Package::new();
    let ended = package.suite(&["--init"]).env("CARGO_MANIFEST_DIR", "").run().exits(0);
    let wrote: Vec<&str> = ended.stdout.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(
        wrote,
        [
            "wrote  stress/stress.toml: every setting with its default, and the profiles ci, nightly and soak",
            "wrote  stress/cases/first.rs: a first case",
        ]
    );
    assert_eq!(ended.stderr, "");
    assert!(!package.reports().exists(), "nothing ran");
    package.run(&["fast_closed"]).exits(2).says("stress/cases/first.rs came after this build");

    fs::remove_file(package.file("stress/cases/first.rs")).unwrap();
    let ended = package.run(&["fast_closed", "--profile", "ci"]).exits(0);
    assert_eq!(ended.outcomes(), ["fast_closed ok"], "the settings are in order");
    assert_eq!(package.report()["profile"], "ci");
}

fn it_leaves_alone_what_is_there() {
    let package = Package::with_settings("users = 3\n");
    fs::create_dir(package.file("stress/cases")).unwrap();
    fs::write(package.file("stress/cases/first.rs"), "// mine\n").unwrap();
    let ended = package.run(&["--init"]).exits(0);
    let ended = ended.prints("left   stress/stress.toml alone: it is there already\n");
    ended.prints("left   stress/cases/first.rs alone: it is there already\n");
    let text = |path: &str| fs::read_to_string(package.file(path)).unwrap();
    assert_eq!(text("stress/stress.toml"), "users = 3\n");
    assert_eq!(text("stress/cases/first.rs"), "// mine\n");
}

fn it_shows_the_lines_for_other_files() {
    let ended = Package::new().run(&["--init"]).exits(0);
    for part in [
        "    [dev-dependencies]\n    proofload = ",
        "    [[test]]\n    name = \"fixture\"\n    path = \"stress/main.rs\"\n    harness = false\n",
        "    [profile.test] ",
        "    filter = 'binary(fixture)'\n    test-group = 'stress'\n",
        "      run: cargo test --test fixture -- --profile ci\n",
    ] {
        assert!(ended.stdout.contains(part), "{part}\n{ended}");
    }
    assert!(ended.stdout.ends_with("next: cargo test --test fixture\n"), "{ended}");
}

fn what_cannot_be_written_is_told() {
    let package = Package::new();
    fs::write(package.file("stress/cases"), "no folder").unwrap();
    let ended = package.run(&["--init"]).exits(74).says("error: stress/cases/first.rs cannot be written: ");
    assert_eq!(ended.stdout.lines().count(), 1, "what was written is told\n{ended}");
    assert!(package.file("stress/stress.toml").is_file());
}

fn nothing_is_written_where_the_suite_is_not() {
    let package = Package::new();
    fs::remove_file(package.file("stress/main.rs")).unwrap();
    let ended = package.run(&["--init"]).exits(74);
    assert_eq!(ended.stdout, "");
    ended.says("stress/main.rs is not there: --init writes beside the suite's main file");
    assert_eq!(fs::read_dir(package.file("stress")).unwrap().count(), 0);
}
