//! The suite of bad cases as a process: started, waited for, and what it left.

mod stage;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    PACKAGE,
    processes::{wait_for, with_environment},
    seen::Seen,
};

/// Until a run is given up: it takes 2 to 30 s.
const PATIENCE: Duration = Duration::from_secs(100);

/// Until what was killed is gone.
const AFTERMATH: Duration = Duration::from_secs(5);

/// A package with a suite of bad cases, in a temporary folder with everything that the suite may touch.
pub(crate) struct Fixture {
    home: TempDir,
    /// What this run sets: `case.key=value`.
    settings: Vec<String>,
    stage: stage::Stage,
}

/// A run of the suite that is over.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// From its start to its end.
    pub(crate) took: Duration,
    /// The process of the suite.
    pub(crate) supervisor: u32,
    fixture: Fixture,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::within(std::env::temp_dir())
    }

    /// The same in a folder of this one.
    pub(crate) fn within(folder: impl AsRef<Path>) -> Self {
        let home = tempfile::tempdir_in(folder).expect("a temporary folder");
        let fixture = Self { home, settings: Vec::new(), stage: stage::Stage::default() };
        for folder in ["package/stress", "tmp", "reports"] {
            fs::create_dir_all(fixture.home.path().join(folder)).expect("a folder");
        }
        fs::write(fixture.package().join("stress/main.rs"), "").expect("a file");
        fixture
    }

    /// Runs with this setting of a case: `case.key=value`.
    pub(crate) fn set(mut self, setting: String) -> Self {
        self.settings.push(setting);
        self
    }

    fn package(&self) -> PathBuf {
        self.home.path().join("package")
    }

    /// Where cases leave words, and the numbers of processes.
    pub(crate) fn word(&self, name: &str) -> Option<u32> {
        fs::read_to_string(self.package().join(name)).ok()?.trim().parse().ok()
    }

    /// Starts the suite with the cases that carry `marker`, and the good case after them.
    pub(crate) fn start(&self, marker: &str) -> Child {
        let home = self.home.path();
        let mut command = self.stage.command();
        for (name, _value) in std::env::vars_os() {
            let is_ours = |n: &str| ["PROOFLOAD_", "NEXTEST", "GITHUB_"].iter().any(|of| n.starts_with(of));
            if name.to_str().is_some_and(is_ours) {
                command.env_remove(name);
            }
        }
        let output = File::create(home.join("output")).expect("a file");
        command
            .args(["-m", &format!("{marker} or after")])
            .env(PACKAGE, self.package())
            // The longer last words.
            .env("RUST_BACKTRACE", "1")
            .env("PROOFLOAD_REPORT_DIR", home.join("reports"))
            .env("PROOFLOAD_LOCK", "off")
            .env("PROOFLOAD_PROGRESS", "off")
            .env("TMPDIR", home.join("tmp"))
            .args(self.settings.iter().flat_map(|setting| ["--set", setting.as_str()]))
            .envs(self.stage.environment())
            .current_dir(home)
            .stdout(output.try_clone().expect("a file"))
            .stderr(output);
        command.spawn().expect("the suite starts")
    }

    /// Runs the suite with the cases that carry `marker`, and the good case after them.
    pub(crate) fn run(self, marker: &str) -> Ended {
        let began = Instant::now();
        let mut suite = self.start(marker);
        let mut status = None;
        let has_ended = wait_for(PATIENCE, || {
            status = suite.try_wait().expect("our own child");
            status.is_some()
        });
        if !has_ended {
            suite.kill().expect("our own child");
            suite.wait().expect("our own child");
        }
        let took = began.elapsed();
        let Some(status) = status else { panic!("{marker} did not end in {PATIENCE:?}:\n{}", self.output()) };
        Ended { status, took, supervisor: suite.id(), fixture: self }
    }

    /// What the suite printed.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(self.home.path().join("output")).unwrap_or_default()
    }

    /// Asserts that nothing outlived the suite: no process and no temporary folder.
    pub(crate) fn assert_nothing_is_left(&self) {
        let package = self.package();
        let mut left = Vec::new();
        let is_clean = wait_for(AFTERMATH, || {
            left = with_environment(PACKAGE, &package);
            left.is_empty()
        });
        assert!(is_clean, "processes {left:?} are still there\n{}", self.output());
        let mut left = Vec::new();
        let is_clean = wait_for(AFTERMATH, || {
            left = fs::read_dir(self.home.path().join("tmp")).expect("a folder").collect();
            left.is_empty()
        });
        assert!(is_clean, "{left:?} are still there\n{}", self.output());
    }
}

/// A failing test leaves nothing behind either.
impl Drop for Fixture {
    fn drop(&mut self) {
        for pid in with_environment(PACKAGE, &self.package()) {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            // It may just have ended by itself.
            let _gone = pid.map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

impl Ended {
    /// The report of the bad case, after what holds for every run: the next case ran and passed, nothing is left.
    pub(crate) fn bad_case(&self, expected_status: i32) -> Seen {
        self.fixture.assert_nothing_is_left();
        let output = self.fixture.output();
        assert_eq!(self.status.code(), Some(expected_status), "{output}");
        let mut cases = self.cases();
        assert_eq!(cases.len(), 2, "{output}");
        let after = cases.pop().expect("two cases");
        assert_eq!(after.text("/name"), "cases::zz::zz_after");
        assert_eq!(after.fate(), "pass, returned, not stopped", "{:#}", after.0);
        cases.pop().expect("two cases")
    }

    /// Why the case was left out; the next one ran and passed.
    pub(crate) fn left_out(&self, name: &str) -> String {
        self.fixture.assert_nothing_is_left();
        assert_eq!(self.status.code(), Some(0), "{}", self.output());
        let cases = self.cases();
        assert_eq!(cases.len(), 1, "{}", self.output());
        assert_eq!(cases[0].fate(), "pass, returned, not stopped", "{:#}", cases[0].0);
        let run = Seen(json(&self.run_folder().join("report.json")));
        let ignored = run.at("/ignored").as_array().cloned().unwrap_or_default();
        let of_name = ignored.into_iter().map(Seen).find(|case| case.text("/name") == name);
        of_name.unwrap_or_else(|| panic!("{name} was not left out of {:#}", run.0)).text("/reason").to_owned()
    }

    /// What the suite printed.
    pub(crate) fn output(&self) -> String {
        self.fixture.output()
    }

    fn cases(&self) -> Vec<Seen> {
        let folder = self.run_folder().join("cases");
        let mut folders: Vec<PathBuf> = entries(&folder).collect();
        folders.sort();
        folders.iter().map(|folder| Seen(json(&folder.join("case.json")))).collect()
    }

    /// What was kept of the output of a case.
    pub(crate) fn output_of(&self, case: &Seen) -> String {
        let path = self.run_folder().join(case.text("/folder")).join("output.log");
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn run_folder(&self) -> PathBuf {
        self.fixture.home.path().join("reports/latest")
    }

    /// The number of a process that the case left as a word.
    pub(crate) fn word(&self, name: &str) -> u32 {
        self.fixture.word(name).unwrap_or_else(|| panic!("no word called {name}"))
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a folder that can be read").path())
}

fn json(path: &Path) -> serde_json::Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
