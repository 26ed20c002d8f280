//! A NATS server of a test's own.

use std::{
    env,
    fs::File,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// Until the server has to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A broker that runs until this is dropped.
pub(crate) struct Broker {
    program: PathBuf,
    arguments: Vec<String>,
    address: String,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

/// The program of the server, if it is installed.
pub(crate) fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/bin".into()]);
    folders.map(|folder| folder.join("nats-server")).find(|program| program.is_file())
}

/// Whether a machine without the server fails the tests.
pub(crate) fn is_required() -> bool {
    let without = env::var("STRESS_WITHOUT").unwrap_or_default();
    env::var_os("CI").is_some_and(|ci| !ci.is_empty())
        && !without.split_whitespace().any(|name| name == "nats")
}

impl Broker {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::at("127.0.0.1", arguments)
    }

    pub(crate) fn at(address: &str, arguments: &[&str]) -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("it").port();
        let mut broker = Self {
            program: program().expect("the tests are left out without it"),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            address: address.to_owned(),
            port,
            folder: tempfile::tempdir().expect("a temporary folder"),
            child: None,
        };
        broker.again();
        broker
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}:{}", self.address, self.port)
    }

    /// Starts it on the same port as before.
    pub(crate) fn again(&mut self) {
        let log =
            File::options().create(true).append(true).open(self.folder.path().join("log")).expect("a file");
        let child = Command::new(&self.program)
            .args(["-a", &self.address, "-p", &self.port.to_string()])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("the server starts");
        self.child = Some(child);
        let began = Instant::now();
        while TcpStream::connect((self.address.as_str(), self.port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "the server did not answer");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it runs");
            child.wait().expect("it ends");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
