//! Nodes as processes, and what they left.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{PACKAGE, broker::Broker, hosts::Hosts};

/// Far more than any case here takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A node that runs.
pub(crate) struct Node {
    pub(crate) number: u32,
    home: PathBuf,
    child: Child,
}

/// Nodes that run.
pub(crate) struct Nodes {
    pub(crate) all: Vec<Node>,
    home: Arc<TempDir>,
}

/// What a node left.
pub(crate) struct Left {
    pub(crate) status: Option<i32>,
    pub(crate) said: String,
    home: PathBuf,
    /// Goes when the last of them has gone.
    _whole: Arc<TempDir>,
}

/// How a node is started.
pub(crate) struct Start<'a> {
    pub(crate) broker: &'a Broker,
    pub(crate) case: &'a str,
    pub(crate) nodes: u32,
    pub(crate) arguments: &'a [&'a str],
    pub(crate) environment: &'a [(&'a str, &'a str)],
    /// The hosts that the nodes run on, if not this machine.
    pub(crate) hosts: Option<&'a Hosts>,
}

impl Start<'_> {
    pub(crate) fn all(&self) -> Nodes {
        let home = tempfile::tempdir().expect("a temporary folder");
        let program = env::current_exe().expect("a path");
        let all = (0..self.nodes).map(|number| self.node(home.path(), number, &program)).collect();
        Nodes { all, home: Arc::new(home) }
    }

    /// Starts a node in a folder below `home`.
    pub(crate) fn node(&self, home: &Path, number: u32, program: &Path) -> Node {
        let home = home.join(format!("node-{number}"));
        let package = home.join("package");
        fs::create_dir_all(package.join("stress")).expect("a folder");
        fs::write(package.join("stress/main.rs"), "").expect("a file");
        let log = fs::File::create(home.join("log")).expect("a file");
        let on = self.hosts.map_or_else(Vec::new, |hosts| hosts.on(number));
        let mut command = match on.split_first() {
            None => Command::new(program),
            Some((first, others)) => {
                let mut command = Command::new(first);
                command.args(others).arg(program);
                command
            }
        };
        for (name, _value) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PROOFLOAD_") || text.starts_with("NEXTEST") {
                command.env_remove(&name);
            }
        }
        let child = command
            .args(["--exact", &format!("cases::{}", self.case)])
            .args(["--cluster", &self.broker.url(), "--nodes", &self.nodes.to_string()])
            .args(["--node", &number.to_string()])
            .args(self.arguments)
            .current_dir(&package)
            .env(PACKAGE, package.canonicalize().expect("a path"))
            .env("PROOFLOAD_LOCK", "off")
            .env("PROOFLOAD_REPORT_DIR", home.join("reports"))
            .envs(self.environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("the suite starts");
        Node { number, home, child }
    }
}

impl Nodes {
    pub(crate) fn wait(self) -> Vec<Left> {
        let home = self.home;
        self.all.into_iter().map(|node| node.wait(&home)).collect()
    }
}

impl Node {
    pub(crate) fn wait(mut self, whole: &Arc<TempDir>) -> Left {
        let began = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status.code(),
                None if began.elapsed() > PATIENCE => {
                    self.signal(rustix::process::Signal::KILL);
                    self.child.wait().expect("it ends");
                    panic!("node {} did not end:\n{}", self.number, read(&self.home.join("log")));
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let said = read(&self.home.join("log")).split_whitespace().collect::<Vec<_>>().join(" ");
        Left { status, said, home: self.home.clone(), _whole: Arc::clone(whole) }
    }

    /// Sends a signal to the supervisor of the node.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let _gone = rustix::process::kill_process(pid.expect("a pid"), signal);
    }

    /// Sends a signal to the process of the node's case.
    pub(crate) fn signal_case(&self, signal: rustix::process::Signal) {
        let line = self.journal().into_iter().next().expect("it has begun");
        let pid = line["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(rustix::process::Pid::from_raw).expect("a pid");
        let _gone = rustix::process::kill_process(pid, signal);
    }

    /// Waits until its case has told this many slices.
    pub(crate) fn until_slices(&self, slices: usize) {
        let began = Instant::now();
        while self.journal().iter().filter(|event| event["event"] == "slice").count() < slices {
            assert!(began.elapsed() < PATIENCE, "node {}: {}", self.number, read(&self.home.join("log")));
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn journal(&self) -> Vec<Value> {
        journal(&self.home)
    }
}

impl Left {
    /// The report of node 0's case.
    #[track_caller]
    pub(crate) fn case(&self) -> Value {
        let path = self.home.join("reports/latest/report.json");
        let text =
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}\n{}", path.display(), self.said));
        let report: Value = serde_json::from_slice(&text).expect("JSON");
        report["cases"][0].clone()
    }

    /// What this node did of each load, by its journal.
    pub(crate) fn shares(&self) -> Vec<Value> {
        journal(&self.home).into_iter().filter(|event| event["event"] == "share").collect()
    }

    /// A file of its run's folder.
    pub(crate) fn file(&self, name: &str) -> String {
        let run = folder(&self.home).unwrap_or_else(|| panic!("no run: {}", self.said));
        read(&run.join(name))
    }
}

/// The folder of the one run below a node's.
fn folder(home: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(home.join("reports")).ok()?;
    let mut folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.join("cases").is_dir());
    folders.next()
}

fn journal(home: &Path) -> Vec<Value> {
    let Some(run) = folder(home) else { return Vec::new() };
    let cases = fs::read_dir(run.join("cases")).into_iter().flatten().flatten();
    let text: String = cases
        .map(|case| fs::read_to_string(case.path().join("journal.ndjson")).unwrap_or_default())
        .collect();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| format!("{}: {error}", path.display()))
}
