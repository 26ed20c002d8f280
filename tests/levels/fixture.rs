//! The suite as a process, and the report that it left.

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::PACKAGE;

/// Far more than any case here takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the report says of a case.
pub(crate) struct Seen {
    pub(crate) case: Value,
    /// Whether the suite ended as one that passed.
    pub(crate) passed: bool,
}

/// Runs one case of the suite, by its bare name.
pub(crate) fn run(case: &str) -> Seen {
    let ended = Ended::of(case, &[]);
    let report = read(&ended.home.path().join("reports/latest/report.json"));
    let report: Value =
        serde_json::from_str(&report).unwrap_or_else(|error| panic!("{case}: {error}\n{}", ended.said()));
    Seen { case: report["cases"][0].clone(), passed: ended.status.success() }
}

/// What the suite prints that is started for one case with these arguments.
pub(crate) fn said_by(case: &str, arguments: &[&str]) -> String {
    Ended::of(case, arguments).said()
}

/// A suite that has ended.
struct Ended {
    home: TempDir,
    status: ExitStatus,
}

impl Ended {
    fn of(case: &str, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let package = home.path().join("package");
        fs::create_dir_all(package.join("stress")).expect("a folder");
        fs::write(package.join("stress/main.rs"), "").expect("a file");
        let log = fs::File::create(home.path().join("log")).expect("a file");
        let mut command = Command::new(env::current_exe().expect("a path"));
        for (name, _value) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PROOFLOAD_") || text.starts_with("NEXTEST") {
                command.env_remove(&name);
            }
        }
        let mut suite = command
            .args(["--exact", &format!("cases::{case}")])
            .args(arguments)
            .current_dir(&package)
            .env(PACKAGE, package.canonicalize().expect("a path"))
            .env("PROOFLOAD_LOCK", "off")
            .env("PROOFLOAD_REPORT_DIR", home.path().join("reports"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("the suite starts");
        let began = Instant::now();
        loop {
            match suite.try_wait().expect("a child") {
                Some(status) => return Self { home, status },
                None if began.elapsed() > PATIENCE => {
                    suite.kill().expect("it runs");
                    suite.wait().expect("it ends");
                    panic!("{case} did not end:\n{}", read(&home.path().join("log")));
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// What it printed, with lines joined: sentences are wrapped for people.
    fn said(&self) -> String {
        read(&self.home.path().join("log")).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| format!("{}: {error}", path.display()))
}

impl Seen {
    /// The finding about this, as data.
    #[track_caller]
    pub(crate) fn found(&self, about: &str) -> &Value {
        let findings = self.case["findings"].as_array().expect("findings");
        let found = findings.iter().map(|finding| &finding["detail"]).find(|detail| detail["about"] == about);
        found.unwrap_or_else(|| panic!("nothing about {about}: {:#}", self.case["ending"]))
    }

    /// Whether each load measures or probes, by its name.
    pub(crate) fn purposes(&self) -> Vec<(&str, &str)> {
        let loads = self.case["loads"].as_array().expect("loads").iter();
        loads
            .map(|load| (load["load"].as_str().expect("a name"), load["purpose"].as_str().expect("a word")))
            .collect()
    }

    /// The steps that were announced.
    pub(crate) fn steps(&self) -> Vec<String> {
        let steps = self.case["steps"].as_array().expect("steps").iter();
        steps.map(|step| step["step"].as_str().expect("words").to_owned()).collect()
    }
}
