//! Baselines from outside: saved, compared, told and, where that is asked for, a reason to fail.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::{
    fixture::{self, Ended, Package},
    tests,
};

tests![
    what_is_like_the_baseline_is_the_same,
    what_got_slower_fails_only_when_asked,
    another_machine_is_not_compared,
    a_baseline_of_choice_and_its_keys,
    only_what_passes_is_saved,
    nextest_processes_save_one_run,
    an_unknown_baseline_is_a_mistake,
    a_broken_file_is_named,
    a_gate_without_a_baseline_is_a_mistake,
    a_list_asks_for_no_baseline,
];

/// Ten operations that sleep for as long as `PACE` says.
const CASE: [&str; 2] = ["--exact", "suite::fast_plain"];

/// Milliseconds that an operation of the case takes.
const PACE: &str = "FIXTURE_PACE_MS";

/// Far slower than the usual millisecond, on any machine.
const SLOW: &str = "200";

fn run_at(package: &Package, pace: &str, arguments: &[&str]) -> Ended {
    package.suite(&[&CASE, arguments].concat()).env(PACE, pace).run()
}

/// The files of a baseline, in the order of their names.
fn files(package: &Package, name: &str) -> Vec<PathBuf> {
    let folder = package.reports().join("baselines").join(name);
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files
}

fn edit(file: &PathBuf, change: impl Fn(&mut Value)) {
    let mut run = fixture::json(file);
    change(&mut run);
    fs::write(file, run.to_string()).unwrap();
}

/// Everything that is compared of the case, times a factor.
fn scale(run: &mut Value, factor: f64) {
    let case = &mut run["cases"][0];
    let load = "/loads/0";
    for figure in ["response/p50_us", "goodput_per_sec", "cpu_s"].map(|figure| format!("{load}/{figure}")) {
        let value = case.pointer_mut(&figure).unwrap();
        *value = json!(value.as_f64().unwrap() * factor);
    }
    let memory = &mut case["peak_memory_bytes"];
    *memory = json!((memory.as_f64().unwrap() * factor) as u64);
}

fn comparison(package: &Package) -> Value {
    package.case("fast_plain")["comparison"].clone()
}

/// The answer to a figure of the case.
fn change(comparison: &Value, name: &str) -> Value {
    let figures = comparison["figures"].as_array().unwrap();
    let found = figures.iter().find(|figure| figure["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {comparison:#}"))["change"].clone()
}

