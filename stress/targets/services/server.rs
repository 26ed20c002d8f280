//! A server's process: started on a free port, waited for, and stopped with its guard.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::ServiceError;

/// Until a server has to answer; PostgreSQL takes the longest on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// One try at connecting.
const TRY: Duration = Duration::from_secs(2);

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// For a server that is asked to end, before it is killed.
const FAREWELL: Duration = Duration::from_secs(5);

/// Another process may take a port between the moment in which it was free and the server's start.
const PORTS: u32 = 3;

/// How much of a server's words an error repeats.
const SAID: usize = 600;

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// It keeps nothing outside of its folder.
    Kill,
    /// By SIGQUIT, at which PostgreSQL gives back what it holds of the system and does no more.
    Quit,
}

/// A server that runs until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub(crate) struct Server {
    child: Child,
    farewell: Farewell,
}

/// What a server is started with.
pub(super) struct Recipe<'a> {
    pub(super) program: &'static str,
    /// Gets what the server prints.
    pub(super) log: &'a Path,
    pub(super) farewell: Farewell,
    /// The command that serves this port.
    pub(super) command: &'a (dyn Fn(u16) -> Command + Sync),
}

impl Server {
    /// Starts a server and waits until `connect` succeeds; the connection is the proof.
    pub(super) async fn start<T, E, F>(
        recipe: Recipe<'_>,
        connect: impl Fn(SocketAddr) -> F,
    ) -> Result<(Self, SocketAddr, T), ServiceError>
    where
        E: std::fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        let program = recipe.program;
        let mut left = PORTS;
        loop {
            let port = free_port().map_err(|source| ServiceError::Start { program, source })?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let child = spawn(program, (recipe.command)(port), recipe.log)?;
            let mut server = Self { child, farewell: recipe.farewell };
            left -= 1;
            match server.answer(&recipe, || connect(address)).await {
                Ok(connection) => return Ok((server, address, connection)),
                Err(ServiceError::Ended { .. }) if left > 0 => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn answer<T, E, F>(
        &mut self,
        recipe: &Recipe<'_>,
        connect: impl Fn() -> F,
    ) -> Result<T, ServiceError>
    where
        E: std::fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        let began = Instant::now();
        loop {
            let tried = tokio::time::timeout(TRY, connect()).await;
            // Asked after the try: what answered may be a stranger that took the port.
            if let Some(status) = self.ended(recipe.program)? {
                return Err(ServiceError::Ended { program: recipe.program, status, said: said(recipe.log) });
            }
            let last = match tried {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => error.to_string(),
                Err(_elapsed) => "the connection hangs".to_owned(),
            };
            if began.elapsed() > PATIENCE {
                let (program, seconds) = (recipe.program, PATIENCE.as_secs());
                return Err(ServiceError::Silent { program, seconds, last, said: said(recipe.log) });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn ended(&mut self, program: &'static str) -> Result<Option<ExitStatus>, ServiceError> {
        self.child.try_wait().map_err(|source| ServiceError::Start { program, source })
    }

    /// Whether the process ended in time by itself.
    fn ends_within(&mut self, longest: Duration) -> bool {
        let began = Instant::now();
        while began.elapsed() < longest {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(LOOK_EVERY),
                Ok(Some(_)) | Err(_) => return true,
            }
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let has_left = match self.farewell {
            Farewell::Kill => false,
            Farewell::Quit => quit(&self.child) && self.ends_within(FAREWELL),
        };
        if !has_left {
            // Fails where it has ended already.
            let _ended = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}

/// Runs a command that ends by itself, before a server is started.
pub(super) async fn prepare(program: &'static str, command: Command, log: &Path) -> Result<(), ServiceError> {
    let child = spawn(program, command, log)?;
    let mut running = Server { child, farewell: Farewell::Kill };
    let began = Instant::now();
    loop {
        match running.ended(program)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(ServiceError::Ended { program, status, said: said(log) }),
            None if began.elapsed() > PATIENCE => {
                let (seconds, last) = (PATIENCE.as_secs(), "it still runs".to_owned());
                return Err(ServiceError::Silent { program, seconds, last, said: said(log) });
            }
            None => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

fn spawn(program: &'static str, mut command: Command, log: &Path) -> Result<Child, ServiceError> {
    let started = File::create(log).and_then(|out| {
        let err = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).spawn()
    });
    started.map_err(|source| ServiceError::Start { program, source })
}

fn free_port() -> io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port())
}

/// The last words of a server, in one line.
fn said(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let last = &text[text.len().saturating_sub(SAID)..];
    let words = String::from_utf8_lossy(last);
    match words.trim() {
        "" => "nothing".to_owned(),
        _ => words.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

#[cfg(unix)]
fn quit(child: &Child) -> bool {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::kill_process(pid, rustix::process::Signal::QUIT).is_ok())
}

#[cfg(not(unix))]
fn quit(_child: &Child) -> bool {
    false
}
