//! Runs one case of the bundled suite on a target with a defect.

use std::{
    env,
    path::PathBuf,
    process::{Command, Output},
    sync::{Mutex, OnceLock, PoisonError},
};

use serde_json::Value;

/// One case at a time: they would only wait for each other.
static TURN: Mutex<()> = Mutex::new(());

/// The suite with a defect.
pub(crate) struct Twin {
    defect: &'static str,
}

impl Twin {
    pub(crate) fn with(defect: &'static str) -> Self {
        Self { defect }
    }

    /// Requires that `case` fails, not for want of data but on what it measured, and that its report says why in words
    /// that hold `why`.
    pub(crate) fn fails(&self, case: &str, why: &str) {
        let report = self.run(case);
        let verdict = report.pointer("/verdict").and_then(Value::as_str);
        assert_eq!(verdict, Some("fail"), "{case} on a target with `{}`: {report:#}", self.defect);
        let told = report.to_string();
        assert!(told.contains(why), "the report of {case} does not say {why:?}: {report:#}");
    }

    /// The same of a case that needs something: where that is missing, the case is left out, and there is nothing to see.
    pub(crate) fn fails_where_it_runs(&self, case: &str, why: &str) {
        match self.left_out(case) {
            Some(reason) => eprintln!("{case} is left out here: {reason}"),
            None => self.fails(case, why),
        }
    }

    /// Why `case` is left out here, if it is: a dry run tells.
    fn left_out(&self, case: &str) -> Option<String> {
        let name = format!("cases::{case}::{case}");
        let output = Command::new(suite())
            .args(["--include-all", "--dry-run", "--exact", &name])
            .env("STRESS_DEFECT", self.defect)
            .env_remove("NEXTEST_RUN_ID")
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GITHUB_STEP_SUMMARY")
            .output()
            .expect("the suite starts");
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let reason = stdout.split_once("ignored (").expect("a dry run ignores").1;
        (!reason.starts_with("dry run")).then(|| reason.lines().next().unwrap_or_default().to_owned())
    }

    /// The report of `case`.
    fn run(&self, case: &str) -> Value {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("there is room for a report");
        let name = format!("cases::{case}::{case}");
        let output = Command::new(suite())
            .args(["--include-all", "--report", "json", "--report-dir"])
            .arg(folder.path())
            .args(["--exact", &name])
            .env("STRESS_DEFECT", self.defect)
            .env_remove("NEXTEST_RUN_ID")
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GITHUB_STEP_SUMMARY")
            .output()
            .expect("the suite starts");
        let file = folder.path().join("latest").join("report.json");
        let report = std::fs::read(&file).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
        let mut report: Value = serde_json::from_slice(&report).expect("the report is JSON");
        let cases = report.pointer_mut("/cases").and_then(Value::as_array_mut).expect("the report has cases");
        assert_eq!(cases.len(), 1, "one case ran: {}", said(&output));
        cases.remove(0)
    }
}

/// The suite's program, built at the first call.
fn suite() -> &'static PathBuf {
    static SUITE: OnceLock<PathBuf> = OnceLock::new();
    SUITE.get_or_init(|| {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What cargo tells its tests of their package: build scripts of others look at it, and would run again.
        let told = env::vars_os().map(|(name, _)| name).filter(|name| {
            let name = name.to_string_lossy();
            name == "OUT_DIR" || name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_")
        });
        for name in told {
            cargo.env_remove(name);
        }
        let output = cargo
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["test", "-p", "proofload", "--test", "stress", "--no-run", "--message-format", "json"])
            .env_remove("NEXTEST_RUN_ID")
            .output()
            .expect("cargo starts");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let built =
            stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|line| {
                let is_suite = line.pointer("/target/name").and_then(Value::as_str) == Some("stress");
                is_suite.then(|| line.get("executable")?.as_str().map(PathBuf::from)).flatten()
            });
        built.unwrap_or_else(|| panic!("cargo built no suite: {}", said(&output)))
    })
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