fn what_is_like_the_baseline_is_the_same() {
    let package = Package::new();
    for _ in 0..3 {
        run_at(&package, "1", &["--save-baseline", "main"]).exits(0).says("saved 1 case as baseline main: ");
    }
    assert!(comparison(&package).is_null(), "nothing was to be compared");
    let files = files(&package, "main");
    assert_eq!(files.len(), 3);
    // A baseline that this run is in the middle of, however busy the machine is.
    edit(&files[0], |run| scale(run, 1e-3));
    edit(&files[2], |run| scale(run, 1e3));
    let asked = ["--baseline", "main", "--fail-on-regression", "--set", "regression_level=30%"];
    let ended = run_at(&package, "1", &asked).exits(0).says("baseline main: 5 same · 1 run against 3");
    assert_eq!(ended.outcomes(), ["fast_plain ok"]);
    let found = comparison(&package);
    assert_eq!((&found["change"], &found["baseline_runs"]), (&"same".into(), &3.into()), "{found:#}");
    assert_eq!(change(&found, "error_rate"), "same");
    assert_eq!(
        package.report()["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|w| w.to_string().contains("baseline"))
            .count(),
        0
    );
}

fn what_got_slower_fails_only_when_asked() {
    let package = Package::new();
    for _ in 0..3 {
        run_at(&package, "1", &["--save-baseline", "main"]).exits(0);
    }
    // Alone against three it cannot tell; three against three can.
    let asked = ["--baseline", "main", "--save-baseline", "slow"];
    for _ in 0..2 {
        run_at(&package, SLOW, &asked).exits(0).says("cannot tell: ");
        assert_eq!(change(&comparison(&package), "response_p50"), "inconclusive");
    }
    run_at(&package, SLOW, &asked).exits(0).says("worse load response p50 2");
    let found = comparison(&package);
    assert_eq!((&found["change"], change(&found, "response_p50")), (&"worse".into(), "worse".into()));
    assert_eq!((&found["new_runs"], change(&found, "error_rate")), (&3.into(), "same".into()));
    assert_eq!(package.case("fast_plain")["verdict"], "pass");

    let ended = run_at(&package, SLOW, &[&asked[..], &["--fail-on-regression"]].concat()).exits(101);
    assert_eq!(ended.outcomes(), ["fast_plain FAILED"]);
    ended.prints("! worse than baseline main: load response p50 2").says("saved 1 case as baseline slow: ");
    assert_eq!(package.case("fast_plain")["verdict"], "fail");
    assert_eq!(package.report()["summary"]["failed"], 1);
    assert_eq!(fixture::json(&package.latest("cases/suite.fast_plain/case.json"))["verdict"], "fail");
    assert_eq!((files(&package, "main").len(), files(&package, "slow").len()), (3, 4));

    // A baseline does not take in what it calls worse.
    let joining = ["--baseline", "main", "--save-baseline", "main", "--fail-on-regression"];
    let ended =
        run_at(&package, SLOW, &[&joining[..], &["--set", "regression_level=30%"]].concat()).exits(101);
    ended.says(
        "nothing was saved as baseline main; only what passes is saved, so not suite::fast_plain (fail)",
    );
    assert_eq!(files(&package, "main").len(), 3);
}

fn another_machine_is_not_compared() {
    let package = Package::new();
    run_at(&package, "1", &["--save-baseline", "main"]).exits(0);
    edit(&files(&package, "main")[0], |run| run["environment"]["machine"]["cpu_model"] = "Z80".into());
    run_at(&package, SLOW, &["--baseline", "main", "--fail-on-regression"])
        .exits(0)
        .says("not comparable: the processor was Z80 and is ")
        .says("warning: baseline main does not tell whether these got worse");
    let found = comparison(&package);
    assert_eq!((&found["change"], &found["figures"]), (&"not_comparable".into(), &json!([])));
}

fn a_baseline_of_choice_and_its_keys() {
    let package = Package::with_settings(
        "save_baseline = \"main\"\nbaseline_dir = \"kept\"\n[profile.gate]\nbaseline = \"main\"\nfail_on_regression = true\n",
    );
    run_at(&package, "1", &[]).exits(0).says("saved 1 case as baseline main: kept/main/");
    assert!(!package.reports().join("baselines").exists());
    // Another profile is another load, for all that is known.
    run_at(&package, "1", &["--profile", "gate"]).exits(0).says("the profile was default and is gate");
    let variables =
        package.suite(&CASE).env("PROOFLOAD_BASELINE", "main").env("PROOFLOAD_SAVE_BASELINE", "other");
    variables.run().exits(0).says("baseline main: 5 inconclusive").says("as baseline other: ");
    assert_eq!(fs::read_dir(package.file("kept/other")).unwrap().count(), 2, "the run, and the lock");

    // The first run of a baseline that each run joins.
    let first = package.suite(&CASE).env("PROOFLOAD_BASELINE", "new").env("PROOFLOAD_SAVE_BASELINE", "new");
    first.run().exits(0).says("the baseline does not have this case");
}

fn only_what_passes_is_saved() {
    let package = Package::new();
    let ended = package.run(&["fast_plain", "--save-baseline", "some"]).exits(0);
    ended.says("saved 1 case");
    package
        .run(&[
            "a",
            "--skip",
            "suite::long",
            "--skip",
            "suite::late",
            "--skip",
            "watched",
            "--save-baseline",
            "some",
        ])
        .exits(101)
        .says("only what passes is saved, so not suite::bad_error (fail), ");
    let names = |file: &PathBuf| -> Vec<String> {
        let run = fixture::json(file);
        run["cases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| case["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let saved = names(files(&package, "some").last().unwrap());
    assert!(saved.contains(&"suite::fast_open".to_owned()), "{saved:?}");
    assert!(saved.iter().all(|name| name.starts_with("suite::fast_")), "{saved:?}");
}

fn nextest_processes_save_one_run() {
    let package = Package::new();
    let start = |case: &str| {
        let suite = package.suite(&["--exact", case, "--nocapture"]);
        suite.env("NEXTEST_RUN_ID", "0af5-17").env("PROOFLOAD_SAVE_BASELINE", "main").start()
    };
    let running = ["suite::fast_open", "suite::fast_closed", "suite::fast_plain"].map(start);
    running.into_iter().for_each(|running| drop(running.end().exits(0)));
    let files = files(&package, "main");
    assert_eq!(files.len(), 1, "{files:?}");
    let run = fixture::json(&files[0]);
    let names: Vec<_> = run["cases"].as_array().unwrap().iter().map(|case| case["name"].clone()).collect();
    assert_eq!(json!(names), json!(["suite::fast_closed", "suite::fast_open", "suite::fast_plain"]));
    assert_eq!((&run["run_id"], &run["schema_version"]), (&"0af5-17".into(), &1.into()));
}

/// Requires one error, status 2, and that nothing ran.
#[track_caller]
fn refused(package: &Package, arguments: &[&str], error: &str) {
    let runs = || fs::read_dir(package.reports()).map_or(0, Iterator::count);
    let before = runs();
    let ended = package.run(&[&CASE, arguments].concat()).exits(2).says(error);
    assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{ended}");
    assert_eq!(runs(), before, "nothing ran");
}

fn an_unknown_baseline_is_a_mistake() {
    let package = Package::new();
    refused(&package, &["--baseline", "main"], "error: --baseline main: no baseline is called \"main\" in ");
    for name in ["main", "nightly"] {
        run_at(&package, "1", &["--save-baseline", name]).exits(0);
    }
    let known = "did you mean \"main\"? known baselines: main, nightly; --save-baseline mian makes it";
    refused(&package, &["--baseline", "mian"], known);
    for name in ["a/b", "..", "a b"] {
        let error = format!("{name}: {name:?} cannot be the name of a baseline: ");
        refused(&package, &["--save-baseline", name], &format!("error: --save-baseline {error}"));
        refused(&package, &["--baseline", name], &format!("error: --baseline {error}"));
    }
}

fn a_broken_file_is_named() {
    let package = Package::new();
    run_at(&package, "1", &["--save-baseline", "main"]).exits(0);
    let file = files(&package, "main").remove(0);
    let text = fs::read_to_string(&file).unwrap();
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    fs::write(&file, half).unwrap();
    let error = format!("error: --baseline main: {} is not a saved run: EOF", file.display());
    refused(&package, &["--baseline", "main"], &error);
    edit_version(&file, &text);
    refused(&package, &["--baseline", "main"], "is a saved run of version 99, and this is version 1");
}

fn edit_version(file: &PathBuf, text: &str) {
    fs::write(file, text.replacen("\"schema_version\": 1", "\"schema_version\": 99", 1)).unwrap();
}

fn a_gate_without_a_baseline_is_a_mistake() {
    let package = Package::new();
    refused(
        &package,
        &["--fail-on-regression"],
        "error: --fail-on-regression: fail_on_regression has nothing to compare with: name a baseline",
    );
    refused(
        &package,
        &["--set", "regression_level=60%"],
        "error: --set regression_level=60%: regression_level = 60%: from 50% on",
    );
}

fn a_list_asks_for_no_baseline() {
    let package = Package::new();
    package.run(&["--list", "--baseline", "nowhere"]).exits(0).prints("suite::fast_plain: test");
}
