//! A package in a temporary folder, the fixture suite started for it, and what became of it.

use std::{
    cell::Cell,
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// Says that this program is the fixture, and names the folder of its package.
pub(super) const PACKAGE_VARIABLE: &str = "FIXTURE_PACKAGE";

/// Names the folder that the cases of the fixture say things in.
pub(super) const SAID_VARIABLE: &str = "FIXTURE_SAID";

/// Far more than anything here takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(50);

/// A package with a suite.
pub(super) struct Package {
    root: tempfile::TempDir,
    starts: Cell<u32>,
}

impl Package {
    /// One without settings.
    pub(super) fn new() -> Self {
        let package = Self { root: tempfile::tempdir().unwrap(), starts: Cell::new(0) };
        for folder in ["package/stress", "temporary", "said"] {
            fs::create_dir_all(package.root.path().join(folder)).unwrap();
        }
        fs::write(package.file("stress/main.rs"), "").unwrap();
        package
    }

    /// One with this `stress.toml`.
    pub(super) fn with_settings(text: &str) -> Self {
        let package = Self::new();
        fs::write(package.file("stress/stress.toml"), text).unwrap();
        package
    }

    /// Where the package and everything of it is.
    #[cfg(target_os = "linux")]
    pub(super) fn folder(&self) -> &Path {
        self.root.path()
    }

    /// A path in the package.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.root.path().join("package").join(path)
    }

    /// The folder in which each run gets its own.
    pub(super) fn reports(&self) -> PathBuf {
        self.root.path().join("reports")
    }

    /// A file of the newest run.
    pub(super) fn latest(&self, path: &str) -> PathBuf {
        self.reports().join("latest").join(path)
    }

    /// The newest `report.json`.
    #[track_caller]
    pub(super) fn report(&self) -> Value {
        json(&self.latest("report.json"))
    }

    /// The report of a case in the newest `report.json`.
    #[track_caller]
    pub(super) fn case(&self, name: &str) -> Value {
        let report = self.report();
        let cases = report["cases"].as_array().unwrap();
        let found = cases.iter().find(|case| case["name"] == format!("suite::{name}"));
        found.unwrap_or_else(|| panic!("{name} is not in the report: {report:#}")).clone()
    }

    /// The lines that cases have said so far in this file.
    pub(super) fn said(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.root.path().join("said").join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What is left in the folder for temporary files.
    pub(super) fn temporary_files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path().join("temporary")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    /// The suite with these arguments, ready to start: in the package's folder, with no setting but a report folder of
    /// its own and no turn to wait for.
    pub(super) fn suite(&self, arguments: &[&str]) -> Start {
        self.ready(Command::new(env::current_exe().unwrap()), arguments)
    }

    /// A program with these arguments, in the package's folder and with the suite's surroundings.
    pub(super) fn ready(&self, mut command: Command, arguments: &[&str]) -> Start {
        let number = self.starts.replace(self.starts.get() + 1);
        let printed = |stream: &str| self.root.path().join(format!("{stream}-{number}"));
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            // Neither the settings nor the runner of these tests are the suite's.
            if ["PROOFLOAD_", "NEXTEST", "GITHUB_", "OTEL_"].iter().any(|of| text.starts_with(of)) {
                command.env_remove(&name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.file(""))
            .env(PACKAGE_VARIABLE, self.file("").canonicalize().unwrap())
            .env(SAID_VARIABLE, self.root.path().join("said"))
            .env("PROOFLOAD_LOCK", "off")
            .env("PROOFLOAD_REPORT_DIR", self.reports())
            .env("TMPDIR", self.root.path().join("temporary"))
            .stdin(Stdio::null());
        Start { command, stdout: printed("stdout"), stderr: printed("stderr") }
    }

    /// Runs the suite with these arguments to its end.
    #[track_caller]
    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        self.suite(arguments).run()
    }
}

/// A suite about to start.
pub(super) struct Start {
    command: Command,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Start {
    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    #[cfg(target_os = "linux")]
    pub(super) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// In a process group of its own.
    #[cfg(target_os = "linux")]
    pub(super) fn in_a_group(mut self) -> Self {
        std::os::unix::process::CommandExt::process_group(&mut self.command, 0);
        self
    }

    #[track_caller]
    pub(super) fn start(mut self) -> Running {
        // Into files rather than pipes: whoever keeps a pipe open would keep the test waiting.
        self.command.stdout(fs::File::create(&self.stdout).unwrap());
        self.command.stderr(fs::File::create(&self.stderr).unwrap());
        let child = self.command.spawn().unwrap();
        Running { child, stdout: self.stdout, stderr: self.stderr }
    }

    #[track_caller]
    pub(super) fn run(self) -> Ended {
        self.start().end()
    }

    /// Starts it on a terminal.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(super) fn start_on(mut self, terminal: &fs::File) -> Running {
        self.command.stdout(terminal.try_clone().unwrap()).stderr(terminal.try_clone().unwrap());
        let child = self.command.spawn().unwrap();
        Running { child, stdout: self.stdout, stderr: self.stderr }
    }
}

/// A suite that runs. It is killed when nobody waits for its end.
pub(super) struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    #[cfg(target_os = "linux")]
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    #[cfg(target_os = "linux")]
    pub(super) fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// Waits for the end; one that does not come is a failure.
    #[track_caller]
    pub(super) fn end(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if began.elapsed() > PATIENCE => {
                    panic!("it did not end\n{}\n{}", read(&self.stdout), read(&self.stderr))
                }
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        Ended { status, stdout: read(&self.stdout), stderr: read(&self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails when it has ended, which is the usual case.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What a suite printed and how it exited.
#[derive(Debug)]
pub(super) struct Ended {
    status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ended {
    /// Requires an exit status.
    #[track_caller]
    pub(super) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status.code(), Some(status), "{self}");
        self
    }

    #[cfg(target_os = "linux")]
    pub(super) fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    #[cfg(target_os = "linux")]
    pub(super) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// Requires a text on standard output.
    #[track_caller]
    pub(super) fn prints(self, text: &str) -> Self {
        let has = self.stdout.contains(text) || unwrapped(&self.stdout).contains(text);
        assert!(has, "{text:?} is not on standard output\n{self}");
        self
    }

    /// Requires a text on standard error.
    #[track_caller]
    pub(super) fn says(self, text: &str) -> Self {
        let has = self.stderr.contains(text) || unwrapped(&self.stderr).contains(text);
        assert!(has, "{text:?} is not on standard error\n{self}");
        self
    }

    /// What libtest-mimic said of each case that was not filtered out: `fast_open ok`, in the order of the run.
    pub(super) fn outcomes(&self) -> Vec<String> {
        let lines = self.stdout.lines().filter_map(|line| line.strip_prefix("test suite::"));
        let words = |line: &str| {
            let (name, outcome) = line.split_once(" ... ").unwrap_or((line, ""));
            format!("{} {outcome}", name.trim_end())
        };
        lines.map(words).collect()
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n--- stdout\n{}--- stderr\n{}", self.status, self.stdout, self.stderr)
    }
}

/// Looks until there is something to see.
#[track_caller]
pub(super) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A file as JSON.
#[track_caller]
pub(super) fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// A text with its lines joined: sentences are wrapped for people.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
