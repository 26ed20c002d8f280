//! The suite under nextest, where that is installed. It starts a process for each case, and again for each try.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

use serde_json::{Value, json};

use super::{
    Impossible,
    fixture::{self, Ended, Package, Start},
    tests,
};

tests![
    ; where possible:
    a_second_try_is_the_same_case,
    alerts_of_all_its_processes_are_told_and_gathered,
    its_timeout_leaves_a_whole_report,
    several_nodes_meet_anew_for_each_case,
    shards_make_up_the_whole,
];

/// Its exit status when a test failed.
const TEST_RUN_FAILED: i32 = 100;

/// What `cargo` says of this workspace, as nextest wants it in a file.
fn workspace() -> Result<String, Impossible> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--offline", "--manifest-path"];
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo).args(arguments).arg(manifest).output();
    let output = output.map_err(|error| Impossible(format!("cargo metadata: {error}")))?;
    let is_good = output.status.success();
    is_good
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        .ok_or_else(|| Impossible("cargo metadata knows nothing without the network".to_owned()))
}

/// What nextest would find out by building: that this program is the one test of the package.
fn binaries(workspace: &str, folder: &Path) -> Value {
    let workspace: Value = serde_json::from_str(workspace).unwrap();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let packages = workspace["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["manifest_path"] == manifest).unwrap();
    json!({
        "rust-build-meta": {
            "target-directory": folder,
            "base-output-directories": [],
            "non-test-binaries": {},
            "linked-paths": []
        },
        "rust-binaries": {
            "proofload::suite": {
                "binary-id": "proofload::suite",
                "binary-name": "suite",
                "package-id": package["id"],
                "kind": "test",
                "binary-path": env::current_exe().unwrap(),
                "build-platform": "target"
            }
        }
    })
}

/// nextest with this configuration and these arguments, ready to run the suite of `package`.
fn nextest(package: &Package, profile: &str, arguments: &[&str]) -> Result<Start, Impossible> {
    let version = Command::new("cargo-nextest").args(["nextest", "--version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        return Err(Impossible("cargo-nextest is not installed".to_owned()));
    }
    let workspace = workspace()?;
    let file = |name: &str| package.file(name);
    fs::write(file("binaries.json"), binaries(&workspace, &file("target")).to_string()).unwrap();
    fs::write(file("workspace.json"), workspace).unwrap();
    fs::write(file("nextest.toml"), format!("[profile.default]\n{profile}\n")).unwrap();
    let mut command = Command::new("cargo-nextest");
    command.args(["nextest", "run", "--binaries-metadata"]).arg(file("binaries.json"));
    command
        .arg("--cargo-metadata")
        .arg(file("workspace.json"))
        .arg("--config-file")
        .arg(file("nextest.toml"));
    Ok(package.ready(command, arguments))
}

/// The names of the cases of a run.
fn names(report: &Value) -> Vec<String> {
    let cases = report["cases"].as_array().unwrap();
    cases.iter().map(|case| case["name"].as_str().unwrap().trim_start_matches("suite::").to_owned()).collect()
}

/// What nextest says at the end of a run, which it says on standard error.
#[track_caller]
fn summed_up(ended: Ended, text: &str) {
    ended.says(text);
}

fn a_second_try_is_the_same_case() -> Result<(), Impossible> {
    let package = Package::new();
    let asked = "test(second_try) + test(fast_closed) + test(late_slow)";
    let arguments = ["--run-ignored", "all", "-E", asked];
    let ended = nextest(&package, "retries = 1\nfail-fast = false", &arguments)?.run().exits(0);
    summed_up(ended, "3 tests run: 3 passed (1 flaky)");
    let report = package.report();
    assert_eq!(names(&report), ["fast_closed", "late_slow", "second_try"]);
    assert_eq!((&report["summary"]["passed"], &report["summary"]["failed"]), (&3.into(), &0.into()));
    assert_eq!(package.case("fast_closed")["attempt"], 1);
    let second = package.case("second_try");
    assert_eq!((&second["attempt"], &second["verdict"]), (&2.into(), &"pass".into()));
    let away = "cases/suite.second_try.attempt-1";
    assert_eq!(second["warnings"], json!([format!("attempt 1 of this run ended: fail; it is in {away}")]));
    let first = fixture::json(&package.latest(&format!("{away}/case.json")));
    assert_eq!((&first["attempt"], &first["verdict"]), (&1.into(), &"fail".into()));
    assert_eq!(first["seed"], second["seed"], "it is the same test that is tried again");
    let runs = fs::read_dir(package.reports()).unwrap().count();
    assert_eq!(runs, 3, "one run, `latest`, and the history");
    Ok(())
}

fn alerts_of_all_its_processes_are_told_and_gathered() -> Result<(), Impossible> {
    let package = Package::new();
    let command = super::alerts::command(&package, "keep");
    let asked = ["-E", "test(fast_closed) + test(fast_nightly)"];
    nextest(&package, "", &asked)?
        .env("PROOFLOAD_ALERT_MEMORY", "1kB")
        .env("PROOFLOAD_ALERT_CPU", "off")
        .env("PROOFLOAD_ON_ALERT", command)
        .run()
        .exits(0);
    let report = package.report();
    let cases: Vec<&Value> =
        report["alerts"].as_array().unwrap().iter().map(|alert| &alert["case"]).collect();
    assert_eq!(cases, ["suite::fast_closed", "suite::fast_nightly"]);
    assert_eq!(super::alerts::taken(&package).len(), 2);
    assert_eq!(report["statistics"]["peak_memory_bytes"]["cases"], 2);
    Ok(())
}

fn its_timeout_leaves_a_whole_report() -> Result<(), Impossible> {
    if !cfg!(unix) {
        return Err(Impossible("without signals it ends a test at once".to_owned()));
    }
    let package = Package::new();
    let profile = "slow-timeout = { period = \"3s\", terminate-after = 1, grace-period = \"20s\" }";
    let asked = ["-E", "test(long_first) + test(fast_closed)", "--no-fail-fast"];
    let ended = nextest(&package, profile, &asked)?.run().exits(TEST_RUN_FAILED);
    summed_up(ended, "2 tests run: 1 passed, 1 timed out");
    let report = package.report();
    assert_eq!(names(&report), ["fast_closed", "long_first"]);
    assert_eq!(report["stopped"], "the run was asked to end (SIGTERM to the supervisor)");
    let case = package.case("long_first");
    assert_eq!((&case["verdict"], &case["stop"]["reason"]), (&"aborted".into(), &"terminated".into()));
    assert_eq!(case["loads"][0]["complete"], true);
    let counts = &case["loads"][0]["total"]["counts"];
    assert!(counts["ok"].as_u64().unwrap() > 0 && counts["due"] == counts["ok"], "{counts:#}");
    assert_eq!(package.temporary_files(), [""; 0]);
    Ok(())
}

fn several_nodes_meet_anew_for_each_case() -> Result<(), Impossible> {
    #[cfg(not(unix))]
    return Err(Impossible("the broker is started on Unix only".to_owned()));
    #[cfg(unix)]
    {
        use super::broker::{Broker, is_required, program};
        if program().is_none() {
            assert!(!is_required(), "nats-server is not on PATH: install it");
            return Err(Impossible("nats-server is not on PATH: install it".to_owned()));
        }
        let broker = Broker::start();
        let packages = [Package::new(), Package::new()];
        let node = |number: usize| {
            let asked = ["-E", "test(fast_closed) + test(fast_nightly)", "-j", "1"];
            let node = nextest(&packages[number], "", &asked)?.env("PROOFLOAD_CLUSTER", broker.url());
            Ok(node.env("PROOFLOAD_NODES", "2").env("PROOFLOAD_NODE", number.to_string()))
        };
        let other = node(1)?.start();
        node(0)?.run().exits(0);
        other.end().exits(0);
        assert_eq!(names(&packages[0].report()), ["fast_closed", "fast_nightly"]);
        for (case, of_each) in [("fast_closed", [20, 10]), ("fast_nightly", [3, 0])] {
            let case = packages[0].case(case);
            let nodes = case["loads"][0]["nodes"].as_array().unwrap();
            let due: Vec<&Value> = nodes.iter().map(|node| &node["counts"]["due"]).collect();
            assert_eq!(due, of_each, "{case:#}");
        }
        Ok(())
    }
}

fn shards_make_up_the_whole() -> Result<(), Impossible> {
    let package = Package::new();
    let mut all = BTreeSet::new();
    let mut count = 0;
    for shard in ["count:1/2", "count:2/2"] {
        nextest(&package, "", &["-E", "test(fast_)", "--partition", shard])?.run().exits(0);
        let names = names(&package.report());
        assert_eq!(names.len(), 3, "{names:?}");
        count += names.len();
        all.extend(names);
    }
    assert_eq!((all.len(), count), (6, 6), "no case is in two shards: {all:?}");
    assert_eq!(
        fs::read_dir(package.reports()).unwrap().count(),
        4,
        "each is a run, `latest`, and the history"
    );
    Ok(())
}
